"""What the columns of a Proteus export are: their names in the languages of its PCs, their units, and which mass is meant."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np

from ..errors import ReadError, quote

MASS_UNITS = {"%": 1.0, "mg": 1.0, "g": 1000.0, "ug": 1e-3, "µg": 1e-3, "\u03bcg": 1e-3}
SECONDS = {"min": 60.0, "s": 1.0, "h": 3600.0, "sec": 1.0, "Min": 60.0, "分": 60.0, "秒": 1.0}
# How the instrument's software calls its columns, by the language of the PC.
NAMES = {
    "temperature": (
        "temp", "temperature", "temperatur", "température", "temperatura", "температура", "темп", "温度", "溫度", "온도",
        "sample temp", "probentemperatur", "試料温度", "样品温度",
    ),
    "time": ("time", "zeit", "temps", "tiempo", "tempo", "время", "时间", "時間", "시간"),
    "mass": (
        "mass", "tg", "masse", "masa", "massa", "масса", "тг", "质量", "質量", "重量", "질량", "weight", "gewicht",
    ),
    "mass_change": (
        "mass change", "mass loss", "weight change", "weight loss", "massenänderung", "masseänderung", "massenverlust",
        "masseverlust", "gewichtsverlust", "perte de masse", "variation de masse", "pérdida de masa", "perda de massa",
        "perdita di massa", "изменение массы", "потеря массы", "质量变化", "质量损失", "失重", "質量変化", "質量減少",
        "重量減少", "重量変化",
    ),
    "dsc": ("dsc", "ddk", "дск"),
    "dta": ("dta", "дта"),
    "segment": ("segment", "segmento", "сегмент", "段"),
}  # fmt: skip
_BY_NAME = {name: quantity for quantity, names in NAMES.items() for name in names}
# Encodings of PCs whose column names are in none of the usual ones.
EAST_ASIAN = ("gb18030", "cp932", "cp949", "big5")
LOSSES = ("mass loss", "weight loss", "massenverlust", "masseverlust", "gewichtsverlust", "质量损失", "失重", "重量減少", "質量減少", "потеря")  # fmt: skip
COUNTED_UP = 0.01  # of the sample: a loss above this counts up
# A mass change starts within this of 0 %; a mass that was tared starts with the sample.
NEAR_ZERO_PERCENT, TARED_SHARE = 30.0, 0.3
_LABEL = re.compile(r"(?P<name>[^(/]*)(?P<note>(?:\([^)]*\))*)(?:/(?P<unit>.*))?", re.DOTALL)


def quantity_of(label: str) -> str | None:
    """Return what a column is, by its name in any of the known languages."""
    name = label.lstrip("#").partition("/")[0]
    name = re.sub(r"\([^)]*\)", "", name).strip().rstrip(".").strip().lower()
    return _BY_NAME.get(unicodedata.normalize("NFC", name))


def settle_mass(
    variables: dict[str, tuple[str, np.ndarray, dict[str, str]]],
    sample_mass: float | None,
    warnings: list[str],
) -> None:
    """Turn what the software calls a mass, a change or a loss into the mass, by where it starts.

    `Mass loss/%` is the same signal as `Mass/%` where it starts at 100; where it starts at 0 it is a change, negative
    for a loss, and rarely a loss that counts up. A mass in mg that starts at 0 was tared with the sample on the pan.
    """

    def start(values: np.ndarray) -> float:
        known = values[np.isfinite(values)]
        return float(np.median(known[: max(5, known.size // 20)])) if known.size else float("nan")

    for unit, whole in (("percent", 100.0), ("mg", sample_mass)):
        change, mass = f"mass_change_{unit}", f"mass_{unit}"
        if change in variables and mass not in variables:
            _, values, attrs = variables[change]
            first = start(values)
            if unit == "percent" and first > NEAR_ZERO_PERCENT:
                variables[mass] = ("time", variables.pop(change)[1], attrs)
            elif whole:
                last = float(np.nanmedian(values[-5:]))
                falls = not (
                    attrs["label"].lower().startswith(LOSSES) and last > COUNTED_UP * whole
                )
                variables[mass] = ("time", whole + (values if falls else -values), attrs)
                if not falls:
                    warnings.append(f"{attrs['label']} counts up: read as what is lost")
        if mass not in variables or not whole:
            continue
        _, values, attrs = variables[mass]
        if abs(start(values)) < TARED_SHARE * whole:
            variables[mass] = ("time", values + whole, attrs)
            variables[change] = ("time", values, attrs)
            warnings.append(
                f"{attrs['label']} starts at 0: tared with the sample, its mass is added"
            )


def name_and_unit(path: Path, label: str) -> tuple[str, str, float]:
    """Return the name of a column in the data model, its unit and the factor to that unit."""
    match = _LABEL.fullmatch(label)
    name = match["name"].strip() if match else label
    unit = (match["unit"] or "").strip() if match else ""
    inner = unit.strip("()")
    lower, quantity = name.lower(), quantity_of(label)
    if quantity == "temperature":
        kelvin = inner.strip() == "K"
        if not kelvin and not inner.strip().upper().endswith(("C", "°", ">", "\u2103")):
            raise ReadError(path, "line of columns", "temperature in °C or K", quote(label))
        return ("temperature_K" if kelvin else "temperature_degC"), "K" if kelvin else "degC", 1.0
    if quantity == "time":
        if inner not in SECONDS:
            raise ReadError(path, "line of columns", "time in min, s or h", quote(label))
        return "time_s", "s", SECONDS[inner]
    if quantity in ("mass", "mass_change") and inner in MASS_UNITS:
        unit = "%" if inner == "%" else "mg"
        return f"{quantity}_{'percent' if unit == '%' else 'mg'}", unit, MASS_UNITS[inner]
    if quantity in ("dsc", "dta"):
        return quantity, inner.replace("µ", "u"), 1.0
    if quantity == "segment":
        return "segment", "1", 1.0
    note = match["note"] if match else ""
    plain = re.sub(r"[^a-z0-9]+", "_", f"{lower}{note.lower()}").strip("_") or "column"
    return plain, inner, 1.0
