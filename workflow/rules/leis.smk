# LEIS: one job per sample (all its heating temperatures), one that relates the samples to the reference,
# quick-looks, and figure 3.

if measured("leis"):
    ROWS += units("leis", "leis/{sample}.json", "sample")
    TARGETS += [table(t) for t in table_columns("leis")]
    TARGETS += units("leis", "quicklook/leis/{sample}.png", "sample")
    TARGETS += figure_files("fig3").values()


localrules:
    leis_tables,
    leis_quicklooks,
    leis_figures,


GEOMETRY = (
    *("ion_mass_u", "ion_energy_eV", "scattering_angle_deg", "incidence_angle_deg"),
    *("edge_element", "elements"),
)


rule leis_sample:
    input:
        CLOCK,
        raw=raw_files("leis", "sample"),
    output:
        rows=results("leis/{sample}.json"),
        curves=results("leis/{sample}.nc"),
    log:
        log_file("leis/{sample}"),
    benchmark:
        benchmark_file("leis/{sample}")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=5,
    params:
        rows=index_rows("leis", "sample"),
        config=keys(
            "leis",
            *GEOMETRY,
            *("beam_current_nA", "beam_current_nA_sd", "acquisition_time_s"),
            *("analysis_area_mm2", "matrix_material", "windows"),
            *("peak_window_below_eV", "peak_window_above_eV", "peak_fwhm_eV"),
            "detection_significance",
        ),
        code=code("leis/sample.py", readers="leis"),
    message:
        "LEIS: spectra of {wildcards.sample}"
    script:
        "../scripts/leis/sample.py"


rule leis_tables:
    input:
        CLOCK,
        rows=units("leis", "leis/{sample}.json", "sample"),
        curves=units("leis", "leis/{sample}.nc", "sample"),
    output:
        **{t: table(t) for t in table_columns("leis")},
    log:
        log_file("leis/tables"),
    benchmark:
        benchmark_file("leis/tables")
    priority: EARLY
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
        runtime=5,
    params:
        samples=samples_of("leis"),
        reference=STUDY.reference,
        config=keys(
            "leis",
            *GEOMETRY,
            *("layer_window", "layer_materials", "dose_ratio_sd", "peak_position_sd_eV"),
            *("plausible", "spread_range_eV", "spread_bin_eV"),
        ),
        columns=table_columns("leis"),
        code=code("leis/tables.py"),
    message:
        "LEIS: tables"
    script:
        "../scripts/leis/tables.py"


# One job: a sample's picture is drawn in less time than a process takes to start.
rule leis_quicklooks:
    input:
        CLOCK,
        rows=units("leis", "leis/{sample}.json", "sample"),
        curves=units("leis", "leis/{sample}.nc", "sample"),
    output:
        png=units("leis", "quicklook/leis/{sample}.png", "sample"),
        webp=[picture(p) for p in units("leis", "quicklook/leis/{sample}.png", "sample")],
    log:
        log_file("leis/quicklooks"),
    benchmark:
        benchmark_file("leis/quicklooks")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figures=[quicklook_of(sample) for sample, in STUDY.units("leis", "sample")],
        code=code("leis/quicklooks.py"),
    message:
        "LEIS: quick-looks"
    script:
        "../scripts/leis/quicklooks.py"


rule leis_figures:
    input:
        CLOCK,
        curves=units("leis", "leis/{sample}.nc", "sample"),
        windows=table("leis_windows"),
        surface_peaks=table("leis_surface_peaks"),
    output:
        **reported("fig3", "LEIS"),
    log:
        log_file("figures/fig3"),
    benchmark:
        benchmark_file("figures/fig3")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=800,
        runtime=5,
    params:
        figure=figure_params("leis"),
        code=code("leis/fig3.py"),
    message:
        "Figure 3: LEIS spectra"
    script:
        "../scripts/leis/fig3.py"
