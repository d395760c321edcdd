"""Segmentation and distances on drawn images whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.stem import layer, phantom
from coatbench.stem.segment import CORE, LAYER, Segmentation, segment
from coatbench.stem.surroundings import crack_walls
from scipy.ndimage import gaussian_filter

from .conftest import level_rim


def measure(image, pixel, config):
    parts = segment(image, pixel, config)
    return parts, layer.rim(parts, pixel)


@pytest.mark.parametrize("thickness", [9, 12, 20, 35, 60])
@pytest.mark.parametrize("pixel", [0.4, 0.8, 1.6])
def test_a_slab_of_known_thickness(config, thickness, pixel):
    parts, rim = measure(level_rim(thickness, pixel), pixel, config)
    assert parts.has_layer
    assert np.median(rim.thickness_nm) == pytest.approx(thickness, rel=0.05, abs=0.3)
    assert rim.coverage > 0.99
    # Places that are closer to the field's border than the layer is thick are left out.
    assert rim.length_nm == pytest.approx(500 - 2 * thickness, abs=6 * pixel + 1)


def test_the_scale_sets_lengths_and_nothing_else(config):
    """The same scene at half the magnification gives the same nanometres."""
    found = [np.median(measure(level_rim(24, p), p, config)[1].thickness_nm) for p in (0.5, 1.0)]
    assert found[0] == pytest.approx(found[1], abs=0.4)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_direction_does_not_matter(config, turns):
    image = level_rim(24)
    plain, turned = (
        measure(i, 0.8, config)[1].thickness_nm for i in (image, np.rot90(image, turns).copy())
    )
    assert np.median(turned) == pytest.approx(np.median(plain), abs=0.05)


@pytest.mark.parametrize("factor", [0.01, 1.0, 50.0])
def test_grey_scale_does_not_matter(config, factor):
    rim = measure(factor * level_rim(24) - 7 * factor, 0.8, config)[1]
    assert np.median(rim.thickness_nm) == pytest.approx(24, rel=0.04)


@pytest.mark.parametrize("blur", [0.8, 2.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_bare_edge_has_no_layer(config, blur, seed):
    parts, rim = measure(level_rim(0, blur=blur, seed=seed), 0.8, config)
    assert not parts.has_layer
    assert parts.note
    assert (rim.thickness_nm == 0).all()
    assert rim.coverage == 0


@pytest.mark.parametrize("noise", [5, 40, 80])
def test_noise(config, noise):
    rim = measure(level_rim(24, noise=noise), 0.8, config)[1]
    assert np.median(rim.thickness_nm) == pytest.approx(24, rel=0.08)


def disc(image, pixel, centre, diameter, level=200.0):
    y, x = (np.arange(n)[:, None] * pixel if i == 0 else np.arange(n)[None, :] * pixel for i, n in enumerate(image.shape))  # fmt: skip
    out = image.copy()
    out[((y - centre[0]) ** 2 + (x - centre[1]) ** 2 < (diameter / 2) ** 2) & (image < level)] = (
        level
    )
    return out


def clean_rim(thickness=0.0, pixel=0.8):
    return level_rim(thickness, pixel, width=800, blur=0.01, noise=0.0)


def finish(image, pixel=0.8, blur=1.5, noise=12.0):
    image = gaussian_filter(image, blur / pixel, mode="nearest")
    return image + np.random.default_rng(0).normal(0, noise, image.shape)


def test_particles_on_a_bare_core(config):
    sizes = [60, 80, 110]
    image = clean_rim()
    for diameter, x in zip(sizes, (150, 400, 650), strict=True):
        image = disc(image, 0.8, (220 - 0.4 * diameter, x), diameter)
    parts, rim = measure(finish(image), 0.8, config)
    found, mask = layer.particles(parts, 0.8, float(np.median(rim.thickness_nm)), config)
    assert sorted(found) == pytest.approx(sizes, rel=0.06)
    assert mask.any()
    assert np.median(rim.thickness_nm) == 0
    assert 0.2 < rim.coverage < 0.45


def test_particles_at_the_border_and_in_a_layer_do_not_count(config):
    image = disc(clean_rim(), 0.8, (180, 5), 80)
    parts, _ = measure(finish(image), 0.8, config)
    assert len(layer.particles(parts, 0.8, 0.0, config)[0]) == 0
    parts, rim = measure(level_rim(40), 0.8, config)
    assert len(layer.particles(parts, 0.8, float(np.median(rim.thickness_nm)), config)[0]) == 0


def drawn(labels, levels=(0.0, 50.0, 100.0), blur_nm=0.0) -> Segmentation:
    """Classes drawn by hand."""
    return Segmentation(50.0 * labels, labels, levels, 25.0, 75.0, 0.0, 2.0, blur_nm, "")


def test_only_whole_particles_are_sized(config):
    """Whichever border of the field cuts them."""
    y, x = np.mgrid[:120, :120]
    labels = np.zeros((120, 120), np.uint8)
    for at in ((60, 60), (118, 30)):
        labels[np.hypot(y - at[0], x - at[1]) < 15] = LAYER
    for turns in range(4):
        sizes, _ = layer.particles(drawn(np.rot90(labels, turns).copy()), 2.0, 0.0, config)
        assert sizes == pytest.approx([60], rel=0.03)


@pytest.mark.parametrize("pixel", [0.5, 2.0])
def test_distances_from_particles_and_cracks_are_lengths(pixel):
    """What stands 5 and 25 nm from a particle; a crack's walls 6 and 20 nm below the outline."""
    mask = np.zeros((200, 200), bool)
    mask[:, :100] = True
    at = 100 * pixel + np.array([5.0, 25.0])
    rim = layer.Rim(np.full(2, 50 * pixel), at, np.zeros(2), 1.0)
    assert layer.beside_particles(rim, mask, pixel).tolist() == [True, False]
    n = round(100 / pixel)
    labels = np.full((n, n), CORE)
    labels[: round(20 / pixel)] = 0
    middle = slice(round(45 / pixel), round(55 / pixel))
    labels[:, middle] = 0
    walls = crack_walls(drawn(labels), np.array([26.0, 40.0]), np.full(2, 50.0), pixel)
    assert walls.tolist() == [False, True]


