"""Surveys: which elements their peaks belong to, how much there is of each, and which peaks nobody explains.

Peaks are maxima of a zero-area filter above its counting noise. An element is there where its strongest line in the range
is a peak, and every further line that should be seen as well is one. Energies: the library of lines, else
xraylib's edges (BSD licence; T. Schoonjans et al., Spectrochim. Acta B 66 (2011) 776). Auger groups follow from
edges, E(K) - E(L) - E(L') and the like. Atomic percent: area of the strongest free line over cross section and transmission.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .library import library
from .quantify import AL_KALPHA_EV
from .survey_lines import VALENCE_EV, SurveyLine, auger_of, lines_of

PEAK_SIGMA = 8.0  # of a peak, in units of the noise of the filter
LEAST_SHARE = 0.004  # of the highest peak: below it, satellites and steps are as high
HALF_EV = 2.5  # half of the filter's middle; its sides are as wide
WINDOW_EV = 7.0  # on either side of a line that is integrated
SEARCH_EV = 15.0  # charge that is looked for where none is known
OXIDE_EV, CHARGE_EV = (
    530.7,
    1.5,
)  # O 1s where carbon says nothing of the charge, and how far off is a charge
OXYGEN_EV = 531.2, 2.2  # O 1s of oxides to water, either way
LOSS_EV, LOSS_SHARE = 28.0, 0.15  # plasmons and shake-up: so far above a line, and at most so high
RARE_WEIGHT, RARE_SHARE = (
    0.2,
    0.05,
)  # of an element that neither the study nor the library has: what its peaks count, and least height
TIMES = 20.0  # that a line may be higher than its cross section says
_RARE = {"He", "Ne", "Kr", "Xe", "Tc", "Pm", "Po", "At", "Rn"}


@dataclass(frozen=True)
class Peak:
    """A peak: measured binding energy in eV, height of the filter in counts/s, and its significance."""

    energy_eV: float
    height: float
    sigma: float


@dataclass(frozen=True)
class Found:
    """An element with the line that it is quantified by; area in counts/s x eV. Empty element: a peak that nobody explains."""

    element: str
    line: str
    energy_eV: float
    area: float
    area_sd: float
    note: str = ""


@dataclass(frozen=True)
class Survey:
    """What a survey shows.

    Attributes
    ----------
    shift_eV : float
        Charge that its lines were looked for at.
    found : list of Found
        Elements, then unexplained peaks.
    """

    shift_eV: float
    found: list[Found]

    @property
    def elements(self) -> list[str]:
        """Symbols of the elements, in the order of their certainty."""
        return [f.element for f in self.found if f.element]


def read_survey(
    x: np.ndarray,
    y: np.ndarray,
    time_s: float,
    photon_eV: float,
    shift_eV: float | None = None,
    preferred: Collection[str] = (),
) -> Survey:
    """Find and name the peaks of a survey.

    Parameters
    ----------
    x, y : (n,) arrays
        Binding energy as measured in eV (ascending), counts/s.
    time_s : float
        Counting time per channel; NaN: the noise is taken from the scatter.
    photon_eV : float
        NaN counts as Al K-alpha.
    shift_eV : float, optional
        Charge; None: from C 1s and O 1s in the survey itself.
    preferred : collection of str
        Elements that the study expects: they come first where a peak may be of two.
    """
    photon = photon_eV if math.isfinite(photon_eV) else AL_KALPHA_EV
    peaks = find_peaks(x, y, time_s)
    shift = shift_eV if shift_eV is not None else _shift(peaks)
    elements = _elements(peaks, x, shift, photon, preferred)
    found = [_area(x, y, time_s, peaks, shift, photon, e, elements) for e in elements]
    explained = [p for p in peaks if _explained(p, peaks, elements, shift, photon)]
    rest = [
        Found("", "", p.energy_eV - shift, math.nan, math.nan) for p in peaks if p not in explained
    ]
    return Survey(shift, [f for f in found if f is not None and f.area > 3 * f.area_sd] + rest)


def find_peaks(x: np.ndarray, y: np.ndarray, time_s: float) -> list[Peak]:
    """Return the peaks of a survey, the most significant first."""
    step = float(np.median(np.diff(x)))
    half = max(1, round(HALF_EV / step))
    middle, side = np.ones(2 * half + 1) / (2 * half + 1), np.ones(half) / (2 * half)
    kernel = np.concatenate([-side, middle, -side])
    if len(y) <= len(kernel) + 2:
        return []
    # What neighbours scatter is the noise where the time is unknown, and a floor under it where intensities are no counts.
    scatter = _scatter(y)
    variance = (
        np.maximum(y * time_s, 1.0) / time_s**2
        if math.isfinite(time_s)
        else np.full(len(y), scatter**2)
    )
    filtered = np.convolve(y, kernel, mode="valid")
    noise = np.sqrt(np.maximum(np.convolve(variance, kernel**2, mode="valid"), 1e-300))
    at = x[len(kernel) // 2 : len(kernel) // 2 + len(filtered)]
    inner = np.r_[-np.inf, filtered, -np.inf]
    top = (filtered >= inner[:-2]) & (filtered > inner[2:])
    good = top & (filtered > PEAK_SIGMA * noise) & (filtered > LEAST_SHARE * filtered.max())
    found = [
        Peak(float(at[i]), float(filtered[i]), float(filtered[i] / noise[i]))
        for i in np.flatnonzero(good)
    ]
    return sorted(found, key=lambda p: -p.sigma)


def _scatter(y: np.ndarray) -> float:
    """Return the standard deviation of neighbours; the median of second differences leaves peaks out."""
    return float(np.median(np.abs(np.diff(y, 2)))) / 0.6745 / math.sqrt(6)


def _shift(peaks: Sequence[Peak]) -> float:
    """Return the charge that puts peaks on C 1s and O 1s; where there is no carbon and O 1s lies far off, what puts that in place."""
    carbon = library()["C 1s"].binding_energy_eV
    best, most = 0.0, 0.0
    for p in peaks:
        shift = p.energy_eV - carbon
        if abs(shift) > SEARCH_EV:
            continue
        near = [q.height for q in peaks if abs(q.energy_eV - shift - OXYGEN_EV[0]) < OXYGEN_EV[1]]
        score = math.sqrt(p.height * max(near, default=0.0)) * (1 - 0.01 * abs(shift))
        if score > most:
            best, most = shift, score
    if most == 0:
        oxygen = [p for p in peaks if abs(p.energy_eV - OXIDE_EV) < SEARCH_EV]
        highest = max(oxygen, key=lambda p: p.height, default=None)
        if highest is not None and abs(highest.energy_eV - OXIDE_EV) > CHARGE_EV:
            best = highest.energy_eV - OXIDE_EV
    return best


def _elements(
    peaks: Sequence[Peak], x: np.ndarray, shift: float, photon: float, preferred: Collection[str]
) -> list[str]:
    """Name elements one after the other, each time the one that explains most of what is left."""
    import xraylib

    usual = {line.split()[0] for line in library()} | set(preferred)
    left: dict[str, list[Peak]] = {}
    for element in (xraylib.AtomicNumberToSymbol(z) for z in range(3, 84)):
        if element not in _RARE:
            matched = _match(element, peaks, x, shift, photon, rare=element not in usual)
            if matched:
                left[element] = matched
    accepted = [e for e in dict.fromkeys(["O", "C", *preferred]) if e in left]
    while True:
        scores = {}
        for element in left.keys() - set(accepted):
            matched = left[element]
            new = [p for p in matched if not _explained(p, peaks, accepted, shift, photon)]
            # One peak names an element that is usual in such samples; a rare one needs two of its own.
            high = matched[0].height > RARE_SHARE * max(p.height for p in peaks)
            if matched[0] in new and (element in usual or (len(new) > 1 and high)):
                weight = 1.0 if element in usual else RARE_WEIGHT
                scores[element] = weight * sum(p.height for p in new)
        if not scores:
            return accepted
        accepted.append(max(sorted(scores), key=lambda e: scores[e]))


def _match(
    element: str,
    peaks: Sequence[Peak],
    x: np.ndarray,
    shift: float,
    photon: float,
    *,
    rare: bool,
) -> list[Peak]:
    """Return the peaks of an element's lines, the strongest first; none where a line is missing that should be seen."""
    low, high = x[0] + WINDOW_EV - shift, x[-1] - WINDOW_EV - shift
    lines = [f for f in lines_of(element, photon) if low < f.energy_eV < high]
    if not lines or not peaks:
        return []
    strongest = lines[0]
    first = _nearest(peaks, strongest.energy_eV + shift, strongest.tolerance_eV)
    if first is None:
        return []
    matched = [first]
    for line in lines[1:]:
        here = _nearest(peaks, line.energy_eV + shift, line.tolerance_eV + 1)
        if here is not None and here not in matched:
            matched.append(here)
        # Cross sections are no sensitivities: only a peak that should tower over the noise is missed.
        elif here is None:
            share = line.height / strongest.height
            least, sigma = (0.08, 3.0) if rare else (0.25, 6.0)
            if share > least and first.sigma * share > sigma * PEAK_SIGMA:
                return []
    return matched


