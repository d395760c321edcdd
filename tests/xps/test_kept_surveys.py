"""Surveys of many materials: what is a peak, whose it is and how much of it there is; held number by number (`kept_numbers`)."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.analysis import Analysis
from coatbench.arrays import Arrays
from coatbench.quality import Quality, doubtful
from coatbench.xps.survey import Peak, Survey, _shift, find_peaks, read_survey
from coatbench.xps.survey_lines import auger_of, lines_of
from coatbench.xps.survey_tables import add_survey
from kept_numbers import hold

from .planted import survey
from .test_survey import COBALT, NICKEL, SHOWN, drawn

KEPT = Path(__file__).parent / "kept"
AL, MG = 1486.69, 1253.6
X = np.arange(0.0, 1380.0, 0.8)
NOISE = np.random.default_rng(20250311).normal(0.0, 40.0, X.size)


def smooth(peaks: dict[float, float], width: float = 3.2) -> np.ndarray:
    """Return counts of peaks (eV: height) on a slope, with so little noise that no two channels are alike."""
    return 4000 + 1.5 * X + 0.1 * NOISE + sum(60 * h * np.exp(-4 * np.log(2) * ((X - e) / width) ** 2) for e, h in peaks.items())  # fmt: skip


def told(found: Survey) -> list[str]:
    """Return what a survey shows, one line each."""
    return [f"{found.shift_eV:.3f}"] + [f"{f.element} {f.line} {f.energy_eV:.2f} {f.area:.6g} {f.area_sd:.6g} {f.note}".strip() for f in found.found]  # fmt: skip


def pattern(element: str, photon: float, height: float = 100.0, auger: bool = True) -> dict[float, float]:  # fmt: skip
    """Return an element's lines as peaks: doublets apart, Auger groups in their middle."""
    lines = lines_of(element, photon)
    found = {}
    for f in lines:
        parts = [(f.energy_eV, 0.62), (f.last_eV, 0.38)] if f.last_eV > f.energy_eV + 3 else [(f.energy_eV, 1.0)]  # fmt: skip
        found |= {e: height * share * f.height / lines[0].height for e, share in parts}
    if auger:
        found |= {(low + high) / 2: 0.4 * height * min(most, 1.0) for low, high, most in auger_of(element, photon) if 30 < low < 1300}  # fmt: skip
    return found


def test_kept_peaks() -> None:
    """Ladders of heights, widths and distances, against noise and against the highest peak."""
    found: dict[str, Any] = {}
    heights = {40 + 80 * i: 4.0 * 1.1**i for i in range(16)}
    for name, y, time_s in (("0.5 s", smooth(heights), 0.5), ("2 s", smooth(heights), 2.0), ("no time", smooth(heights) + NOISE, math.nan)):  # fmt: skip
        found[name] = [[p.energy_eV, p.sigma, p.height] for p in find_peaks(X, y, time_s)[:4]]
        found[f"number of {name}"] = [len(find_peaks(X, f * y, time_s)) for f in (0.3, 0.6, 1.0, 1.6, 2.5, 6.0)]  # fmt: skip
    high = {40 + 80 * i: 3.0 * 1.12**i for i in range(14)} | {1300: 1800.0}
    found["against the highest"] = [round(p.energy_eV) for p in find_peaks(X, smooth(high), 50.0)]
    found["widths"] = [len(find_peaks(X, smooth({100 + 90 * i: 6.0 + 2 * i for i in range(12)}, w), 1.0)) for w in (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 16.0)]  # fmt: skip
    for step in (1, 2, 4):
        pairs = {100: 50.0, 106: 50.0, 300: 50.0, 304: 50.0, 500: 50.0, 503: 50.0, 700: 50.0, 709: 20.0}  # fmt: skip
        found[f"pairs at every {step}"] = [round(p.energy_eV, 1) for p in find_peaks(X[::step], smooth(pairs)[::step], 1.0)]  # fmt: skip
    found["few channels"] = [len(find_peaks(X[:n], smooth({4: 90.0})[:n], 1.0)) for n in (12, 15, 16, 17, 18, 19, 40)]  # fmt: skip
    plateau = np.where(np.abs(X - 400) < 9, 9000.0, 4000.0) + 0.1 * NOISE
    found["plateau"] = [round(p.energy_eV, 1) for p in find_peaks(X, plateau, 1.0)]
    hold(KEPT / "peaks.csv", found)


