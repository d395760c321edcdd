"""Rows of depth profiles and angle series: one level of an export after the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..analysis import Analysis
from ..quality import worst
from ..readers.units import DIMENSIONS, known_unit
from .amounts import atomic_percent, comparable
from .choose import Level
from .spot import SpotFit

if TYPE_CHECKING:
    from ..config_types import XpsConfig

_ANGLE = re.compile(r"(?i)angle|tilt|\btheta\b|\bdeg")
_TIME = re.compile(r"(?i)time|sputter|etch|mill")


def add_level(
    result: Analysis,
    sample: str,
    spot: str,
    level: Level,
    fitted: SpotFit,
    config: XpsConfig,
) -> None:
    """Append the rows of one level of a depth profile or angle series to xps_profile."""
    at = abscissa(level.variable, level.value)
    together = comparable(fitted, config)
    percent = atomic_percent(fitted, config)
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        if fit is None:
            continue
        for i, (name, fraction) in enumerate(zip(fit.model.rows, fit.fractions(), strict=True)):
            value, sd = percent.get((m.name, name), (None, None))
            judged = worst([fitted.quality[m.name], fit.judged(i), together])
            result.add(
                "xps_profile",
                sample=sample,
                spot=spot,
                level=level.value,
                **at,
                region=m.name,
                component=name,
                at_percent=value,
                at_percent_sd=sd,
                fraction=fraction.value,
                fraction_sd=fraction.sd,
                charge_shift_eV=fitted.shift_eV,
                **judged.columns(),
            )


def abscissa(variable: str, value: float) -> dict[str, float | None]:
    """Return sputter time and angle of a level; empty what its variable is not.

    Parameters
    ----------
    variable : str
        Name and unit in the file.
    value : float

    Examples
    --------
    >>> abscissa("Etch Time min", 2.0), abscissa("Etch Level d", 2.0)["sputter_time_s"]
    ({'sputter_time_s': 120.0, 'angle_deg': None}, None)
    """
    last = variable.split()[-1] if variable.split() else ""
    unit = (
        "" if last == "d" else known_unit(last, "time")
    )  # d is the sign of ISO 14976 for no unit, not days
    is_time = bool(_TIME.search(variable)) and bool(unit or re.search(r"(?i)time", variable))
    is_angle = not is_time and bool(_ANGLE.search(variable))
    scale = DIMENSIONS["time"][unit or "s"][0]
    return {
        "sputter_time_s": value * scale if is_time else None,
        "angle_deg": value if is_angle else None,
    }