def _nearest(peaks: Sequence[Peak], energy: float, tolerance: float) -> Peak | None:
    near = [p for p in peaks if abs(p.energy_eV - energy) <= tolerance]
    return max(near, key=lambda p: p.height, default=None)


def _explained(
    peak: Peak, peaks: Sequence[Peak], elements: Sequence[str], shift: float, photon: float
) -> bool:
    """Tell whether a peak is a line, an Auger group or a loss of one of the elements."""
    at = peak.energy_eV - shift
    if at < VALENCE_EV:
        return True
    for element in elements:
        lines = lines_of(element, photon)
        main = _nearest(peaks, lines[0].energy_eV + shift, lines[0].tolerance_eV) if lines else None
        for f in lines:
            reach = f.tolerance_eV + 1
            # A weak line does not explain a peak that is far higher than it can be.
            most = (
                math.inf
                if f is lines[0] or main is None
                else main.height * f.height / lines[0].height
            )
            if f.energy_eV - reach <= at <= f.last_eV + reach and peak.height < TIMES * most:
                return True
            parent = _nearest(peaks, f.energy_eV + shift, reach)
            small = parent is not None and peak.height < LOSS_SHARE * parent.height
            if small and f.energy_eV < at < f.last_eV + LOSS_EV:
                return True
        for low, high, share in auger_of(element, photon):
            if low < at < high and (main is None or peak.height <= share * main.height):
                return True
    return False


