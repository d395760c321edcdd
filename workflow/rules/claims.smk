# Claims of the study, held against its result tables: one job, which reads the tables that they name.

CLAIMS = f"{config['study']}/claims.csv"
STUDY_CLAIMS = study_claims(CLAIMS)

if STUDY_CLAIMS:
    TARGETS.append(table("claims"))


localrules:
    claims,


rule claims:
    input:
        CLOCK,
        claims=told([CLAIMS]),
        tables=claimed_tables(),
    output:
        claims=table("claims"),
    log:
        log_file("claims/claims"),
    benchmark:
        benchmark_file("claims/claims")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
        runtime=5,
    params:
        untold=untold([CLAIMS]),
        study={"samples": SAMPLES, **STUDY.measurements},
        reference=STUDY.reference,
        config=claimed_config(),
        factors=config["factors"],
        columns=table_columns("claims")["claims"],
        code=code("claims/claims.py"),
    message:
        "Claims of the study held against its tables"
    script:
        "../scripts/claims/claims.py"
