# coatbench: from a folder of raw instrument exports to every figure and table of a coating study.
# This file is the map. Each technique is one rule file; the choices stand in config.yaml.

from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/demo.smk"


for room in ("xps", "tga_ms", "leis", "cycling", "sims", "stem", "ranking", "report"):
    if os.path.exists(f"workflow/rules/{room}.smk"):

        include: f"workflow/rules/{room}.smk"


include: "workflow/rules/check.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        TARGETS,
        complete=results("complete.txt"),
