"""A minimal Gatan .dm3 file: a tree of tags, numbers little-endian, structure big-endian."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

TYPES = {"i4": (3, "<i"), "u4": (5, "<I"), "f4": (6, "<f"), "u2": (4, "<H")}


def tag(name: str, value: Any) -> bytes:
    head = struct.pack(">H", len(name)) + name.encode()
    if isinstance(value, dict):
        return b"\x14" + head + group(value)
    if isinstance(value, str):
        data = np.frombuffer(value.encode("utf-16-le"), "<u2")
    elif isinstance(value, np.ndarray):
        data = value.ravel()
    else:
        kind, number = value
        code, pack = TYPES[kind]
        return b"\x15" + head + b"%%%%" + struct.pack(">ii", 1, code) + struct.pack(pack, number)
    code = TYPES[f"{data.dtype.kind}{data.dtype.itemsize}"][0]
    info = struct.pack(">iiii", 3, 20, code, len(data))
    return b"\x15" + head + b"%%%%" + info + data.tobytes()


def group(tags: dict[str, Any]) -> bytes:
    return b"\x01\x00" + struct.pack(">i", len(tags)) + b"".join(tag(k, v) for k, v in tags.items())


def dm3(pixels: np.ndarray, pixel: float, unit: str, channel_keV: float = 0.0) -> bytes:
    """The bytes of a .dm3 file that holds one uint16 image, or a spectrum image with so wide channels as its last axis."""
    axes = [(pixel, unit)] * 2
    if pixels.ndim == 3:
        axes.insert(0, (channel_keV, "keV"))
    # Names of tags in one group differ: by their number of blanks. The fastest axis comes first.
    names = [" " * i for i in range(len(axes))]
    scales = [{"Origin": ("f4", 0.0), "Scale": ("f4", s), "Units": u} for s, u in axes]
    sizes = [("u4", n) for n in reversed(pixels.shape)]
    image = {
        "ImageData": {
            "Calibrations": {
                "Brightness": {"Origin": ("f4", 0.0), "Scale": ("f4", 1.0), "Units": "counts"},
                "Dimension": dict(zip(names, scales, strict=True)),
            },
            "Data": pixels.astype("<u2"),
            "DataType": ("u4", 10),
            "Dimensions": dict(zip(names, sizes, strict=True)),
        },
        "ImageTags": {"Microscope Info": {"Microscope": "JEM-2200FS"}},
        "Name": "LAADF",
    }
    body = group({"ImageList": {"": image}})
    return struct.pack(">iii", 3, len(body), 1) + body + bytes(8)
