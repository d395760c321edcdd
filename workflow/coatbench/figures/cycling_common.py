"""What the cycling figures share."""

from __future__ import annotations

from ..arrays import Arrays


def potential_label(data: Arrays | None) -> str:
    """Return the label of a potential axis; the data say what they were measured against."""
    against = data.attrs.get("potential_reference", "") if data is not None else ""
    return f"potential / V vs {against}" if against else "potential / V"
