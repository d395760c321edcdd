"""Result tables of the contract's shape with a planted optimum, made without any analysis code."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import yaml
from coatbench.settings import follow

ROOT = Path(__file__).parents[2]
TEMPERATURES = (25, 100, 200, 300, 400, 500, 600, 700)


def config() -> dict[str, Any]:
    """The ranking section of config.yaml with fewer draws, so that a test takes a blink."""
    whole = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    section = copy.deepcopy(follow(whole["ranking"], whole))
    section["draws"], section["response_draws"] = 4000, 600
    return section


def factors() -> dict[str, Any]:
    """The factors of config.yaml."""
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["factors"]


def make(tables, samples, config, reference):
    """All tables of a ranking over the factors of config.yaml."""
    from coatbench.ranking.tables import make_tables as of_library

    return of_library(tables, samples, config, reference, factors())


def columns(config) -> dict[str, list[str]]:
    """The columns of those tables."""
    from coatbench.ranking.columns import table_columns

    path = ROOT / "workflow" / "schemas" / "tables" / "ranking.yaml"
    return table_columns(yaml.safe_load(path.read_text(encoding="utf-8")), config, factors())


def bump(temperature: float, optimum: float, width: float = 150.0) -> float:
    """1 at the optimum, falling smoothly to 0."""
    return math.exp(-0.5 * ((temperature - optimum) / width) ** 2)


def samples(temperatures=TEMPERATURES) -> list[dict[str, str]]:
    head = {"label": "", "annealing_time_h": "", "atmosphere": ""}
    rows = [
        {"sample": "lps", "role": "precursor", "annealing_temperature_degC": "", **head},
        {"sample": "uncoated", "role": "uncoated", "annealing_temperature_degC": "", **head},
    ]
    for t in temperatures:
        rows.append(
            {
                "sample": f"c{t:03d}",
                "role": "coated",
                "label": f"{t} °C",
                "annealing_temperature_degC": str(t),
                "annealing_time_h": "1",
                "atmosphere": "synthetic air",
            }
        )
    return rows


def metric(sample: str, name: str, value: float, protocol: str = "short", n: int = 1) -> dict:
    return {
        "sample": sample,
        "protocol": protocol,
        "metric": name,
        "value": value,
        "value_sd": None if n == 1 else 0.4,
        "n_cells": float(n),
        "degrees_of_freedom": float(n - 1) or None,
    }


def tables(
    temperatures=TEMPERATURES, optimum: float = 350.0, optima: dict[str, float] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Tables whose every criterion is best at `optimum` (or at its own in `optima`)."""
    at = {"coverage": optimum, "ice": optimum, "ocv": optimum, "sims": optimum, **(optima or {})}
    coverage = [_coverage("uncoated", 0.05)]
    cells = [
        metric("uncoated", "initial_coulombic_efficiency_percent", 85.0),
        metric("uncoated", "relaxed_potential_charge_V", 3.56),
        metric("uncoated", "relaxed_potential_discharge_V", 2.45),
    ]
    degradation = [_degradation("uncoated", g, 1.0) for g in ("polysulfide_like", "oxygenated")]
    for t in temperatures:
        s = f"c{t:03d}"
        coverage.append(_coverage(s, 0.4 + 0.5 * bump(t, at["coverage"])))
        cells += [
            metric(s, "initial_coulombic_efficiency_percent", 82 + 6 * bump(t, at["ice"])),
            metric(s, "relaxed_potential_charge_V", 3.55 + 0.08 * bump(t, at["ocv"])),
            metric(s, "relaxed_potential_discharge_V", 2.5 - 0.25 * bump(t, at["ocv"])),
        ]
        for group in ("polysulfide_like", "oxygenated"):
            degradation.append(_degradation(s, group, 0.95 - 0.5 * bump(t, at["sims"])))
    return {
        "xps_coverage": coverage,
        "cycling_metrics": cells,
        "sims_degradation": degradation,
        "leis_windows": [
            {
                "sample": "c300",
                "heating_temperature_degC": 200.0,
                "window": "near_surface",
                "relative_to_reference": 0.2,
            }
        ],
        "stem_layers": [
            {"sample": "c400", "field": f, "quantity": "layer_thickness_nm", "value_median": v}
            for f, v in (("f1", 30.0), ("f2", 40.0))
        ],
    }


def _coverage(sample: str, value: float) -> dict[str, Any]:
    return {
        "sample": sample,
        "definition": "eq1",
        "rsf_library": "scofield",
        "coverage": value,
        "coverage_sd": 0.01,
        "n_spots": 1.0,
    }


def _degradation(sample: str, group: str, value: float) -> dict[str, Any]:
    return {
        "sample": sample,
        "group": group,
        "weighting": "pca_max",
        "relative_degradation": value,
        "relative_degradation_ci_low": value - 0.05,
        "relative_degradation_ci_high": value + 0.05,
        "n_regions": 14.0,
    }
