"""One reducing job as a process: how much memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coatbench.sims.fragments import load_fragments, windows
from coatbench.simulate.write_bif6 import write_bif6
from coatbench.simulate.write_grd import write_grd
from coatbench.simulate.write_surfacelab import write_surfacelab

from .test_reduce import CONFIG

pytestmark = pytest.mark.slow

JOB = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from coatbench.analysis import save_rows
from coatbench.curves import save_curves
from coatbench.sims.analyse import analyse
files = [Path(f) for f in sys.argv[4:]]
rows = [{"sample": "s", "region": str(i), "file": f.name} for i, f in enumerate(files)]
folder = Path(sys.argv[2])
task = json.loads(Path(sys.argv[3]).read_text())
result = analyse(rows, files, task["config"], fragments=task["fragments"])
assert result.problem is None, result.problem
save_curves(result.curves, folder / "s.nc")
save_rows(result, folder / "s.json")
# Not ru_maxrss, which a process inherits from the one that started it.
peak = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM"))
print(int(peak.split()[1]) / 1024)
"""
IMAGES, PIXELS = 50, 256  # beside the total, as measured in practice
SCALE, OFFSET = 32982.7, -398.7
WINDOWS = windows(load_fragments(), 150)


def start(folder: Path, files: list[Path]) -> subprocess.Popen:
    """Start a job as the workflow does; it prints its peak memory in MB."""
    folder.mkdir(exist_ok=True)
    (folder / "task.json").write_text(json.dumps({"config": CONFIG, "fragments": WINDOWS}))
    workflow = Path(__file__).parents[2] / "workflow"
    return subprocess.Popen(
        [sys.executable, "-c", JOB, workflow, folder, folder / "task.json", *files],
        stdout=subprocess.PIPE,
        text=True,
    )


def peak_mb(folder: Path, files: list[Path]) -> float:
    process = start(folder, files)
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return float(text)


def counts(seed: int) -> np.ndarray:
    """Return a total and its images (image, y, x), a few counts per pixel."""
    images = np.random.default_rng(seed).poisson(2.0, (IMAGES, PIXELS, PIXELS)).astype(np.uint32)
    return np.concatenate([images.sum(axis=0, dtype=np.uint32)[None], images])


def bif6(folder: Path, regions: int) -> list[Path]:
    files = [folder / f"{k}.bif6" for k in range(regions)]
    for k, file in enumerate(files):
        write_bif6(file, [(i, (20 + i, 19.9 + i, 20.1 + i), c) for i, c in enumerate(counts(k))])
    return files


def ascii_folders(folder: Path, regions: int) -> list[Path]:
    files = [folder / f"ascii_{k}" for k in range(regions)]
    for k, file in enumerate(files):
        named = {i: (f"p{i}", c) for i, c in enumerate(counts(k))}
        write_surfacelab(file, "m", named)
    return files


def grd(folder: Path, pieces: int) -> list[Path]:
    """Write one list of a million events a piece."""
    rng = np.random.default_rng(1)
    events = np.zeros((1_000_000, 5), np.uint32)
    events[:, 2:4] = rng.integers(0, PIXELS, (len(events), 2))
    masses = rng.choice([w["centre_u"] for w in WINDOWS], len(events))
    events[:, 4] = np.rint(SCALE * np.sqrt(masses) + OFFSET)
    file = folder / f"{pieces}.grd"
    write_grd(file, events, resolution_px=PIXELS, field_of_view_m=1.5e-4, scale_factor=SCALE, offset=OFFSET,
              upper_mass_u=880.0, scans=14)  # fmt: skip
    with file.open("ab") as stream:
        for _ in range(pieces - 1):
            events.tofile(stream)
    return [file]


@pytest.mark.parametrize("write", [bif6, ascii_folders])
def test_memory_does_not_grow_with_regions(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    few, more = (peak_mb(tmp_path / str(n), write(tmp_path, n)) for n in (2, 5))
    assert more < 400  # MB
    assert more < few + 25


def test_memory_does_not_grow_with_events(tmp_path: Path) -> None:
    few, more = (peak_mb(tmp_path / str(n), grd(tmp_path, n)) for n in (1, 25))
    assert more < 400  # MB; the larger list has 500 MB
    assert more < few + 25
