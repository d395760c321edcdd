"""Rows of surveys: elements with their atomic percent, peaks that nobody explains, and what a study did not expect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..analysis import Analysis
from ..arrays import Arrays
from ..quality import OK, Quality, doubtful, worst
from .quantify import rsf, transmission
from .survey import Survey, read_survey

if TYPE_CHECKING:
    from ..config_types import RegionConfig, XpsConfig


def expected_elements(regions: Mapping[str, RegionConfig]) -> list[str]:
    """Return the elements that a study's models speak of."""
    lines = list(regions)
    for section in regions.values():
        lines += [c["line"] for c in section["components"].values() if "line" in c]
    return list(dict.fromkeys(line.split()[0] for line in lines))


def survey_of(
    block: Arrays, regions: Mapping[str, RegionConfig], shift_eV: float | None = None
) -> Survey:
    """Find and name the peaks of a survey block."""
    return read_survey(
        block["binding_energy_eV"],
        block["intensity_cps"],
        float(block.attrs["counting_time_s"]),
        float(block.attrs.get("photon_energy_eV", math.nan)),
        shift_eV,
        expected_elements(regions),
    )


def add_survey(
    result: Analysis,
    key: Mapping[str, str],
    region: str,
    block: Arrays,
    shift_eV: float | None,
    judged: Quality,
    config: XpsConfig,
) -> str:
    """Append the rows of one survey to xps_survey; return its note for xps_fits."""
    survey = survey_of(block, config["regions"], shift_eV)
    photon = float(block.attrs.get("photon_energy_eV", math.nan))
    expected = {*expected_elements(config["regions"]), "C", "O"}
    amounts: dict[str, tuple[float, float]] = {}
    factors, lacking = _factors([f.line for f in survey.found if f.line], photon, config)
    for f in survey.found:
        if factor := factors.get(f.line):
            t = transmission(block, photon - f.energy_eV - survey.shift_eV)[0]
            amounts[f.element] = f.area / factor / t, f.area_sd / factor / t
    total = sum(a for a, _ in amounts.values())
    variance = sum(sd**2 for _, sd in amounts.values())
    for f in survey.found:
        quality = [judged]
        if lacking and f.element:
            note = f"{config['rsf_library']} has no factor for {', '.join(lacking)}: at_percent by scofield"
            quality.append(Quality(OK, (note,)))
        if not f.element:
            quality.append(doubtful(f"nothing explains the peak at {f.energy_eV:.0f} eV"))
        elif f.element not in expected:
            quality.append(
                doubtful(f"{f.element} is in no model of the study: contamination, or the holder?")
            )
        if f.note:
            quality.append(doubtful(f"{f.line}: {f.note}"))
        percent: tuple[float | None, float | None] = None, None
        if total > 0 and f.element in amounts:
            a, sd = amounts[f.element]
            share = a / total
            spread = math.sqrt((1 - share) ** 2 * sd**2 + share**2 * (variance - sd**2)) / total
            percent = 100 * share, 100 * spread
        result.add(
            "xps_survey",
            **key,
            region=region,
            element=f.element or None,
            line=f.line or None,
            binding_energy_eV=f.energy_eV,
            area_cps_eV=f.area if f.element else None,
            area_cps_eV_sd=f.area_sd if f.element else None,
            at_percent=percent[0],
            at_percent_sd=percent[1],
            is_expected=f.element in expected if f.element else None,
            **worst(quality).columns(),
        )
    return in_words(survey, expected)


def _factors(
    lines: list[str], photon_eV: float, config: XpsConfig
) -> tuple[dict[str, float | None], list[str]]:
    """Return the sensitivity factors of a survey's lines, all of one library, and those that the study's own lacks.

    Libraries have scales of their own (C 1s is 0.28 in one and 1 in another): where one line is lacking, all are Scofield's.
    """
    library, extra = config["rsf_library"], config.get("rsf_extra")
    found = {line: rsf(library, line, extra, photon_eV) for line in lines}
    lacking = [line for line, factor in found.items() if factor is None]
    if lacking:
        found = {line: rsf("scofield", line, photon_eV=photon_eV) for line in lines}
    return found, lacking


def in_words(survey: Survey, expected: set[str]) -> str:
    """Return what a survey shows, in one line."""
    odd = [e for e in survey.elements if e not in expected]
    rest = [f"{f.energy_eV:.0f}" for f in survey.found if not f.element]
    text = f"survey: {', '.join(survey.elements) or 'no element'}"
    if odd:
        text += f"; in no model: {', '.join(odd)}"
    if rest:
        text += f"; unexplained peaks at {', '.join(rest)} eV"
    return text
