"""Micrographs and maps as microscopes give them: half-covered rims, support films, continuum, overlapping lines."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from coatbench.arrays import Arrays
from coatbench.readers import read
from coatbench.stem import elements, lines, spectra
from coatbench.stem.analyse import analyse
from scipy.ndimage import gaussian_filter

PIXEL = 0.8
VACUUM, FILM, LAYER, CORE = 20.0, 45.0, 90.0, 215.0


def field(
    thickness=0.0, share=1.0, film_nm=None, gradient_nm=0.0, radius=2500.0, n=400, seed=0, layer_level=LAYER
):  # fmt: skip
    """A round particle that fills the right of the field: film, layer on a share of the rim, core."""
    y, x = np.mgrid[:n, :n] * PIXEL
    depth = radius - np.hypot(x - (0.4 * n * PIXEL + radius), y - 0.5 * n * PIXEL)
    image = np.full((n, n), VACUUM)
    if film_nm is not None:
        image[depth > -film_nm] = FILM
    on = (y < share * n * PIXEL) & (depth > -thickness)
    image[on] = layer_level
    inside = depth > 0
    rise = 1 - np.exp(-np.maximum(depth, 0) / gradient_nm) if gradient_nm else 1.0
    start = layer_level + 20 if gradient_nm else 0.0
    image[inside] = (start + (CORE - start) * rise * np.ones_like(depth))[inside]
    image = gaussian_filter(image, 1.2 / PIXEL)
    return np.random.default_rng(seed).normal(image, 6.0).clip(0)


def measured(folder, config, image, *, quantity="layer_thickness_nm", **row):
    tifffile.imwrite(folder / "a.tif", image.astype(np.float32), imagej=True, resolution=(1 / PIXEL, 1 / PIXEL), metadata={"unit": "nm"})  # fmt: skip
    index = {"sample": "a", "file": "a.tif", "kind": "laadf", "field": "a", "pixel_size_nm": "", "element": ""} | row  # fmt: skip
    found = analyse([index], [folder / "a.tif"], config)
    return next(r for r in found.tables["stem_layers"] if r["quantity"] == quantity)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.6, 1.0])
@pytest.mark.parametrize("thickness", [12.0, 20.0])
def test_thickness_where_there_is_a_layer_and_how_much_has_one(tmp_path, config, share, thickness):
    row = measured(tmp_path, config, field(thickness, share))
    assert row["value_median"] == pytest.approx(thickness, abs=2)
    assert row["rim_coverage"] == pytest.approx(share, abs=0.06)
    assert abs(row["value_median"] - thickness) < 3 * row["value_median_sd"]
    assert row["quality"] == "ok"


def test_what_a_thickness_is_uncertain_by(tmp_path, config):
    """Sampling, the pixel, and whether the layer's edge is sharp or fades: rectangular distributions, nothing else."""
    row = measured(tmp_path, config, field(20.0))
    apart = row["bias_slab_nm"] - row["bias_sphere_nm"]
    parts = (row["value_median_sd_sampling"], PIXEL / 12**0.5, apart / 12**0.5)
    assert row["value_median_sd"] == pytest.approx(np.hypot(np.hypot(*parts[:2]), parts[2]))


def test_a_bare_particle_has_none(tmp_path, config):
    row = measured(tmp_path, config, field())
    assert (row["value_median"], row["rim_coverage"]) == (0, 0)


@pytest.mark.parametrize("gradient", [15.0, 30.0])
@pytest.mark.parametrize("thickness", [12.0, 18.0])
def test_a_core_that_brightens_inwards_keeps_its_layer(tmp_path, config, thickness, gradient):
    row = measured(tmp_path, config, field(thickness, gradient_nm=gradient))
    assert row["value_median"] == pytest.approx(thickness, abs=4)


def test_a_bare_core_that_brightens_inwards_has_none(tmp_path, config):
    row = measured(tmp_path, config, field(0.0, gradient_nm=25.0, layer_level=0.0))
    assert row["value_median"] == 0


