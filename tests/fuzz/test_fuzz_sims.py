"""Thousands of damaged ToF-SIMS exports: each gives the counts that stand in it, or one clear line."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import bif6, grd, surfacelab_ascii
from coatbench.readers.sims_region import Window
from coatbench.simulate.write_bif6 import write_bif6
from coatbench.simulate.write_grd import write_grd
from coatbench.simulate.write_surfacelab import write_surfacelab
from conftest import datasets
from fuzz.mutate import CASES, mutate, reads_or_refuses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

many = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
seeds = st.integers(0, 2**63)
WINDOWS = [Window("S2", 63.94469, 63.9351, 63.9543), Window("PO3", 78.95905, 78.9472, 78.9709)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Small exports of every kind; read once, so that compiling counts as nobody's memory."""
    here = tmp_path_factory.mktemp("sims")
    rng = np.random.default_rng(4)
    images = rng.poisson(3, (3, 6, 5))
    nan = float("nan")
    write_bif6(
        here / "good.bif6",
        [(0, (nan, nan, nan), images[0]), (1, (64.0, 63.9, 64.1), images[1]), (7, (79.0, 78.9, 79.1), images[2])],
    )  # fmt: skip
    write_surfacelab(here, "good", {0: ("total", images[0])})
    events = np.column_stack(
        [np.arange(200) % 14, np.zeros(200), rng.integers(0, 8, 200), rng.integers(0, 8, 200),
         rng.choice([263350, 292680, 100], 200)]
    )  # fmt: skip
    write_grd(
        here / "good.grd", events, resolution_px=8, field_of_view_m=1.5e-4, scale_factor=32982.7, offset=-398.7,
        upper_mass_u=880.0, scans=14,
    )  # fmt: skip
    assert bif6.read(here / "good.bif6").sets[0].to_xarray().counts.sum() == images[1:].sum()
    assert (
        surfacelab_ascii.read(here / "good (0) - total.txt").sets[0].to_xarray().total.sum()
        == images[0].sum()
    )
    assert grd.open_region(here / "good.grd", WINDOWS).total.sum() == 200
    return here


def both_happen(outcomes: dict[bool, int], least: float) -> None:
    if CASES >= 300:  # a fuzzer that never gets past the header, or never fails, tests nothing
        assert min(outcomes[True], outcomes[False]) > least * sum(outcomes.values()), outcomes


def test_bif6(folder: Path) -> None:
    raw = (folder / "good.bif6").read_bytes()
    outcomes = {True: 0, False: 0}

    @many
    @given(seeds)
    def run(seed: int) -> None:
        damaged = mutate(raw, seed)
        export = reads_or_refuses(bif6.read, damaged, folder / "damaged.bif6")
        outcomes[export is not None] += 1
        if export is None:
            return
        n, nx, ny = struct.unpack_from("<HHH", damaged, 6)
        assert len(damaged) == 12 + n * (16 + 4 * nx * ny)
        ions = {}
        for i in range(n):
            at = 12 + i * (16 + 4 * nx * ny)
            (number,) = struct.unpack_from("<I", damaged, at)
            ions[number] = sum(struct.unpack_from(f"<{nx * ny}I", damaged, at + 16))
        (block,) = datasets(export)
        assert len(ions) == n
        assert ("total" in block) == (0 in ions)
        if 0 in ions:
            assert int(block.total.sum(dtype=np.uint64)) == ions[0]
        found = dict(
            zip(
                block.number.values.tolist(),
                block.counts.sum(("y", "x"), dtype=np.uint64).values,
                strict=True,
            )
        )
        assert found == {k: v for k, v in ions.items() if k != 0}
        known = block.mass_u.values[np.isfinite(block.mass_u.values)]
        assert (known > 0).all()

    run()
    both_happen(outcomes, 0.05)


def plain(raw: bytes) -> dict[tuple[int, int], float]:
    """Read rows `x y [scan] I` the slow way."""
    pixels: dict[tuple[int, int], float] = {}
    for line in raw.decode("latin-1").replace("\x00", "").splitlines():
        cells = line.split()
        if not cells or line.lstrip().startswith("#"):
            continue
        try:
            x, y, value = int(cells[0]), int(cells[1]), float(cells[-1].replace(",", "."))
        except (ValueError, IndexError):
            continue
        pixels[x, y] = pixels.get((x, y), 0.0) + value
    return pixels


