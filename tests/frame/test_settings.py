"""config.yaml and study.yaml are held against the schemas, in words."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from coatbench.errors import StudyError
from coatbench.settings import config_schema, load_study_settings, settings_problems
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


def test_every_key_of_the_schema_is_described() -> None:
    def walk(schema: dict, place: str) -> None:
        for key, part in schema.get("properties", {}).items():
            assert "description" in part, f"{place}.{key} has no description"
            walk(part, f"{place}.{key}")

    schema = config_schema(SCHEMAS)
    walk(schema, "config")


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
