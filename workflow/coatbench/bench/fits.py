"""A region of a finished run, fitted anew with components that were moved, added, tied or removed."""

from __future__ import annotations

import copy
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Arrays
from ..curves import load_curves
from ..errors import StudyError
from ..xps.model import build
from ..xps.region import RegionFit, fit_region

if TYPE_CHECKING:
    from ..config_types import ComponentConfig, FiguresConfig, XpsConfig

    Components = dict[str, ComponentConfig]


def fitted_regions(results: str | Path) -> dict[str, dict[str, list[str]]]:
    """Return sample -> spot -> regions that were fitted."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(Path(results).glob("xps/*.nc")):
        for key, data in load_curves(path, lambda attrs: bool(attrs["fitted"]), ()).items():
            spot = key.split("|")[0]
            found.setdefault(path.stem, {}).setdefault(spot, []).append(str(data.attrs["region"]))
    return found


def measured(results: str | Path, sample: str, spot: str, region: str) -> Arrays:
    """Return a region as the run left it, energies charge-corrected.

    Raises
    ------
    StudyError
        No such region.
    """
    path = Path(results) / "xps" / f"{sample}.nc"
    if path.is_file():
        for key, data in load_curves(path).items():
            if key.split("|")[0] == spot and data.attrs["region"] == region:
                return data
    raise StudyError([f"{path}: expected spot {spot}, region {region}, found none; run snakemake"])


def value(text: str) -> float | str:
    """Return what a field holds: a number, or an expression of other components.

    Examples
    --------
    >>> value("161.4"), value(" sulfide + 2.1 ")
    (161.4, 'sulfide + 2.1')
    """
    try:
        return float(text)
    except ValueError:
        return text.strip()


def moved(components: Components, name: str, to: float | str) -> Components:
    """Return the components with one at another position: a number in eV, or an expression that ties it."""
    found = copy.deepcopy(components)
    found[name]["binding_energy_eV"] = to
    if isinstance(to, str):  # what is tied has no freedom of its own
        found[name].pop("within_eV", None)
    return found


def widened(components: Components, name: str, to: float | str) -> Components:
    """Return the components with another width of one: a number in eV, or an expression that ties it."""
    found = copy.deepcopy(components)
    found[name]["fwhm_eV"] = to
    if isinstance(to, str):
        found[name].pop("fwhm_limits_eV", None)
    return found


def added(components: Components, name: str, at_eV: float, fwhm_eV: float) -> Components:
    """Return the components with one more, free within 0.5 eV, its width within half and twice the given one."""
    limits = [round(fwhm_eV / 2, 3), round(fwhm_eV * 2, 3)]
    own: ComponentConfig = {
        "binding_energy_eV": at_eV,
        "within_eV": 0.5,
        "fwhm_eV": fwhm_eV,
        "fwhm_limits_eV": limits,
    }
    return {**copy.deepcopy(components), name: own}


def removed(components: Components, name: str) -> Components:
    """Return the components without one."""
    return {k: v for k, v in copy.deepcopy(components).items() if k != name}


def edited(
    components: Components,
    typed: Mapping[str, Mapping[str, Any]],
    extra: Mapping[str, str],
) -> Components:
    """Return the components as the fields of a page say.

    Parameters
    ----------
    components : as they stand in the configuration
    typed : component -> texts `position`, `within`, `width`, by how many eV to `move` it, and whether to `remove` it
    extra : texts `name`, `position`, `width` of one to add; nothing is added without a name

    Raises
    ------
    StudyError
        A new component without numbers, or of a name that is taken.
    """
    found = copy.deepcopy(components)
    for name, texts in typed.items():
        if name not in found:
            continue
        own = found[name]
        position = value(texts["position"])
        if not isinstance(position, str):
            position = round(position + float(texts.get("move", 0)), 4)
        if position != own["binding_energy_eV"]:
            found = moved(found, name, position)
        if (width := value(texts["width"])) != own["fwhm_eV"]:
            found = widened(found, name, width)
        within = value(texts["within"])
        if within != own.get("within_eV", 0) and not isinstance(position, str):
            if isinstance(within, str):
                raise StudyError(
                    [f"{name}: expected a number of eV that it may move by, found {within!r}"]
                )
            found[name]["within_eV"] = within
        if texts["remove"]:
            found = removed(found, name)
    if name := extra.get("name", "").strip():
        at, width = value(extra["position"]), value(extra["width"])
        if name in components or isinstance(at, str) or isinstance(width, str):
            raise StudyError(
                [f"{name}: expected a new name, a position in eV and a width in eV, found {extra}"]
            )
        found = added(found, name, at, width)
    return found


@dataclass(frozen=True)
class Look:
    """A fit to look at.

    Attributes
    ----------
    fit : RegionFit
    rows : list of dict
        Per component of the tables: position, width, area, fraction with its 95 % interval.
    support : dict of model to weight
        How much the data support the configured model, and each with something let go.
    """

    fit: RegionFit
    rows: list[dict[str, Any]]
    support: dict[str, float]


def look(data: Arrays, config: XpsConfig, components: Components) -> Look:
    """Fit a region with these components.

    Parameters
    ----------
    data : as `measured` gives it
    config : section `xps` of the configuration
    components : as they stand in the configuration

    Raises
    ------
    StudyError
        A model that makes no sense: one line says why.
    """
    base = str(data.attrs["base"])
    try:
        model = build(base, {**config["regions"][base], "components": components}, config)
        fit = fit_region(
            np.asarray(data["binding_energy_eV"]),
            np.asarray(data["intensity_cps"]),
            float(data.attrs["counting_time_s"]),
            model,
            0.0,
            config,
            combined=True,
        )
    except (ValueError, KeyError) as error:
        raise StudyError([f"{base}: {error}"]) from error
    if fit is None:
        raise StudyError([f"{base}: expected 20 points in the window, found fewer"])
    areas, _, covariance = fit.grouped()
    rows = []
    for i, (name, share) in enumerate(zip(model.rows, fit.fractions(), strict=True)):
        position, width = fit.position(name), fit.fwhm(name)
        rows.append(
            {
                "component": name,
                "binding_energy_eV": position[0] if position else None,
                "fwhm_eV": width[0] if width else None,
                "area_cps_eV": float(areas[i]),
                "area_cps_eV_sd": float(np.sqrt(max(covariance[i, i], 0.0))),
                "fraction": share.value,
                "fraction_ci_low": share.low,
                "fraction_ci_high": share.high,
                "remark": fit.judged(i).note,
            }
        )
    support = {choice.name: choice.weight for choice in fit.choices}
    return Look(fit, rows, support)


def picture(seen: Look, figures: FiguresConfig, title: str) -> bytes:
    """Return the fit and its residuals as PNG; `figures` is that section of the configuration."""
    from ..figures import style
    from ..figures.xps_common import colour

    fit = seen.fit
    figure = style.new_figure({**figures, "dpi": 150}, "double", 4.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    base, parts = fit.fit.backgrounds[0], fit.fit.components[0]
    for i, name in enumerate(fit.model.names):
        above.fill_between(
            fit.x, base, base + parts[:, i], color=colour(name, i), alpha=0.7, linewidth=0, label=name
        )  # fmt: skip
    above.plot(fit.x, fit.y, ".", color="#404040", markersize=2)
    above.plot(fit.x, base, color=style.GREY, linewidth=0.6)
    above.plot(fit.x, fit.fit.models[0], color="black")
    above.set_ylabel("counts/s")
    above.set_title(f"{title}, reduced chi-square {fit.reduced_chi_square:.3g}")
    figure.legend(loc="outside right upper")
    below.plot(fit.x, fit.residual, color="#404040", linewidth=0.7)
    below.axhline(0, color=style.GREY, linewidth=0.5)
    below.set_ylabel("residual / sd")
    below.set_xlabel("binding energy / eV")
    below.set_xlim(float(fit.x[-1]), float(fit.x[0]))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
