"""From the columns of plain tables to the data model that every reader returns (see `model.py`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arrays import Arrays, Variable
from ..errors import ReadError, quote
from .cells import stamp
from .description import Description
from .model import Export
from .plain_table import Found, Part, Tables, read_tables
from .text import parse_number
from .units import factor_and_offset, known

if TYPE_CHECKING:
    import numpy as np

MAX_VENDOR = 400
MAX_CURRENT_A = 1.0
LIMITS = {
    "temperature_degC": (-273.15, 5000.0),
    "mass_percent": (-1e6, 1e6),
    "mass_mg": (-1e9, 1e9),
}


def read(path: Path, description: Description) -> Export:
    """Read a file as a description tells.

    Returns
    -------
    Export
        As the readers of single formats return it for the technique.

    Raises
    ------
    ReadError
        Not such a table, cut in its head, a cell that is no number, a quantity that the technique needs is absent.
    """
    path = Path(path)
    tables = read_tables(path, description)
    if tables.dropped:
        tables.warnings.append(
            f"{path.name}: 1 incomplete last line ({tables.dropped}) was dropped: the export is cut"
        )
    return _MAKERS[description.technique](_File(path, description, tables))


class _File:
    """One file while it is put together: its tables, the values beside them, and errors with their place."""

    def __init__(self, path: Path, description: Description, tables: Tables) -> None:
        self.path, self.description, self.tables = path, description, tables
        self.warnings = tables.warnings

    def part(self) -> Part:
        """Return the only table, or all of them joined one after the other."""
        parts = self.tables.parts
        return parts[0] if len(parts) == 1 else _joined(self, parts)

    def text(self, name: str) -> str:
        """Return a value that stands beside the table, empty where there is none."""
        value, _ = self.value_and_unit(name)
        return value

    def value_and_unit(self, name: str) -> tuple[str, str]:
        pattern = self.description.head.get(name)
        match = pattern.search(self.tables.outside) if pattern else None
        if match is None:
            return str(self.description.constants.get(name, "")), ""
        groups = match.groupdict()
        value = groups.get("value") or next((g for g in match.groups() if g), match.group())
        return value.strip(), (groups.get("unit") or "").strip()

    def number(self, name: str) -> float:
        """Return such a value as a number in the unit that its name ends with; NaN without one."""
        value, unit = self.value_and_unit(name)
        number = parse_number(value)
        if number is None:
            return math.nan
        change = factor_and_offset(unit, name) if unit else (1.0, 0.0)
        return math.nan if change is None else number * change[0] + change[1]

    def date(self) -> str:
        found = stamp(self.text("date"), self.description.date_order)
        if found is None:
            return ""
        text = found.isoformat(timespec="seconds")
        return text.removesuffix("T00:00:00")

    def attrs(self) -> dict[str, Any]:
        return {
            "instrument": self.text("instrument") or self.description.instrument,
            "date": self.date(),
            "vendor": self.vendor(),
        }

    def vendor(self) -> dict[str, str]:
        """Return what stands beside the tables as keys and values."""
        found: dict[str, str] = {}
        for line in self.tables.outside.split("\n"):
            text = line.strip(" \t#~,;")
            if not text or len(found) >= MAX_VENDOR:
                continue
            for sign in ("\t", ": ", "=", ",", ";"):
                key, cut, value = text.partition(sign)
                if cut and 0 < len(key) <= 40 and value.strip():
                    found.setdefault(key.strip(" :"), " ".join(value.split()))
                    break
        return found

    def error(self, part: Part, row: int, expected: str, found: str) -> ReadError:
        line = f"line {int(part.lines[row])}"
        where = f"sheet {self.tables.sheet!r}, {line}" if self.tables.sheet else line
        return ReadError(self.path, where, expected, found)

    def needed(self, part: Part, quantity: str) -> np.ndarray:
        """Return a column that the technique cannot do without: known in every row.

        Raises
        ------
        ReadError
            No such column, or a row without a value.
        """
        import numpy as np

        values = part.of(quantity)
        if values is None:
            labels = ", ".join(f"{f.label} [{f.unit}]" if f.unit else f.label for f in part.found)
            raise ReadError(
                self.path, f"columns before line {int(part.lines[0])}", f"a column for {quantity}",
                f"only {labels}",
                "its label or unit is not in the description: add it to one of your own in formats/",
            )  # fmt: skip
        if (empty := np.flatnonzero(np.isnan(values))).size:
            raise self.error(part, int(empty[0]), f"a value of {quantity}", "an empty cell")
        return values


def _joined(file: _File, parts: list[Part]) -> Part:
    """Join tables that follow one another; what one of them lacks is unknown there."""
    import numpy as np

    found: list[Found] = []
    for part in parts:
        for one in part.found:
            if not any(_same(one, f) for f in found):
                found.append(one)
    values = []
    for one in found:
        pieces = []
        for part in parts:
            place = next((k for k, f in enumerate(part.found) if _same(one, f)), None)
            filler: Any = np.full(len(part.lines), "" if one.column.quantity == "state" else np.nan)
            pieces.append(filler if place is None else part.values[place])
        if one.column.quantity == "time_s":
            pieces = _running_on(file, pieces)
        values.append(np.concatenate(pieces))
    return Part(found, values, np.concatenate([p.lines for p in parts]))


def _same(one: Found, other: Found) -> bool:
    same_mass = one.mz == other.mz or (math.isnan(one.mz) and math.isnan(other.mz))
    return one.column.quantity == other.column.quantity and same_mass


def _running_on(file: _File, pieces: list[np.ndarray]) -> list[np.ndarray]:
    """Let time run on where a step counts from its own beginning."""
    done: list[np.ndarray] = []
    restarts = 0
    for piece in pieces:
        if done and piece.size and done[-1].size and piece[0] < done[-1][-1]:
            piece = piece - piece[0] + done[-1][-1]
            restarts += 1
        done.append(piece)
    if restarts:
        file.warnings.append(
            f"{file.path.name}: the time starts again in {restarts} steps: each is taken to begin "
            "where the one before ends"
        )
    return done


# ---------------------------------------------------------------------------------------------- thermograms


def _tga_ms(file: _File) -> Export:
    import numpy as np

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
        unit = next(f.unit for f in part.found if not math.isnan(f.mz))
        more, at = _ion_currents(file, channels, unit)
        data |= more
        coords |= at
    block = Arrays.of(data, coords, file.attrs() | {
        "sample_mass_mg": sample_mass if sample_mass > 0 else math.nan,
        "corrected": int(corrected or file.text("corrected").lower() in ("true", "yes", "1")),
        "exo": _exo(file),
        "encoding": file.tables.encoding,
    })  # fmt: skip
    return Export(file.path, file.description.name, "tga_ms", [block], warnings=file.warnings)


def _exo(file: _File) -> int:
    text = file.text("exo").lower()
    return 1 if text in ("1", "+1", "up", "exo") else -1 if text in ("-1", "down", "endo") else 0


def _main_curve(file: _File) -> Part:
    """Return the first curve with a mass; more of them are other samples or another run."""
    curves = file.tables.parts
    massive = [p for p in curves if any(f.column.quantity.startswith("mass") for f in p.found)]
    if len(massive) > 1:
        file.warnings.append(
            f"{file.path.name}: {len(massive)} curves of a mass stand in the file: the first is used; "
            "export one run a file"
        )
    return massive[0] if massive else curves[0]


def _subtract_baseline(file: _File, part: Part, data: dict[str, Variable]) -> bool:
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
    file: _File, part: Part, data: dict[str, Variable], time: np.ndarray, *, beside: bool
) -> None:
    import numpy as np

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
    file: _File, channels: dict[float, np.ndarray], unit: str
) -> tuple[dict[str, Variable], dict[str, Variable]]:
    import numpy as np

    order = sorted(channels)
    masses = [round(mz) for mz in order]
    if len(set(masses)) < len(masses):
        twice = next(m for m in masses if masses.count(m) > 1)
        raise ReadError(file.path, "labels", "each mass once", f"m/z {twice} twice")
    stacked = np.stack([channels[mz] for mz in order])
    if not known(unit, "current"):
        file.warnings.append(
            f"{file.path.name}: channels are in {unit or 'a unit that the file does not name'}, not ion "
            "currents in A: ratios of channels hold only if all have one calibration"
        )
    elif (np.abs(stacked[np.isfinite(stacked)]) > MAX_CURRENT_A).any():
        raise ReadError(file.path, "ion currents", f"at most {MAX_CURRENT_A:g} A", "more")
    units = "A" if known(unit, "current") else unit
    return (
        {"ion_current_A": (("mz", "time"), stacked, {"units": units})},
        {"mz": ("mz", np.array(masses)), "mz_tuned": ("mz", np.array(order, float))},
    )


def _channels_with_clocks(file: _File, part: Part) -> Arrays:
    """Put channels that are measured one after the other, each with its own time, onto the first one's."""
    import numpy as np

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
    data, coords = _ion_currents(file, channels, clocks[0][1].unit)
    return Arrays.of(data, {"time_s": ("time", base, {"units": "s"})} | coords, file.attrs())


