"""How fast ToF-SIMS regions are reduced, against plain Python, numpy on whole arrays, and merely reading the bytes.

    python benchmarks/sims.py [--grd-gb 10] [--folder scratch]

Regions of 50 images and a total, 256 x 256 pixels, as large as a real measurement. Every row is measured in this run, in processor time of
one core, with files in the page cache; the median of several turns counts. All
ways of a format must give the same numbers.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

import numpy as np  # noqa: E402
from coatbench.readers import bif6, grd, surfacelab_ascii  # noqa: E402
from coatbench.readers.channel_lookup import channel_lookup  # noqa: E402
from coatbench.readers.sims_region import Window  # noqa: E402
from coatbench.sims.analyse import analyse  # noqa: E402
from coatbench.sims.fragments import load_fragments, windows  # noqa: E402
from coatbench.sims.reduce import Reduction, reduce_region  # noqa: E402
from coatbench.simulate.write_bif6 import write_bif6  # noqa: E402
from coatbench.simulate.write_grd import write_grd  # noqa: E402
from coatbench.simulate.write_surfacelab import write_surfacelab  # noqa: E402

N_IMAGES, N_REGIONS, PIXELS = 50, 14, 256
SCALE, OFFSET = 32982.7, -398.7
MASSES = np.linspace(20, 200, N_IMAGES)
IONS = np.array([f.mass_u for f in load_fragments()])  # of event lists
SHIFT_PPM = 90.0
JOB = {
    "dead_time": "none", "shots_per_pixel": None, "saturated_pixels": "keep", "normalise_to": "total", "map_px": 64, "map_ions": 100,
}  # fmt: skip


def region(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts (image, y, x) and total: at most a few counts per pixel and image, 7 % empty pixels."""
    shape = (N_IMAGES, PIXELS, PIXELS)
    counts = rng.poisson(rng.uniform(0.05, 6, (N_IMAGES, 1, 1)), shape).astype(np.uint32)
    counts[:, rng.random((PIXELS, PIXELS)) < 0.07] = 0
    return counts, counts.sum(axis=0, dtype=np.uint32)


def typical(action: Callable[[], object], turns: int) -> float:
    """Return the median processor time of several turns: other programs may run beside."""
    return alternately([action], turns)[0]


