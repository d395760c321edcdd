"""What stands beside a rim and is no layer: cracks, neighbour particles, data bars; and steps that a layer hides in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .segment import CORE, VACUUM, Segmentation

# A gap in the core of at most this width is a crack; its walls lie deeper below the closed outline than roughness goes.
CRACK_NM, ROUGH_NM = 40.0, 12.0
# A second bright part of this share of the core's area is another particle, and not a grain of the layer.
NEIGHBOUR_SHARE = 0.02
# A step inside the edge: so high (of vacuum to core), so much steeper than the rest and than the plateau before it.
STEP_SHARE, STEP_RISE, PLATEAU = 0.04, 6.0, 0.35
# A data bar: rows at the border that are to this share of one grey level, beside rows that are not.
BAR_SHARE, PICTURE_SHARE = 0.3, 0.1
BAR_AT_LEAST, BAR_AT_MOST = 0.02, 0.25  # of the image's height


def without_bar(pixels: np.ndarray) -> tuple[np.ndarray, int]:
    """Return an image without the rows of a data bar at its lower or upper border, and how many those were.

    A bar has rows of mostly one grey level, which noise has not, and begins from one row to the next, which a dark
    part of a picture does not.
    """
    height = pixels.shape[0]
    share = np.array([_commonest(row) for row in pixels])
    for rows in (share[::-1], share):
        n = int(np.argmax(rows < BAR_SHARE)) if (rows < BAR_SHARE).any() else 0
        if (
            BAR_AT_LEAST * height <= n <= BAR_AT_MOST * height
            and rows[n : n + 5].max() < PICTURE_SHARE
        ):
            return (pixels[: height - n] if rows is not share else pixels[n:]), n
    return pixels, 0


def _commonest(row: np.ndarray) -> float:
    """Share of the commonest value."""
    return float(np.unique(row, return_counts=True)[1].max()) / row.size


def crack_walls(
    parts: Segmentation, y_nm: np.ndarray, x_nm: np.ndarray, pixel_nm: float
) -> np.ndarray:
    """Return which places of a core's edge are walls of cracks, or face another particle: deep inside the outline that
    bridges narrow gaps.

    Parameters
    ----------
    parts : Segmentation
    y_nm, x_nm : (n,) arrays
        Places along the core's edge.

    Returns
    -------
    (n,) array of bool
    """
    from scipy import ndimage

    radius = 0.5 * CRACK_NM / pixel_nm
    pad = int(radius) + 2
    # The core goes on beyond the field.
    core = np.pad((parts.labels == CORE) | (parts.smooth > parts.inner), pad, mode="edge")
    grown = ndimage.distance_transform_edt(~core) <= radius
    closed = ndimage.distance_transform_edt(grown) > radius
    depth = ndimage.distance_transform_edt(closed)[pad:-pad, pad:-pad] * pixel_nm
    y, x = (
        np.clip(np.round(v / pixel_nm).astype(int), 0, n - 1)
        for v, n in zip((y_nm, x_nm), parts.labels.shape, strict=True)
    )
    walls: np.ndarray = depth[y, x] > ROUGH_NM
    return walls


def without_neighbours(parts: Segmentation) -> Segmentation:
    """Give what is nearer to another particle's core to the vacuum, and say so in `neighbour`."""
    from scipy import ndimage

    core = parts.labels == CORE
    found, n = ndimage.label((parts.smooth > parts.inner) & ~core & (parts.labels != VACUUM))
    sizes = np.bincount(found.ravel(), minlength=n + 1)
    sizes[0] = 0
    others = np.isin(found, np.flatnonzero(sizes > NEIGHBOUR_SHARE * core.sum()))
    if not others.any():
        return parts
    nearer = ndimage.distance_transform_edt(~others) < ndimage.distance_transform_edt(~core)
    labels = np.where(nearer, VACUUM, parts.labels).astype(parts.labels.dtype)
    return replace(parts, labels=labels, neighbour=True)


def hidden_step(parts: Segmentation, pixel_nm: float, reach_nm: float) -> str:
    """Say that the brightness takes a second step inside the edge: a layer nearly as bright as the core, or brighter.

    Of a bare edge the median profile inwards rises, ever more slowly; it does not step again.
    """
    from scipy import ndimage

    padded = np.pad(parts.labels != VACUUM, 1, mode="edge")
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    place = np.ceil(depth).astype(int)
    last = min(int(reach_nm / pixel_nm), int(place.max()) - 1)
    if last < 10:
        return ""
    profile = np.array([np.median(parts.smooth[place == i]) for i in range(1, last + 1)])
    slope = np.diff(ndimage.gaussian_filter1d(profile, 1.5))
    steep = np.abs(slope)
    flat = np.flatnonzero(steep < 0.1 * steep.max())
    if not flat.size or flat[0] + 5 >= steep.size:
        return ""
    first = int(flat[0])
    at = first + int(np.argmax(steep[first:]))
    width = max(3, round(3 / pixel_nm))
    before = profile[max(first, at - 2 * width) : max(first, at - width) + 1]
    after = profile[at + width : at + 2 * width + 1]
    if not before.size or not after.size:
        return ""
    height = float(np.median(after) - np.median(before))
    vacuum, _, core = parts.levels
    stands_out = steep[at] > STEP_RISE * float(np.median(steep[first:]))
    plateau = float(steep[first : at + 1].min()) < PLATEAU * float(steep[at])
    if not (stands_out and plateau and abs(height) > STEP_SHARE * (core - vacuum)):
        return ""
    which = "brighter than" if height < 0 else "nearly as bright as"
    return (
        f"the brightness steps again {at * pixel_nm:.0f} nm inside the edge: "
        f"a layer {which} the core is not measured"
    )
