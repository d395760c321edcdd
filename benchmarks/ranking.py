"""What the ranking promises, measured: intervals of the optimum that hold, and advice that pays.

    python benchmarks/ranking.py calibration [repetitions] [--write]
    python benchmarks/ranking.py campaigns [repetitions] [--write]

`calibration` plants responses of six kinds and counts how often the 95 % interval of `ranking_optimum` holds the planted optimum.
`campaigns` starts with a few samples, follows the advice for three rounds of four, and compares what is reached with
random settings, with one grid of the same size, and with such grids whose origin lies anywhere. Regret: how far the sample that
is taken for the best lies below the best possible setting, as a share of the range of the planted surface. With `--write` the
tables go into docs/ranking.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

import numpy as np  # noqa: E402
from coatbench.factors import Factor  # noqa: E402
from coatbench.ranking.advice import advise  # noqa: E402
from coatbench.ranking.optimum import find_optimum  # noqa: E402
from coatbench.ranking.rank import rank  # noqa: E402
from coatbench.ranking.surfaces import fit_surfaces, spread_points  # noqa: E402

T = Factor("t", "temperature", "°C", low=0, high=1, step=0.02)
U = Factor("u", "time", "h", low=0, high=1, step=0.1)
V = Factor("v", "amount", "", low=0, high=1, step=0.1)
ROUNDS, BATCH = 3, 4
GAS = Factor("gas", "gas", kind="categorical", levels=("a", "b", "c"))
CONFIG = {
    "criteria": {
        "q": {"table": "t", "column": "q", "uncertainty": "q_sd", "direction": "higher", "smallest_difference": 0.05}
    },
    "annotations": {}, "weights": {}, "prior_cells": 4, "core_share": 0.5, "draws": 1000, "confidence": 0.8,
    "response_draws": 2000, "next": {"batch": BATCH, "cost_per_sample": 1.0, "cost_per_setting": {}},
}  # fmt: skip


def ranked(factors, settings, values, sd):
    """Rank planted samples."""
    samples = [
        {"sample": f"s{i}", "role": "coated"}
        | {
            f.name: v if isinstance(v, str) else f"{v:.10g}"
            for f, v in zip(factors, s, strict=True)
        }
        for i, s in enumerate(settings)
    ]
    rows = [{"sample": f"s{i}", "q": float(v), "q_sd": sd} for i, v in enumerate(values)]
    return rank({"t": rows}, samples, CONFIG, factors=factors)


def gaussian(at: float, width: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda t: np.exp(-0.5 * ((t - at) / width) ** 2)


def response(kind: str, rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Return a response on 0 to 1."""
    at = rng.uniform(0.12, 0.88)
    if kind == "smooth":
        return gaussian(at, rng.uniform(0.2, 0.5))
    if kind == "narrow":
        return gaussian(at, rng.uniform(0.06, 0.12))
    if kind == "stepped":
        rise, fall = rng.uniform(0.4, 1.2), rng.uniform(0.7, 1.5)
        return lambda t: rise * t - fall * (t > at)
    if kind == "plateau":
        top = gaussian(rng.uniform(0.4, 0.6), 0.1)
        return lambda t: np.minimum(1.0, 2.5 * np.minimum(t, 1 - t)) + 0.03 * top(t)
    if kind == "edge":
        power = rng.uniform(0.7, 2.0)
        return lambda t: t**power
    second = rng.uniform(0.6, 0.95)
    return lambda t: gaussian(0.25, 0.1)(t) + second * gaussian(0.75, 0.1)(t)


def calibration(repetitions: int) -> list[tuple[str, ...]]:
    """Count how often the interval of one factor's optimum holds the planted one; print and return a table."""
    grid = np.linspace(0, 1, 1001)
    every = []
    table = [("planted response", "interval holds the optimum / %", "mean width / tested range")]
    for kind in ("smooth", "narrow", "stepped", "plateau", "edge", "bimodal"):
        hits, widths = [], []
        for k in range(repetitions):
            rng = np.random.default_rng([k, len(kind)])
            truth = response(kind, rng)
            n, sd = int(rng.integers(5, 10)), float(rng.choice([0.02, 0.05, 0.1]))
            x = np.linspace(0, 1, n)
            ranking = ranked((T,), [(v,) for v in x], truth(x) + rng.normal(0, sd, n), sd)
            surfaces, reason = fit_surfaces(ranking, least=4)
            assert surfaces is not None, reason
            row = find_optimum(surfaces, CONFIG["response_draws"]).rows("q")[0]
            best = grid[truth(grid).argmax()]
            hits.append(row["optimum_ci_low"] - 1e-6 <= best <= row["optimum_ci_high"] + 1e-6)
            widths.append(row["optimum_ci_high"] - row["optimum_ci_low"])
        every += hits
        table.append((kind, f"{100 * np.mean(hits):.1f}", f"{np.mean(widths):.2f}"))
        print(*table[-1], flush=True)
    table.append(("all", f"{100 * np.mean(every):.1f}", ""))
    print(*table[-1])
    return table


def surfaces_to_climb():
    """Return six planted surfaces: name, factors, function of a setting."""
    return [
        ("1 factor, narrow", (T,), lambda t: gaussian(0.62, 0.12)(t)),
        ("1 factor, step", (T,), lambda t: 0.8 * t - 0.9 * (t > 0.68)),
        ("2 factors, ridge", (T, U), lambda t, u: gaussian(0.7, 0.2)(t + 0.4 * (u - 0.5)) * gaussian(0.3, 0.3)(u)),
        ("2 factors, gas", (T, GAS), lambda t, g: {"a": 0.6, "b": 1.0, "c": 0.8}[g] * gaussian({"a": 0.3, "b": 0.75, "c": 0.5}[g], 0.15)(t)),
        ("3 factors", (T, U, GAS), lambda t, u, g: gaussian(0.6, 0.25)(t) * gaussian(0.35, 0.3)(u) * {"a": 1.0, "b": 0.7, "c": 0.85}[g]),
        ("4 factors", (T, U, V, GAS), lambda t, u, v, g: gaussian(0.6, 0.25)(t) * gaussian(0.35, 0.3)(u) * (0.7 + 0.3 * v) * {"a": 1.0, "b": 0.7, "c": 0.85}[g]),
    ]  # fmt: skip


