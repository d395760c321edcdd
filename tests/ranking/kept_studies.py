"""Studies far from the shipped configuration, for `test_kept.py`: each gives the ranking's tables and its statement."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from coatbench.ranking import effects
from coatbench.ranking.tables import make_tables

from ranking import planted, synthetic

Made = tuple[dict[str, list[dict[str, Any]]], list[str]]
DEGC, HOURS, GAS = planted.FACTORS
NEXT = {"batch": 2, "cost_per_sample": 1.0, "cost_per_setting": {}}
FEW = {"draws": 1000, "response_draws": 300}
THREE = planted.FACTORS | {GAS: {"label": "atmosphere", "kind": "categorical", "levels": ["O2", "air", "Ar", "N2"]}}  # fmt: skip


def plane(s: Mapping[str, Any]) -> float:
    """Rise with temperature, fall with the logarithm of time, a little higher in O2."""
    return 0.5 + 0.0005 * (s[DEGC] - 250) - 0.07 * math.log(s.get(HOURS, 1) / 0.5) + 0.05 * (s.get(GAS) == "O2")  # fmt: skip


def hill(s: Mapping[str, Any]) -> float:
    """Highest at 425 degC and 2 h, lower in O2."""
    off = ((s[DEGC] - 425) / 80) ** 2 + math.log(s.get(HOURS, 2) / 2) ** 2
    return 0.4 + 0.5 * math.exp(-0.5 * off) * (0.6 if s.get(GAS) == "O2" else 1.0)


def cliff(s: Mapping[str, Any]) -> float:
    """Rise up to 400 degC and break off."""
    return 0.3 + 0.001 * (s[DEGC] - 250) if s[DEGC] <= 400 else 0.1


def drawn(n: int, seed: int, gases: tuple[str, ...] = ("air", "O2")) -> list[dict[str, Any]]:
    """Settings of three factors, some of them twice."""
    rng = np.random.default_rng(seed)
    return [
        {DEGC: float(rng.choice(np.arange(250, 551, 50))), HOURS: float(rng.choice([0.5, 1, 2, 4, 8, 16])), GAS: str(rng.choice(gases))}
        for _ in range(n)
    ]  # fmt: skip


def along(*degC: float) -> list[dict[str, Any]]:
    return [{DEGC: float(t)} for t in degC]


def only(*names: str) -> dict[str, Any]:
    return {n: THREE[n] for n in names}


def measured() -> Made:
    """Criteria of the configuration over one factor: replicates, doubt, gaps, other weights and a shared reference."""
    temperatures = (100, 200, 300, 350, 400, 500, 600)
    tables = synthetic.tables(temperatures, optima={"coverage": 320, "ice": 450, "ocv": 400, "sims": 250})  # fmt: skip
    samples = synthetic.samples(temperatures)
    samples.append(samples[4] | {"sample": "again", "label": "300 °C, again"})
    samples.append(samples[5] | {"sample": "partly", "label": "half measured"})
    for name, rows in tables.items():
        if name != "leis_windows":
            like = [r for r in rows if r["sample"] == "c300"]
            rows += [r | {"sample": "again"} | {k: 1.03 * r[k] for k in ("value", "coverage", "relative_degradation") if k in r} for r in like]  # fmt: skip
    tables["xps_coverage"].append(tables["xps_coverage"][3] | {"sample": "partly"})
    for row in tables["cycling_metrics"]:
        row |= {"n_cells": 3.0, "degrees_of_freedom": 4.0, "value_sd": 0.006 * row["value"] ** 0.5} if row["sample"] in ("c350", "c400") else {}  # fmt: skip
        row |= {"quality": "doubtful", "quality_note": "rest of 20 s"} if row["sample"] == "c500" else {}  # fmt: skip
        row |= {"quality": "unusable", "quality_note": "no charge"} if row["sample"] == "c600" else {}  # fmt: skip
    for row in tables["sims_degradation"]:
        if row["sample"] == "uncoated":
            row |= {"relative_degradation_ci_low": 0.93, "relative_degradation_ci_high": 1.08}
    tables["stem_layers"].append(tables["stem_layers"][0] | {"field": "f3", "value_median": 33.5})
    config = synthetic.config() | FEW | {"weights": {"coverage": 2.0, "efficiency": 0.5}, "confidence": 0.7}  # fmt: skip
    config["criteria"] = {k: dict(c) for k, c in config["criteria"].items()}
    config["criteria"]["degradation_oxygenated"]["smallest_difference"] = 0.0
    config["criteria"]["lacking"] = config["criteria"]["coverage"] | {"label": "what lacks", "table": "none", "group": "lacking"}  # fmt: skip
    factors = only(DEGC) | {HOURS: {"label": "annealing time", "unit": "h", "scale": "log"}}
    return make_tables(tables, samples, config, "uncoated", factors)


def compared_with_nothing() -> Made:
    """No reference; groups that do not count; values that only differ by less than matters, and equal ones."""
    temperatures = (200, 300, 400, 500)
    tables = synthetic.tables(temperatures, optima={"ice": 480, "sims": 200})
    for row in tables["xps_coverage"]:
        row |= {"coverage": 0.7, "quality": "doubtful", "quality_note": "one spot"}
    for row in tables["cycling_metrics"]:
        row["value"] = 3.56 if row["metric"] == "relaxed_potential_charge_V" else row["value"]
    config = synthetic.config() | FEW | {"weights": {"degradation": 0.0, "resistance": 3.0}}
    config["criteria"] = {k: dict(c) for k, c in config["criteria"].items()}
    for name in ("initial_coulombic_efficiency", "coverage"):
        config["criteria"][name]["smallest_difference"] = 0.0
    factors = only(DEGC) | {GAS: THREE[GAS] | {"empty": "air"}}
    samples = synthetic.samples(temperatures)
    samples[-1] |= {"label": "400 °C"}
    return make_tables(tables, samples, config, None, factors)


def many_factors() -> Made:
    """Effects of factors so many that no grid holds them, from a regression."""
    rng = np.random.default_rng(8)
    factors = {n: {"label": n, "unit": u, "low": 0, "high": 1, "step": 0.5} for n, u in zip("abcd", ("mm", "mm", "", "%"), strict=True)}  # fmt: skip
    some = [{n: float(v) for n, v in zip("abcd", row, strict=True)} | {GAS: g} for row, g in zip(rng.integers(0, 3, (11, 4)) / 2, ("air", "O2", "Ar", "air") * 3, strict=False)]  # fmt: skip
    response = lambda s: 0.4 + 0.3 * s["a"] - 0.2 * s["b"] ** 2 + 0.1 * (s[GAS] == "Ar")  # noqa: E731
    largest, effects.LARGEST = effects.LARGEST, 10
    try:
        return changed(some, {"r": response}, factors=factors | {GAS: THREE[GAS]})
    finally:
        effects.LARGEST = largest


def many_settings() -> Made:
    """More settings that may be advised than are looked at, one level of them never tested."""
    fine = {DEGC: THREE[DEGC] | {"low": 240, "high": 560, "step": 5}, HOURS: {"label": "annealing time", "unit": "h", "scale": "log", "low": 0.4, "high": 20}, GAS: THREE[GAS]}  # fmt: skip
    return changed(drawn(9, 12), {"hill": hill}, factors=fine, next=NEXT)  # fmt: skip


def changed(made: list[dict[str, Any]], responses: Mapping[str, Callable], **more: Any) -> Made:
    """A planted study with fewer draws."""
    return planted.study(made, responses, **FEW | more)


def unknown_settings() -> Made:
    """Two factors, some samples of unknown or impossible settings; the optimum lies at an end."""
    some = drawn(11, 5, ("air",))
    some[3][HOURS], some[6][HOURS] = "", 0.0
    responses = {
        "plane": lambda s: plane(s | {HOURS: s[HOURS] or 1.0}), "cliff": cliff,
    }  # fmt: skip
    next_ = {"batch": 3, "cost_per_sample": 2.0, "cost_per_setting": {DEGC: 4.0, HOURS: 0.5}}
    wide = THREE[DEGC] | {"low": 200, "high": 650, "step": 50}
    return changed(some, responses, factors={DEGC: wide, HOURS: THREE[HOURS]}, next=next_)


def together() -> Made:
    """Two factors that were changed together."""
    some = [{DEGC: 250.0 + 50 * i, HOURS: 2.0**i / 2, GAS: ("air", "O2")[i % 2]} for i in (0, 1, 2, 3, 4, 5, 2)]  # fmt: skip
    return changed(some, {"plane": plane, "hill": hill}, factors=THREE)


def many_alike() -> Made:
    """A dozen samples that nothing tells apart, all worse than the reference."""
    return changed(along(*range(250, 550, 25)), {"a": lambda s: -0.3, "b": lambda s: -0.2}, factors=only(DEGC), sd=0.004)  # fmt: skip


STUDIES: dict[str, Callable[[], Made]] = {
    "measured": measured,
    "three factors": lambda: changed(drawn(12, 3, ("air", "O2", "Ar")), {"plane": plane, "hill": hill}, factors=THREE, weights={"plane": 4.0}),
    "unknown settings": unknown_settings,
    "together": together,
    "many alike": many_alike,
    "a cliff": lambda: changed(along(250, 300, 350, 400, 450, 500, 400), {"cliff": cliff, "hill": hill}, factors=only(DEGC), sd=0.03),
    "compared with nothing": compared_with_nothing,
    "many factors": many_factors,
    "many settings": many_settings,
    "gases": lambda: changed([{GAS: g, DEGC: t} for g, t in (("air", 300), ("O2", 300), ("Ar", 350), ("air", 300))], {"a": lambda s: {"air": 0.2, "O2": 0.5, "Ar": 0.45}[s[GAS]]}, factors=only(GAS)),
    "two samples": lambda: changed(along(300, 400), {"plane": plane, "hill": hill}, factors=only(DEGC)),
    "one sample": lambda: changed(along(300), {"plane": plane}, factors=only(DEGC)),
    "no sample": lambda: changed([], {"plane": plane}, factors=only(DEGC)),
    "at the end": lambda: changed(along(250, 300, 350, 400, 450), {"plane": plane}, factors={DEGC: THREE[DEGC] | {"high": 450}}),
    "beyond": lambda: changed(along(450, 400, 500, 530), {"plane": plane}, factors={DEGC: THREE[DEGC] | {"high": 700}}, next=NEXT | {"batch": 1}),
    "nothing allowed": lambda: changed(along(300, 400, 450, 500), {"hill": hill}, factors={DEGC: THREE[DEGC] | {"high": 600, "levels": [700, 800]}}),
}  # fmt: skip


def columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Columns of a table: arrays of numbers, words one after the other."""
    found: dict[str, Any] = {"rows": len(rows)}
    for name in dict.fromkeys(k for r in rows for k in r):
        values = [r.get(name) for r in rows]
        if all(v is None or isinstance(v, (int, float)) for v in values):
            found[name] = np.array([math.nan if v is None else float(v) for v in values])
        else:
            words = ["" if v is None else str(v) for v in values]
            found[name] = " | ".join(words if len(set(words)) > len(words) / 3 else dict.fromkeys(words))  # fmt: skip
    return found
