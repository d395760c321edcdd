"""The response surfaces of a ranked study: one per criterion, over all factors, and their weighted sum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..factors import Setting
from ..statistics import seed_of
from .criteria import Criterion
from .montecarlo import draw_weights
from .rank import Ranking
from .score import group_matrix
from .surface import Space, Surface, fit_surface

OVERALL, STATED = "overall", "overall at stated weights"
GRID = 121  # points over one factor
SCATTERED = 300  # points over several
REFINED = 160  # more of them, where optima lie
FIRST_DRAWS = 200
TOO_FEW = "needs at least"


@dataclass(frozen=True)
class Surfaces:
    """Surfaces of all criteria, in utilities.

    Attributes
    ----------
    samples : those that the surfaces rest on, with their settings
    x : array (samples, factors), coded settings
    utility : array (samples, criteria), measured; NaN where not measured
    noise : array (criteria,), uncertainty of one more measurement
    stated : array (groups,)
    left_out : coated samples whose settings are not all known
    """

    space: Space
    criteria: tuple[Criterion, ...]
    fits: tuple[Surface, ...]
    samples: tuple[str, ...]
    settings: tuple[tuple[Setting, ...], ...]
    x: np.ndarray
    utility: np.ndarray
    noise: np.ndarray
    stated: np.ndarray
    left_out: tuple[str, ...]

    @property
    def shares(self) -> np.ndarray:
        """Weight of each criterion at the stated weights, shape (criteria,)."""
        found: np.ndarray = group_matrix(self.criteria) @ self.stated
        return found

    def overall_measured(self) -> np.ndarray:
        """Return the measured score of each sample at the stated weights; NaN where a criterion lacks."""
        found: np.ndarray = self.utility @ self.shares
        return found

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the generator of a purpose: same data, same draws."""
        return seed_of(
            purpose, self.samples, self.x, np.nan_to_num(self.utility, nan=-999.0), self.noise
        )

    def draws(self, points: np.ndarray, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw every response at some points: {response: (n, points)}; `overall` has drawn weights too."""
        single = np.stack([fit.draws(points, n, rng) for fit in self.fits], axis=1)
        weights = draw_weights(self.stated, n, rng) @ group_matrix(self.criteria).T
        found = {
            OVERALL: np.einsum("nc,ncp->np", weights, single),
            STATED: np.einsum("c,ncp->np", self.shares, single),
        }
        return found | {c.name: single[:, j] for j, c in enumerate(self.criteria)}

    def moments(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (points,) and covariance (points, points) of the response at the stated weights."""
        mean, covariance = np.zeros(len(points)), np.zeros((len(points), len(points)))
        for share, fit in zip(self.shares, self.fits, strict=True):
            parts = [fit.posterior(kernel, points) for kernel in fit.kernels]
            centre = sum(w * m for w, (m, _) in zip(fit.weights, parts, strict=True))
            for w, (m, c) in zip(fit.weights, parts, strict=True):
                covariance += share**2 * w * (c + np.outer(m - centre, m - centre))
            mean += share * centre
        return mean, covariance


def fit_surfaces(ranking: Ranking, *, least: int) -> tuple[Surfaces | None, str]:
    """Fit the surfaces of a ranked study; None and the reason where there is too little to fit.

    Parameters
    ----------
    ranking : the ranked study; partly measured samples help the criteria that they have
    least : number of distinct settings that a criterion needs (one more for each factor after the second)
    """
    factors = ranking.factors
    if not ranking.ranked.samples:
        return None, "no sample could be ranked"
    if not factors:
        return None, "no factor tells the coated samples apart"
    usable = [s for s in ranking.values.samples if s in ranking.settings]
    known = [s for s in usable if None not in ranking.settings[s]]
    settings = tuple(tuple(v for v in ranking.settings[s] if v is not None) for s in known)
    values = ranking.values.take(known)
    needed = least + max(0, len(factors) - 2) if any(f.continuous for f in factors) else 2
    for j, criterion in enumerate(values.criteria):
        have = {s for s, gap in zip(settings, np.isnan(values.value[:, j]), strict=True) if not gap}
        if len(have) < needed:
            return (
                None,
                f"{TOO_FEW} {needed} settings with {criterion.label}, found {len(have)}",
            )
    space = Space.of(factors, settings)
    if any(len(t) < 2 for t in space.tested):
        return None, "the ranked samples do not differ in every factor"
    x = space.coded(settings)
    utility = ranking.ruler.utility(values.value)
    # Equal values without a smallest difference are counted in nothing: their utility is 0, whatever stands in for the unit.
    signs = np.array([c.sign for c in values.criteria], dtype=float)
    unit = np.where(ranking.ruler.unit == 0, signs, ranking.ruler.unit)
    sd = values.own_sd / np.abs(unit)
    fits, noise = [], []
    for j, criterion in enumerate(values.criteria):
        have = ~np.isnan(utility[:, j])
        rng = seed_of("surface", criterion.name, x[have], utility[have, j], sd[have, j])
        ends = [
            None if b is None else float((b - ranking.ruler.zero[j]) / unit[j])
            for b in criterion.bounds
        ]
        bounds = (ends[0], ends[1]) if criterion.sign > 0 else (ends[1], ends[0])
        settings_kept = 24 if len(factors) == 1 else 12
        fits.append(
            fit_surface(
                x[have], utility[have, j], sd[have, j], space.categorical, rng,
                settings=settings_kept, bounds=bounds,
            )
        )  # fmt: skip
        noise.append(float(np.median(sd[have, j])))
    left_out = tuple(s for s in usable if s not in known)
    return (
        Surfaces(
            space, values.criteria, tuple(fits), values.samples, settings, x, utility,
            np.array(noise), ranking.weights, left_out,
        ),
        "",
    )  # fmt: skip


def spread_points(n: int, dimensions: int) -> np.ndarray:
    """Return points that fill the unit cube evenly, shape (n, dimensions).

    Additive recurrence with the generalised golden ratio (Roberts 2018, "The unreasonable effectiveness of
    quasirandom sequences"): each prefix fills the cube.
    """
    ratio = reduce(lambda r, _: (1 + r) ** (1 / (dimensions + 1)), range(60), 1.5)
    steps = ratio ** -np.arange(1, dimensions + 1)
    found: np.ndarray = (0.5 + np.outer(np.arange(1, n + 1), steps)) % 1
    return found


def inside(surfaces: Surfaces, n: int) -> np.ndarray:
    """Return points over the tested range, its ends and the tested settings among them."""
    space = surfaces.space
    size = len(space.factors)
    tested = np.unique(surfaces.x, axis=0)
    if size == 1 and space.factors[0].continuous:
        return np.unique(np.concatenate([np.linspace(0, 1, GRID)[:, None], tested]), axis=0)
    cube = spread_points(n, size)
    for i in range(size):
        if space.categorical[i]:
            cube[:, i] = np.floor(cube[:, i] * len(space.tested[i]))
        else:
            cube[:, i] = np.clip(1.2 * cube[:, i] - 0.1, 0, 1)  # so that a share lies at the ends
    return np.unique(np.concatenate([cube, tested]), axis=0)


def optimum_points(surfaces: Surfaces) -> np.ndarray:
    """Return points over the tested range, denser where the optima of the responses may lie."""
    points = inside(surfaces, SCATTERED)
    if len(surfaces.space.factors) == 1:
        return points
    rng = surfaces.rng("refine")
    drawn = surfaces.draws(points, FIRST_DRAWS, rng)
    places = [points[np.argmax(d, axis=1)] for d in drawn.values()]
    every = np.concatenate(places)
    chosen = every[rng.permutation(len(every))[:REFINED]].copy()
    moved = chosen + 0.08 * rng.standard_normal(chosen.shape)
    free = ~surfaces.space.categorical
    chosen[:, free] = np.clip(moved[:, free], 0, 1)
    return np.unique(np.concatenate([points, chosen]), axis=0)
