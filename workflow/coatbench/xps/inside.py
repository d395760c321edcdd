"""What stands in an XPS export, in words, before anything is fitted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ReadError
from ..readers.model import Export
from .analyse import build_models
from .choose import name_by_energy
from .collect import unknown_names
from .library import proposed
from .quantify import rsf
from .survey_tables import expected_elements, survey_of

if TYPE_CHECKING:
    from ..config_types import XpsConfig

SURVEY_WIDTH_EV = 200.0


def describe(export: Export, config: XpsConfig) -> tuple[str, str]:
    """Return which regions of which samples an export holds, and which of them have no model."""
    samples: dict[str, list[str]] = {}
    unmodelled: dict[str, None] = {}
    unexpected: dict[str, None] = {}
    known = {*expected_elements(config["regions"]), "C", "O"}
    spectra = [block for block in export.sets if "region" in block.attrs]
    if export.sets and not spectra:
        raise ReadError(export.path, "export", "spectra", f"none ({export.format})")
    models = build_models(config)
    name_by_energy(spectra, {n: m.window_eV for n, m in models.items()})
    for block in spectra:
        name = str(block.attrs["region"])
        name = config["aliases"].get(name, name)
        energy = block["binding_energy_eV"]
        survey = float(energy[-1] - energy[0]) > SURVEY_WIDTH_EV
        samples.setdefault(str(block.attrs.get("sample") or ""), []).append(
            f"{name} (survey)" if survey else name
        )
        if survey:
            found = survey_of(block, config["regions"]).elements
            unexpected |= dict.fromkeys(e for e in found if e not in known)
        elif name not in config["regions"]:
            unmodelled[name] = None
    regions = ", ".join(dict.fromkeys(r for names in samples.values() for r in names))
    several = f"{len(samples)} samples ({', '.join(samples)}): " if len(samples) > 1 else ""
    lacking = [f"no model: {', '.join(unmodelled)}"] if unmodelled else []
    if starts := [start for line in unmodelled if (start := proposed(line))]:
        lacking.append(f"to add in study.yaml under xps: regions: {'; '.join(starts)}")
    if unexpected:
        lacking.append(f"the survey shows {', '.join(unexpected)}, which no model of the study has")
    lacking += unknown_names(config)
    if without := _without_factor(spectra, config):
        lacking.append(f"no sensitivity factor in {config['rsf_library']}: {', '.join(without)}")
    return several + regions, "; ".join(lacking)


def _without_factor(spectra: Sequence[Any], config: XpsConfig) -> list[str]:
    """Return the quantified lines of modelled regions that no atomic percent can have for want of a factor (config: rsf_extra, or rsf)."""
    found: dict[str, None] = {}
    for block in spectra:
        name = config["aliases"].get(str(block.attrs["region"]), str(block.attrs["region"]))
        model = config["regions"].get(name)
        if not model:
            continue
        photon = float(block.attrs.get("photon_energy_eV") or math.nan)
        for component in model["components"].values():
            line = component.get("line", name)
            if component.get("rsf") or not component.get("quantify", True):
                continue
            if rsf(config["rsf_library"], line, config.get("rsf_extra"), photon) is None:
                found[line] = None
    return list(found)
