"""What needs all cells: means over cells, differences to the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .statistics import differences, metric_row, summarise

if TYPE_CHECKING:
    from ..config_types import CyclingConfig

Row = dict[str, Any]

CELL_TABLES = (
    "cycling_cells",
    "cycling_dqdv_features",
    "cycling_half_cycles",
    "cycling_dqdv_quality",
    "cycling_cell_metrics",
    "cycling_fade",
    "cycling_impedance",
    "cycling_pulses",
)


def collect(
    tables: dict[str, list[Row]],
    samples: list[Row],
    config: CyclingConfig,
    *,
    reference: str | None,
) -> dict[str, list[Row]]:
    """Make the final cycling tables.

    Parameters
    ----------
    reference : str or None
        Sample of the differences; without it there are none.

    Returns
    -------
    dict
        The cells' tables in the samples' order, cycling_metrics and cycling_differences.
    """
    protocols = list(config["protocols"])
    position = {row["sample"]: i for i, row in enumerate(samples)}

    def order(row: Row) -> tuple[int, int]:
        # Protocols in the config's order; cells and cycles keep the order of the jobs.
        return position.get(row["sample"], len(position)), protocols.index(row["protocol"])

    result = {name: sorted(tables.get(name, []), key=order) for name in CELL_TABLES}
    least = config["pool_least_degrees_of_freedom"]
    found = summarise(result["cycling_cell_metrics"], least)
    result["cycling_metrics"] = [metric_row(key, summary) for key, summary in found.items()]
    result["cycling_differences"] = differences(found, reference, least)
    return result
