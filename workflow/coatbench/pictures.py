"""A drawing as PNG, for print, and as WebP, which the report embeds: a third of the size.

Both are made by the job that draws a figure, so that a run makes anew only those that changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# Bytes that a pixel takes in a PNG: drawings 0.1 to 0.2, maps of counts 0.3, micrographs from 0.37.
NOISY, PHOTOGRAPH = 0.25, 0.35
LARGE = 3_500_000  # pixels of a drawing that WebP is made of in a hurry


def write_drawing(drawing: Image, png: str | Path, webp: str | Path | None, dpi: float) -> None:
    """Write an RGB image as PNG, and as WebP where a path is given.

    WebP is lossless but for micrographs, where that is large: they get a quality that the eye cannot tell apart.
    """
    # By name: otherwise Pillow imports all its formats.
    from PIL import PngImagePlugin, WebPImagePlugin

    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "coatbench")
    # Level 2 of zlib-ng finds as much as level 6 would in drawings, in half the time.
    drawing.save(png, "PNG", dpi=(dpi, dpi), pnginfo=text, compress_level=2)
    if webp is None:
        return
    assert WebPImagePlugin.SUPPORTED  # as in every Pillow that the lock file allows
    density = Path(png).stat().st_size / (drawing.width * drawing.height)
    if density > PHOTOGRAPH:
        drawing.save(webp, "WEBP", quality=88, method=1)
    else:
        # From 25 on, the encoder remembers colours, which takes time and helps where there is noise.
        quality = 25 if density > NOISY else 20
        # Method 1 halves the file, but the transforms it tries may take longer than to draw a large figure.
        method = 0 if drawing.width * drawing.height > LARGE else 1
        drawing.save(webp, "WEBP", lossless=True, quality=quality, method=method)


def picture_of(png: str | Path, results: str | Path) -> Path:
    """Return the path of a figure's picture for the report."""
    return Path(results) / "pictures" / Path(png).relative_to(results).with_suffix(".webp")
