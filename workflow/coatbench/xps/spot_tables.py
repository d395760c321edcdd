"""Rows and curves of one spot."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..analysis import Analysis
from ..arrays import Arrays, Variable
from ..quality import OK, Quality, worst
from .choose import Level
from .model import Component
from .quantify import rsf, transmission
from .region import RegionFit, integrate
from .spot import Measured, SpotFit, kinetic_eV

WHOLE = "region"  # the component name of a region that has no model
LEVEL_COLUMNS = (("sputter_time_s", r"(?i)sputter|etch|time"), ("angle_deg", r"(?i)angle|deg|tilt"))


def add_spot(
    result: Analysis, sample: str, spot: str, file: str, fitted: SpotFit, config: Mapping[str, Any]
) -> None:
    """Append the rows of one spot to `result` and its curves under ``<spot>|<region>``."""
    key = {"sample": sample, "spot": spot}
    percent = atomic_percent(fitted, config)
    missing = _left_out(fitted)
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        judged = fitted.quality[m.name]
        notes = [*(fit.notes if fit else ()), *fitted.charge.notes]
        notes += [n for n in judged.notes if n not in notes]
        kind = fit.background if fit else None
        if fit is not None:
            notes += _not_quantified(m, fit, config)
            _components(result, key, m, fit, fitted, percent, missing)
            _choices(result, key, m, fit)
        elif not judged.usable:
            _empty(result, key, m, judged)
        elif m.survey:
            notes.append("survey: shown, not quantified")
        else:
            notes.append(
                f"no model in the config: integrated above a {config['unmodelled_background']} background"
            )
            kind = _integral(result, key, m, config)
        result.add(
            "xps_fits",
            **key,
            region=m.name,
            charge_shift_eV=fitted.shift_eV,
            charge_shift_eV_sd=fitted.shift_sd_eV,
            transmission_source=_transmission(m, fit)[1],
            background=kind,
            reduced_chi_square=fit.reduced_chi_square if fit else None,
            residual_autocorrelation=fit.autocorrelation if fit else None,
            n_points=len(fit.x) if fit else len(m.x),
            converged=fit.fit.converged if fit else None,
            note="; ".join(dict.fromkeys(notes)),
            n_parameters=fit.fit.n_free if fit else None,
            iterations=fit.fit.iterations if fit else None,
            file=file,
            **judged.columns(),
        )
        if judged.level != OK:
            result.warnings.append(f"{file}: {m.name}: {judged.level}: {judged.note}")
        result.curves[f"{spot}|{m.name.replace('/', '_')}"] = _curves(m, fit, fitted, notes)
        _stored(result, key, m, fit, fitted, config)
    if any(_transmission(m, fitted.fits.get(m.name))[1] == "none" for m in fitted.measured):
        result.warnings.append(
            f"{file}: the analyser's transmission is not in the file; taken as 1"
        )
    _areas(result, key, fitted, config)


def add_level(
    result: Analysis,
    sample: str,
    spot: str,
    level: Level,
    fitted: SpotFit,
    config: Mapping[str, Any],
) -> None:
    """Append the rows of one level of a depth profile or angle series to xps_profile."""
    at: dict[str, float | None] = {name: None for name, _ in LEVEL_COLUMNS}
    column = next((n for n, pattern in LEVEL_COLUMNS if re.search(pattern, level.variable)), None)
    if column is not None:
        at[column] = level.value * (60.0 if re.search(r"(?i)\bmin", level.variable) else 1.0)
    percent = atomic_percent(fitted, config)
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        if fit is None:
            continue
        for i, (name, fraction) in enumerate(zip(fit.model.rows, fit.fractions(), strict=True)):
            value, sd = percent.get((m.name, name), (None, None))
            judged = worst([fitted.quality[m.name], fit.judged(i)])
            result.add(
                "xps_profile",
                sample=sample,
                spot=spot,
                level=level.value,
                **at,
                region=m.name,
                component=name,
                at_percent=value,
                at_percent_sd=sd,
                fraction=fraction.value,
                fraction_sd=fraction.sd,
                charge_shift_eV=fitted.shift_eV,
                **judged.columns(),
            )


def _left_out(fitted: SpotFit) -> list[str]:
    """Return the notes of atomic percent in a spot whose regions are not all usable."""
    names = [
        m.name for m in fitted.measured if m.model is not None and not fitted.quality[m.name].usable
    ]
    return [f"at_percent without {', '.join(names)}, which is unusable"] if names else []


def _empty(result: Analysis, key: Mapping[str, str], m: Measured, judged: Quality) -> None:
    """Rows of a region that measured nothing: no number, and why."""
    if m.model is None:
        return
    for name in m.model.rows:
        result.add("xps_components", **key, region=m.name, component=name, **judged.columns())


def _not_quantified(m: Measured, fit: RegionFit, config: Mapping[str, Any]) -> list[str]:
    """Return what stands between a region's areas and its atomic percent."""
    notes = []
    if _transmission(m, fit)[1] == "none":
        notes.append("transmission unknown, taken as 1")
    lacking = {
        c.line
        for c in fit.model.wholes
        if c.quantify and component_factor(c, m, config, config["rsf_library"]) is None
    }
    library, energy = config["rsf_library"], photon_eV(m)
    notes += [
        f"no sensitivity factor for {line} at {energy:g} eV in {library}: no at_percent in this spot; "
        "give it in rsf_extra"
        for line in sorted(lacking)
    ]
    return notes


