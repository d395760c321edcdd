"""Degradation of groups of fragments relative to the reference, with regions resampled as wholes.

A group's value is the weighted mean of its fragments' ratios to the reference. Fragments of a region vary
together, and weights come from the same regions: so the interval comes from a bootstrap that draws whole regions of
every sample, the reference included, and fits the principal components anew each time.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .ratio import BORROWED, FEW_REGIONS, Ratio, welch_t
from .weights import weights


@dataclass(frozen=True)
class Draws:
    """Means over resampled regions, and the resampled regions of all complete samples.

    Attributes
    ----------
    means : dict of sample to numpy.ndarray
        (repetition, fragment)
    regions : numpy.ndarray
        (repetition, region, fragment)
    """

    means: Mapping[str, np.ndarray]
    regions: np.ndarray


@dataclass(frozen=True)
class GroupValues:
    """Values of one group under one weighting: per sample a ratio, and its repetitions for ranking."""

    ratios: Mapping[str, Ratio]
    repetitions: Mapping[str, np.ndarray]


def resample(
    regions: Mapping[str, np.ndarray], complete: Sequence[str], repetitions: int, seed: int
) -> Draws:
    """Draw regions of every sample with replacement.

    n - 1 of n regions are drawn, which makes the variance of their mean that of the sample's mean without bias.
    The seed of a sample depends on its name alone: further samples leave its draws as they are.

    Parameters
    ----------
    regions : dict of sample to numpy.ndarray
        (region, fragment) normalised intensities; at least two regions.
    complete : sequence of str
        Samples that the principal components are made from.
    """
    drawn = {}
    for name, values in regions.items():
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        n = len(values)
        drawn[name] = values[rng.integers(0, n, (repetitions, n - 1))]
    return Draws(
        {name: d.mean(axis=1) for name, d in drawn.items()},
        np.concatenate([drawn[name] for name in complete], axis=1),
    )


def group_values(
    regions: Mapping[str, np.ndarray],
    reference: str,
    members: np.ndarray,
    weight: np.ndarray,
    drawn: Draws | None,
    drawn_weight: np.ndarray | None,
    counting: Mapping[str, np.ndarray],
) -> GroupValues:
    """Return a group's relative degradation of every sample.

    Parameters
    ----------
    regions : dict of sample to numpy.ndarray
        (region, fragment); NaN columns are fragments that a sample lacks.
    reference : str
    members : numpy.ndarray
        Indices of the group's fragments.
    weight : numpy.ndarray
        (fragment,), of any scale.
    drawn : Draws or None
        None: no intervals, as where the reference has one region.
    drawn_weight : numpy.ndarray or None
        (repetition, fragment)
    counting : dict of sample to numpy.ndarray
        (fragment,) relative standard uncertainty of the mean from counting alone: no interval is narrower.

    Notes
    -----
    A sample with one region borrows the scatter between regions of the others, pooled over their degrees of freedom.
    """
    base = regions[reference].mean(axis=0)
    ratios: dict[str, Ratio] = {}
    repetitions: dict[str, np.ndarray] = {}
    single: dict[str, tuple[float, float, str]] = {}  # value, counting variance, what is missing
    scatter: list[tuple[int, float, float]] = []  # regions; variances of sample's and reference's
    n_ref = len(regions[reference])
    for name, values in regions.items():
        mean = values.mean(axis=0)
        have = members[np.isfinite(mean[members])]
        if not have.size:
            ratios[name] = Ratio(None, note="no fragment of this group was measured")
            continue
        missing = (
            ""
            if have.size == members.size
            else f"{members.size - have.size} fragments were not measured"
        )
        w = weight[have]
        value = float(_weighted(mean[have] / base[have], w))
        if name == reference:
            ratios[name] = Ratio(1.0, note="reference")
            continue
        counts = (w * mean[have] / base[have], counting[name][have], counting[reference][have])
        if drawn is None or drawn_weight is None or len(values) == 1:
            ratios[name] = Ratio(value, note="; ".join(filter(None, [missing, FEW_REGIONS])))
            if drawn is not None and value > 0:
                single[name] = value, _counted_variance(*counts), missing
            continue
        own, ref = drawn.means[name][:, have], drawn.means[reference][:, have]
        with np.errstate(divide="ignore", invalid="ignore"):
            joint = _weighted(own / ref, drawn_weight[:, have])
            logs = [
                np.log(x)
                for x in (joint, _weighted(own / base[have], w), _weighted(mean[have] / ref, w))
            ]
        repetitions[name] = joint
        if not all(np.isfinite(x).all() for x in logs) or value <= 0:
            ratios[name] = Ratio(value, note=missing or "too few counts: no interval")
            continue
        variance, of_sample, of_reference = (float(np.var(x, ddof=1)) for x in logs)
        t = welch_t(of_sample, len(values), of_reference, n_ref)
        half = t * math.sqrt(max(variance, _counted_variance(*counts)))
        ratios[name] = Ratio(value, value * math.exp(-half), value * math.exp(half), missing)
        scatter.append((len(values), of_sample, of_reference))
    if any(of_sample for _, of_sample, _ in scatter):
        freedom = sum(n - 1 for n, _, _ in scatter)
        between = sum((n - 1) * n * of_sample for n, of_sample, _ in scatter) / freedom
        of_reference = max(v for _, _, v in scatter)
        t = welch_t(between, freedom + 1, of_reference, n_ref)
        for name, (value, counted, missing) in single.items():
            half = t * math.sqrt(max(between + of_reference, counted))
            note = "; ".join(filter(None, [missing, BORROWED]))
            ratios[name] = Ratio(value, value * math.exp(-half), value * math.exp(half), note)
    return GroupValues(ratios, repetitions)


def _counted_variance(share: np.ndarray, own: np.ndarray, reference: np.ndarray) -> float:
    """Return the relative variance of a sum of ratios, each with a share, from counting alone."""
    return float(np.sum((share / share.sum()) ** 2 * (own**2 + reference**2)))


def _weighted(ratio: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return (ratio * weight).sum(axis=-1) / weight.sum(axis=-1)


def drawn_weights(drawn: Draws, weighting: str) -> np.ndarray | None:
    """Return the weights of every repetition, (repetition, fragment)."""
    return weights(drawn.regions, weighting)