def _starts_with_number(label: str) -> bool:
    return any(c.isdigit() for c in label.split("|")[0])


# -------------------------------------------------------------------------------------------------- spectra


def _leis(file: _File) -> Export:
    import numpy as np

    from .qtac import MIN_CHANNELS, check_steps

    part = file.part()
    energy, intensity = file.needed(part, "energy_eV"), file.needed(part, "intensity")
    if len(energy) < MIN_CHANNELS:
        raise ReadError(file.path, "file", f"at least {MIN_CHANNELS} channels", str(len(energy)))
    if (low := np.flatnonzero(energy <= 0)).size:
        raise file.error(part, int(low[0]), "an energy above 0 eV", f"{energy[low[0]]:g} eV")
    odd = check_steps(energy)
    if odd is not None:
        row, expected = odd
        raise file.error(part, row, expected, f"{energy[row]:g} eV")
    if energy[0] > energy[-1]:
        energy, intensity = energy[::-1], intensity[::-1]
    block = Arrays.of(
        {"intensity": ("energy", np.ascontiguousarray(intensity), {"units": "as exported"})},
        {"energy_eV": ("energy", np.ascontiguousarray(energy), {"units": "eV"})},
        file.attrs(),
    )
    return Export(file.path, file.description.name, "leis", [block], warnings=file.warnings)


