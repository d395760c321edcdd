"""One event of a signal, and a signal that is searched for them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..quality import OK, Quality
from .regions import Region

POSITIONS = (
    "onset_first_deviation",
    "onset_extrapolated",
    "peak",
    "end_extrapolated",
    "end",
)
# Times on the furnace clock: what happens in a hold has no temperature of its own.
TIMES = {"onset_time_s": "onset_first_deviation", "peak_time_s": "peak", "end_time_s": "end"}


@dataclass
class Event:
    """One event.

    Attributes
    ----------
    signal, kind : str
    number : int
        From 1, per kind in order of time.
    region : Region
    time_s : dict
        Position -> time on the furnace clock; NaN where it is not defined.
    value, sd : dict
        Position -> temperature in degC and its standard uncertainty; ``change``: in percent.
    main : bool
        The largest of its kind in this signal.
    area, area_sd, area_unit : float, float, str
        Of a peak of the heat signal; NaN where it has no beginning or end.
    extent : (n,) array or None
        Of a fitted step on the run's grid, from 0 to 1.
    note : str
    """

    signal: str
    kind: str
    region: Region
    number: int = 0
    time_s: dict[str, float] = field(default_factory=dict)
    value: dict[str, float] = field(default_factory=dict)
    sd: dict[str, float] = field(default_factory=dict)
    size: float = 0.0
    main: bool = False
    note: str = ""
    quality: Quality = field(default_factory=Quality)
    area: float = math.nan
    area_sd: float = math.nan
    area_unit: str = ""
    extent: np.ndarray | None = None

    @property
    def established(self) -> bool:
        """Whether beginning, end and change of a step are known, and the event is to be trusted."""
        needed = [self.value.get(p, math.nan) for p in ("onset_first_deviation", "end", "change")]
        return self.quality.level == OK and all(math.isfinite(v) for v in needed)

    @property
    def name(self) -> str:
        """Kind and number, as in the table."""
        return f"{self.kind} {self.number}"

    def row(self) -> dict[str, Any]:
        """Cells of the table tga_ms_events."""
        cells: dict[str, Any] = {"signal": self.signal, "event": self.name}
        for position in POSITIONS:
            cells[f"{position}_degC"] = self.value[position]
            cells[f"{position}_degC_sd"] = self.sd[position]
        for cell, position in TIMES.items():
            cells[cell] = self.time_s.get(position, float("nan"))
        cells["change_percent"] = self.value.get("change", float("nan"))
        cells["change_percent_sd"] = self.sd.get("change", float("nan"))
        cells |= {"area": self.area, "area_sd": self.area_sd, "area_unit": self.area_unit}
        return cells | {"main": self.main, "note": self.note} | self.quality.columns()


@dataclass(frozen=True)
class Signal:
    """What is searched for events.

    Attributes
    ----------
    name : str
        ``mass``, ``dsc``, ``mz64`` ...
    values : (n,) array
    step : bool
        Events are steps (mass) and not peaks.
    signs : tuple of int
        Directions that are events.
    pedestal : (n,) array
        Slow background that is subtracted before peaks are sought (not before they are measured).
    exo : int
        For DSC: sign of an exothermic event.
    """

    name: str
    values: np.ndarray
    step: bool
    signs: tuple[int, ...]
    pedestal: np.ndarray
    exo: int = 1


def extent_variable(event: str) -> str:
    """Return the name of the curve that holds an event's extent."""
    return "extent_" + event.replace(" ", "_")
