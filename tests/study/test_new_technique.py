"""A technique is added by following docs/architecture.md: seven files, and everything that lists techniques knows it."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from coatbench.tables import read_table
from conftest import ROOT, Workflow

SPECTRUM = "".join(f"{e}\t{{height}}\n" for e in range(600, 700))
STUDY = {
    "samples.csv": "sample,role,annealing_temperature_degC\nbare,uncoated,\nn400,coated,400\nn500,coated,500\n",
    "glow/index.csv": "sample,file,power_W\nbare,bare.txt,5\nn400,n400.txt,5\nn500,n500.txt,5\n",
    "glow/bare.txt": SPECTRUM.format(height=100),
    "glow/n400.txt": SPECTRUM.format(height=300),
    "glow/n500.txt": SPECTRUM.format(height=200),
    "study.yaml": """title: A new technique
ranking:
  criteria:
    glow: {label: glow, unit: "1", table: glow_intensity, column: intensity, uncertainty: intensity_sd, direction: higher, group: glow, replicate_sd: 1, smallest_difference: 10}
""",
}
# 1 to 6 of the page: registry, room, format, rules and script, tables, caption.
ENTRY = """
TECHNIQUES["glow"] = Technique(
    "Glow discharge",
    Table({"sample": any_text, "file": any_text}, {"power_W": POSITIVE, "format": any_text, "exclude": any_text}),
    abscissa="energy_eV",
)
"""
ROOM = '''"""Glow discharge: the mean intensity of a spectrum."""

import math

from .analysis import Analysis
from .figures import style
from .readers import read
from .tables import read_table


def analyse(rows, files, config):
    result = Analysis()
    for row, file in zip(rows, files, strict=True):
        counts = read(file, "glow", row.get("format", "")).sets[0]["intensity"]
        mean = float(counts.mean())
        result.add("glow_intensity", sample=row["sample"], intensity=mean, intensity_sd=math.sqrt(mean / counts.size))
    return result


def draw(drawing, table):
    rows = read_table(table)
    figure = style.new_figure(drawing.config, "single", 2.0)
    axes = figure.subplots()
    axes.errorbar(range(len(rows)), [r["intensity"] for r in rows], [r["intensity_sd"] for r in rows], fmt="o")
    axes.set_xticks(range(len(rows)), [r["sample"] for r in rows])
    axes.set_ylabel("intensity / counts")
    style.save(figure, drawing, rows)
'''
FORMAT = '    Format("Glow columns", "glow", _two_numeric_columns, "qtac"),\n'
RULES = """# Glow discharge: one job per sample, the table, the figure.

if measured("glow"):
    ROWS += units("glow", "glow/{sample}.json", "sample")
    TARGETS += [table(t) for t in table_columns("glow")]
    TARGETS += figure_files("figGlow").values()


localrules:
    glow_tables,
    glow_figure,


rule glow_sample:
    input:
        CLOCK,
        raw=raw_files("glow", "sample"),
    output:
        rows=results("glow/{sample}.json"),
        curves=results("glow/{sample}.nc"),
    log:
        log_file("glow/{sample}"),
    params:
        rows=index_rows("glow", "sample"),
        config={},
        code=code("glow.py", readers="glow"),
    script:
        "../scripts/glow.py"


rule glow_tables:
    input:
        CLOCK,
        rows=units("glow", "glow/{sample}.json", "sample"),
    output:
        **{t: table(t) for t in table_columns("glow")},
    log:
        log_file("glow/tables"),
    params:
        samples=samples_of("glow"),
        config={},
        columns=table_columns("glow"),
        code=code("glow.py"),
    script:
        "../scripts/glow.py"


rule glow_figure:
    input:
        CLOCK,
        table=table("glow_intensity"),
    output:
        **reported("figGlow", "Glow discharge"),
    log:
        log_file("figures/figGlow"),
    params:
        figure=figure_params("glow"),
        code=code("glow.py"),
    script:
        "../scripts/glow.py"
"""
SCRIPT = '''"""Glow discharge: spectra of a sample, the table, the figure."""

import job
from coatbench.glow import analyse, draw

if __name__ == "__main__":
    if snakemake.rule == "glow_sample":
        job.measurement(snakemake, analyse)
    elif snakemake.rule == "glow_tables":
        job.collect(snakemake)
    else:
        job.figure(snakemake, draw)
'''
TABLES = """glow_intensity:
  sample: sample
  intensity: mean number of counts of a channel
  intensity_sd: standard uncertainty of it, counting statistics
