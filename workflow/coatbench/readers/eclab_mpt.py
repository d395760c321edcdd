"""BioLogic EC-Lab and BT-Lab text exports (.mpt), with their header, with a three-line one, or without.

Layout: the magic line, `Nb header lines : N` where N counts up to and including the column names, the
settings, the column names, records. Windows-1252 (saved again: UTF-8, UTF-16), decimal point or comma, CRLF or LF. Columns may end in
a tab that the records do not have. `time/s` holds seconds, or dates if exported so, or XXX.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import ReadError, quote
from . import bdf, eclab
from .cells import stamp
from .model import Export
from .tabular import NOT_AVAILABLE, Kind, opened, read_columns, uses_decimal_comma
from .text import read_head

MAGIC = re.compile(rb"\A(EC|BT)-Lab ASCII FILE\s*\Z")
COUNT = re.compile(rb"\ANb header lines\s*:\s*(\d{1,6})\s*\Z")
MAX_HEADER_BYTES = 4 << 20
BOM = b"\xef\xbb\xbf"


def read(path: Path) -> Export:
    """Read one .mpt file.

    Raises
    ------
    ReadError
        Not such a file, cut within its header, a record with missing fields or a cell that is no number.
    """
    lines, first_line, offset, sample_rows = _header(path)
    names = _recorded(_names(lines[-1]), sample_rows)
    repeated = sorted({n for n in names if names.count(n) > 1})
    names = [n if names.index(n) == i else f"{n} #{i}" for i, n in enumerate(names)]
    eclab.voltage_column(path, names)
    kinds: dict[str, Kind] = dict(eclab.wanted(names))
    if "time/s" in kinds and (form := _date_form(names, sample_rows)):
        kinds["time/s"] = partial(_seconds, path, form)
    numbers = [names.index(name) for name, kind in kinds.items() if kind is float]
    read_in = read_columns(
        path,
        names,
        kinds,
        offset=offset,
        missing=("time/s",),
        first_line=first_line,
        decimal_comma=uses_decimal_comma(path, sample_rows, numbers, first_line),
    )
    vendor = _settings(lines[2:-1])
    date = stamp(vendor.get("Acquisition started on", ""), "mdy")
    zero = bdf.clock(date)
    if kinds.get("time/s", float) is not float:
        stamps = read_in.values["time/s"]
        known = stamps[np.isfinite(stamps)]
        if known.size:
            zero = {"clock_zero_s": float(known[0])}
            read_in.values["time/s"] = stamps - known[0]
    found = eclab.normalise(path, read_in.values, vendor.get("Potential control", ""))
    warnings = found.warnings
    if used := [n for n in repeated if n in kinds]:
        warnings.append(f"column {', '.join(used)} stands twice: the first one is used")
    if read_in.incomplete:
        warnings.append(f"{read_in.incomplete} incomplete last line dropped")
    device = vendor.get("Device", "")
    return bdf.build(
        path,
        "EC-Lab ASCII" if len(lines) > 1 else "EC-Lab ASCII without header",
        found.table,
        instrument=f"BioLogic {device}".strip(),
        date=date.isoformat() if date else "",
        vendor=vendor,
        warnings=warnings,
        incomplete_rows=read_in.incomplete,
        more=found.more | zero,
    )


def _header(path: Path) -> tuple[list[bytes], int, int, list[list[str]]]:
    """Return the header's lines, the number and the byte of the first record, and some records."""
    lines = read_head(path, MAX_HEADER_BYTES, opened).split(b"\n")
    first = lines[0].removeprefix(BOM).rstrip(b"\r")
    if MAGIC.match(first):
        match = COUNT.match(lines[1].rstrip(b"\r")) if len(lines) > 1 else None
        if not match:
            found = quote(lines[1].strip()) if len(lines) > 1 else "the end of the file"
            raise ReadError(path, "line 2", "'Nb header lines : N'", found)
        count = int(match[1])
        if count < 3 or count > len(lines):
            raise ReadError(
                path,
                "line 2",
                "the number of header lines of this file",
                f"{count} in a file of {len(lines)} lines",
                "the file is cut within its header: export it again",
            )
    elif b"time/s" in first.split(b"\t") and b"\r" not in first:
        count = 1
    else:
        raise ReadError(
            path, "line 1", "'EC-Lab ASCII FILE' or column names", quote(first), "export it again"
        )
    header = [line.rstrip(b"\r") for line in lines[:count]]
    header[0] = first
    offset = sum(len(line) + 1 for line in lines[:count])
    offset = min(offset, path.stat().st_size)
    rows = [line.decode("latin-1").rstrip("\r").split("\t") for line in lines[count : count + 200]]
    return header, count + 1, offset, [row for row in rows if len(row) > 1]


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _names(line: bytes) -> list[str]:
    """Return the column names; the empty one of a trailing tab is left out."""
    names = [name.strip().replace("\u03bc", "µ") for name in _text(line).split("\t")]
    return names[:-1] if names and names[-1] == "" else names