def _xps(file: _File) -> Export:
    import numpy as np

    part = file.part()
    regions = part.of("region")
    names = list(dict.fromkeys(regions)) if regions is not None else [""]
    export = Export(file.path, file.description.name, "xps", warnings=file.warnings)
    for name in names:
        rows = np.flatnonzero(regions == name) if regions is not None else slice(None)
        export.sets.append(_region(file, part, name, rows))
    return export


def _region(file: _File, part: Part, name: str, rows: Any) -> Arrays:
    from .xps_block import RawRegion, make_block, region_name
    from .xps_columns import named_region

    kinetic = part.of("binding_energy_eV") is None and part.of("kinetic_energy_eV") is not None
    energy = file.needed(part, "kinetic_energy_eV" if kinetic else "binding_energy_eV")[rows]
    rate = part.of("intensity_cps") is not None
    intensity = file.needed(part, "intensity_cps" if rate else "intensity_counts")[rows]
    transmission = part.of("transmission")
    given = name or file.text("region") or named_region(file.path.stem)
    raw = RawRegion(
        name=region_name(given or file.path.stem),
        energy_eV=energy,
        is_kinetic=kinetic,
        intensity=intensity,
        is_rate=rate,
        photon_energy_eV=file.number("photon_energy_eV"),
        dwell_s=file.number("dwell_s"),
        n_scans=int(scans) if math.isfinite(scans := file.number("scans")) and scans >= 1 else 1,
        transmission=None if transmission is None else transmission[rows],
        attrs=file.attrs()
        | {
            "technique": "XPS",
            "pass_energy_eV": file.number("pass_energy_eV"),
            "transmission_coefficients": None,
            "casaxps": None,
        },
    )
    return make_block(raw, file.path, f"region {raw.name}", file.warnings)


# --------------------------------------------------------------------------------------------------- images


def _raster(file: _File, part: Part, x: str, y: str) -> tuple[np.ndarray, np.ndarray, Any, Any]:
    import numpy as np

    columns, at_x = np.unique(file.needed(part, x), return_inverse=True)
    lines, at_y = np.unique(file.needed(part, y), return_inverse=True)
    if len(part.lines) != columns.size * lines.size or np.unique(at_y * columns.size + at_x).size != len(part.lines):  # fmt: skip
        raise ReadError(
            file.path,
            "pixels",
            f"each of {columns.size} x {lines.size} once",
            f"{len(part.lines)} rows",
        )
    return columns, lines, at_x, at_y


def _stem(file: _File) -> Export:
    import numpy as np

    from .micrograph import image

    part = file.part()
    x, y, at_x, at_y = _raster(file, part, "x_nm", "y_nm")
    pixels = np.empty((y.size, x.size))
    pixels[at_y, at_x] = file.needed(part, "intensity")
    steps = [float(np.ptp(v)) / (v.size - 1) if v.size > 1 else math.nan for v in (y, x)]
    if any(np.ptp(np.diff(v)) > 0.01 * s for v, s in zip((y, x), steps, strict=True) if v.size > 2):
        raise ReadError(file.path, "pixels", "even steps of x_nm and y_nm", "others")
    block = image(
        file.path, pixels, (steps[0], steps[1]), calibration="columns x_nm and y_nm",
        **file.attrs(),
    )  # fmt: skip
    return Export(file.path, file.description.name, "stem", [block], warnings=file.warnings)


def _cycling(file: _File) -> Export:
    from .cycler_columns import cycling_export

    return cycling_export(file, file.part())


_MAKERS: dict[str, Callable[[_File], Export]] = {
    "tga_ms": _tga_ms,
    "leis": _leis,
    "xps": _xps,
    "stem": _stem,
    "cycling": _cycling,
}
