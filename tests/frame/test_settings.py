"""config.yaml and study.yaml are held against the schemas, in words."""

from __future__ import annotations

import copy
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from coatbench import settings
from coatbench.errors import StudyError
from coatbench.settings import load_study_settings
from coatbench.settings_schema import config_schema, settings_problems, sources
from conftest import ROOT
from jsonschema import Draft202012Validator

SCHEMAS = ROOT / "workflow" / "schemas"


@pytest.fixture
def config() -> dict:
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def test_schema_is_valid_and_config_satisfies_it(config: dict) -> None:
    Draft202012Validator.check_schema(config_schema(SCHEMAS))
    assert settings_problems(config, SCHEMAS) == []


def test_every_section_refuses_unknown_keys(config: dict) -> None:
    for section in ("figures", "xps", "tga_ms", "leis", "cycling", "sims", "stem", "ranking"):
        changed = copy.deepcopy(config)
        changed[section]["a_typo"] = 1
        found = settings_problems(changed, SCHEMAS)
        assert len(found) == 1
        assert section in found[0]
        assert "a_typo" in found[0]


def test_problems_are_in_words(config: dict) -> None:
    config["figures"]["dpi"] = "many"
    config["figures"]["font_size_pt"] = 1
    config["studdy"] = "x"
    found = "\n".join(settings_problems(config, SCHEMAS))
    assert "config: figures.dpi: expected a whole number, found 'many'" in found
    assert "config: figures.font_size_pt: expected at least 4.5, found '1'" in found
    assert "studdy" in found


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module("make_settings")


def test_the_examples_run() -> None:
    done = doctest.testmod(settings)
    assert done.attempted > 1 and not done.failed


def test_every_key_is_explained(maker: ModuleType) -> None:
    for name, (keys, types) in sources(SCHEMAS).items():
        if name != "types":
            assert [key for key, *_, said in maker.rows(keys) if not said] == [], name
        comments = " ".join(re.findall(r"# ?(.*)", keys))
        for key, *_, said in maker.rows(types) if types else ():
            word = key.rpartition(".")[2]
            assert "." not in key or word == "<<" or said or re.search(rf"\b{word}\b", comments), (
                key
            )


def test_the_config_that_is_shipped_is_the_one_that_is_made(maker: ModuleType) -> None:
    # The one that was committed: values that somebody sets in a checkout are no fault.
    shipped = subprocess.run(["git", "show", "HEAD:./config.yaml"], cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    if shipped.returncode:
        pytest.skip("no git checkout: config.yaml may hold values of somebody's own")
    assert shipped.stdout == maker.config(), "edit workflow/schemas/config and run: make docs"


def test_the_types_are_those_that_are_made(maker: ModuleType) -> None:
    path = ROOT / "workflow" / "coatbench" / "config_types.py"
    assert path.read_text(encoding="utf-8") == maker.types(), "run: make docs"


def test_a_misspelled_key_is_an_error_of_types(tmp_path: Path) -> None:
    path = tmp_path / "reads.py"
    path.write_text(
        "from coatbench.config_types import XpsConfig\n"
        "def f(config: XpsConfig) -> float:\n"
        '    a: str = config["coverage"]["contamination_density"]\n'
        '    b: float = config["coverage"]["contamination_density"]\n'
        '    return config["coverage"]["contamination_densty"]\n'
    )
    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=pyproject.toml", "--cache-dir", tmp_path / "cache", path],
        cwd=ROOT, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert re.findall(r"reads\.py:(\d+): error: (\w+)", said) == [
        ("3", "Incompatible"),
        ("5", "TypedDict"),
    ]


def test_values_of_ones_own_stay(maker: ModuleType, tmp_path: Path) -> None:
    for folder in ("docs", "workflow/coatbench"):
        (tmp_path / folder).mkdir(parents=True)
    maker.write(tmp_path)
    path = tmp_path / "config.yaml"
    assert path.read_text(encoding="utf-8") == maker.config()
    path.write_text(maker.config().replace("# K;", "# kelvin;"), encoding="utf-8")
    maker.write(tmp_path)
    assert path.read_text(encoding="utf-8") == maker.config()
    own = maker.config().replace("dpi: 300", "dpi: 600")
    path.write_text(own, encoding="utf-8")
    maker.write(tmp_path)
    assert path.read_text(encoding="utf-8") == own


@pytest.mark.parametrize(
    ("tag", "fits", "else_"),
    [
        ("", 0.5, "a"),
        ("number(0..1)", 1, 1.1),
        ("number(0..1)", 0, -0.1),
        ("integer(2..)", 2, 2.5),
        ("integer(2..)", 9, 1),
        ("positive(..3)", 3, 0),
        ("positive(..3)", 0.1, 3.1),
        ("boolean", True, 1),
        ("text", "", 1),
        ("one_of(a/b)", "b", "c"),
        ("list(integer)", [], [0.5]),
        ("some(text)", ["a"], []),
        ("pair(number)", [1, 2], [1, 2, 3]),
        ("or_null(pair(number))", None, [1]),
        ("each(integer(0..))", {"a": 0}, {"a": -1}),
        ("named(short/text)", {"a": "b"}, {"ab": "b"}),
        ("record", {"a": 1}, {"b": 1}),
        ("more", {"a": 1, "c": "d"}, {"a": 1}),
        ("either", {"a": 1}, {"a": "b"}),
    ],
)
def test_a_tag_is_a_type(tmp_path: Path, tag: str, fits: object, else_: object) -> None:
    types = """short: !schema {type: string, maxLength: 1}
record:
  a: !number
  b: !number?
more:
  <<: !record
  c: !text
either: !schema
  anyOf: [{type: string}, !record ]
"""
    (tmp_path / "config").mkdir()
    for name, text in {"top_level": "study: s\n", "types": types, "x": f"x:\n  key: !{tag}? 0.1\n"}.items():  # fmt: skip
        (tmp_path / "config" / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert settings_problems({"study": "s", "x": {"key": fits}}, tmp_path) == []
    assert settings_problems({"study": "s", "x": {}}, tmp_path) == []
    (said,) = settings_problems({"study": "s", "x": {"key": else_}}, tmp_path)
    assert said.startswith("config: x.key")


def test_study_yaml(tmp_path: Path) -> None:
    assert load_study_settings(tmp_path).overrides == {}
    path = tmp_path / "study.yaml"
    path.write_text("title: T\nsimulated: true\nleis: {a: 1}\nconfig: {xps: {b: 2}}\n")
    settings = load_study_settings(tmp_path)
    assert (settings.title, settings.simulated) == ("T", True)
    assert settings.overrides == {"leis": {"a": 1}, "xps": {"b": 2}}
    assert settings.simulator is None
    for text in ("title: [1]\n", "simulated: perhaps\n", "[1, 2]\n", "a: b: c\n", "config: 3\n"):
        path.write_text(text)
        with pytest.raises(StudyError) as caught:
            load_study_settings(tmp_path)
        assert str(path) in str(caught.value)
