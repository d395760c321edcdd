"""Fields as microscopes give them, in their files: drawn here with planted layers and lines, and the handed ones."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import tifffile
from coatbench.stem.analyse import analyse
from conftest import SHARED, inputs

from .dm3_file import dm3
from .test_situations import JEOL, PIXEL, field, spectrum, straight, zeiss

INDEX = {
    "partial": "laadf", "brightening": "laadf", "film": "laadf", "jeol": "laadf", "zeiss": "laadf", "edx_field": "laadf",
    **{f"edx_{e}": "edx" for e in ("S", "Cl", "F", "Na")}, "zirconia": "laadf", "zirconia_cube": "edx",
}  # fmt: skip
# What is asked of a field: its name among the handed ones.
HANDED = {
    "partial": "partial_50pct_15nm", "brightening": "core_brightens_inwards_15nm", "jeol": "jeol_magnification", "zeiss": "zeiss_sem",
    "film": "no_layer_carbon_film_edge",
}  # fmt: skip
MAGNIFICATION, DPI = 341_400, 93
ZEISS_NM = 0.83  # the words of its tag have one digit less
# Layer in nm, its tolerance, and what else is known of the row.
LAYERS = {
    "made": {
        "partial": (18.0, 2, {"rim_coverage": (0.4, 0.08)}), "brightening": (16.0, 4, {}), "jeol": (12.0, 2, {"pixel_size_nm": (25.4e6 / DPI / MAGNIFICATION, 1e-3)}),
        "zeiss": (20.0 * ZEISS_NM / PIXEL, 2, {"pixel_size_nm": (ZEISS_NM, 0.008)}),
    },
    "handed": {
        "partial": (15.0, 2, {"rim_coverage": (0.5, 0.08)}), "brightening": (15.0, 4, {}), "jeol": (15.0, 2, {"pixel_size_nm": (1.0115, 1e-3)}),
        "zeiss": (16.0, 2, {"pixel_size_nm": (1.2, 0.012)}),
    },
}  # fmt: skip
WIDE_NM, SPECTRA = (
    40.0,
    10,
)  # layer of the maps; pixels of a field along a pixel of its spectrum image


def amounts(layer: float, core: float) -> tuple[np.ndarray, np.ndarray]:
    """Return which pixels of `field(WIDE_NM)` are layer, and how much matter (core 1) lies in the way of the beam."""
    y, x = np.mgrid[:400, :400] * PIXEL
    depth = 2500.0 - np.hypot(x - (0.4 * 400 * PIXEL + 2500.0), y - 0.5 * 400 * PIXEL)
    on = (depth > -WIDE_NM) & (depth < 0)
    return on, 0.02 + layer * on + core * (depth >= 0)


def write_fields(folder):
    """Write all fields and an index of them."""
    rows = ["sample,file,kind,field,element,pixel_size_nm"]
    for name, kind in INDEX.items():
        place, _, element = name.partition("_") if name.startswith("edx") else (name, "", "")
        of = "zirconia" if name.startswith("zirconia") else "edx_field" if place == "edx" else name
        element = {"zirconia_cube": "P", "edx_field": ""}.get(name, element)
        rows.append(
            f"x,{name}.{'dm3' if name == 'zirconia_cube' else 'tif'},{kind},{of},{element},"
        )
    (folder / "index.csv").write_text("\n".join(rows))

    def save(name, image, **given):
        given = given or {
            "imagej": True,
            "resolution": (1 / PIXEL, 1 / PIXEL),
            "metadata": {"unit": "nm"},
        }
        tifffile.imwrite(folder / f"{name}.tif", image, **given)

    wide = field(WIDE_NM).astype(np.float32)
    save("partial", field(18.0, 0.4).astype(np.float32))
    save("brightening", field(16.0, gradient_nm=25.0).astype(np.float32))
    save("film", field(film_nm=70.0).astype(np.float32))
    save("edx_field", wide)
    save("zirconia", wide)
    small = straight(12.0).clip(0, 255).astype(np.uint8)
    save("jeol", small, description=JEOL.format(MAGNIFICATION), resolution=(DPI, DPI), resolutionunit=2, metadata=None)  # fmt: skip
    tag = zeiss(ZEISS_NM * 1e-9 * 400 / 1024, "0.8 nm")
    save("zeiss", straight(20.0, seed=1).clip(0, 255).astype(np.uint8), extratags=[(34118, "s", 0, tag, True)], metadata=None)  # fmt: skip
    rng = np.random.default_rng(6)
    layer, matter = amounts(0.2, 1.0)
    for element in ("S", "Cl", "F", "Na"):
        counts = rng.poisson(0.4 * matter + 0.3 * layer * (element == "S"))
        save(f"edx_{element}", counts.astype(np.float32))
    layer, matter = amounts(0.0, 1.0)
    energy = np.arange(160) * 0.02
    coarse = [a.reshape(40, SPECTRA, 40, SPECTRA).mean(axis=(1, 3)) for a in (layer, matter)]
    oxide, rest = spectrum({("Zr", "L"): 8.0, ("O", "K"): 6.0}, energy), spectrum({}, energy)
    cube = rng.poisson(
        coarse[0][:, :, None] * oxide + coarse[1][:, :, None] * rest * (energy > 0.2)
    )
    (folder / "zirconia_cube.dm3").write_bytes(dm3(cube, SPECTRA * PIXEL, "nm", energy[1]))


@pytest.fixture(scope="module", params=inputs("cases/stem"))
def given(request, config, tmp_path_factory):
    folder = SHARED / "cases" / "stem"
    if request.param == "made":
        write_fields(folder := tmp_path_factory.mktemp("stem"))
    with (folder / "index.csv").open(encoding="utf-8", newline="") as stream:
        index = list(csv.DictReader(stream))

    def run(name, *more):
        name = HANDED.get(name, name) if request.param == "handed" else name
        rows = [r for r in index if r["field"] == name]
        rows += [rows[-1] | {"element": e} for e in more]
        rows = [r | {"sample": "x"} for r in rows]
        found = analyse(rows, [folder / r["file"] for r in rows], config)
        (layer,) = [r for r in found.tables["stem_layers"] if r["quantity"] == "layer_thickness_nm"]
        return layer, {r["element"]: r for r in found.tables.get("stem_elements", [])}

    run.source = request.param
    return run


@pytest.mark.parametrize("name", LAYERS["made"])
def test_given_layers(given, name):
    thickness, within, known = LAYERS[given.source][name]
    row, _ = given(name)
    assert row["value_median"] == pytest.approx(thickness, abs=within)
    for column, (value, tolerance) in known.items():
        assert row[column] == pytest.approx(value, abs=tolerance), column


def test_given_film(given):
    row, _ = given("film")
    assert row["value_median"] == 0 or row["quality"] == "unusable"
    assert "film" in row["quality_note"]


def test_given_continuum(given):
    _, found = given("edx_field")
    assert found["S"]["detected"] is True and found["S"]["quality"] == "ok"
    assert not any(found[e]["detected"] for e in ("Cl", "F", "Na"))


def test_given_zirconia(given):
    _, found = given("zirconia", "O", "Zr")
    assert found["P"]["detected"] is not True or found["P"]["quality"] == "doubtful"
    assert found["O"]["detected"] is True
    assert found["Zr"]["detected"] is not False
