"""How long a depth profile of 31 levels and 4 regions takes, from the file to its rows.

    python benchmarks/xps_profile.py

A PHI .pro file with the regions of the demo study's samples, one sample after the other as levels. Imports are not in it.
The profile is analysed three times, and the fastest counts.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

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
        best = float("inf")
        for _ in range(REPEATS):
            start = time.process_time()
            found = analyse([{"sample": "a", "file": path.name}], [path], config)
            best = min(best, time.process_time() - start)
    rows = found.tables["xps_profile"]
    n = len(levels[0])
    print(
        f"{LEVELS} levels, {n} regions, {len(rows)} rows: {best:.2f} CPU s, {1000 * best / LEVELS / n:.0f} ms a region"
    )


if __name__ == "__main__":
    main()