def even(factors, n: int, origin: np.ndarray | float = 0.0) -> list[tuple]:
    """Return n settings spread evenly over what is allowed: the grid of the same size.

    With several factors so few points hit or miss a hump by where they happen to lie, so their origin can be moved.
    """
    allowed = [f.allowed([]) for f in factors]
    if len(factors) == 1:
        return [(allowed[0][round(i * (len(allowed[0]) - 1) / (n - 1))],) for i in range(n)]
    cube = (spread_points(n, len(factors)) + origin) % 1
    return [tuple(a[int(u * len(a))] for a, u in zip(allowed, row, strict=True)) for row in cube]


def regret(factors, settings, values, sd, truth, best: float, worst: float) -> float:
    """Return the regret of the sample that the surfaces take for the best."""
    ranking = ranked(factors, settings, values, sd)
    surfaces, _ = fit_surfaces(ranking, least=4)
    if surfaces is None:
        return float(best - truth[int(np.argmax(values))]) / (best - worst)
    mean, _ = surfaces.moments(surfaces.x)
    return float(best - truth[int(np.argmax(mean))]) / (best - worst)


def campaign(factors, planted, every, first, rng, sd: float) -> tuple[list[tuple], list[float]]:
    """Follow the advice for three rounds of four from some first settings; return all settings and measured values."""
    measure = lambda s: float(planted(*s)) + rng.normal(0, sd)  # noqa: E731
    settings, values = list(first), [measure(s) for s in first]
    for _ in range(ROUNDS):
        ranking = ranked(factors, settings, values, sd)
        surfaces, _reason = fit_surfaces(ranking, least=4)
        if surfaces is None:  # too few distinct settings: nothing is advised yet
            new = [every[i] for i in rng.choice(len(every), BATCH, replace=False)]
        else:
            known = {f.name for f in ranking.factors}
            fixed = {f.name: settings[0][i] for i, f in enumerate(factors)}
            new = [
                tuple(r[f.name] if f.name in known else fixed[f.name] for f in factors)
                for r in advise(surfaces, CONFIG["next"])
            ]
        settings += new
        values += [measure(s) for s in new]
    return settings, values


def campaigns(repetitions: int) -> list[tuple[str, ...]]:
    """Compare advice with chance and with a grid of the same size; print and return a table."""
    sd, total = 0.05, []
    table = [
        ("planted surface", "advice", "random", "one grid", "grids", "advice / random", "advice / one grid", "advice / grids")
    ]  # fmt: skip
    more = ROUNDS * BATCH
    for name, factors, planted in surfaces_to_climb():
        every = list(product(*(f.allowed([]) for f in factors)))
        heights = np.array([float(planted(*s)) for s in every])
        best, worst = heights.max(), heights.min()
        start = 4 + 2 * (len(factors) - 1)
        found: dict[str, list[float]] = {"advice": [], "random": [], "grid": [], "grids": []}
        for k in range(repetitions):
            rng = np.random.default_rng([k, len(every)])
            chance = [every[i] for i in rng.choice(len(every), start, replace=False)]
            first = even(factors, start) if len(factors) == 1 else chance
            plans = {
                "advice": campaign(factors, planted, every, first, rng, sd),
                "random": first + [every[i] for i in rng.choice(len(every), more, replace=len(every) < more)],
                "grid": even(factors, start + more),
                "grids": even(factors, start + more, rng.random(len(factors))),
            }  # fmt: skip
            for plan, made in plans.items():
                if plan == "advice":
                    settings, values = made
                else:
                    settings = made
                    values = [float(planted(*s)) + rng.normal(0, sd) for s in settings]
                truth = [float(planted(*s)) for s in settings]
                found[plan].append(regret(factors, settings, values, sd, truth, best, worst))
        means = [float(np.mean(v)) for v in found.values()]
        total.append(means)
        table.append(_line(name, means))
        print(*table[-1], flush=True)
    table.append(_line("mean", [float(v) for v in np.mean(total, axis=0)]))
    print(*table[-1])
    return table


def _line(name: str, means: list[float]) -> tuple[str, ...]:
    ratios = [f"{means[0] / other:.2f}" for other in means[1:]]
    return (name, *(f"{m:.3f}" for m in means), *ratios)


def write(name: str, table: list[tuple[str, ...]], repetitions: int) -> None:
    """Put a table into docs/ranking.md, between its two marks."""
    path = ROOT / "docs" / "ranking.md"
    text = path.read_text(encoding="utf-8")
    first, last = f"<!-- {name}: made by benchmarks/ranking.py -->", f"<!-- end of {name} -->"
    head, rest = text.split(first)
    _, tail = rest.split(last)
    lines = ["| " + " | ".join(row) + " |" for row in table]
    lines.insert(1, "|" + "---|" * len(table[0]))
    made = "\n".join([first, *lines, "", f"{repetitions} repetitions each.", last])
    path.write_text(head + made + tail, encoding="utf-8")


if __name__ == "__main__":
    words = [w for w in sys.argv[1:] if w != "--write"]
    n = int(words[1]) if len(words) > 1 else 20
    made = {"calibration": calibration, "campaigns": campaigns}[words[0]](n)
    if "--write" in sys.argv:
        write(words[0], made, n)