def test_surfacelab_ascii(folder: Path) -> None:
    raw = (folder / "good (0) - total.txt").read_bytes()
    outcomes = {True: 0, False: 0}

    @many
    @given(seeds)
    def run(seed: int) -> None:
        damaged = mutate(raw, seed)
        path = folder / "damaged (0) - total.txt"
        export = reads_or_refuses(surfacelab_ascii.read, damaged, path)
        outcomes[export is not None] += 1
        if export is None:
            return
        total = export.sets[0].to_xarray().total.values
        assert np.isfinite(total).all() and (total >= 0).all()
        pixels = plain(damaged)
        dropped = sum("1 row dropped" in w for w in export.warnings)
        if not damaged.startswith((b"\xff\xfe", b"\xfe\xff")) and damaged[:4].count(0) != 2:
            assert total.size - dropped <= len(pixels) <= total.size
        ny, nx = total.shape
        different = sum(
            not (x < nx and y < ny and np.isclose(total[y, x], v, rtol=1e-12))
            for (x, y), v in pixels.items()
        )
        assert different <= dropped

    run()
    both_happen(outcomes, 0.05)


def test_grd(folder: Path) -> None:
    raw = (folder / "good.grd").read_bytes()
    outcomes = {True: 0, False: 0}
    beside = (folder / "good.properties.txt").read_bytes()
    (folder / "damaged.properties.txt").write_bytes(beside)

    @many
    @given(seeds)
    def run(seed: int) -> None:
        damaged = mutate(raw, seed)
        region = reads_or_refuses(
            lambda p: grd.open_region(p, WINDOWS), damaged, folder / "damaged.grd"
        )
        outcomes[region is not None] += 1
        if region is None:
            return
        events = np.frombuffer(damaged, "<u4").reshape(-1, 5)
        assert (events[:, 2:4] < 8).all()
        assert int(region.total.sum()) == len(events)
        mass = ((events[:, 4].astype(float) + 398.7) / 32982.7) ** 2
        for i, window in enumerate(WINDOWS):
            inside = int(((mass >= window.lower_u) & (mass <= window.upper_u)).sum())
            assert int(region.read_image(i).sum()) == inside

    run()
    both_happen(outcomes, 0.05)


def test_grd_properties(folder: Path) -> None:
    (folder / "other.grd").write_bytes((folder / "good.grd").read_bytes())
    raw = (folder / "good.properties.txt").read_bytes()
    outcomes = {True: 0, False: 0}

    def read(path: Path) -> object:
        return grd.open_region(folder / "other.grd", WINDOWS)

    @settings(many, max_examples=max(1, CASES // 2))
    @given(seeds)
    def run(seed: int) -> None:
        damaged = mutate(raw, seed)
        path = folder / "other.properties.txt"
        try:
            region = reads_or_refuses(read, damaged, path)
        except AssertionError as error:  # an error may name the event list instead
            assert "other.grd" in str(error)
            region = None
        outcomes[region is not None] += 1
        if region is not None:
            assert region.total.sum() == 200
            assert region.shape[0] >= 8 and region.shape[1] >= 8

    run()
    both_happen(outcomes, 0.05)


def test_folders(tmp_path: Path) -> None:
    images = {n: (f"S_{n}-", np.full((3, 3), n)) for n in (1, 2)}
    rng = np.random.default_rng(6)
    names = [
        "good (1) - S_1-.txt",
        "good (2) - S_2-.txt",
        "x.txt",
        "good (2) - total.txt",
        "good.txt",
        "a (b) (3) - .txt",
    ]
    for k in range(min(CASES, 200)):
        here = tmp_path / str(k)
        write_surfacelab(here, "good", images)
        for path in sorted(here.iterdir()):
            path.rename(here / names[rng.integers(len(names))])
        try:
            export = surfacelab_ascii.read(here)
        except ReadError as error:
            assert "\n" not in str(error)
        else:
            assert export.sets[0].to_xarray().counts.shape[1:] == (3, 3)
