# XPS: one job per sample (all its spots and regions; its fits also as CasaXPS opens them), one that relates the samples
# to each other, a quick-look per sample, figures 1, 2, S1, S2, S3, and one of levels where an export has some.

# Which regions stand side by side in a figure, and which coverage a figure shows.
XPS_COVERAGE = config["xps"]["coverage"]
XPS_STACKS = {
    name: {"regions": regions}
    for name, regions in {
        "fig1": [XPS_COVERAGE["coating"][0], XPS_COVERAGE["lattice_region"]],
        "figS1": XPS_COVERAGE["coating"][1:],
        "figS2": [XPS_COVERAGE["substrate"]],
    }.items()
    if regions
}
XPS_OVER_TEMPERATURE = {
    "fig2": {"definition": "eq1", "column": "coverage"},
    "figS3": {"definition": "nickel_fraction", "column": "relative_signal"},
}
if without_reference("xps", "figS3"):
    del XPS_OVER_TEMPERATURE["figS3"]
# The keys of the section that a fit reads, and those of the tables of all samples.
XPS_FIT = [
    "charge_reference",
    "line_shape",
    "background",
    "end_width_eV",
    "end_points",
    "shirley",
    "unmodelled_background",
    "plausible",
    "choices",
    "aliases",
    "rsf_library",
    "rsf_extra",
    "regions",
]
XPS_TABLES = [
    "coverage",
    "sensitivity",
    "joint",
    "plausible",
    "rsf_library",
    "rsf_extra",
    "regions",
    "line_shape",
    "background",
    "end_width_eV",
    "end_points",
]
XPS_FIGURES = [*XPS_STACKS, *XPS_OVER_TEMPERATURE]
if any(
    may_hold_levels(STUDY.export("xps", row["file"]))
    for row in STUDY.rows("xps")
    if not row["level"]  # one level is no profile
):
    XPS_FIGURES.append("xps_profile")

if measured("xps"):
    ROWS += units("xps", "xps/{sample}.json", "sample")
    TARGETS += [table(t) for t in table_columns("xps")]
    TARGETS += units("xps", "quicklook/xps/{sample}.png", "sample")
    TARGETS += units("xps", "casaxps/{sample}.vms", "sample")
    TARGETS += [path for name in XPS_FIGURES for path in figure_files(name).values()]


localrules:
    xps_tables,
    xps_quicklook,
    xps_figures,


rule xps_sample:
    input:
        CLOCK,
        raw=raw_files("xps", "sample"),
    output:
        rows=results("xps/{sample}.json"),
        curves=results("xps/{sample}.nc"),
        vms=results("casaxps/{sample}.vms"),
    log:
        log_file("xps/{sample}"),
    benchmark:
        benchmark_file("xps/{sample}")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=5,
    params:
        rows=index_rows("xps", "sample"),
        config={
            **{key: config["xps"][key] for key in XPS_FIT},
            "sensitivity": {"backgrounds": config["xps"]["sensitivity"]["backgrounds"]},
        },
        code=code("xps/sample.py", readers="xps"),
    message:
        "XPS: fits of {wildcards.sample}"
    script:
        "../scripts/xps/sample.py"


rule xps_tables:
    input:
        CLOCK,
        rows=units("xps", "xps/{sample}.json", "sample"),
        curves=units("xps", "xps/{sample}.nc", "sample"),
    output:
        **{t: table(t) for t in table_columns("xps")},
    log:
        log_file("xps/tables"),
    benchmark:
        benchmark_file("xps/tables")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        samples=samples_of("xps"),
        reference=STUDY.reference,
        config={key: config["xps"][key] for key in XPS_TABLES},
        columns=table_columns("xps"),
        code=code("xps/tables.py"),
    message:
        "XPS: tables"
    script:
        "../scripts/xps/tables.py"


rule xps_quicklook:
    input:
        CLOCK,
        rows=results("xps/{sample}.json"),
        curves=results("xps/{sample}.nc"),
    output:
        png=results("quicklook/xps/{sample}.png"),
        webp=picture(results("quicklook/xps/{sample}.png")),
    log:
        log_file("xps/quicklook_{sample}"),
    benchmark:
        benchmark_file("xps/quicklook_{sample}")
    priority: LONG
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=quicklook_params,
        code=code("xps/quicklook.py"),
    message:
        "XPS: quick-look of {wildcards.sample}"
    script:
        "../scripts/xps/quicklook.py"


rule xps_figures:
    input:
        CLOCK,
        curves=units("xps", "xps/{sample}.nc", "sample"),
        coverage=table("xps_coverage"),
        sensitivity=table("xps_sensitivity"),
        profile=table("xps_profile"),
    output:
        **reported_all(dict.fromkeys(XPS_FIGURES), "XPS"),
    log:
        log_file("figures/xps"),
    benchmark:
        benchmark_file("figures/xps")
    priority: LONG
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params("xps"),
        stacks=XPS_STACKS,
        over_temperature=XPS_OVER_TEMPERATURE,
        library=config["xps"]["rsf_library"],
        setting={key: XPS_COVERAGE[key] for key in ("coating", "substrate", "lattice_region")},
        profile="xps_profile" in XPS_FIGURES,
        code=code("xps/figures.py"),
    message:
        "XPS: figures"
    script:
        "../scripts/xps/figures.py"
