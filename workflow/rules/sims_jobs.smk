# Which regions, files and outputs the jobs of ToF-SIMS have.

from coatbench.marks import FILES, may_be_read
from coatbench.sims import jobs as sims_jobs
from coatbench.sims.fragments import load_fragments


def sims_job_rows(wildcards):
    """Return the index rows of one job."""
    rows = STUDY.rows("sims", sample=wildcards.sample)
    return sims_jobs.block_rows(rows, wildcards.block, config["sims"]["regions_per_job"])


def sims_files(wildcards):
    """Return the files and folders of one job, in the order of its rows."""
    return [
        STUDY.export("sims", row["file"])
        for row in sims_job_rows(wildcards)
        if FILES not in row and may_be_read(row, "file")
    ]


def sims_parts(wildcards):
    """Return the files inside folders and beside event lists, so that a replaced one is noticed."""
    if SIMULATED:
        return []  # made as whole folders
    rows = sims_job_rows(wildcards)
    folder = STUDY.folder / "sims"
    named = [
        (folder / row[column]).as_posix()
        for row in rows
        for column in TECHNIQUES["sims"].index.further_files
        if row[column] and may_be_read(row, column)
    ]
    parts = [part for row in rows for part in sims_jobs.parts(STUDY.export("sims", row["file"]))]
    return list(dict.fromkeys([*parts, *named]))


@cache
def sims_outputs(suffix):
    """Return the files of all reducing jobs."""
    return [
        results(f"sims/{sample}/{block}.{suffix}")
        for (sample,) in STUDY.units("sims", "sample")
        for block in sims_jobs.blocks(
            len(STUDY.rows("sims", sample=sample)), config["sims"]["regions_per_job"]
        )
    ]


def sims_of(sample, outputs):
    """Return those of one sample."""
    return [f for f in outputs if f.startswith(results(f"sims/{sample}/"))]


def sims_first(suffix):
    """Return those that hold the first region of each sample, whose maps are drawn."""
    return [f for f in sims_outputs(suffix) if Path(f).stem in ("all", "part1")]
