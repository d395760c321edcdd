"""What a balance does that the sample does not: the jump when a record starts, spikes, a door, a knock.

They are recognised by what no reaction does: to come and go within a few kelvin. Left in, they set the scale that every
real event is measured by; so they are cut out, bridged by a straight line, and named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .smooth import white_noise

# An excursion that comes back within this time and this much heating is none of the sample's.
EXCURSION_S, EXCURSION_K = 60.0, 12.0
LEAST_SIGMA, LEAST_PERCENT = 10.0, 0.15
# No reaction changes so much from one record to the next, and none takes it back.
DROPOUT_PERCENT, DROPOUT_AT_MOST_S, DROPOUT_BACK = 2.0, 900.0, 0.3
MAX_EVEN = 60_000  # points that a record is looked at with
# A balance that settles: what a straight line over this time leaves is curved.
SETTLING_S, SETTLED_PERCENT, SETTLING_AT_MOST_S = 60.0, 0.01, 600.0
SETTLING_LEAST_PERCENT = 0.3


@dataclass(frozen=True)
class Artefact:
    """One stretch that is left out: its first and last time in s, its height in percent, and what it is called."""

    start_s: float
    stop_s: float
    height_percent: float
    name: str

    @property
    def note(self) -> str:
        """What and where, in words."""
        return (
            f"{self.name} of {self.height_percent:+.2g} % at {self.start_s / 60:.1f} min "
            f"({max(self.stop_s - self.start_s, 0):.0f} s) left out"
        )


def clean(
    time_s: np.ndarray, temperature_degC: np.ndarray, mass_percent: np.ndarray
) -> tuple[np.ndarray, list[Artefact]]:
    """Return the mass without excursions, and what was taken out.

    Parameters
    ----------
    time_s, temperature_degC, mass_percent : (n,) arrays
        Records as exported, time ascending.

    Returns
    -------
    mass_percent : (n,) array
        Bridged by straight lines; a transient at the start by the level that it settles to.
    found : list of Artefact
    """
    known = np.isfinite(mass_percent)
    if known.sum() < 20:
        return mass_percent, []
    time, mass = time_s[known], mass_percent[known].copy()
    noise = white_noise(mass)
    found = _dropouts(time, mass, noise)
    found += _settling(time, mass, noise)
    found += _excursions(time, temperature_degC[known], mass, noise)
    whole = mass_percent.copy()
    whole[known] = mass
    return whole, sorted(found, key=lambda a: a.start_s)


def _dropouts(time: np.ndarray, mass: np.ndarray, noise: float) -> list[Artefact]:
    """Bridge stretches that begin and end from one record to the next and come back: the balance was off, or lifted.

    `mass` is changed in place.
    """
    change = np.diff(mass)
    jumps = np.flatnonzero(np.abs(change) > max(LEAST_SIGMA * noise, DROPOUT_PERCENT))
    found: list[Artefact] = []
    done = -1
    for i, first in enumerate(jumps):
        if first <= done:
            continue
        for last in jumps[i + 1 :]:
            if time[last] - time[first] > DROPOUT_AT_MOST_S:
                break
            # Both the jump and the level come back: of two jumps that have nothing to do with each other one alone may.
            back = change[first] + change[last], mass[last + 1] - mass[first]
            if max(map(abs, back)) > DROPOUT_BACK * abs(change[first]):
                continue
            inside = slice(first + 1, last + 1)
            bridge = np.interp(time[inside], time[[first, last + 1]], mass[[first, last + 1]])
            height = mass[inside] - bridge
            high = float(height[np.argmax(np.abs(height))])
            mass[inside] = bridge
            start, stop = float(time[first + 1]), float(time[last])
            name = "spike" if stop - start < EXCURSION_S else "dropout"
            found.append(Artefact(start, stop, high, name))
            done = last
            break
    return found


def _excursions(
    time: np.ndarray, temperature: np.ndarray, mass: np.ndarray, noise: float
) -> list[Artefact]:
    """Cut out bumps and dips that come back; `mass` is changed in place."""
    from scipy.ndimage import grey_closing, grey_opening

    # Records need not be even in time, and an excursion is told by its time.
    spacing = np.diff(time)
    if not (spacing > 0).any():
        return []
    step = max(float(np.quantile(spacing[spacing > 0], 0.1)), float(time[-1] - time[0]) / MAX_EVEN)
    even = np.arange(time[0], time[-1] + step / 2, step)
    level = np.interp(even, time, mass)
    heat = np.interp(even, time, temperature)
    rate = max(float(np.quantile(np.gradient(heat, step), 0.9)), 1e-3)
    width = max(3, int(min(EXCURSION_S, EXCURSION_K / rate) / step)) | 1
    if width > level.size // 4:
        return []
    limit = max(LEAST_SIGMA * noise, LEAST_PERCENT)
    # Beyond its ends the record goes on as it came, so that a slope there is no excursion.
    padded = np.pad(level, width, mode="reflect", reflect_type="odd")
    inner = slice(width, -width)
    up = level - grey_opening(padded, width)[inner]
    down = level - grey_closing(padded, width)[inner]
    bad = (up > limit) | (down < -limit)
    # The foot of an excursion is below the limit: it belongs to it down to the noise.
    least = max(6 * noise, 0.03)
    foot = (up > least) | (down < -least)
    found = []
    for first, end in _runs(foot):
        if not bad[first:end].any():
            continue
        start = int(np.searchsorted(time, even[first] - step / 2))
        stop = int(np.searchsorted(time, even[end - 1] + step / 2))
        if stop <= start:
            continue
        a, b = max(start - 1, 0), min(stop, mass.size - 1)
        bridge = np.interp(time[start:stop], [time[a], time[b]], [mass[a], mass[b]])
        if start == 0:
            bridge = np.full(stop - start, mass[b])
        height = mass[start:stop] - bridge
        # A slope beside the excursion lies beside it, not in it.
        core = np.flatnonzero(np.abs(height) > 2 * least)
        if not core.size:
            continue
        if start > 0:
            start, stop = start + int(core[0]), start + int(core[-1]) + 1
            a, b = max(start - 1, 0), min(stop, mass.size - 1)
            bridge = np.interp(time[start:stop], [time[a], time[b]], [mass[a], mass[b]])
            height = mass[start:stop] - bridge
        high = float(height[np.argmax(np.abs(height))])
        mass[start:stop] = bridge
        name = "transient at the start" if start <= 2 else "spike"
        found.append(Artefact(float(time[start]), float(time[stop - 1]), high, name))
    return found


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Ranges [start, stop) of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _settling(time: np.ndarray, mass: np.ndarray, noise: float) -> list[Artefact]:
    """Cut out the bend at the start of a record: a balance that settles slows down as nothing heated does."""
    elapsed = time - time[0]
    settled = 0
    while settled < time.size and elapsed[settled] < SETTLING_AT_MOST_S:
        inside = (elapsed >= elapsed[settled]) & (elapsed <= elapsed[settled] + SETTLING_S)
        if inside.sum() < 5:
            return []
        x, y = elapsed[inside], mass[inside]
        third = max(2, x.size // 4)
        # Ends above or below the middle: curvature, with the noise averaged out.
        middle = y[third:-third].mean() if x.size > 2 * third else y.mean()
        bend = 0.5 * (y[:third].mean() + y[-third:].mean()) - middle
        if abs(bend) < max(4 * noise / third**0.5, SETTLED_PERCENT):
            break
        # Onwards also where many records have one time, as exports in whole minutes have.
        settled = max(settled + 1, int(np.flatnonzero(inside)[third // 2]))
    # What is left of the bend then is small, and gone after as long again.
    if settled:
        settled = int(np.searchsorted(elapsed, elapsed[min(settled, time.size - 1)] + SETTLING_S))
    height = float(mass[0] - mass[settled]) if settled < time.size else 0.0
    if (
        settled == 0
        or settled >= time.size
        or abs(height) < max(SETTLING_LEAST_PERCENT, LEAST_SIGMA * noise)
    ):
        return []
    # From here on a line holds; what is left of the bend is as large as the noise.
    level = float(np.median(mass[settled : settled + 5]))
    mass[:settled] = level
    return [Artefact(float(time[0]), float(time[settled]), height, "settling of the balance")]
