"""Joining ion currents to temperature: by row, by time, by time with the estimated lag.

Pairing a Quadstar export with a thermogram row by row (both exported with the same number of points) is the published
routine. The error of the temperature of the m/z 64 maximum is measured on simulated runs with a known lag.

    python benchmarks/tga_ms_join.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from coatbench.readers import read  # noqa: E402
from coatbench.simulate import tga_ms as forward  # noqa: E402
from coatbench.simulate.truth import load_truth  # noqa: E402
from coatbench.tga_ms.analyse import analyse  # noqa: E402

LAGS = (20.0, 93.0, 300.0, 1200.0)
TRUE_PEAK = 350.0  # the planted loss is symmetric between 320 and 380 degC


def main() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["tga_ms"]
    truth = load_truth(ROOT / "data/demo/truth.csv")["lps"]
    row = {"run": "r", "sample": "s", "tga_file": "r.txt", "ms_file": "r.asc", "blank_file": ""}
    print(
        f"{'lag / s':>8} {'by row / K':>11} {'by time / K':>12} {'with lag / K':>13} {'stated sd':>10} {'s':>6}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for lag in LAGS:
            forward.simulate("s", [row], folder, truth | {"tga_ms.ms_lag_s": lag}, {}, 1)
            mass, ions = (read(folder / f).blocks[0] for f in ("r.txt", "r.asc"))
            current = ions["ion_current_A"].sel(mz=64).values
            best = int(current.argmax())
            rows = np.linspace(0, 1, current.size)
            whole = np.linspace(0, 1, mass.sizes["time"])
            by_row = np.interp(rows, whole, mass["temperature_degC"].values)[best]
            by_time = np.interp(
                ions["time_s"].values[best], mass["time_s"].values, mass["temperature_degC"].values
            )
            start = time.perf_counter()
            analysis = analyse([row], [folder / "r.txt", folder / "r.asc"], config)
            seconds = time.perf_counter() - start
            ours = next(
                r for r in analysis.tables["tga_ms_events"] if r["signal"] == "mz64" and r["main"]
            )
            print(
                f"{lag:8.0f} {by_row - TRUE_PEAK:11.1f} {by_time - TRUE_PEAK:12.1f} "
                f"{ours['peak_degC'] - TRUE_PEAK:13.2f} {ours['peak_degC_sd']:10.2f} {seconds:6.2f}"
            )


if __name__ == "__main__":
    main()