def _area(
    x: np.ndarray,
    y: np.ndarray,
    time_s: float,
    peaks: Sequence[Peak],
    shift: float,
    photon: float,
    element: str,
    elements: Sequence[str],
) -> Found | None:
    """Integrate an element's strongest line that shares its window with no other element's; else its strongest one."""
    others = [f for e in elements if e != element for f in lines_of(e, photon)]
    options = []
    for f in lines_of(element, photon):
        low, high = _window(f, shift)
        if low < x[0] or high > x[-1]:
            continue
        shared = [
            o.line
            for o in others
            if low < o.last_eV + shift and o.energy_eV + shift < high and o.height > 0.05 * f.height
        ]
        options.append((f, low, high, shared))
    if not options:
        return None
    # A weak line that is free is worse than a strong one that is nearly so.
    strongest = max(f.height for f, *_ in options)
    free = [o for o in options if not o[3] and o[0].height > 0.2 * strongest]
    chosen, low, high, shared = max(free or options, key=lambda o: o[0].height)
    seen = _nearest(peaks, chosen.energy_eV + shift, chosen.tolerance_eV + 1)
    line, energy = chosen.line, seen.energy_eV - shift if seen else chosen.energy_eV
    note = f"its window holds {', '.join(sorted(shared))} as well" if shared else ""
    inside = (x >= low) & (x <= high)
    wx, wy = x[inside], y[inside]
    if len(wx) < 8:
        return None
    k = max(2, len(wx) // 10)
    left, right = float(wy[:k].mean()), float(wy[-k:].mean())
    straight = left + (right - left) * (wx - wx[0]) / (wx[-1] - wx[0])
    running = np.cumsum(np.maximum(wy - np.minimum(left, right), 0))
    stepped = left + (right - left) * running / max(float(running[-1]), 1e-300)
    areas = [float(np.trapezoid(wy - b, wx)) for b in (straight, stepped)]
    step = float(np.median(np.diff(wx)))
    rate = (
        np.maximum(wy * time_s, 1) / time_s**2
        if math.isfinite(time_s)
        else np.full(len(wy), _scatter(y) ** 2)
    )
    ends = (len(wx) * step / 2) ** 2 * (rate[:k].mean() + rate[-k:].mean()) / k
    counting = math.sqrt(float(rate.sum()) * step**2 + float(ends))
    # Two kinds of background bracket the truth: a rectangular distribution between them.
    sd = math.hypot(counting, (areas[0] - areas[1]) / math.sqrt(12))
    return Found(element, line, energy, sum(areas) / 2, sd, note)


def _window(f: SurveyLine, shift: float) -> tuple[float, float]:
    satellites = 8.0 if f.line.endswith("2p") and f.energy_eV > 500 else 0.0
    return f.energy_eV + shift - WINDOW_EV, f.last_eV + satellites + shift + WINDOW_EV
