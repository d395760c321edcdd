"""What people get wrong: each is refused in a line, or its numbers say that they should be doubted."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coatbench.errors import AnalysisError

from .planted import Scan, eq1, scan, tables, write

REGIONS = ("C 1s", "S 2p", "P 2p", "Ni 2p")  # what coverage needs


def analysed(scans: list[Scan], config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return eq. 1 of scans, without the sensitivity study."""
    config["sensitivity"]["backgrounds"] = []
    return eq1(tables(write(folder / "a.vms", scans), config))


def swapped(s: Scan) -> Scan:
    return replace(s, binding_eV=s.photon_eV - s.binding_eV, kinetic=False)


def shifted_decimal(s: Scan) -> Scan:
    return replace(s, binding_eV=s.binding_eV / 10)


def below_zero(s: Scan) -> Scan:
    return replace(s, counts=s.counts - s.counts.min() - 200)


def without_background(s: Scan) -> Scan:
    return replace(s, counts=s.counts - s.counts[-10:].mean())


@pytest.mark.parametrize(
    ("mistake", "quality", "said"),
    [
        (swapped, "unusable", "S 2p: 0 points in the window"),
        (shifted_decimal, "unusable", "S 2p: 0 points in the window"),
        (below_zero, "unusable", "S 2p: reduced chi square"),
        (without_background, "doubtful", "S 2p: reduced chi square"),
    ],
)
def test_an_export_with_a_mistake(
    config: dict, tmp_path: Path, mistake: Callable[[Scan], Scan], quality: str, said: str
) -> None:
    scans = [mistake(scan(r)) if r == "S 2p" else scan(r) for r in REGIONS]
    row = analysed(scans, copy.deepcopy(config), tmp_path)
    assert row["quality"] == quality and said in row["quality_note"]


@pytest.mark.parametrize(("second", "quality"), [(0.5, "ok"), (0.2, "doubtful")])
def test_a_region_that_was_measured_twice_has_one_area(
    config: dict, tmp_path: Path, second: float, quality: str
) -> None:
    """Two places under one name: the first alone would count, and coverage be 0.39 instead of 0.5."""
    scans = [*map(scan, REGIONS), scan("S 2p", second, seed=1)]
    row = analysed(scans, copy.deepcopy(config), tmp_path)
    assert row["quality"] == quality
    assert ("S 2p was measured twice" in row["quality_note"]) == (quality == "doubtful")


@pytest.mark.parametrize(("factor", "quality"), [(1.5, "ok"), (0.339, "doubtful")])
def test_a_factor_of_another_scale_is_doubted(
    config: dict, tmp_path: Path, factor: float, quality: str
) -> None:
    """0.339 would be P 2p on the scale of F 1s, not on that of C 1s."""
    row = analysed(
        [*map(scan, REGIONS)], copy.deepcopy(config) | {"rsf_extra": {"P 2p": factor}}, tmp_path
    )
    assert row["quality"] == quality
    assert ("rsf_extra gives 0.339 for P 2p" in row["quality_note"]) == (quality == "doubtful")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"component": "adventitous"}, "expected one of adventitious, C-O, carbonate of C 1s"),
        ({"region": "C1s"}, "expected C 1s, found C1s"),
    ],
)
def test_a_charge_reference_that_is_none_is_refused(
    config: dict, tmp_path: Path, wrong: dict, said: str
) -> None:
    changed = copy.deepcopy(config)
    changed["charge_reference"] |= wrong
    with pytest.raises(AnalysisError, match=said):
        analysed([scan("C 1s")], changed, tmp_path)