def photon_eV(m: Measured) -> float:
    """Return the photon energy that a region was measured with; NaN where unknown."""
    return float(m.block.attrs.get("photon_energy_eV", math.nan))


def component_factor(
    component: Component, m: Measured, config: Mapping[str, Any], library: str
) -> float | None:
    """Return the sensitivity factor of a component on the scale of the headline library, None if there is none."""
    if component.rsf is not None:
        return component.rsf
    return rsf(library, component.line, config.get("rsf_extra"), photon_eV(m))


def _stored(
    result: Analysis,
    key: Mapping[str, str],
    m: Measured,
    fit: RegionFit | None,
    fitted: SpotFit,
    config: Mapping[str, Any],
) -> None:
    """Rows of xps_stored, where CasaXPS has left its own fit in the file."""
    casa = m.block.attrs.get("casaxps")
    if casa is None or not casa.components:
        return
    from .casaxps import stored_rows

    for row in stored_rows(m.block, fitted.shift_eV or 0.0, fit, config):
        result.add("xps_stored", **key, region=m.name, **row)


def _transmission(m: Measured, fit: RegionFit | None) -> tuple[float, str]:
    """Return T at the middle of a region; within a region it changes by less than its uncertainty."""
    x = fit.x if fit else m.x
    return transmission(m.block, kinetic_eV(m, float(0.5 * (x[0] + x[-1]))))


