"""Studies with planted criteria over any factors, as tables of the contract's shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from coatbench.ranking.tables import make_tables

from ranking import synthetic

FACTORS: dict[str, Any] = {
    "annealing_temperature_degC": {
        "label": "annealing temperature", "unit": "°C", "low": 250, "high": 550, "step": 25,
    },
    "annealing_time_h": {
        "label": "annealing time", "unit": "h", "scale": "log", "levels": [0.5, 1, 2, 4, 8, 16],
    },
    "atmosphere": {"label": "atmosphere", "kind": "categorical", "levels": ["air", "O2"]},
}  # fmt: skip


def study(
    settings: Sequence[Mapping[str, Any]],
    responses: Mapping[str, Callable[[Mapping[str, Any]], float]],
    *,
    sd: float = 0.01,
    factors: Mapping[str, Any] = FACTORS,
    seed: int = 1,
    **config: Any,
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Make the ranking of samples at these settings, whose criteria follow the responses with some scatter."""
    rng = np.random.default_rng(seed)
    samples = [{"sample": "bare", "role": "uncoated", "label": "bare"} | dict.fromkeys(factors, "")]
    rows = [{"sample": "bare", "kind": name, "value": 0.0, "value_sd": 0.0} for name in responses]
    for i, setting in enumerate(settings):
        name = f"s{i:02d}"
        samples.append(
            {"sample": name, "role": "coated", "label": f"sample {i}"}
            | {k: f"{v:g}" if isinstance(v, (int, float)) else v for k, v in setting.items()}
        )
        for kind, response in responses.items():
            value = response(setting) + rng.normal(0, sd)
            rows.append({"sample": name, "kind": kind, "value": value, "value_sd": sd})
    section = synthetic.config() | config
    section["criteria"] = {
        name: {
            "label": name, "table": "t", "column": "value", "uncertainty": "value_sd", "where": {"kind": name},
            "direction": "higher", "group": name, "smallest_difference": 0.05,
        }
        for name in responses
    }  # fmt: skip
    section["annotations"], section["consistency"] = {}, {}
    return make_tables({"t": rows}, samples, section, "bare", factors)