def test_kept_charges() -> None:
    """Charge that a survey shows by itself: carbon and oxygen in their places, or oxygen alone."""
    found: dict[str, Any] = {}
    for carbon in (270.0, 283.0, 285.0, 287.5, 299.5, 301.0):
        for oxygen in (529.0, 531.5, 533.2, 533.6, 534.4, 546.0):
            peaks = [Peak(carbon, 30.0, 20.0), Peak(oxygen, 80.0, 40.0), Peak(855.0, 200.0, 90.0)]
            found[f"C {carbon:g} O {oxygen:g}"] = _shift(peaks)
    for oxygen in (514.0, 517.0, 529.1, 529.3, 531.0, 532.1, 532.3, 545.6, 546.0):
        found[f"O {oxygen:g}"] = _shift([Peak(oxygen, 80.0, 40.0), Peak(oxygen + 3, 20.0, 9.0)])
    several = [Peak(e, h, 20.0) for e, h in ((284.0, 10.0), (290.0, 14.0), (295.0, 60.0), (530.6, 50.0), (536.3, 60.0), (541.5, 9.0))]  # fmt: skip
    found["several"] = _shift(several)
    found["none"] = [_shift([]), _shift([Peak(100.0, 9.0, 9.0)])]
    hold(KEPT / "charges.csv", {"shifts": [str(v) if isinstance(v, list) else f"{k}: {v:.3f}" for k, v in found.items()]})  # fmt: skip


ODD = {
    "nickel": NICKEL, "nickel and cobalt": NICKEL | COBALT | {531: 90, 22: 10}, "lone": {400: 60}, "valence": {5: 50, 11: 40, 14: 30},
    "losses": {531: 100, 540: 9, 552: 14, 557: 14, 562: 14, 285: 60}, "high losses": {531: 100, 545: 22, 552: 16}, "too high to be weak": {531: 100, 285: 30, 23: 90},
    "charged": {533.2: 90, 287.1: 20, 860.4: 60, 878: 25}, "charged, no carbon": {533.8: 90, 858: 60, 875: 25}, "hidden": {780: 60, 796: 30, 641: 40, 652: 18, 531: 60},
}  # fmt: skip


@pytest.mark.parametrize("photon", [AL, MG])
def test_kept_names_of_odd_surveys(photon: float) -> None:
    found: dict[str, Any] = {}
    for name, peaks in ODD.items():
        for preferred in ((), ("Co", "Mn", "F")):
            found[f"{name} {' '.join(preferred)}"] = told(read_survey(X, smooth(peaks), 1.0, photon, None, preferred))  # fmt: skip
    found["given charge"] = told(read_survey(X, smooth(ODD["charged"]), 1.0, photon, 2.2))
    found["no time"] = told(read_survey(X, smooth(ODD["charged"]) + NOISE, math.nan, photon))
    found["cut"] = told(read_survey(X[300:1000], smooth(NICKEL | {531: 90})[300:1000], 1.0, photon))
    for name, (peaks, _) in SHOWN.items():
        found[name] = told(read_survey(*drawn(peaks, 40.0), 1.0, photon))
    hold(KEPT / f"odd_surveys_{photon:g}.csv", found)


ELEMENTS = ("Li", "B", "F", "Na", "Al", "Cl", "Ca", "Ti", "Mn", "Zn", "Ga", "As", "Se", "Br", "Sr", "Nb", "Mo", "Ru", "Ag", "Sn", "I", "Cs", "Ba", "La", "Nd", "Gd", "Hf", "Ta", "W", "Pt", "Au", "Hg", "Pb", "Bi")  # fmt: skip


def test_kept_names_of_elements() -> None:
    """Each element beside oxygen and carbon, in full, without its Auger groups, weakly, and two rare ones at once."""
    common = pattern("O", AL, 90.0) | {285: 25.0}
    found: dict[str, Any] = {}
    for element in ELEMENTS:
        other = ELEMENTS[(ELEMENTS.index(element) + 11) % len(ELEMENTS)]
        told_of = []
        full, other = pattern(element, AL, 70.0), pattern(other, AL, 50.0)
        for peaks, time_s in ((full, 60.0), (pattern(element, AL, 70.0, False), 60.0), (pattern(element, AL, 8.0), 60.0), (full, 3.0), (full | other, 20.0)):  # fmt: skip
            own = read_survey(X, smooth(common | peaks), time_s, AL)
            rest = [f"{f.energy_eV:.0f}" for f in own.found if not f.element]
            told_of.append(" ".join([*own.elements, *rest]))
        found[element] = "; ".join(told_of)
    for factor in (0.3, 0.5, 0.7, 0.9, 1.1, 1.4):
        own = {e: factor * h for e, h in pattern("Ru", AL, 12.0, False).items()}
        found[f"rare, {factor:g}"] = " ".join(
            read_survey(X, smooth(common | own), 60.0, AL).elements
        )
        second = {e: h * (factor if h < 40 else 1) for e, h in pattern("Ru", AL, 70.0, False).items()}  # fmt: skip
        found[f"weak second, {factor:g}"] = " ".join(read_survey(X, smooth(common | second), 6.0, AL).elements)  # fmt: skip
    hold(KEPT / "elements.csv", found)


