"""GRD: every ion of a region as 20 bytes, beside it a `.properties.txt`. Binned into images while it streams.

Five little-endian uint32 per event: scan, shot, x, y, time-of-flight channel; mass = ((channel - K0) / SF)^2.
The mass scale, raster and upper mass stand in the properties (name, type and value, separated by tabs).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ReadError, quote
from . import text
from .channel_lookup import MAX_CHANNEL, channel_lookup
from .recognise import grd_properties
from .sims_region import ALL_EVENTS, Channel, Region, Spectrum, Window, reader

EVENT_BYTES = 20
CHUNK_EVENTS = 1 << 19  # 10 MB: large for the disk, small for the memory
SPECTRUM_PIECES = 8
MIN_PIXELS = 1 << 20  # rasters up to 1024 x 1024 are accepted however few ions came
MAX_PIXELS = 1 << 26
MAX_PROPERTIES_BYTES = 1 << 24


@dataclass(frozen=True)
class Properties:
    """What an event list needs to be read: raster, mass scale, and every property as written."""

    path: Path
    nx: int
    ny: int
    scale_factor: float
    offset: float
    upper_mass_u: float
    polarity: int  # -1, 1; 0 where it is not stated
    everything: dict[str, str]


def open_region(path: Path, windows: Sequence[Window] = ()) -> Region:
    """Bin an event list into one image per window.

    An event that lies in two windows goes to the one whose centre is nearer. Memory: one image per window
    and one chunk of events, whatever the size of the file.

    Raises
    ------
    ReadError
        Cut inside an event, off its raster, or without usable properties.
    """
    from .grd_kernel import bin_events

    properties = read_properties(path)
    _check_raster(path, properties)
    # What lies in no window, and above all, has an image of its own: so the loop has no branch that nobody could predict. The
    # images of a pixel stand side by side: an event touches one line of the cache.
    rest = len(windows)
    counts = np.zeros((properties.ny, properties.nx, rest + 1), np.uint32)
    found = channel_lookup(properties.scale_factor, properties.offset, windows, properties.path)
    lookup = np.append(np.where(found < 0, rest, found), rest).astype(np.uint16)
    last = np.zeros(2, np.uint32)
    done = 0
    for events in event_chunks(path):
        bad = bin_events(events, lookup, counts, last)
        if bad >= 0:
            event = events[bad]
            raise ReadError(
                path, f"event {done + bad + 1} (byte {(done + bad) * EVENT_BYTES})",
                f"a pixel of the {properties.nx} x {properties.ny} raster",
                f"({event[2]}, {event[3]})", "is it the properties file of another measurement?",
            )  # fmt: skip
        done += len(events)
    attrs: dict[str, Any] = {
        "instrument": "IONTOF SurfaceLab", "date": "", "vendor": properties.everything,
        "scans": int(last[0]) + 1,
    }  # fmt: skip
    if (edge := _number(properties.everything, "Registration.Raster.FieldOfView")) is not None:
        attrs["field_of_view_um"] = edge * 1e6
    if properties.polarity:
        attrs["polarity"] = properties.polarity
    attrs["shots_per_pixel"] = int(last[0]) + 1  # one shot per pixel and scan in spectrometry mode
    return Region(
        path=path, format="GRD", shape=counts.shape[:2],
        channels=[
            Channel(i + 1, w.label, w.centre_u, w.lower_u, w.upper_u) for i, w in enumerate(windows)
        ],
        read_image=lambda i: np.ascontiguousarray(counts[..., i]),
        total=counts.sum(axis=2, dtype=np.uint32), total_source=ALL_EVENTS, attrs=attrs,
    )  # fmt: skip


read = reader(open_region)


def read_spectrum(path: Path, pieces: int = SPECTRUM_PIECES) -> Spectrum:
    """Return the ions per channel of an event list; of a large one from pieces at equal distances."""
    properties = read_properties(path)
    counts = np.zeros(1, np.int64)
    for events in event_chunks(path, pieces=pieces):
        channels = events[:, 4]
        own = np.bincount(channels[channels < MAX_CHANNEL])
        if own.size > counts.size:
            counts = np.pad(counts, (0, own.size - counts.size))
        counts[: own.size] += own
    return Spectrum(counts, properties.scale_factor, properties.offset)


def _check_raster(path: Path, properties: Properties) -> None:
    """Refuse a raster that the events could never have filled, before images of it are made."""
    try:
        events = path.stat().st_size // EVENT_BYTES
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or "an error") from error
    pixels = properties.nx * properties.ny
    if pixels > max(MIN_PIXELS, 4 * events):
        raise ReadError(
            properties.path, "raster", f"a raster that {events} events can fill",
            f"{properties.nx} x {properties.ny} pixels",
        )  # fmt: skip


def event_chunks(
    path: Path, chunk_events: int = CHUNK_EVENTS, pieces: int | None = None
) -> Iterator[np.ndarray]:
    """Hand out the events, shape (n, 5) uint32: scan, shot, x, y, channel. One buffer is reused.

    With `pieces`, only so many chunks at equal distances along the file.

    Raises
    ------
    ReadError
        Empty, or not a whole number of events.
    """
    try:
        size = path.stat().st_size
        if size == 0 or size % EVENT_BYTES:
            raise ReadError(
                path, f"byte {size - size % EVENT_BYTES}", f"whole events of {EVENT_BYTES} bytes",
                f"{size % EVENT_BYTES} bytes at the end" if size else "an empty file",
                "the file is cut; copy or export it again",
            )  # fmt: skip
        buffer = np.empty((min(chunk_events, size // EVENT_BYTES), 5), "<u4")
        chunks = -(-size // buffer.nbytes)
        taken = range(chunks) if pieces is None else range(0, chunks, -(-chunks // pieces))
        with path.open("rb", buffering=0) as stream:
            for chunk in taken:
                left = size - chunk * buffer.nbytes
                stream.seek(chunk * buffer.nbytes)
                wanted = min(left, buffer.nbytes)
                view, got = buffer.data.cast("B")[:wanted], 0
                while got < wanted:
                    if not (step := stream.readinto(view[got:])):
                        raise ReadError(
                            path,
                            f"byte {size - left + got}",
                            f"{size} bytes",
                            "the end of the file",
                        )
                    got += step
                yield buffer[: wanted // EVENT_BYTES]
    except OSError as error:
        raise ReadError(path, "file", "a readable file", error.strerror or "an error") from error


def read_properties(path: Path) -> Properties:
    """Read the properties that stand beside an event list.

    Raises
    ------
    ReadError
        Absent, or without a usable raster or mass scale.
    """
    beside = grd_properties(path)
    if beside is None:
        raise ReadError(
            path, "folder", f"{path.name.removesuffix('.grd').removesuffix('.itm')}.properties.txt beside it",
            "no such file", "export the properties with the events",
        )  # fmt: skip
    content = text.decode(text.read_bytes(beside, MAX_PROPERTIES_BYTES), beside)[0]
    everything: dict[str, str] = {}
    for line in content.replace("\x00", "").splitlines():
        cells = [c.strip() for c in (line.split("\t") if "\t" in line else line.split(None, 2))]
        if len(cells) >= 2 and cells[0]:
            everything.setdefault(cells[0], cells[2] if len(cells) > 2 else cells[1])

    def need(name: str, low: float, high: float) -> float:
        value = _number(everything, name)
        if value is None or not low <= value <= high:
            raise ReadError(
                beside, name, f"a number between {low:g} and {high:g}",
                quote(everything[name]) if name in everything else "no such property",
            )  # fmt: skip
        return value

    stage = "Registration.Raster.StageRaster.TotalResolution."
    if _number(everything, stage + "X") is not None:
        nx, ny = need(stage + "X", 1, 1 << 16), need(stage + "Y", 1, 1 << 16)
    else:
        nx = ny = need("Registration.Raster.Resolution", 1, 1 << 16)
    if nx != int(nx) or ny != int(ny) or nx * ny > MAX_PIXELS:
        raise ReadError(beside, "raster", f"whole pixels, at most {MAX_PIXELS}", f"{nx:g} x {ny:g}")
    return Properties(
        beside, int(nx), int(ny),
        need("Context.MassScale.SF", 1, 1e7), need("Context.MassScale.K0", -1e7, 1e7),
        _number(everything, "Measurement.UpperMass") or math.nan, _polarity(everything), everything,
    )  # fmt: skip


def _polarity(properties: dict[str, str]) -> int:
    """Return the sign of the ions; 0 where no property states it, or two contradict each other."""
    signs = set()
    for name, value in properties.items():
        if "polarity" in name.lower():
            text = value.strip().lower()
            signs |= {-1} if text.startswith(("-", "neg")) else set()
            signs |= {1} if text.startswith(("1", "+", "pos")) else set()
    return signs.pop() if len(signs) == 1 else 0


def _number(properties: dict[str, str], name: str) -> float | None:
    try:
        value = float(properties[name].split()[0].replace(",", "."))
    except (KeyError, ValueError, IndexError):
        return None
    return value if math.isfinite(value) else None