@pytest.mark.parametrize("pixel", [0.8, 1.6])
def test_a_phantom_looks_as_blurred_as_the_image(config, pixel):
    parts = drawn(np.full((4, 4), CORE), (0.0, 0.0, 100.0), blur_nm=5.0)
    edge = phantom._draw(parts, 0.0, None, pixel, "slab", config)[:, 0]
    slope = np.diff(gaussian_filter(edge, config["smoothing_nm"] / pixel)).max() / pixel
    assert 100 / (slope * np.sqrt(2 * np.pi)) == pytest.approx(5.0, rel=0.03)


def test_a_phantom_whose_layer_is_not_seen_has_no_bias(config):
    parts, _ = measure(level_rim(12), 0.8, config)
    assert np.isnan(phantom.layer_bias(parts, 1.0, 0.8, config)["sphere"])


def test_half_a_layer_is_half_a_coverage(config):
    image = clean_rim()
    image[:, :500] = clean_rim(25)[:, :500]
    _, rim = measure(finish(image), 0.8, config)
    assert rim.coverage == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((100, 100), 7.0), "one grey level"),
        (
            np.where(np.arange(10000).reshape(100, 100) == 5050, 9.0, 1.0),
            "one grey level|no particle",
        ),
    ],
)
def test_images_without_a_particle_are_refused(config, image, message):
    with pytest.raises(ValueError, match=message):
        segment(image, 1.0, config)


def test_fixed_thresholds_are_used(config):
    own = config | {"thresholds": [110.0, 420.0]}
    parts, rim = measure(level_rim(24), 0.8, own)
    assert (parts.outer, parts.inner) == (110.0, 420.0)
    assert np.median(rim.thickness_nm) == pytest.approx(24, rel=0.05)


@pytest.mark.parametrize("thickness", [12, 35])
def test_the_bias_on_phantoms_is_small_and_reported(config, thickness):
    """A slab is measured within 8 %; a layer that fades as a sphere's comes out thinner, up to 25 %."""
    parts, _ = measure(level_rim(thickness), 0.8, config)
    bias = phantom.layer_bias(parts, thickness, 0.8, config)
    assert abs(bias["slab"]) <= 0.08 * thickness
    assert -0.25 * thickness <= bias["sphere"] < 0


def test_the_bias_of_particles(config):
    parts, _ = measure(level_rim(30), 0.8, config)
    bias = phantom.particle_bias(parts, 80, 0.8, config)
    assert abs(bias["slab"]) <= 4
    assert -0.2 * 80 <= bias["sphere"] < 0


def test_bootstrap_of_a_mean_is_the_standard_error():
    values = np.random.default_rng(1).normal(0, 2, 900)
    found = layer.bootstrap_sd(values, 900, lambda v: float(v.mean()))
    assert found == pytest.approx(2 / 30, rel=0.15)
    assert np.isnan(layer.bootstrap_sd(values, 1, np.median))
    # Of two places: both the one, both the other, or one each.
    pair = layer.bootstrap_sd(np.array([0.0, 2.0]), 2, lambda v: float(v.mean()))
    assert pair == pytest.approx(0.5**0.5, rel=0.1)