def test_kept_areas() -> None:
    """Areas of lines that stand alone or share their window, at the ends of a survey, on slopes and steps."""
    found: dict[str, Any] = {}
    free = {531: 80, 285: 30, 1072: 50, 497: 12, 63: 6}
    for name, peaks in {"free": free, "shared": free | {711: 60, 724: 28, 690: 40}, "2p": free | {855: 60, 873: 30, 862: 25}, "overlap": {531: 80, 285: 30, 293: 40, 296: 20, 378: 9}}.items():  # fmt: skip
        for time_s in (2.0, math.nan):
            y = smooth(peaks) + np.where(X > 540, 900.0, 0.0) + NOISE * math.isnan(time_s)
            found[f"{name} {time_s}"] = told(read_survey(X, y, time_s, AL, 0.0, ("F", "Fe", "Ni", "K", "Na")))  # fmt: skip
        found[f"{name} coarse"] = told(read_survey(X[::3], smooth(peaks)[::3], 0.5, AL, 0.0, ("F", "Fe", "Ni", "K", "Na")))  # fmt: skip
    found["falling"] = told(
        read_survey(X, (smooth(free) - 5 * X + 4000) / 4, 2.0, AL, 0.0, ("Na",))
    )
    for end in (525.0, 534.0, 536.0, 539.0, 545.0):
        kept = end > X
        found[f"ends at {end:g}"] = told(read_survey(X[kept], smooth(free)[kept], 1.0, AL, 0.0))
    hold(KEPT / "areas.csv", found)


def test_kept_tables_of_surveys(config: dict) -> None:
    changed = copy.deepcopy(config)
    changed["rsf_library"], changed["rsf_extra"] = "kratos_f1s", {"Si 2p": 0.9}
    changed["regions"]["C 1s"]["components"]["carbonate"]["line"] = "K 2p"
    found: dict[str, Any] = {}
    wide = survey({"C": 20.0, "O": 40.0, "Ni": 9.0, "Si": 6.0, "Nb": 5.0, "Ca": 3.0})
    x, y = wide.binding_eV[::-1], wide.counts[::-1] / wide.time_s
    y = y + 6000 * np.exp(-(((x - 640.4) / 1.6) ** 2))
    for name, of, photon, transmission in (("as shipped", config, AL, None), ("another scale", changed, AL, x / 700), ("magnesium", changed, MG, None)):  # fmt: skip
        data = {"intensity_cps": ("energy", y), "kinetic_energy_eV": ("energy", photon - x)}
        if transmission is not None:
            data["transmission"] = ("energy", transmission)
        block = Arrays.of(data, {"binding_energy_eV": ("energy", x)}, {"counting_time_s": wide.time_s, "photon_energy_eV": photon})  # fmt: skip
        result = Analysis()
        for shift, judged in ((None, Quality()), (1.1, doubtful("charge"))):
            note = add_survey(result, {"sample": "s", "spot": "1"}, "wide", block, shift, judged, of)  # fmt: skip
            found[f"{name} {shift}"] = note
        found[name] = [" ".join(f"{v:.6g}" if isinstance(v, float) else str(v) for k, v in row.items() if k not in ("sample", "spot", "region")) for row in result.tables["xps_survey"]]  # fmt: skip
    nothing = Arrays.of({"intensity_cps": ("energy", 0 * y + 50)}, {"binding_energy_eV": ("energy", x)}, {"counting_time_s": 1.0})  # fmt: skip
    found["nothing"] = add_survey(Analysis(), {}, "wide", nothing, None, Quality(), config)
    hold(KEPT / "survey_tables.csv", found)
