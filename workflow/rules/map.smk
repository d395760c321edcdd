# coatbench: from a folder of raw instrument exports to every figure and table of a coating study.
# This file is the map. Each technique of the registry (workflow/coatbench/techniques.py) is one rule file; the choices
# stand in config.yaml.

from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")


# Every own file is found from here, so that the workflow runs from any folder, and as a module of another workflow.
PROJECT = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]


configfile: PROJECT / "config.yaml"


include: "common.smk"


# Used with `--sdm apptainer` alone: the image of the Containerfile, built as docs/cluster.md says. It is that of the
# rules below it.
container: workflow_file("coatbench.sif")


include: "demo.smk"


for technique in TECHNIQUES:

    include: f"{technique}.smk"


include: "ranking.smk"
include: "claims.smk"
include: "report.smk"
include: "check.smk"


report: "../report/workflow.rst"


include: "plan.smk"
