"""What cells far from the defaults give, every number of it, so that no change of code moves one unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.analysis import Analysis
from coatbench.cycling.analyse import analyse
from coatbench.cycling.collect import collect
from coatbench.cycling.impedance import resistances
from coatbench.simulate.cycling import simulate
from kept_numbers import hold

from . import made_cases, made_exports
from .conftest import SEED, rows_of
from .test_cases import CASES
from .test_exports import row
from .test_impedance import circuit, spectrum
from .test_judged import AGAIN, CHARGE, DISCHARGE, REST, record
from .test_judged import run as judged

KEPT = Path(__file__).parent / "kept"
KEPT_CASES = (
    "impedance after a rest", "counter electrode", "charge aborted", "suspended at the end",
)  # fmt: skip
DEMO_CELLS = {"uncoated": 1, "c400": 1}  # of each protocol
TEST = [(-2.0, 10), (0.0, 600), (2.0, 10), (0.0, 600)]
PART = [(-0.1, 6960), (0.0, 1800), (-2.0, 10), (0.0, 40), (2.0, 10), (0.0, 40)]
STEPS: dict[str, list[tuple[float, float]]] = {
    "resistance tests": [REST, CHARGE, REST, *TEST, DISCHARGE, REST],
    "pulse without a rest": [REST, CHARGE, (-2.0, 10), (0.0, 5400), DISCHARGE, REST],
    "titration": [REST, *[(0.1, 7200), (0.0, 1800)] * 10, *[(-0.1, 7200), (0.0, 1800)] * 9],
    "pulses within": [REST, CHARGE, REST, *PART * 4, (-0.1, 40000), REST],
    "one longer pulse": [REST, CHARGE, REST, (-2.0, 10), (0.0, 600), (-4.0, 20), (0.0, 600), (4.0, 20), DISCHARGE],
    "two currents": [REST, (0.05, 72000), (0.1, 36000), REST, DISCHARGE, REST, AGAIN, REST],
    "discharge first": [REST, (-0.1, 3600), REST, CHARGE, REST, DISCHARGE, REST, AGAIN],
    "short rest": [REST, CHARGE, (0.0, 900), DISCHARGE, (0.0, 1200), AGAIN, REST],
}  # fmt: skip


def columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One number of each column that any changed, exchanged or missing cell moves; the words as they are."""
    found: dict[str, Any] = {"rows": len(rows)}
    for name in {key: None for r in rows for key in r}:
        cells = [r.get(name) for r in rows]
        words = [c for c in cells if isinstance(c, str | bool)]
        numbers = [(i, c) for i, c in enumerate(cells) if c is not None and c not in words]
        if words:
            found[name] = " | ".join(dict.fromkeys(map(str, words)))
        if numbers:
            known = f" ({len(numbers)} known)" if len(numbers) < len(rows) else ""
            found[name + known] = float(sum((1 + 0.1 * i) * c for i, c in numbers))
    return found


def whole(analysis: Analysis) -> dict[str, Any]:
    """Rows, warnings and curves of one cell."""
    curves = {
        f"{group} {name}": float(np.nansum(np.linspace(0.5, 1.5, values.size) * np.ravel(values)))
        for group, arrays in analysis.curves.items()
        for name, (_, values, *_) in arrays.variables.items()
        if values.dtype.kind in "fiu"
    }
    tables = {name: columns(rows) for name, rows in analysis.tables.items()}
    return {"tables": tables, "curves": curves, "warnings": " | ".join(analysis.warnings)}


def collected(tables: dict[str, list], config: dict[str, Any], samples: list[str]) -> dict:
    """The tables of means and differences."""
    joined = collect(tables, [{"sample": s} for s in samples], config, reference=samples[0])
    names = ("cycling_metrics", "cycling_differences")
    return {name: columns(joined[name]) for name in names if name in joined}


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    made_cases.write_ec_lab(folder)
    made_cases.write_testers(folder)
    made_exports.write_exports(folder)
    return folder


@pytest.mark.parametrize("case", KEPT_CASES)
def test_kept_numbers_of_a_case(made_folder, config, case):
    names, index, _ = CASES[case]
    rows = [{"sample": "x", "cell": "a", "file": name} | index for name in names]
    analysis = analyse(rows, [made_folder / name for name in names], config)
    found = whole(analysis) | collected(analysis.tables, config, ["x"])
    hold(KEPT / f"{case.replace(' ', '_')}.csv", found)


def test_kept_numbers_of_exports(made_folder, config):
    found = {}
    for name, protocol in (("full_cell.mpt", "short"), ("with_impedance.mpt", "long"), ("no_current.mpr", "short")):  # fmt: skip
        found[name] = whole(analyse([row(protocol)], [made_folder / name], config))
    hold(KEPT / "exports.csv", found)


@pytest.mark.parametrize("steps", STEPS)
def test_kept_numbers_of_steps(config, tmp_path, steps):
    rows = record(STEPS[steps], resistance_ohm=50.0)
    free = {"charge_cutoff_V": None, "discharge_cutoff_V": None}
    found = whole(judged(config, tmp_path, rows, window=free))
    hold(KEPT / f"{steps.replace(' ', '_')}.csv", found)


def test_kept_numbers_of_impedance():
    frequency = np.geomspace(2e6, 0.05, 61)
    arcs = {
        "two arcs": circuit(frequency, 12.0, (30.0, 2e3), (20.0, 20.0)),
        "inductance": circuit(frequency, 12.0, (30.0, 2e3)) + 2j * np.pi * frequency * 3e-7,
        "open to high": circuit(frequency, 1.0, (900.0, 3e6), (100.0, 300.0)),
        "diffusion": circuit(frequency, 5.0, (40.0, 5e2)) + 30 / np.sqrt(2j * np.pi * frequency),
        "drift": circuit(frequency, 12.0, (30.0, 2e3)) * np.linspace(1.0, 1.6, 61),
    }
    found = {
        f"{name} {noise}": vars(resistances(spectrum(frequency, z, noise), 2))
        for name, z in arcs.items()
        for noise in (1e-4, 3e-3)
    }
    hold(KEPT / "impedance.csv", found)


@pytest.fixture(scope="module")
def cells(tmp_path_factory, index, truth, config) -> dict[tuple[str, ...], Analysis]:
    """Simulated cells of two samples, the second weighed otherwise than the first."""
    folder, found = tmp_path_factory.mktemp("simulated"), {}
    for sample, most in DEMO_CELLS.items():
        own = [r for r in index if r["sample"] == sample]
        for protocol in config["protocols"]:
            names = [*dict.fromkeys(r["cell"] for r in own if r["protocol"] == protocol)][:most]
            for name in names:
                rows = [r for r in own if (r["protocol"], r["cell"]) == (protocol, name)]
                simulate(sample, rows_of(rows, sample), folder, truth[sample], {}, SEED)
                paths = [folder / r["file"] for r in rows]
                found[sample, protocol, name] = analyse(rows, paths, config)
    return found


def test_kept_numbers_of_simulated_cells(cells, config):
    found: dict[str, Any] = {}
    tables: dict[str, list] = {}
    for key, analysis in cells.items():
        found[" ".join(key)] = whole(analysis)
        for name, rows in analysis.tables.items():
            tables.setdefault(name, []).extend(rows)
    assert {s for s, *_ in cells} == set(DEMO_CELLS)
    hold(KEPT / "simulated.csv", found | collected(tables, config, [*DEMO_CELLS]))
