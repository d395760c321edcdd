"""Figures of ToF-SIMS, from files alone: one scale per fragment, every region a point, equal bytes for equal data."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import save_rows
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.figures import fig6, sims_boxes, sims_maps, sims_nmf, sims_pca, sims_quicklook
from coatbench.figures.drawing import Drawing
from coatbench.sims import jobs
from coatbench.sims.analyse import analyse
from coatbench.sims.collect import collect
from coatbench.sims.fragments import load_fragments
from coatbench.sims.nmf import factorise
from coatbench.sims.peaks import named_intervals, named_peaks
from coatbench.tables import read_table, write_table
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .small_study import make_study

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/tables/sims.yaml").read_text(encoding="utf-8"))
MAPS = ["S2", "PO2"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables and maps of a small study."""
    folder = tmp_path_factory.mktemp("figures")
    rows = make_study(folder / "study")
    tables: dict[str, list[dict]] = {}
    for sample in ("bare", "coated"):
        own = [r for r in rows if r["sample"] == sample]
        found = analyse(
            own, [folder / "study" / "sims" / r["file"] for r in own], jobs.reduce_config(own, CONFIG["sims"]),
            fragments=[],
        )  # fmt: skip
        save_curves(found.curves, folder / f"{sample}.nc")
        for name, part in found.tables.items():
            tables.setdefault(name, []).extend(part)
    whole = collect(
        tables, samples(folder), CONFIG["sims"], reference="bare", fragments=load_fragments()
    )
    for name, part in whole.items():
        write_table(part, list(SCHEMA[name]), folder / f"{name}.csv")
    return folder


