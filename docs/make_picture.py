"""Take the README's picture of the report's first screen: python docs/make_picture.py results/report.html."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
SCREEN = {"width": 1440, "height": 900}
WIDTH_PX = 1000
PICTURE = Path(__file__).parent / "images" / "report.png"


def main(page: Path, picture: Path = PICTURE) -> None:
    """Write the first screen of a report as a small PNG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_context(viewport=SCREEN, offline=True).new_page()
        tab.goto(page.resolve().as_uri())
        tab.wait_for_load_state("load")
        shot = tab.screenshot()
        browser.close()
    with Image.open(io.BytesIO(shot)) as image:
        height = round(WIDTH_PX * image.height / image.width)
        small = image.convert("RGB").resize((WIDTH_PX, height), Image.Resampling.LANCZOS)
    small.quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
