"""Records made for tests."""

from __future__ import annotations

import numpy as np
from coatbench.arrays import Arrays
from coatbench.readers.model import Export
from coatbench.tga_ms.smooth import Grid


def ramp(start=30.0, stop=800.0, rate=10.0, step_s=2.0) -> Grid:
    time = np.arange(0, (stop - start) / rate * 60, step_s)
    return Grid(time, start + rate / 60 * time, rate / 60)


def extent(at, start, end, p, q):
    """Extent from 0 at `start` to 1 at `end`, with corners: cumulative beta distribution with shapes p, q."""
    from scipy.special import betainc

    return betainc(p, q, np.clip((at - start) / (end - start), 0, 1))


def export(tmp_path, temperature, time, **variables) -> Export:
    data = {"temperature_degC": ("time", temperature)}
    data |= {k: ("time", v) for k, v in variables.items()}
    attrs = {"sample_mass_mg": 20.0, "corrected": 0, "exo": -1}
    block = Arrays.of(data, {"time_s": ("time", time)}, attrs)
    return Export(tmp_path / "run.txt", "NETZSCH Proteus ASCII", "tga_ms", [block])


def bell(x, at, width):
    return np.exp(-0.5 * ((x - at) / width) ** 2)
