"""Small studies cut from the demo study, what a run of them did, and whether two runs agree."""

from __future__ import annotations

import csv
import importlib
import io
import re
import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from conftest import ROOT, Workflow

DEMO = ROOT / "data" / "demo"
ARGUMENTS = ["--config", "study=study", "results=out"]
# Rules that see every measurement, so that any change of the study reaches them.
LAST = {"all", "problems", "judgements", "complete", "provenance", "documents", "crate", "page", "workbooks"}  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a table, comments left out."""
    lines = [x for x in path.read_text(encoding="utf-8").splitlines() if x and x[0] != "#"]
    return list(csv.DictReader(lines))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a table back."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8")


def edit_rows(path: Path, edit: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
    """Change or, by None, remove rows of a table."""
    write_rows(path, [new for row in rows_of(path) if (new := edit(row)) is not None])


def cut_study(
    folder: Path, techniques: Collection[str], samples: Collection[str], simulator: str = ""
) -> Path:
    """Copy the tables of the demo study, only these techniques and samples; exports are made on use.

    `simulator` adds lines to the section of that name (smaller images, fewer points).
    """
    folder.mkdir(parents=True)
    write_rows(
        folder / "samples.csv",
        [r for r in rows_of(DEMO / "samples.csv") if r["sample"] in samples],
    )
    shutil.copy2(DEMO / "truth.csv", folder / "truth.csv")
    (folder / "study.yaml").write_text(
        (DEMO / "study.yaml").read_text(encoding="utf-8") + simulator, encoding="utf-8"
    )
    for technique in techniques:
        rows = [r for r in rows_of(DEMO / technique / "index.csv") if r["sample"] in samples]
        if rows:
            (folder / technique).mkdir()
            write_rows(folder / technique / "index.csv", rows)
    return folder


def study_of_temperatures(folder: Path, temperatures_degC: Sequence[int]) -> list[str]:
    """Write a study of uncoated material and a coated sample per annealing temperature, exports and all.

    It has all techniques but TGA-MS, which needs a precursor. The truth of a temperature lies between that of the
    demo study's samples. Images are small, and of many samples each has one cell and one LEIS spectrum, half of them
    micrographs, only some long-term cells: a run should not take longer than the layout of its figures is worth. Returns the samples' names.
    """
    from coatbench.simulate.truth import load_truth

    known = {
        float(r["annealing_temperature_degC"]): r["sample"]
        for r in rows_of(DEMO / "samples.csv")
        if r["role"] == "coated"
    }
    demo = load_truth(DEMO / "truth.csv")
    truth = {"uncoated": demo["uncoated"]}
    for t in temperatures_degC:
        truth[f"t{t}"] = {}
        for quantity in demo["c400"]:  # the one coated sample that everything measured
            at = [k for k in sorted(known) if quantity in demo[known[k]]]
            values = [demo[known[k]][quantity] for k in at]
            truth[f"t{t}"][quantity] = float(np.interp(t, at, values))
    names = list(truth)
    few = len(names) < 6
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text("title: Some temperatures\nsimulated: true\n")
    bare = {
        "sample": "uncoated",
        "role": "uncoated",
        "label": "bare NCM85",
        "annealing_temperature_degC": "",
    }
    write_rows(
        folder / "samples.csv",
        [bare]
        + [
            {"sample": f"t{t}", "role": "coated", "label": f"{t} °C", "annealing_temperature_degC": str(t)}
            for t in temperatures_degC
        ],
    )  # fmt: skip
    settings = {"sims": {"raster_px": {"bif6": 32}, "ions_per_pixel": {"bif6": 120.0}}}
    for technique in ("xps", "leis", "cycling", "sims", "stem"):
        module = importlib.import_module(f"coatbench.simulate.{technique}")
        like = rows_of(DEMO / technique / "index.csv")
        (folder / technique).mkdir()
        index = []
        for i, name in enumerate(names):
            model = "uncoated" if name == "uncoated" else "c400"
            rows = [
                {k: v.replace(model, name) for k, v in r.items()}
                for r in like
                if r["sample"] == model
                and r.get("region", "01") <= "03"
                and r.get("spot", "1") == "1"
                and (few or (r.get("cell") != "P2" and r.get("heating_temperature_degC") != "600"))
                and (few or i % 4 == 0 or r.get("protocol") != "long")
                and (few or i % 2 == 0 or technique != "stem")
            ]
            module.simulate(name, rows, folder / technique, truth[name], settings, 1)
            index += rows
        write_rows(folder / technique / "index.csv", index)
    return names


def study_of_niobate(folder: Path) -> list[str]:
    """Write a study of LiNbO3 on NCM622, exports of all techniques and all: its own lines, peaks, fragments and names.

    What the simulator knows only of sulfur and phosphorus is planted here: the doublet of Nb 3d, the peak of Nb in
    LEIS, fragments of the coating, the EDX map of Nb.
    """
    from coatbench.simulate import leis, sims, tga_ms, xps
    from coatbench.simulate.truth import load_truth

    names = study_of_temperatures(folder, (300, 500))
    preset = ROOT / "workflow" / "coatbench" / "presets" / "linbo3"
    text = preset.with_suffix(".yaml").read_text(encoding="utf-8")
    text = text.replace("title: LiNbO3 coating", "title: LiNbO3 on NCM622\nsimulated: true")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    shutil.copy2(f"{preset}_fragments.csv", folder / "fragments.csv")
    labels = {"uncoated": "bare NCM622", "t300": "LiNbO3, 300 °C", "t500": "LiNbO3, 500 °C"}
    samples = [r | {"label": labels[r["sample"]]} for r in rows_of(folder / "samples.csv")]
    precursor = {"sample": "sol", "role": "precursor", "label": "LiNbO3 precursor"}
    write_rows(folder / "samples.csv", [*samples, precursor | {"annealing_temperature_degC": ""}])
    demo, coated = load_truth(DEMO / "truth.csv"), {"uncoated": 0.0, "t300": 1.0, "t500": 0.6}

    def nb_spectra(*given: Any) -> list[xps.SpectrumRecord]:
        found = [r for r in spectra(*given) if r.region not in ("S 2p", "P 2p")]
        x = 217.0 - 0.1 * np.arange(180)
        lines = [("niobate", e, 1.3, 900 * a * coated[given[0]], 0.0) for e, a in ((207.3, 0.6), (210.02, 0.4))]  # fmt: skip
        shift, *_ = xps.spot_conditions(*given[:3], given[4])
        rate = xps.spectrum(x, lines, 190.0, 0.01, shift)
        return [*found, xps.SpectrumRecord("Nb 3d", x[0], -0.1, np.random.default_rng(1).poisson(16 * rate) / 16, 16.0, 29.35, [])]  # fmt: skip

    spectra = xps.spot_spectra
    niobate = {
        name: (f"{name}-", mass, "oxide", 0.02)
        for name, mass in (("NbO2", 124.896749), ("NbO3", 140.891664))
    }
    with (
        mock.patch.object(xps, "spot_spectra", nb_spectra),
        mock.patch.object(leis, "S_P", ((2515.0, 1.0),)),
        mock.patch.dict(sims.FRAGMENTS, niobate),
    ):
        for technique, module in (("xps", xps), ("leis", leis), ("sims", sims)):
            rows = rows_of(folder / technique / "index.csv")
            for name in names:
                own = [r for r in rows if r["sample"] == name]
                truth = demo["uncoated" if name == "uncoated" else f"c{name[1:]}"]
                truth = truth | {f"xps.coating_{e}_per_nm3": 0.0 for e in ("sulfur", "phosphorus")}
                module.simulate(
                    name, own, folder / technique, truth, {"sims": {"raster_px": {"bif6": 32}}}, 1
                )
    edit_rows(
        folder / "stem" / "index.csv",
        lambda r: None if r["element"] == "P" else r | {"element": r["element"].replace("S", "Nb")},
    )
    like = rows_of(DEMO / "tga_ms" / "index.csv")
    run = [{k: v.replace("lps", "sol") for k, v in r.items()} for r in like]
    (folder / "tga_ms").mkdir()
    tga_ms.simulate("sol", run, folder / "tga_ms", demo["lps"], {}, 1)
    write_rows(folder / "tga_ms" / "index.csv", run)
    return names


def two_spectra(folder: Path) -> Path:
    """Write the smallest study: one LEIS spectrum of the uncoated and of one coated material."""
    from coatbench.simulate.leis import simulate
    from coatbench.simulate.truth import load_truth

    names = ("uncoated", "c400")
    truth = load_truth(DEMO / "truth.csv")
    (folder / "leis").mkdir(parents=True)
    (folder / "study.yaml").write_text("title: Two spectra\nsimulated: true\n")
    write_rows(
        folder / "samples.csv", [r for r in rows_of(DEMO / "samples.csv") if r["sample"] in names]
    )
    rows = [
        {**row, "dose_nC": ""}
        for row in rows_of(DEMO / "leis" / "index.csv")
        if row["sample"] in names and row["heating_temperature_degC"] == "200"
    ]
    for name in names:
        own = [row for row in rows if row["sample"] == name]
        simulate(name, own, folder / "leis", truth[name], {}, 1)
    write_rows(folder / "leis" / "index.csv", rows)
    return folder


def as_supplied(study: Path, exports: Path) -> None:
    """Make a simulated study one that a user supplies, with the exports that a run of it made."""
    shutil.copytree(exports, study, dirs_exist_ok=True)
    text = (study / "study.yaml").read_text(encoding="utf-8")
    (study / "study.yaml").write_text(text.split("simulator:")[0], encoding="utf-8")
    (study / "truth.csv").unlink()


def make_exports(workflow: Workflow, study: Path) -> None:
    """Let the simulator write the exports of a cut study, and make it a supplied one."""
    workflow.run("exports", "--config", f"study={study}", "results=made")
    as_supplied(study, workflow.folder / "made" / "exports")
    shutil.rmtree(workflow.folder / "made", ignore_errors=True)


def jobs(text: str) -> dict[str, int]:
    """Count the jobs of a run or a dry run by rule, from Snakemake's own statistics."""
    block = re.search(r"Job stats:\njob\s+count\n[- ]+\n(.*?)\n\n", text, flags=re.S)
    if block is None:
        assert "Nothing to be done" in text, text
        return {}
    counts = dict(line.rsplit(None, 1) for line in block.group(1).splitlines())
    counts.pop("total", None)
    return {rule: int(n) for rule, n in counts.items()}


def planned(workflow: Workflow, *arguments: str) -> dict[str, int]:
    """Count the jobs that a run would do now."""
    return jobs(workflow.run(*(arguments or ARGUMENTS), "-n"))


def tree(folder: Path, pattern: str = "**/*") -> dict[str, bytes]:
    """All files below a folder with their bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.glob(pattern))
        if p.is_file()
    }


def result(folder: Path) -> dict[str, bytes]:
    """Everything that a run makes, but for what tells of the run itself: times, logs, provenance."""
    itself = ("logs/", "benchmarks/", "provenance", "ro-crate", "report.html")
    return {k: v for k, v in tree(folder).items() if not k.startswith(itself)}


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Names of files that only one of two results has, or that differ."""
    return sorted(k for k in one.keys() | other.keys() if one.get(k) != other.get(k))


def hard_to_read(results: Path) -> list[str]:
    """What the figures of a run say of themselves in their logs."""
    logs = [p.read_text(encoding="utf-8") for p in results.glob("logs/figures/*.log")]
    assert logs
    return [line for text in logs for line in text.splitlines() if "hard to read" in line]
