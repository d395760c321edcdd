"""CasaXPS's own fits are reproduced, and ours can be read back from what we write."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coatbench.readers import read
from coatbench.xps import casaxps, lineshapes
from coatbench.xps.analyse import analyse
from coatbench.xps.casaxps_write import write_vamas
from coatbench.xps.fit import solve
from coatbench.xps.lines import Spectrum
from coatbench.xps.model import build
from conftest import datasets


def test_stored_fit_of_a_public_file_is_reproduced(
    realdata: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FeO, 2p3/2, 2p1/2 and two satellites, on CasaXPS's own (exported) background.

    Its LF shapes are not public; they are taken as the curves that CasaXPS exported for the stored parameters.
    """
    block = read(realdata / "xps/FeO_analyzed.vms").sets[0].to_xarray()
    export = read(realdata / "xps/FeO_analyzed_lineshapes_cols.txt").sets[0].to_xarray()
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


def test_exported_sum_shapes_are_reproduced_point_by_point(realdata: Path) -> None:
    export = read(realdata / "xps/FeO_analyzed_lineshapes_cols.txt").sets[0].to_xarray()
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


def test_unknown_shapes_are_said_not_guessed(realdata: Path, config: dict) -> None:
    file = realdata / "xps/FeO_analyzed.vms"
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
