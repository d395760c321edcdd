"""Pictures inside the page: figures as they are, single measurements as thumbnails."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..pictures import picture_of
from .doubts import look_id
from .wording import read_caption

QUICKLOOK_BYTES = 6_500_000  # of thumbnails of single measurements; more are named, not shown
# Width of a single measurement's picture on the page; the whole one lies beside it.
THUMBNAIL_PX = 420


@dataclass(frozen=True)
class Picture:
    """A figure, embedded; `id` names it on the page, `whole` is the file that a thumbnail stands for."""

    name: str
    title: str
    caption: str
    source: str
    files: tuple[str, ...]
    width: int
    height: int
    id: str = ""
    whole: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs the whole width of the page to be read."""
        return self.width > 1.4 * self.height


def thumbnails(paths: Sequence[str], results: Path) -> tuple[dict[str, list[Picture]], list[str]]:
    """Return small pictures of single measurements by technique, and the paths beyond the page's budget."""
    shown: dict[str, list[Picture]] = {}
    left_out: list[str] = []
    used = 0
    for path in paths:
        small = _thumbnail(path, results) if used <= QUICKLOOK_BYTES else None
        used += len(small.source) if small else 0
        if small is None or used > QUICKLOOK_BYTES:
            left_out.append(path)
        else:
            shown.setdefault(Path(path).parent.name, []).append(small)
    return shown, left_out


def _thumbnail(path: str, results: Path) -> Picture:
    from PIL import Image

    technique, name = Path(path).parent.name, Path(path).stem
    with Image.open(picture_of(path, results)) as image:
        small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    buffer = io.BytesIO()
    small.save(buffer, "webp", quality=60, method=4)
    return Picture(
        name=name,
        title="",
        caption="",
        source=_embedded(buffer.getvalue()),
        files=(),
        width=small.width,
        height=small.height,
        id=look_id(technique, name),
        whole=Path(path).relative_to(results).as_posix(),
    )


def _embedded(content: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"


def picture(
    path: str | Path, results: Path, captions: Path | None, config: Mapping[str, Any] | None = None
) -> Picture:
    """Embed the picture of a PNG file, with its caption and the files beside it."""
    path = Path(path)
    from PIL import Image

    webp = picture_of(path, results)
    with Image.open(webp) as image:
        width, height = image.size
    beside = [path.with_suffix(s) for s in (".pdf", ".svg", ".png", ".csv")]
    title, caption = "", ""
    if captions is not None and (captions / f"{path.stem}.rst").is_file():
        title, caption = read_caption(captions / f"{path.stem}.rst", config)
    return Picture(
        name=path.stem,
        title=title,
        caption=caption,
        source=_embedded(webp.read_bytes()),
        files=tuple(p.relative_to(results).as_posix() for p in beside if p.is_file()),
        width=width,
        height=height,
        id=f"figure-{path.stem}",
    )
