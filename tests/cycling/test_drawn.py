"""Figures 5 and 7 draw what their CSV holds, all of it and nothing else, and say what each kind of mark is."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from coatbench.factors import read_factors
from coatbench.figures import fig5, fig7, style
from coatbench.figures.drawing import Drawing
from coatbench.order import with_axis

from .conftest import DEMO, ROOT, read_csv
from .test_figures import FIG5, FIG7, PROTOCOLS, write_tables
from .test_figures import curve_files as curve_files
from .test_figures import style_config as style_config

NEAR = 1e-7


@pytest.fixture
def drawn(tables, columns, curve_files, style_config, tmp_path, monkeypatch):
    """Draw a figure; return the figure and the numbers that it hands to its CSV."""
    paths = write_tables(tmp_path, tables, columns)

    def draw(module, tabs, samples=None):
        found = {}
        monkeypatch.setattr(
            style,
            "save",
            lambda figure, _, numbers, **__: found.update(figure=figure, numbers=numbers),
        )
        shown = samples or read_csv(DEMO / "samples.csv")
        drawing = Drawing({}, shown, True, style_config, "uncoated")
        own = {k: paths[v] for k, v in tabs.items()}
        module.draw(drawing, list(curve_files.values()), list(curve_files), **own, **PROTOCOLS)
        return found["figure"], found["numbers"]

    return draw


def points(axes) -> np.ndarray:
    """All finite points of the lines of axes, without rules across them."""
    lines = [line.get_xydata() for line in axes.lines if line.get_transform() == axes.transData]
    xy = np.concatenate([np.asarray(line, float).reshape(-1, 2) for line in lines])
    return xy[np.isfinite(xy).all(axis=1)]


def ordered(values) -> np.ndarray:
    rows = np.asarray(values, float).reshape(len(values), -1)
    return rows[np.lexsort(rows.T[::-1])]


def same(drawn, written) -> bool:
    return len(drawn) == len(written) and np.allclose(
        ordered(drawn), ordered(written), rtol=0, atol=NEAR
    )


@pytest.mark.parametrize("varied", ["one factor", "a category", "two factors", "replicates"])
def test_a_line_joins_efficiencies_along_one_factor_only(drawn, varied):
    """Across samples of several factors, or made alike, it would be a zigzag that means nothing."""
    rows = read_csv(DEMO / "samples.csv")
    for i, row in enumerate(r for r in rows if r["role"] == "coated"):
        row["atmosphere"] = (
            ("air", "O2")[i % 2] if varied in ("two factors", "a category") else "air"
        )
        if varied in ("a category", "replicates"):
            row["annealing_temperature_degC"] = "300" if varied == "a category" or i < 2 else str(300 + 50 * i)  # fmt: skip
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    samples = with_axis(rows, read_factors(config["factors"]))
    figure, _ = drawn(fig5, FIG5, samples)
    (right,) = [a for a in figure.axes if a.get_ylabel().startswith("initial")]
    plain = [x for x in right.lines if x.get_linestyle() == "-" and x.get_marker() == "None"]
    joined = [x for x in plain if len(x.get_xdata()) > 2]
    assert bool(joined) is (varied == "one factor")
    said = [t.get_text() for t in figure.texts]
    assert any("line: coated samples" in t for t in said) is (varied == "one factor")


def test_short_figure_draws_its_numbers(drawn):
    figure, numbers = drawn(fig5, FIG5)
    left, upper, lower_panel, right = figure.axes
    quantities = [
        (left, [m[0] for m in fig5.CAPACITIES]),
        (right, [fig5.EFFICIENCY]),
        *((axes, [p[0]]) for axes, p in zip(upper.child_axes, fig5.POTENTIALS, strict=True)),
    ]
    for axes, names in quantities:
        rows = [r for r in numbers if r["quantity"] in names]
        means = [r for r in rows if r["cell"] is None]
        assert len(rows) > 2 * len(means) > 16
        expected = [r["value"] for r in rows]
        # Caps of the error bars stand one uncertainty beside the value.
        expected += [r["value"] + s * r["value_sd"] for r in means for s in (-1, 1)]
        if axes is right:  # the line over the coated samples
            expected += [r["value"] for r in means if r["sample"] != "uncoated"]
        assert same(points(axes)[:, 1], expected)

    def signed(row):
        sign = 1.0 if row["panel"] == "c" and row["quantity"].endswith("charge 2") else -1.0
        return row["potential_V"], sign * row["value"]

    curves = [signed(r) for r in numbers if r["panel"] == "c"]
    features = [signed(r) for r in numbers if r["panel"] == "c inset"]
    (inset,) = lower_panel.child_axes
    assert features
    assert same(points(lower_panel), curves)
    assert same(points(inset), curves + features)
    said = " ".join(t.get_text() for t in figure.texts)
    for mark in (
        "symbols: means",
        "dots: single cells",
        "line: coated samples",
        "means over cells",
        "circles:",
    ):
        assert mark in said


def test_long_figure_draws_its_numbers(drawn):
    figure, numbers = drawn(fig7, FIG7)
    left, right = figure.axes
    profile = [r for r in numbers if r["panel"] == "a" and not r["quantity"]]
    assert same(points(left), [(r["capacity_mAh_g"], r["potential_V"]) for r in profile])
    cycles = [r for r in numbers if r["panel"] == "b" and not r["quantity"]]
    assert same(points(right), [(r["cycle"], r["capacity_mAh_g"]) for r in cycles])
    # What the legends say of a sample stands in the CSV as well.
    shown = {t.get_text() for axes in figure.axes for t in axes.get_legend().get_texts()}
    for row in (r for r in numbers if r["quantity"]):
        assert any(fig7.METRICS[row["quantity"]].format(row["value"]) in text for text in shown)
    said = " ".join(t.get_text() for t in figure.texts)
    assert {line.get_linestyle() for line in left.lines} == {"-", "--"}
    assert {line.get_marker() for line in right.lines} == {"o", "s", "x"}
    for mark in ("first cell solid line (a), circles (b)", "second cell dashed (a), squares (b)"):
        assert mark in said
    assert "interrupted" in shown
