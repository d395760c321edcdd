"""STEM of one sample: layer thickness and particles of each image, elements of each map."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import quality, readers
from ..analysis import Analysis
from ..arrays import Arrays
from ..errors import AnalysisError
from ..quality import doubtful, unusable
from ..readers.model import Export
from . import elements, layer, phantom, spectra
from .curves import image_curves, map_curves
from .image import Micrograph, prepare
from .segment import CORE, Segmentation, segment
from .surroundings import hidden_step, without_neighbours

if TYPE_CHECKING:
    from ..config_types import StemConfig

Row = dict[str, Any]
# Image and map of one field show the same width and height within this.
EXTENT_AGREEMENT = 0.05
# An edge that hides layers of this thickness tells nothing of coatings, nor does a field that ends so close to the particle.
BLUNT_NM = 20.0
# A layer could fill the field beside the particle.
CLOSE_NM = 50.0
SATURATED = 0.2  # of the core's pixels, at the largest value of the image
LEAST_CRACK = 0.05  # of the rim


def analyse(rows: list[dict[str, str]], files: list[Path], config: StemConfig) -> Analysis:
    """Read and analyse all images and maps of one sample.

    Returns
    -------
    Analysis
        Tables stem_layers, stem_elements; curves `image0`, ... with the image, its mask and its rim.

    Raises
    ------
    ReadError, MissingExtraError
        A file cannot be read.
    AnalysisError
        An image has no scale.
    """
    result = Analysis()
    fields: dict[str, tuple[Micrograph, Segmentation]] = {}
    # Images first: a map needs the mask of its field.
    order = sorted(range(len(rows)), key=lambda i: rows[i]["kind"] == "edx")
    for i in order:
        row, file = rows[i], files[i]
        export = readers.read(file, "stem", row.get("format", ""))
        one = _one_map if row["kind"] == "edx" else _one_image
        notes = one(result, row, file, export, fields, config, f"image{i}")
        result.warnings += [f"{file.name}: {note}" for note in notes]
    return result


def _one_image(
    result: Analysis,
    row: Row,
    file: Path,
    export: Export,
    fields: dict[str, tuple[Micrograph, Segmentation]],
    config: StemConfig,
    group: str,
) -> list[str]:
    micrograph = prepare(row, file, export)
    key: Row = {
        "sample": row["sample"],
        "field": row["field"],
        "file": file.name,
        "pixel_size_nm": micrograph.pixel_nm,
        "calibration": micrograph.calibration,
    }
    try:
        parts = without_neighbours(segment(micrograph.pixels, micrograph.pixel_nm, config))
    except ValueError as error:
        note = f"no layer measured: {error}"
        for quantity in ("layer_thickness_nm", "particle_size_nm"):
            result.add(
                "stem_layers", **key, quantity=quantity, n=0, note=note, **unusable(note).columns()
            )
        result.curves[group] = image_curves(micrograph, row, None, None, quality=quality.UNUSABLE)
        return [*micrograph.warnings, note]
    rim = layer.rim(parts, micrograph.pixel_nm)
    film = _film(parts, rim, config)
    if film:
        # The support stands behind everything: what is darker than it counts as dark as it.
        vacuum, level, _ = parts.levels
        behind = micrograph.pixels + (level - vacuum) * (parts.smooth < parts.outer)
        try:
            parts = without_neighbours(segment(behind, micrograph.pixel_nm, config))
        except ValueError as error:
            film += f"; before it: {error}"
        else:
            if parts.doubt:  # what a raised background makes of an edge
                parts.note, parts.doubt = "nothing is told from a bare edge", ""
            rim = layer.rim(parts, micrograph.pixel_nm)
            parts.note = f"{film}; before it: {parts.note}" if parts.note else ""
    fields.setdefault(row["field"], (micrograph, parts))
    # Particles stand out of what the rim has everywhere; where it has nothing, of that.
    typical = float(np.median(rim.thickness_nm)) if len(rim.thickness_nm) else 0.0
    sizes, mask = layer.particles(parts, micrograph.pixel_nm, typical, config)
    thickness = _thickness(rim, parts, micrograph.pixel_nm, config, mask)
    # What makes the picture uncertain is a doubt about the layer as well as about particles in it.
    of_picture = [doubtful(note) for note in (film, parts.doubt) if note]
    if film and _film(parts, rim, config):
        of_picture.append(unusable("a band of the film's kind again: no layer is told from it"))
    judged = [*of_picture, *(doubtful(note) for note in _beside(parts, rim))]
    if not thickness.get("value_median"):
        judged += _unseen(micrograph, parts)
        if step := hidden_step(parts, micrograph.pixel_nm, config["rim_band_nm"]):
            judged.append(doubtful(step))
        if parts.resolution_nm > BLUNT_NM:
            judged.append(
                unusable(
                    f"no layer below {parts.resolution_nm:.0f} nm could be told from this edge"
                )
            )
    particles = _particles(sizes, parts, micrograph.pixel_nm, config, cut=bool(mask.any()))
    if not thickness["n"]:
        judged.append(unusable(thickness["note"]))
    judged.append(
        quality.plausible(
            thickness.get("value_median"),
            "layer thickness in nm",
            config["plausible"]["layer_thickness_nm"],
        )
    )
    judgement = quality.worst(judged).columns()
    result.add("stem_layers", **key, quantity="layer_thickness_nm", **thickness, **judgement)
    result.add(
        "stem_layers",
        **key,
        quantity="particle_size_nm",
        **particles,
        **quality.worst(of_picture).columns(),
    )
    result.curves[group] = image_curves(
        micrograph, row, parts, rim, mask, quality=judgement["quality"]
    )
    return micrograph.warnings


def _distribution(values: np.ndarray) -> Row:
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"value_median": float(median), "value_p05": float(low), "value_p95": float(high)}


def _thickness(
    rim: layer.Rim, parts: Segmentation, pixel_nm: float, config: StemConfig, particles: np.ndarray
) -> Row:
    row: Row = {
        "n": len(rim.thickness_nm),
        "note": parts.note,
        "resolution_nm": parts.resolution_nm,
    }
    if not row["n"]:
        return row | {"note": "no rim inside the field"}
    blocks = int(rim.length_nm / config["rim_block_nm"])
    # Where there is a layer, and how much of the rim has one, are two questions; a coagulated particle is neither.
    beside = layer.beside_particles(rim, particles, pixel_nm)
    level = rim.thickness_nm[~beside]
    covered = level[level > 0] if len(level) else level
    some = len(covered) >= config["least_coverage"] * len(rim.thickness_nm)
    row |= _distribution(covered if some else rim.thickness_nm)
    row["value_median"] = row["value_median"] if some else 0.0
    median = row["value_median"]
    row["value_median_sd"] = layer.bootstrap_sd(
        covered, max(2, round(blocks * rim.coverage)), np.median
    )
    if some and rim.coverage < 0.95:
        row["note"] = f"over the {100 * rim.coverage:.0f} % of the rim that have a layer"
    if median == 0:
        # All that is known is that it is below the resolution: a rectangular distribution.
        row["value_median_sd"] = parts.resolution_nm / math.sqrt(12)
    row["rim_coverage"] = rim.coverage
    row["rim_coverage_sd"] = layer.bootstrap_sd(rim.thickness_nm, blocks, lambda v: float((v > 0).mean()))  # fmt: skip
    row["rim_length_nm"] = rim.length_nm
    if median > 0:
        bias = phantom.layer_bias(parts, median, pixel_nm, config)
        row |= {f"bias_{shape}_nm": value for shape, value in bias.items()}
        # Sampling is the least of it: the pixel, and that nobody knows whether the layer's edge is sharp or fades.
        apart = bias["slab"] - bias["sphere"]
        row["value_median_sd_sampling"] = row["value_median_sd"]
        row["value_median_sd"] = math.hypot(
            *(
                v
                for v in (row["value_median_sd"], pixel_nm / math.sqrt(12), apart / math.sqrt(12))
                if v == v
            ),
            parts.blur_nm if parts.doubt else 0.0,
        )
    return row


def _unseen(micrograph: Micrograph, parts: Segmentation) -> list[quality.Quality]:
    """Say why a layer might be there and not be seen."""
    from scipy import ndimage

    core = parts.labels == CORE
    judged = []
    reach = float(ndimage.distance_transform_edt(~core).max()) * micrograph.pixel_nm
    if reach < CLOSE_NM:
        note = f"the field ends {reach:.0f} nm beside the particle: a layer could fill it"
        judged.append(unusable(note) if reach < BLUNT_NM else doubtful(note))
    top = np.mean(micrograph.pixels[core] == micrograph.pixels.max()) if core.any() else 0.0
    if top > SATURATED:
        judged.append(doubtful(f"{100 * top:.0f} % of the particle at the end of the grey scale: a layer there would not show"))  # fmt: skip
    return judged


def _beside(parts: Segmentation, rim: layer.Rim) -> list[str]:
    """Name what stands at the rim and is no layer."""
    notes = []
    if rim.crack_share > LEAST_CRACK:
        notes.append(
            f"a crack or a particle close by: {100 * rim.crack_share:.0f} % of the core's edge face it, and are left out"
        )
    if parts.neighbour:
        notes.append("a neighbour particle touches the layer: what is nearer to it is left out")
    return notes


def _film(parts: Segmentation, rim: layer.Rim, config: StemConfig) -> str:
    """Say that what looks like a layer is the support film beside the particle; empty if it is not.

    A film is a wide and even band that is much darker than the particle: no layer of this width is so thin.
    """
    if not parts.has_layer or not len(rim.thickness_nm):
        return ""
    vacuum, level, core = parts.levels
    contrast = (level - vacuum) / (core - vacuum)
    width = float(np.median(rim.thickness_nm))
    if width < config["film_least_nm"] or contrast > config["film_contrast"]:
        return ""
    return f"carbon film or other support: a band of {width:.0f} nm at {100 * contrast:.0f} % of the particle's brightness"


def _particles(
    sizes: np.ndarray, parts: Segmentation, pixel_nm: float, config: StemConfig, *, cut: bool
) -> Row:
    row: Row = {"n": len(sizes), "note": ""}
    if not len(sizes):
        none = "no coagulated particles"
        return row | {"note": f"{none} but those that the field cuts" if cut else none}
    row |= _distribution(sizes)
    row["value_median_sd"] = layer.bootstrap_sd(sizes, len(sizes), np.median)
    bias = phantom.particle_bias(parts, row["value_median"], pixel_nm, config)
    return row | {f"bias_{shape}_nm": value for shape, value in bias.items()}


def _one_map(
    result: Analysis,
    row: Row,
    file: Path,
    export: Export,
    fields: dict[str, tuple[Micrograph, Segmentation]],
    config: StemConfig,
    group: str,
) -> list[str]:
    element = row.get("element") or ""
    if not element:
        raise AnalysisError(file, "index element", "the element of an edx row", "an empty cell")
    cube = next((b for b in export.sets if "counts" in b), None)
    if cube is not None:
        try:
            counts = spectra.map_of(cube, element)
        except ValueError as error:
            raise AnalysisError(
                file, "spectrum image", f"the line of {element}", str(error)
            ) from error
        axes = {n: v for n, v in cube.variables.items() if n in ("y_nm", "x_nm")}
        plane = Arrays.of({"intensity": (("y", "x"), counts)}, axes, cube.attrs)
        export = Export(export.path, export.format, export.technique, [plane])
    micrograph = prepare(row, file, export)
    key = {"sample": row["sample"], "field": row["field"], "element": element, "file": file.name}
    level = quality.UNUSABLE
    masks, note = None, "no image of this field: nothing tells layer from background"
    if row["field"] in fields:
        image, parts = fields[row["field"]]
        note = _misfit(image, micrograph) or parts.note
        if not note:
            shape, scale = micrograph.pixels.shape, micrograph.pixel_nm
            masks = elements.regions(parts, image.pixel_nm, shape, scale, config["edx_margin_nm"])
    if masks is None:
        result.add("stem_elements", **key, detected=None, note=note, **unusable(note).columns())
        micrograph.warnings.append(note)
    else:
        vacuum, coat, bright = parts.levels
        core = elements.core_region(parts, image.pixel_nm, shape, scale, config["edx_margin_nm"])
        ratio = (coat - vacuum) / (bright - vacuum)
        found = elements.detect(micrograph.pixels, *masks, config, core, ratio if cube is None else math.nan)  # fmt: skip
        if cube is not None:
            found |= spectra.seek_element(cube, element, masks[0], config["edx_significance"])
        if found["detected"] is None and "quality" not in found:
            found |= unusable(found["note"]).columns()
        found = quality.Quality().columns() | found
        level = found["quality"]
        result.add("stem_elements", **key, **found)
    result.curves[group] = map_curves(micrograph, row, masks, quality=level)
    return micrograph.warnings


def _misfit(image: Micrograph, mapped: Micrograph) -> str:
    for own, other in zip(mapped.extent_nm, image.extent_nm, strict=True):
        if abs(own / other - 1) > EXTENT_AGREEMENT:
            return f"the map shows {own:.0f} nm, the image of its field {other:.0f} nm"
    return ""
