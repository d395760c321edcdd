"""What each factor does to each criterion: main effects, interactions of two, and what the design cannot tell apart.

Functional analysis of variance of the response surfaces over the tested range (Sobol 1993; Oakley and O'Hagan 2004,
doi:10.1111/j.1467-9868.2004.05304.x): the mean over all other factors is a main effect, what two factors do together
beyond their main effects is their interaction. Docs: docs/ranking.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np

from .determined import LEAST, between_ends, determined
from .rank import Ranking
from .surface import Space
from .surfaces import STATED, Surfaces, spread_points

POINTS = 600  # at most, of the grid over all factors
LARGEST = 2500  # points of a grid with three settings of each factor; where there are more factors, none is laid
FINE = 65  # points along a factor of what is read from a regression
DRAWS = 400
UNDETERMINED = "not determined: these settings say too little of it"
ALIKE = 0.95  # correlation of two terms over the tested settings beyond which the design cannot tell them apart


def find_effects(surfaces: Surfaces, ranking: Ranking) -> list[dict[str, Any]]:
    """Return rows of the table `ranking_effects`: per criterion and term effect, interval and share of variance."""
    space = surfaces.space
    axes = _axes(space)
    grid = np.prod([float(len(a)) for a in axes]) <= LARGEST
    if grid:
        points = np.array(list(product(*axes)))
    else:
        axes = [
            a if c else np.linspace(0, 1, FINE)
            for a, c in zip(axes, space.categorical, strict=True)
        ]
        points = _scattered(space)
    drawn = surfaces.draws(points, DRAWS, surfaces.rng("effects"))
    shape = (DRAWS, *(len(a) for a in axes))
    confounded = _confounded(space, surfaces.x)
    known: dict[tuple, dict[str, np.ndarray]] = {}
    unit = {c.name: (float(ranking.ruler.unit[j]), c.unit) for j, c in enumerate(surfaces.criteria)}
    unit[STATED] = (1.0, "smallest differences")
    rows = []
    for response, (scale, unit_name) in unit.items():
        values = drawn[response] * scale
        total = values.var(axis=1)
        terms = (
            _terms(values.reshape(shape), len(axes))
            if grid
            else _regressed(space, points, values, axes)
        )
        for term, part in terms:
            ends, meaning = _ends(space, axes, term, part)
            key = (term, *ends)
            if key not in known:
                coded = [(axes[i][a], axes[i][b]) for i, (a, b) in zip(term, ends, strict=True)]
                known[key] = determined(surfaces, *between_ends(space, term, coded))
            share_known = float(known[key][response][0])
            others = confounded.get(term, [])
            notes = ["changed together in this design: not told apart"] if others else []
            # A main effect is a mean over the other factors, and known also where a factor turned out to do nothing: what is
            # unknown of it then is a large share of hardly anything.
            known_enough = len(term) == 1 or share_known >= LEAST
            if not known_enough:
                notes.append(UNDETERMINED)
            share = part.var(axis=tuple(range(1, part.ndim))) / np.where(total > 0, total, 1)
            rows.append(
                {"criterion": "overall" if response == STATED else response, "term": _name(space, term)}
                | _numbers(_effect(part, ends), share, known=known_enough)
                | {
                    "unit": unit_name,
                    "meaning": meaning,
                    "confounded_with": "; ".join(_name(space, t) for t in others),
                    "determined": share_known,
                    "note": "; ".join(notes),
                }
            )  # fmt: skip
    return rows


def _numbers(effect: np.ndarray, share: np.ndarray, *, known: bool) -> dict[str, float | None]:
    """Return effect and share of variance; nothing where the design does not determine them."""
    low, high = np.quantile(effect, [0.025, 0.975])
    found = {
        "effect": float(effect.mean()),
        "effect_sd": float(effect.std()),
        "effect_ci_low": float(low),
        "effect_ci_high": float(high),
        "share_of_variance": float(np.median(share)),
    }
    return {key: value if known else None for key, value in found.items()}


def _axes(space: Space) -> list[np.ndarray]:
    levels = [len(t) for t, c in zip(space.tested, space.categorical, strict=True) if c]
    free = int((~space.categorical).sum())
    room = POINTS / float(np.prod(levels))
    points = int(np.clip(np.floor(room ** (1 / max(free, 1)) + 1e-9), 3, 9))
    return [
        np.arange(len(t), dtype=float) if c else np.linspace(0, 1, points)
        for t, c in zip(space.tested, space.categorical, strict=True)
    ]


def _terms(table: np.ndarray, n: int) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Yield each term with its effect over its own factors, shape (draws, ...)."""
    everything = tuple(range(1, n + 1))
    mean = table.mean(axis=everything)
    main = {
        i: table.mean(axis=tuple(a for a in everything if a != i + 1)) - mean[:, None]
        for i in range(n)
    }
    for i in range(n):
        yield (i,), main[i]
    for i, j in combinations(range(n), 2):
        both = table.mean(axis=tuple(a for a in everything if a not in (i + 1, j + 1)))
        yield (i, j), both - main[i][:, :, None] - main[j][:, None, :] - mean[:, None, None]


