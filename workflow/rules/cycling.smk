# Cycling: one job per cell, one that averages over cells and relates them to the reference, one quick-look
# per sample, and figures 5 and 7.

CELL = ("sample", "protocol", "cell")
CELL_PATH = "cycling/{sample}/{protocol}/{cell}"
# What of the config a cell's numbers depend on, besides its own protocol.
CELL_KEYS = """
    nominal_capacity_mAh_g rates_C rate_tolerance cutoff_tolerance_V hold_end_fraction stub_fraction interruption_s
    relaxation_time_s relaxation_slope_window_s mass_sd_mg cam_mass_fraction_sd charge_sd_percent
    efficiency_sd_percent voltage_sd_V capacity_check_percent check_unusable_percent plausible long_term_rate_C
    retention_cycle noise_half_width_cycles dqdv_cycles profile_cycles dqdv kramers_kronig_residual_percent
    """.split()

# Figures by the kind of protocol that they draw; one whose kind was not measured is not made, and the report says so.
CYCLING_FIGURES = {}

if measured("cycling"):
    if unknown := [
        f"{config['study']}/cycling/index.csv: {row['sample']} {row['cell']}: column protocol: found "
        f"{row['protocol']!r}, expected one of {', '.join(config['cycling']['protocols'])} (cycling: protocols "
        "in the config)"
        for row in STUDY.rows("cycling")
        if row["protocol"] not in config["cycling"]["protocols"]
    ]:
        stop(unknown)
    if config["cycling"]["long_term_rate_C"] not in config["cycling"]["rates_C"]:
        stop(
            [
                f"config: cycling.long_term_rate_C: found {config['cycling']['long_term_rate_C']:g}, expected one of "
                f"cycling.rates_C ({', '.join(f'{r:g}' for r in config['cycling']['rates_C'])})"
            ]
        )
    ROWS += units("cycling", f"{CELL_PATH}.json", *CELL)
    TARGETS += [table(t) for t in table_columns("cycling")]
    TARGETS += units("cycling", "quicklook/cycling/{sample}.png", "sample")
    KINDS = {
        config["cycling"]["protocols"][row["protocol"]]["kind"] for row in STUDY.rows("cycling")
    }
    CYCLING_FIGURES = {
        name: kind for name, kind in {"fig5": "short", "fig7": "long"}.items() if kind in KINDS
    }
    TARGETS += [path for name in CYCLING_FIGURES for path in figure_files(name).values()]
    NOT_MADE += [
        f"cycling: figure {name.removeprefix('fig')} is not made: no cell was measured by a protocol of kind {kind}"
        for name, kind in {"fig5": "short", "fig7": "long"}.items()
        if kind not in KINDS
    ]


include: "cycling_cells.smk"


localrules:
    cycling_tables,
    cycling_quicklook,
    cycling_figures,


rule cycling_cell:
    input:
        CLOCK,
        raw=raw_files("cycling", *CELL),
    output:
        rows=results(f"{CELL_PATH}.json"),
        curves=results(f"{CELL_PATH}.nc"),
    log:
        log_file(CELL_PATH),
    benchmark:
        benchmark_file(CELL_PATH)
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=5,
    params:
        rows=index_rows("cycling", *CELL),
        config=cell_config,
        code=code("cycling/cell.py", readers="cycling"),
    message:
        "Cycling: cell {wildcards.cell} of {wildcards.sample} ({wildcards.protocol})"
    script:
        "../scripts/cycling/cell.py"


rule cycling_tables:
    input:
        CLOCK,
        rows=units("cycling", f"{CELL_PATH}.json", *CELL),
    output:
        **{t: table(t) for t in table_columns("cycling")},
    log:
        log_file("cycling/tables"),
    benchmark:
        benchmark_file("cycling/tables")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
        runtime=5,
    params:
        samples=samples_of("cycling"),
        reference=STUDY.reference,
        config={
            "pool_least_degrees_of_freedom": config["cycling"]["pool_least_degrees_of_freedom"],
            "protocols": list(config["cycling"]["protocols"]),
        },
        columns=table_columns("cycling"),
        code=code("cycling/tables.py"),
    message:
        "Cycling: tables"
    script:
        "../scripts/cycling/tables.py"


rule cycling_quicklook:
    input:
        CLOCK,
        rows=cell_files("json"),
        curves=cell_files("nc"),
    output:
        png=results("quicklook/cycling/{sample}.png"),
        webp=picture(results("quicklook/cycling/{sample}.png")),
    log:
        log_file("cycling/quicklook_{sample}"),
    benchmark:
        benchmark_file("cycling/quicklook_{sample}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=quicklook_params,
        cells=cells_of,
        potential_reference=config["cycling"]["potential_reference"],
        code=code("cycling/quicklook.py"),
    message:
        "Cycling: quick-look of {wildcards.sample}"
    script:
        "../scripts/cycling/quicklook.py"


rule cycling_figures:
    input:
        CLOCK,
        curves=units("cycling", f"{CELL_PATH}.nc", *CELL),
        cells=table("cycling_cells"),
        metrics=table("cycling_metrics"),
        features=table("cycling_dqdv_features"),
    output:
        **reported_all(dict.fromkeys(CYCLING_FIGURES), "Cycling"),
    log:
        log_file("figures/cycling"),
    benchmark:
        benchmark_file("figures/cycling")
    priority: LONG
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params("cycling"),
        cycling=cycling_figure_params,
        units=STUDY.units("cycling", *CELL),
        figures=list(CYCLING_FIGURES),
        code=code("cycling/figures.py"),
    message:
        "Cycling: figures 5 (short) and 7 (long protocol)"
    script:
        "../scripts/cycling/figures.py"
