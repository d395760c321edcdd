# STEM and EDX: one job per sample (all its images and maps), the tables, one quick-look per sample,
# figure 4 (coated samples) and figure S5 (the reference).

STEM_FIGURES = ["fig4"]
if not without_reference("stem", "figS5"):
    STEM_FIGURES.append("figS5")

if measured("stem"):
    ROWS += units("stem", "stem/{sample}.json", "sample")
    TARGETS += [table(t) for t in table_columns("stem")]
    TARGETS += units("stem", "quicklook/stem/{sample}.png", "sample")
    TARGETS += [path for name in STEM_FIGURES for path in figure_files(name).values()]


localrules:
    stem_tables,
    stem_quicklook,
    stem_figures,


rule stem_sample:
    input:
        CLOCK,
        raw=raw_files("stem", "sample"),
    output:
        rows=results("stem/{sample}.json"),
        curves=results("stem/{sample}.nc"),
    log:
        log_file("stem/{sample}"),
    benchmark:
        benchmark_file("stem/{sample}")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        rows=index_rows("stem", "sample"),
        config=config["stem"],
        code=code("stem/sample.py", readers="stem"),
    message:
        "STEM: images of {wildcards.sample}"
    script:
        "../scripts/stem/sample.py"


rule stem_tables:
    input:
        CLOCK,
        rows=units("stem", "stem/{sample}.json", "sample"),
    output:
        **{t: table(t) for t in table_columns("stem")},
    log:
        log_file("stem/tables"),
    benchmark:
        benchmark_file("stem/tables")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=5,
    params:
        samples=samples_of("stem"),
        config=config["stem"],
        columns=table_columns("stem"),
        code=code("stem/tables.py"),
    message:
        "STEM: tables"
    script:
        "../scripts/stem/tables.py"


rule stem_quicklook:
    input:
        CLOCK,
        rows=results("stem/{sample}.json"),
        curves=results("stem/{sample}.nc"),
    output:
        png=results("quicklook/stem/{sample}.png"),
        webp=picture(results("quicklook/stem/{sample}.png")),
    log:
        log_file("stem/quicklook_{sample}"),
    benchmark:
        benchmark_file("stem/quicklook_{sample}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=quicklook_params,
        code=code("stem/quicklook.py"),
    message:
        "STEM: quick-look of {wildcards.sample}"
    script:
        "../scripts/stem/quicklook.py"


rule stem_figures:
    input:
        CLOCK,
        curves=units("stem", "stem/{sample}.nc", "sample"),
    output:
        **reported_all(dict.fromkeys(STEM_FIGURES), "STEM"),
    log:
        log_file("figures/stem"),
    benchmark:
        benchmark_file("figures/stem")
    priority: LONG
    conda:
        ENVIRONMENT
    resources:
        mem_mb=1500,
        runtime=5,
    params:
        figures=STEM_FIGURES,
        figure=figure_params("stem"),
        code=code("stem/figures.py"),
    message:
        "STEM: figures 4 (coated samples) and S5 (reference)"
    script:
        "../scripts/stem/figures.py"
