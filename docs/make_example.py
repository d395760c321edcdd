"""Make the picture of the example report: its first screen, as a browser shows it.

    snakemake --cores 2 --config study=data/demo_factors results=results_factors
    python docs/make_example.py results_factors

Needs chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

TARGET = Path(__file__).parent / "images" / "demo_factors.webp"
SIZE = (1280, 1500)


def main(results: str) -> None:
    """Write the picture of a results folder."""
    page = Path(results).resolve() / "report.html"
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "screen.png"
        subprocess.run(
            [
                "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={shot}", page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
        with Image.open(shot) as image:
            image.convert("RGB").save(TARGET, quality=80, method=6)


if __name__ == "__main__":
    main(sys.argv[1])