def alternately(actions: Sequence[Callable[[], object]], turns: int) -> list[float]:
    """Return the median processor time of each, taken in turn: what runs beside slows all of them."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(turns):
        for action, taken in zip(actions, times, strict=True):
            start = time.process_time()
            action()
            taken.append(time.process_time() - start)
    return [sorted(taken)[turns // 2] for taken in times]


def row(what: str, seconds: float, per: str, base: float, base_name: str) -> None:
    print(f"  {what:<46} {1e3 * seconds:10.2f} ms {per:<12} x {seconds / base:8.2f} of {base_name}")


def means_of(path: Path) -> list[float]:
    return [
        r["normalised_intensity"] for r in reduce_region(bif6.open_region(path), Reduction()).rows
    ]


def plain_maths(image: list[list[float]], total: list[list[float]]) -> tuple[float, float]:
    """Mean and variance over pixels of image / total, pixel by pixel."""
    n, mean_sum, square_sum = 0, 0.0, 0.0
    for line, totals in zip(image, total, strict=True):
        for count, whole in zip(line, totals, strict=True):
            if whole > 0:
                ratio = count / whole
                n += 1
                mean_sum += ratio
                square_sum += ratio * ratio
    return mean_sum / n, (square_sum - mean_sum * mean_sum / n) / (n - 1)


def plain_read(path: Path) -> list[list[float]]:
    """One ASCII image, line by line; every pixel must come once."""
    pixels: dict[tuple[int, int], float] = {}
    with path.open() as stream:
        for line in stream:
            if line.startswith("#") or not line.strip():
                continue
            x, y, value = line.split()
            key = int(x), int(y)
            if key in pixels:
                raise ValueError("twice")
            pixels[key] = float(value)
    return [[pixels[x, y] for x in range(PIXELS)] for y in range(PIXELS)]


def bench_bif6(folder: Path) -> None:
    rng = np.random.default_rng(1)
    files = []
    nan = float("nan")
    for k in range(N_REGIONS):
        counts, total = region(rng)
        intervals = [(0, (nan, nan, nan), total)]
        intervals += [
            (i + 1, (m, m - 0.01, m + 0.01), c)
            for i, (m, c) in enumerate(zip(MASSES, counts, strict=True))
        ]
        files.append(folder / f"{k}.bif6")
        write_bif6(files[-1], intervals)
    buffer = bytearray(files[0].stat().st_size)

    def read_bytes() -> None:
        for path in files:
            with path.open("rb", buffering=0) as stream:
                stream.readinto(buffer)

    def whole_arrays(path: Path) -> list[float]:
        raw = np.fromfile(path, [("h", "V16"), ("c", "<u4", (PIXELS, PIXELS))], offset=12)[
            "c"
        ].astype(float)
        with np.errstate(all="ignore"):
            ratio = raw[1:] / raw[0]
        np.nanvar(ratio, axis=(1, 2), ddof=1)
        return np.nanmean(ratio, axis=(1, 2)).tolist()

    def plain(path: Path, images: int = 5) -> list[float]:
        raw = np.fromfile(path, [("h", "V16"), ("c", "<u4", (PIXELS, PIXELS))], offset=12)["c"]
        total = raw[0].tolist()
        return [plain_maths(raw[i + 1].tolist(), total)[0] for i in range(images)]

    ours = means_of(files[0])
    np.testing.assert_allclose(ours, whole_arrays(files[0]), rtol=1e-12)
    np.testing.assert_allclose(ours[:5], plain(files[0]), rtol=1e-12)
    base, reduced = (
        t / N_REGIONS for t in alternately([read_bytes, lambda: [means_of(p) for p in files]], 15)
    )
    print(f"BIF6, {len(buffer) / 1e6:.1f} MB per region, {N_REGIONS} regions")
    row("(c) reading the bytes", base, "per region", base, "(c)")
    row("ours: open, check, normalise, sum", reduced, "per region", base, "(c)")
    row(
        "(b) numpy on whole arrays",
        typical(lambda: whole_arrays(files[0]), 3),
        "per region",
        reduced,
        "ours",
    )
    row(
        "(a) plain Python",
        typical(lambda: plain(files[0]), 1) * N_IMAGES / 5,
        "per region",
        reduced,
        "ours",
    )


def bench_ascii(folder: Path) -> None:
    rng = np.random.default_rng(2)
    counts, total = region(rng)
    write_surfacelab(
        folder / "ascii", "bench",
        {0: ("total", total)} | {i + 1: (f"p{i}", c) for i, c in enumerate(counts)},
    )  # fmt: skip
    files = sorted(
        (folder / "ascii").iterdir(), key=lambda p: int(p.name.split("(")[1].split(")")[0])
    )
    few = files[:6]

    def plain() -> list[float]:
        whole = plain_read(few[0])
        return [plain_maths(plain_read(path), whole)[0] for path in few[1:]]

    def with_pandas() -> list[float]:
        import pandas as pd

        images = [
            pd.read_csv(p, sep=" ", comment="#", header=None)
            .to_numpy()[:, 2]
            .reshape(PIXELS, PIXELS)
            for p in few
        ]
        with np.errstate(all="ignore"):
            return [float(np.nanmean(image / images[0])) for image in images[1:]]

    def ours() -> list[float]:
        reduced = reduce_region(surfacelab_ascii.open_region(folder / "ascii"), Reduction())
        return [r["normalised_intensity"] for r in reduced.rows]

    np.testing.assert_allclose(ours()[:5], plain(), rtol=1e-12)
    np.testing.assert_allclose(ours()[:5], with_pandas(), rtol=1e-12)
    size = sum(p.stat().st_size for p in files) / 1e6
    base = typical(ours, 5) / len(files)
    print(f"\nSurfaceLab ASCII, {size:.0f} MB per region in {len(files)} files")
    row("ours: parse, check, normalise, sum", base, "per image", base, "ours")
    row(
        "(b) pandas' C parser and numpy",
        typical(with_pandas, 3) / len(few),
        "per image",
        base,
        "ours",
    )
    row("(a) plain Python, line by line", typical(plain, 3) / len(few), "per image", base, "ours")


def bench_grd(folder: Path, gigabytes: float) -> None:
    path = folder / "big.grd"
    rng = np.random.default_rng(3)
    n = 1 << 21
    piece = np.empty((n, 5), np.uint32)
    piece[:, 0], piece[:, 1] = np.arange(n) * 14 // n, 0
    piece[:, 2:4] = rng.integers(0, PIXELS, (n, 2))
    piece[:, 4] = np.rint(
        SCALE * np.sqrt(rng.choice(IONS, n) * (1 + SHIFT_PPM * 1e-6 + rng.normal(0, 3e-5, n)))
        + OFFSET
    )
    pieces = max(1, round(gigabytes * 1e9 / piece.nbytes))
    write_grd(path, piece, resolution_px=PIXELS, field_of_view_m=1.5e-4, scale_factor=SCALE, offset=OFFSET,
              upper_mass_u=880.0, scans=14)  # fmt: skip
    with path.open("ab") as stream:
        for _ in range(pieces - 1):
            piece.tofile(stream)
    events = pieces * n
    chosen = [Window(str(i), m, m * (1 - 150e-6), m * (1 + 150e-6)) for i, m in enumerate(MASSES)]
    first = folder / "first.grd"
    write_grd(first, piece, resolution_px=PIXELS, field_of_view_m=1.5e-4, scale_factor=SCALE, offset=OFFSET,
              upper_mass_u=880.0, scans=14)  # fmt: skip
    grd.open_region(first, chosen)  # compiled before it is timed

    def with_numpy() -> np.ndarray:
        lookup = channel_lookup(SCALE, OFFSET, chosen, first)
        data = np.fromfile(first, "<u4").reshape(-1, 5)
        window = lookup[data[:, 4]].astype(np.int64)
        index = (window * PIXELS + data[:, 3]) * PIXELS + data[:, 2]
        return np.bincount(index[window >= 0], minlength=N_IMAGES * PIXELS * PIXELS)

    def only_read(file: Path) -> None:
        for _ in grd.event_chunks(file):
            pass

    ours = grd.open_region(first, chosen)
    counts = np.stack([image for _, image in ours.images()])
    np.testing.assert_array_equal(counts.ravel(), with_numpy())
    speed = {
        "ours: read, check, bin into 50 images": n
        / typical(lambda: grd.open_region(first, chosen), 7),
        "numpy bincount on whole arrays": n / typical(with_numpy, 3),
        "reading the bytes": n / typical(lambda: only_read(first), 7),
    }
    print(f"\nGRD, {n / 1e6:.1f} M events in the page cache")
    for name, rate in speed.items():
        print(f"  {name:<46} {rate / 1e6:10.1f} M events/s")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/sims.py"), "--open", str(path), "--folder", str(folder)], capture_output=True, text=True, check=True
    )  # fmt: skip
    total, found, whole, reading, peak = (float(x) for x in done.stdout.split())
    assert total == events and abs(found - SHIFT_PPM) < 2
    size = path.stat().st_size / 1e9
    print(
        f"  {size:.2f} GB, {events / 1e6:.0f} M events in a process of its own, spectrum and mass scale, reading, binning and reduction:"
    )
    print(f"  {whole:.2f} s, {whole / reading:.1f} times reading the bytes ({reading:.2f} s), peak memory {peak:.0f} MB; "
          f"at this rate 10 GB take {whole / size * 10:.0f} s")  # fmt: skip


def open_grd(path: Path) -> None:
    """Calibrate, bin and reduce one file as a job does; print ions, shift, the seconds, those of reading alone, and the peak memory in MB."""
    config = JOB | {
        "match_ppm": 100, "window_ppm": 150,
        "mass_calibration": {"search_ppm": 500, "tolerance_ppm": 25, "min_peaks": 4},
    }  # fmt: skip
    rows = [{"sample": "s", "region": "1", "file": path.name}]
    wanted = windows(load_fragments(), 150)
    small = [path.with_name("first.grd")]
    analyse(rows, small, config, fragments=wanted)  # compiled before it is timed

    def only_read() -> None:
        for _ in grd.event_chunks(path):
            pass

    start = time.process_time()
    row = analyse(rows, [path], config, fragments=wanted).tables["sims_acquisition"][0]
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(int(row["total_counts"]), row["mass_shift_ppm"], seconds, typical(only_read, 3), peak)


def run_job(folder: Path) -> None:
    """Reduce all regions as one job does and print the seconds and this process's peak memory in MB."""
    from coatbench.analysis import save_rows
    from coatbench.curves import save_curves

    files = sorted(folder.glob("*.bif6"))
    rows = [{"sample": "s", "region": p.stem, "file": p.name} for p in files]
    start = time.process_time()
    result = analyse(
        rows,
        files,
        JOB | {"match_ppm": None, "mass_calibration": None, "window_ppm": None},
        fragments=[],
    )
    save_curves(result.curves, folder / "job.nc")
    save_rows(result, folder / "job.json")
    assert len(result.tables["sims_regions"]) == N_IMAGES * len(files)
    print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def bench_job(folder: Path) -> None:
    print(f"\nOne job: {N_REGIONS} regions of {PIXELS} x {PIXELS} x {N_IMAGES + 1} to a table")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/sims.py"), "--job", "--folder", str(folder)], capture_output=True, text=True, check=True
    )  # fmt: skip
    seconds, peak = (float(x) for x in done.stdout.split())
    print(f"  {'in all':<46} {seconds:10.2f} s, peak memory {peak:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--grd-gb", type=float, default=1.0, help="size of the event list that is made"
    )
    parser.add_argument(
        "--folder", type=Path, help="where files are made; default a temporary folder"
    )
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        return open_grd(options.open)
    if options.job:
        return run_job(options.folder)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        bench_bif6(folder)
        bench_job(folder)
        bench_ascii(folder)
        bench_grd(folder, options.grd_gb)
    return None


if __name__ == "__main__":
    main()
