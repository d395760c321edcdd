"""How long our fits take against lmfit with derivatives by differences, on the demo study's spectra.

    python benchmarks/xps_fit.py

Both fit the same windows, models, limits, ties and backgrounds from the same start values, twice: with
weights from the data, then with weights from the envelope (which lmfit is handed, so that chi-squares compare).
lmfit runs `leastsq` (MINPACK) to its own convergence. Simulation, background and imports are not in it. Each spectrum is
fitted seven times by each, in turn, and the fastest counts. The chi-squares are compared as well: ours may not
be larger.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

import numpy as np  # noqa: E402
import yaml  # noqa: E402
from coatbench.simulate import xps  # noqa: E402
from coatbench.simulate.truth import load_truth  # noqa: E402
from coatbench.xps import background, lmfit_check  # noqa: E402
from coatbench.xps.fit import Spectrum, minimise  # noqa: E402
from coatbench.xps.model import build  # noqa: E402

SAMPLES = ("lps", "uncoated", "c025", "c200", "c300", "c500", "c700")
REPEATS = 7


def main() -> None:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["xps"]
    truth = load_truth(ROOT / "data/demo/truth.csv")
    models = {name: build(name, section, config) for name, section in config["regions"].items()}
    times: dict[str, list[tuple[float, float]]] = {}
    worse = 0
    for sample in SAMPLES:
        shift = truth[sample]["xps.charge_shift_eV"]
        for record in xps.spot_spectra(sample, "1", truth[sample], {}, 20250311):
            x = record.start_eV + record.step_eV * np.arange(len(record.rate_cps))
            x, y = x[::-1].copy(), record.rate_cps[::-1].copy()
            model = models[record.region]
            low, high = (e + shift for e in model.window_eV)
            inside = (x >= low) & (x <= high)
            x, y = x[inside], y[inside]
            try:
                base = background.shirley(
                    x, y, background.end_points(x, config["end_width_eV"])
                ).values
            except background.NotConverged:
                continue
            spectrum = Spectrum(x, y, base, record.time_s)
            mapping = model.parameters(shift)
            rough = np.sqrt(np.maximum(y * record.time_s, 1.0)) / record.time_s
            ours, theirs = [], []
            for _ in range(REPEATS):
                start = time.perf_counter()
                fit = minimise(model, [spectrum], [mapping])
                ours.append(time.perf_counter() - start)
                start = time.perf_counter()
                first = lmfit_check.fit(model, spectrum, shift, rough)
                other = lmfit_check.fit(model, spectrum, shift, fit.sigma, first.params)
                theirs.append(time.perf_counter() - start)
            worse += fit.chi_square > other.chisqr * (1 + 1e-4) + 1e-6
            times.setdefault(record.region, []).append((min(ours), min(theirs)))
    print("region     n   ours / ms   lmfit / ms   ratio")
    total = np.zeros(2)
    for region, pairs in times.items():
        a, b = np.sum(pairs, axis=0)
        total += (a, b)
        n = len(pairs)
        print(f"{region:8} {n:3d} {1e3 * a / n:10.2f} {1e3 * b / n:12.2f} {b / a:8.1f}")
    count = sum(len(p) for p in times.values())
    print(
        f"all      {count:3d} {1e3 * total[0] / count:10.2f} {1e3 * total[1] / count:12.2f} {total[1] / total[0]:8.1f}"
    )
    print(f"fits of ours with a larger chi-square than lmfit's: {worse} of {count}")


if __name__ == "__main__":
    main()
