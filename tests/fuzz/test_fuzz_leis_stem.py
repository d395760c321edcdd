"""Thousands of damaged LEIS and STEM exports: each gives a correct dataset or one clear line."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tifffile
from coatbench.errors import CoatbenchError
from coatbench.readers import micrograph, qtac
from coatbench.readers.recognise import recognise
from coatbench.simulate.write_qtac import write_qtac
from coatbench.simulate.write_tiff import write_tiff
from conftest import datasets
from fuzz.mutate import CASES, mutate, reads_or_refuses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stem.dm3_file import dm3

PIXELS = (np.arange(24 * 18).reshape(18, 24) % 251).astype(np.uint16)
ENERGY = np.arange(600.0, 680.0, 2.0)
FOLDER = Path(tempfile.mkdtemp(prefix="coatbench-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
many = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
seeds = st.integers(0, 2**63)


@cache
def spectra() -> list[bytes]:
    """A small spectrum in each dialect."""
    path = FOLDER / "a.txt"
    counts = np.round(50 + 30 * np.sin(ENERGY / 9))
    found = []
    for decimal, header, intensity in (
        (".", [], counts),
        (".", [], counts / 312),
        (",", ["Qtac100", "µ°", "4He+ 3000 eV", "Energie (eV)\tIntensität"], counts / 312),
    ):
        write_qtac(path, ENERGY, intensity, header=header, decimal=decimal)
        found.append(path.read_bytes())
    return found


@cache
def images() -> dict[str, bytes]:
    """A small image in each form."""
    path = FOLDER / "a.tif"
    found = {"dm3": dm3(PIXELS, 0.35, "nm")}
    for scale_in in ("imagej", "gatan", "resolution"):
        write_tiff(path, PIXELS, 0.7, scale_in=scale_in)
        found[scale_in] = path.read_bytes()
    for name, options in (
        ("zlib", {"compression": "zlib"}),
        ("tiles", {"tile": (16, 16)}),
        ("big", {"bigtiff": True, "byteorder": ">"}),
        ("stack", {"imagej": True}),
    ):
        data = np.stack([PIXELS] * 3) if name == "stack" else PIXELS
        tifffile.imwrite(path, data, **options)
        found[name] = path.read_bytes()
    return found


def plain_rows(raw: bytes) -> list[tuple[float, float]]:
    """The rows of two numbers at the end of a text, by a way of their own: no code of the reader is used."""
    if raw.startswith(b"\xef\xbb\xbf"):
        text = raw[3:].decode("utf-8", "replace")
    elif raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = raw.decode("utf-16", "replace")
    else:
        text = raw.decode("latin-1").replace("\0", "")  # UTF-16 without a mark
    rows = []
    for line in re.split(r"\r\n|\r|\n", text):
        cells = line.replace(";", " ").split()
        try:
            rows.append(tuple(float(c.replace(",", ".")) for c in cells))
        except ValueError:
            rows.append(())
    return [r for r in rows if len(r) == 2]


@many
@given(seed=seeds)
def test_qtac(seed):
    raw = mutate(spectra()[seed % len(spectra())], seed)
    export = reads_or_refuses(qtac.read, raw, FOLDER / "damaged.bin")
    if export is None:
        return
    (block,) = datasets(export)
    energy, intensity = block["energy_eV"].values, block["intensity"].values
    assert len(energy) == len(intensity) >= qtac.MIN_CHANNELS
    assert np.isfinite(energy).all() and np.isfinite(intensity).all()
    steps = np.diff(energy)
    assert (steps > 0).all() and steps.max() < 2 * steps.min()
    rows = plain_rows(raw)
    if energy[0] != rows[0][0]:
        energy, intensity = energy[::-1], intensity[::-1]
    # Nothing but an incomplete last line may be missing, and that is reported.
    assert len(rows) - len(energy) in ((0, 1) if export.warnings else (0,))
    assert np.array_equal(np.array(rows)[: len(energy)], np.stack([energy, intensity], axis=1))


@many
@given(seed=seeds)
def test_images(seed):
    name = sorted(images())[seed % len(images())]
    source = images()[name]
    raw = mutate(source, seed)
    try:
        export = reads_or_refuses(micrograph.read, raw, FOLDER / "damaged.bin")
    except CoatbenchError as error:
        pytest.fail(f"{type(error).__name__}: {error}")
    if export is None:
        return
    for block in datasets(export):
        pixels = block["intensity"].values
        assert pixels.ndim == 2 and pixels.size and np.isfinite(pixels).all()
        size = block.attrs["pixel_size_nm"]
        assert np.isnan(size) or 1e-3 <= size <= 1e4
        assert ("x_nm" in block.coords) == np.isfinite(size)
    if name in ("imagej", "gatan", "resolution") and len(raw) == len(source):
        start = len(source) - PIXELS.nbytes
        if raw[:start] == source[:start]:
            # Only pixels were hit: they are as they stand in the file, and the scale is untouched.
            assert export.sets[0].to_xarray()["intensity"].values.tobytes() == raw[start:]
            assert export.sets[0].to_xarray().attrs["pixel_size_nm"] == pytest.approx(0.7, rel=1e-6)


@many
@given(seed=seeds)
def test_recognised_or_refused(seed):
    """The way that the workflow takes: first the kind, then the reader."""
    sources = [*spectra(), *images().values()]
    raw = mutate(sources[seed % len(sources)], seed + 1)

    def read(path: Path):
        entry = recognise(path)
        return entry.name

    reads_or_refuses(read, raw, FOLDER / "damaged.bin")
