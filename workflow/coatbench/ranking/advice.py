"""What to measure next: a batch of settings that is expected to raise the best by most.

Knowledge gradient for continuous parameters (Scott, Frazier and Powell 2011, doi:10.1137/100801275): how much higher the best
expected score of all samples made will be after one more at a setting, the response being Gaussian with the mean and covariance
of the surfaces. It values a new setting, one beyond the tested range and one more sample of a known setting on the same scale. A
batch is chosen one by one, the covariance conditioned on what is chosen already; every second one is that which tells most about
all settings that may be the best, since the gradient looks one step ahead and would stay at the first hill it finds.
Docs: docs/ranking.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ..factors import Factor, Setting
from .surfaces import Surfaces, spread_points

if TYPE_CHECKING:
    from ..config_types import RankingNext

IMPROVE, CONFIRM, EXTEND = "improve", "confirm", "extend"
MOST_CANDIDATES = 350
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
PLAUSIBLE = 3.0  # standard deviations: what is further below the best is not looked at
LITTLE = 0.1  # smallest differences: less than that is little to gain


def advise(
    surfaces: Surfaces,
    config: RankingNext,
    *,
    edges: Mapping[str, int] | None = None,
    measured: Sequence[tuple[Setting | None, ...]] = (),
) -> list[dict[str, Any]]:
    """Return rows of the table `ranking_next`.

    Parameters
    ----------
    config : `batch`, `cost_per_sample`, `cost_per_setting` (per factor: paid once for each of its settings in the batch)
    edges : factors whose optimum lies at an end of the tested range (-1: lower, 1: upper): the batch looks beyond it where the range allows
    measured : settings of further samples that exist
    """
    settings, x = _candidates(surfaces)
    tested = set(surfaces.settings) | {tuple(m) for m in measured}
    known = np.array([s in tested for s in settings])
    at_sample = np.array([s in surfaces.settings for s in settings])
    free = np.array(
        [all(f.allows(v) for f, v in zip(surfaces.space.factors, s, strict=True)) for s in settings]
    )
    outside = _beyond(surfaces, x)
    over = _over_edges(surfaces, x, edges or {})
    mean, covariance = surfaces.moments(x)
    # What one more sample of all criteria adds in noise, at the stated weights.
    noise = float(np.sum((surfaces.shares * surfaces.noise) ** 2))
    rows: list[dict[str, Any]] = []
    chosen: list[int] = []
    batch = int(config["batch"])
    for order in range(1, batch + 1):
        made = np.unique([*np.flatnonzero(at_sample), *chosen])
        gain, gain_sd = knowledge_gradient(mean, covariance, noise, made)
        cost = np.array(
            [
                _cost(surfaces, settings[k], [settings[c] for c in chosen], config)
                for k in range(len(settings))
            ]
        )
        doubt = np.sqrt(np.clip(np.diag(covariance), 0, None))
        hopeful = mean + PLAUSIBLE * doubt >= mean[made].max()
        unseen = hopeful & free & ~np.isin(np.arange(len(x)), chosen)
        looking = order % 2 == 0 and bool(unseen.any())
        taken = _doubt_taken(covariance, noise, hopeful) if looking else gain
        worth = np.where(unseen, taken, 0.0) if looking else gain
        worth = worth / np.where(cost > 0, cost, 1.0)
        worth[chosen] = -np.inf
        # What is made already is worth a repeat only where it may be the best.
        worth[~free | (known & ~hopeful)] = -np.inf
        if order == batch and not over[chosen].any() and (over & free).any():
            worth = np.where(over & free, worth, -np.inf)
        k = int(np.argmax(worth))
        if not np.isfinite(worth[k]):
            break
        purpose = CONFIRM if known[k] else EXTEND if outside[k] else IMPROVE
        rows.append(
            {"order": order}
            | {f.name: v for f, v in zip(surfaces.space.factors, settings[k], strict=True)}
            | {
                "purpose": purpose,
                "expected_gain": float(gain[k]),
                "expected_gain_sd": float(gain_sd[k]),
                "cost": float(cost[k]),
                "note": _note(purpose, looking, float(gain[k])),
            }
        )
        chosen.append(k)
        # Conditioned on this sample, whatever it will give: the mean stays, the doubt goes.
        column = covariance[:, k].copy()
        covariance = covariance - np.outer(column, column) / (column[k] + noise + 1e-12)
    return rows


def knowledge_gradient(
    mean: np.ndarray, covariance: np.ndarray, noise: float, made: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected rise of the best expected value by one more sample at each point, and its spread.

    Parameters
    ----------
    mean : array, shape (points,)
    covariance : array, shape (points, points)
    noise : variance of one measurement
    made : places of the points that have samples already; the best is one of these or the new one
    """
    variance = np.clip(np.diag(covariance), 0, None)
    # Column k: what a sample at k, one standard deviation higher than expected, does to all points.
    moved = covariance / np.sqrt(variance + noise + 1e-12)[None, :]
    best = mean[made].max()
    rises = np.stack(
        [
            np.maximum((mean[made, None] + moved[made] * z).max(axis=0), mean + np.diag(moved) * z)
            - best
            for z in NODES
        ]
    )
    expected = WEIGHTS @ rises
    spread = np.sqrt(np.clip(WEIGHTS @ rises**2 - expected**2, 0, None))
    return np.clip(expected, 0, None), spread


