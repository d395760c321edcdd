"""What stands in an XPS export, in words, before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ReadError
from ..readers.model import Export

SURVEY_WIDTH_EV = 200.0


def describe(export: Export, config: Mapping[str, Any]) -> tuple[str, str]:
    """Return which regions of which samples an export holds, and which of them have no model."""
    samples: dict[str, list[str]] = {}
    unmodelled: dict[str, None] = {}
    spectra = [block for block in export.sets if "region" in block.attrs]
    if export.sets and not spectra:
        raise ReadError(export.path, "export", "spectra", f"none ({export.format})")
    for block in spectra:
        name = str(block.attrs["region"])
        name = config["aliases"].get(name, name)
        energy = block["binding_energy_eV"]
        survey = float(energy[-1] - energy[0]) > SURVEY_WIDTH_EV
        samples.setdefault(str(block.attrs.get("sample") or ""), []).append(
            f"{name} (survey)" if survey else name
        )
        if not survey and name not in config["regions"]:
            unmodelled[name] = None
    regions = ", ".join(dict.fromkeys(r for names in samples.values() for r in names))
    several = f"{len(samples)} samples ({', '.join(samples)}): " if len(samples) > 1 else ""
    lacking = f"no model: {', '.join(unmodelled)}" if unmodelled else ""
    return several + regions, lacking
