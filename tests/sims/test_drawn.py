"""Maps and boxes of made regions: scale bars of unequal fields, what is not relative to the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
from coatbench.figures import fig6, sims_boxes, sims_maps
from coatbench.figures.drawing import Drawing
from coatbench.tables import write_table
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/tables/sims.yaml").read_text(encoding="utf-8"))
SAMPLES = [
    {"sample": "bare", "role": "uncoated", "label": "bare"},
    {"sample": "c400", "role": "coated", "label": "400 °C", "annealing_temperature_degC": "400"},
]


def regions(folder: Path, of: dict[str, list[str]]) -> str:
    rows = [
        {"sample": sample, "region": "01", "number": float(1 + i), "fragment": fragment, "group": "polysulfide",
         "normalised_intensity": 0.1 * (1 + i), "quality": "ok"}
        for sample, fragments in of.items()
        for i, fragment in enumerate(fragments)
    ]  # fmt: skip
    write_table(rows, list(SCHEMA["sims_regions"]), folder / "sims_regions.csv")
    return str(folder / "sims_regions.csv")


@pytest.mark.parametrize(
    ("fields_um", "bars"),
    [((100.0, 100.0), ["20 µm"]), ((100.0, 500.0), ["20 µm", "200 µm"])],
)
def test_images_of_unequal_fields_have_a_scale_bar_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields_um: tuple, bars: list[str]
) -> None:
    """All images are drawn equally large: the bar of the first was read on the others."""
    curves = []
    for sample, field in zip(("bare", "c400"), fields_um, strict=True):
        image = np.random.default_rng(1).random((1, 8, 8))
        data = Arrays.of(
            {"normalised_intensity": (("image", "y", "x"), image), "number": ("image", np.array([1]))},
            {}, {"sample": sample, "region": "01", "field_of_view_um": field},
        )  # fmt: skip
        curves.append(str(tmp_path / f"{sample}.nc"))
        save_curves({"maps": data}, curves[-1])
    kept: list[Figure] = []
    monkeypatch.setattr(sims_maps.style, "save", lambda figure, *_: kept.append(figure))
    sims_maps.draw(
        Drawing({}, SAMPLES, True, CONFIG["figures"], "bare"), curves,
        regions(tmp_path, {"bare": ["S2"], "c400": ["S2"]}), sims=CONFIG["sims"],
    )  # fmt: skip
    assert [
        t.get_text() for axes in kept[0].axes for t in axes.texts if "µm" in t.get_text()
    ] == bars


def test_a_fragment_that_the_reference_lacks_is_not_called_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its intensities stood on an axis that says relative to reference."""
    kept: list[Figure] = []
    monkeypatch.setattr(sims_boxes.style, "save", lambda figure, *_: kept.append(figure))
    sims_boxes.draw(
        Drawing({}, SAMPLES, True, CONFIG["figures"], "bare"),
        regions(tmp_path, {"bare": ["S2"], "c400": ["S2", "S3"]}), sims=CONFIG["sims"],
    )  # fmt: skip
    written = [t.get_text() for axes in kept[0].axes for t in axes.texts]
    assert [sims_boxes.NOT_RELATIVE in t for t in written if t.startswith("S")] == [False, True]


def test_a_value_without_an_interval_has_no_error_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had one of no length, whose cap says that the value is certain."""
    ends = {"relative_degradation_ci_low": 1.5, "relative_degradation_ci_high": 3.0}
    rows = [
        {"sample": "c400", "group": group, "weighting": CONFIG["sims"]["headline_weighting"], "relative_degradation": 2.0,
         "n_regions": 1.0, "quality": "doubtful"} | own
        for group, own in (("polysulfide", ends), ("sulfite_sulfate", {}))
    ]  # fmt: skip
    table = tmp_path / "sims_degradation.csv"
    write_table(rows, list(SCHEMA["sims_degradation"]), table)
    kept: list[Figure] = []
    monkeypatch.setattr(fig6.style, "save", lambda figure, *_: kept.append(figure))
    fig6.draw(
        Drawing({}, SAMPLES, True, CONFIG["figures"], "bare"), str(table), sims=CONFIG["sims"]
    )
    bars = [c for c in kept[0].axes[0].containers if c.__class__.__name__ == "ErrorbarContainer"]
    drawn = [
        np.isfinite(np.asarray(caps.get_ydata(), float)).all()
        for bar in bars
        for caps in bar.lines[1]
    ]
    assert sorted(drawn) == [False, False, True, True]
