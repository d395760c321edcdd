# The demo study's exports, written on first use as the instruments would have written them: below the results folder,
# never into a study. A study that has any export of its own is not simulated, whatever its study.yaml says.


include: "demo_exports.smk"


SIMULATED = STUDY.exports != STUDY.folder
SIMULATED_FILES = []

if SIMULATED:
    # One rule per technique and sample: the file names stand in the index, not in a pattern.
    for technique, sample in [
        (t, s) for t in STUDY.measurements for (s,) in STUDY.units(t, "sample")
    ]:
        if not (made := simulated_files(technique, sample)):
            continue  # all of it stands in files of other samples
        SIMULATED_FILES += [str(path) for path in made]  # without the flag of folders

        rule:
            name:
                f"simulate_{technique}_{sample.replace('.', '_46_').replace('-', '_45_')}"
            input:
                CLOCK,
            output:
                made,
            log:
                log_file(f"simulate/{technique}_{sample}"),
            benchmark:
                benchmark_file(f"simulate/{technique}_{sample}")
            priority: EARLY
            localrule: True
            conda:
                ENVIRONMENT
            resources:
                mem_mb=1000,
                runtime=10,
            params:
                technique=technique,
                rows=simulator_rows(technique, sample),
                folder=exports_folder(technique),
                truth=simulator_truth(technique, sample),
                settings=STUDY_SETTINGS.simulator,
                code=digest(
                    WORKFLOW / "scripts" / "simulate.py",
                    WORKFLOW / "coatbench" / "simulate" / f"{technique}.py",
                ),
            message:
                f"Demo study: {technique} exports of {sample}"
            script:
                "../scripts/simulate.py"


localrules:
    exports,


rule exports:
    # `snakemake exports`: write the demo study's exports, analyse nothing.
    input:
        SIMULATED_FILES,
