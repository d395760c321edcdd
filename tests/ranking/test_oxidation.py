"""Sulfur that XPS finds oxidised against the precursor's kinetics, from simulated exports to the table `consistency`."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import yaml
from coatbench.ranking.consistency import compare
from coatbench.simulate import xps as spectra
from coatbench.simulate.tga_ms import furnace, reaction
from coatbench.simulate.truth import load_truth, truth_of
from coatbench.simulate.write_proteus import write_proteus
from coatbench.tga_ms.analyse import analyse as analyse_run
from coatbench.tga_ms.collect import collect
from coatbench.xps.analyse import analyse as analyse_spectra
from conftest import ROOT

ENERGY_J_MOL, PEAK_DEGC, GAIN_PERCENT = 1.5e5, 240.0, 9.5
# Annealing, and the share of sulfur that is oxidised at the surface; the last one contradicts the precursor.
SAMPLES = {"short": (190.0, 1.0, 0.75), "reduced": (250.0, 4.0, 0.30)}


def bulk(temperature: float, hours: float) -> float:
    time = np.linspace(0, 3600 * hours, 4000)
    held = np.full(time.size, temperature)
    return float(reaction(time, held, ENERGY_J_MOL, PEAK_DEGC, 10 / 60)[-1])


@pytest.mark.slow
def test_surface_and_precursor_are_compared_from_the_exports_on(tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    tables: dict[str, list] = {}
    curves = {}
    for seed, rate in enumerate((3, 10, 20)):
        time, temperature = furnace([(0, 30, 0), (rate, 500, 0)], 2.0)
        mass = 100 + GAIN_PERCENT * reaction(time, temperature, ENERGY_J_MOL, PEAK_DEGC, 10 / 60)
        mass += np.random.default_rng(seed).normal(0, 0.005, time.size)
        header = {"FORMAT": "NETZSCH5", "SAMPLE MASS /mg": "20,000", "CORR. CODE": "020"}
        columns = [("Temp./°C", temperature), ("Time/min", time / 60), ("Mass/%", mass)]
        path = tmp_path / f"r{rate}.txt"
        write_proteus(path, header, columns)
        row = {"run": f"r{rate}", "sample": "lps", "tga_file": path.name}
        found = analyse_run([row], [path], config["tga_ms"])
        curves[f"r{rate}"] = found.curves
        for name, rows in found.tables.items():
            tables.setdefault(name, []).extend(rows)
    samples = [{"sample": "lps", "role": "precursor"}]
    samples += [
        {"sample": s, "role": "coated", "annealing_temperature_degC": f"{t:g}", "annealing_time_h": f"{h:g}"}
        for s, (t, h, _) in SAMPLES.items()
    ]  # fmt: skip
    settings = [(t, h) for t, h, _ in SAMPLES.values()]
    tables = collect(tables, samples, config["tga_ms"], settings=settings, curves=curves)
    demo = ROOT / "data" / "demo"
    with (demo / "samples.csv").open(encoding="utf-8", newline="") as stream:
        truth = truth_of("c300", list(csv.DictReader(stream)), load_truth(demo / "truth.csv"))
    for name, (_, _, share) in SAMPLES.items():
        of_sulfur = {"sulfite": 0.15 * share, "sulfate": 0.85 * share}
        of_sulfur |= {"sulfide": 0.7 * (1 - share), "polysulfide": 0.3 * (1 - share)}
        planted = truth | {f"xps.S 2p.{c}.fraction": f for c, f in of_sulfur.items()}
        row = {"sample": name, "file": f"{name}.npl", "spot": "1"}
        spectra.simulate(name, [row], tmp_path, planted, {}, 7)
        found = analyse_spectra([row], [tmp_path / row["file"]], config["xps"])
        tables.setdefault("xps_components", []).extend(found.tables["xps_components"])
    wanted = {"oxidised": config["ranking"]["consistency"]["oxidised_sulfur_fraction"]}
    rows = {(r["sample"], r["technique"]): r for r in compare(tables, samples, wanted)}
    for name, (temperature, hours, share) in SAMPLES.items():
        kinetics, surface = rows[name, "TGA kinetics"], rows[name, "XPS"]
        assert kinetics["value"] == pytest.approx(bulk(temperature, hours), abs=0.03)
        assert surface["value"] == pytest.approx(share, abs=0.05)
        assert kinetics["agrees"] is surface["agrees"] is (name == "short")
    assert "contradicts" in rows["reduced", "XPS"]["note"]
    assert "TGA kinetics (" in rows["reduced", "XPS"]["note"]
