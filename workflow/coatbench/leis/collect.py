"""What needs all samples: ratios to the reference, layer estimates, effect of heating, spread of shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .. import quality
from ..arrays import Arrays
from ..quality import Quality, doubtful
from .charging import Charging, charging
from .compare import heating_ratios, same_window, spread
from .kinematics import Geometry, elastic_energies
from .layer import DOSE, MAY_BE_CHARGING, UNSURE, layers
from .scale import off_energies, unlike_scatter

if TYPE_CHECKING:
    from ..config_types import LeisConfig, LeisPlausible

Row = dict[str, Any]
Curves = Mapping[str, Mapping[str, Arrays]]


def collect(
    tables: dict[str, list[Row]],
    samples: list[Row],
    config: LeisConfig,
    *,
    reference: str | None,
    curves: Curves | None = None,
) -> dict[str, list[Row]]:
    """Make the final LEIS tables.

    Parameters
    ----------
    reference : str or None
        Sample of the ratios; None or one without LEIS leaves the ratios empty.
    curves : dict, optional
        Curve sets of each sample, `{sample: {"T200": Arrays}}`; without them no layer estimate and no
        spread.

    Returns
    -------
    dict
        leis_spectra, leis_windows, leis_surface_peaks, leis_heating, leis_layers, leis_spread,
        leis_elastic_energies.
    """
    position = {row["sample"]: i for i, row in enumerate(samples)}

    def order(row: Row) -> tuple[float, float]:
        return position.get(row["sample"], len(position)), row["heating_temperature_degC"]

    result = {
        name: sorted(tables.get(name, []), key=order)  # stable: windows keep the config's order
        for name in ("leis_spectra", "leis_windows", "leis_surface_peaks")
    }
    curves = curves or {}
    geometry = Geometry(config)
    wrong = off_energies(curves.get(str(reference), {}), geometry, config["edge_element"])
    if wrong:  # where an element would be is not known
        result["leis_surface_peaks"] = [
            r | {"detected": None, "note": wrong} for r in result["leis_surface_peaks"]
        ]
    charged = _charged(
        result["leis_surface_peaks"],
        reference,
        config["peak_position_sd_eV"],
        config["edge_element"],
    )
    result["leis_windows"] = _relative(
        result["leis_windows"], reference, config["dose_ratio_sd"], config["plausible"]
    )
    _note_scales(result["leis_windows"], curves, reference, wrong)
    _note_charging(result["leis_windows"], result["leis_spectra"], charged)
    result["leis_heating"] = heating_ratios(result["leis_windows"], config["dose_ratio_sd"])
    result["leis_layers"] = layers(
        result["leis_windows"],
        curves,
        reference,
        charged,
        window=config["layer_window"],
        materials=config["layer_materials"],
        geometry=geometry,
        edge_element=config["edge_element"],
        dose_ratio_sd=config["dose_ratio_sd"],
    )
    _share_doubts(result["leis_windows"], result["leis_layers"])
    names = [e for entry in config["elements"] for e in entry.split("/")]
    result["leis_elastic_energies"] = elastic_energies([*names, config["edge_element"]], geometry)
    low, high = config["spread_range_eV"]
    in_order = sorted(curves, key=_by(position))
    result["leis_spread"] = spread(curves, in_order, low, high, config["spread_bin_eV"])
    return result


def _charged(
    peaks: list[Row], reference: str | None, position_sd_eV: float, edge_element: str
) -> dict[tuple[str, float], Charging | None]:
    """Compare the surface peaks of each spectrum with the reference's at the same heating temperature."""
    spectra: dict[tuple[str, float], list[Row]] = {}
    for row in peaks:
        spectra.setdefault((row["sample"], row["heating_temperature_degC"]), []).append(row)
    matrix = {r["element"] for r in peaks if edge_element in r["element"].split("/")}
    return {
        (sample, t): charging(spectra[str(reference), t], own, position_sd_eV, matrix)
        for (sample, t), own in spectra.items()
        if sample != reference and (str(reference), t) in spectra
    }


def _by(position: Mapping[str, int]) -> Callable[[str], tuple[int, str]]:
    return lambda sample: (position.get(sample, len(position)), sample)


