"""SPECS ``.xy`` of Prodigy and SpecsLab2: all regions of an experiment as text, each with its settings above its columns.

``# Group:`` names a sample or a run, ``# Region:`` a region; below it stand its settings, and for every cycle (a pass
through a loop) and scan a line ``# Cycle: n, Curve: n, Scan: n`` with ``# ColumnLabels:`` and the numbers. Scans of one region
are averaged, and so are the passes of a plain ``Loop``; a loop over anything else is an experimental variable. Layout read
off the public examples of pynxtools-xps (FAIRmat-NFDI) and PyExpLabSys (CINF).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError, quote
from .cells import iso_date
from .model import Export
from .text import MAX_BYTES, Text, integer, number, read_rows, read_text
from .xps_block import RawRegion, make_block, region_name

_SETTING = re.compile(r"#\s*([^:]+?)\s*:\s*(.*?)\s*$")
_PARAMETER = re.compile(r'#\s*Parameter:\s*"([^"]*)"\s*=\s*(\S+)')
_NOT_ONE = re.compile(r"#\s*Cycle:.*\bC(?:urve|hannel):\s*(?!0\b)\d+")
_AXES = {"binding energy": False, "kinetic energy": True}


@dataclass(frozen=True)
class _Table:
    """Rows of numbers: where they stand, their columns, and how many scans they are the mean of."""

    start: int
    stop: int
    labels: list[str]
    n_scans: int


@dataclass
class _Region:
    """A region at one value of the variables: its settings and its tables."""

    name: str
    where: str
    settings: dict[str, str]
    variables: dict[str, float]
    tables: list[_Table] = field(default_factory=list)


def read(path: Path) -> Export:
    """Read all regions (see `xps_block.make_block`); `sample` is the group that a region stands in.

    Raises
    ------
    ReadError
        Several curves or channels of a scan, settings or columns that are not known, cells that are not numbers.
    """
    text = read_text(path, MAX_BYTES // 4)
    export = Export(Path(path), "SPECS XY", "xps")
    for region in _regions(text):
        method = region.settings.get("Analysis Method", "XPS")
        if method not in ("XPS", "UPS"):
            export.warnings.append(f"{region.where}: {method}, no XPS: left out")
        elif region.tables[0].labels[0] != "energy":
            export.warnings.append(f"{region.where}: not a spectrum over energy; left out")
        else:
            export.sets.append(_block(text, region, export.warnings))
    if any(s.attrs["vendor"].get("Tables", "1") != "1" for s in export.sets):
        export.warnings.append("scans of one region, and passes of a plain loop, are averaged")
    if not export.sets:
        raise ReadError(text.path, "file", "a region with rows of energy and intensity", "none")
    return export


def _regions(text: Text) -> list[_Region]:
    found: dict[tuple[str, tuple[tuple[str, float], ...]], _Region] = {}
    general: dict[str, str] = {}
    settings: dict[str, str] = {}
    variables: dict[str, float] = {}
    where, group, labels, n_scans, start = "", "", [""], 1, -1

    def close(stop: int) -> None:
        if start < 0:
            return
        if not where or len(labels) < 2:
            raise text.error(
                start, "# Region and # ColumnLabels above the numbers", text.lines[start]
            )
        key = where, tuple(variables.items())
        region = found.setdefault(
            key, _Region(settings["Region"], where, settings, dict(variables))
        )
        single = settings.get("Separate Scan Data", "no") == "yes"
        region.tables.append(_Table(start, stop, labels, 1 if single else n_scans))

    for i, line in enumerate(text.lines):
        if not line.startswith("#"):
            start = i if start < 0 and line.strip() else start
            continue
        close(i)
        start = -1
        if (parameter := _PARAMETER.match(line)) is not None:
            name, value = parameter.groups()
            if name.casefold() != "loop":
                variables[name] = number(value, text.path, text.where(i), f"a number for {name}")
            continue
        if (setting := _SETTING.match(line)) is None:
            continue
        name, value = setting.groups()
        if name == "Group":
            group = value
        elif name == "Region":
            settings, variables = {**general, "Group": group, name: value}, {}
            where, labels, n_scans = f"region {value} (line {i + 1})", [""], 1
        elif name == "Cycle":
            if _NOT_ONE.match(line):
                advice = "export again without separate channels, and with one curve per scan"
                raise text.error(i, "one curve and one channel per scan", line, advice)
            if "," not in value:
                variables = {}
        elif name == "Number of Scans":
            n_scans = integer(value, text.path, text.where(i), "a number of scans", 1, 10**6)
        elif name == "ColumnLabels":
            labels = value.split()
        elif where:
            settings.setdefault(name, value)
        else:
            general[name] = value
    close(len(text.lines))
    return list(found.values())


def _block(text: Text, region: _Region, warnings: list[str]) -> Arrays:
    given, labels, where = region.settings, region.tables[0].labels, region.where
    axis, unit = given.get("Energy Axis", "").casefold(), labels[1].casefold()
    if kinetic := given.get("Kinetic Energy Axis"):  # of SpecsLab2
        axis = "kinetic energy" if kinetic == "yes" else "binding energy"
    if axis not in _AXES:
        raise ReadError(text.path, where, "a binding or kinetic energy axis", quote(axis))
    if unit not in ("counts", "counts/s", "cps"):
        raise ReadError(text.path, where, "counts or counts/s", quote(labels[1]))
    found = []
    for table in region.tables:
        stop = table.stop
        while not text.lines[stop - 1].strip():
            stop -= 1
        values, dropped = read_rows(text, table.start, stop, len(table.labels))
        if dropped:
            warnings.append("1 incomplete last line dropped")
        found.append(values)
    n = max(len(values) for values in found)
    axes = [values[:, 0] for values in found if len(values) == n]
    same = [len(v) == n and np.allclose(v[:, 0], axes[0], atol=1e-3) for v in found]
    if not all(same):
        warnings.append(f"{where}: {same.count(False)} unfinished scans left out")
    whole = np.stack([v for v, ok in zip(found, same, strict=True) if ok])
    scans = np.array([t.n_scans for t, ok in zip(region.tables, same, strict=True) if ok])
    is_rate = unit != "counts"
    weight = scans / scans.sum() if is_rate else np.ones(len(scans))
    raw = RawRegion(
        name=region_name(region.name),
        energy_eV=whole[0, :, 0],
        is_kinetic=_AXES[axis],
        intensity=weight @ whole[:, :, 1],
        is_rate=is_rate,
        photon_energy_eV=_number(text, region, "Excitation Energy"),
        dwell_s=_number(text, region, "Dwell Time"),
        n_scans=int(scans.sum()),
        transmission=whole[0, :, labels.index("transmission")]
        if "transmission" in labels
        else None,
        attrs={
            "sample": given["Group"],
            "variables": region.variables,
            "technique": given.get("Analysis Method", "XPS"),
            "instrument": " ".join(("SPECS", given.get("Analyzer", ""))).strip(),
            "date": iso_date(given.get("Acquisition Date", "").split(" ")[0], "mdy"),
            "pass_energy_eV": _number(text, region, "Pass Energy"),
            "work_function_eV": _number(text, region, "Eff. Workfunction"),
            "transmission_coefficients": None,
            "casaxps": None,
            "vendor": {**given, "Tables": str(len(whole))},
        },
    )
    return make_block(raw, text.path, where, warnings)


def _number(text: Text, region: _Region, name: str) -> float:
    value = region.settings.get(name, "")
    return number(value, text.path, region.where, f"{name} as a number") if value else math.nan
