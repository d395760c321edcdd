"""All XPS exports of one sample: fits, components, atomic percent and curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis import Analysis
from ..arrays import Arrays
from ..errors import AnalysisError
from ..readers import read
from ..readers.xps_block import region_name
from . import model as models
from .choose import choose, name_by_energy
from .profile import add_level
from .spot import Measured, fit_spot
from .spot_tables import add_spot

if TYPE_CHECKING:
    from ..config_types import XpsConfig

SURVEY_WIDTH_EV = 200.0  # no set of lines of one element is that wide


def analyse(
    rows: Sequence[Mapping[str, str]], files: Sequence[Path], config: XpsConfig
) -> Analysis:
    """Analyse the exports of one sample; each row of the index is one spot, numbered from 1 where it has no name.

    Returns
    -------
    Analysis
        Tables xps_components, xps_fits, xps_areas, xps_stored, xps_profile; one curve group per spot and region.

    Raises
    ------
    ReadError
        An export is unreadable.
    AnalysisError
        The configuration's model makes no sense, an export holds no spectrum, or several samples and the row
        names none of them.
    """
    result = Analysis()
    region_models = build_models(config)
    for index, (row, file) in enumerate(zip(rows, files, strict=True)):
        export = read(file, "xps", row.get("format", ""))
        result.warnings += [f"{file.name}: {w}" for w in export.warnings]
        spectra = [s for s in export.sets if "intensity_cps" in s]
        if not spectra:
            raise AnalysisError(file, "export", "spectra", f"none ({export.format})")
        if named := name_by_energy(spectra, {n: m.window_eV for n, m in region_models.items()}):
            result.warnings.append(
                f"{file.name}: regions without a name, named by their energies: {', '.join(named)}"
            )
        spot = row.get("spot") or str(index + 1)
        levels = choose(spectra, row, file, result.warnings)
        for level in levels:
            measured = regions(level.blocks, region_models, config["aliases"])
            fitted = fit_spot(measured, config, is_level=level is not levels[0])
            if level is levels[0]:  # the surface as it was; deeper levels are rows of the profile
                add_spot(result, row["sample"], spot, file.name, fitted, config)
                result.warnings += [f"{file.name}: {n}" for n in fitted.charge.notes]
            if len(levels) > 1:
                add_level(result, row["sample"], spot, level, fitted, config)
    return result


def build_models(config: XpsConfig) -> dict[str, models.RegionModel]:
    """Return the models of all configured regions.

    Raises
    ------
    AnalysisError
        A model makes no sense, or the charge reference is none of them.
    """
    try:
        built = {name: models.build(name, s, config) for name, s in config["regions"].items()}
    except ValueError as error:
        raise AnalysisError("config.yaml", "xps.regions", "a model", str(error)) from None
    region, component = (config["charge_reference"][key] for key in ("region", "component"))
    known = built[region].names if region in built else []
    if known and component not in known:
        where = "xps.charge_reference.component"
        raise AnalysisError(
            "config.yaml", where, f"one of {', '.join(known)} of {region}", component
        )
    if region not in built and (same := region_name(region)) in built:
        raise AnalysisError("config.yaml", "xps.charge_reference.region", same, region)
    return built


def regions(
    blocks: Sequence[Arrays],
    region_models: Mapping[str, models.RegionModel],
    aliases: Mapping[str, str],
) -> list[Measured]:
    """Name the regions of one spot uniquely (``O 1s``, ``O 1s (2)``) and give them their models.

    `aliases` are names in the file for which the configuration has another one.
    """
    seen: dict[str, int] = {}
    measured = []
    for block in blocks:
        base = str(block.attrs["region"])
        base = aliases.get(base, base)
        seen[base] = seen.get(base, 0) + 1
        name = base if seen[base] == 1 else f"{base} ({seen[base]})"
        x = block["binding_energy_eV"]
        survey = float(x[-1] - x[0]) > SURVEY_WIDTH_EV
        photon = block.attrs.get("photon_energy_eV", math.nan)
        # A model speaks of core levels; valence bands taken with UV light share names at most.
        usable = not survey and not photon < 200
        measured.append(
            Measured(name, base, block, region_models.get(base) if usable else None, survey)
        )
    return measured
