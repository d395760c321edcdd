"""What the areas of a spot amount to: atomic percent, and the rows that coverages are made of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import Analysis
from ..quality import OK, Quality, doubtful, worst
from ..readers.xps_block import anode_energy
from .model import Component
from .quantify import AL_KALPHA_EV, WITHIN_EV, rsf, transmission
from .region import RegionFit
from .spot import Measured, SpotFit, kinetic_eV

if TYPE_CHECKING:
    from ..config_types import XpsConfig

UNLIKE = 0.2  # of the area of a region, by which a second scan of it may differ
# Background where a region begins over that where the one before it ends, at lower binding energies: 0.67 to 3.6
# between about 100 pairs of regions of public exports.
CONTINUES = (0.4, 6.0)
END_POINTS, LEAST_COUNTS = 8, 100.0
FAR_OFF = 2.0  # between a factor of the configuration and the library's; empirical ones differ by less on one scale


def photon_eV(m: Measured) -> float:
    """Return the photon energy that a region was measured with; NaN where unknown."""
    return float(m.block.attrs.get("photon_energy_eV", math.nan))


def component_factor(
    component: Component, m: Measured, library: str, extra: Mapping[str, float]
) -> float | None:
    """Return the sensitivity factor of a component on the scale of the headline library, None if there is none.

    `extra` are the factors of further lines (`xps.rsf_extra`).
    """
    if component.rsf is not None:
        return component.rsf
    return rsf(library, component.line, extra, photon_eV(m))


def transmission_of(m: Measured, fit: RegionFit | None) -> tuple[float, str]:
    """Return T at the middle of a region; within a region it changes by less than its uncertainty."""
    x = fit.x if fit else m.x
    return transmission(m.block, kinetic_eV(m, float(0.5 * (x[0] + x[-1]))))


def comparable(fitted: SpotFit, config: XpsConfig) -> Quality:
    """Judge whether areas of different regions of a spot can be set against each other.

    Without the analyser's transmission they can only at one pass energy; and counts without a time are on no common scale.
    A region that was measured twice should have one area, and a factor of the configuration be near that of the library.
    One source lights all regions, and the background goes on from one to the next.
    """
    used = [m for m in fitted.measured if fitted.fits.get(m.name) is not None and m.name == m.base]
    found = []
    energies = {m.name: float(m.block.attrs.get("pass_energy_eV", math.nan)) for m in used}
    known = sorted({e for e in energies.values() if math.isfinite(e)})
    sources = {m.name: transmission_of(m, fitted.fits.get(m.name))[1] for m in used}
    if len(known) > 1 and "none" in sources.values():
        found.append(
            f"pass energies of {' and '.join(f'{e:g}' for e in known)} eV, and no transmission in the file: areas of these "
            "regions are on different scales"
        )
    elif len(set(sources.values())) > 1 and "none" in sources.values():
        bare = ", ".join(name for name, source in sources.items() if source == "none")
        found.append(f"transmission known for some regions only, not for {bare}")
    untimed = [m.name for m in used if "counts" in m.block and not math.isfinite(m.time_s)]
    if untimed:
        found.append(
            f"counts without a counting time in {', '.join(untimed)}: areas are on no common scale"
        )
    found += [*_sources(used), *_broken(used), *_unlike(fitted), *_far_off(fitted, config)]
    return worst(doubtful(note) for note in found)


def _sources(used: Sequence[Measured]) -> list[str]:
    """Say where photon energies contradict each other, or the anode that the file names."""
    energies = {m.name: photon_eV(m) for m in used if math.isfinite(photon_eV(m))}
    notes = []
    if energies and max(energies.values()) - min(energies.values()) > WITHIN_EV:
        each = ", ".join(f"{name} {e:g} eV" for name, e in energies.items())
        notes.append(f"photon energies differ ({each}): areas are on different scales")
    for m in used:
        source = str(m.block.attrs.get("vendor", {}).get("source", ""))
        if abs(anode_energy(source) - photon_eV(m)) > WITHIN_EV:
            notes.append(
                f"the file names the source {source!r} and {photon_eV(m):g} eV: one of them is wrong, and with it "
                "energies or sensitivity factors"
            )
    return list(dict.fromkeys(notes))


def _broken(used: Sequence[Measured]) -> list[str]:
    """Say where the background does not go on from one region to the next: a counting time, a place or a scale is another."""
    notes = []
    ordered = sorted(used, key=lambda m: float(m.x[0]))
    for low, high in itertools.pairwise(ordered):
        ends = [(low, low.y[-END_POINTS:]), (high, high.y[:END_POINTS])]
        energies = {str(m.block.attrs.get("pass_energy_eV")) for m, _ in ends}
        counts = [float(y.sum()) * m.time_s for m, y in ends]
        if len(energies) > 1 or low.x[-1] > high.x[0] or not min(counts) > LEAST_COUNTS:
            continue
        before, after = (float(y.mean()) for _, y in ends)
        if not CONTINUES[0] < after / before < CONTINUES[1]:
            notes.append(
                f"the background goes from {before:.3g} counts/s above {low.name} to {after:.3g} below {high.name}: is the "
                "counting time (dwell, scans) of one of them wrong, or were they measured at two places?"
            )
    return notes


def _unlike(fitted: SpotFit) -> list[str]:
    """Say which regions were measured twice and are not the same: of two places, or changed by the beam."""
    first = {m.name: m for m in fitted.measured}
    notes = []
    for m in fitted.measured:
        own, other = fitted.fits.get(m.name), fitted.fits.get(m.base)
        energies = [x.block.attrs.get("pass_energy_eV") for x in (m, first.get(m.base, m))]
        if m.name == m.base or own is None or other is None or len({*map(str, energies)}) > 1:
            continue
        (a, var_a), (b, var_b) = (
            (float(areas.sum()), float(covariance.sum()))
            for areas, _, covariance in (own.grouped(), other.grouped())
        )
        if abs(a - b) > max(UNLIKE * max(a, b), 5 * math.sqrt(max(var_a + var_b, 0.0))):
            notes.append(
                f"{m.base} was measured twice with areas of {b:.3g} and {a:.3g} counts/s x eV: two places, or changed by the "
                "beam? at_percent takes the first; name places by sample_in_file, or files of their own"
            )
    return notes


def _far_off(fitted: SpotFit, config: XpsConfig) -> list[str]:
    """Say which factors of the configuration are on another scale than the library's, or of another line."""
    library, extra = config["rsf_library"], config.get("rsf_extra") or {}
    given: dict[tuple[str, str], tuple[float, float]] = {}
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        for c in fit.model.wholes if fit is not None else ():
            if c.rsf is not None and c.quantify:
                given[f"rsf of {c.name}", c.line] = c.rsf, photon_eV(m)
            elif c.line in extra:
                given["rsf_extra", c.line] = extra[c.line], AL_KALPHA_EV
    return [
        f"{key} gives {own:g} for {line}, {library} has {factor:.3g}: another scale, or another line (of a component: line)?"
        for (key, line), (own, photon) in given.items()
        if (factor := rsf(library, line, photon_eV=photon))
        and not 1 / FAR_OFF < own / factor < FAR_OFF
    ]


