"""What needs all samples: ratios to the reference, layer estimates, effect of heating, spread of shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..arrays import Arrays
from .compare import heating_ratios, spread
from .kinematics import elastic_energies
from .layer import layers

Row = dict[str, Any]
Curves = Mapping[str, Mapping[str, Arrays]]


def collect(
    tables: dict[str, list[Row]],
    samples: list[Row],
    config: dict,
    *,
    reference: str | None,
    curves: Curves | None = None,
) -> dict[str, list[Row]]:
    """Make the final LEIS tables.

    Parameters
    ----------
    tables : dict
        Rows of all samples' jobs.
    samples : list of dict
        Rows of samples.csv; gives the order of the rows.
    config : dict
        Section `leis` of the config.
    reference : str or None
        Sample of the ratios; None or one without LEIS leaves the ratios empty.
    curves : dict, optional
        Curve sets of each sample, `{sample: {"T200": Dataset}}`; without them no layer estimate and no
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
    result["leis_windows"] = _relative(result["leis_windows"], reference)
    result["leis_heating"] = heating_ratios(result["leis_windows"])
    curves = curves or {}
    result["leis_layers"] = layers(result["leis_windows"], curves, config, reference)
    result["leis_elastic_energies"] = elastic_energies(config)
    result["leis_spread"] = spread(curves, config, sorted(curves, key=_by(position)))
    return result


def _by(position: Mapping[str, int]) -> Callable[[str], tuple[int, str]]:
    return lambda sample: (position.get(sample, len(position)), sample)


def _relative(rows: list[Row], reference: str | None) -> list[Row]:
    """Add the ratio to the reference's same window at the same heating temperature."""
    base = {
        (row["heating_temperature_degC"], row["window"]): row
        for row in rows
        if row["sample"] == reference
    }
    out = []
    for row in rows:
        own = dict(row)
        other = base.get((row["heating_temperature_degC"], row["window"]))
        own["relative_to_reference"], own["relative_to_reference_sd"] = (
            (None, None) if other is None else ratio(row, other)
        )
        out.append(own)
    return out


def ratio(row: Row, other: Row) -> tuple[float | None, float | None]:
    """Ratio of two windows' counts with its standard uncertainty; of a row to itself exactly 1 +- 0.

    Windows over different energies are not comparable: then the ratio is empty.
    """
    above, below = row.get("counts_per_nC"), other.get("counts_per_nC")
    same_window = all(
        math.isclose(row[bound], other[bound], abs_tol=1e-6)
        for bound in ("energy_low_eV", "energy_high_eV")
    )
    if above is None or not below or not same_window:
        return None, None
    value = above / below
    if row is other or all(
        row.get(k) == other.get(k) for k in ("sample", "heating_temperature_degC")
    ):
        return value, 0.0
    return value, math.hypot(
        row["counts_per_nC_sd"] / below, above * other["counts_per_nC_sd"] / below**2
    )
