"""A cell whose numbers are wrong, beside good ones: every table of means and every figure is as without it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from coatbench.curves import save_curves
from coatbench.cycling.analyse import analyse
from coatbench.cycling.collect import collect
from coatbench.figures import fig5, fig7
from coatbench.figures.drawing import Drawing

from .conftest import DEMO, read_csv
from .made_files import KIT, MPT
from .test_figures import FIG5, FIG7, PROTOCOLS, write_tables
from .test_figures import curve_files as curve_files
from .test_figures import style_config as style_config
from .test_files import parts_of, write

SAMPLE = "c400"


def cut(rows: list[bytes], driven: list[int], keep: float) -> list[bytes]:
    """Leave out the last records of a half cycle, as if it had been stopped."""
    return [r for i, r in enumerate(rows) if i not in set(driven[int(keep * len(driven)) :])]


def runs(rows: list[bytes], column: int, value: bytes) -> list[list[int]]:
    """Stretches of records whose cell has a value."""
    found: list[list[int]] = []
    for i, row in enumerate(rows):
        if row.split(b"\t")[column] == value:
            if not found or found[-1][-1] != i - 1:
                found.append([])
            found[-1].append(i)
    return found


@pytest.fixture(scope="module")
def planted(exports, index, config, tmp_path_factory) -> dict:
    """A pellet whose first charge was stopped half way, and a sheet cell that happened to in its 40th cycle."""
    folder = tmp_path_factory.mktemp("planted")
    head, rows = parts_of((exports / MPT).read_bytes(), b"mpt")
    mode = head[-1].split(b"\t").index(b"mode")
    short = write(folder / "p.mpt", head, cut(rows, runs(rows, mode, b"1")[0], 0.5))
    head, rows = parts_of((exports / KIT).read_bytes(), b"maccor")
    names = next(line for line in head if line.startswith(b"Rec\t")).split(b"\t")
    charges = runs(rows, names.index(b"Md"), b"C")
    long = write(folder / "s.txt", head, cut(rows, charges[39], 0.5))
    found = {}
    for path, protocol, like in ((short, "short", MPT), (long, "long", KIT)):
        row = next(r for r in index if Path(r["file"]).name == like) | {"cell": "Z9", "file": ""}
        found[SAMPLE, protocol, "Z9"] = analyse([row], [path], config)
    return found


def tables_of(analyses, config) -> dict:
    joined: dict[str, list[dict]] = {}
    for analysis in analyses.values():
        for name, rows in analysis.tables.items():
            joined.setdefault(name, []).extend(rows)
    return collect(joined, read_csv(DEMO / "samples.csv"), config, reference="uncoated")


def test_unusable_cell_enters_no_mean_and_no_figure(
    analyses, planted, config, columns, curve_files, style_config, tmp_path
):
    for (_, protocol, _), analysis in planted.items():
        levels = {m["quality"] for m in analysis.tables["cycling_cell_metrics"]}
        assert levels == {"unusable"}, protocol
        assert "ok" in {c["quality"] for c in analysis.tables["cycling_cells"]}, protocol
        features = analysis.tables["cycling_dqdv_features"]
        assert {f["quality"] for f in features} == {"unusable"}
    files = dict(curve_files)
    for key, analysis in planted.items():
        files[key] = str(tmp_path / ("_".join(key) + ".nc"))
        save_curves(analysis.curves, files[key])
    without, beside = tables_of(analyses, config), tables_of(analyses | planted, config)
    drawn = {}
    for name, tables, curves in (("without", without, curve_files), ("beside", beside, files)):
        folder = tmp_path / name
        folder.mkdir()
        paths = write_tables(folder, tables, columns)
        for module, tabs in ((fig5, FIG5), (fig7, FIG7)):
            output = {k: str(folder / f"fig.{k}") for k in ("pdf", "png", "csv")}
            drawing = Drawing(
                output, read_csv(DEMO / "samples.csv"), True, style_config, "uncoated"
            )
            own = {k: paths[v] for k, v in tabs.items()}
            module.draw(drawing, list(curves.values()), list(curves), **own, **PROTOCOLS)
            drawn[name, module] = Path(output["csv"]).read_bytes()
            assert len(list(csv.reader(drawn[name, module].decode().splitlines()))) > 100
    for module in (fig5, fig7):
        assert drawn["without", module] == drawn["beside", module]

    def numbers(rows):
        return [{k: v for k, v in row.items() if k != "quality_note"} for row in rows]

    for name in ("cycling_metrics", "cycling_differences", "cycling_fade"):
        assert numbers(beside[name]) == numbers(without[name])
