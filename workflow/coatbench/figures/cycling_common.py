"""What the cycling figures share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..arrays import Arrays
from ..quality import DOUBTFUL, UNUSABLE

Row = Mapping[str, Any]
ELECTRODES = {
    "working": "potential of the working electrode",
    "counter": "potential of the counter electrode",
    "cell": "cell voltage",
}


def potential_label(sets: Iterable[Arrays | None], reference: str) -> str:
    """Return the label of a potential axis.

    Parameters
    ----------
    sets : iterable of Arrays or None
        Curves of the cells; those of three-electrode cells say which potential they hold.
    reference : str
        What potentials are measured against; empty for none. A cell voltage has none.
    """
    which = {str(data.attrs.get("potential", "")) for data in sets if data is not None} - {""}
    name = ELECTRODES.get(which.pop(), "potential") if len(which) == 1 else "potential"
    against = f" vs {reference}" if reference and not name.startswith("cell") else ""
    return f"{name} / V{against}"


def protocol_of(rows: Sequence[Row], names: Sequence[str]) -> str | None:
    """Return which of these protocols a figure draws: the first that any cell was measured by."""
    there = {row["protocol"] for row in rows}
    return next((name for name in names if name in there), None)


def unusable(row: Row) -> bool:
    """Tell whether a row of a table enters no line of a figure: it is unusable, or the whole cell that it is of."""
    return UNUSABLE in (row.get("quality"), row.get("cell_quality"))


def doubtful(row: Row) -> bool:
    """Tell whether a row is drawn with an open symbol."""
    return bool(row.get("quality") == DOUBTFUL)
