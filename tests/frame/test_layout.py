"""What cannot be read in a figure is found, and nothing else; names along an axis, images on a page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.factors import Factor
from coatbench.figures import fig5_dqdv, layout, style
from coatbench.figures.drawing import Drawing
from coatbench.order import ordered, with_axis
from conftest import ROOT
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from PIL import Image

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]


def drawn(draw, width: str = "double", height: float = 2.5) -> list[str]:
    figure = style.new_figure(CONFIG, width, height)
    draw(figure.subplots())
    figure.canvas.draw()
    return layout.problems(figure)


def samples(n: int) -> list[dict[str, str]]:
    names = ["bare NCM85", *(f"{25 + 35 * i} °C" for i in range(n - 1))]
    return [{"sample": f"s{i}", "label": name} for i, name in enumerate(names)]


def test_a_tidy_figure_has_no_problem() -> None:
    def draw(axes) -> None:
        axes.plot([0, 1], [0, 1], label="a line")
        axes.set_xlabel("potential / V")
        axes.legend()
        axes.set_xlim(0.2, 0.5)  # ticks beyond the limits are not drawn

    assert drawn(draw) == []


def test_labels_on_each_other_are_named() -> None:
    def draw(axes) -> None:
        axes.set_xticks([0.0, 0.01, 1.0], ["one name", "another name", "far"])

    assert drawn(draw) == ["'one name' lies on 'another name'"]


@pytest.mark.parametrize(("angle", "collides"), [(45, False), (90, False), (10, True)])
def test_turned_labels_are_compared_as_they_lie(angle: float, collides: bool) -> None:
    def draw(axes) -> None:
        names = [f"sample number {i}" for i in range(20)]
        axes.set_xticks(range(20), names, rotation=angle, ha="right", rotation_mode="anchor")

    assert bool(drawn(draw)) is collides


def test_text_outside_too_small_and_a_page_too_high() -> None:
    def draw(axes) -> None:
        axes.text(1.2, 0.5, "lost", transform=axes.transAxes)
        axes.text(0.5, 0.5, "tiny", fontsize=4)

    figure = style.new_figure(CONFIG, "single", 11)
    figure.set_layout_engine("none")
    draw(figure.subplots())
    figure.canvas.draw()
    assert layout.problems(figure) == [
        "11.0 in high, a page is 9.5 in",
        "'lost': outside of the figure",
        "'tiny': 4.0 pt",
    ]


def over(draw, where: str = "upper left") -> bool:
    """Say whether a legend over what is drawn from (0, 0) to (1, 1) is found; x and y are 0 to 1."""

    def with_legend(axes) -> None:
        draw(axes)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.legend(handles=[Line2D([], [], label="a name")], loc=where)

    return drawn(with_legend) == ["legend 'a name' lies over data"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda axes: axes.plot([0, 1], [0, 1]),
        lambda axes: axes.plot([0.02, 0.95], [0.02, 0.95], "o"),
        lambda axes: axes.scatter([0.02, 0.95], [0.02, 0.95]),
        lambda axes: axes.bar([0.95], [1], 0.2),
        lambda axes: axes.errorbar([0.95], [0.5], [0.5], fmt="none"),
        lambda axes: axes.fill_between([0.8, 1], [0, 0], [1, 1]),
    ],
    ids=["line", "points", "scatter", "bar", "whisker", "area"],
)
def test_a_legend_over_data_is_named(draw) -> None:
    assert over(draw, "upper right")
    assert not over(draw)


def test_a_legend_over_guides_or_over_what_is_not_drawn_is_none() -> None:
    assert not over(lambda axes: (axes.axvline(0.95), axes.axvspan(0.8, 1)), "upper right")
    assert not over(lambda axes: axes.plot([1.2, 1.3], [0, 1]), "upper right")


@pytest.mark.parametrize("n", [1, 3, 8, 12, 21, 40, 80])
@pytest.mark.parametrize("width", [1.8, 2.5, 3.7])
def test_names_of_any_number_of_samples_can_be_read(n: int, width: float) -> None:
    figure = style.new_figure(CONFIG, "double", 2.5)
    axes = figure.subplots()
    style.sample_axis(axes, samples(n), width)
    figure.set_layout_engine("none")
    axes.set_position((0.3, 0.4, width / 7.0, 0.5))
    figure.canvas.draw()
    assert layout.problems(figure) == []


@pytest.mark.parametrize("n", [1, 2, 3, 8, 21, 60])
def test_images_stay_on_the_page_and_are_about_as_large_as_it_lets_them(n: int) -> None:
    columns, blocks, edge = layout.wrapped(n, 4, 7.0, 9.0)
    assert columns * blocks >= n
    assert edge * columns <= 7.0 + 1e-9
    assert edge * 4 * blocks <= 9.0 + 1e-9
    largest = max(min(7.0 / c, 9.0 / (4 * -(-n // c))) for c in range(1, n + 1))
    assert edge >= 0.85 * largest
    assert columns == -(-n // blocks)  # the blocks are about equally full


def test_fonts_are_in_the_pdf_and_the_png_has_300_dots_per_inch(tmp_path: Path) -> None:
    figure = style.new_figure(CONFIG, "single", 2.0)
    figure.subplots().set_title("γ, °C, $mAh\\,g^{-1}$")
    output = {kind: str(tmp_path / f"f.{kind}") for kind in ("pdf", "png", "csv")}
    style.save(figure, Drawing(output, [], True, CONFIG), [{"sample": "a", "value": 1.0}])
    pdf = Path(output["pdf"]).read_bytes()
    fonts = pdf.count(b"/Type /Font ") + pdf.count(b"/Type /FontDescriptor")
    assert fonts > 0
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    with Image.open(output["png"]) as image:
        assert image.size == (975, 600)  # an ACS column is 3.25 in wide
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert Path(output["csv"]).read_text(encoding="utf-8") == "sample,value\na,1\n"


def test_the_last_bits_of_places_do_not_reach_the_files(tmp_path, monkeypatch) -> None:
    """The layout's solver leaves other last bits in each run; the places here end on half of a pixel or decimal."""
    execute = ConstrainedLayoutEngine.execute
    noise = 0.0

    def shaken(engine, figure) -> None:
        execute(engine, figure)
        for part in figure.subfigs:
            box = part.bbox_relative
            box.set_points(np.round(box.get_points(), 2) + 5e-7 + noise)
        for axes in figure.axes:
            bounds = np.round(axes.get_position(original=True).bounds, 2) + 0.5 / 600 + noise
            axes._set_position(bounds, which="original")

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", shaken)
    files = []
    for noise in (-1e-14, 0.0, 1e-14):  # noqa: B007 (read by `shaken`)
        figure = style.new_figure(CONFIG | {"dpi": 100}, "double", 6)
        figure.set_figwidth(6)
        for part in figure.subfigures(2, 1):
            axes = part.subplots()
            image = axes.imshow(np.arange(12).reshape(3, 4), aspect="auto")
            part.colorbar(image, ax=axes)
        output = {kind: str(tmp_path / f"fig.{kind}") for kind in ("pdf", "svg", "png", "csv")}
        style.save(figure, Drawing(output, [], True, CONFIG), [])
        files.append([(tmp_path / f"fig.{kind}").read_bytes() for kind in ("pdf", "svg", "png")])
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize("n", [9, 14])
def test_a_legend_below_stands_above_the_notes(n: int) -> None:
    figure = style.new_figure(CONFIG | {"dpi": 100}, "double", 3)
    (line,) = figure.subplots().plot([0, 1], [0, 1])
    style.legend_below(figure, {f"400 °C, sample {i}": line for i in range(n)})
    style.explain(figure, "dots: single cells")
    style.mark_simulated(figure, True)
    figure.canvas.draw()
    legend = figure.legends[0]
    lowest = min(text.get_window_extent().y0 for text in legend.get_texts())
    assert lowest > max(text.get_window_extent().y1 for text in figure.texts)
    columns = Counter(round(text.get_window_extent().x0) for text in legend.get_texts())
    assert (len(columns) - 1) * max(columns.values()) < n  # no more columns than its lines need


