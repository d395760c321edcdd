"""Pictures as the report embeds them: a third of a PNG's size.

Made by the job that draws a figure, so that a run makes anew only those that changed.
"""

from __future__ import annotations

from pathlib import Path

PHOTOGRAPH_BYTES = 600_000  # of a PNG; a larger one is no line drawing


def write_picture(png: str | Path, webp: str | Path) -> None:
    """Write a PNG file as WebP.

    Lossless for drawings; for micrographs and maps, where that is large, at a quality that the eye cannot
    tell apart. The original is kept for print.
    """
    from PIL import Image, WebPImagePlugin  # noqa: F401  (by name: otherwise Pillow imports all its formats)

    with Image.open(png) as image:
        drawing = image.convert("RGB")
    lossless = Path(png).stat().st_size <= PHOTOGRAPH_BYTES
    drawing.save(webp, "WEBP", lossless=lossless, quality=20 if lossless else 88, method=1)


def picture_of(png: str | Path, results: str | Path) -> Path:
    """Return the path of a figure's picture for the report."""
    return Path(results) / "pictures" / Path(png).relative_to(results).with_suffix(".webp")
