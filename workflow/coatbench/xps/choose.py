"""Which spectra of an export belong to one row of the index: its sample in the file, and its levels.

Instruments write several samples into one file, and depth profiles or angle series as one spectrum per value of an
experimental variable. Read as one spot, all of them would get the charge shift of the first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..arrays import Arrays
from ..errors import AnalysisError
from ..readers.xps_block import UNNAMED
from ..spelling import composed


@dataclass(frozen=True)
class Level:
    """Spectra that were measured at one value of the experimental variable.

    Attributes
    ----------
    variable : str
        Its name and unit in the file; empty where nothing was varied.
    value : float
        NaN where nothing was varied.
    blocks : list of Arrays
    """

    variable: str
    value: float
    blocks: list[Arrays]


def choose(
    blocks: Sequence[Arrays], row: Mapping[str, str], file: Path, warnings: list[str]
) -> list[Level]:
    """Return the spectra that an index row means, level by level in the order of the file.

    Parameters
    ----------
    blocks : sequence of Arrays
        All spectra of the export (see `readers.model`); `sample` and `variables` are read from their attributes.
    row : mapping
        `sample_in_file`: identifier of the sample in the file, or its number from 1; `level`: value of the
        experimental variable, empty for all.
    file : Path
        For messages.
    warnings : list of str
        What is assumed is appended here.

    Raises
    ------
    AnalysisError
        The file holds several samples and the row names none, or one that is not there; no such level.
    """
    samples = _samples(blocks)
    if not row.get("sample_in_file") and len(samples) > 1 and _complement(samples):
        listed = ", ".join(repr(name) for name in samples)
        warnings.append(f"{file.name}: taken as one sample, since no region repeats: {listed}")
        samples = {"": list(blocks)}
    levels = _levels(_named(samples, row.get("sample_in_file", "") or "", file))
    wanted = row.get("level", "") or ""
    if not wanted:
        return levels
    value = float(wanted)
    found = [x for x in levels if math.isclose(x.value, value, rel_tol=1e-6, abs_tol=1e-9)]
    if not found:
        known = ", ".join(f"{x.value:g}" for x in levels if x.variable) or "no levels"
        raise AnalysisError(file, "level", f"{value:g}, as the index says", known)
    return found


def name_by_energy(
    blocks: Sequence[Arrays], windows: Mapping[str, tuple[float, float]]
) -> list[str]:
    """Name regions that have no name in the file (as Omicron EIS writes them) by the one model that they hold the window of; return these names."""
    found = []
    for block in blocks:
        x = block["binding_energy_eV"]
        held = [n for n, (low, high) in windows.items() if x[0] < (low + high) / 2 < x[-1]]
        if block.attrs["region"] == UNNAMED and len(held) == 1:
            block.attrs["region"] = held[0]
            found += held
    return found


def _samples(blocks: Sequence[Arrays]) -> dict[str, list[Arrays]]:
    """Return identifier -> spectra; repeated runs of the same regions count as samples of their own."""
    samples: dict[str, list[Arrays]] = {}
    for block in blocks:
        samples.setdefault(str(block.attrs.get("sample") or "").strip(), []).append(block)
    if len(samples) > 1 or len(_levels(blocks)) > 1:
        return samples
    names = [str(b.attrs["region"]) for b in blocks]
    distinct = len(set(names))
    if distinct < 2:
        return samples
    n = len(names) // distinct
    if n < 2 or names != names[:distinct] * n:
        return samples
    own = next(iter(samples))
    return {
        f"{own} ({k + 1})".strip(): list(blocks[k * distinct : (k + 1) * distinct])
        for k in range(n)
    }


def _complement(samples: Mapping[str, list[Arrays]]) -> bool:
    """Tell whether no region was measured under two identifiers: parts of one measurement under two names."""
    names = [str(b.attrs["region"]) for own in samples.values() for b in own]
    return len(set(names)) == len(names)


def _named(samples: Mapping[str, list[Arrays]], wanted: str, file: Path) -> list[Arrays]:
    if not wanted and len(samples) == 1:
        return next(iter(samples.values()))
    listed = ", ".join(f"{i} = {name!r}" for i, name in enumerate(samples, 1))
    if not wanted:
        raise AnalysisError(
            file,
            "content",
            "one sample",
            f"{len(samples)}: {listed}",
            "name one of them (identifier or number) in the column sample_in_file of xps/index.csv",
        )
    folded = {composed(name).casefold(): name for name in samples}
    if wanted.casefold() in folded:
        return samples[folded[wanted.casefold()]]
    if wanted.isdigit() and 1 <= int(wanted) <= len(samples):
        return list(samples.values())[int(wanted) - 1]
    raise AnalysisError(file, "sample_in_file", f"{wanted!r}, as the index says", listed)


def _levels(blocks: Sequence[Arrays]) -> list[Level]:
    """Split spectra by the first experimental variable that takes several values."""
    known = [b.attrs.get("variables") or {} for b in blocks]
    for variable in known[0] if known else ():
        values = [v.get(variable, math.nan) for v in known]
        distinct = list(dict.fromkeys(values))
        # Other values for other regions are a running number that some programs write, not levels.
        pairs = {(b.attrs["region"], v) for b, v in zip(blocks, values, strict=True)}
        repeated = len(pairs) > len({b.attrs["region"] for b in blocks})
        if repeated and all(math.isfinite(v) for v in distinct):
            return [
                Level(variable, v, [b for b, w in zip(blocks, values, strict=True) if w == v])
                for v in distinct
            ]
    return [Level("", math.nan, list(blocks))]
