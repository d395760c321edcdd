"""CasaXPS's own fits are reproduced, and ours can be read back from what we write."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coatbench.readers import casaxps_comments, read
from coatbench.xps import background, casaxps, lineshapes
from coatbench.xps.analyse import analyse
from coatbench.xps.casaxps_write import write_vamas
from coatbench.xps.fit import solve
from coatbench.xps.lines import Spectrum
from coatbench.xps.model import build
from coatbench.xps.region import fit_region
from conftest import datasets

from .made_cases import stored
from .made_exports import CROSS_SECTION, Exports
from .planted import scan, write


def test_a_stored_fit_is_reproduced(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """FeO, 2p3/2, 2p1/2 and two satellites, on the exported background.

    CasaXPS's LF shapes are not public; they are taken as the curves that were exported for the stored parameters.
    """
    block = read(exports.path("iron")).sets[0].to_xarray()
    export = read(exports.path("iron columns")).sets[0].to_xarray()
    x, base = export["binding_energy_eV"].values, export["background_cps"].values
    stored = block.attrs["casaxps"].components
    photon = block.attrs["photon_energy_eV"]
    known = lineshapes.shape
    first = stored[0]
    curve = (export["component_cps"].values[0] - base) / first.area.value * first.fwhm.value
    at = (x - first.binding_energy_eV(photon)) / first.fwhm.value
    slope = np.gradient(curve, at)

    def shape(name: str) -> lineshapes.Shape:
        if not name.startswith("LF"):
            return known(name)
        return lambda u: (
            np.interp(u, at, curve, left=0, right=0),
            np.interp(u, at, slope, left=0, right=0),
        )

    monkeypatch.setattr(lineshapes, "shape", shape)
    model, why = casaxps.stored_model(block)
    assert model is not None, why
    inside = (x >= model.window_eV[0]) & (x <= model.window_eV[1])
    x, base = x[inside], base[inside]
    y = export["intensity_cps"].values[inside]
    # The fit starts 0.3 eV away from the stored answer, with areas of its own.
    mapping = model.parameters(0.0)
    moved = [n.startswith("position") and n.endswith(("2p", "#3")) for n in mapping.names]
    start = replace(mapping, start=mapping.start + np.where(moved, 0.3, 0.0))
    fit = solve(model, [Spectrum(x, y, base, math.nan)], [start])
    m = len(stored)
    for j, component in enumerate(stored):
        # The stored areas are those of 2p3/2 and 2p1/2 and of a satellite of each.
        assert fit.p[0][j] == pytest.approx(component.area.value, rel=0.01)
        assert fit.p[0][m + j] == pytest.approx(component.binding_energy_eV(photon), abs=0.02)
    envelope = export["envelope_cps"].values[inside]
    assert np.abs(fit.models[0] - envelope).max() < 5e-3 * float((y - base).max())


def test_exported_sum_shapes_are_reproduced_point_by_point(exports: Exports) -> None:
    export = read(exports.path("iron columns")).sets[0].to_xarray()
    x = export["binding_energy_eV"].values
    for j, entry in enumerate(export.attrs["fit"]):
        if entry["shape"] != "SGL(30)":
            continue
        curve = export["component_cps"].values[j] - export["background_cps"].values
        shape = lineshapes.shape("SGL(30)")
        ours = (
            shape((x - entry["position_eV"]) / entry["fwhm_eV"])[0]
            * entry["area"]
            / entry["fwhm_eV"]
        )
        assert np.abs(ours - curve).max() < 2e-3 * curve.max()


def test_operators_fit_of_the_demo_is_reproduced(simulate, config: dict) -> None:
    file = simulate("c500", extension="vms")
    found = analyse([{"sample": "c500", "file": file.name, "spot": "1"}], [file], config)
    rows = found.tables["xps_stored"]
    assert {r["region"] for r in rows} == {"C 1s", "O 1s", "S 2p", "P 2p", "Ni 2p"}
    compared = [r for r in rows if r["stored_area_cps_eV"] > 1000 and "#" not in r["component"]]
    assert len(compared) >= 3
    for row in compared:
        # The stored numbers are the planted ones; ours carry the noise of one spectrum.
        pull = (row["refit_area_cps_eV"] - row["stored_area_cps_eV"]) / row["refit_area_cps_eV_sd"]
        assert abs(pull) < 4
        assert row["refit_binding_energy_eV"] == pytest.approx(
            row["stored_binding_energy_eV"], abs=0.02
        )
        assert row["component"].split(" #")[0] in row["nearest_component"]


@pytest.mark.parametrize("sample", ["c200", "c700"])
def test_what_we_write_for_casaxps_holds_our_fit(
    simulate, config: dict, tmp_path: Path, sample: str
) -> None:
    file = simulate(sample)
    found = analyse([{"sample": sample, "file": file.name, "spot": "1"}], [file], config)
    path = tmp_path / "fits.vms"
    write_vamas(path, sample, found.curves, config)
    export = read(path, "xps")
    assert not export.warnings
    assert len(export.sets) == len(found.curves)
    for block in export.sets:
        curves = found.curves[f"1|{block.attrs['region']}"]
        assert np.allclose(block["intensity_cps"], curves["intensity_cps"], rtol=1e-6)
        shift = curves.attrs["charge_shift_eV"]
        assert np.allclose(
            block["binding_energy_eV"], curves["binding_energy_eV"] + shift, atol=1e-4
        )
        if not curves.attrs["fitted"]:
            assert block.attrs["casaxps"].components == []
            continue
        assert block.attrs["casaxps"].shift_eV == pytest.approx(-shift, abs=1e-4)
        ours = curves["envelope_cps"] - curves["background_cps"]
        inside = np.isfinite(ours)
        theirs = casaxps.evaluate(block).sum(axis=1)
        assert np.abs(theirs - ours)[inside].max() < 1e-3 * ours[inside].max()


@pytest.mark.parametrize(
    ("source", "photon"), [("Al", 1486.69), ("Mg", 1253.6), ("Ag", 2984.3), ("", 600.0)]
)
def test_what_we_write_names_the_source_that_was_used(
    config: dict, tmp_path: Path, source: str, photon: float
) -> None:
    """Read again, a file that names aluminium beside the energy of magnesium was doubted."""
    file = write(tmp_path / "a.vms", [scan("C 1s", photon_eV=photon, source=source or "synchrotron")])  # fmt: skip
    found = analyse([{"sample": "s", "file": file.name, "spot": "1"}], [file], config)
    write_vamas(tmp_path / "fits.vms", "s", found.curves, config)
    (block,) = read(tmp_path / "fits.vms", "xps").sets
    assert block.attrs["vendor"]["source"] == (source or "Not Specified")
    again = analyse([{"sample": "s", "file": "fits.vms", "spot": "1"}], [tmp_path / "fits.vms"], config)  # fmt: skip
    assert not any("the file names the source" in w for w in again.warnings)


def test_the_vamas_library_reads_what_we_write(simulate, config: dict, tmp_path: Path) -> None:
    # `vamas` knows only REGULAR files; it checks the simulator's other writer.
    vamas = pytest.importorskip("vamas")
    file = simulate("c300")
    theirs = vamas.Vamas(file.read_bytes())
    ours = datasets(read(file))
    assert [b.num_scans_to_compile_block for b in theirs.blocks] == [1] * len(ours)
    for a, b in zip(theirs.blocks, ours, strict=True):
        values = np.asarray(a.corresponding_variables[0].y_values, float)
        assert np.array_equal(values[::-1], b["intensity_cps"].values)


def test_links_of_casaxps_become_ties(simulate) -> None:
    block = next(
        b for b in datasets(read(simulate("c500", extension="vms"))) if b.attrs["region"] == "S 2p"
    )
    model, why = casaxps.stored_model(block)
    assert model is not None, why
    second = next(n for n in model.names if n.endswith("#2"))
    entry = model.config[second]
    assert re.match(r"0\.5 \* ", entry["area"])
    assert entry["binding_energy_eV"].endswith("+ 1.16")
    free = model.parameters(0.0).names
    assert not any(second in name for name in free)


def test_unknown_shapes_are_said_not_guessed(tmp_path: Path, config: dict) -> None:
    lines = {"a": (709.0, 3.9, 6000.0), "b": (722.0, 4.8, 4000.0)}
    iron = stored("Fe 2p", "feo", lines, "LA(1.5,10)", (700.0, 740.0))
    iron.comment = [line.replace("LA(1.5,10)", "LF(0.54,10,80,100,6)") for line in iron.comment]
    file = write(tmp_path / "a.vms", [iron])
    found = analyse([{"sample": "feo", "file": file.name, "spot": ""}], [file], config)
    for row in found.tables["xps_stored"]:
        assert "LF(0.54,10,80,100,6)" in row["note"]
        assert row.get("refit_area_cps_eV") is None
        assert row["stored_area_cps_eV"] > 0


def test_a_model_can_be_built_from_nothing_but_the_file(simulate) -> None:
    block = read(simulate("c500", extension="vms")).sets[2].to_xarray()
    model, _ = casaxps.stored_model(block)
    assert model is not None
    again = build(
        model.name,
        {"window_eV": model.window_eV, "components": dict(model.config)},
        {"line_shape": "GL(30)", "background": "shirley"},
    )
    assert again.names == model.names


@pytest.mark.parametrize("sample", ["c300", "c500", "uncoated"])
def test_a_fit_of_what_we_write_is_our_fit(
    simulate, config: dict, tmp_path: Path, sample: str
) -> None:
    """Ties, limits and factors are in the file: fitting what stands there gives our numbers again."""
    file = simulate(sample)
    given = {**config, "end_points": 9}  # a number of points that CasaXPS can say (2 n + 1)
    found = analyse([{"sample": sample, "file": file.name, "spot": "1"}], [file], given)
    path = tmp_path / "fits.vms"
    write_vamas(path, sample, found.curves, given)
    compared = 0
    for block in read(path, "xps").sets:
        curves = found.curves[f"1|{block.attrs['region']}"]
        if not curves.attrs["fitted"] or curves.attrs["background"] != "shirley":
            continue
        model, why = casaxps.stored_model(block)
        assert model is not None, why
        fit = fit_region(
            block["binding_energy_eV"], block["intensity_cps"], block.attrs["counting_time_s"], model, 0.0, given,
        )  # fmt: skip
        assert fit is not None
        names = [n.split(" #")[0] for n in model.names]
        areas = np.array([fit.fit.p[0][i] for i in range(len(names))])
        for j, name in enumerate(curves["component"]):
            own = areas[[i for i, n in enumerate(names) if n == name]].sum()
            off = abs(own - float(curves["area_cps_eV"][j]))
            assert off < 0.1 * max(float(curves["area_cps_eV_sd"][j]), 1e-3 * own)
            compared += 1
        # What the configuration ties is tied there too: no more is free than in our own fit.
        ours = build(block.attrs["region"], config["regions"][block.attrs["region"]], config)
        assert fit.fit.q.size <= len(ours.parameters(0.0).names)
    assert compared >= 8


def test_a_stored_cross_section_gives_the_background_that_was_exported(exports: Exports) -> None:
    block = read(exports.path("iron"), "xps").sets[0]
    exported = read(exports.path("iron columns"), "xps").sets[0]["background_cps"]
    region = block.attrs["casaxps"].regions[0]
    given = (335.44588, 551.0, 436.0, 3.0) if exports.public else CROSS_SECTION
    assert region.cross_section == given
    x, y = block["binding_energy_eV"], block["intensity_cps"]
    edges = sorted(block.attrs["photon_energy_eV"] - e for e in (region.start_eV, region.end_eV))
    inside = (x >= edges[0]) & (x <= edges[1])
    base = background.static(
        "tougaard", x[inside], y[inside], 2 * region.average_width + 1, cross_section=casaxps.cross_section(region)
    )  # fmt: skip
    step = np.ptp(exported[inside])
    assert np.sqrt(np.mean((base.values - exported[inside]) ** 2)) < 0.002 * step
    change = np.random.default_rng(1).normal(0, 1, inside.sum())
    moved = background.tougaard_of(
        x[inside], y[inside] + change, 2 * region.average_width + 1, casaxps.cross_section(region)
    )
    assert np.allclose(base.respond(np.eye(inside.sum())) @ change, moved.values - base.values)


def test_calibrations_that_do_not_say_their_shift_are_named(simulate, config: dict) -> None:
    plain = [
        "Casa Info Follows",
        "Calib M = 285.1185 A = 284 BE ADD",
        "Calib M = 1200 A = 1201 KE ADD",
    ]
    fit, notes = casaxps_comments.parse(plain)
    assert fit is not None and fit.shift_eV == pytest.approx(-2.1185) and not notes
    fit, notes = casaxps_comments.parse([*plain, "Calib M = 282.4,283.5 A = 286.8 BE ADD"])
    assert fit is not None and math.isnan(fit.shift_eV) and "282.4,283.5" in notes[0]
    block = next(
        b for b in read(simulate("c500", extension="vms")).sets if b.attrs["region"] == "S 2p"
    )
    block.attrs["casaxps"] = replace(block.attrs["casaxps"], shift_eV=math.nan)
    rows = casaxps.stored_rows(block, 0.0, None, config)
    assert rows and all("range of energies" in r["note"] for r in rows)
    assert all(r.get("refit_area_cps_eV") is None for r in rows)


def test_a_stored_cross_section_of_two_parameters() -> None:
    # As a public export of CasaXPS has it: C is negative, in the same formula.
    line = "CASA region (*C 1s*) (*U 2 Tougaard*) 1188.2828 1203.1467 1 4 0 0 79.760588 -1450 0 0 (*NoTag*) 12.011 0 1"
    fit, _ = casaxps_comments.parse(["Casa Info Follows", line])
    assert fit is not None
    assert casaxps.cross_section(fit.regions[0]) == background.CrossSection(
        79.760588, -1450.0, 0.0, 0.0
    )
