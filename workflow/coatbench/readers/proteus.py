"""NETZSCH Proteus ASCII export: mass, DSC and ion currents over temperature and time.

The same family of text is written in three dialects (compact with semicolons, decimal comma, padded CSV),
with or without `QMID` columns of a coupled mass spectrometer, with or without its `#` header. Decimal
sign and separator are taken from the header, else from the line of column names.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Arrays, Variable
from ..errors import ReadError, quote
from .cells import iso_date
from .model import Export
from .proteus_columns import EAST_ASIAN, name_and_unit, quantity_of, settle_mass
from .quadstar import MAX_TUNING_OFFSET_U
from .text import Text, parse_number, read_rows, read_text

FORMAT = "NETZSCH Proteus ASCII"
SEPARATORS = {"SEMICOLON": ";", "COMMA": ",", "TAB": "\t", "TABULATOR": "\t", "BLANK": None}
DECIMALS = {"POINT": ".", "COMMA": ","}
MAX_COLUMNS = 1024
# No instrument leaves these; what does is a damaged number.
LIMITS = {
    "time_s": (-1e9, 1e9),
    "temperature_degC": (-273.15, 5000.0),
    "mass_percent": (-1e6, 1e6),
    "mass_mg": (-1e9, 1e9),
    "dsc": (-1e9, 1e9),
    "ion_current_A": (-1.0, 1.0),
}

_QMID = re.compile(r"QMID\(s:(?P<block>\d{1,4})\|m:(?P<mz>\d{1,4}(?:[.,]\d{1,6})?)\)/(?P<unit>.*)")


def read(path: Path) -> Export:
    """Read one Proteus ASCII export.

    Parameters
    ----------
    path : Path
        The export.

    Returns
    -------
    Export
        One block with dimension ``time``: coordinate ``time_s`` (the file's own time column, in seconds),
        variables ``temperature_degC``, ``mass_percent`` and/or ``mass_mg`` (of the initial mass, where
        the header gives it), ``dsc``, further columns under plain names, and ``ion_current_A``
        (mz, time) with channels sorted by m/z. Attributes: ``sample_mass_mg`` (NaN: not given),
        ``corrected`` (1: a correction run is already subtracted from the mass), ``exo`` (sign of an
        exothermic DSC signal, 0: not given).

    Raises
    ------
    ReadError
        No line of columns, no rows, a cell that is no number, time that runs backwards.
    """
    text = _decoded(path)
    first = _column_line(text)
    header = _header(text, first)
    separator, labels = _columns(text, first, header)
    decimal = DECIMALS.get(header.get("DECIMAL", "").upper())
    start, stop = _table_range(text, first)
    values, dropped = read_rows(
        text, start, stop, len(labels), separator, decimal, missing=frozenset({"", "---"})
    )
    if len(values) == 0:
        raise ReadError(path, text.where(first), "rows of numbers below", "none", "export it again")
    warnings = []
    if dropped:
        warnings.append(
            f"{path.name}: 1 incomplete last line (line {stop}) was dropped: the export is cut"
        )
    dataset = _dataset(text, header, labels, values, start, warnings)
    return Export(path, FORMAT, "tga_ms", [dataset], warnings=warnings)


def _is_columns(line: str) -> bool:
    """Whether a line names columns: two of them, time or temperature among them."""
    if line.lstrip().startswith("##"):
        return True
    cells = re.split(r"[;\t,]", line)
    found = [quantity_of(cell) for cell in cells if "/" in cell]
    return len(cells) > 1 and "temperature" in found and ("time" in found or line.startswith("#"))


def _decoded(path: Path) -> Text:
    """Read the text; a line of columns in no known language is tried in East Asian encodings."""
    text = read_text(path)
    named = next((line for line in text.lines if line.lstrip().startswith("##")), "")
    if not named or any(quantity_of(c) for c in re.split(r"[;\t,]", named)):
        return text
    raw = path.read_bytes()
    for encoding in EAST_ASIAN:
        try:
            again = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        lines = again.splitlines()
        line = next((line for line in lines if line.lstrip().startswith("##")), "")
        if sum(quantity_of(c) is not None for c in re.split(r"[;\t,]", line)) >= 2:
            return replace(text, encoding=encoding, lines=lines)
    return text


def _column_line(text: Text) -> int:
    for i, line in enumerate(text.lines):
        if _is_columns(line):
            return i
    raise ReadError(
        text.path,
        "header",
        "a line of columns that starts with ##, such as ##Temp./°C;Time/min;Mass/%",
        f"none in {len(text.lines)} lines",
        "the export is cut or of another kind",
    )


def _header(text: Text, first: int) -> dict[str, str]:
    """Return the `#KEY:value` lines; a padded dialect puts a separator before the value."""
    header: dict[str, str] = {}
    for line in text.lines[:first]:
        if not line.startswith("#"):
            continue
        key, colon, value = line[1:].partition(":")
        if not colon:
            continue
        value = value.strip()
        if line[1 + len(key) + 1 :].lstrip(" ")[:1] == "," and header.get("SEPARATOR") in (
            None,
            "COMMA",
        ):
            value = value.lstrip(" ,").strip()
        header.setdefault(key.strip(), value)
    return header


def _columns(text: Text, first: int, header: dict[str, str]) -> tuple[str | None, list[str]]:
    line = text.lines[first].lstrip().lstrip("#").strip()
    named = header.get("SEPARATOR", "").upper()
    candidates = [SEPARATORS[named]] if named in SEPARATORS else [";", "\t", ","]
    for separator in candidates:
        labels = [cell.strip() for cell in line.split(separator)]
        while labels and not labels[-1]:
            labels.pop()
        if 2 <= len(labels) <= MAX_COLUMNS and any(quantity_of(c) == "time" for c in labels):
            return separator, labels
    raise text.error(first, "columns Temp. and Time with one separator", line)


def _table_range(text: Text, first: int) -> tuple[int, int]:
    """Return the range of data lines: blank lines and evaluation results (`#*`) around it are not data."""

    def beside(line: str) -> bool:
        return not line.strip() or (line.startswith("#") and not _is_columns(line))

    start, stop = first + 1, len(text.lines)
    while start < stop and beside(text.lines[start]):
        start += 1
    while stop > start and beside(text.lines[stop - 1]):
        stop -= 1
    return start, stop


def _dataset(
    text: Text,
    header: dict[str, str],
    labels: list[str],
    values: np.ndarray,
    start: int,
    warnings: list[str],
) -> Arrays:
    sample_mass = parse_number(header.get("SAMPLE MASS /mg", ""))
    if sample_mass is not None and sample_mass <= 0:
        sample_mass = None  # of a run without a sample
    variables: dict[str, tuple[str, np.ndarray, dict[str, str]]] = {}
    channels: dict[float, np.ndarray] = {}
    for k, label in enumerate(labels):
        if match := _QMID.fullmatch(label):
            mz = float(match["mz"].replace(",", "."))
            if match["unit"].strip() != "A":
                raise ReadError(text.path, "line of columns", "ion currents in A", quote(label))
            if mz in channels:
                warnings.append(f"{text.path.name}: m/z {mz:g} stands twice, the first one is used")
            channels.setdefault(mz, values[:, k])
            continue
        name, unit, factor = name_and_unit(text.path, label)
        while name in variables:
            name += "_"
        attrs = {"units": unit, "label": label}
        with np.errstate(over="ignore"):  # what overflows is outside the limits below
            variables[name] = ("time", values[:, k] * factor, attrs)
    if "temperature_K" in variables and "temperature_degC" not in variables:
        _, kelvin, attrs = variables.pop("temperature_K")
        variables["temperature_degC"] = ("time", kelvin - 273.15, attrs | {"units": "degC"})
    settle_mass(variables, sample_mass, warnings)
    for needed in ("time_s", "temperature_degC"):
        if needed not in variables:
            raise ReadError(
                text.path, "line of columns", f"a column for {needed}", ", ".join(labels)
            )
    for name, (_, column, _) in variables.items():
        _check_limits(
            text, name, column, start, may_be_unknown=name not in ("time_s", "temperature_degC")
        )
    for column in channels.values():
        _check_limits(text, "ion_current_A", column, start, may_be_unknown=True)
    time = variables.pop("time_s")[1]
    if (back := np.flatnonzero(np.diff(time) < 0)).size:
        line = start + int(back[0]) + 1
        raise text.error(line, "time that does not run backwards", text.lines[line])
    if "mass_mg" not in variables and "mass_percent" in variables and sample_mass:
        mass = variables["mass_percent"][1] * (sample_mass / 100)
        variables["mass_mg"] = ("time", mass, {"units": "mg", "label": "Mass/% x SAMPLE MASS"})
    elif "mass_percent" not in variables and "mass_mg" in variables and sample_mass:
        mass = variables["mass_mg"][1] * (100 / sample_mass)
        variables["mass_percent"] = ("time", mass, {"units": "%", "label": "Mass/mg / SAMPLE MASS"})
    data: dict[str, Variable] = dict(variables)
    coords: dict[str, Variable] = {"time_s": ("time", time, {"units": "s"})}
    if channels:
        order = _of_whole_masses(text, sorted(channels), warnings)
        stacked = np.stack([channels[mz] for mz in order])
        data["ion_current_A"] = (("mz", "time"), stacked, {"units": "A"})
        coords["mz"] = ("mz", np.array([round(mz) for mz in order]))
        coords["mz_tuned"] = ("mz", np.array([float(mz) for mz in order]))
    gaps = int(np.isnan(values).sum())
    if gaps:
        warnings.append(f"{text.path.name}: {gaps} empty cells are read as unknown")
    return Arrays.of(data, coords, _attrs(text, header, labels, sample_mass))


def _of_whole_masses(text: Text, tuned: list[float], warnings: list[str]) -> list[float]:
    """Return one channel for each whole mass; a channel in the middle between two is of neither."""
    taken: dict[int, float] = {}
    for mz in tuned:
        if abs(mz - round(mz)) >= MAX_TUNING_OFFSET_U:
            expected = f"channels within {MAX_TUNING_OFFSET_U} u of a whole mass"
            raise ReadError(text.path, "line of columns", expected, f"m/z {mz:g}")
        if round(mz) in taken:
            warnings.append(
                f"{text.path.name}: m/z {round(mz)} is measured twice, the lower position is used"
            )
        taken.setdefault(round(mz), mz)
    return list(taken.values())


def _check_limits(
    text: Text, name: str, column: np.ndarray, start: int, *, may_be_unknown: bool
) -> None:
    low, high = LIMITS.get(name, (-np.inf, np.inf))
    good = (column >= low) & (column <= high)
    if may_be_unknown:
        good |= np.isnan(column)
    if (wrong := np.flatnonzero(~good)).size:
        line = start + int(wrong[0])
        raise text.error(line, f"{name} from {low:g} to {high:g}", text.lines[line])


def _attrs(
    text: Text, header: dict[str, str], labels: list[str], sample_mass: float | None
) -> dict[str, Any]:
    exo = parse_number(header.get("EXO", "").replace("±", ""))
    code = header.get("CORR. CODE", "").strip()
    mass_label = next((c for c in labels if quantity_of(c) in ("mass", "mass_change")), "")
    corrected = "subtr" in mass_label or bool(code.strip("0") and code.isdigit())
    return {
        "instrument": header.get("INSTRUMENT", ""),
        "date": iso_date(header.get("DATE/TIME", "")),
        "sample_mass_mg": sample_mass if sample_mass and sample_mass > 0 else float("nan"),
        "corrected": int(corrected),
        "exo": int(exo) if exo in (-1.0, 1.0) else 0,
        "encoding": text.encoding,
        "vendor": header,
    }
