"""Response surfaces over any factors: Gaussian processes whose settings are averaged over, not fitted.

Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 4: Matern kernels with one length per
continuous factor, exchangeable levels of a categorical one, and the uncertainty of each value as known noise. Where a response may
break off (a phase that decomposes), the two sides of the place are two such levels. A few dozen samples do not fix any of these
parameters, so they are drawn from their posterior (population Monte Carlo; Cappe et al. 2004, doi:10.1198/106186004X12803).
Docs: docs/ranking.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..factors import Factor, Setting

LEVEL_SD = 1.0  # prior of a response's level, in standard deviations of its values
LENGTH, LENGTH_SPREAD = 0.5, 0.8  # median and log-spread of a length, in tested ranges (one factor)
HEIGHT, HEIGHT_SPREAD = 1.0, 0.8  # of the height, in standard deviations of the values
LOGIT_SPREAD = 1.5  # of likeness between levels, and of the share of joint effects
# Matern 5/2; Matern 1/2; Matern 5/2 on each side of one place where a response breaks off.
SMOOTH, ROUGH, STEPPED = "smooth", "rough", "stepped"
KINDS = {SMOOTH: 0.6, ROUGH: 0.2, STEPPED: 0.2}  # prior probability
PARTICLES, ROUNDS = 256, 3
FEWEST_PARTICLES = 64  # where many factors share those of the steps
JITTER = 1e-8
EXACT = 1e-6  # variance of a measurement that is as good as exact


@dataclass(frozen=True)
class Space:
    """Settings of several factors as numbers: 0 to 1 over the tested range, or the number of a level.

    Attributes
    ----------
    factors : the factors
    tested : per factor its distinct tested settings in order
    """

    factors: tuple[Factor, ...]
    tested: tuple[tuple[Setting, ...], ...]

    @classmethod
    def of(cls, factors: Sequence[Factor], settings: Sequence[Sequence[Setting]]) -> Space:
        """Make the space of these settings; levels of a category stand in the config's order, else by name."""
        tested: list[tuple[Setting, ...]] = []
        for i, factor in enumerate(factors):
            known = sorted({row[i] for row in settings}, key=lambda v: (isinstance(v, str), v))
            if not factor.continuous:
                order = [str(v) for v in factor.levels]
                known = sorted(
                    known, key=lambda v: order.index(str(v)) if str(v) in order else len(order)
                )
            tested.append(tuple(known))
        return cls(tuple(factors), tuple(tested))

    @property
    def categorical(self) -> np.ndarray:
        """Tell which factors are categories, shape (factors,)."""
        return np.array([not f.continuous for f in self.factors], dtype=bool)

    def levels(self, i: int) -> list[Setting]:
        """Return the levels of a category: the tested ones, then those that the config names besides."""
        more = [str(v) for v in self.factors[i].levels if str(v) not in self.tested[i]]
        return [*self.tested[i], *more]

    def coded(self, settings: Sequence[Sequence[Setting]]) -> np.ndarray:
        """Return settings as numbers, shape (points, factors)."""
        found = np.empty((len(settings), len(self.factors)))
        for i, factor in enumerate(self.factors):
            column = [row[i] for row in settings]
            if factor.continuous:
                low, high = (
                    factor.place(float(v)) for v in (self.tested[i][0], self.tested[i][-1])
                )
                found[:, i] = [(factor.place(float(v)) - low) / (high - low) for v in column]
            else:
                known = self.levels(i)
                found[:, i] = [known.index(v) for v in column]
        return found

    def natural(self, i: int, coded: np.ndarray) -> np.ndarray:
        """Return the settings of a continuous factor in its own unit."""
        factor = self.factors[i]
        low, high = (factor.place(float(v)) for v in (self.tested[i][0], self.tested[i][-1]))
        value = low + coded * (high - low)
        return np.exp(value) if factor.scale == "log" else value


def _matern(distance: np.ndarray, kind: str) -> np.ndarray:
    if kind == ROUGH:
        return np.exp(-distance)
    r = np.sqrt(5.0) * distance
    return (1 + r + r**2 / 3) * np.exp(-r)


