# TGA-MS: one job per run (its thermogram, ion currents and blank together), the tables, one quick-look per
# run, and figure S4.

if measured("tga_ms"):
    ROWS += units("tga_ms", "tga_ms/{run}.json", "run")
    TARGETS += [table(t) for t in table_columns("tga_ms")]
    TARGETS += units("tga_ms", "quicklook/tga_ms/{run}.png", "run")
    TARGETS += figure_files("figS4").values()
    # Kinetics take three runs of one sample; whether at as many heating rates, their analysis says.
    RUN_SAMPLES = [row["sample"] for row in STUDY.rows("tga_ms")]
    if max(map(RUN_SAMPLES.count, RUN_SAMPLES)) > 2:
        TARGETS += figure_files("tga_ms_kinetics").values()


localrules:
    tga_ms_tables,
    tga_ms_quicklook,
    tga_ms_figures,
    tga_ms_kinetics,


rule tga_ms_run:
    input:
        CLOCK,
        raw=raw_files("tga_ms", "run"),
    output:
        rows=results("tga_ms/{run}.json"),
        curves=results("tga_ms/{run}.nc"),
    log:
        log_file("tga_ms/{run}"),
    benchmark:
        benchmark_file("tga_ms/{run}")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=5,
    params:
        rows=index_rows("tga_ms", "run"),
        config=config["tga_ms"],
        code=code("tga_ms/run.py", readers="tga_ms"),
    message:
        "TGA-MS: run {wildcards.run}"
    script:
        "../scripts/tga_ms/run.py"


rule tga_ms_tables:
    input:
        CLOCK,
        rows=units("tga_ms", "tga_ms/{run}.json", "run"),
        curves=units("tga_ms", "tga_ms/{run}.nc", "run"),
    output:
        **{t: table(t) for t in table_columns("tga_ms")},
    log:
        log_file("tga_ms/tables"),
    benchmark:
        benchmark_file("tga_ms/tables")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=5,
    params:
        samples=samples_of("tga_ms"),
        config=keys("tga_ms", "temperature_sd_K"),
        settings=annealings(),
        columns=table_columns("tga_ms"),
        code=code("tga_ms/tables.py"),
    message:
        "TGA-MS: tables"
    script:
        "../scripts/tga_ms/tables.py"


rule tga_ms_quicklook:
    input:
        CLOCK,
        rows=results("tga_ms/{run}.json"),
        curves=results("tga_ms/{run}.nc"),
    output:
        png=results("quicklook/tga_ms/{run}.png"),
        webp=picture(results("quicklook/tga_ms/{run}.png")),
    log:
        log_file("tga_ms/quicklook_{run}"),
    benchmark:
        benchmark_file("tga_ms/quicklook_{run}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=quicklook_params,
        code=code("tga_ms/quicklook.py"),
    message:
        "TGA-MS: quick-look of run {wildcards.run}"
    script:
        "../scripts/tga_ms/quicklook.py"


rule tga_ms_figures:
    input:
        CLOCK,
        curves=units("tga_ms", "tga_ms/{run}.nc", "run"),
        events=table("tga_ms_events"),
        window=table("tga_ms_window"),
    output:
        **reported("figS4", "TGA-MS"),
    log:
        log_file("figures/figS4"),
    benchmark:
        benchmark_file("figures/figS4")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params("tga_ms"),
        runs=[(row["run"], row["sample"]) for row in STUDY.rows("tga_ms")],
        code=code("tga_ms/figS4.py"),
    message:
        "Figure S4: thermogravimetry and evolved gases"
    script:
        "../scripts/tga_ms/figS4.py"


rule tga_ms_kinetics:
    input:
        CLOCK,
        tga_ms_kinetics=table("tga_ms_kinetics"),
        tga_ms_conversion=table("tga_ms_conversion"),
        tga_ms_conversion_map=table("tga_ms_conversion_map"),
    output:
        **reported("tga_ms_kinetics", "TGA-MS"),
    log:
        log_file("figures/tga_ms_kinetics"),
    benchmark:
        benchmark_file("figures/tga_ms_kinetics")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params("tga_ms"),
        code=code("tga_ms/kinetics.py"),
    message:
        "Figure: kinetics from several heating rates"
    script:
        "../scripts/tga_ms/kinetics.py"
