"""Thermograms and ion currents from plain tables."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Arrays, Variable
from ..errors import ReadError, quote
from .assemble import DescribedFile
from .model import Export
from .quadstar import MAX_TUNING_OFFSET_U
from .table_columns import Found
from .table_rows import Part
from .units import known_unit

QUANTITIES = (
    "time_s", "temperature_degC", "mass_mg", "mass_percent", "mass_change_mg", "mass_change_percent",
    "mass_baseline_mg", "dsc", "ion_current_A", "clock",
)  # fmt: skip
HEAD = ("sample_mass_mg", "exo", "corrected")
MAX_CURRENT_A = 1.0
LIMITS = {
    "temperature_degC": (-273.15, 5000.0),
    "mass_percent": (-1e6, 1e6),
    "mass_mg": (-1e9, 1e9),
}


def build(file: DescribedFile) -> Export:
    """Return one block with the thermogram, the ion currents, or both."""
    beside = file.description.table.repeat == "beside"
    part = _main_curve(file) if beside else file.part()
    if file.description.table.group_columns:
        block = _channels_with_clocks(file, part)
        return Export(file.path, file.description.name, "tga_ms", [block], warnings=file.warnings)
    time = file.needed(part, "time_s")
    if (back := np.flatnonzero(np.diff(time) < 0)).size:
        row = int(back[0]) + 1
        raise file.error(part, row, "time that does not run backwards", f"{time[row]:g} s after {time[row - 1]:g} s")  # fmt: skip
    data: dict[str, Variable] = {}
    for quantity in (
        "temperature_degC",
        "mass_mg",
        "mass_percent",
        "mass_change_mg",
        "mass_change_percent",
    ):
        if (values := part.of(quantity)) is not None:
            low, high = LIMITS.get(quantity, (-1e9, 1e9))
            if (wrong := np.flatnonzero((values < low) | (values > high))).size:
                found = f"{values[wrong[0]]:g}"
                raise file.error(part, int(wrong[0]), f"{quantity} from {low:g} to {high:g}", found)
            label = next(f.label for f in part.found if f.column.quantity == quantity)
            unit = quantity.rsplit("_", 1)[1].replace("percent", "%")
            data[quantity] = ("time", values, {"units": unit, "label": label})
    if "temperature_degC" in data:
        file.needed(part, "temperature_degC")
    corrected = _subtract_baseline(file, part, data)
    sample_mass = file.number("sample_mass_mg")
    _complete_mass(data, sample_mass)
    channels = {
        f.mz: v for f, v in zip(part.found, part.values, strict=True) if not math.isnan(f.mz)
    }
    if not channels and not any(name.startswith("mass") for name in data):
        file.needed(part, "mass_mg")
    _add_dsc(file, part, data, time, beside=beside)
    coords: dict[str, Variable] = {"time_s": ("time", time, {"units": "s"})}
    if channels:
        units = [f.unit for f in part.found if not math.isnan(f.mz)]
        more, at = _ion_currents(file, channels, units)
        data |= more
        coords |= at
    block = Arrays.of(data, coords, file.attrs() | {
        "sample_mass_mg": sample_mass if sample_mass > 0 else math.nan,
        "corrected": int(corrected or file.text("corrected").lower() in ("true", "yes", "1")),
        "exo": _exo(file),
        "encoding": file.tables.encoding,
    })  # fmt: skip
    return Export(file.path, file.description.name, "tga_ms", [block], warnings=file.warnings)


def _exo(file: DescribedFile) -> int:
    text = file.text("exo").lower()
    return 1 if text in ("1", "+1", "up", "exo") else -1 if text in ("-1", "down", "endo") else 0


def _main_curve(file: DescribedFile) -> Part:
    """Return the first curve with a mass; more of them are other samples or another run."""
    curves = file.tables.parts
    massive = [p for p in curves if any(f.column.quantity.startswith("mass") for f in p.found)]
    if len(massive) > 1:
        file.warnings.append(
            f"{file.path.name}: {len(massive)} curves of a mass stand in the file: the first is used; "
            "export one run a file"
        )
    return massive[0] if massive else curves[0]


def _subtract_baseline(file: DescribedFile, part: Part, data: dict[str, Variable]) -> bool:
    """Take a baseline that the file has in a column of its own off the mass; whether there was one."""
    baseline = part.of("mass_baseline_mg")
    if baseline is None or "mass_mg" not in data or not baseline.any():
        return False
    dim, values, attrs = data["mass_mg"]
    data["mass_mg"] = (dim, values - (baseline - baseline[0]), attrs)
    file.warnings.append(
        f"{file.path.name}: the column of the baseline is subtracted from the mass"
    )
    return True


def _complete_mass(data: dict[str, Variable], sample_mass: float) -> None:
    """Add mass in percent and mg of what is given, where the sample mass is known."""
    given = sample_mass > 0
    if "mass_mg" not in data and "mass_change_mg" in data and given:
        data["mass_mg"] = ("time", sample_mass + data["mass_change_mg"][1], {"units": "mg", "label": "change + sample mass"})  # fmt: skip
    if "mass_percent" not in data and "mass_change_percent" in data:
        data["mass_percent"] = ("time", 100 + data["mass_change_percent"][1], {"units": "%", "label": "100 + change"})  # fmt: skip
    if not given:
        return
    if "mass_percent" not in data and "mass_mg" in data:
        data["mass_percent"] = ("time", data["mass_mg"][1] * (100 / sample_mass), {"units": "%", "label": "mass / sample mass"})  # fmt: skip
    elif "mass_mg" not in data and "mass_percent" in data:
        data["mass_mg"] = ("time", data["mass_percent"][1] * (sample_mass / 100), {"units": "mg", "label": "percent of sample mass"})  # fmt: skip


def _add_dsc(
    file: DescribedFile, part: Part, data: dict[str, Variable], time: np.ndarray, *, beside: bool
) -> None:
    for one in file.tables.parts if beside else [part]:
        values, own = one.of("dsc"), one.of("time_s")
        if values is None or own is None:
            continue
        unit = next(f.unit for f in one.found if f.column.quantity == "dsc")
        if beside and not np.array_equal(own, time):
            values = np.interp(time, own, values, left=np.nan, right=np.nan)
        data["dsc"] = ("time", values, {"units": unit.replace("µ", "u"), "label": "dsc"})
        return


def _ion_currents(
    file: DescribedFile, channels: dict[float, np.ndarray], of_channels: list[str]
) -> tuple[dict[str, Variable], dict[str, Variable]]:
    order = sorted(channels)
    if between := [mz for mz in order if abs(mz - round(mz)) >= MAX_TUNING_OFFSET_U]:
        expected = f"channels within {MAX_TUNING_OFFSET_U} u of a whole mass"
        raise ReadError(file.path, "labels", expected, f"m/z {between[0]:g}")
    masses = [round(mz) for mz in order]
    if len(set(masses)) < len(masses):
        twice = next(m for m in masses if masses.count(m) > 1)
        raise ReadError(file.path, "labels", "each mass once", f"m/z {twice} twice")
    stacked = np.stack([channels[mz] for mz in order])
    unit, *others = dict.fromkeys("A" if known_unit(u, "current") else u for u in of_channels)
    if others:
        raise ReadError(
            file.path, "labels", "channels of one unit", f"{unit or 'none'} and {others[0] or 'none'}",
            "export ion currents alone",
        )  # fmt: skip
    if not known_unit(unit, "current"):
        file.warnings.append(
            f"{file.path.name}: channels are in {unit or 'a unit that the file does not name'}, not ion "
            "currents in A: ratios of channels hold only if all have one calibration"
        )
    elif (np.abs(stacked[np.isfinite(stacked)]) > MAX_CURRENT_A).any():
        raise ReadError(file.path, "ion currents", f"at most {MAX_CURRENT_A:g} A", "more")
    units = "A" if known_unit(unit, "current") else unit
    return (
        {"ion_current_A": (("mz", "time"), stacked, {"units": units})},
        {"mz": ("mz", np.array(masses)), "mz_tuned": ("mz", np.array(order, float))},
    )


def _channels_with_clocks(file: DescribedFile, part: Part) -> Arrays:
    """Put channels that are measured one after the other, each with its own time, onto the first one's."""
    clocks: list[tuple[float, Found, np.ndarray, np.ndarray]] = []
    time: np.ndarray | None = None
    for one, values in zip(part.found, part.values, strict=True):
        if one.column.quantity == "time_s":
            time = values
        elif not math.isnan(one.mz):
            if time is None:
                raise ReadError(file.path, "labels", f"a time before {one.label!r}", "none")
            good = np.isfinite(time) & np.isfinite(values)
            if (np.diff(time[good]) < 0).any():
                raise ReadError(file.path, f"column {one.label!r}", "time that does not run backwards", "an earlier one")  # fmt: skip
            if good.any():
                clocks.append((one.mz, one, time[good], values[good]))
    if not clocks:
        raise ReadError(
            file.path, "labels", "channels named by their m/z",
            ", ".join(sorted({f.label for f in part.found}))[:120],
            "name the channels by mass and export again, or give masses in a description",
        )  # fmt: skip
    for _, one, _, _ in clocks:
        if not _starts_with_number(one.label):
            file.warnings.append(
                f"{file.path.name}: channel {quote(one.label.split('|')[0])} is taken as m/z {one.mz:g}"
            )
    low, high = max(t[0] for *_, t, _ in clocks), min(t[-1] for *_, t, _ in clocks)
    base = clocks[0][2]
    base = base[(base >= low) & (base <= high)]
    if base.size < 2:
        raise ReadError(
            file.path, "table", "channels measured over the same time", "none in common"
        )
    channels = {mz: np.interp(base, t, v) for mz, _, t, v in clocks}
    if len(channels) < len(clocks):
        raise ReadError(file.path, "labels", "each mass once", "one twice")
    data, coords = _ion_currents(file, channels, [one.unit for _, one, _, _ in clocks])
    return Arrays.of(data, {"time_s": ("time", base, {"units": "s"})} | coords, file.attrs())


def _starts_with_number(label: str) -> bool:
    return any(c.isdigit() for c in label.split("|")[0])