def _relative(
    rows: list[Row],
    reference: str | None,
    dose_ratio_sd: float,
    limits: LeisPlausible,
) -> list[Row]:
    """Add the ratio to the reference's same window at the same heating temperature, and judge it."""
    base = {
        (row["heating_temperature_degC"], row["window"]): row
        for row in rows
        if row["sample"] == reference
    }
    out = []
    for row in rows:
        temperature = row["heating_temperature_degC"]
        other = base.get((temperature, row["window"]))
        value, counting = (None, None) if other is None else ratio(row, other)
        own = dict(row)
        own["relative_to_reference"], own["relative_to_reference_sd_counting"] = value, counting
        # Of a row to itself the doses are one.
        sd = counting if not counting else math.hypot(counting, dose_ratio_sd * (value or 0.0))
        own["relative_to_reference_sd"] = sd
        found = [quality.quality_of(row)]
        if other is not None and other is not row:
            named = quality.quality_of(other)
            notes = tuple(f"reference: {note}" for note in named.notes)
            found.append(Quality(named.level, notes if named.level != quality.OK else ()))
        asked = (
            ("relative_to_reference", value, limits.get("relative_to_reference", {})),
            ("heating_temperature_degC", temperature, limits.get("heating_temperature_degC", {})),
        )
        found += [quality.plausible(number, name, limit) for name, number, limit in asked]
        out.append(own | quality.worst(found).columns())
    return out


def _note_charging(
    rows: list[Row], spectra: list[Row], charged: Mapping[tuple[str, float], Charging | None]
) -> None:
    """Doubt windows of a charged spectrum: their bounds stand where they stood, and the spectrum has moved."""
    ends = {(r["sample"], r["heating_temperature_degC"]): r for r in spectra}
    for row in rows:
        key = row["sample"], row["heating_temperature_degC"]
        charge = charged.get(key)
        if charge is None or not charge.significant or row.get("counts_per_nC") is None:
            continue
        whole = (
            row["energy_low_eV"] <= ends[key]["energy_first_eV"]
            and row["energy_high_eV"] >= ends[key]["energy_last_eV"]
        )
        if not whole:
            row.update(quality.worst([quality.quality_of(row), doubtful(charge.note)]).columns())


def _note_scales(rows: list[Row], curves: Curves, reference: str | None, wrong: str) -> None:
    """Doubt windows of spectra that stand on other energies than the config's, or on another scale than the reference."""
    for row in rows:
        key = f"T{row['heating_temperature_degC']:g}"
        own, base = (curves.get(str(s), {}).get(key) for s in (row["sample"], reference))
        unlike = ""
        if own is not None and base is not None and row.get("relative_to_reference") is not None:
            unlike = unlike_scatter(base, own)
        for note in (wrong, unlike):
            if note and row.get("counts_per_nC") is not None:
                row.update(quality.worst([quality.quality_of(row), doubtful(note)]).columns())


def _share_doubts(rows: list[Row], found: list[Row]) -> None:
    """Doubt the windows of a spectrum whose edge says that it may be charged, or of another dose."""
    doubts = {
        (r["sample"], r["heating_temperature_degC"]): [
            n
            for n in quality.quality_of(r).notes
            if MAY_BE_CHARGING in n or UNSURE in n or DOSE in n
        ]
        for r in found
    }
    for row in rows:
        if row.get("relative_to_reference") is None:
            continue
        for note in doubts.get((row["sample"], row["heating_temperature_degC"]), []):
            row.update(quality.worst([quality.quality_of(row), doubtful(note)]).columns())


def ratio(row: Row, other: Row) -> tuple[float | None, float | None]:
    """Ratio of two windows' counts with its counting uncertainty; of a row to itself exactly 1 +- 0.

    Windows over different energies are not comparable: then the ratio is empty.
    """
    above, below = row.get("counts_per_nC"), other.get("counts_per_nC")
    if above is None or not below:
        return None, None
    if not same_window(row, other):
        return None, None
    value = above / below
    if row is other:
        return value, 0.0
    return value, math.hypot(
        row["counts_per_nC_sd"] / below, above * other["counts_per_nC_sd"] / below**2
    )
