"""Figure 3 of made spectra: every heating temperature has its panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.figures import fig3
from coatbench.figures.drawing import Drawing
from coatbench.tables import write_table
from matplotlib.figure import Figure

from .conftest import ROOT

STYLE = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/tables/leis.yaml").read_text(encoding="utf-8"))


def test_ten_heating_temperatures_have_ten_panels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the ninth on the panels were empty, while the plotted numbers had all."""
    energy = np.linspace(700.0, 2600.0, 20)
    spectra = {
        f"{t}": Arrays.of(
            {"intensity": ("energy", 0 * energy + 1 + t), "intensity_sd": ("energy", 0 * energy + 0.1)},
            {"energy_eV": ("energy", energy)}, {"heating_temperature_degC": float(t)},
        )
        for t in range(50, 550, 50)
    }  # fmt: skip
    save_curves(spectra, tmp_path / "bare.nc")
    for name in ("leis_windows", "leis_surface_peaks"):
        write_table([], list(SCHEMA[name]), tmp_path / f"{name}.csv")
    kept: list[Figure] = []
    monkeypatch.setattr(fig3.style, "save", lambda figure, *_: kept.append(figure))
    fig3.draw(
        Drawing({}, [{"sample": "bare", "role": "uncoated", "label": "bare"}], True, STYLE, "bare"),
        [str(tmp_path / "bare.nc")], str(tmp_path / "leis_windows.csv"), str(tmp_path / "leis_surface_peaks.csv"),
    )  # fmt: skip
    heights = [axes.lines[0].get_ydata()[0] for axes in kept[0].axes if axes.lines]
    assert heights == [float(1 + t) for t in range(50, 550, 50)]
