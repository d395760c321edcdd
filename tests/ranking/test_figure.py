"""The figure of the ranking with 1, 3, 8 and 20 samples; pictures are kept for a human to judge."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from coatbench.figures.drawing import Drawing
from coatbench.figures.ranking import draw
from coatbench.tables import write_table

from ranking import synthetic

ARTEFACTS = synthetic.ROOT / "tests" / "artefacts"


def drawn(folder: Path, tables, samples, reference="uncoated") -> dict[str, Path]:
    config = yaml.safe_load((synthetic.ROOT / "config.yaml").read_text(encoding="utf-8"))
    ranking = synthetic.config()
    made, _ = synthetic.make(tables, samples, ranking, reference)
    paths = {}
    for name, rows in made.items():
        paths[name] = str(folder / f"{name}.csv")
        write_table(rows, synthetic.columns(ranking)[name], paths[name])
    output = {kind: folder / f"figure.{kind}" for kind in ("pdf", "png", "csv")}
    files = {k: str(v) for k, v in output.items()}
    drawing = Drawing(files, samples, True, config["figures"], reference)
    draw(drawing, criteria=ranking["criteria"], factors=synthetic.factors(), **paths)
    return output


@pytest.mark.parametrize(
    "temperatures",
    [(300,), (100, 300, 500), synthetic.TEMPERATURES, tuple(range(25, 725, 35))],
    ids=len,
)
def test_any_number_of_samples(tmp_path: Path, temperatures):
    output = drawn(tmp_path, synthetic.tables(temperatures), synthetic.samples(temperatures))
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / f"ranking_{len(temperatures)}.png").write_bytes(output["png"].read_bytes())
    assert output["pdf"].read_bytes().startswith(b"%PDF")
    with output["csv"].open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    scores = {r["series"] for r in rows if r["quantity"] == "score"}
    assert scores == {f"c{t:03d}" for t in temperatures}


def test_gaps_and_odd_labels(tmp_path: Path):
    samples = synthetic.samples()
    samples[3]["label"] = "$x$ <b>_^{\\frac"  # must not be read as mathematics
    tables = synthetic.tables()
    tables["xps_coverage"] = [r for r in tables["xps_coverage"] if r["sample"] != "c500"]
    assert drawn(tmp_path, tables, samples)["png"].stat().st_size > 10_000


def test_nothing_to_rank(tmp_path: Path):
    assert drawn(tmp_path, {}, synthetic.samples())["png"].stat().st_size > 1_000


def test_same_data_same_bytes(tmp_path: Path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    first, second = (
        drawn(tmp_path / part, synthetic.tables(), synthetic.samples()) for part in "ab"
    )
    for kind in ("pdf", "png", "csv"):
        assert first[kind].read_bytes() == second[kind].read_bytes()
