"""Small studies cut from the demo study, and what a run of them did."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from collections.abc import Callable, Collection
from pathlib import Path

from conftest import ROOT

DEMO = ROOT / "data" / "demo"


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


def jobs(done: subprocess.CompletedProcess) -> dict[str, int]:
    """Count the jobs of a run or a dry run by rule, from Snakemake's own statistics."""
    text = done.stdout + done.stderr
    block = re.search(r"Job stats:\njob\s+count\n[- ]+\n(.*?)\n\n", text, flags=re.S)
    if block is None:
        return {}
    counts = dict(line.rsplit(None, 1) for line in block.group(1).splitlines())
    counts.pop("total", None)
    return {rule: int(n) for rule, n in counts.items()}


def tree(folder: Path, pattern: str = "**/*") -> dict[str, bytes]:
    """All files below a folder with their bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.glob(pattern))
        if p.is_file()
    }