@pytest.mark.parametrize("film", [45.0, 80.0, 110.0])
def test_a_support_film_is_named_and_is_no_layer(tmp_path, config, film):
    row = measured(tmp_path, config, field(film_nm=film))
    assert row["value_median"] == 0 or row["quality"] == "unusable"
    assert "film" in row["quality_note"]


def with_disc(image, y_nm, diameter_nm, level=LAYER):
    """A coagulated particle on the rim of `field`, most of it outside of the core."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] * PIXEL
    at = 0.4 * image.shape[1] * PIXEL - 0.2 * diameter_nm
    inside = (np.hypot(y - y_nm, x - at) < diameter_nm / 2) & (image < 0.5 * (LAYER + CORE))
    return np.where(inside, level, image)


def test_what_a_film_makes_doubtful_is_so_for_particles_too(tmp_path, config):
    sizes = measured(tmp_path, config, with_disc(field(film_nm=80.0), 160, 70), quantity="particle_size_nm")  # fmt: skip
    assert sizes["n"] == 1 and sizes["quality"] == "doubtful" and "film" in sizes["quality_note"]
    clean = measured(tmp_path, config, with_disc(field(), 160, 70), quantity="particle_size_nm")
    assert clean["n"] == 1 and clean["quality"] == "ok"


def test_no_particle_is_told_where_no_layer_is(tmp_path, config):
    """Two films, one behind the other: what stands beside the particle is unusable for both."""
    image = field(film_nm=90.0)
    from_rim = (np.arange(image.shape[1]) - 0.4 * image.shape[1]) * PIXEL
    image -= 9.0 * ((from_rim > -90) & (from_rim < -40))
    image += 7.0 * ((from_rim > -40) & (image < CORE / 2))
    for quantity in ("layer_thickness_nm", "particle_size_nm"):
        assert measured(tmp_path, config, image, quantity=quantity)["quality"] == "unusable"


def test_particles_that_the_field_cuts_are_not_called_none(tmp_path, config):
    cut = measured(tmp_path, config, with_disc(field(), 0, 90), quantity="particle_size_nm")
    assert cut["n"] == 0 and cut["note"].endswith("but those that the field cuts")
    none = measured(tmp_path, config, field(), quantity="particle_size_nm")
    assert none["n"] == 0 and none["note"] == "no coagulated particles"


def test_a_wide_bright_layer_is_no_film(tmp_path, config):
    row = measured(tmp_path, config, field(45.0))
    assert row["value_median"] == pytest.approx(45, abs=3)
    assert row["quality"] == "ok"


def drawn(depth, layer_nm, seed=0, also=None):
    """An image of given depths below the core's edge, blurred and noisy."""
    image = np.full(depth.shape, VACUUM)
    image[depth > -layer_nm] = LAYER
    image[depth > 0] = CORE
    if also is not None:
        image[also] = VACUUM
    return np.random.default_rng(seed).normal(gaussian_filter(image, 1.2 / PIXEL), 6.0).clip(0)


Y, X = np.mgrid[:400, :400] * PIXEL


def straight(layer_nm, also=None, seed=0):
    return drawn(2500 - np.hypot(X - 2628, Y - 160), layer_nm, seed, also)


@pytest.mark.parametrize("gap", [5.0, 12.0, 22.0, 40.0])
def test_a_neighbour_particle_is_no_layer(tmp_path, config, gap):
    depth = np.maximum(100 - np.hypot(X - 90, Y - 160), 80 - np.hypot(X - 270 - gap, Y - 160))
    row = measured(tmp_path, config, drawn(depth, 10.0))
    assert row["value_median"] == pytest.approx(10, abs=2)
    assert row["rim_coverage"] > 0.9
    if gap < 20:
        assert row["quality"] == "doubtful" and "particle" in row["quality_note"]


@pytest.mark.parametrize(("start", "width"), [(180, 12), (180, 25), (100, 16)])
def test_walls_of_a_crack_are_no_bare_rim(tmp_path, config, start, width):
    crack = (np.abs(Y - 150) < width / 2) & (start < X)
    row = measured(tmp_path, config, straight(15.0, crack))
    assert row["value_median"] == pytest.approx(15, abs=2) and row["rim_coverage"] > 0.9
    assert row["quality"] == "doubtful" and "crack" in row["quality_note"]


