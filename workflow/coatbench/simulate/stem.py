"""LAADF images and EDX maps of the rim of a coated particle.

A bright core with a slightly wavy outline; on it a film of smoothly varying thickness that covers a part of
the rim, and rounded particles where the coating has coagulated; both fade towards their own edge, where
the beam passes less of them. Images are blurred by the probe and counted. Maps hold few counts per
pixel: the element in the coating, for oxygen also in the core, on a thin background.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .write_tiff import write_tiff

VACUUM, COATING, CORE = 25.0, 190.0, 620.0  # counts per pixel above nothing
FADE_NM = 2.5  # thickness of the rim over which a material reaches its full signal
PROBE_SIGMA_NM = 0.75
TEXTURE = 0.05  # relative grain contrast of the core
MAP_SIGMA_NM = 2.0
MAP_BACKGROUND, MAP_COATING, MAP_CORE_OXYGEN = 0.15, 3.0, 5.0  # counts per map pixel
# Field width in nm, pixels, radius of the particle in nm, and place of its centre in the field (fractions).
VIEWS = {
    "overview": (1800.0, 1024, 640.0, (0.5, 0.5)),
    "detail": (600.0, 768, 900.0, (0.5, 1.9)),
}
MAP_PIXELS = 256


@dataclass(frozen=True)
class Scene:
    """Signed distances in nm on the pixel grid: into the core, and into the coating (positive inside)."""

    pixel_nm: float
    core: np.ndarray
    coating: np.ndarray


def simulate(
    sample: str,
    rows: list[dict[str, str]],
    folder: Path,
    truth: dict[str, float],
    settings: dict[str, Any],
    seed: int,
) -> None:
    """Write the images and maps of one sample; a `field` is `overview` or `detail`, others look like `detail`.

    Truth: `stem.layer_thickness_nm` (median), `stem.layer_spread` (relative), `stem.film_coverage`,
    `stem.particle_size_nm`, `stem.particles_per_um`, `stem.oxygen_in_layer` (0 to 1).
    """
    for row in rows:
        field = row.get("field") or "detail"
        view = VIEWS.get(field, VIEWS["detail"])
        # The same field shows the same place, in the image and in its maps.
        scene = _scene(truth, view, np.random.default_rng([seed, _key(sample, field)]))
        rng = np.random.default_rng([seed, _key(sample, row["file"])])
        path = Path(folder) / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        if row["kind"] == "edx":
            pixels, size = _map(scene, truth, row["element"], rng)
            write_tiff(path, pixels, size, scale_in="resolution")
        else:
            pixels = _laadf(scene, rng)
            write_tiff(path, pixels, scene.pixel_nm, scale_in="gatan" if field == "overview" else "imagej")  # fmt: skip


def _key(*parts: str) -> int:
    return zlib.crc32("/".join(parts).encode())


def _scene(truth: dict[str, float], view: tuple, rng: np.random.Generator) -> Scene:
    width, n, radius, (cx, cy) = view
    pixel = width / n
    axis = (np.arange(n) + 0.5) * pixel
    x, y = axis[None, :] - cx * width, axis[:, None] - cy * width
    r, phi = np.hypot(x, y), np.arctan2(y, x)
    waves = [(k, radius * rng.normal(0, 0.02) / k, rng.uniform(0, 2 * np.pi)) for k in (3, 5, 8)]

    def outline(angle: np.ndarray | float) -> np.ndarray:
        """Return the particle's radius: a circle with a few slow waves."""
        return radius + sum((a * np.cos(k * angle + p) for k, a, p in waves), np.zeros(1))

    core = outline(phi) - r
    coating = _film(truth, phi, radius, rng) + core  # distance into the film from its outer edge
    for angle, size in _particles(truth, radius, rng):
        # A little sunk in, so that nearly all of it stands out.
        away = float(outline(angle)[0]) + 0.36 * size
        distance = np.hypot(x - away * np.cos(angle), y - away * np.sin(angle))
        coating = np.maximum(coating, size / 2 - distance)
    return Scene(pixel, core, np.where(core > 0, -1e3, coating))


