"""What the areas of a spot amount to: atomic percent, and the rows that coverages are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..analysis import Analysis
from ..quality import OK, Quality, doubtful, worst
from .model import Component
from .quantify import rsf, transmission
from .region import RegionFit
from .spot import Measured, SpotFit, kinetic_eV

UNLIKE = 0.2  # of the area of a region, by which a second scan of it may differ
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


def comparable(fitted: SpotFit, config: Mapping[str, Any]) -> Quality:
    """Judge whether areas of different regions of a spot can be set against each other.

    Without the analyser's transmission they can only at one pass energy; and counts without a time are on no common scale.
    A region that was measured twice should have one area, and a factor of the configuration be near that of the library.
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
    found += [*_unlike(fitted), *_far_off(fitted, config)]
    return worst(doubtful(note) for note in found)


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


def _far_off(fitted: SpotFit, config: Mapping[str, Any]) -> list[str]:
    """Say which factors of the configuration are on another scale than the library's, or of another line."""
    library, extra = config["rsf_library"], config.get("rsf_extra") or {}
    lines = {c.line for fit in fitted.fits.values() if fit is not None for c in fit.model.wholes}
    known = {line: rsf(library, line) for line in sorted(lines & {*extra})}
    return [
        f"rsf_extra gives {extra[line]:g} for {line}, {library} has {factor:.3g}: another scale, or another line?"
        for line, factor in known.items()
        if factor and not 1 / FAR_OFF < extra[line] / factor < FAR_OFF
    ]


def left_out(fitted: SpotFit) -> Quality:
    """Return what a spot's atomic percent lacks where its regions are not all usable."""
    names = [
        m.name for m in fitted.measured if m.model is not None and not fitted.quality[m.name].usable
    ]
    return Quality(
        OK, (f"at_percent without {', '.join(names)}, which is unusable",) if names else ()
    )


def not_quantified(m: Measured, fit: RegionFit, config: Mapping[str, Any]) -> list[str]:
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
    fitted: SpotFit, config: Mapping[str, Any]
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


def add_areas(
    result: Analysis, key: Mapping[str, str], fitted: SpotFit, config: Mapping[str, Any]
) -> None:
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
