"""The docs hold: every command is run as it stands, every link leads somewhere, generated pages are fresh."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from coatbench.tables import read_table
from coatbench.techniques import TECHNIQUES
from conftest import ROOT, Workflow
from studies import LAST, cut_study, jobs, make_exports, planned
from xps.made_cases import niobate
from xps.planted import scan, write

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[str]:
    """The fenced blocks of shell commands of a page."""
    return re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def shell(block: str, folder: Path) -> str:
    """Run a block as it stands."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        pytest.fail(f"{block}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}


def test_twenty_words_before_a_first_change() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = re.search(r"^\| word \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, flags=re.M)
    assert table is not None
    rows = table[1].splitlines()
    assert len(rows) <= 20
    # Where the words stand is there: below the library, the workflow or the project.
    for name in re.findall(
        r"`([\w./*]+[/.][\w./*]*)`", " ".join(r.rsplit("|", 2)[1] for r in rows)
    ):
        homes = ("workflow/coatbench", "workflow/scripts", "workflow", ".")
        assert any(list((ROOT / home).glob(name.rstrip("/"))) for home in homes), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name}: {target}"


@pytest.mark.parametrize(
    ("maker", "page"),
    [
        ("make_settings", "settings.md"),
        ("make_tables", "tables.md"),
        ("make_rulegraph", "architecture.md"),
    ],
)
def test_what_is_made_of_the_code_is_fresh(maker: str, page: str) -> None:
    made = subprocess.run(
        [sys.executable, "-c", f"import {maker}; print({maker}.page(), end='')"],
        cwd=ROOT / "docs", capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == made, "run: make docs"


def test_the_page_of_the_study_names_every_column_that_an_index_may_have() -> None:
    page = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    for name, technique in TECHNIQUES.items():
        line = next(part for part in page.splitlines() if part.startswith(f"| {name}/index.csv"))
        every = {*technique.index.required, *technique.index.optional} - {"format", "exclude"}
        assert {c for c in every if not re.search(rf"\b{c}\b", line)} == set(), name
    assert "`format`" in page and "`exclude`" in page


def test_the_rule_graph_shows_who_needs_whom() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    graph = page[page.index("```mermaid") :]
    for arrow in (
        "xps_sample --> xps_tables",
        "leis_sample --> leis_figures",
        "ranking --> ranking_figure",
    ):
        assert f"  {arrow}\n" in graph


# Where each block of commands is run; a block that stands in no test fails the first one.
README = {
    "make results": "test_set_up_commands",
    ".venv/bin/snakemake --cores 8": "test_the_plain_command",
    ".venv/bin/snakemake check": "test_your_own_study",
    ".venv/bin/coatbench init": "test_a_second_coating",
    "echo 'c350": "test_one_more_temperature",
}
ELSEWHERE = {"bench.md": ROOT / "tests" / "bench", "cluster.md": ROOT / "tests" / "cluster"}


def block_that_starts(start: str) -> str:
    found = [b for b in blocks(ROOT / "README.md") if b.startswith(start)]
    assert len(found) == 1, start
    return found[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_command_has_its_test(page: Path) -> None:
    if page.name in ELSEWHERE:
        tests = "".join(p.read_text(encoding="utf-8") for p in ELSEWHERE[page.name].glob("*.py"))
        assert not blocks(page) or page.name in tests
        return
    for block in blocks(page):
        assert page.name == "README.md", f"{page.name}: a command without a test:\n{block}"
        assert [start for start in README if block.startswith(start)], block


def test_set_up_commands() -> None:
    # Not run here: the tests themselves run after `make env`, and the continuous integration runs `make test`.
    block = block_that_starts("make results")
    assert block.split("\n")[:2] == ["make results", "make test"]
    plan = shell("make -n results; make -n test; make -n lint; make -n docs", ROOT)
    assert "snakemake --cores 8" in plan
    assert "pytest" in plan
    assert "make --no-print-directory test" in (ROOT / ".ci" / "run").read_text()


@pytest.fixture
def project(demo: Workflow, tmp_path: Path) -> Workflow:
    """A finished demo study of one's own, as `make results` leaves it."""
    shutil.copytree(demo.folder, tmp_path / "project", symlinks=True)
    (tmp_path / "project" / ".venv").symlink_to(sys.prefix)
    return Workflow(tmp_path / "project")


@pytest.mark.workflow
@pytest.mark.slow
def test_the_plain_command(project: Workflow) -> None:
    assert "Nothing to be done" in shell(
        block_that_starts(".venv/bin/snakemake --cores 8"), project.folder
    )


@pytest.mark.workflow
@pytest.mark.slow
def test_your_own_study(tmp_path: Path) -> None:
    project = Workflow.copied_to(tmp_path / "project")
    (project.folder / ".venv").symlink_to(sys.prefix)
    make_exports(
        project, cut_study(project.folder / "mystudy", ["leis"], ["uncoated", "c300", "c400"])
    )
    proposed = shell(block_that_starts(".venv/bin/coatbench init"), project.folder)
    assert "samples.csv" in proposed  # there already, and left as it is
    before = sorted(p for p in (project.folder / "mystudy").rglob("*"))
    text = shell(block_that_starts(".venv/bin/snakemake check"), project.folder)
    assert "Qtac ASCII" in text
    assert (project.folder / "results" / "mystudy" / "tables" / "leis_windows.csv").is_file()
    assert sorted(p for p in (project.folder / "mystudy").rglob("*")) == before


@pytest.mark.workflow
@pytest.mark.slow
def test_a_second_coating(tmp_path: Path) -> None:
    """From a folder of exports to tables, figures and report of LiNbO3, as README.md says it; four samples, their own elements everywhere."""
    project = Workflow.copied_to(tmp_path / "project")
    (project.folder / ".venv").symlink_to(sys.prefix)
    (project.folder / "mystudy" / "2025" / "xps").mkdir(parents=True)
    planted = {"bare": (0.0, 0.0), "300": (0.3, 0.6), "450": (0.54, 1.2), "600": (0.7, 2.0)}
    for name, (coverage, layer_nm) in planted.items():
        target = project.folder / "mystudy" / "2025" / "xps" / f"n{name}_spot1.vms"
        lattice = 0.5 * math.exp(-layer_nm / 3)
        oxygen = scan("O 1s", shift=1.2, shares={"lattice": lattice, "surface": 1 - lattice})
        write(target, [oxygen if s.region == "O 1s" else s for s in niobate(coverage)])
    block = block_that_starts(".venv/bin/coatbench init")
    # As the installed command does it.
    command = f"PYTHONPATH=workflow {sys.executable} -m coatbench.cli"
    said = shell(block.replace(".venv/bin/coatbench", command), project.folder)
    assert "XPS: 4 exports of 4 samples (VAMAS)" in said
    table = project.folder / "mystudy" / "samples.csv"
    table.write_text(
        table.read_text(encoding="utf-8")
        .replace("nbare,coated,,,,", "nbare;uncoated;;;;")
        .replace("n300,coated,,,,", "n300;coated;300 °C;300;1,5;O2")
        .replace("n450,coated,,,,", "n450;coated;450 °C;450;1,5;O2")
        .replace("n600,coated,,,,", "n600;coated;600 °C;600;1,5;O2")
        .replace("sample,role,label,annealing_temperature_degC,annealing_time_h,atmosphere", "sample;role;label;annealing_temperature_degC;annealing_time_h;atmosphere"),
        encoding="cp1252",
    )  # fmt: skip
    said = shell(block_that_starts(".venv/bin/snakemake check"), project.folder)
    assert "read as semicolon-separated, Windows encoding (cp1252), decimal comma" in said
    assert "C 1s, O 1s, Nb 3d, Ni 2p" in said
    out = project.folder / "results" / "mystudy"
    rows = read_table(out / "tables" / "xps_coverage.csv")
    found = {
        r["sample"][1:]: r["coverage"]
        for r in rows
        if r["definition"] == "eq1" and r["rsf_library"] == "scofield"
    }
    assert found == pytest.approx({name: c for name, (c, _) in planted.items()}, abs=0.03)
    layers = {
        r["sample"][1:]: r["thickness_nm"] for r in read_table(out / "tables" / "xps_layer.csv")
    }
    thick = {name: nm for name, (_, nm) in planted.items() if nm}
    assert layers == pytest.approx(thick, abs=0.3)
    points = [r for r in read_table(out / "figures" / "fig2.csv") if r["choice"] == "points"]
    assert {r["sample"] for r in points if r["rsf_library"] == "scofield"} >= {
        "n300",
        "n450",
        "n600",
    }
    # A library without a factor for niobium gives no row, and its absence is said.
    assert "wagner" not in {r["rsf_library"] for r in rows}
    order = read_table(out / "tables" / "xps_order.csv")
    assert all("wagner has no factor for Nb 3d" in r["statement"] for r in order)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "LiNbO3" in page or "LiNbO₃" in page
    assert "Nb 3d over Nb 3d + Ni 2p" in page and "S 2p + P 2p over" not in page
    assert "Nb 3d" in (out / "figures" / "fig1.csv").read_text(encoding="utf-8")


@pytest.mark.workflow
@pytest.mark.slow
def test_one_more_temperature(project: Workflow) -> None:
    block = block_that_starts("echo 'c350")
    *echoes, run = block.strip().split("\n")
    shell("\n".join(echoes), project.folder)
    demo = ("--config", "study=data/demo")
    plan = planned(project, *demo)
    own = {"simulate_xps_c350", "xps_sample", "xps_quicklook"}
    assert {rule: plan[rule] for rule in own} == dict.fromkeys(own, 1)
    jobs_of_other_samples = {
        r for r in plan if r.startswith("simulate_") or r.endswith(("_sample", "_cell", "_reduce", "_run"))
    }  # fmt: skip
    assert jobs_of_other_samples <= own
    assert "ranking" in plan
    assert LAST & set(plan)
    shell(run, project.folder)
    assert "c350" in (project.folder / "results" / "tables" / "xps_coverage.csv").read_text()
    assert jobs(project.run(*demo, "-n")) == {}
