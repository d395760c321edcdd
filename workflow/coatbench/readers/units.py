"""Units as instruments write them, and their conversion to the unit that a quantity of the data model has.

A quantity's name ends with its unit (`time_s`, `mass_percent`), which says its dimension and so what may be
converted to it: `C` in a label is degrees Celsius for a temperature and coulomb for a charge.
"""

from __future__ import annotations

import re

import numpy as np

# {dimension: {unit: (factor, offset)}}: value in the first unit = factor * value + offset.
DIMENSIONS: dict[str, dict[str, tuple[float, float]]] = {
    "time": {
        "s": (1.0, 0.0), "ms": (1e-3, 0.0), "us": (1e-6, 0.0), "min": (60.0, 0.0), "h": (3600.0, 0.0), "d": (86400.0, 0.0),
    },
    "temperature": {"degC": (1.0, 0.0), "K": (1.0, -273.15), "degF": (1 / 1.8, -32 / 1.8)},
    "mass": {"mg": (1.0, 0.0), "g": (1e3, 0.0), "ug": (1e-3, 0.0), "ng": (1e-6, 0.0), "kg": (1e6, 0.0)},
    "share": {"percent": (1.0, 0.0)},
    "current": {
        "A": (1.0, 0.0), "mA": (1e-3, 0.0), "uA": (1e-6, 0.0), "nA": (1e-9, 0.0), "pA": (1e-12, 0.0), "fA": (1e-15, 0.0),
    },
    "voltage": {"V": (1.0, 0.0), "mV": (1e-3, 0.0), "uV": (1e-6, 0.0), "kV": (1e3, 0.0)},
    "charge": {
        "Ah": (1.0, 0.0), "mAh": (1e-3, 0.0), "uAh": (1e-6, 0.0), "C": (1 / 3600, 0.0), "mC": (1e-3 / 3600, 0.0),
    },
    "energy": {"eV": (1.0, 0.0), "keV": (1e3, 0.0)},
    "length": {"nm": (1.0, 0.0), "um": (1e3, 0.0), "pm": (1e-3, 0.0), "angstrom": (0.1, 0.0)},
    "rate": {"cps": (1.0, 0.0), "kcps": (1e3, 0.0)},
    "counts": {"counts": (1.0, 0.0), "kcounts": (1e3, 0.0)},
}  # fmt: skip
# Other spellings, without blanks and with u for micro; tried as they stand, then in lower case.
SPELLINGS = {
    "time": {
        "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms", "milliseconds": "ms", "minute": "min", "minutes": "min",
        "mins": "min", "m": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
    },
    "temperature": {
        "°C": "degC", "ºC": "degC", "˚C": "degC", "℃": "degC", "C": "degC", "celsius": "degC", "degc": "degC",
        "\ufffdC": "degC", "?C": "degC", "\ufffd": "degC", "?": "degC", "oC": "degC", "ï¿½C": "degC", "Â°C": "degC",
        "deg.C": "degC", "kelvin": "K", "°K": "K", "°F": "degF", "F": "degF",
    },
    "mass": {"µg": "ug", "mcg": "ug", "milligram": "mg", "gram": "g"},
    "share": {"%": "percent", "wt%": "percent", "wt.%": "percent", "wt.-%": "percent", "mass%": "percent", "pct": "percent"},
    "current": {"amp": "A", "amps": "A", "ampere": "A", "mamps": "mA", "milliampere": "mA", "microampere": "uA"},
    "voltage": {"volt": "V", "volts": "V", "millivolt": "mV"},
    "charge": {
        "A.h": "Ah", "A*h": "Ah", "Amp-hr": "Ah", "mA.h": "mAh", "mAmp-hr": "mAh", "ah": "Ah", "mah": "mAh",
        "ampere_hour": "Ah", "milliampere_hour": "mAh", "coulomb": "C", "As": "C", "mAs": "mC",
    },
    "energy": {"ev": "eV", "kev": "keV"},
    "length": {"micron": "um", "microns": "um", "Å": "angstrom", "A": "angstrom"},
    "rate": {
        "counts/s": "cps", "count/s": "cps", "c/s": "cps", "cts/s": "cps", "1/s": "cps", "Hz": "cps",
        "counts/sec": "cps", "countspersecond": "cps", "CPS": "cps", "kcounts/s": "kcps",
        "s-1": "cps", "s^-1": "cps", "1/sec": "cps", "counts.s-1": "cps", "countss-1": "cps", "counts*s-1": "cps",
        "kc/s": "kcps", "kcts/s": "kcps", "kHz": "kcps",
    },
    "counts": {"count": "counts", "cts": "counts", "Counts": "counts", "arb.units": "counts", "a.u.": "counts"},
}  # fmt: skip

