# coatbench: from a folder of raw instrument exports to every figure and table of a coating study.
# This file is the map. Each technique of the registry (workflow/coatbench/techniques.py) is one rule file; the choices
# stand in config.yaml.

from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/demo.smk"


for technique in TECHNIQUES:

    include: f"workflow/rules/{technique}.smk"


include: "workflow/rules/ranking.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/check.smk"


report: "workflow/report/workflow.rst"


localrules:
    all,


rule all:
    default_target: True
    input:
        TARGETS,
        complete=results("complete.txt"),