"""
CAPTION = "**Glow discharge.** Mean intensity of each sample.\n"


def add_technique(project: Path) -> list[Path]:
    """Follow the page; return the files that were touched."""
    workflow = project / "workflow"
    touched = {
        workflow / "coatbench" / "glow.py": ROOM,
        workflow / "rules" / "glow.smk": RULES,
        workflow / "scripts" / "glow.py": SCRIPT,
        workflow / "schemas" / "tables" / "glow.yaml": TABLES,
        workflow / "report" / "figGlow.rst": CAPTION,
    }
    for path, text in touched.items():
        path.write_text(text, encoding="utf-8")
    registry = workflow / "coatbench" / "techniques.py"
    text = registry.read_text(encoding="utf-8")
    at = text.index("\n# What every index may have besides")
    registry.write_text(text[:at] + ENTRY + text[at:], encoding="utf-8")
    formats = workflow / "coatbench" / "readers" / "recognise.py"
    text = formats.read_text(encoding="utf-8")
    at = text.index("    Format(", text.index("FORMATS: tuple"))
    formats.write_text(text[:at] + FORMAT + text[at:], encoding="utf-8")
    return [*touched, registry, formats]


@pytest.mark.slow
@pytest.mark.workflow
def test_a_technique_in_seven_files(tmp_path: Path) -> None:
    project = Workflow.copied_to(tmp_path / "project")
    assert len(add_technique(project.folder)) == 7
    for name, text in STUDY.items():
        path = project.folder / "study" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    arguments = ["--config", "study=study", "results=out"]
    # What is missing is named before any job starts.
    for name in ("report/figGlow.rst", "schemas/tables/glow.yaml", "rules/glow.smk"):
        path = project.folder / "workflow" / name
        kept = path.read_text(encoding="utf-8")
        path.unlink()
        said = project.run("-n", *arguments, check=False)
        assert path.name in said
        assert "Traceback" not in said
        path.write_text(kept, encoding="utf-8")
    schema = project.folder / "workflow" / "schemas" / "tables" / "glow.yaml"
    schema.write_text(TABLES.replace("sample: sample", "sample:"), encoding="utf-8")
    assert "glow_intensity: sample: expected what the column means" in project.run("-n", *arguments, check=False)  # fmt: skip
    schema.write_text(TABLES, encoding="utf-8")
    rules = project.folder / "workflow" / "rules" / "glow.smk"
    rules.write_text(RULES.replace("CLOCK,\n        table", "table"), encoding="utf-8")
    assert "rule glow_figure: expected CLOCK first among its inputs, found none; it makes out/figures/figGlow" in project.run("-n", *arguments, check=False)  # fmt: skip
    rules.write_text(RULES, encoding="utf-8")

    assert "Glow columns" in project.run("check", *arguments)
    project.run(*arguments)
    out = project.folder / "out"
    rows = read_table(out / "tables" / "glow_intensity.csv")
    assert [(r["sample"], r["intensity"]) for r in rows] == [("bare", 100), ("n400", 300), ("n500", 200)]  # fmt: skip
    assert (out / "figures" / "figGlow.png").is_file()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Mean intensity of each sample." in page
    assert "glow_intensity" in page
    assert '"glow"' in (out / "tables" / "glow_intensity.provenance.json").read_text()
    with (out / "tables" / "ranking.csv").open(encoding="utf-8", newline="") as stream:
        assert {r["sample"]: r["rank"] for r in csv.DictReader(stream)} == {"n400": "1", "n500": "2", "bare": ""}  # fmt: skip
    # The cluster gets what is not named as local, the docs get their section.
    rules = (project.folder / "workflow" / "rules" / "glow.smk").read_text(encoding="utf-8")
    named = set(re.findall(r"^rule (\w+):", rules, flags=re.M))
    local = re.search(r"^localrules:\n((?: +\w+,\n)+)", rules, flags=re.M)
    assert local is not None
    assert named - set(re.findall(r"\w+", local[1])) == {"glow_sample"}
    shutil.copytree(ROOT / "docs", project.folder / "docs")
    subprocess.run([sys.executable, "docs/make_tables.py"], cwd=project.folder, check=True)
    columns = (project.folder / "docs" / "tables.md").read_text(encoding="utf-8")
    assert "## Glow discharge" in columns and "mean number of counts of a channel" in columns
