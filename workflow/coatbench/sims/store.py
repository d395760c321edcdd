"""Images of a sample as zarr: a group per region, its counts in a single chunk, compressed.

`<sample>.zarr/region_<region>/counts` (image, y, x) and `/total` (y, x), integers as small as the counts allow;
attributes hold the channels, where the bytes came from and, per way of reducing, the reduced rows. A region
is written beside its place and moved there when it is complete: a run that is killed leaves whole regions only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ReadError
from ..readers.sims_region import Channel, Region

if TYPE_CHECKING:
    import numpy as np

LAYOUT = 1  # counts up when what is stored changes its meaning
_PIECE = 1 << 20


def source_fingerprint(sources: Sequence[Path], windows: Sequence[Mapping[str, Any]]) -> str:
    """Return a hash of the bytes (and, for event lists, the windows) that a region's images come from."""
    state = hashlib.sha256(json.dumps([LAYOUT, list(windows)], sort_keys=True).encode())
    for path in sources:
        state.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
        try:
            with path.open("rb", buffering=0) as stream:
                while piece := stream.read(_PIECE):
                    state.update(piece)
        except OSError as error:
            raise ReadError(
                path, "file", "a readable file", error.strerror or "an error"
            ) from error
    return state.hexdigest()


class Store:
    """The zarr store of one sample."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def _place(self, region: str) -> Path:
        return self.folder / f"region_{region}"  # a region may be called ".."

    def attrs(self, region: str) -> dict[str, Any]:
        """Return the attributes of a stored region; empty if there is none, or none that is readable."""
        try:
            document = json.loads((self._place(region) / "zarr.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        found = document.get("attributes", {})
        return found if isinstance(found, dict) else {}

    def set_attr(self, region: str, name: str, value: Any) -> None:
        """Add one attribute to a stored region, atomically."""
        path = self._place(region) / "zarr.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        document.setdefault("attributes", {})[name] = value
        part = path.with_name(".zarr.json.part")
        part.write_text(json.dumps(document, indent=1), encoding="utf-8")
        part.replace(path)

    def save(self, region: str, opened: Region, fingerprint: str) -> Region:
        """Write a region and return it with its images in memory."""
        import numpy as np
        import zarr
        from zarr.codecs import BloscCodec

        images = [np.asarray(image) for _, image in opened.images()]
        shape = (len(images), *opened.shape)
        counts = np.stack(images) if images else np.zeros(shape, np.uint32)
        self.folder.mkdir(parents=True, exist_ok=True)
        zarr.open_group(self.folder, mode="a")  # its own metadata, equal for all who write it
        part = self.folder / f".region_{region}.part"
        shutil.rmtree(part, ignore_errors=True)
        group = zarr.open_group(part, mode="w")
        arrays = {"counts": counts} | (
            {} if opened.total is None else {"total": np.asarray(opened.total)}
        )
        for name, values in arrays.items():
            if not values.size:
                continue
            small = _smallest(values)
            array = group.create_array(
                name, shape=small.shape, dtype=small.dtype, chunks=small.shape,
                compressors=BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle", typesize=small.itemsize),
                dimension_names=["image", "y", "x"][-small.ndim :],
            )  # fmt: skip
            array[...] = small
        group.attrs.update(
            {
                "source_sha256": fingerprint,
                "format": opened.format,
                "total_source": opened.total_source,
                "shape": list(opened.shape),
                "channels": [
                    [c.number, c.label, *(_plain(m) for m in (c.mass_u, c.lower_u, c.upper_u))]
                    for c in opened.channels
                ],
                "region_attrs": {
                    k: opened.attrs[k]
                    for k in ("field_of_view_um", "shots_per_pixel")
                    if k in opened.attrs
                },
                "warnings": opened.warnings,
                "ions": _ions(counts, opened.total),
                "reduced": {},
            }
        )
        shutil.rmtree(self._place(region), ignore_errors=True)
        part.replace(self._place(region))
        return _in_memory(opened, counts)

    def load(self, region: str, path: Path, sources: Sequence[Path]) -> Region | None:
        """Return a stored region with its images in memory; None where the store is damaged."""
        try:
            return self._load(region, path, sources)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            return None

    def _load(self, region: str, path: Path, sources: Sequence[Path]) -> Region | None:
        import numpy as np
        import zarr

        attrs = self.attrs(region)
        group = zarr.open_group(self._place(region), mode="r")

        def array(name: str) -> np.ndarray:
            return _wide(np.asarray(group[name]))

        channels = [
            Channel(number, label, *(float("nan") if m is None else m for m in masses))
            for number, label, *masses in attrs["channels"]
        ]
        shape = (int(attrs["shape"][0]), int(attrs["shape"][1]))
        counts = array("counts") if channels else np.zeros((0, *shape), np.uint32)
        total = array("total") if "total" in group else None
        if _ions(counts, total) != attrs["ions"]:  # a chunk that is gone reads as zeros
            return None
        return Region(
            path, attrs["format"], shape, channels, counts.__getitem__, total,
            attrs["total_source"], list(sources), dict(attrs["region_attrs"]), list(attrs["warnings"]),
        )  # fmt: skip


def _ions(counts: np.ndarray, total: np.ndarray | None) -> list[float]:
    return [float(counts.sum(dtype=float)), 0.0 if total is None else float(total.sum(dtype=float))]


def _plain(mass: float) -> float | None:
    return mass if mass == mass else None


def _smallest(values: np.ndarray) -> np.ndarray:
    """Return counts in the smallest unsigned type that holds them; fractions stay as they are."""
    import numpy as np

    if values.dtype.kind == "f":
        return values
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _wide(values: np.ndarray) -> np.ndarray:
    """Return counts in the one integer type that the compiled loops are made for."""
    import numpy as np

    return values if values.dtype.kind == "f" else values.astype(np.uint32)


def _in_memory(opened: Region, counts: np.ndarray) -> Region:
    import numpy as np

    total = None if opened.total is None else np.array(opened.total)
    return Region(
        opened.path, opened.format, opened.shape, opened.channels, _wide(counts).__getitem__, total,
        opened.total_source, opened.sources, opened.attrs, opened.warnings,
    )  # fmt: skip