def samples(made: Path) -> list[dict[str, str]]:
    with (made / "study" / "samples.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def draw(module, made: Path, *inputs: object) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """Draw a figure twice, see that the bytes are equal, and return its paths."""
    paths = []
    for k in range(2):
        output = {
            kind: str(made / f"{module.__name__}_{k}.{kind}") for kind in ("pdf", "png", "csv")
        }
        drawing = Drawing(output, samples(made), True, CONFIG["figures"], "bare")
        module.draw(drawing, *inputs, sims=CONFIG["sims"] | {"map_fragments": MAPS})
        paths.append(output)
    for kind, path in paths[0].items():
        assert Path(path).read_bytes() == Path(paths[1][kind]).read_bytes()
    return paths[0]


def test_maps_of_a_fragment_share_their_scale(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = Axes.imshow

    def watched(axes, image, **options):  # type: ignore[no-untyped-def]
        drawn.append((image, options["vmin"], options["vmax"]))
        return real(axes, image, **options)

    monkeypatch.setattr(Axes, "imshow", watched)
    curves = [str(made / f"{s}.nc") for s in ("bare", "coated")]
    rows = read_table(draw(sims_maps, made, curves, str(made / "sims_regions.csv"))["csv"])
    assert [(r["fragment"], r["sample"]) for r in rows] == [
        (f, s) for f in MAPS for s in ("bare", "coated")
    ]
    for k, fragment in enumerate(MAPS):
        (one, *scale_one), (other, *scale_other) = drawn[2 * k : 2 * k + 2]
        top = np.percentile(np.concatenate([one[one >= 0], other[other >= 0]]), 99)
        assert scale_one == scale_other == [0, pytest.approx(top)]
        (told,) = {r["scale_maximum"] for r in rows if r["fragment"] == fragment}
        assert told == pytest.approx(top)
        assert np.nanmean(other) < 0.7 * np.nanmean(one)  # the coated sample has half of it


def test_unusable_images_are_in_no_map(made: Path, tmp_path: Path) -> None:
    """The bare sample has twice the ions: its images would scale those of the other, and be among the parts of pixels."""
    bad = {"quality": "unusable", "quality_note": "mass scale"}
    regions = read_table(made / "sims_regions.csv")
    judged = [r | (bad if r["sample"] == "bare" else {}) for r in regions]
    write_table(judged, list(SCHEMA["sims_regions"]), tmp_path / "sims_regions.csv")
    curves = [str(made / f"{s}.nc") for s in ("bare", "coated")]
    all_rows, rows = (
        read_table(draw(sims_maps, made, curves, str(folder / "sims_regions.csv"))["csv"])
        for folder in (made, tmp_path)
    )
    assert {r["sample"] for r in all_rows} == {"bare", "coated"}
    assert {r["sample"] for r in rows} == {"coated"} and [r["fragment"] for r in rows] == MAPS
    before = {r["fragment"]: r["scale_maximum"] for r in all_rows}
    assert all(r["scale_maximum"] < 0.8 * before[r["fragment"]] for r in rows)
    parts = factorise(curves, judged, 2, 7)
    assert parts is not None and list(parts.maps) == ["coated"]


def test_every_region_is_a_point_of_its_box(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = []
    scatter = Axes.scatter
    monkeypatch.setattr(
        Axes,
        "scatter",
        lambda a, x, y, **o: (points.extend(zip(x, y, strict=True)), scatter(a, x, y, **o))[1],
    )
    regions = read_table(made / "sims_regions.csv")
    rows = read_table(draw(sims_boxes, made, str(made / "sims_regions.csv"))["csv"])
    counted = {g for parts in CONFIG["sims"]["main_groups"].values() for g in parts}
    assert len(rows) == sum(r["group"] in counted for r in regions) > 0
    shown = [r["relative_to_reference_mean"] for r in rows]
    assert [y for _, y in points] == pytest.approx(2 * shown)  # drawn twice
    # Four fragments beside each other, a free place between two, each sample in its own place.
    fragments = list(dict.fromkeys(r["fragment"] for r in rows))
    own = list(dict.fromkeys(r["sample"] for r in rows))
    places = [
        fragments.index(r["fragment"]) % sims_boxes.COLUMNS * (len(own) + 1)
        + own.index(r["sample"])
        for r in rows
    ]
    assert [round(x) for x, _ in points] == 2 * places
    bare = [r["relative_to_reference_mean"] for r in rows if r["sample"] == "bare"]
    assert np.mean(bare) == pytest.approx(1)


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [3.0, 1.0, 2.0, 2.5, 9.0, 0.1]])
def test_a_box_is_that_of_matplotlib(values: list[float]) -> None:
    axes = Figure().subplots()
    sims_boxes._boxes(axes, {4: (values, "red", [False] * len(values))})
    lines, median = (
        [np.asarray(s)[:, 1].tolist() for s in c.get_segments()] for c in axes.collections[:2]
    )
    own = Figure().subplots().boxplot([values])
    assert median == [own["medians"][0].get_ydata().tolist()]
    box, *whiskers = lines
    assert sorted(set(box)) == sorted(set(own["boxes"][0].get_ydata().tolist()))
    drawn = [line.get_ydata().tolist() for k in ("whiskers", "caps") for line in own[k]]
    assert sorted(whiskers) == sorted(drawn)


def test_scores_and_loadings(made: Path) -> None:
    rows = read_table(
        draw(sims_pca, made, *(str(made / f"sims_{n}.csv") for n in ("scores", "weights", "regions")))["csv"]
    )  # fmt: skip
    scores = [r for r in rows if r["kind"] == "score"]
    assert len(scores) == 6
    assert {r["weighting"] for r in scores} == {CONFIG["sims"]["headline_weighting"]}
    assert {r["weighting"] for r in rows if r["kind"] == "loading"} == {
        "pca_none", "pca_max", "pca_autoscale", "pca_poisson",
    }  # fmt: skip
    means = {s: np.mean([r["pc1"] for r in scores if r["sample"] == s]) for s in ("bare", "coated")}
    assert means["bare"] > means["coated"]  # more of the fragments, a higher score


@pytest.mark.parametrize(
    ("fragment", "open_symbols"), [("S2", True), ("F", False)], ids=["counts", "counts not"]
)
def test_scores_of_doubtful_images_are_open(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fragment: str, open_symbols: bool
) -> None:
    """As in the boxes of the same regions."""
    regions = read_table(made / "sims_regions.csv")
    one = regions[0]["sample"], regions[0]["region"]
    doubted = [
        r | ({"quality": "doubtful", "quality_note": "saturated"} if (r["sample"], r["region"], r["fragment"]) == (*one, fragment) else {"quality": "ok"})
        for r in regions
    ]  # fmt: skip
    write_table(doubted, list(SCHEMA["sims_regions"]), tmp_path / "sims_regions.csv")
    kept: list[Figure] = []
    write = sims_pca.style.save
    monkeypatch.setattr(
        sims_pca.style,
        "save",
        lambda figure, *a, **k: (kept.append(figure), write(figure, *a, **k)),
    )
    tables = (str(made / f"sims_{n}.csv") for n in ("scores", "weights"))
    drawn = read_table(draw(sims_pca, made, *tables, str(tmp_path / "sims_regions.csv"))["csv"])
    scores = [r for r in drawn if r["kind"] == "score"]
    found = [(r["sample"], r["region"]) for r in scores if r["quality"] == "doubtful"]
    assert found == ([one] if open_symbols else [])
    axes = kept[0].axes[0]
    white = [c for c in axes.collections if (c.get_facecolor()[0][:3] == 1).all()]
    assert sum(len(c.get_offsets()) for c in white) == open_symbols
    assert any("Open: doubtful" in t.get_text() for t in kept[0].texts) == open_symbols
    labels = axes.get_legend_handles_labels()[1]
    assert len(labels) == len(set(labels)) == 2


def test_figure_6_shows_groups_and_main_groups(made: Path) -> None:
    rows = read_table(draw(fig6, made, str(made / "sims_degradation.csv"))["csv"])
    main = list(CONFIG["sims"]["main_groups"])
    groups = [g for parts in CONFIG["sims"]["main_groups"].values() for g in parts]
    assert [r["group"] for r in rows] == [*groups, *main]
    for row in rows:
        assert row["sample"] == "coated"
        assert row["relative_degradation_ci_low"] < 0.5 < row["relative_degradation_ci_high"]


def test_the_legend_of_figure_6_stands_above_the_reference(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Figure] = []
    write = fig6.style.save
    monkeypatch.setattr(
        fig6.style, "save", lambda figure, *a, **k: (kept.append(figure), write(figure, *a, **k))
    )
    draw(fig6, made, str(made / "sims_degradation.csv"))
    kept[0].canvas.draw()
    for axes in kept[0].axes:
        legend = axes.get_legend().get_window_extent()
        assert axes.transData.transform((0, 1))[1] < legend.y0


@pytest.mark.parametrize(
    ("module", "tables"),
    [(fig6, ["sims_degradation"]), (sims_boxes, ["sims_regions"]), (sims_pca, ["sims_scores", "sims_weights", "sims_regions"])],
)  # fmt: skip
def test_nothing_measured(made: Path, tmp_path: Path, module, tables: list[str]) -> None:  # type: ignore[no-untyped-def]
    for name in tables:
        write_table([], list(SCHEMA[name]), tmp_path / f"{name}.csv")
    assert (
        read_table(draw(module, made, *(str(tmp_path / f"{n}.csv") for n in tables))["csv"]) == []
    )


@pytest.mark.parametrize("kind", ["bif6", "grd"])
def test_the_quicklook_shows_named_and_unassigned_peaks(tmp_path: Path, kind: str) -> None:
    """Ions of an event list that are no fragments are seen; the analyst's intervals are bars at their corrected masses."""
    rows = make_study(tmp_path / "study", regions=1, kind=kind)[:1]
    files = [tmp_path / "study" / "sims" / rows[0]["file"]]
    table = load_fragments()
    found = analyse(
        rows, files, jobs.reduce_config(rows, CONFIG["sims"]),
        fragments=jobs.reduce_fragments(rows, table, CONFIG["sims"]),
    )  # fmt: skip
    save_curves(found.curves, tmp_path / "all.nc")
    save_rows(found, tmp_path / "all.json")
    peaks = (
        named_peaks(found.curves["spectrum"], table)
        if kind == "grd"
        else named_intervals(found.tables["sims_regions"], table, CONFIG["sims"])
    )
    names = {p["name"]: p["kind"] for p in peaks}
    assert {"S2", "SO2", "PO3"} <= {n for n, kind in names.items() if kind == "fragment"}
    if kind == "grd":
        assert names["F"] == names["C2H"] == "ion" and names["m/z 69.938"] == "unassigned"
    output = {kind: str(tmp_path / f"a.{kind}") for kind in ("png", "webp")}
    drawing = Drawing(output, [{"sample": "bare", "role": "uncoated"}], True, CONFIG["figures"])
    curves, rows = [str(tmp_path / "all.nc")], [str(tmp_path / "all.json")]
    sims_quicklook.draw(drawing, curves, rows, spectrum=lambda rows, events: peaks)
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_parts_of_pixels_come_back(tmp_path: Path) -> None:
    """Two planted parts that no pixel shares evenly, with Poisson noise: loadings within 5 %, twice the same bytes."""
    rng = np.random.default_rng(4)
    names = ["S2", "SO2", "PO2", "PO3", "PS2"]
    planted = np.array([[0.5, 0.3, 0.0, 0.0, 0.2], [0.0, 0.0, 0.45, 0.35, 0.2]])
    regions = []
    for sample in ("bare", "coated"):
        share = np.where(
            rng.random((40, 40)) < 0.3, rng.random((40, 40)), rng.random((40, 40)) < 0.5
        )
        counts = rng.poisson(400 * np.einsum("kyx,kf->fyx", [share, 1 - share], planted))
        total = counts.sum(axis=0)
        maps = Arrays.of(
            {"normalised_intensity": (("image", "y", "x"), counts / total), "total_counts": (("y", "x"), total)},
            coords={"number": ("image", np.arange(1, 6))}, attrs={"sample": sample, "region": "1"},
        )  # fmt: skip
        save_curves({"maps": maps}, tmp_path / f"{sample}.nc")
        regions += [
            {"sample": sample, "region": "1", "number": i + 1, "fragment": f, "group": "g"} for i, f in enumerate(names)
        ]  # fmt: skip
    curves = [str(tmp_path / f"{s}.nc") for s in ("bare", "coated")]
    first, second = (factorise(curves, regions, 2, 7) for _ in range(2))
    assert first is not None and second is not None
    assert np.array_equal(first.loadings, second.loadings)
    found = sorted(first.loadings.tolist(), key=lambda row: -row[0])
    np.testing.assert_allclose(found, planted, atol=0.05)
    assert factorise(curves, regions, 6, 7) is None
    shown = [{"sample": s, "role": r} for s, r in (("bare", "uncoated"), ("coated", "coated"))]
    output = {k: str(tmp_path / f"nmf.{k}") for k in ("pdf", "png", "csv", "webp")}
    sims_nmf.draw(Drawing(output, shown, False, CONFIG["figures"], "bare"), first, {})
    with Path(output["csv"]).open() as stream:
        assert len(list(csv.DictReader(stream))) == 2 * 5
