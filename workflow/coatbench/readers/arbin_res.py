"""Arbin result files (.res, an Access database), through the program mdb-export of mdbtools (where it is installed)."""

from __future__ import annotations

import csv
import resource
import shutil
import subprocess
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote
from .model import Export
from .typed_table import build

RECORDS, GLOBAL = "Channel_Normal_Table", "Global_Table"
# A damaged database may lead mdb-export round in circles: it gets so much time and so much output, over the file's size.
LONGEST_S, SLOWEST_BYTES_S = 20.0, 1e6
OUTPUT_FACTOR, OUTPUT_LEAST = 20, 10 << 20
# Access counts days from here.
ACCESS_EPOCH = datetime(1899, 12, 30)


def read(path: Path) -> Export:
    """Read an Arbin result file (.res, an Access database) through mdbtools.

    Raises
    ------
    ReadError
        mdbtools is not installed, the database cannot be read, or it holds several tests.
    """
    if shutil.which("mdb-export") is None:
        raise ReadError(
            path, "content", "the program mdb-export, which reads Access databases", "none on the PATH",
            "install mdbtools, or export CSV or Excel with MITS Pro",
        )  # fmt: skip
    names, rows = _exported(path, RECORDS)
    about_names, about_rows = _exported(path, GLOBAL, quoted=True)
    # Names of tests, paths and comments hold commas and line ends of their own.
    about: dict[str, str] = next(csv.DictReader(about_rows, about_names), {})
    wanted = {"Data_Point", "Test_Time", "Step_Index", "Cycle_Index", "Current", "Voltage",
              "Charge_Capacity", "Discharge_Capacity", "Test_ID"}  # fmt: skip
    use = [i for i, name in enumerate(names) if name in wanted]
    try:
        values = (
            np.loadtxt(rows, delimiter=",", usecols=use, ndmin=2)
            if rows
            else np.zeros((0, len(use)))
        )
    except ValueError as error:
        raise ReadError(
            path, f"table {RECORDS}", "numbers", quote(str(error)), "export it again"
        ) from error
    columns = {names[i]: values[:, k] for k, i in enumerate(use)}
    if (tests := np.unique(columns.pop("Test_ID", np.zeros(1)))).size > 1:
        raise ReadError(
            path, f"table {RECORDS}", "one test", f"{tests.size}", "export each test for itself"
        )  # fmt: skip
    if (point := columns.get("Data_Point")) is not None:
        order = np.argsort(point, kind="stable")  # a database keeps no order
        columns = {name: column[order] for name, column in columns.items()}
    export = build(path, "Arbin CSV", columns, _started(about.get("Start_DateTime", "")))
    return replace(export, format="Arbin RES")


def _started(days: str) -> datetime | None:
    try:
        return ACCESS_EPOCH + timedelta(days=float(days))
    except (ValueError, OverflowError):
        return None


def _exported(path: Path, table: str, *, quoted: bool = False) -> tuple[list[str], list[str]]:
    """Return names and lines of a table of an Access database; text in quotes, or bare."""
    size = path.stat().st_size
    most = OUTPUT_FACTOR * size + OUTPUT_LEAST

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    with tempfile.TemporaryFile() as stream:
        try:
            done = subprocess.run(
                ["mdb-export", *([] if quoted else ["-Q"]), str(path), table], stdout=stream, stderr=subprocess.PIPE, check=False,
                timeout=LONGEST_S + size / SLOWEST_BYTES_S, preexec_fn=limited,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ReadError(
                path, f"table {table}", "an intact database", "one that mdb-export does not come to the end of",
                "export CSV or Excel with MITS Pro",
            ) from error  # fmt: skip
        stream.seek(0)
        lines = stream.read().decode("utf-8", errors="replace").splitlines()
    said = done.stderr.decode("utf-8", errors="replace").strip().split("\n")[-1]
    if done.returncode or not lines:
        found = quote(said or "nothing")
        raise ReadError(path, f"table {table}", "a table that mdb-export reads", found, "export CSV or Excel with MITS Pro")  # fmt: skip
    return next(csv.reader(lines[:1])), [line for line in lines[1:] if line]