def left_out(fitted: SpotFit) -> Quality:
    """Return what a spot's atomic percent lacks where its regions are not all usable."""
    names = [
        m.name for m in fitted.measured if m.model is not None and not fitted.quality[m.name].usable
    ]
    return Quality(
        OK, (f"at_percent without {', '.join(names)}, which is unusable",) if names else ()
    )


def not_quantified(m: Measured, fit: RegionFit, config: XpsConfig) -> list[str]:
    """Return what stands between a region's areas and its atomic percent."""
    notes = []
    if transmission_of(m, fit)[1] == "none":
        notes.append("transmission unknown, taken as 1")
    library, energy = config["rsf_library"], photon_eV(m)
    extra = config.get("rsf_extra") or {}
    lacking = {
        c.line
        for c in fit.model.wholes
        if c.quantify and component_factor(c, m, library, extra) is None
    }
    notes += [
        f"no sensitivity factor for {line} at {energy:g} eV in {library}: no at_percent in this spot; "
        "give it in rsf_extra"
        for line in sorted(lacking)
    ]
    return notes


def atomic_percent(
    fitted: SpotFit, config: XpsConfig
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (region, component) -> atomic percent and its uncertainty, over the modelled regions of a spot.

    Empty where a quantified line has no sensitivity factor: the others alone would not be atomic percent.
    """
    library, extra = config["rsf_library"], config.get("rsf_extra") or {}
    keys: list[tuple[str, str]] = []
    amounts: list[np.ndarray] = []
    blocks: list[np.ndarray] = []
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        if fit is None or m.name != m.base or not fitted.quality[m.name].usable:
            continue
        areas, _, covariance = fit.grouped()
        chosen = [i for i, c in enumerate(fit.model.wholes) if c.quantify]
        factors = [component_factor(fit.model.wholes[i], m, library, extra) for i in chosen]
        if any(f is None for f in factors):
            return {}
        scale = 1 / (np.array(factors, float) * transmission_of(m, fit)[0])
        keys += [(m.name, fit.model.rows[i]) for i in chosen]
        amounts.append(areas[chosen] * scale)
        blocks.append(covariance[np.ix_(chosen, chosen)] * np.outer(scale, scale))
    if not keys:
        return {}
    amount = np.concatenate(amounts)
    total = float(amount.sum())
    if total <= 0:
        return {}
    covariance = np.zeros((len(amount), len(amount)))
    at = 0
    for block in blocks:
        covariance[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    share = amount / total
    gradient = (np.eye(len(amount)) - share[:, None]) / total
    sd = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradient, covariance, gradient), 0.0))
    return {k: (100 * float(s), 100 * float(e)) for k, s, e in zip(keys, share, sd, strict=True)}


def add_areas(result: Analysis, key: Mapping[str, str], fitted: SpotFit, config: XpsConfig) -> None:
    """Rows of xps_areas: what coverages are made of, for every background."""
    by_name = {m.name: m for m in fitted.measured}
    together = comparable(fitted, config)
    for m in fitted.measured:
        # A region that measured nothing must not pass for one that was not measured.
        if m.model is not None and fitted.fits.get(m.name) is None and m.name == m.base:
            default = m.model.background
            for kind in dict.fromkeys([default, *config["sensitivity"]["backgrounds"]]):
                result.add(
                    "xps_areas",
                    **key,
                    region=m.name,
                    component="total",
                    line=m.base,
                    background=kind,
                    is_default=kind == default,
                    area_cps_eV=None,
                    **fitted.quality[m.name].columns(),
                )
    for (name, kind), fit in fitted.others.items():
        m = by_name[name]
        if fit is None or m.name != m.base:
            continue
        areas, unbounded, covariance = fit.grouped()
        factor, source = transmission_of(m, fit)
        common: dict[str, Any] = {
            "region": name,
            "background": kind,
            "background_used": fit.background,
            "is_default": kind == fit.model.background,
            "transmission": factor,
            "transmission_source": source,
            "photon_energy_eV": photon_eV(m),
            "source_analyser_angle_deg": m.block.attrs.get("source_analyser_angle_deg", math.nan),
        }
        groups: dict[tuple[str, float | None], list[int]] = {}
        for i, component in enumerate(fit.model.wholes):
            if component.quantify:
                groups.setdefault((component.line, component.rsf), []).append(i)
        judged = worst([fitted.quality[name], fit.quality, together]).columns()
        for (line, own), chosen in groups.items():
            ones = np.ones(len(chosen))
            inner = covariance[np.ix_(chosen, chosen)]
            for component_name, area, free, variance in [
                *((fit.model.rows[i], areas[i], unbounded[i], covariance[i, i]) for i in chosen),
                ("total", areas[chosen].sum(), unbounded[chosen].sum(), ones @ inner @ ones),
            ]:
                result.add(
                    "xps_areas",
                    **key,
                    **common,
                    component=component_name,
                    line=line,
                    rsf=own,
                    area_cps_eV=float(area),
                    area_cps_eV_sd=math.sqrt(max(float(variance), 0.0)),
                    area_unbounded_cps_eV=float(free),
                    **judged,
                )
