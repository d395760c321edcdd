"""Statistics over the cells of a sample, for the few cells that there are.

Two cells have no useful standard deviation of their own (their t factor is 12.7): their mean stands with both
values and the range. How much cells of one kind scatter is taken from all samples of a protocol together
(pooled variance); where even that has too few degrees of freedom only the measurement errors are left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..quality import Quality, counted

Row = dict[str, Any]
Key = tuple[str, str, str]  # sample, protocol, metric


@dataclass(frozen=True)
class Summary:
    """Mean of one metric over the cells of a sample.

    Attributes
    ----------
    values : tuple of (cell, value)
    mean : float
    sd : float or None
        One standard uncertainty of the mean.
    basis : str
        What `sd` comes from: `cells` (pooled scatter) or `measurement`.
    degrees_of_freedom : int
        Of the pooled scatter; 0 if there is none.
    measurement_sd : float
        Part of `sd` that weighing and the instrument explain.
    cell_sd : float or None
        Pooled scatter of single cells.
    quality : Quality
        The worst of the cells that count; unusable where none does.
    """

    values: tuple[tuple[str, float], ...]
    mean: float
    sd: float | None
    basis: str
    degrees_of_freedom: int
    measurement_sd: float
    cell_sd: float | None
    quality: Quality = field(default_factory=Quality)

    @property
    def low(self) -> float:
        """Smallest value of a cell."""
        return min(v for _, v in self.values)

    @property
    def high(self) -> float:
        """Largest value of a cell."""
        return max(v for _, v in self.values)


def pooled(groups: Iterable[Sequence[float]]) -> tuple[float | None, int]:
    """Return the standard deviation within groups, pooled, and its degrees of freedom."""
    squares, freedom = 0.0, 0
    for values in groups:
        if len(values) > 1:
            mean = math.fsum(values) / len(values)
            squares += math.fsum((v - mean) ** 2 for v in values)
            freedom += len(values) - 1
    return (math.sqrt(squares / freedom), freedom) if freedom else (None, 0)


def summarise(rows: Sequence[Row], least_freedom: int) -> dict[Key, Summary]:
    """Combine the metrics of single cells; a cell that is unusable for a metric does not count.

    Parameters
    ----------
    rows : sequence of dict
        Table cycling_cell_metrics: sample, cell, protocol, metric, value, value_sd, quality, quality_note.
    least_freedom : int
        Degrees of freedom that the pooled scatter needs to be used.

    Returns
    -------
    dict of (sample, protocol, metric) to Summary, in the order of `rows`.
    """
    all_cells: dict[Key, list[Row]] = {}
    for row in rows:
        all_cells.setdefault((row["sample"], row["protocol"], row["metric"]), []).append(row)
    groups: dict[Key, list[Row]] = {}
    judged: dict[Key, Quality] = {}
    for key, cells in all_cells.items():
        usable, judged[key] = counted(cells, "cell")
        groups[key] = [dict(row) for row in usable]
    scatter: dict[tuple[str, str], tuple[float | None, int]] = {}
    for protocol, metric in {key[1:] for key in groups}:
        own = [[r["value"] for r in g] for k, g in groups.items() if k[1:] == (protocol, metric)]
        scatter[protocol, metric] = pooled(own)
    found = {}
    for key, group in groups.items():
        n = len(group)
        if n == 0:
            found[key] = Summary((), math.nan, None, "", 0, 0.0, None, judged[key])
            continue
        errors = [row["value_sd"] or 0.0 for row in group]
        measurement = math.sqrt(math.fsum(e * e for e in errors)) / n
        cell_sd, freedom = scatter[key[1:]]
        if cell_sd is not None and freedom >= least_freedom:
            # Weighing errors scatter with the cells, so they are in the scatter: not added again, but a
            # lower bound.
            sd: float | None = max(cell_sd / math.sqrt(n), measurement)
            basis = "cells" if sd != measurement else "measurement"
        else:
            sd, basis = measurement or None, "measurement"
        found[key] = Summary(
            values=tuple((row["cell"], row["value"]) for row in group),
            mean=math.fsum(row["value"] for row in group) / n,
            sd=sd,
            basis=basis if sd is not None else "",
            degrees_of_freedom=freedom,
            measurement_sd=measurement,
            cell_sd=cell_sd,
            quality=judged[key],
        )
    return found


def metric_row(key: Key, summary: Summary) -> Row:
    """Return the row of the table cycling_metrics."""
    sample, protocol, metric = key
    row: Row = {"sample": sample, "protocol": protocol, "metric": metric}
    if not summary.values:
        return row | {"n_cells": 0} | summary.quality.columns()
    return row | {
        "value": summary.mean,
        "value_sd": summary.sd,
        "n_cells": len(summary.values),
        "value_low": summary.low,
        "value_high": summary.high,
        "cell_values": ";".join(f"{cell}={value:.6g}" for cell, value in summary.values),
        "sd_basis": summary.basis,
        "degrees_of_freedom": summary.degrees_of_freedom,
        "measurement_sd": summary.measurement_sd or None,
        "cell_sd": summary.cell_sd,
        **summary.quality.columns(),
    }


def differences(
    found: Mapping[Key, Summary], reference: str | None, least_freedom: int
) -> list[Row]:
    """Return the difference of every sample to the reference, metric by metric (table cycling_differences).

    The interval is Student's with the degrees of freedom of the pooled scatter, if they reach
    `least_freedom`; the range is that over all pairs of a cell and a reference cell. A gain error of the cycler cancels: both were measured alike.
    """
    from scipy.special import stdtrit

    rows = []
    for (sample, protocol, metric), own in found.items():
        base = found.get((reference or "", protocol, metric))
        if base is None or sample == reference or not own.values or not base.values:
            continue
        value = own.mean - base.mean
        row: Row = {
            "sample": sample,
            "reference": reference,
            "protocol": protocol,
            "metric": metric,
            "difference": value,
            "difference_low": own.low - base.high,
            "difference_high": own.high - base.low,
            "relative_percent": 100 * value / base.mean if base.mean else None,
            "n_cells": len(own.values),
            "n_cells_reference": len(base.values),
            "degrees_of_freedom": own.degrees_of_freedom,
        }
        if own.sd is not None and base.sd is not None:
            sd = math.hypot(own.sd, base.sd)
            row["difference_sd"] = sd
            if own.degrees_of_freedom >= least_freedom:
                half = float(stdtrit(own.degrees_of_freedom, 0.975)) * sd
                row["difference_ci_low"], row["difference_ci_high"] = value - half, value + half
        rows.append(row)
    return rows