def _film(
    truth: dict[str, float], phi: np.ndarray, radius: float, rng: np.random.Generator
) -> np.ndarray:
    """Thickness of the film at each angle; its median over the covered rim is the planted one."""
    grid = np.linspace(-np.pi, np.pi, 4001)
    rough = _smooth_noise(grid, radius, 60.0, rng)
    gaps = _smooth_noise(grid, radius, 90.0, rng)
    thickness = truth["stem.layer_thickness_nm"] * np.exp(truth["stem.layer_spread"] * rough)
    covered = gaps <= np.quantile(gaps, np.clip(truth["stem.film_coverage"], 0, 1))
    if truth["stem.film_coverage"] <= 0:
        covered[:] = False
    return np.interp(phi, grid, np.where(covered, thickness, -1e3))


def _smooth_noise(
    grid: np.ndarray, radius: float, length_nm: float, rng: np.random.Generator
) -> np.ndarray:
    """Periodic noise along the rim with median 0 and standard deviation 1."""
    n = max(4, int(2 * np.pi * radius / length_nm))
    knots = rng.normal(size=n)
    position = np.linspace(-np.pi, np.pi, n + 1)
    from scipy.interpolate import CubicSpline

    curve = CubicSpline(position, np.append(knots, knots[0]), bc_type="periodic")(grid)
    noise: np.ndarray = (curve - np.median(curve)) / curve.std()
    return noise


def _particles(
    truth: dict[str, float], radius: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Angle and diameter of each particle; they do not touch."""
    n = round(truth["stem.particles_per_um"] * 2 * np.pi * radius / 1000)
    placed: list[tuple[float, float]] = []
    # The view shows the top of the particle: spread evenly, with a random shift of the ring.
    shift = rng.uniform(0, 2 * np.pi)
    for i in range(n):
        angle = (shift + 2 * np.pi * (i + rng.uniform(-0.2, 0.2)) / n + np.pi) % (2 * np.pi) - np.pi
        # Evenly spaced sizes around the median, in random order, keep small samples representative.
        size = truth["stem.particle_size_nm"] * (0.8 + 0.4 * ((i * 0.6180339887) % 1.0))
        placed.append((angle, size))
    return placed


def _laadf(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    core = CORE * _fill(scene.core)
    texture = gaussian_filter(rng.normal(size=core.shape), 12.0 / scene.pixel_nm)
    core *= 1 + TEXTURE * texture / texture.std()
    signal = VACUUM + core + COATING * _fill(scene.coating)
    blurred = gaussian_filter(signal, PROBE_SIGMA_NM / scene.pixel_nm)
    pixels: np.ndarray = rng.poisson(np.maximum(blurred, 0)).astype(np.uint16)
    return pixels


def _fill(inside: np.ndarray) -> np.ndarray:
    """Signal of a material over its distance from the edge: it is thinner there."""
    return np.where(inside > 0, 1 - np.exp(-np.maximum(inside, 0) / FADE_NM), 0.0)


def _map(
    scene: Scene, truth: dict[str, float], element: str, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    from scipy.ndimage import gaussian_filter

    in_coating = truth["stem.oxygen_in_layer"] if element == "O" else 1.0
    in_core = MAP_CORE_OXYGEN if element == "O" else 0.0
    rate = MAP_COATING * in_coating * _fill(scene.coating) + (in_core + 0.3) * _fill(scene.core)
    rate = gaussian_filter(rate, MAP_SIGMA_NM / scene.pixel_nm)
    factor = rate.shape[0] // MAP_PIXELS
    binned = rate[: factor * MAP_PIXELS, : factor * MAP_PIXELS]
    binned = binned.reshape(MAP_PIXELS, factor, MAP_PIXELS, factor).mean(axis=(1, 3))
    counts = rng.poisson(MAP_BACKGROUND + binned)
    return counts.astype(np.uint16), scene.pixel_nm * factor