_BRACKET = re.compile(r"(?P<name>.*?)\s*[\[(<]\s*(?P<unit>[^\[\]()<>]*)[\])>]\s*\Z", re.DOTALL)
_SIGN = re.compile(r"(?P<name>.*?)\s*(?:#|/|, )\s*(?P<unit>[^#,]+)\Z", re.DOTALL)


def dimension_of(quantity: str) -> str:
    """Return the dimension that a quantity's name ends with, empty for one that carries none."""
    suffix = quantity.rsplit("_", 1)[-1]
    return next((d for d, units in DIMENSIONS.items() if suffix in units), "")


def known_unit(unit: str, dimension: str) -> str:
    """Return the plain name of a unit of a dimension, empty if it is none.

    Examples
    --------
    >>> known_unit("°C", "temperature"), known_unit("A.h", "charge"), known_unit("mg", "time")
    ('degC', 'Ah', '')
    """
    text = re.sub(r"\s+(?:vs\.?|versus)\s.*", "", unit.strip()).replace(" ", "")
    text = text.replace("µ", "u").replace("μ", "u")
    for form in (text, text.lower()):
        if form in DIMENSIONS[dimension]:
            return form
        if form in SPELLINGS[dimension]:
            return SPELLINGS[dimension][form]
    return ""


def split_label(label: str) -> tuple[str, str]:
    """Cut a column's label into its name and the unit that it carries, if any.

    Examples
    --------
    >>> split_label("Time (min)"), split_label("Test Time / s"), split_label("current_mA")
    (('Time', 'min'), ('Test Time', 's'), ('current', 'mA'))
    >>> split_label("Program Duration#s"), split_label("Voltage")
    (('Program Duration', 's'), ('Voltage', ''))
    """
    text = " ".join(label.split())
    if known_unit(text, "rate") or known_unit(text, "counts"):
        return text, text
    if match := _BRACKET.fullmatch(text):
        return match["name"].strip(), match["unit"].strip()
    if match := _SIGN.fullmatch(text):
        return match["name"].strip(), match["unit"].strip()
    for words in (2, 1):  # `charging_capacity_ampere_hour`
        name, *unit = text.rsplit("_", words)
        suffix = "_".join(unit)
        if name and any(known_unit(suffix, dimension) for dimension in DIMENSIONS):
            return name, suffix
    return text, ""


def factor_and_offset(unit: str, quantity: str) -> tuple[float, float] | None:
    """Return what turns a value in `unit` into the quantity's own unit; None if nothing does.

    Examples
    --------
    >>> factor_and_offset("min", "time_s"), factor_and_offset("K", "temperature_degC")
    ((60.0, 0.0), (1.0, -273.15))
    """
    dimension = dimension_of(quantity)
    if not dimension or not (name := known_unit(unit, dimension)):
        return None
    own = quantity.rsplit("_", 1)[-1]
    factor, offset = DIMENSIONS[dimension][name]
    own_factor, own_offset = DIMENSIONS[dimension][own]
    return factor / own_factor, (offset - own_offset) / own_factor


def converted(values: np.ndarray, change: tuple[float, float]) -> np.ndarray:
    """Return the values in another unit; untouched where nothing changes, so that no digit moves."""
    factor, offset = change
    if factor != 1.0:
        values = values * factor
    return values + offset if offset else values
