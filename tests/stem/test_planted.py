"""The demo study's STEM: planted truth comes back, the paper's statements hold, problems are told."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from coatbench.analysis import save_rows
from coatbench.curves import save_curves
from coatbench.errors import AnalysisError, ReadError
from coatbench.simulate.stem import simulate
from coatbench.simulate.write_tiff import write_tiff
from coatbench.stem.analyse import analyse
from coatbench.stem.collect import collect

from .conftest import ROOT, level_rim, run


def layers(found, quantity="layer_thickness_nm"):
    return {
        (r["sample"], r["field"]): r
        for a in found.values()
        for r in a.tables["stem_layers"]
        if r["quantity"] == quantity
    }


@pytest.mark.parametrize("seed", [3, 4, 20250311])
def test_medians_of_layers_and_particles(tmp_path, index, truth, config, seed):
    images = [r for r in index if r["kind"] == "laadf"]
    found = run(tmp_path, images, truth, config, seed)
    for (sample, field), row in layers(found).items():
        own = truth[sample]
        if own["stem.film_coverage"] > 0.5:
            planted = own["stem.layer_thickness_nm"]
            assert row["value_median"] == pytest.approx(planted, rel=0.25), (sample, field)
            assert row["rim_coverage"] == pytest.approx(own["stem.film_coverage"], abs=0.06)
        else:
            assert row["value_median"] == 0
    particles = layers(found, "particle_size_nm")
    planted = truth["c700"]["stem.particle_size_nm"]
    assert particles["c700", "overview"]["n"] >= 10
    assert particles["c700", "overview"]["value_median"] == pytest.approx(planted, rel=0.25)
    assert all(r["n"] == 0 for key, r in particles.items() if key[0] != "c700")


def test_statements_of_the_paper(demo):
    found, particles = layers(demo), layers(demo, "particle_size_nm")
    for field in ("overview", "detail"):
        for sample, low, high in (("c100", 5, 20), ("c400", 20, 50)):
            row = found[sample, field]
            assert low <= row["value_p05"] <= row["value_median"] <= row["value_p95"] <= high
        # Particles, with almost nothing between them.
        assert 50 <= particles["c700", field]["value_median"] <= 120
        assert found["c700", field]["value_median"] == 0
    assert found["uncoated", "detail"]["rim_coverage"] == 0


def test_elements_in_the_layer(demo):
    found = {
        (r["sample"], r["element"]): r["detected"]
        for a in demo.values()
        for r in a.tables.get("stem_elements", [])
    }
    assert found == {
        **{(s, e): True for s in ("c100", "c400", "c700") for e in "SP"},
        ("c100", "O"): False,
        ("c400", "O"): True,
        ("c700", "O"): True,
    }


def test_every_estimate_has_an_uncertainty_and_a_bias(demo):
    for row in [*layers(demo).values(), *layers(demo, "particle_size_nm").values()]:
        if row.get("value_median") is None:
            continue
        assert row["value_median_sd"] > 0
        if row["value_median"] > 0:
            assert abs(row["bias_slab_nm"]) < 0.15 * row["value_median"]
            assert -0.3 * row["value_median"] < row["bias_sphere_nm"] < 0


def test_columns_are_those_of_the_schema(demo):
    schema = yaml.safe_load(
        (ROOT / "workflow/schemas/tables/stem.yaml").read_text(encoding="utf-8")
    )
    rows: dict = {}
    for analysis in demo.values():
        for name, table in analysis.tables.items():
            rows.setdefault(name, []).extend(table)
    found = collect(rows, [{"sample": s} for s in reversed(demo)], {})
    assert set(found) == set(schema)
    for name, table in found.items():
        assert not {c for r in table for c in r} - set(schema[name])
    assert found["stem_layers"][0]["sample"] == "c700"


def test_same_input_same_bytes(tmp_path, index, truth, config):
    rows = [r for r in index if r["sample"] == "c100" and r["field"] == "detail"]
    texts = []
    for name in ("a", "b"):
        (result,) = run(tmp_path / name, rows, truth, config, 7).values()
        save_rows(result, tmp_path / f"{name}.json")
        save_curves(result.curves, tmp_path / f"{name}.nc")
        texts.append((tmp_path / f"{name}.json").read_bytes())
    assert texts[0] == texts[1]
    assert (tmp_path / "a.nc").stat().st_size == (tmp_path / "b.nc").stat().st_size


def row(**cells) -> dict[str, str]:
    base = {"sample": "x", "file": "a.tif", "kind": "laadf", "field": "f", "element": ""}
    return base | {"pixel_size_nm": ""} | cells


def image(path, thickness=25.0, pixel=0.8, scale=0.8):
    write_tiff(path, np.clip(level_rim(thickness, pixel), 0, 65535).astype(np.uint16), scale)


def test_an_image_without_scale_is_refused(tmp_path, config):
    path = tmp_path / "a.tif"
    image(path, scale=None)
    with pytest.raises(AnalysisError, match=r"scale: expected nm per pixel.*give pixel_size_nm"):
        analyse([row()], [path], config)


def test_the_index_gives_the_scale(tmp_path, config):
    path = tmp_path / "a.tif"
    image(path, scale=None)
    found = analyse([row(pixel_size_nm="0.8")], [path], config).tables["stem_layers"][0]
    assert found["value_median"] == pytest.approx(25, rel=0.05)
    assert found["calibration"] == "index"


def test_the_index_wins_over_the_file_and_says_so(tmp_path, config):
    path = tmp_path / "a.tif"
    image(path, scale=1.6)
    result = analyse([row(pixel_size_nm="0.8")], [path], config)
    assert result.tables["stem_layers"][0]["value_median"] == pytest.approx(25, rel=0.05)
    assert "the index says 0.8 nm per pixel, the file 1.6" in result.warnings[0]


@pytest.mark.parametrize(("own", "said"), [("0.815", True), ("0.804", False)])
def test_scales_that_differ_by_a_percent_are_said(tmp_path, config, own, said):
    path = tmp_path / "a.tif"
    image(path)
    assert bool(analyse([row(pixel_size_nm=own)], [path], config).warnings) == said


def test_an_image_without_a_particle_has_an_empty_row_that_says_why(tmp_path, config):
    path = tmp_path / "a.tif"
    write_tiff(path, np.full((100, 100), 9, np.uint16), 1.0)
    result = analyse([row()], [path], config)
    assert [r["n"] for r in result.tables["stem_layers"]] == [0, 0]
    assert "no layer measured" in result.tables["stem_layers"][0]["note"]
    assert result.warnings


def test_a_map_of_another_size_or_place_is_not_tested(tmp_path, config):
    image(tmp_path / "a.tif")
    write_tiff(tmp_path / "m.tif", np.ones((100, 100), np.uint16), 1.0)
    files = [tmp_path / "a.tif", tmp_path / "m.tif"]
    maps = [row(file="m.tif", kind="edx", element="S"), row(file="m.tif", kind="edx", element="S", field="g")]  # fmt: skip
    for own, note in zip(maps, ("the map shows 100 nm", "no image of this field"), strict=True):
        result = analyse([row(), own], files, config)
        (found,) = result.tables["stem_elements"]
        assert found["detected"] is None
        assert note in found["note"]


def test_a_map_without_its_element_is_refused(tmp_path, config):
    image(tmp_path / "a.tif")
    with pytest.raises(AnalysisError, match="the element of an edx row"):
        analyse([row(kind="edx")], [tmp_path / "a.tif"], config)


def test_a_damaged_image_names_its_file(tmp_path, config):
    path = tmp_path / "a.tif"
    image(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ReadError, match=r"a\.tif"):
        analyse([row()], [path], config)


def test_other_fields_and_names_are_simulated(tmp_path, truth, config):
    own = row(sample="c400", file="deep/x.tif", field="third")
    simulate("c400", [own], tmp_path, truth["c400"], {}, 1)
    found = analyse([own], [tmp_path / "deep/x.tif"], config).tables["stem_layers"][0]
    assert found["value_median"] == pytest.approx(32, rel=0.25)


@pytest.mark.parametrize(
    ("constants", "gradient"),
    [
        ({"TEXTURE": 0.15}, 0.0),
        ({"COATING": 100.0}, 0.0),
        ({}, 0.4),
        ({"VACUUM": 2.0, "COATING": 12.0, "CORE": 40.0}, 0.0),
    ],
    ids=["grains", "faint layer", "uneven illumination", "few counts"],
)
@pytest.mark.parametrize(("sample", "field"), [("c100", "detail"), ("c400", "overview"), ("uncoated", "overview")])  # fmt: skip
def test_poor_images(tmp_path, monkeypatch, truth, config, constants, gradient, sample, field):
    from coatbench.readers import read
    from coatbench.simulate import stem as simulator
    from coatbench.stem import layer
    from coatbench.stem.segment import segment

    for name, value in constants.items():
        monkeypatch.setattr(simulator, name, value)
    own = row(sample=sample, field=field)
    simulate(sample, [own], tmp_path, truth[sample], {}, 11)
    block = read(tmp_path / "a.tif").sets[0].to_xarray()
    pixels = block["intensity"].values * (1 + gradient * np.linspace(-0.5, 0.5, block.sizes["x"]))
    pixel = block.attrs["pixel_size_nm"]
    parts = segment(pixels, pixel, config)
    median = float(np.median(layer.rim(parts, pixel).thickness_nm))
    planted = truth[sample]["stem.layer_thickness_nm"] if sample != "uncoated" else 0.0
    assert median == pytest.approx(planted, rel=0.25)