def of_two_factors() -> list[dict[str, str]]:
    """Twelve samples at three temperatures and four times, too long in words for an axis; one without a coating."""
    settings = [(t, h) for t in (300, 400, 500) for h in (1, 2, 4, 8)]
    rows = [{"sample": "bare", "role": "uncoated", "label": "bare NCM85"}]
    rows += [
        {
            "sample": f"s{i:02d}", "role": "coated", "label": f"{t} °C, {h} h, 100 % O2, 2 wt%",
            "temperature": str(t), "time": str(h),
        }
        for i, (t, h) in enumerate(settings)
    ]  # fmt: skip
    times = Factor("time", "annealing time", "h")
    return with_axis(rows, [Factor("temperature", "annealing temperature", "°C"), times])


@pytest.mark.parametrize("width", [2.5, 3.7])
def test_below_ids_stand_the_settings_of_the_factor(width: float) -> None:
    shown = ordered(of_two_factors())
    figure = style.new_figure(CONFIG, "double", 2.5)
    axes = figure.subplots()
    style.sample_axis(axes, shown, width)
    figure.set_layout_engine("none")
    axes.set_position((0.3, 0.5, width / 7.0, 0.4))
    figure.canvas.draw()
    (below,) = axes.child_axes
    named = {
        label.get_text(): tick
        for label, tick in zip(below.get_xticklabels(), below.get_xticks(), strict=True)
    }
    assert below.get_xlabel() == shown[1]["axis_label"]
    for text, place in named.items():  # in the middle of those that have it, which stand together
        own = [i for i, s in enumerate(shown) if s.get("axis_tick") == text]
        assert own == list(range(own[0], own[-1] + 1)) and place == np.mean(own)
    assert set(named) == {s["axis_tick"] for s in shown[1:]}
    assert layout.problems(figure) == []


def test_many_curves_are_named_by_the_setting_that_they_share() -> None:
    shown = ordered(of_two_factors())
    figure = style.new_figure(CONFIG, "double", 4)
    t = np.linspace(2, 4, 20)
    lines = {(s["sample"], c, d): (t, t) for s in shown for c, d, _ in fig5_dqdv.HALVES}
    codings = style.codings(shown)
    fig5_dqdv.draw_panel(figure, figure.subplots(), lines, [], shown, codings, "potential / V")
    (legend,) = figure.legends
    texts = [t.get_text() for t in legend.get_texts()]
    settings = dict.fromkeys(s["axis_tick"] for s in shown[1:])
    assert [t.split(": ")[0] for t in texts] == ["bare NCM85", *settings]
    named = [name for text in texts[1:] for name in text.split(": ")[1].split(", ")]
    assert named == [s["sample"] for s in shown[1:]]
    assert legend.get_title().get_text() == f"by {shown[1]['axis_label']}"
    figure.canvas.draw()
    assert layout.problems(figure) == []