def _doubt_taken(covariance: np.ndarray, noise: float, hopeful: np.ndarray) -> np.ndarray:
    """Return how much variance one more sample at each point takes from all points that may be the best.

    Integrated over them (Cohn, Ghahramani and Jordan 1996, doi:10.1613/jair.295), since the single most uncertain setting
    of several factors is always a corner, which says little about any other.
    """
    found: np.ndarray = (covariance[hopeful] ** 2).sum(axis=0)
    return found / (np.clip(np.diag(covariance), 0, None) + noise + 1e-12)


def _candidates(surfaces: Surfaces) -> tuple[list[tuple[Setting, ...]], np.ndarray]:
    """Return allowed settings and tested ones; of very many an even part, denser where it promises most."""
    space = surfaces.space
    allowed = [f.allowed(t) for f, t in zip(space.factors, space.tested, strict=True)]
    tested = list(dict.fromkeys(surfaces.settings))
    number = math.prod(len(a) for a in allowed)
    if not number:
        return tested, space.coded(tested)
    if number <= MOST_CANDIDATES:
        found = [*tested, *product(*allowed)]
    else:
        cube = spread_points(MOST_CANDIDATES * 2 // 3, len(allowed))
        some = [
            tuple(a[int(u * len(a))] for a, u in zip(allowed, row, strict=True)) for row in cube
        ]
        found = list(dict.fromkeys([*tested, *some]))
        mean, covariance = surfaces.moments(space.coded(found))
        hope = mean + np.sqrt(np.clip(np.diag(covariance), 0, None))
        near: list[tuple[Setting, ...]] = []
        for k in np.argsort(-hope)[:12]:
            near += _neighbours(found[int(k)], allowed)
        found += near[: MOST_CANDIDATES // 3]
    found = list(dict.fromkeys(found))
    return found, space.coded(found)


def _neighbours(
    setting: tuple[Setting, ...], allowed: Sequence[Sequence[Setting]]
) -> list[tuple[Setting, ...]]:
    found = []
    for i, choices in enumerate(allowed):
        value = setting[i]
        if isinstance(value, str):
            near: list[Setting] = [c for c in choices if c != value]
        else:
            below = [c for c in choices if not isinstance(c, str) and c < value]
            above = [c for c in choices if not isinstance(c, str) and c > value]
            near = [*below[-2:], *above[:2]]
        found += [(*setting[:i], c, *setting[i + 1 :]) for c in near]
    return found


def _beyond(surfaces: Surfaces, x: np.ndarray) -> np.ndarray:
    """Tell which points lie outside the tested range of a continuous factor, or at an untested level."""
    found = np.zeros(len(x), dtype=bool)
    for i, category in enumerate(surfaces.space.categorical):
        top = len(surfaces.space.tested[i]) - 1 if category else 1.0
        found |= (x[:, i] < -1e-9) | (x[:, i] > top + 1e-9)
    return found


def _over_edges(surfaces: Surfaces, x: np.ndarray, edges: Mapping[str, int]) -> np.ndarray:
    """Tell which points lie beyond an end of the tested range at which an optimum lies; the other end promises nothing."""
    found = np.zeros(len(x), dtype=bool)
    for i, factor in enumerate(surfaces.space.factors):
        if side := edges.get(factor.name, 0):
            found |= x[:, i] < -1e-9 if side < 0 else x[:, i] > 1 + 1e-9
    return found


def _cost(
    surfaces: Surfaces,
    setting: tuple[Setting, ...],
    others: Sequence[tuple[Setting, ...]],
    config: RankingNext,
) -> float:
    total = float(config["cost_per_sample"])
    for i, factor in enumerate(surfaces.space.factors):
        once = float(config["cost_per_setting"].get(factor.name, 0.0))
        if once and all(o[i] != setting[i] for o in others):
            total += once
    return total


def _note(purpose: str, looking: bool, gain: float) -> str:
    if looking and purpose != CONFIRM:
        return "tells most about all settings that may be the best, so that no good region is overlooked"
    if purpose == CONFIRM:
        text = "one more sample of a tested setting, to decide whether it is the best"
    elif purpose == EXTEND:
        text = "beyond the tested settings, since the best may lie there"
    else:
        text = "between or beside the tested settings"
    return text + ("; little to gain" if gain < LITTLE else "")


def sample_rows(
    advice: Sequence[Mapping[str, Any]],
    factors: Sequence[Factor],
    samples: Sequence[Mapping[str, str]],
) -> list[dict[str, str]]:
    """Return the rows to add to samples.csv for an advised batch.

    Parameters
    ----------
    advice : rows of the table `ranking_next`
    factors : those of the config
    samples : rows of samples.csv; what all coated samples share is taken over

    Returns
    -------
    list of dict, one per setting, with the columns of samples.csv; ids that no sample has yet
    """
    coated = [s for s in samples if s["role"] == "coated"]
    columns = list(samples[0]) if samples else ["sample", "role", "label"]
    taken = {s["sample"] for s in samples}
    rows: list[dict[str, str]] = []
    for row in advice:
        new = {c: "" for c in columns}
        for column in columns:
            shared = {s.get(column, "") for s in coated}
            if column not in ("sample", "label") and len(shared) == 1:
                new[column] = shared.pop()
        words = []
        for factor in factors:
            value = row.get(factor.name)
            if value is not None:
                new[factor.name] = f"{value:.10g}" if isinstance(value, float) else str(value)
                words.append(factor.text(value))
        number = len(rows) + 1
        while (name := f"next{number}") in taken:
            number += 1
        taken.add(name)
        new |= {"sample": name, "role": "coated"}
        if "label" in columns:
            new["label"] = ", ".join(words)
        rows.append(new)
    return rows