@pytest.mark.parametrize("level", [190.0, 255.0])
def test_a_layer_as_bright_as_the_core_or_brighter_is_not_called_none(tmp_path, config, level):
    row = measured(tmp_path, config, field(15.0, layer_level=level))
    assert abs(row["value_median"] - 15) < 3 or "not measured" in row["quality_note"]


@pytest.mark.parametrize("mean", [20.0, 200.0])
def test_noise_is_no_particle(tmp_path, config, mean):
    row = measured(tmp_path, config, np.random.default_rng(1).normal(mean, 6, (400, 400)))
    assert row["quality"] == "unusable" and "no particle" in row["quality_note"]


@pytest.mark.parametrize(("rows", "top"), [(40, False), (24, False), (30, True)])
def test_a_data_bar_is_no_part_of_the_picture(tmp_path, config, rows, top):
    bar = np.zeros((rows, 400), np.uint8)
    bar[rows // 4 : rows // 2, 20:160] = 255
    picture = straight(15.0).clip(0, 255).astype(np.uint8)
    row = measured(tmp_path, config, np.vstack([bar, picture] if top else [picture, bar]))
    assert row["value_median"] == pytest.approx(15, abs=2) and row["rim_coverage"] > 0.95


def test_a_vacuum_that_the_detector_cuts_off_is_no_data_bar(tmp_path, config):
    row = measured(tmp_path, config, (straight(15.0).T - 30).clip(0)[::-1])
    assert row["value_median"] == pytest.approx(15, abs=2)


# --- what a newcomer does ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["0.0008", "8e-10", "800"])
def test_a_pixel_in_another_unit_is_named(tmp_path, config, size):
    """Micrometres, metres and picometres: once out of memory, or an IndexError."""
    row = measured(tmp_path, config, straight(15.0), pixel_size_nm=size)
    assert row["quality"] == "unusable" and f"{float(size):.3g} nm" in row["quality_note"]


@pytest.mark.parametrize(("shown", "level"), [(42, "doubtful"), (12, "unusable")])
def test_a_field_that_a_layer_could_fill_does_not_show_a_bare_rim(tmp_path, config, shown, level):
    """Beside the particle there is nothing but layer."""
    edge = 160
    row = measured(tmp_path, config, field(60.0)[:, edge - round(shown / PIXEL) : edge + 200])
    assert row["quality"] == level and "a layer could fill it" in row["quality_note"]
    assert measured(tmp_path, config, field())["quality"] == "ok"


def test_an_overexposed_particle_does_not_show_a_bare_rim(tmp_path, config):
    row = measured(tmp_path, config, (3.2 * straight(15.0)).clip(0, 255))
    assert row["quality"] == "doubtful" and "end of the grey scale" in row["quality_note"]


def test_a_fine_pixel_takes_no_more_memory_than_its_image(tmp_path, config):
    """Phantoms of a field of 40 nm with pixels of 0.1 nm were 3,600 pixels wide."""
    import tracemalloc

    x = 0.1 * np.arange(400) + np.zeros((400, 1))
    image = np.where(x > 20, CORE, np.where(x > 15, LAYER, VACUUM)) + np.random.default_rng(1).normal(0, 4, x.shape)  # fmt: skip
    tracemalloc.start()
    row = measured(tmp_path, config, image, pixel_size_nm="0.1")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert row["value_median"] == pytest.approx(5, abs=1)
    assert peak < 200e6


# --- maps: continuum --------------------------------------------------------------------------------


def maps(line, continuum, seed, n=120):
    """Counts: continuum with the mass in the beam's way, a line in the layer only."""
    layer, core, beside = (np.zeros((n, n), bool) for _ in range(3))
    layer[:, 40:60], core[:, 60:], beside[:, :30] = True, True, True
    rate = continuum * (0.02 + 0.2 * layer + 1.0 * core) + line * layer
    return np.random.default_rng(seed).poisson(rate).astype(float), layer, beside, core


def test_absent_elements_are_absent_and_present_ones_found(config):
    """Continuum alone is never the layer's element; a line of a few counts in a thousand pixels is found."""
    absent, present = [], []
    for seed in range(100):
        for continuum in (0.02, 0.1, 0.5, 2.0, 8.0):
            counts, layer, beside, core = maps(0.0, continuum, seed)
            absent.append(elements.detect(counts, layer, beside, config, core, 0.3)["detected"])
    for seed in range(40):
        counts, layer, beside, core = maps(0.15, 0.1, 500 + seed)
        present.append(elements.detect(counts, layer, beside, config, core, 0.3)["detected"])
    assert np.mean(absent) <= 0.01
    assert np.mean(present) >= 0.95


# --- spectrum images: lines that overlap ------------------------------------------------------------


def spectrum(amounts, energy, counts_per_pixel=4.0):
    """Counts per pixel and channel: continuum, and lines (element, series) of so many counts."""
    step = energy[1] - energy[0]
    found = counts_per_pixel * step * np.exp(-energy / 2.0) / np.exp(-0.5)
    for (element, series), amount in amounts.items():
        for e, share in zip(lines.SERIES[series][element], (1.0, 0.1 if series == "K" else 0.6), strict=False):  # fmt: skip
            sigma = np.sqrt(0.05**2 + (0.130**2 - 0.05**2) * e / 5.899) / 2.3548
            found = found + amount * share * step / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((energy - e) / sigma) ** 2)  # fmt: skip
    return found


