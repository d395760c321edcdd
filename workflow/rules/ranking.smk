# Ranking: one job for order, sensitivity and optimum, one for the figure. They read result tables only, those that
# the config names.


include: "last.smk"


RANKING_TABLES = ranking_tables()
MEASURED_TABLES = [t for technique in MEASURED for t in table_columns(technique)]

TARGETS += [table(t) for t in RANKING_TABLES]
TARGETS += figure_files("ranking").values()


localrules:
    ranking,
    ranking_figure,


rule ranking:
    input:
        tables=ranked_tables(),
    output:
        **{t: table(t) for t in RANKING_TABLES},
        statement=results("tables/ranking_statement.txt"),
    log:
        log_file("ranking/ranking"),
    benchmark:
        benchmark_file("ranking/ranking")
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=800,
        runtime=5,
    params:
        samples=SAMPLES,
        reference=STUDY.reference,
        config=ranking_config(),
        factors=config["factors"],
        code=code("ranking/rank.py"),
    message:
        "Ranking of the coated samples"
    script:
        "../scripts/ranking/rank.py"


rule ranking_figure:
    input:
        **{t: table(t) for t in RANKING_TABLES},
    output:
        **reported("ranking", "Ranking"),
    log:
        log_file("figures/ranking"),
    benchmark:
        benchmark_file("figures/ranking")
    priority: EARLY
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params(),
        ranking=ranking_config(),
        factors=config["factors"],
        code=code("ranking/figure.py"),
    message:
        "Figure: ranking and optimum"
    script:
        "../scripts/ranking/figure.py"
