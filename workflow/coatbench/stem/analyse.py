"""STEM of one sample: layer thickness and particles of each image, elements of each map."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import readers
from ..analysis import Analysis
from ..arrays import Arrays
from ..errors import AnalysisError
from ..readers.model import Export
from . import elements, layer, phantom
from .curves import image_curves, map_curves
from .image import Micrograph, prepare
from .segment import Segmentation, segment

if TYPE_CHECKING:
    import numpy as np

Row = dict[str, Any]
# Image and map of one field show the same width and height within this.
EXTENT_AGREEMENT = 0.05


def analyse(rows: list[dict[str, str]], files: list[Path], config: dict) -> Analysis:
    """Read and analyse all images and maps of one sample.

    Parameters
    ----------
    rows : list of dict
        The sample's rows of stem/index.csv.
    files : list of Path
        The raw files, in the same order.
    config : dict
        Section `stem` of the config.

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
        if row["kind"] == "edx":
            notes = _one_map(result, row, file, export, fields, config, f"image{i}")
        else:
            notes = _one_image(result, row, file, export, fields, config, f"image{i}")
        result.warnings += [f"{file.name}: {note}" for note in notes]
    return result


def _one_image(
    result: Analysis,
    row: Row,
    file: Path,
    export: Export,
    fields: dict[str, tuple[Micrograph, Segmentation]],
    config: dict,
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
        parts = segment(micrograph.pixels, micrograph.pixel_nm, config)
    except ValueError as error:
        note = f"no layer measured: {error}"
        for quantity in ("layer_thickness_nm", "particle_size_nm"):
            result.add("stem_layers", **key, quantity=quantity, n=0, note=note)
        result.curves[group] = image_curves(micrograph, row, None, None)
        return [*micrograph.warnings, note]
    fields.setdefault(row["field"], (micrograph, parts))
    rim = layer.rim(parts, micrograph.pixel_nm)
    thickness = _thickness(rim, parts, micrograph.pixel_nm, config)
    sizes, mask = layer.particles(
        parts, micrograph.pixel_nm, thickness.get("value_median") or 0.0, config
    )
    particles = _particles(sizes, parts, micrograph.pixel_nm, config)
    result.add("stem_layers", **key, quantity="layer_thickness_nm", **thickness)
    result.add("stem_layers", **key, quantity="particle_size_nm", **particles)
    result.curves[group] = image_curves(micrograph, row, parts, rim, mask)
    return micrograph.warnings


def _distribution(values: np.ndarray) -> Row:
    import numpy as np

    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"value_median": float(median), "value_p05": float(low), "value_p95": float(high)}


def _thickness(rim: layer.Rim, parts: Segmentation, pixel_nm: float, config: dict) -> Row:
    import numpy as np

    row: Row = {
        "n": len(rim.thickness_nm),
        "note": parts.note,
        "resolution_nm": parts.resolution_nm,
    }
    if not row["n"]:
        return row | {"note": "no rim inside the field"}
    row |= _distribution(rim.thickness_nm)
    blocks = int(rim.length_nm / config["rim_block_nm"])
    median = row["value_median"]
    row["value_median_sd"] = layer.bootstrap_sd(rim.thickness_nm, blocks, np.median)
    if median == 0:
        # All that is known is that it is below the resolution: a rectangular distribution.
        row["value_median_sd"] = parts.resolution_nm / math.sqrt(12)
    row["rim_coverage"] = rim.coverage
    row["rim_coverage_sd"] = layer.bootstrap_sd(rim.thickness_nm, blocks, lambda v: float((v > 0).mean()))  # fmt: skip
    row["rim_length_nm"] = rim.length_nm
    if median > 0:
        bias = phantom.layer_bias(parts, median, pixel_nm, config)
        row |= {f"bias_{shape}_nm": value for shape, value in bias.items()}
    return row


def _particles(sizes: np.ndarray, parts: Segmentation, pixel_nm: float, config: dict) -> Row:
    import numpy as np

    row: Row = {"n": len(sizes), "note": "" if len(sizes) else "no coagulated particles"}
    if not len(sizes):
        return row
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
    config: dict,
    group: str,
) -> list[str]:
    element = row.get("element") or ""
    if not element:
        raise AnalysisError(file, "index element", "the element of an edx row", "an empty cell")
    cubes = [b for b in export.sets if "counts" in b]
    if cubes:
        try:
            counts = elements.map_of(cubes[0], element)
        except ValueError as error:
            raise AnalysisError(
                file, "spectrum image", f"the line of {element}", str(error)
            ) from error
        axes = {n: v for n, v in cubes[0].variables.items() if n in ("y_nm", "x_nm")}
        plane = Arrays.of({"intensity": (("y", "x"), counts)}, axes, cubes[0].attrs)
        export = Export(export.path, export.format, export.technique, [plane])
    micrograph = prepare(row, file, export)
    key = {"sample": row["sample"], "field": row["field"], "element": element, "file": file.name}
    masks, note = None, "no image of this field: nothing tells layer from background"
    if row["field"] in fields:
        image, parts = fields[row["field"]]
        note = _misfit(image, micrograph) or parts.note
        if not note:
            masks = elements.regions(
                parts, image.pixel_nm, micrograph.pixels.shape, micrograph.pixel_nm, config["edx_margin_nm"]
            )  # fmt: skip
    if masks is None:
        result.add("stem_elements", **key, detected=None, note=note)
        micrograph.warnings.append(note)
    else:
        result.add("stem_elements", **key, **elements.test(micrograph.pixels, *masks, config))
    result.curves[group] = map_curves(micrograph, row, masks)
    return micrograph.warnings


def _misfit(image: Micrograph, mapped: Micrograph) -> str:
    for own, other in zip(mapped.extent_nm, image.extent_nm, strict=True):
        if abs(own / other - 1) > EXTENT_AGREEMENT:
            return f"the map shows {own:.0f} nm, the image of its field {other:.0f} nm"
    return ""