def atomic_percent(
    fitted: SpotFit, config: Mapping[str, Any]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (region, component) -> atomic percent and its uncertainty, over the modelled regions of a spot.

    Empty where a quantified line has no sensitivity factor: the others alone would not be atomic percent.
    """
    keys: list[tuple[str, str]] = []
    amounts: list[np.ndarray] = []
    blocks: list[np.ndarray] = []
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        if fit is None or m.name != m.base or not fitted.quality[m.name].usable:
            continue
        areas, _, covariance = fit.grouped()
        chosen = [i for i, c in enumerate(fit.model.wholes) if c.quantify]
        factors = [
            component_factor(fit.model.wholes[i], m, config, config["rsf_library"]) for i in chosen
        ]
        if any(f is None for f in factors):
            return {}
        scale = 1 / (np.array(factors, float) * _transmission(m, fit)[0])
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


def _components(
    result: Analysis,
    key: Mapping[str, str],
    m: Measured,
    fit: RegionFit,
    fitted: SpotFit,
    percent: Mapping[tuple[str, str], tuple[float, float]],
    missing: Sequence[str],
) -> None:
    areas, _, covariance = fit.grouped()
    counting = fit.counting_sd()
    for i, (name, fraction) in enumerate(zip(fit.model.rows, fit.fractions(), strict=True)):
        limit = fit.area_limit(i)
        # Position and width of what is not there are not known.
        position, fwhm = (None, None) if limit is not None else (fit.position(name), fit.fwhm(name))
        at, at_sd = percent.get((m.name, name), (None, None))
        judged = worst([fitted.quality[m.name], fit.judged(i), Quality(OK, tuple(missing))])
        result.add(
            "xps_components",
            **key,
            region=m.name,
            component=name,
            binding_energy_eV=position[0] - (fitted.shift_eV or 0.0) if position else None,
            binding_energy_eV_sd=_with_shift(position[1], fitted) if position else None,
            fwhm_eV=fwhm[0] if fwhm else None,
            fwhm_eV_sd=fwhm[1] if fwhm else None,
            area_cps_eV=areas[i],
            area_cps_eV_sd=math.sqrt(max(covariance[i, i], 0.0)),
            area_cps_eV_sd_counting=counting[i],
            fraction=fraction.value,
            fraction_sd=fraction.sd,
            fraction_sd_counting=fraction.sd_counting,
            fraction_ci_low=fraction.low,
            fraction_ci_high=fraction.high,
            at_percent=at,
            at_percent_sd=at_sd,
            is_upper_limit=fraction.is_limit,
            area_upper_limit_cps_eV=limit,
            **judged.columns(),
        )


def _choices(result: Analysis, key: Mapping[str, str], m: Measured, fit: RegionFit) -> None:
    """Rows of xps_choices: the shares under each model of the mixture."""
    for choice in fit.choices:
        for name, fraction in zip(fit.model.rows, fit.fractions_of(choice), strict=True):
            result.add(
                "xps_choices",
                **key,
                region=m.name,
                choice=choice.name,
                weight=choice.weight,
                component=name,
                fraction=fraction.value,
                fraction_sd=fraction.sd,
            )


def _with_shift(sd: float, fitted: SpotFit) -> float:
    """Return the uncertainty of a charge-corrected energy; unknown where the position is not fitted."""
    return math.hypot(sd, fitted.shift_sd_eV or 0.0)


def _integral(
    result: Analysis, key: Mapping[str, str], m: Measured, config: Mapping[str, Any]
) -> str:
    whole = integrate(m.x, m.y, m.time_s, config)
    result.add(
        "xps_components",
        **key,
        region=m.name,
        component=WHOLE,
        area_cps_eV=whole.area,
        area_cps_eV_sd=whole.sd,
        is_upper_limit=False,
    )
    return whole.kind


def _areas(
    result: Analysis, key: Mapping[str, str], fitted: SpotFit, config: Mapping[str, Any]
) -> None:
    """Rows of xps_areas: what coverages are made of, for every background."""
    by_name = {m.name: m for m in fitted.measured}
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
        factor, source = _transmission(m, fit)
        common: dict[str, Any] = {
            "region": name,
            "background": kind,
            "background_used": fit.background,
            "is_default": kind == fit.model.background,
            "transmission": factor,
            "transmission_source": source,
            "photon_energy_eV": photon_eV(m),
        }
        groups: dict[tuple[str, float | None], list[int]] = {}
        for i, component in enumerate(fit.model.wholes):
            if component.quantify:
                groups.setdefault((component.line, component.rsf), []).append(i)
        judged = worst([fitted.quality[name], fit.quality]).columns()
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


def _curves(m: Measured, fit: RegionFit | None, fitted: SpotFit, notes: list[str]) -> Arrays:
    nan = np.full(len(m.x), math.nan)

    def widen(values: np.ndarray) -> np.ndarray:
        out = nan.copy()
        if fit is not None:
            out[fit.mask] = values
        return out

    shift = fitted.shift_eV or 0.0
    units = {"units": "counts/s"}
    data: dict[str, Variable] = {"intensity_cps": ("energy", m.y, units)}
    coords: dict[str, Variable] = {"binding_energy_eV": ("energy", m.x - shift, {"units": "eV"})}
    attrs = {
        "region": m.name,
        "base": m.base,
        "charge_shift_eV": fitted.shift_eV if fitted.shift_eV is not None else math.nan,
        "placed_eV": fitted.placed_eV,
        "counting_time_s": m.time_s,
        "photon_energy_eV": float(m.block.attrs.get("photon_energy_eV", math.nan)),
        "pass_energy_eV": float(m.block.attrs.get("pass_energy_eV", math.nan)),
        "transmission": _transmission(m, fit)[0],
        "instrument": str(m.block.attrs.get("instrument", "")),
        "date": str(m.block.attrs.get("date", "")),
        "fitted": int(fit is not None),
        "survey": int(m.survey),
        "quality": fitted.quality[m.name].level,
        "note": "; ".join(notes),
    }
    if fit is None:
        return Arrays.of(data, coords, attrs)
    parts = np.stack([widen(fit.fit.components[0][:, j]) for j in range(len(fit.model.names))])
    data |= {
        "background_cps": ("energy", widen(fit.fit.backgrounds[0]), units),
        "envelope_cps": ("energy", widen(fit.fit.models[0]), units),
        "residual": ("energy", widen(fit.residual), {"units": "standard uncertainties"}),
        "component_cps": (("component", "energy"), parts, units),
    }
    n = len(fit.model.names)
    p, sd = fit.fit.p[0], fit.estimate.sd
    coords |= {
        "component": ("component", fit.model.names),
        "part_of": ("component", [c.part_of for c in fit.model.components]),
        "line_shape": ("component", [c.shape for c in fit.model.components]),
        "position_eV": ("component", p[n : 2 * n] - shift),
        "fwhm_eV": ("component", p[2 * n :]),
        "area_cps_eV": ("component", p[:n]),
        "area_cps_eV_sd": ("component", sd[:n]),
    }
    attrs |= {"background": fit.background, "reduced_chi_square": fit.reduced_chi_square}
    return Arrays.of(data, coords, attrs)