@dataclass(frozen=True)
class Kernel:
    """Covariance of a surface; parameters of several particles at once, shape (particles, ...).

    Attributes
    ----------
    kind : smooth, rough or stepped
    shape : array (particles, factors), log length of a continuous factor, logit likeness of two levels
    height : array (particles,), log height
    joint : array (particles,), logit of the share of what the factors do together and not each for itself
    along : number of the continuous factor along which a step lies; -1: none
    step : array (particles, 2), logit of its place in the tested range, and of the likeness of its two sides; without step empty
    """

    kind: str
    shape: np.ndarray
    height: np.ndarray
    joint: np.ndarray
    along: int = -1
    step: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))

    def __call__(self, a: np.ndarray, b: np.ndarray, categorical: np.ndarray) -> np.ndarray:
        """Return the covariances, shape (particles, points of a, points of b)."""
        n = self.shape.shape[1]
        total: np.ndarray | float = 0.0
        product: np.ndarray | float = 1.0
        for i in range(n):
            if categorical[i]:
                like = _expit(self.shape[:, i])[:, None, None]
                one = np.where((a[:, None, i] == b[None, :, i])[None], 1.0, like)
            else:
                gap = np.abs(a[:, None, i] - b[None, :, i])[None]
                one = _matern(gap / np.exp(self.shape[:, i])[:, None, None], self.kind)
            if i == self.along:
                one = one * self._sides(a[:, i], b[:, i])
            total, product = total + one / n, product * one
        share = _expit(self.joint)[:, None, None] if n > 1 else 1.0
        height = np.exp(2 * self.height)[:, None, None]
        return height * ((1 - share) * total + share * product) + LEVEL_SD**2

    def _sides(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return how alike points are by the side of the step that they lie on: as levels of a category are."""
        place = _expit(self.step[:, 0])[:, None]
        same = (a[None] > place)[:, :, None] == (b[None] > place)[:, None, :]
        return np.where(same, 1.0, _expit(self.step[:, 1])[:, None, None])


def _expit(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _kernel(kind: str, along: int, vector: np.ndarray, n: int) -> Kernel:
    """Return a kernel of drawn parameters: shapes, height, the joint share of several factors, the two of a step."""
    joint = vector[:, n + 1] if n > 1 else np.zeros(len(vector))
    return Kernel(kind, vector[:, :n], vector[:, n], joint, along, vector[:, n + 1 + (n > 1) :])


@dataclass(frozen=True)
class Surface:
    """One criterion over the factors: measured points, and settings of the kernel with their weights.

    Attributes
    ----------
    x : array (points, factors), coded
    y, sd : arrays (points,), value and noise in standard deviations of the values
    centre, spread : level and standard deviation of the values
    kernels : one per setting, each with one particle
    weights : array (settings,), sum 1
    bounds : lowest and highest value that is possible; None: none
    """

    x: np.ndarray
    y: np.ndarray
    sd: np.ndarray
    centre: float
    spread: float
    categorical: np.ndarray
    kernels: tuple[Kernel, ...]
    weights: np.ndarray
    bounds: tuple[float | None, float | None] = (None, None)

    def posterior(self, kernel: Kernel, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (points,) and covariance (points, points) at one setting, in the values' unit."""
        noisy = kernel(self.x, self.x, self.categorical)[0] + np.diag(self.sd**2 + JITTER)
        lower = np.linalg.cholesky(noisy)
        cross = np.linalg.solve(lower, kernel(self.x, points, self.categorical)[0])
        mean = cross.T @ np.linalg.solve(lower, self.y)
        covariance = kernel(points, points, self.categorical)[0] - cross.T @ cross
        return self.centre + self.spread * mean, self.spread**2 * covariance

    def variances(self, points: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the variance of sums over points (sums, points), before any measurement and after one without noise at each setting.

        The second is what the settings leave open however well they are measured: a matter of the design.
        """
        before, after = np.zeros(len(sums)), np.zeros(len(sums))
        for share, kernel in zip(self.weights, self.kernels, strict=True):
            own = kernel(points, points, self.categorical)[0]
            exact = kernel(self.x, self.x, self.categorical)[0] + EXACT * np.eye(len(self.x))
            cross = np.linalg.solve(
                np.linalg.cholesky(exact), kernel(self.x, points, self.categorical)[0]
            )
            prior = np.einsum("sp,sp->s", sums @ own, sums)
            before += share * prior
            after += share * (prior - ((cross @ sums.T) ** 2).sum(axis=0))
        return self.spread**2 * before, self.spread**2 * after

    def draws(self, points: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw surfaces at some points, shape (n, points), within the bounds."""
        counts = rng.multinomial(n, self.weights)
        found = []
        for kernel, count in zip(self.kernels, counts, strict=True):
            if not count:
                continue
            mean, covariance = self.posterior(kernel, points)
            noise = rng.standard_normal((count, len(points)))
            found.append(mean + noise @ _root(covariance).T)
        drawn = np.concatenate(found)[rng.permutation(n)]
        low, high = self.bounds
        if low is None and high is None:
            return drawn
        kept = np.clip(drawn, low, high)
        # Beyond a bound all settings are equally good; the tiny rest keeps the order where there is one.
        return kept + 1e-6 * (drawn - kept)


def _root(covariance: np.ndarray) -> np.ndarray:
    scale = max(float(np.mean(np.diag(covariance))), 1e-300)
    for jitter in (1e-9, 1e-7, 1e-5):
        try:
            return np.linalg.cholesky(covariance + jitter * scale * np.eye(len(covariance)))
        except np.linalg.LinAlgError:
            continue
    value, vector = np.linalg.eigh(covariance)
    return vector * np.sqrt(np.clip(value, 0.0, None))


def fit_surface(
    x: np.ndarray,
    value: np.ndarray,
    sd: np.ndarray,
    categorical: np.ndarray,
    rng: np.random.Generator,
    *,
    settings: int = 24,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Surface:
    """Draw the settings of a surface from their posterior, given measured values.

    Parameters
    ----------
    x : array, shape (points, factors), coded; several points may share a setting
    value, sd : arrays, shape (points,)
    settings : number of settings that stand for the posterior

    Returns
    -------
    Surface
    """
    spread = float(max(np.std(value), np.median(sd), 1e-12))
    centre = float(np.mean(value))
    y, noise = (value - centre) / spread, sd / spread
    n = x.shape[1]
    length = np.log(LENGTH * np.sqrt(n))  # as long in many factors as in one: Hvarfner et al. 2024
    middle = np.where(categorical, 0.0, length)
    width = np.where(categorical, LOGIT_SPREAD, LENGTH_SPREAD)
    middle = np.concatenate([middle, [np.log(HEIGHT)], [0.0] if n > 1 else []])
    width = np.concatenate([width, [HEIGHT_SPREAD], [LOGIT_SPREAD] if n > 1 else []])
    kernels: list[Kernel] = []
    weights: list[float] = []
    continuous = [int(i) for i in np.flatnonzero(~categorical)]
    kinds = [(kind, -1, KINDS[kind], PARTICLES) for kind in (SMOOTH, ROUGH)] + [
        (STEPPED, i, KINDS[STEPPED] / len(continuous), max(PARTICLES // len(continuous), FEWEST_PARTICLES))
        for i in continuous
    ]  # fmt: skip
    found = []
    for kind, along, prior, particles in kinds:
        m = np.concatenate([middle, np.zeros(2 * (along >= 0))])
        w = np.concatenate([width, np.full(2 * (along >= 0), LOGIT_SPREAD)])
        data = (x, y, noise, categorical)
        vectors, log_weight = _population(kind, along, data, m, w, particles, rng)
        found.append((kind, along, vectors, log_weight + np.log(prior)))
    top = max(w.max() for *_, w in found)
    share = np.concatenate([np.exp(w - top) for *_, w in found])
    places = [(kind, along, v) for kind, along, vectors, _ in found for v in vectors]
    share = share / share.sum()
    # Systematic resampling: the same settings for the same data, few of them twice.
    ticks = (np.arange(settings) + 0.5) / settings
    chosen, counts = np.unique(np.searchsorted(np.cumsum(share), ticks), return_counts=True)
    for k, count in zip(chosen, counts, strict=True):
        kind, along, vector = places[k]
        kernels.append(_kernel(kind, along, vector[None], n))
        weights.append(count / settings)
    return Surface(
        x, y, noise, centre, spread, categorical, tuple(kernels), np.array(weights), bounds
    )


def _population(
    kind: str,
    along: int,
    data: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    middle: np.ndarray,
    width: np.ndarray,
    particles: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return settings (particles, parameters) and their log weights, which sum to the evidence of this kind.

    `data` are settings, values, noise, and which factors are categories.
    """
    x, y, noise, categorical = data
    size = middle.size
    centre, spread = middle, np.diag(width**2)
    vectors = log_weight = np.empty(0)
    for step in range(ROUNDS):
        root = np.linalg.cholesky(spread + 1e-9 * np.eye(size))
        from_prior = np.arange(particles) % 4 == 0 if step else np.ones(particles, dtype=bool)
        normal = rng.standard_normal((particles, size))
        vectors = np.where(from_prior[:, None], middle + normal * width, centre + normal @ root.T)
        log_prior = _log_normal(vectors, middle, np.diag(width))
        log_proposal = log_prior
        if step:
            log_proposal = np.logaddexp(
                np.log(0.25) + log_prior, np.log(0.75) + _log_normal(vectors, centre, root)
            )
        evidence = _evidence(_kernel(kind, along, vectors, x.shape[1]), x, y, noise, categorical)
        log_weight = evidence + log_prior - log_proposal
        share = np.exp(log_weight - log_weight.max())
        share /= share.sum()
        centre = share @ vectors
        away = vectors - centre
        # A floor, since a few heavy particles would make the next proposal too narrow.
        spread = 1.2 * (away * share[:, None]).T @ away + np.diag((0.15 * width) ** 2)
    return vectors, log_weight - np.log(particles)


def _log_normal(vectors: np.ndarray, centre: np.ndarray, root: np.ndarray) -> np.ndarray:
    white = np.linalg.solve(root, (vectors - centre).T)
    found: np.ndarray = -0.5 * (white**2).sum(axis=0) - np.log(np.diag(root)).sum()
    return found


def _evidence(
    kernel: Kernel, x: np.ndarray, y: np.ndarray, noise: np.ndarray, categorical: np.ndarray
) -> np.ndarray:
    """Return the log marginal likelihood of each particle (Rasmussen and Williams, equation 2.30)."""
    lower = np.linalg.cholesky(kernel(x, x, categorical) + np.diag(noise**2 + JITTER))
    white = np.linalg.solve(lower, np.broadcast_to(y[:, None], (len(lower), y.size, 1)))[..., 0]
    found: np.ndarray = -0.5 * (white**2).sum(axis=1) - np.log(
        np.diagonal(lower, axis1=1, axis2=2)
    ).sum(axis=1)
    return found
