"""How long a fit takes through lmfit with our derivatives, and through scipy alone, on the demo study's spectra.

    python benchmarks/xps_fit.py

Both fit the same windows, models, limits, ties and backgrounds from the same start values. Simulation, background and
imports are not in it. Each spectrum is fitted seven times by each, in turn, and the fastest counts. The
parameters are compared as well.
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
from coatbench.xps import background  # noqa: E402
from coatbench.xps.fit import minimise, solve  # noqa: E402
from coatbench.xps.lines import Spectrum  # noqa: E402
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
            ours, theirs = [], []
            for _ in range(REPEATS):
                start = time.perf_counter()
                fit = minimise(model, spectrum, shift)
                ours.append(time.perf_counter() - start)
                start = time.perf_counter()
                other = solve(model, [spectrum], [mapping])
                theirs.append(time.perf_counter() - start)
            worse += abs(fit.chi_square - other.chi_square) > 1e-4
            times.setdefault(record.region, []).append((min(ours), min(theirs)))
    print("region     n  lmfit / ms   scipy / ms   ratio")
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
    print(f"fits whose chi-squares differ by more than 1e-4: {worse} of {count}")


if __name__ == "__main__":
    main()
