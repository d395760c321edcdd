"""One spot: where its charge has put the lines, then one fit per region and background."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Arrays
from ..quality import OK, Quality, doubtful, plausible, worst
from .charge import Region, locate
from .judge import dead, too_short
from .model import RegionModel
from .region import RegionFit, fit_region

if TYPE_CHECKING:
    from ..config_types import XpsConfig, XpsPlausible

WIDER = 2.5  # times search_eV: how far the reference line is looked for where the range itself explains nothing
_NO_REFERENCE = "no charge reference: binding energies are not shifted"


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
    charge : Quality
        Whether the reference line was found, and where.
    energies : Quality
        Whether corrected energies are to be doubted though amounts are not.
    fits : dict of region name to RegionFit or None
        None: see `quality`.
    quality : dict of region name to Quality
        Of every region that was measured.
    others : dict of (region name, background) to RegionFit or None
        The same with the backgrounds of the sensitivity study.
    """

    measured: list[Measured]
    shift_eV: float | None
    shift_sd_eV: float | None
    placed_eV: float
    charge: Quality
    energies: Quality
    fits: dict[str, RegionFit | None]
    quality: dict[str, Quality]
    others: dict[tuple[str, str], RegionFit | None] = field(default_factory=dict)


@dataclass
class Shift:
    """Where the charge has put the lines (see `SpotFit`), with the fit of the reference region."""

    placed_eV: float
    value_eV: float | None
    sd_eV: float | None
    quality: Quality
    fit: RegionFit | None = None


def fit_spot(measured: Sequence[Measured], config: XpsConfig, *, is_level: bool = False) -> SpotFit:
    """Find the charge shift and fit all regions with a model.

    Parameters
    ----------
    measured : sequence of Measured
    is_level : bool
        One of many levels of a profile: the same fits by scipy alone, without those of other backgrounds.
    """
    bare = {m.name: dead(m.name, m.y) for m in measured}
    modelled = [m for m in measured if m.model is not None and bare[m.name].usable]
    shift = find_shift(modelled, config)
    reference = config["charge_reference"]["region"]
    if reference in bare and not bare[reference].usable:
        why = f"no charge reference, nothing is shifted: {bare[reference].note}"
        shift = replace(shift, quality=doubtful(why))
    fits: dict[str, RegionFit | None] = {}
    judged = dict(bare)
    for m in modelled:
        if m.model is None:
            continue
        judged[m.name] = worst([bare[m.name], too_short(m.x, m.model, shift.placed_eV)])
        if m.name == config["charge_reference"]["region"] and shift.fit is not None:
            fits[m.name] = shift.fit
        else:
            fits[m.name] = fit_region(
                m.x, m.y, m.time_s, m.model, shift.placed_eV, config,
                by_lmfit=not is_level, combined=True,
            )  # fmt: skip
        fit = fits[m.name]
        if fit is not None:
            judged[m.name] = worst([bare[m.name], fit.quality])
    charge = worst([shift.quality, _apart(fits, reference, config["plausible"])])
    judged.update({n: worst([judged[n], charge]) for n, fit in fits.items() if fit is not None})
    spot = SpotFit(
        list(measured),
        shift.value_eV,
        shift.sd_eV,
        shift.placed_eV,
        charge,
        _by_reference(fits.get(reference)),
        fits,
        judged,
    )
    for m in () if is_level else modelled:
        default = fits[m.name]
        if m.model is None or default is None:
            continue
        spot.others[m.name, m.model.background] = default
        for kind in config["sensitivity"]["backgrounds"]:
            if kind != m.model.background:
                other = fit_region(
                    m.x, m.y, m.time_s, m.model, shift.placed_eV, config, kind, by_lmfit=False
                )
                spot.others[m.name, kind] = other
    return spot


def _by_reference(fit: RegionFit | None) -> Quality:
    """Judge corrected energies: what the fit of the reference region misses has moved its line by some tenths of an eV."""
    if fit is None or fit.quality.level == OK:
        return Quality()
    return doubtful(
        f"energies are corrected by {fit.model.name}, whose fit is {fit.quality.level}: they may be off by some 0.1 eV"
    )


def _apart(fits: Mapping[str, RegionFit | None], reference: str, limits: XpsPlausible) -> Quality:
    """Judge whether a part of the spot stands at another potential: then most regions hold lines beside those of the model.

    Broad lines show nothing of it, yet their energies are off as well.
    """
    sigma = limits.get("residual_autocorrelation_sigma", {})
    known = {n: f.autocorrelation * math.sqrt(len(f.x)) for n, f in fits.items() if f is not None}
    apart = [name for name, s in known.items() if plausible(max(s, 0.0), name, sigma).level != OK]
    if reference not in apart or len(apart) < 2 or 2 * len(apart) < len(known):
        return Quality()
    return doubtful(
        f"{', '.join(apart)} all have structure beside their lines: does a part of the spot charge by another amount? "
        "Energies of all its regions may be off by some 0.1 eV; measure again with other neutralisation"
    )


def find_shift(modelled: Sequence[Measured], config: XpsConfig) -> Shift:
    """Find the charge shift of a spot: in the range of the configuration, and beyond it where that explains nothing."""
    reference = config["charge_reference"]
    search = float(reference["search_eV"])
    own = next((m for m in modelled if m.name == reference["region"]), None)
    first = _shift(modelled, own, search, config)
    if own is None or own.model is None:
        return Shift(first.placed_eV, None, None, Quality("ok", (_NO_REFERENCE,)))
    what = f"{reference['region']} {reference['component']}"
    inside = abs(first.placed_eV) < search
    if first.value_eV is not None and inside and first.fit is not None and first.fit.quality.usable:
        return first
    wide = _shift(modelled, own, WIDER * search, config)
    if wide.value_eV is not None and wide.fit is not None and wide.fit.quality.usable:
        note = f"charge shift of {wide.value_eV:.2f} eV lies outside of search_eV ({search:g} eV)"
        return replace(wide, quality=doubtful(note))
    if first.value_eV is not None:
        return first
    note = (
        f"{own.name} was measured, but the line of {what} was not found within {search:g} eV (search_eV): a larger "
        "charge, differential charging or no such carbon; nothing is shifted"
    )
    return replace(first, quality=doubtful(note))


def _shift(
    modelled: Sequence[Measured],
    own: Measured | None,
    search_eV: float,
    config: XpsConfig,
) -> Shift:
    reference = config["charge_reference"]
    regions = [Region(m.x, m.y, m.model) for m in modelled if m.model and m.name == m.base]
    wanted = reference["region"], reference["component"]
    placed = locate(regions, search_eV, wanted, config["end_width_eV"]) or 0.0
    found = Shift(placed, None, None, Quality())
    if own is None or own.model is None:
        return found
    # Twice: the first fit tells the shift, the second has its limits and window in the right place.
    for second in (False, True):
        fit = fit_region(
            own.x, own.y, own.time_s, own.model, found.placed_eV, config,
            by_lmfit=second, combined=second,
        )  # fmt: skip
        line = fit.position(reference["component"]) if fit else None
        if fit is None or line is None:
            break
        shift = line[0] - reference["binding_energy_eV"]
        found = Shift(shift, shift, line[1], Quality(), fit)
    return found


def kinetic_eV(m: Measured, binding_eV: float) -> float:
    """Return the kinetic energy of a measured (not shifted) binding energy; NaN if unknown."""
    photon = float(m.block.attrs.get("photon_energy_eV", math.nan))
    return photon - binding_eV
