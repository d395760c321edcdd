"""Studies of LEIS spectra whose windows hold planted yields relative to `bare`, one window per criterion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from coatbench.simulate.write_qtac import write_qtac

# Ends of the tested range and optimum; end of the tested and of the allowed range; optima; optimum of three factors.
RIGHT: dict[str, Any] = {
    "narrow": (412, 425, 419), "edge": (550, 750), "abrupt": {"q00": 440, "q01": 365, "q02": 395},
    "factors": (400, 4, "air"),
}  # fmt: skip
LOW_EV, STEP_EV, CHANNELS, COUNTS = 700.0, 6.0, 120, 9000.0
HOURS = (0.5, 1, 2, 4, 8, 16)


def write_study(
    folder: Path,
    samples: Mapping[str, tuple[float, float, str]],
    responses: Mapping[str, Sequence[float]],
    *,
    replicate_sd: float = 0.01,
    smallest: Sequence[float] = (0.01,) * 3,
    **settings: Any,
) -> None:
    """Write a study: settings (degC, h, atmosphere) and responses per sample."""
    n = len(next(iter(responses.values())))
    edges = LOW_EV + STEP_EV * CHANNELS / n * np.arange(n + 1) - STEP_EV / 2
    (folder / "leis").mkdir(parents=True)
    windows = {f"w{i:02d}": {"low": float(edges[i]), "high": float(edges[i + 1])} for i in range(n)}
    criteria = {
        f"q{i:02d}": {
            "label": f"property {i}", "unit": "1", "table": "leis_windows", "column": "relative_to_reference",
            "uncertainty": "relative_to_reference_sd", "where": {"window": f"w{i:02d}", "heating_temperature_degC": 200},
            "direction": "higher", "group": f"q{i:02d}", "replicate_sd": replicate_sd, "smallest_difference": smallest[i],
        }
        for i in range(n)
    }  # fmt: skip
    study = {"leis": {"windows": windows}, "ranking": {"criteria": criteria}} | settings
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    energy = LOW_EV + STEP_EV * np.arange(CHANNELS)
    table = ["sample,role,label,annealing_temperature_degC,annealing_time_h,atmosphere"]
    index = ["sample,file,heating_temperature_degC,dose_nC"]
    for sample, values in {"bare": (1.0,) * n, **responses}.items():
        counts = COUNTS * np.repeat(values, CHANNELS // n)
        # Scatter of counts that leaves a window's sum: without any a spectrum is not believed.
        counts += np.sqrt(counts) * np.resize([1, -1], CHANNELS)
        write_qtac(folder / "leis" / f"{sample}.txt", energy, np.round(counts))
        degC, hours, atmosphere = samples.get(sample, ("", "", ""))
        role = "coated" if sample in samples else "uncoated"
        table.append(f"{sample},{role},{sample},{degC},{hours},{atmosphere}")
        index.append(f"{sample},{sample}.txt,200,1500")
    (folder / "samples.csv").write_text("\n".join(table) + "\n")
    (folder / "leis" / "index.csv").write_text("\n".join(index) + "\n")


def along(*degC: float) -> dict[str, tuple[float, float, str]]:
    return {f"c{t:g}": (t, 1, "air") for t in degC}


def broken(t: float, at: float) -> float:
    """Rise slowly, and break off at a temperature."""
    return 0.45 + 0.0011 * (t - 200) if t <= at else 0.3


def write_cases(folder: Path) -> None:
    """Write all studies."""
    low, high, best = RIGHT["narrow"]
    near = along(low, low + 5, low + 9, high)
    write_study(folder / "narrow", near, {s: (0.82 - 6e-4 * (t - best) ** 2,) for s, (t, *_) in near.items()})  # fmt: skip
    tested, allowed = RIGHT["edge"]
    rising = along(*range(tested - 400, tested + 1, 100))
    write_study(
        folder / "edge", rising, {s: (0.3 + 0.0013 * (t - 150), 0.55 + 9e-4 * (t - 150)) for s, (t, *_) in rising.items()},
        factors={"annealing_temperature_degC": {
            "label": "annealing temperature", "unit": "°C", "kind": "continuous", "scale": "linear", "low": 25, "high": allowed, "step": 25,
        }},
    )  # fmt: skip
    few = {s: (250 + 50 * i, 1, "air") for i, s in enumerate("abcdef")}
    trade = {"a": (0.75, 1.15), "b": (0.77, 0.7), "c": (1.0, 0.5)}
    write_study(folder / "indifferent", {s: few[s] for s in trade}, trade, replicate_sd=0.002, smallest=(0.05, 0.02))  # fmt: skip
    values = {"a": (1.15, 0.55), "b": (0.78, 0.88), "c": (0.92, 0.50), "d": (0.84, 0.62), "e": (0.80, 0.60), "f": (0.40, 0.62)}  # fmt: skip
    for name, chosen in (("order_five", "abcde"), ("order_six", "abcdef")):
        write_study(folder / name, {s: few[s] for s in chosen}, {s: values[s] for s in chosen}, replicate_sd=0.004)  # fmt: skip
    q00, q01, q02 = RIGHT["abrupt"].values()
    wide = along(*range(210, 561, 70))
    write_study(
        folder / "abrupt", wide, {s: (broken(t, q00), broken(t, q01), 0.9 - 1.2e-5 * (t - q02) ** 2) for s, (t, *_) in wide.items()},
        replicate_sd=0.02,
    )  # fmt: skip
    write_factors(folder / "factors")


def write_factors(folder: Path) -> None:
    """Write the study over temperature, time and atmosphere."""
    rng = np.random.default_rng(11)
    best, hours, atmosphere = RIGHT["factors"]
    samples, responses = {}, {}
    for i in range(18):
        t, h, a = 250 + 50 * (5 * i % 7), HOURS[i % 6], ("air", "O2")[(i // 3 + i) % 2]
        x, y, z = (t - 250) / 300, math.log(h / 0.5) / math.log(32), float(a == "O2")
        off = math.log(h / hours) / math.log(32)
        q00 = 0.55 + 0.12 * x - 0.28 * y + 0.04 * z
        q01 = 0.9 - 1.2 * ((t - best) / 300) ** 2 - 0.8 * off**2 - 0.1 * (a != atmosphere)
        name = f"f{i:02d}"
        samples[name] = (t, h, a)
        responses[name] = (q00 + rng.normal(0, 0.01), q01 + rng.normal(0, 0.01))
    write_study(folder, samples, responses, factors={
        "annealing_temperature_degC": {
            "label": "annealing temperature", "unit": "°C", "kind": "continuous", "scale": "linear", "low": 250, "high": 550, "step": 25,
        },
        "annealing_time_h": {"label": "annealing time", "unit": "h", "kind": "continuous", "scale": "log", "levels": list(HOURS)},
        "atmosphere": {"label": "atmosphere", "kind": "categorical", "levels": ["air", "O2"]},
    })  # fmt: skip
