"""Fonts and formulas of figures."""

from __future__ import annotations

import doctest

import pytest
from coatbench.figures import lettering, style
from coatbench.figures.lettering import LAST, font_families, formula, in_words, letters
from conftest import ROOT


def test_examples() -> None:
    assert doctest.testmod(lettering).failed == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("LiNbO3", "LiNbO$_{3}$"),
        ("0.5 wt% Al2O3, 300 °C", "0.5 wt% Al$_{2}$O$_{3}$, 300 °C"),
        ("Li1.2Ni0.8O2", "Li$_{1.2}$Ni$_{0.8}$O$_{2}$"),
        ("Ca(OH)2", "Ca(OH)$_{2}$"),
        # What only looks like one.
        ("NCM85", "NCM85"),
        ("N400", "N400"),
        ("C1s Scan", "C1s Scan"),
        ("sample_CO2b", "sample_CO2b"),
        ("costs $5$", r"costs \$5\$"),
    ],
)
def test_formulas_in_a_label(text: str, shown: str) -> None:
    assert in_words(text) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [("SO2", "SO$_{2}$"), ("S4", "S$_{4}$"), ("LiSO3", "LiSO$_{3}$"), ("OH-", "OH$^{-}$"),
     ("Cl", "Cl"), ("S/P", "S/P"), ("polysulfide", "polysulfide"), ("S_2- _ ( SO_2- )", "S_2- _ ( SO_2- )")],
)  # fmt: skip
def test_fragments(name: str, shown: str) -> None:
    assert formula(name) == shown


def test_only_shown_letters_count() -> None:
    assert letters(in_words("Li3PS4")) == len("Li3PS4")
    assert letters(in_words("a$b")) == 3


def test_the_first_installed_font_is_used_and_named(caplog: pytest.LogCaptureFixture) -> None:
    font_families.cache_clear()
    with caplog.at_level("INFO"):
        assert font_families(("No such font", LAST)) == [LAST]
        assert font_families(("No such font",)) == [LAST]
    assert "font: DejaVu Sans" in caplog.text


def test_labels_of_samples_are_set_as_formulas_and_ids_never() -> None:
    assert style.label({"sample": "Al2O3", "label": ""}) == "Al2O3"
    assert style.label({"sample": "a", "label": "Al2O3"}) == "Al$_{2}$O$_{3}$"


def test_the_default_config_names_fonts_with_arial_metrics_first() -> None:
    import yaml

    fonts = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["figures"]["fonts"]
    assert fonts[0] == "Arial" and fonts[-1] == LAST
