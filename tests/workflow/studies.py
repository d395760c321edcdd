"""Small studies cut from the demo study, what a run of them did, and whether two runs agree."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from conftest import ROOT, Workflow

DEMO = ROOT / "data" / "demo"
ARGUMENTS = ["--config", "study=study", "results=out"]
# Rules that see every measurement, so that any change of the study reaches them.
LAST = {"all", "problems", "complete", "provenance", "crate", "page"}


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a table, comments left out."""
    lines = [x for x in path.read_text(encoding="utf-8").splitlines() if x and x[0] != "#"]
    return list(csv.DictReader(lines))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a table back."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8")


def edit_rows(path: Path, edit: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
    """Change or, by None, remove rows of a table."""
    write_rows(path, [new for row in rows_of(path) if (new := edit(row)) is not None])


def cut_study(
    folder: Path, techniques: Collection[str], samples: Collection[str], simulator: str = ""
) -> Path:
    """Copy the tables of the demo study, only these techniques and samples; exports are made on use.

    `simulator` adds lines to the section of that name (smaller images, fewer points).
    """
    folder.mkdir(parents=True)
    write_rows(
        folder / "samples.csv",
        [r for r in rows_of(DEMO / "samples.csv") if r["sample"] in samples],
    )
    shutil.copy2(DEMO / "truth.csv", folder / "truth.csv")
    (folder / "study.yaml").write_text(
        (DEMO / "study.yaml").read_text(encoding="utf-8") + simulator, encoding="utf-8"
    )
    for technique in techniques:
        rows = [r for r in rows_of(DEMO / technique / "index.csv") if r["sample"] in samples]
        if rows:
            (folder / technique).mkdir()
            write_rows(folder / technique / "index.csv", rows)
    return folder


def as_supplied(study: Path) -> None:
    """Make a simulated study, whose exports exist, one that a user supplies: never written to again."""
    text = (study / "study.yaml").read_text(encoding="utf-8")
    (study / "study.yaml").write_text(text.split("simulator:")[0], encoding="utf-8")
    (study / "truth.csv").unlink()


def make_exports(workflow: Workflow, study: Path) -> None:
    """Let the simulator write the exports of a cut study, then make it a supplied one."""
    workflow.run("exports", "--config", f"study={study}", "results=made")
    as_supplied(study)
    shutil.rmtree(workflow.folder / "made", ignore_errors=True)


def jobs(text: str) -> dict[str, int]:
    """Count the jobs of a run or a dry run by rule, from Snakemake's own statistics."""
    block = re.search(r"Job stats:\njob\s+count\n[- ]+\n(.*?)\n\n", text, flags=re.S)
    if block is None:
        assert "Nothing to be done" in text, text
        return {}
    counts = dict(line.rsplit(None, 1) for line in block.group(1).splitlines())
    counts.pop("total", None)
    return {rule: int(n) for rule, n in counts.items()}


def planned(workflow: Workflow, *arguments: str) -> dict[str, int]:
    """Count the jobs that a run would do now."""
    return jobs(workflow.run(*(arguments or ARGUMENTS), "-n"))


def tree(folder: Path, pattern: str = "**/*") -> dict[str, bytes]:
    """All files below a folder with their bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.glob(pattern))
        if p.is_file()
    }


def result(folder: Path) -> dict[str, bytes]:
    """Everything that a run makes, but for what tells of the run itself: times, logs, provenance."""
    itself = ("logs/", "benchmarks/", "provenance", "ro-crate", "report.html")
    return {k: v for k, v in tree(folder).items() if not k.startswith(itself)}


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Names of files that only one of two results has, or that differ."""
    return sorted(k for k in one.keys() | other.keys() if one.get(k) != other.get(k))
