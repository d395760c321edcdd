# What the workflow is stands in workflow/rules/map.smk. This file lets `snakemake` find it here.
include: "workflow/rules/map.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        TARGETS,
        complete=results("complete.txt"),
    message:
        "The whole study is analysed"