def _recorded(names: list[str], rows: list[list[str]]) -> list[str]:
    """Leave out the names behind an empty one, where the records end before it.

    EC-Lab names a potential difference there that it computes on screen and does not export.
    """
    at = names.index("") if "" in names else len(names)
    return names[:at] if rows and {len(row) for row in rows[:-1] or rows} == {at} else names


def _date_form(names: list[str], rows: list[list[str]]) -> str:
    """Return the format of absolute times, or nothing if the column holds seconds."""
    at = names.index("time/s")
    cells = [row[at].strip() for row in rows if at < len(row) and row[at] != NOT_AVAILABLE]
    if not cells or stamp(cells[0], "mdy") is None:
        return ""
    # EC-Lab writes the month first; only a first number above 12 tells otherwise.
    day_first = any(re.match(r"(1[3-9]|[23]\d)\D", cell) for cell in cells)
    return "%d/%m/%Y %H:%M:%S.%f" if day_first else "%m/%d/%Y %H:%M:%S.%f"


def _seconds(path: Path, form: str, cells: npt.NDArray, first_line: int) -> npt.NDArray:
    """Turn absolute times into seconds since 1970; XXX stays unknown."""
    import pandas as pd

    known = np.flatnonzero(cells != NOT_AVAILABLE)
    text = pd.Series(cells[known], dtype=object).str.strip().str.replace(",", ".")
    text = text.str.replace(r"[.-](?=.* )", "/", regex=True)
    text = text.where(text.str.contains(".", regex=False), text + ".0")
    stamps = pd.to_datetime(text, format=form, errors="coerce")
    if stamps.isna().any():
        at = int(known[np.flatnonzero(stamps.isna())[0]])
        where = f"line {first_line + at}, column 'time/s'"
        raise ReadError(path, where, "a date and time", quote(cells[at]))
    seconds = np.full(cells.size, np.nan)
    seconds[known] = (stamps - pd.Timestamp(0)).dt.total_seconds().to_numpy()
    return seconds


def _settings(lines: list[bytes]) -> dict[str, str]:
    """Return the settings as text: `key : value` lines, the technique, and the parameter table.

    Masses and capacities here are often EC-Lab's defaults (0.001 mg): they are kept as text and never used.
    """
    found: dict[str, str] = {}
    for raw in lines:
        line = _text(raw).rstrip()
        if not line.strip():
            continue
        key, colon, value = line.strip().partition(" :")
        if not colon:
            key, colon, value = line.strip().partition(": ")
        if colon and len(key) < 60:
            found.setdefault(key.strip(), value.strip())
        elif "technique" not in found and not found:
            found["technique"] = line.strip()
        elif len(line) > 20 and line[:20].strip():
            cells = [line[i : i + 20].strip() for i in range(20, len(line), 20)]
            found.setdefault(f"parameter {line[:20].strip()}", " | ".join(cells))
    return found
