"""Samples are told apart in print and by the colour-blind."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import pytest
from coatbench.figures import style
from conftest import ROOT

STUDY = [
    {"sample": "bare", "role": "uncoated", "annealing_temperature_degC": ""},
    *(
        {"sample": f"c{t}", "role": "coated", "annealing_temperature_degC": str(t)}
        for t in (25, 100, 200, 300, 400, 500, 600, 700)
    ),
    {"sample": "powder", "role": "precursor", "annealing_temperature_degC": ""},
]


def contrast_on_white(colour: object) -> float:
    """Contrast ratio of WCAG 2.2."""
    rgb = mpl.colors.to_rgb(colour)  # type: ignore[arg-type]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    return 1.05 / (sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05)


def test_every_sample_stands_out_of_the_paper() -> None:
    for name, coding in style.codings(STUDY).items():
        assert contrast_on_white(coding.colour) >= 3, name


def test_what_a_person_has_set_for_other_plots_changes_no_figure(tmp_path: Path) -> None:
    """A matplotlibrc of a person, of a working folder or of the environment is read by every process."""
    own = tmp_path / "matplotlibrc"
    own.write_text("axes.grid: True\nimage.cmap: jet\nsavefig.dpi: 30\nxtick.minor.visible: True\n")
    code = f"""
import sys, matplotlib as mpl
sys.path.insert(0, {str(ROOT / "workflow")!r})
from coatbench.figures import style
style.apply({{"font_size_pt": 7, "fonts": ["DejaVu Sans"], "dpi": 300}})
print({{k: v for k, v in mpl.rcParams.items() if k != "backend"}})
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | more,
            text=True,
            capture_output=True,
            check=True,
        ).stdout
        for more in ({}, {"MATPLOTLIBRC": str(own)})
    ]
    assert said[0] == said[1] != ""


@pytest.mark.parametrize("kind", ["dash", "marker"])
def test_neighbours_differ_in_more_than_colour(kind: str) -> None:
    drawn = [getattr(c, kind) for s, c in style.codings(STUDY).items() if s.startswith("c")]
    assert all(a != b for a, b in pairwise(drawn))


def test_one_more_temperature_changes_no_other_sample() -> None:
    before = style.codings(STUDY)
    more = {"sample": "c310", "role": "coated", "annealing_temperature_degC": "310"}
    after = style.codings([*STUDY, more])
    assert {k: after[k] for k in before} == before
