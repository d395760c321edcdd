"""Thickness of the layer along the rim, its coverage, and particles where it has coagulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .segment import CORE, LAYER, VACUUM, Segmentation
from .surroundings import crack_walls

if TYPE_CHECKING:
    from ..config_types import StemConfig

BOOTSTRAPS = 400
# A particle's flanks reach so far along the rim.
BESIDE_NM = 15.0


@dataclass
class Rim:
    """The edge of a particle's core, and the layer on it.

    Attributes
    ----------
    y_nm, x_nm : (point,) arrays
        Places along the core's edge.
    thickness_nm : (point,) array
        Distance from the core's edge to the outer contour; 0 where it is below the resolution, so that it
        cannot be told from a bare edge.
    length_nm : float
        Length of the core's edge that was used.
    crack_share : float
        Share of the core's edge that was left out as walls of cracks.
    """

    y_nm: np.ndarray
    x_nm: np.ndarray
    thickness_nm: np.ndarray
    length_nm: float
    crack_share: float = 0.0

    @property
    def coverage(self) -> float:
        """Share of the rim with a layer."""
        return float((self.thickness_nm > 0).mean()) if len(self.thickness_nm) else math.nan


def rim(parts: Segmentation, pixel_nm: float) -> Rim:
    """Measure the layer along the core's edge.

    From every point of the outer contour (between pixels) the shortest way to the core's edge is taken, and
    belongs to the place where it ends; of several that end at one place the longest counts. So a
    particle weighs by the rim that it stands on, not by its own outline. Places whose shortest way
    could lie outside the field are left out, and so are walls of cracks.
    """
    from scipy.spatial import cKDTree

    core = _contour(parts, parts.labels == CORE, parts.inner)
    outer = _contour(parts, parts.labels != VACUUM, parts.outer)
    if not len(outer) or not len(core):
        return Rim(np.empty(0), np.empty(0), np.empty(0), 0.0)
    thickness = np.zeros(len(core))
    if parts.has_layer:
        distance, foot = cKDTree(core).query(outer)
        np.maximum.at(thickness, foot, distance * pixel_nm)
        # A place where no shortest way ends takes its nearest neighbour's.
        hit = np.flatnonzero(np.bincount(foot, minlength=len(core)))
        thickness = thickness[hit[cKDTree(core[hit]).query(core)[1]]]
    shape = np.array(parts.labels.shape)
    to_border = np.minimum(core, shape - 1 - core).min(axis=1) * pixel_nm
    keep = to_border > np.maximum(thickness, 2 * pixel_nm)
    walls = crack_walls(parts, core[:, 0] * pixel_nm, core[:, 1] * pixel_nm, pixel_nm)
    cracked = float((walls & keep).sum() / max(keep.sum(), 1))
    keep &= ~walls
    thickness = np.where(thickness > parts.resolution_nm, thickness, 0.0)[keep]
    y, x = core[keep].T * pixel_nm
    return Rim(y, x, thickness, float(keep.sum() * _spacing(core) * pixel_nm), cracked)


def _contour(parts: Segmentation, mask: np.ndarray, level: float) -> np.ndarray:
    """Return points (y, x) in pixels where the smoothed image crosses a level along a mask's edge."""
    from scipy import ndimage
    from skimage.measure import find_contours

    # Holes are filled and other particles are gone: there the image must not cross the level.
    image = np.where(mask, np.maximum(parts.smooth, level), np.minimum(parts.smooth, level))
    around = ndimage.binary_dilation(mask)
    image = np.where(around, image, min(level, float(parts.smooth.min())) - 1.0)
    # find_contours counts a value at the level as below it.
    image[mask] = np.nextafter(np.maximum(image[mask], level), np.inf)
    lines = find_contours(image, level)
    return np.concatenate(lines) if lines else np.empty((0, 2))


def _spacing(points: np.ndarray) -> float:
    steps = np.hypot(*np.diff(points, axis=0).T)
    near = steps[steps < 2]  # not the jump from one line to the next
    return float(near.mean()) if len(near) else 1.0


def bootstrap_sd(
    values: np.ndarray, blocks: int, statistic: Callable[[np.ndarray], float]
) -> float:
    """Standard deviation of a statistic over bootstraps of `blocks` contiguous pieces; NaN below two.

    Neighbouring points of a rim are not independent; pieces longer than the roughness are.
    """
    if len(values) < 2 or blocks < 2:
        return math.nan
    pieces = np.array_split(values, min(blocks, len(values)))
    rng = np.random.default_rng(len(values))
    draws = rng.integers(0, len(pieces), (BOOTSTRAPS, len(pieces)))
    found = [statistic(np.concatenate([pieces[i] for i in draw])) for draw in draws]
    return float(np.std(found, ddof=1))


def beside_particles(rim: Rim, mask: np.ndarray, pixel_nm: float) -> np.ndarray:
    """Return which places of a rim stand under or beside a coagulated particle."""
    from scipy import ndimage

    if not mask.any():
        return np.zeros(len(rim.thickness_nm), bool)
    distance = ndimage.distance_transform_edt(~mask) * pixel_nm
    y, x = (
        np.clip(np.round(v / pixel_nm).astype(int), 0, n - 1)
        for v, n in zip((rim.y_nm, rim.x_nm), mask.shape, strict=True)
    )
    near: np.ndarray = distance[y, x] <= BESIDE_NM
    return near


def particles(
    parts: Segmentation, pixel_nm: float, median_thickness_nm: float, config: StemConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of coagulated particles: parts of the layer that are far thicker than the layer is.

    A particle holds a circle of diameter `particle_min_nm`, and of `particle_over_layer` times the median
    thickness. Its size is the diameter of the circle of its area. Particles cut by the field's border are
    left out.

    Returns
    -------
    sizes_nm : (particle,) array
        In order of position.
    mask : (y, x) array of bool
        All particles, also those at the border.
    """
    from scipy import ndimage

    least = max(config["particle_min_nm"], config["particle_over_layer"] * median_thickness_nm)
    radius = 0.5 * max(least, parts.resolution_nm) / pixel_nm
    layer = parts.labels == LAYER
    if not parts.has_layer or not layer.any():
        return np.empty(0), np.zeros_like(layer)
    # Opening by a disc, as two distance transforms: what a disc inside the layer can reach.
    centres = ndimage.distance_transform_edt(layer) >= radius
    if not centres.any():
        return np.empty(0), np.zeros_like(layer)
    mask = layer & (ndimage.distance_transform_edt(~centres) <= radius)
    found, n = ndimage.label(mask)
    cut = np.unique(np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]]))
    whole = [i for i in range(1, n + 1) if i not in cut]
    areas = np.bincount(found.ravel())[whole] * pixel_nm**2
    return 2 * np.sqrt(areas / math.pi), mask
