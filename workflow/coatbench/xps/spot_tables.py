"""Rows and curves of one spot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..analysis import Analysis
from ..arrays import Arrays, Variable
from ..quality import OK, Quality, worst
from .amounts import (
    add_areas,
    atomic_percent,
    comparable,
    left_out,
    not_quantified,
    transmission_of,
)
from .region import RegionFit, integrate
from .spot import Measured, SpotFit
from .survey_tables import add_survey

if TYPE_CHECKING:
    from ..config_types import XpsConfig

WHOLE = "region"  # the component name of a region that has no model


def add_spot(
    result: Analysis, sample: str, spot: str, file: str, fitted: SpotFit, config: XpsConfig
) -> None:
    """Append the rows of one spot to `result` and its curves under ``<spot>|<region>``."""
    key = {"sample": sample, "spot": spot}
    percent = atomic_percent(fitted, config)
    together = worst([left_out(fitted), comparable(fitted, config)])
    if together.level != OK:
        result.warnings.append(f"{file}: {together.level}: {together.note}")
    for m in fitted.measured:
        fit = fitted.fits.get(m.name)
        judged = fitted.quality[m.name]
        notes = [*(fit.notes if fit else ()), *fitted.charge.notes]
        notes += [n for n in judged.notes if n not in notes]
        kind = fit.background if fit else None
        if fit is not None:
            notes += not_quantified(m, fit, config)
            _components(result, key, m, fit, fitted, percent, together)
            _choices(result, key, m, fit)
        elif not judged.usable:
            _empty(result, key, m, judged)
        elif m.survey:
            notes.append(
                add_survey(
                    result, key, m.name, m.block, fitted.shift_eV, fitted.quality[m.name], config
                )
            )
        else:
            notes.append(
                f"no model in the config: integrated above a {config['unmodelled_background']} background"
            )
            kind = _integral(result, key, m, judged, config)
        result.add(
            "xps_fits",
            **key,
            region=m.name,
            charge_shift_eV=fitted.shift_eV,
            charge_shift_eV_sd=fitted.shift_sd_eV,
            transmission_source=transmission_of(m, fit)[1],
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
    if any(transmission_of(m, fitted.fits.get(m.name))[1] == "none" for m in fitted.measured):
        result.warnings.append(
            f"{file}: the analyser's transmission is not in the file; taken as 1"
        )
    add_areas(result, key, fitted, config)


def _empty(result: Analysis, key: Mapping[str, str], m: Measured, judged: Quality) -> None:
    """Rows of a region that measured nothing: no number, and why."""
    if m.model is None:
        return
    for name in m.model.rows:
        result.add("xps_components", **key, region=m.name, component=name, **judged.columns())


def _stored(
    result: Analysis,
    key: Mapping[str, str],
    m: Measured,
    fit: RegionFit | None,
    fitted: SpotFit,
    config: XpsConfig,
) -> None:
    """Rows of xps_stored, where CasaXPS has left its own fit in the file."""
    casa = m.block.attrs.get("casaxps")
    if casa is None or not casa.components:
        return
    from .casaxps import stored_rows

    for row in stored_rows(m.block, fitted.shift_eV or 0.0, fit, config):
        result.add("xps_stored", **key, region=m.name, **row)


def _components(
    result: Analysis,
    key: Mapping[str, str],
    m: Measured,
    fit: RegionFit,
    fitted: SpotFit,
    percent: Mapping[tuple[str, str], tuple[float, float]],
    together: Quality,
) -> None:
    areas, _, covariance = fit.grouped()
    counting = fit.counting_sd()
    for i, (name, fraction) in enumerate(zip(fit.model.rows, fit.fractions(), strict=True)):
        limit = fit.area_limit(i)
        # Position and width of what is not there are not known.
        position, fwhm = (None, None) if limit is not None else (fit.position(name), fit.fwhm(name))
        at, at_sd = percent.get((m.name, name), (None, None))
        placed = fitted.energies if position else Quality()
        judged = worst([fitted.quality[m.name], fit.judged(i), together, placed])
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
    result: Analysis, key: Mapping[str, str], m: Measured, judged: Quality, config: XpsConfig
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
        **judged.columns(),
    )
    return whole.kind


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
        "transmission": transmission_of(m, fit)[0],
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
        "held": ("component", np.array([float(n in fit.held) for n in fit.model.names])),
        "line_shape": ("component", [c.shape for c in fit.model.components]),
        "position_eV": ("component", p[n : 2 * n] - shift),
        "fwhm_eV": ("component", p[2 * n :]),
        "area_cps_eV": ("component", p[:n]),
        "area_cps_eV_sd": ("component", sd[:n]),
    }
    attrs |= {"background": fit.background, "reduced_chi_square": fit.reduced_chi_square}
    return Arrays.of(data, coords, attrs)
