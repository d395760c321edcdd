"""A depth profile of 31 levels and 4 regions, from the file to its rows, over the job of one of its levels.

    python benchmarks/xps_profile.py

A PHI .pro file with the regions of the demo study's samples, one sample after the other as levels. Imports are not in it.
Profile and level (which reads the same file) are analysed three times in turn, and the fastest counts.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # as in the workflow's jobs
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

import yaml  # noqa: E402
from coatbench.simulate import xps  # noqa: E402
from coatbench.simulate.truth import load_truth  # noqa: E402
from coatbench.simulate.write_phi_spe import write_pro  # noqa: E402
from coatbench.xps.analyse import analyse  # noqa: E402

SAMPLES = ("uncoated", "c200", "c300", "c500", "c700")
LEVELS, REPEATS = 31, 3


def main() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["xps"]
    truth = load_truth(ROOT / "data/demo/truth.csv")
    settings = {"xps_without": ["P 2p"]}
    levels = [
        xps.spot_spectra("a", str(k), truth[SAMPLES[k % len(SAMPLES)]], settings, 20250311)
        for k in range(LEVELS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profile.pro"
        write_pro(path, "a", levels, [30.0 * k for k in range(LEVELS)])
        best, one = float("inf"), float("inf")
        for _ in range(REPEATS):
            start = time.process_time()
            found = analyse([{"sample": "a", "file": path.name}], [path], config)
            middle = time.process_time()
            analyse([{"sample": "a", "file": path.name, "level": "90"}], [path], config)
            best, one = min(best, middle - start), min(one, time.process_time() - middle)
    rows = found.tables["xps_profile"]
    n = len(levels[0])
    print(
        f"{LEVELS} levels, {n} regions, {len(rows)} rows: {best:.2f} CPU s, {1000 * best / LEVELS / n:.0f} ms a region; "
        f"one level {one:.2f} CPU s, ratio {best / one:.1f}"
    )


if __name__ == "__main__":
    main()