def cube(amounts, n=20, seed=0):
    """A spectrum image with the lines in the left half."""
    energy = np.arange(0.1, 3.4, 0.01)
    layer = np.zeros((n, n), bool)
    layer[:, : n // 2] = True
    counts = np.random.default_rng(seed).poisson(spectrum(amounts, energy) * (0.02 + layer[:, :, None]))  # fmt: skip
    block = Arrays.of(
        {"counts": (("y", "x", "energy"), counts)},
        {"energy_keV": ("energy", energy, {"units": "keV"})},
    )
    return block, layer


def asked(amounts, element, seed=0):
    return spectra.seek_element(*_swap(cube(amounts, seed=seed), element), 5)


def _swap(pair, element):
    return pair[0], element, pair[1]


@pytest.mark.parametrize(
    ("amounts", "element", "found"),
    [
        ({("P", "K"): 2.0}, "P", True),
        ({("Zr", "L"): 8.0}, "P", False),
        ({("Zr", "L"): 8.0}, "Zr", True),
        ({("Nb", "L"): 8.0}, "P", False),
        ({("Nb", "L"): 8.0}, "S", False),
        ({("S", "K"): 2.0}, "S", True),
        ({("S", "K"): 2.0, ("P", "K"): 2.0}, "P", True),
        ({("Mn", "L"): 6.0}, "F", False),
        ({("F", "K"): 2.0}, "F", True),
        ({}, "S", False),
        ({}, "P", False),
        ({}, "Cl", False),
    ],
)
def test_lines_that_overlap_are_told_apart_or_doubted(amounts, element, found):
    for seed in range(4):
        row = asked(amounts, element, seed)
        # What is there is not called absent; what is not, is not called there without reserve.
        if found:
            assert row["detected"] is not False, row
        else:
            assert row["detected"] is not True or row["quality"] == "doubtful", row


@pytest.mark.parametrize(("element", "per_pixel", "falls"), [("S", 2.0, 0), ("S", 2.0, 0.3), ("F", 1.0, 0)])  # fmt: skip
def test_counts_of_a_line_are_those_that_were_planted(element, per_pixel, falls):
    """Both lines of a series, and 2 % of them everywhere; also where the continuum falls to nothing beside them."""
    found = []
    for seed in range(20):
        block, layer = cube({(element, "K"): per_pixel}, seed=seed)
        energy = np.asarray(block["energy_keV"])
        steep = np.where(energy > 2.03, falls * (2.74 - energy).clip(0) / 0.71, 0.0)
        more = np.random.default_rng(100 + seed).poisson(steep * layer[:, :, None])
        block["counts"][:] = np.asarray(block["counts"]) + more
        row = spectra.seek_element(block, element, layer, 5)
        found.append((row["excess_per_pixel"], row["excess_per_pixel_sd"]))
    planted = 1.02 * per_pixel * (1.1 if len(lines.SERIES["K"][element]) > 1 else 1.0)
    values, sds = np.array(found).T
    assert values.mean() == pytest.approx(planted, rel=0.05)
    assert 0.5 < values.std() / sds.mean() < 2


def test_what_is_less_than_its_uncertainty_has_one():
    rows = [asked({}, "S", seed) for seed in range(12)]
    weak = [row for row in rows if 0 < row["significance"] < 1]
    assert len(weak) > 2
    for row in weak:
        assert row["excess_per_pixel_sd"] > row["excess_per_pixel"] > 0


@pytest.mark.parametrize(("neighbour", "element"), [("Zr", "P"), ("Mn", "F")])
def test_what_an_evident_neighbour_hides_is_not_called_absent(neighbour, element):
    """Lines a third of the detector's width apart: a few atomic percent would not be seen."""
    for seed in range(4):
        row = asked({(neighbour, "L"): 8.0}, element, seed)
        assert row["detected"] is None and row["quality"] == "doubtful"
        assert f"cannot be told beside {neighbour}" in row["note"]
    assert asked({("Nb", "L"): 8.0}, "S")["detected"] is False  # a whole width away


def test_no_element_without_a_line():
    absent = [asked({}, e, seed)["detected"] for e in ("S", "P", "Cl", "F", "Na") for seed in range(20)]  # fmt: skip
    assert np.mean(absent) <= 0.01


def test_the_series_that_a_spectrum_holds_is_taken():
    assert lines.line_of("Zr", 0.1, 3.2)[0] == "L"
    assert lines.line_of("Zr", 0.1, 20)[0] == "K"
    with pytest.raises(ValueError, match="outside the spectrum"):
        lines.line_of("Ni", 1.0, 5.0)
    assert ("Zr", "L") in lines.overlaps("P", 2.014)


# --- scales -----------------------------------------------------------------------------------------

JEOL = """<?xml version="1.0"?><TemReporter><Manufacturer>JEOL Ltd.</Manufacturer><ImageFormingSystem>
<SelectorValue>{}</SelectorValue></ImageFormingSystem></TemReporter>"""


@pytest.mark.parametrize(("magnification", "dpi"), [(270000, 93), (50000, 96)])
def test_scale_of_a_jeol_image(tmp_path, magnification, dpi):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((40, 50), np.uint8), description=JEOL.format(magnification), resolution=(dpi, dpi), resolutionunit=2, metadata=None)  # fmt: skip
    block = read(path, "stem").sets[0]
    step = float(np.diff(np.asarray(block["x_nm"]))[0])
    assert step == pytest.approx(25.4e6 / dpi / magnification, rel=1e-6)
    assert block.attrs["calibration"] == "JEOL magnification"


def zeiss(metre, named):
    """The text of tag 34118."""
    text = f"0\r\n0\r\n0\r\n{metre:e}\r\n5.0e+004\r\n6\r\nDP_ZOOM\r\nZoom = Off\r\nAP_IMAGE_PIXEL_SIZE\r\n"
    return text + f"Image Pixel Size = {named}\r\nAP_WD\r\nWD =  4.0 mm\r\n"


@pytest.mark.parametrize(("metre", "named"), [(3.7e-10, "7.6"), (2.61e-11, "534.5 pm")])
def test_scale_of_a_zeiss_image(tmp_path, metre, named):
    """The fourth number is the pixel of an image 1024 wide; in words the scale has few digits."""
    text = zeiss(metre, named if " " in named else f"{named} nm")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((40, 50), np.uint8), extratags=[(34118, "s", 0, text, True)], metadata=None)  # fmt: skip
    step = float(np.diff(np.asarray(read(path, "stem").sets[0]["x_nm"]))[0])
    assert step == pytest.approx(metre * 1e9 * 1024 / 50, rel=1e-5)
