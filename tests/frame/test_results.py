"""`coatbench.open`: tables in pandas, curves in xarray, fits in lmfit; nothing is written; the examples run."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import coatbench
import numpy as np
import pytest
import xarray as xr
import yaml
from coatbench import arrays, results
from coatbench.analysis import save_rows
from coatbench.curves import save_curves
from coatbench.results import ResultsError
from coatbench.simulate import xps
from coatbench.simulate.truth import load_truth
from coatbench.tables import write_table
from coatbench.xps.analyse import analyse
from conftest import ROOT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `results` holds one analysed sample."""
    top = tmp_path_factory.mktemp("open")
    truth = load_truth(ROOT / "data/demo/truth.csv")["c300"]
    planted = {q: v for q, v in truth.items() if q.startswith(("xps.", "surface."))}
    row = {"sample": "c300", "spot": "1", "file": "c300_1.npl"}
    xps.simulate("c300", [row], top, planted, {}, 20250311)
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    analysis = analyse([row], [top / row["file"]], config["xps"])
    (top / "results/xps").mkdir(parents=True)
    (top / "results/tables").mkdir()
    save_curves(analysis.curves, top / "results/xps/c300.nc")
    save_rows(analysis, top / "results/xps/c300.json")
    for name, rows in analysis.tables.items():
        columns = list(dict.fromkeys(c for r in rows for c in r))
        write_table(rows, columns, top / f"results/tables/{name}.csv")
    write_table([], ["sample", "value"], top / "results/tables/empty.csv")
    write_table(
        [
            {"sample": "007", "cell": "1e5", "value": 2.5},
            {"sample": "NA", "cell": "", "value": None},
        ],
        ["sample", "cell", "value"],
        top / "results/tables/ids.csv",
    )
    run = {"parameters": config, "study": {"folder": "study"}}
    (top / "results/provenance.json").write_text(json.dumps(run))
    (top / "study").mkdir()
    (top / "study/samples.csv").write_text(
        "sample,role,annealing_temperature_degC\nuncoated,uncoated,\nc300,coated,300\n007,coated,400.5\n"
    )
    return top


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*")}


@pytest.mark.parametrize("module", [coatbench, results, arrays])
def test_the_examples_run(folder: Path, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    before = state(folder)
    done = doctest.testmod(module, extraglobs={"coatbench": coatbench})
    assert done.attempted > 1 and not done.failed
    assert state(folder) == before


def test_ids_are_text_and_unknown_is_empty(folder: Path) -> None:
    r = coatbench.open(folder / "results")
    table = r.tables["ids"]
    assert table["sample"].tolist() == ["007", "NA"]
    assert table["cell"][0] == "1e5"
    assert table["value"].tolist()[0] == 2.5 and np.isnan(table["value"][1])
    assert list(r.tables["empty"].columns) == ["sample", "value"] and len(r.tables["empty"]) == 0
    assert set(r.tables) >= {"xps_fits", "xps_components"} and "nothing" not in r.tables
    table["value"] = 0.0
    assert r.tables["ids"]["value"][0] == 2.5
    assert r.samples["sample"].tolist() == ["uncoated", "c300", "007"]
    assert r.samples["annealing_temperature_degC"].tolist()[1:] == [300.0, 400.5]


def test_curves_are_a_tree_with_units(folder: Path) -> None:
    tree = coatbench.open(folder / "results").curves("xps", "c300")
    assert isinstance(tree, xr.DataTree)
    node = tree["1|S 2p"].dataset
    assert node["binding_energy_eV"].attrs["units"] == "eV"
    assert "binding_energy_eV" in node.coords
    assert node.attrs["region"] == "S 2p"


def test_a_fit_is_the_runs_and_can_be_made_again(folder: Path) -> None:
    r = coatbench.open(folder / "results")
    result = r.fit("xps", "c300", spot="1", region="S 2p")
    rows = r.tables["xps_components"]
    row = rows[(rows["region"] == "S 2p") & (rows["component"] == "sulfide")].iloc[0]
    found = result.params["area_sulfide"]
    # The fit is that of the configured model; the table averages over backgrounds and line shapes.
    area = r.curves("xps", "c300")["1|S 2p"]["area_cps_eV"].values[0]
    assert abs(found.value - area) < 0.01 * found.stderr
    assert abs(found.value - row["area_cps_eV"]) < row["area_cps_eV_sd"]
    first = result.redchi
    result.params["position_sulfide"].set(value=162.0, vary=False)
    result.fit(params=result.params)
    assert result.redchi > first and not result.params["position_sulfide"].vary


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda r: r.tables["xps_fit"], r"expected one of the tables .*xps_fits"),
        (lambda r: r.curves("xps", "c301"), "expected curves of c301, found those of c300"),
        (lambda r: r.fit("leis", "c300", region="S 2p"), "expected xps"),
        (
            lambda r: r.fit("xps", "c300", region="X 1s"),
            r"expected spot\|region 1\|X 1s, found 1\|",
        ),
        (lambda r: r.fit("xps", "c3", region="S 2p"), "expected one of the samples c300"),
    ],
)
def test_what_is_not_there_is_named(folder: Path, ask: Any, message: str) -> None:
    with pytest.raises(ResultsError, match=message) as caught:
        ask(coatbench.open(folder / "results"))
    assert "\n" not in str(caught.value)


def test_no_results(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="run snakemake first"):
        coatbench.open(tmp_path)
    (tmp_path / "tables").mkdir()
    with pytest.raises(ResultsError, match="run snakemake to its end"):
        _ = coatbench.open(tmp_path).config
