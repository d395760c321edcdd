# `snakemake check`: one row per measurement. And the last job of a run: it fails when something could not
# be analysed, with one line for each such measurement.


rule check:
    message:
        "Study {config[study]}: what stands in each export"
    params:
        measurements=STUDY.measurements,
        folder=config["study"],
        gaps=STUDY.gaps(),
        code=code("check.py"),
    threads: 1
    conda:
        ENVIRONMENT
    script:
        "../scripts/check.py"


rule problems:
    message:
        "Problems and warnings of all measurements"
    input:
        rows=ROWS,
    output:
        problems=table("problems"),
        warnings=table("warnings"),
    log:
        log_file("problems"),
    benchmark:
        benchmark_file("problems")
    params:
        results=config["results"],
        gaps=STUDY.gaps(),
        code=code("problems.py"),
    threads: 1
    resources:
        mem_mb=300,
        runtime=5,
    conda:
        ENVIRONMENT
    script:
        "../scripts/problems.py"


rule complete:
    message:
        "Is every measurement analysed?"
    input:
        problems=table("problems"),
    output:
        results("complete.txt"),
    log:
        log_file("complete"),
    benchmark:
        benchmark_file("complete")
    params:
        code=code("complete.py"),
    threads: 1
    resources:
        mem_mb=300,
        runtime=5,
    conda:
        ENVIRONMENT
    script:
        "../scripts/complete.py"
