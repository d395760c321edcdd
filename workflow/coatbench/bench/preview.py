"""A measurement analysed anew with other settings, as its quick-look shows it: TGA-MS, cycling, STEM."""

from __future__ import annotations

import copy
import importlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..analysis import Analysis, save_rows
from ..curves import save_curves
from ..errors import CoatbenchError, StudyError
from ..figures.drawing import Drawing
from ..settings import load_study_settings
from ..study import Study, load_study
from ..techniques import TECHNIQUES

ADJUSTED = [name for name, about in TECHNIQUES.items() if about.by_eye]


def unit_columns(technique: str) -> tuple[str, ...]:
    """Return the columns of the index that tell what is analysed together."""
    about = TECHNIQUES[technique]
    return about.unit_columns or about.index.key[:1]


def study_of(folder: str | Path, results: str | Path) -> Study:
    """Return the study of a finished run; a simulated one has its exports in the results.

    Raises
    ------
    StudyError
        Its tables are not valid.
    """
    settings = load_study_settings(folder)
    made = Path(results) / "exports" if settings.simulator is not None else None
    return load_study(folder, title=settings.title, simulated=settings.simulated, made_in=made)


def fields(config: Mapping[str, Any], technique: str) -> dict[str, Any]:
    """Return the settings that can be changed: dotted key -> value, dictionaries key by key.

    Examples
    --------
    >>> config = {"stem": {"thresholds": None, "layer_contrast": [0.05, 0.8]}}
    >>> fields(config, "stem")
    {'thresholds': None, 'layer_contrast': [0.05, 0.8]}
    """
    found: dict[str, Any] = {}

    def add(key: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                add(f"{key}.{name}", inner)
        elif not isinstance(value, str):
            found[key] = value

    for key in TECHNIQUES[technique].by_eye:
        value: Any = config[technique]
        for part in key.split("."):
            value = value.get(part, ...) if isinstance(value, Mapping) else ...
        if value is not ...:
            add(key, value)
    return found


def changed(config: Mapping[str, Any], technique: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration with fields set to what was typed, read as YAML.

    Raises
    ------
    StudyError
        A text that is no value.
    """
    found = copy.deepcopy(dict(config))
    for key, text in texts.items():
        *path, last = key.split(".")
        section = found[technique]
        for part in path:
            section = section[part]
        try:
            section[last] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise StudyError([f"{technique}.{key}: expected a value, found {text!r}"]) from error
    return found


def analysed(
    study: Study, technique: str, unit: tuple[str, ...], config: Mapping[str, Any]
) -> Analysis:
    """Analyse one unit's exports with a configuration.

    Raises
    ------
    StudyError
        Why it cannot be analysed, in one line.
    """
    where = dict(zip(unit_columns(technique), unit, strict=True))
    section = dict(config[technique])
    if technique == "cycling":
        own = section["protocols"][where["protocol"]]
        section["protocols"] = {where["protocol"]: {"first": "charge"} | own}
    module = importlib.import_module(f"coatbench.{technique}.analyse")
    files = [Path(f) for f in study.files(technique, **where)]
    try:
        found: Analysis = module.analyse(study.rows(technique, **where), files, section)
    except (CoatbenchError, ValueError, OSError) as error:
        raise StudyError([str(error)]) from error
    return found


def picture(
    study: Study,
    technique: str,
    unit: tuple[str, ...],
    analysis: Analysis,
    config: Mapping[str, Any],
) -> bytes:
    """Return the quick-look of an analysis as PNG."""
    where = dict(zip(unit_columns(technique), unit, strict=True))
    name = where.get("sample") or study.rows(technique, **where)[0]["sample"]
    sample = next(s for s in study.samples if s["sample"] == name)
    module = importlib.import_module(f"coatbench.figures.{technique}_quicklook")
    with tempfile.TemporaryDirectory() as folder:
        rows, curves, png = (Path(folder) / f"unit.{kind}" for kind in ("json", "nc", "png"))
        save_rows(analysis, rows)
        save_curves(analysis.curves, curves)
        drawing = Drawing({"png": str(png)}, [sample], study.simulated, config["figures"])
        if technique == "cycling":
            module.draw(
                drawing, [str(curves)], [str(rows)], [(where["protocol"], where["cell"])],
                potential_reference=config["cycling"]["potential_reference"],
            )  # fmt: skip
        else:
            module.draw(drawing, str(curves), str(rows))
        return png.read_bytes()
