# ToF-SIMS in two stages. reduce: the images of a sample (or of a block of its regions) become a small table.
# compare: all else, from the small tables, no image is read.


include: "sims_jobs.smk"


SIMS_TABLE = sims_jobs.table_path(config["study"], config["sims"]["fragments"])
SIMS_TABLE = job.spelled(SIMS_TABLE)
SIMS_FIGURES = {
    "fig6": None,
    "sims_boxes": "fragments of every region",
    "sims_pca": "principal components",
    "sims_maps": "fragment maps",
}
if config["sims"]["nmf_components"]:
    SIMS_FIGURES["sims_nmf"] = "parts of pixels"
if without_reference("sims", "fig6"):
    del SIMS_FIGURES["fig6"]
SIMS_FIGURE_CONFIG = {
    key: config["sims"].get(key)
    for key in ("group_labels", "main_groups", "headline_weighting", "map_fragments")
}

if measured("sims"):
    try:
        SIMS_FRAGMENTS = load_fragments(SIMS_TABLE)
    except StudyError as error:
        stop(error.problems)
    ROWS += sims_outputs("json")
    TARGETS += [table(t) for t in table_columns("sims")]
    TARGETS += units("sims", "quicklook/sims/{sample}.png", "sample")
    TARGETS += [path for name in SIMS_FIGURES for path in figure_files(name).values()]


wildcard_constraints:
    block=r"all|part\d+",


localrules:
    sims_compare,
    sims_quicklook,
    sims_figures,


rule sims_reduce:
    input:
        CLOCK,
        raw=sims_files,
        parts=lambda wildcards: told(sims_parts(wildcards)),
    output:
        rows=results("sims/{sample}/{block}.json"),
        curves=results("sims/{sample}/{block}.nc"),
    log:
        log_file("sims/{sample}/{block}"),
    benchmark:
        benchmark_file("sims/{sample}/{block}")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, input, attempt: sims_jobs.memory_mb(
            input.size_mb, sims_job_rows(wildcards), attempt
        ),
        runtime=lambda wildcards, input, attempt: sims_jobs.runtime_min(input.size_mb, attempt),
    params:
        rows=sims_job_rows,
        untold=lambda wildcards: untold(sims_parts(wildcards)),
        maps=lambda wildcards: wildcards.block in ("all", "part1"),
        fragments=lambda wildcards: sims_jobs.reduce_fragments(
            sims_job_rows(wildcards), SIMS_FRAGMENTS, config["sims"]
        ),
        config=lambda wildcards: sims_jobs.reduce_config(sims_job_rows(wildcards), config["sims"]),
        code=code("sims/reduce.py", readers="sims"),
    message:
        "ToF-SIMS: regions of {wildcards.sample} ({wildcards.block})"
    script:
        "../scripts/sims/reduce.py"


rule sims_compare:
    input:
        CLOCK,
        rows=sims_outputs("json"),
        fragments=told([SIMS_TABLE]),
    output:
        **{t: table(t) for t in table_columns("sims")},
    log:
        log_file("sims/compare"),
    benchmark:
        benchmark_file("sims/compare")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        samples=samples_of("sims"),
        reference=STUDY.reference,
        config=sims_jobs.compare_config(config["sims"]),
        columns=table_columns("sims"),
        untold=untold([SIMS_TABLE]),
        code=code("sims/compare.py"),
    message:
        "ToF-SIMS: tables"
    script:
        "../scripts/sims/compare.py"


rule sims_quicklook:
    input:
        CLOCK,
        rows=lambda wildcards: sims_of(wildcards.sample, sims_outputs("json")),
        curves=lambda wildcards: sims_of(wildcards.sample, sims_first("nc")),
        fragments=told([SIMS_TABLE]),
    output:
        png=results("quicklook/sims/{sample}.png"),
        webp=picture(results("quicklook/sims/{sample}.png")),
    log:
        log_file("sims/quicklook_{sample}"),
    benchmark:
        benchmark_file("sims/quicklook_{sample}")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=quicklook_params,
        naming={k: config["sims"][k] for k in ("match_ppm", "mass_calibration")},
        untold=untold([SIMS_TABLE]),
        code=code("sims/quicklook.py"),
    message:
        "ToF-SIMS: quick-look of {wildcards.sample}"
    script:
        "../scripts/sims/quicklook.py"


rule sims_figures:
    input:
        CLOCK,
        degradation=table("sims_degradation"),
        regions=table("sims_regions"),
        scores=table("sims_scores"),
        weights=table("sims_weights"),
        curves=sims_first("nc"),
    output:
        **reported_all(SIMS_FIGURES, "ToF-SIMS"),
    log:
        log_file("figures/sims"),
    benchmark:
        benchmark_file("figures/sims")
    priority: LONG
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params("sims"),
        figures=list(SIMS_FIGURES),
        sims=SIMS_FIGURE_CONFIG,
        nmf={k: config["sims"][k] for k in ("nmf_components", "bootstrap_seed")},
        code=code("sims/figures.py"),
    message:
        "ToF-SIMS: figure 6, boxes, principal components, maps"
    script:
        "../scripts/sims/figures.py"