def _scattered(space: Space) -> np.ndarray:
    """Return points that fill the tested range, several for each coefficient of the regression."""
    coefficients = sum(
        b.shape[1] for b in _bases(space, np.zeros((1, len(space.factors)))).values()
    )
    found = spread_points(max(POINTS, 3 * coefficients), len(space.factors))
    for i in np.flatnonzero(space.categorical):
        found[:, i] = np.floor(found[:, i] * len(space.tested[i]))
    return found


def _bases(space: Space, x: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
    """Return what each term may be, shape (points, functions): polynomials or contrasts of levels, and their products."""
    single, first = [], []
    for i, category in enumerate(space.categorical):
        if category:
            n = len(space.tested[i])
            columns = (x[:, i, None] == np.arange(1, n)[None]) - 1.0 / n
            first.append(columns)
        else:
            z = 2 * x[:, i, None] - 1
            columns = np.hstack([z, z**2])
            first.append(z)
        single.append(columns)
    found: dict[tuple[int, ...], np.ndarray] = {(i,): columns for i, columns in enumerate(single)}
    for i, j in combinations(range(len(single)), 2):
        found[i, j] = np.einsum("ka,kb->kab", first[i], first[j]).reshape(len(x), -1)
    return found


def _regressed(
    space: Space, points: np.ndarray, values: np.ndarray, axes: list[np.ndarray]
) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Yield the terms as `_terms` does, from a regression of drawn surfaces (draws, points): no grid holds many factors."""
    bases = _bases(space, points)
    design = np.hstack([np.ones((len(points), 1)), *bases.values()])
    coefficients = np.linalg.lstsq(design, values.T, rcond=None)[0].T
    at = 1
    for term, basis in bases.items():
        own = coefficients[:, at : at + basis.shape[1]]
        at += basis.shape[1]
        x = np.zeros((int(np.prod([len(axes[i]) for i in term])), len(axes)))
        x[:, list(term)] = list(product(*(axes[i] for i in term)))
        there = _bases(space, x)[term]
        yield term, (own @ there.T).reshape(len(values), *(len(axes[i]) for i in term))


def _ends(
    space: Space, axes: list[np.ndarray], term: tuple[int, ...], part: np.ndarray
) -> tuple[list[tuple[int, int]], str]:
    """Return between which places of each factor an effect is taken, and the same in words."""
    ends, words = [], []
    for i in term:
        first, last = 0, len(axes[i]) - 1
        tested = space.tested[i]
        if space.categorical[i] and len(term) == 1 and last > 1:
            average = part.mean(axis=0)
            first, last = int(np.argmin(average)), int(np.argmax(average))
        ends.append((first, last))
        factor = space.factors[i]
        names = (tested[first], tested[last]) if space.categorical[i] else (tested[0], tested[-1])
        words.append(f"from {factor.text(names[0])} to {factor.text(names[1])}")
    if len(term) == 1:
        return ends, words[0]
    return ends, f"change of the effect {words[0]} when going {words[1]}"


def _effect(part: np.ndarray, ends: list[tuple[int, int]]) -> np.ndarray:
    """Return one number per draw: the change from one end of each factor to the other."""
    for first, last in reversed(ends):
        part = part[..., last] - part[..., first]
    return part


def _name(space: Space, term: tuple[int, ...]) -> str:
    return " x ".join(space.factors[i].name for i in term)


def _confounded(space: Space, x: np.ndarray) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """Return for each term the others that go together with it over the tested settings."""
    x = np.unique(x, axis=0)
    n = len(space.factors)
    single = [_columns(space, x, i) for i in range(n)]
    terms: dict[tuple[int, ...], np.ndarray] = {(i,): single[i] for i in range(n)}
    for i, j in combinations(range(n), 2):
        both = np.einsum("ka,kb->kab", single[i], single[j]).reshape(len(x), -1)
        terms[i, j] = both - both.mean(axis=0)
    found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for a, b in combinations(terms, 2):
        if len(a) == len(b) == 2:
            continue  # two interactions are told apart by few designs; main effects are what is asked for
        if _canonical(terms[a], terms[b]) > ALIKE:
            found.setdefault(a, []).append(b)
            found.setdefault(b, []).append(a)
    return found


def _columns(space: Space, x: np.ndarray, i: int) -> np.ndarray:
    if space.categorical[i]:
        column = (x[:, i, None] == np.arange(1, len(space.tested[i]))[None]).astype(float)
    else:
        column = x[:, i, None]
    found: np.ndarray = column - column.mean(axis=0)
    return found


def _canonical(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest correlation between combinations of two sets of columns; 0 where one never changes."""
    if a.shape[1] + b.shape[1] >= len(a):
        a, b = a[:, :1], b[:, :1]
    scales = [np.linalg.norm(m, axis=0).max() for m in (a, b)]
    if min(scales) < 1e-12:
        return 0.0
    qa, qb = (np.linalg.qr(m / s)[0] for m, s in zip((a, b), scales, strict=True))
    return float(np.linalg.svd(qa.T @ qb, compute_uv=False).max())
