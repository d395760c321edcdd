"""Fits changed by eye: the model follows, study.yaml gets exactly this change, the workflow plans what depends on it."""

from __future__ import annotations

import importlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from coatbench.analysis import save_rows
from coatbench.bench import fits, override, preview
from coatbench.curves import save_curves
from coatbench.errors import StudyError
from coatbench.settings import load_yaml, without_taken_out
from coatbench.simulate import xps
from coatbench.simulate.truth import load_truth
from coatbench.tables import read_table
from coatbench.xps.analyse import analyse
from conftest import ROOT, Workflow
from report.browsing import browser as browser
from studies import ARGUMENTS, DEMO, cut_study, planned, rows_of, write_rows

COMMENTED = """\
# What this study is.
title: "A study"   # shown on every page
xps:
  background: shirley  # as in our last paper
  regions:
    S 2p:
      components:
        sulfide: {binding_energy_eV: 161.3}  # found by hand

# the end
"""


@pytest.fixture(scope="module")
def config() -> dict:
    return load_yaml(ROOT / "config.yaml")


@pytest.fixture(scope="module")
def results(config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The XPS of one sample, as a run leaves it."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "xps").mkdir()
    file = folder / "c300_1.npl"
    truth = load_truth(ROOT / "data/demo/truth.csv")["c300"]
    planted = {q: v for q, v in truth.items() if q.startswith(("xps.", "surface."))}
    row = {"sample": "c300", "spot": "1", "file": file.name}
    xps.simulate("c300", [row], folder, planted, {}, 20250311)
    found = analyse([{"sample": "c300", "file": file.name, "spot": "1"}], [file], config["xps"])
    save_curves(found.curves, folder / "xps" / "c300.nc")
    save_rows(found, folder / "xps" / "c300.json")
    return folder


def test_least_difference_and_back(config):
    sulfur = config["xps"]["regions"]["S 2p"]["components"]
    after = fits.removed(fits.moved(sulfur, "sulfate", 169.0), "sulfite")
    change = override.difference(sulfur, after)
    assert change == {"sulfite": None, "sulfate": {"binding_energy_eV": 169.0}}
    whole = {"xps": {"regions": {"S 2p": {"components": override.merged(sulfur, change)}}}}
    assert without_taken_out(whole)["xps"]["regions"]["S 2p"]["components"] == after
    assert override.difference(sulfur, sulfur) == {}


def test_override_goes_into_the_settings_with_comments_kept(tmp_path: Path):
    path = tmp_path / "study.yaml"
    path.write_text(COMMENTED, encoding="utf-8")
    change = {
        "sulfide": {"binding_energy_eV": 161.5},
        "sulfite": None,
        "new": {"fwhm_limits_eV": [0.8, 2.0]},
    }
    proposal = override.propose(tmp_path, {"xps": {"regions": {"S 2p": {"components": change}}}})
    assert path.read_text(encoding="utf-8") == COMMENTED  # shown first
    kept = [line for line in COMMENTED.splitlines() if "sulfide" not in line]
    assert [line for line in proposal.after.splitlines() if line in kept] == kept
    assert "# found by hand" in proposal.after
    changed = [
        x for x in proposal.diff.splitlines() if x[0] in "+-" and x[:3] not in ("+++", "---")
    ]
    assert changed[0].startswith("-") and all(x.startswith("+") for x in changed[1:])
    sulfur = yaml.safe_load(proposal.after)["xps"]["regions"]["S 2p"]["components"]
    assert sulfur == {
        "sulfide": {"binding_energy_eV": 161.5},
        "sulfite": None,
        "new": {"fwhm_limits_eV": [0.8, 2.0]},
    }


@pytest.mark.parametrize(
    "before", ["", "# only a comment\n", "config:\n  xps: {background: linear}  # here\n"]
)
def test_override_of_settings_that_are_not_there_yet(tmp_path: Path, before: str):
    if before:
        (tmp_path / "study.yaml").write_text(before, encoding="utf-8")
    proposal = override.propose(tmp_path, {"xps": {"line_shape": "GL(50)"}})
    assert before.strip().split("\n")[-1] in proposal.after or "line_shape" in proposal.after
    assert all(comment in proposal.after for comment in re.findall("#.*", before))
    override.save(proposal)
    assert override.effective(tmp_path)["xps"]["line_shape"] == "GL(50)"
    assert override.effective(tmp_path)["xps"]["background"] == (
        "linear" if "linear" in before else "shirley"
    )


def test_nothing_is_saved_over_another_hand_or_against_the_schema(tmp_path: Path):
    (tmp_path / "study.yaml").write_text(COMMENTED, encoding="utf-8")
    proposal = override.propose(tmp_path, {"xps": {"line_shape": "GL(50)"}})
    (tmp_path / "study.yaml").write_text(COMMENTED + "# another hand\n", encoding="utf-8")
    with pytest.raises(StudyError, match="changed; load it again"):
        override.save(proposal)
    wrong = override.propose(tmp_path, {"xps": {"background": "cubic"}})
    with pytest.raises(StudyError, match=r"xps\.background"):
        override.save(wrong)
    assert (tmp_path / "study.yaml").read_text(encoding="utf-8").endswith("# another hand\n")


def test_fit_follows_what_is_moved_tied_added_and_removed(results, config):
    assert fits.fitted_regions(results)["c300"]["1"] == ["C 1s", "O 1s", "S 2p", "P 2p", "Ni 2p"]
    data = fits.measured(results, "c300", "1", "S 2p")
    sulfur = config["xps"]["regions"]["S 2p"]["components"]
    first = fits.look(data, config["xps"], sulfur)
    assert first.fit.reduced_chi_square < 1.5 and sum(first.support.values()) == pytest.approx(1)
    assert all(r["fraction_ci_low"] <= r["fraction"] <= r["fraction_ci_high"] for r in first.rows)
    away = fits.moved(sulfur, "sulfide", 163.9)
    away["sulfide"]["within_eV"] = 0
    assert fits.look(data, config["xps"], away).fit.reduced_chi_square > 3
    tied = fits.look(data, config["xps"], fits.moved(sulfur, "polysulfide", "sulfide + 2.1"))
    apart = {r["component"]: r["binding_energy_eV"] for r in tied.rows}
    if apart["polysulfide"] is not None:
        assert apart["polysulfide"] - apart["sulfide"] == pytest.approx(
            2.1, abs=0.25
        )  # ties are let go by 0.1 eV
    fewer = fits.look(data, config["xps"], fits.removed(sulfur, "sulfite"))
    assert [r["component"] for r in fewer.rows] == ["sulfide", "polysulfide", "sulfate"]
    more = fits.look(data, config["xps"], fits.added(sulfur, "odd", 165.0, 1.4))
    assert more.rows[-1]["component"] == "odd" and more.rows[-1]["fraction"] < 0.1
    png = fits.picture(first, config["figures"], "c300")
    assert png.startswith(b"\x89PNG")
    with pytest.raises(StudyError, match="nothing"):
        fits.look(data, config["xps"], fits.moved(sulfur, "sulfide", "nothing + 1"))


def test_fields_of_the_page_are_what_they_say(config):
    sulfur = config["xps"]["regions"]["S 2p"]["components"]
    typed = {
        name: {"position": str(e["binding_energy_eV"]), "within": str(e.get("within_eV", 0)),
               "width": str(e["fwhm_eV"]), "move": 0, "remove": False}
        for name, e in sulfur.items()
    }  # fmt: skip
    nothing = {"name": "", "position": "", "width": "1.5"}
    assert fits.edited(sulfur, typed, nothing) == sulfur
    typed["sulfate"]["move"] = -0.4
    typed["polysulfide"]["position"] = "sulfide + 2.1"
    typed["sulfite"]["remove"] = True
    found = fits.edited(sulfur, typed, {"name": "odd", "position": "165", "width": "1.4"})
    assert override.difference(sulfur, found) == {
        "sulfite": None,
        "sulfate": {"binding_energy_eV": 169.0},
        "polysulfide": {"binding_energy_eV": "sulfide + 2.1", "within_eV": None},
        "odd": {
            "binding_energy_eV": 165.0,
            "within_eV": 0.5,
            "fwhm_eV": 1.4,
            "fwhm_limits_eV": [0.7, 2.8],
        },
    }
    with pytest.raises(StudyError, match="expected a new name"):
        fits.edited(sulfur, typed, {"name": "sulfide", "position": "165", "width": "1.4"})
    typed["sulfide"]["within"] = "0,5"
    with pytest.raises(StudyError, match="sulfide: expected a number of eV"):
        fits.edited(sulfur, typed, nothing)


def test_windows_and_thresholds_are_fields_too(config):
    cycling = preview.fields(config, "cycling")
    assert cycling["dqdv.named.kinetic_hindrance.low_V"] == 2.81
    after = preview.changed(config, "cycling", {"dqdv.named.kinetic_hindrance.low_V": "2.7"})
    assert override.difference(config, after) == {
        "cycling": {"dqdv": {"named": {"kinetic_hindrance": {"low_V": 2.7}}}}
    }
    after = preview.changed(config, "stem", {"thresholds": "[0.2, 0.6]"})
    assert override.difference(config, after) == {"stem": {"thresholds": [0.2, 0.6]}}
    for technique in preview.ADJUSTED:
        same = {k: yaml.safe_dump(v) for k, v in preview.fields(config, technique).items()}
        assert override.difference(config, preview.changed(config, technique, same)) == {}


# A change by eye of each technique but XPS: whose measurement, what is typed, and what the measurement then must say.
BY_EYE = {
    "tga_ms": (
        "lps",
        {"min_step_percent": "12"},
        {"min_step_percent": 12},
        lambda t: sum(r["signal"] == "mass" for r in t["tga_ms_events"]),
        lambda before, after: before >= 2 and after < before,  # a gain and a loss of 8 and 10 %
    ),
    "cycling": (
        "c400",
        {"dqdv.named.kinetic_hindrance.low_V": "2.2", "dqdv.named.kinetic_hindrance.high_V": "2.6"},
        {"dqdv": {"named": {"kinetic_hindrance": {"low_V": 2.2, "high_V": 2.6}}}},
        lambda t: [r["potential_V"] for r in t["cycling_dqdv_features"] if r["feature"] == "kinetic_hindrance"],
        lambda before, after: before and not any(2.81 <= x <= 2.97 for x in after),
    ),
    "stem": (
        "c400",
        {"thresholds": "[60, 500]"},
        {"thresholds": [60, 500]},
        lambda t: [r["value_median"] for r in t["stem_layers"] if r["quantity"] == "layer_thickness_nm"],
        lambda before, after: sum(after) > sum(before),  # more of both edges counts as layer
    ),
}  # fmt: skip


def supplied(folder: Path, technique: str, sample: str) -> Path:
    """Write a study of one sample and technique, its exports beside its tables, with comments in its settings."""
    rows = [r for r in rows_of(DEMO / technique / "index.csv") if r["sample"] == sample]
    rows = [
        r
        for r in rows
        if r.get("protocol", "short") == "short" and r.get("field", "detail") != "overview"
    ][:2]
    (folder / technique).mkdir(parents=True)
    write_rows(folder / technique / "index.csv", rows)
    write_rows(
        folder / "samples.csv", [r for r in rows_of(DEMO / "samples.csv") if r["sample"] == sample]
    )
    (folder / "study.yaml").write_text(COMMENTED, encoding="utf-8")
    module = importlib.import_module(f"coatbench.simulate.{technique}")
    module.simulate(sample, rows, folder / technique, load_truth(DEMO / "truth.csv")[sample], {}, 1)
    return folder


@pytest.mark.parametrize("technique", BY_EYE)
def test_a_measurement_follows_what_is_typed_and_just_that_is_saved(tmp_path: Path, technique: str):
    """TGA events, dQ/dV windows, STEM thresholds: seen before anything is saved, saved as seen, comments kept."""
    sample, typed, override_of, seen, follows = BY_EYE[technique]
    folder = supplied(tmp_path / "study", technique, sample)
    known = preview.study_of(folder, tmp_path / "results")
    unit = known.units(technique, *preview.unit_columns(technique))[0]
    config = override.effective(folder)
    after = preview.changed(config, technique, typed)
    tables, pictures = [], []
    for settings in (config, after):
        found = preview.analysed(known, technique, unit, settings)
        tables.append(found.tables)
        pictures.append(preview.picture(known, technique, unit, found, settings))
    assert follows(*map(seen, tables)), [*map(seen, tables)]
    assert pictures[0] != pictures[1] and all(p.startswith(b"\x89PNG") for p in pictures)

    proposal = override.propose(folder, override.difference(config, after))
    assert (folder / "study.yaml").read_text(encoding="utf-8") == COMMENTED  # shown first
    assert not [line for line in proposal.diff.splitlines()[2:] if line.startswith("-")]
    override.save(proposal)
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    assert [
        line for line in text.splitlines() if line in COMMENTED.splitlines()
    ] == COMMENTED.splitlines()
    assert yaml.safe_load(text) == {**yaml.safe_load(COMMENTED), technique: override_of}
    again = preview.analysed(known, technique, unit, override.effective(folder))
    assert repr(again.tables) == repr(tables[1])  # what is not known is not equal to itself


def test_commands_of_the_page_open_it_on_this_machine_only():
    """What docs/bench.md tells to type; the app and the watch themselves run in the tests below and in test_watch.py."""
    page = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    commands = re.findall(r"^make (.+)$", page, flags=re.M)
    assert [c.split()[0] for c in commands] == ["bench", "watch"]
    printed = [
        subprocess.run(["make", "-n", "--no-print-directory", *c.split()], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for c in commands
    ]  # fmt: skip
    assert "run apps/bench.py --host 127.0.0.1" in printed[0]
    assert printed[0].rstrip().endswith("--study mystudy --results results/mystudy")
    assert "coatbench watch mystudy --results results/mystudy" in printed[1]


@contextmanager
def served(browser, study: Path, results: Path) -> Iterator[Any]:
    """Open the bench of a study in a browser."""
    pytest.importorskip("marimo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "marimo", "--quiet", "run", str(ROOT / "apps/bench.py"), "--headless",
         "--host", "127.0.0.1", "--port", str(port), "--", "--study", str(study),
         "--results", str(results)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        page = browser.new_context(viewport={"width": 1280, "height": 1600}).new_page()
        page.set_default_timeout(120_000)
        for _ in range(240):
            try:
                page.goto(f"http://127.0.0.1:{port}")
                break
            except Exception:
                page.wait_for_timeout(500)
        yield page
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.mark.slow
@pytest.mark.browser
def test_thresholds_typed_seen_and_saved(browser, tmp_path: Path):
    """In a browser: the picture follows a threshold, and study.yaml is what it was until the button is pressed."""
    study = supplied(tmp_path / "study", "stem", "c400")
    with served(browser, study, tmp_path / "out") as page:
        page.get_by_text("Nothing is changed").wait_for()
        before = page.locator("img").first.get_attribute("src")
        page.get_by_label("thresholds", exact=True).fill("[60, 500]")
        page.get_by_label("thresholds", exact=True).press("Enter")
        page.get_by_text("What would change in study.yaml").wait_for()
        assert (
            "thresholds: [60, 500]"
            in page.locator("pre", has_text="+++ study.yaml").first.inner_text()
        )
        assert page.locator("img").first.get_attribute("src") != before
        assert (study / "study.yaml").read_text(encoding="utf-8") == COMMENTED
        page.get_by_role("button", name="Save into study.yaml").click()
        page.get_by_text("Saved into").wait_for()
    saved = (study / "study.yaml").read_text(encoding="utf-8")
    assert saved == COMMENTED + "stem:\n  thresholds: [60, 500]\n"


@pytest.mark.workflow
@pytest.mark.slow
@pytest.mark.browser
def test_moved_saved_and_run_again(browser, tmp_path: Path):
    """In a browser: a component is moved, the change is shown and saved, and the table changes after a rerun."""
    workflow = Workflow.copied_to(tmp_path / "workflow")
    study = cut_study(workflow.folder / "study", ["xps", "leis"], ["uncoated", "c300"])
    with (study / "study.yaml").open("a", encoding="utf-8") as stream:
        stream.write("# kept by the bench\n")
    wanted = ["out/tables/xps_components.csv", "out/tables/leis_windows.csv"]
    workflow.run(*wanted, *ARGUMENTS)
    before = read_table(workflow.folder / wanted[0])
    exports = {
        p: p.stat().st_mtime_ns for p in (workflow.folder / "out/exports").rglob("*") if p.is_file()
    }
    with served(browser, study, workflow.folder / "out") as page:
        page.get_by_text("Nothing is changed").wait_for()
        page.get_by_label("sample").select_option("c300")
        page.get_by_label("region").select_option("S 2p")
        shown = page.get_by_text("What would change in study.yaml")
        for _ in range(6):  # what is typed while the form is drawn anew for another region is lost
            field = page.get_by_label("sulfate: position / eV")
            field.fill("168.2")
            field.press("Enter")
            page.wait_for_timeout(15_000 if shown.count() == 0 else 0)
            if shown.count():
                break
        shown.wait_for()
        assert "168.2" in page.locator("pre", has_text="+++ study.yaml").first.inner_text()
        assert "168.2" not in (study / "study.yaml").read_text(encoding="utf-8")  # shown first
        page.get_by_role("button", name="Save into study.yaml").click()
        page.get_by_text("Saved into").wait_for()
    text = (study / "study.yaml").read_text(encoding="utf-8")
    assert "# kept by the bench" in text
    assert yaml.safe_load(text)["xps"] == {
        "regions": {"S 2p": {"components": {"sulfate": {"binding_energy_eV": 168.2}}}}
    }
    plan = planned(workflow, *wanted, *ARGUMENTS)
    assert plan["xps_sample"] == 2 and not any(rule.startswith("leis") for rule in plan)
    workflow.run(*wanted, *ARGUMENTS)
    after = read_table(workflow.folder / wanted[0])
    position = [
        next(
            r["binding_energy_eV"]
            for r in rows
            if (r["sample"], r["component"]) == ("c300", "sulfate")
        )
        for rows in (before, after)
    ]
    assert position[0] != position[1]
    assert exports == {p: p.stat().st_mtime_ns for p in exports}
