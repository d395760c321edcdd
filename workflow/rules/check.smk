# `snakemake check`: one row per measurement. And the last job of a run: it fails when something could not
# be analysed, with one line for each such measurement.


from coatbench.tables import read_table

ANALYSED = [row.removeprefix(results("")).removesuffix(".json") for row in ROWS]


localrules:
    check,
    formats,
    problems,
    judgements,
    complete,


rule check:
    input:
        SIMULATED_FILES,
    log:
        log_file("check"),
    conda:
        ENVIRONMENT
    params:
        measurements=STUDY.measurements,
        folder=exports_folder(),
        study=config["study"],
        config={t: config[t] for t in MEASURED if t in config},
        # Beside the log, and no output: it is written anew each time.
        output=results("check.csv"),
        screen=results("check.txt"),
        gaps=STUDY.notes
        + STUDY.beside
        + [
            f"{row['technique']}: left out: {row['unit']}: {row['reason']}"
            for row in STUDY.excluded
        ]
        + STUDY.gaps(),
        code=code("check.py"),
    message:
        "Study {config[study]}: what stands in each export"
    script:
        "../scripts/check.py"


# The screen of `check` comes last, and tells by the exit code whether every export can be read: an export that cannot is
# no fault of the job that says so.
onsuccess:
    if "check" in asked_for():
        print(Path(results("check.txt")).read_text(encoding="utf-8"), end="", flush=True)
        unreadable = any(
            str(row["warnings"] or "").startswith("ERROR")
            for row in read_table(results("check.csv"))
        )
        if unreadable or asked_for() == {"check"}:
            sys.exit(1 if unreadable else 0)


rule formats:
    log:
        log_file("formats"),
    conda:
        ENVIRONMENT
    params:
        folder=OWN_FORMATS.as_posix(),
        code=code("formats.py"),
    message:
        "Formats that are read"
    script:
        "../scripts/formats.py"


rule problems:
    input:
        CLOCK,
        rows=ROWS,
    output:
        problems=table("problems"),
        warnings=table("warnings"),
    log:
        log_file("problems"),
    benchmark:
        benchmark_file("problems")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=5,
    params:
        units=ANALYSED,
        gaps=STUDY.notes + STUDY.gaps() + NOT_MADE,
        code=code("problems.py"),
    message:
        "Problems and warnings of all measurements"
    script:
        "../scripts/problems.py"


rule judgements:
    input:
        CLOCK,
        tables=[table(name) for _, name in judged_tables()],
    output:
        quality=table("quality"),
        excluded=table("excluded"),
    log:
        log_file("judgements"),
    benchmark:
        benchmark_file("judgements")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=5,
    params:
        techniques=[technique for technique, _ in judged_tables()],
        excluded=STUDY.excluded,
        code=code("judgements.py"),
    message:
        "What should be doubted, and what is left out"
    script:
        "../scripts/judgements.py"


rule complete:
    input:
        CLOCK,
        problems=table("problems"),
    output:
        results("complete.txt"),
    log:
        log_file("complete"),
    benchmark:
        benchmark_file("complete")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=5,
    params:
        code=code("complete.py"),
    message:
        "Is every measurement analysed?"
    script:
        "../scripts/complete.py"
