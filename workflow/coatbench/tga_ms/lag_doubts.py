"""What speaks against a lag: another that explains the mass loss as well, gases that contradict each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..quality import Quality, doubtful
from .lag_match import Currents, Loss, Match, moved_currents, vertex

# Another lag this far away that explains so much of what the best one does is a rival.
RIVAL_S, RIVAL_SHARE = 150.0, 0.85
# So is one at which the gas fits another, smaller loss as well as this one: of the loss while gas leaves.
RIVAL_FIT, FIT_CORE = 0.9, 0.05
ONE_GAS = 0.9  # likeness of currents from which on they are fragments of one gas
# One channel alone is shifted so far; more than this, and three of its uncertainties, contradicts the others.
ALONE_S, APART_S = 300.0, 20.0
# Share of a channel's gas that leaves while mass is lost, below which it contradicts.
WITH_LOSS = 0.4
# Mass is lost where the rate, averaged over APART_S on either side, is above this share of the largest one and so many times
# what noise makes of it in the quietest quarter; a gas's peak goes with a loss from this mean on.
LOSING, LOSING_NOISE, LOSING_MEAN = 0.008, 2.0, 0.05
STRONG = 0.3  # of a current's maximum: its peak


def rivals(
    loss: Loss, found: Currents, shifts: np.ndarray, matches: Sequence[Match | None], best: int
) -> list[int]:
    """Places of all other lags that nobody could tell from the best one."""
    shares = np.array([m.share if m else -math.inf for m in matches])
    far = np.abs(shifts - shifts[best]) * loss.step_s > RIVAL_S
    tops = [i for i in range(1, len(shares) - 1) if far[i] and shares[i] == shares[i - 1 : i + 2].max() > 0]  # fmt: skip
    # The largest loss may be one whose gas no channel shows: then its share says little, and its fit where gas leaves more.
    # A gas that would have left before the record started, or where no mass is lost, speaks against it.
    least = RIVAL_FIT * _fit(loss, found, int(shifts[best]), matches[best])
    good = [
        i
        for i in tops
        if shares[i] > RIVAL_SHARE * shares[best]
        or (
            _fit(loss, found, int(shifts[i]), matches[i]) > least
            and _all_with_loss(loss, found, int(shifts[i]))
        )
    ]
    near_it = np.flatnonzero(far & (shares > RIVAL_SHARE * shares[best])).tolist()
    return good or sorted(near_it, key=lambda i: float(shares[i]))[-1:]


def _fit(loss: Loss, found: Currents, shift: int, match: Match | None) -> float:
    """Share of the mass loss that is explained, counted only where gas leaves."""
    if match is None:
        return -math.inf
    explained = match.weights @ moved_currents(found.excess, shift, loss.rate.size)
    inside = explained > FIT_CORE * float(explained.max())
    total = float((loss.rate[inside] ** 2).sum())
    left = loss.rate[inside] - explained[inside]
    return 1 - float((left**2).sum()) / total if total > 0 else -math.inf


def gases_of(excess: np.ndarray) -> list[list[int]]:
    """Channels of one gas each: those whose currents go together."""
    unit = excess / np.linalg.norm(excess, axis=1, keepdims=True)
    gases: list[list[int]] = []
    for k in range(len(unit)):
        kin = [g for g in gases if float(unit[k] @ unit[g[0]]) > ONE_GAS]
        if kin:
            kin[0].append(k)
        else:
            gases.append([k])
    return gases


def gases_alone(
    loss: Loss, found: Currents, match: Match, shift: int
) -> dict[tuple[int, ...], tuple[float, float]]:
    """What each gas alone, by its m/z, would add to the lag in s, and how much of the loss it carries."""
    moved = match.weights[:, None] * moved_currents(found.excess, shift, loss.rate.size)
    most = int(ALONE_S / loss.step_s)
    reach = np.arange(-most, most + 1)
    said = {}
    for gas in gases_of(found.excess):
        # Which of its fragments carries the weight is chance: together they are the gas.
        own = (match.weights[gas] @ found.excess[gas])[None, :]
        if not own.max() > 0:
            continue
        left = loss.rate - moved.sum(axis=0) + moved[gas].sum(axis=0)
        scores = np.array(
            [float(left @ moved_currents(own, shift + int(d), loss.rate.size)[0]) for d in reach]
        )
        best = int(scores.argmax())
        apart = (float(reach[best]) + vertex(scores, best)) * loss.step_s
        said[tuple(found.mz[k] for k in gas)] = apart, float(moved[gas].sum())
    return said


def contradictions(
    loss: Loss,
    found: Currents,
    shift: int,
    alone: Mapping[tuple[int, ...], tuple[float, float]],
    own_sd: float,
) -> list[Quality]:
    """Name the channels that the common lag does not serve; `own_sd` is what the lag of one gas is uncertain by."""
    judged = []
    total = sum(weight for _, weight in alone.values())
    for gas, (apart, weight) in alone.items():
        if abs(apart) > max(APART_S, 3 * own_sd) and weight > 0.05 * total:
            named = ", ".join(map(str, gas))
            # No farther is looked.
            size = f"{apart:+.0f} s" if abs(apart) < ALONE_S - loss.step_s else f"{ALONE_S:.0f} s or more"  # fmt: skip
            judged.append(doubtful(f"m/z {named} alone would be {size} off the common lag"))
    for mz in _without_loss(loss, found, shift):
        judged.append(doubtful(f"m/z {mz} evolves where no mass is lost"))
    return judged


def _without_loss(loss: Loss, found: Currents, shift: int) -> list[int]:
    """The m/z of which most evolves where no mass is lost."""
    from scipy.ndimage import uniform_filter1d

    rate = uniform_filter1d(loss.rate, 2 * max(1, round(APART_S / loss.step_s)) + 1)
    quiet = LOSING_NOISE * float(np.quantile(rate, 0.25))
    losing = rate > max(LOSING * float(loss.rate.max()), quiet)
    named = []
    for mz, gas in zip(found.mz, moved_currents(found.excess, shift, loss.rate.size), strict=True):
        # Its largest peak, not its drifting background.
        strong = gas > STRONG * float(gas.max())
        if float(gas[strong & losing].sum()) < WITH_LOSS * float(gas[strong].sum()):
            named.append(mz)
    return named


def _all_with_loss(loss: Loss, found: Currents, shift: int) -> bool:
    """Whether mass is lost, on average, while each gas evolves; none is lost outside the record of the mass."""
    moved = moved_currents(found.excess, shift, loss.rate.size)
    for gas, own in zip(moved, found.excess, strict=True):
        least = STRONG * float(own.max())
        lost = float(loss.rate[gas > least].sum()) / max(int((own > least).sum()), 1)
        if lost < LOSING_MEAN * float(loss.rate.max()):
            return False
    return True
