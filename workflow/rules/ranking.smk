# Ranking: one job for order, sensitivity and optimum, one for the figure. They read result tables only, those that
# the config names.


include: "across_techniques.smk"


RANKING_TABLES = ranking_columns()
MEASURED_TABLES = [t for technique in MEASURED for t in table_columns(technique)]

TARGETS += [table(t) for t in RANKING_TABLES]
TARGETS += figure_files("ranking").values()
if techniques_to_compare():
    TARGETS += figure_files("consistency").values()


localrules:
    ranking,
    ranking_figure,
    consistency_figure,


rule ranking:
    input:
        CLOCK,
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
    resources:
        mem_mb=800,
        runtime=5,
    params:
        samples=SAMPLES,
        reference=STUDY.reference,
        config=ranking_config(),
        factors=config["factors"],
        columns=RANKING_TABLES,
        code=code("ranking/rank.py"),
    message:
        "Ranking of the coated samples"
    script:
        "../scripts/ranking/rank.py"


rule ranking_figure:
    input:
        CLOCK,
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
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params(),
        criteria=ranking_config()["criteria"],
        factors=config["factors"],
        code=code("ranking/figure.py"),
    message:
        "Figure: ranking and optimum"
    script:
        "../scripts/ranking/figure.py"


rule consistency_figure:
    input:
        CLOCK,
        consistency=table("consistency"),
    output:
        **reported("consistency", "Ranking"),
    log:
        log_file("figures/consistency"),
    benchmark:
        benchmark_file("figures/consistency")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
        runtime=5,
    params:
        figure=figure_params(),
        code=code("ranking/consistency.py"),
    message:
        "Figure: what several techniques say of one quantity"
    script:
        "../scripts/ranking/consistency.py"
