"""Rows and curves of one spot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..analysis import Analysis
from ..arrays import Arrays, Variable
from .quantify import rsf, transmission
from .region import RegionFit, integrate
from .spot import Measured, SpotFit, kinetic_eV

WHOLE = "region"  # the component name of a region that has no model


def add_spot(
    result: Analysis, sample: str, spot: str, file: str, fitted: SpotFit, config: Mapping[str, Any]
) -> None:
    """Append the rows of one spot to `result` and its curves under ``<spot>|<region>``."""
    key = {"sample": sample, "spot": spot}
    percent = _atomic_percent(fitted, config)
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        notes = list(fit.notes) if fit else []
        if fitted.shift_eV is None:
            notes.append("no charge reference: binding energies are not shifted")
        if fit is not None:
            notes += _not_quantified(m, fit, config)
            _components(result, key, m, fit, fitted, percent)
        elif m.survey:
            notes.append("survey: shown, not quantified")
        else:
            why = (
                "the model's window is outside of the data" if m.model else "no model in the config"
            )
            notes.append(f"{why}: integrated above a {config['unmodelled_background']} background")
        kind = fit.background if fit else None
        if fit is None and not m.survey:
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
            note="; ".join(notes),
            flagged=fit.bad if fit else None,
            n_parameters=fit.fit.n_free if fit else None,
            iterations=fit.fit.iterations if fit else None,
            file=file,
        )
        if fit is not None and fit.bad:
            flags = [n for n in fit.notes if n.startswith(("bad fit", "the fit"))]
            result.warnings.append(f"{file}: {m.name}: {'; '.join(flags)}")
        result.curves[f"{spot}|{m.name.replace('/', '_')}"] = _curves(m, fit, fitted, notes)
        _stored(result, key, m, fit, fitted, config)
    if any(_transmission(m, fitted.fits.get(m.name))[1] == "none" for m in fitted.measured):
        result.warnings.append(
            f"{file}: the analyser's transmission is not in the file; taken as 1"
        )
    _areas(result, key, fitted)


def _not_quantified(m: Measured, fit: RegionFit, config: Mapping[str, Any]) -> list[str]:
    """Return what stands between a region's areas and its atomic percent."""
    notes = []
    if _transmission(m, fit)[1] == "none":
        notes.append("transmission unknown, taken as 1")
    if rsf(config["rsf_library"], m.base, config.get("rsf_extra")) is None:
        notes.append(f"no sensitivity factor in {config['rsf_library']}: not in at_percent")
    return notes


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


def _atomic_percent(
    fitted: SpotFit, config: Mapping[str, Any]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (region, component) -> atomic percent and its uncertainty, over the modelled regions."""
    keys: list[tuple[str, str]] = []
    amounts: list[np.ndarray] = []
    blocks: list[np.ndarray] = []
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        factor = rsf(config["rsf_library"], m.base, config.get("rsf_extra"))
        if fit is None or factor is None or m.name != m.base:
            continue
        areas, _, covariance = fit.grouped()
        scale = 1 / (factor * _transmission(m, fit)[0])
        keys += [(m.name, row) for row in fit.model.rows]
        amounts.append(areas * scale)
        blocks.append(covariance * scale**2)
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
) -> None:
    areas, _, covariance = fit.grouped()
    for i, (name, fraction) in enumerate(zip(fit.model.rows, fit.fractions(), strict=True)):
        limit = fit.area_limit(i)
        # Position and width of what is not there are not known.
        position, fwhm = (None, None) if limit is not None else (fit.position(name), fit.fwhm(name))
        at, at_sd = percent.get((m.name, name), (None, None))
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
            fraction=fraction.value,
            fraction_sd=fraction.sd,
            fraction_ci_low=fraction.low,
            fraction_ci_high=fraction.high,
            at_percent=at,
            at_percent_sd=at_sd,
            is_upper_limit=fraction.is_limit,
            area_upper_limit_cps_eV=limit,
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


def _areas(result: Analysis, key: Mapping[str, str], fitted: SpotFit) -> None:
    """Rows of xps_areas: what coverages are made of, for every background."""
    by_name = {m.name: m for m in fitted.measured}
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
        }
        common |= {"is_default": kind == fit.model.background}
        ones = np.ones(len(areas))
        for component, area, free, variance in [
            *zip(fit.model.rows, areas, unbounded, np.diag(covariance), strict=True),
            ("total", areas.sum(), unbounded.sum(), ones @ covariance @ ones),
        ]:
            result.add(
                "xps_areas",
                **key,
                **common,
                component=component,
                area_cps_eV=float(area),
                area_cps_eV_sd=math.sqrt(max(float(variance), 0.0)),
                area_unbounded_cps_eV=float(free),
                transmission=factor,
                transmission_source=source,
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
        "flagged": int(fit is not None and fit.bad),
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
    p, sd = fit.estimate.p, fit.estimate.sd
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
