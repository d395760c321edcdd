"""One spot: where its charge has put the lines, then one fit per region and background."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Arrays
from .charge import Region, locate
from .model import RegionModel
from .region import RegionFit, fit_region


@dataclass(frozen=True)
class Measured:
    """A region as measured.

    Attributes
    ----------
    name, base : str
        Unique name in the spot, and the name that models go by.
    block : Arrays
        See `readers.model`.
    model : RegionModel or None
    survey : bool
        Too wide for a fit or an integral: shown only.
    """

    name: str
    base: str
    block: Arrays
    model: RegionModel | None
    survey: bool

    @property
    def x(self) -> np.ndarray:
        """Binding energy as measured, eV, ascending (n,)."""
        return np.asarray(self.block["binding_energy_eV"])

    @property
    def y(self) -> np.ndarray:
        """Counts/s (n,)."""
        return np.asarray(self.block["intensity_cps"])

    @property
    def time_s(self) -> float:
        """Counting time per channel; NaN where unknown."""
        return float(self.block.attrs["counting_time_s"])


@dataclass
class SpotFit:
    """All regions of one spot.

    Attributes
    ----------
    measured : list of Measured
    shift_eV, shift_sd_eV : float or None
        Apparent minus true binding energy of the reference line; None without one.
    placed_eV : float
        Where the lines were looked for: the shift, or without a reference what the other regions agree on.
    fits : dict of region name to RegionFit or None
        None: the window lies outside of the data.
    others : dict of (region name, background) to RegionFit or None
        The same with the backgrounds of the sensitivity study.
    """

    measured: list[Measured]
    shift_eV: float | None
    shift_sd_eV: float | None
    placed_eV: float
    fits: dict[str, RegionFit | None]
    others: dict[tuple[str, str], RegionFit | None] = field(default_factory=dict)


def fit_spot(measured: Sequence[Measured], config: Mapping[str, Any]) -> SpotFit:
    """Find the charge shift and fit all regions with a model."""
    reference = config["charge_reference"]
    modelled = [m for m in measured if m.model is not None]
    placed = (
        locate(
            [Region(m.x, m.y, m.model) for m in modelled if m.model and m.name == m.base],
            reference["search_eV"],
            reference["region"],
            config["end_width_eV"],
        )
        or 0.0
    )
    shift, shift_sd = None, None
    fits: dict[str, RegionFit | None] = {}
    own = next((m for m in modelled if m.name == reference["region"]), None)
    if own is not None and own.model is not None:
        # Twice: the first fit tells the shift, the second has its limits and window in the right place.
        for _ in range(2):
            fit = fit_region(own.x, own.y, own.time_s, own.model, placed, config)
            line = fit.position(reference["component"]) if fit else None
            if fit is None or line is None:
                break
            placed = line[0] - reference["binding_energy_eV"]
            fits[own.name] = fit
            shift, shift_sd = placed, line[1]
    for m in modelled:
        if m.name not in fits and m.model is not None:
            fits[m.name] = fit_region(m.x, m.y, m.time_s, m.model, placed, config)
    spot = SpotFit(list(measured), shift, shift_sd, placed, fits)
    for m in modelled:
        default = fits[m.name]
        if m.model is None or default is None:
            continue
        spot.others[m.name, m.model.background] = default
        for kind in config["sensitivity"]["backgrounds"]:
            if kind != m.model.background:
                other = fit_region(m.x, m.y, m.time_s, m.model, placed, config, kind)
                spot.others[m.name, kind] = other
    return spot


def kinetic_eV(m: Measured, binding_eV: float) -> float:
    """Return the kinetic energy of a measured (not shifted) binding energy; NaN if unknown."""
    photon = float(m.block.attrs.get("photon_energy_eV", math.nan))
    return photon - binding_eV
