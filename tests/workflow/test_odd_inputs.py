"""Names, labels and files as they come: spaces, umlauts, long paths, markup, formulas, and 100 MB of something else."""

from __future__ import annotations

import csv
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from conftest import ROOT, Workflow
from studies import LAST, cut_study, edit_rows, make_exports, planned, tree

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_odd_names_and_labels(tmp_path: Path) -> None:
    project = Workflow.copied_to(tmp_path / "project")
    folder = tmp_path / "Beschichtung für Zyklen" / ("a long folder name " * 10).strip()
    study = cut_study(folder / "study", ["leis"], ["uncoated", "c400"])
    make_exports(project, study)
    # On macOS an accent follows its letter: half of the names have it so on disk, the others in the index.
    forms, names = ("NFC", "NFD"), {}
    for i, path in enumerate(sorted((study / "leis").glob("*.txt"))):
        braces = "{i}" if i == 0 else "%s"
        name = f"µ & 'quoted' ({i}) ; $HOME #1 {braces} Prüfling é 日本 " + "x" * 140 + path.suffix
        there, named = (unicodedata.normalize(form, name) for form in forms[:: 1 - 2 * (i % 2)])
        names[path.name] = named
        path.rename(path.with_name(there))

    def renamed(row: dict[str, str]) -> dict[str, str]:
        return row | {"file": names[row["file"]]}

    index = study / "leis" / "index.csv"
    edit_rows(index, renamed)
    labels = {
        "uncoated": '=HYPERLINK("http://example.org")',
        "c400": "<script>alert(1)</script> $x_{y & <b>",
    }
    edit_rows(study / "samples.csv", lambda r: r | {"label": labels[r["sample"]]})
    (study / "study.yaml").write_text("title: a study <script>alert(1)</script> & more\n")
    results = tmp_path / "Ergebnisse (neu) ä" / "out"
    arguments = ["--config", f"study={study}", f"results={results}"]
    project.run(*arguments)
    assert planned(project, *arguments) == {}
    index.write_text(unicodedata.normalize("NFD", index.read_text(encoding="utf-8")), "utf-8")
    assert (
        planned(project, *arguments).keys() <= LAST
    )  # the index is another file, and says the same
    for i, path in enumerate(sorted((study / "leis").glob("*.txt"))):
        before = path.read_bytes()
        path.write_bytes(before.replace(b"\t1", b"\t2"))
        assert planned(project, *arguments)["leis_sample"] == 1, i
        path.write_bytes(before)
    made = tree(results)
    assert "tables/leis_windows.csv" in made
    for name, raw in made.items():
        if name.endswith(".csv"):
            for row in csv.reader(raw.decode().splitlines()):
                assert not [c for c in row if c.startswith(("=", "@", "\t"))], name
    page = made["report.html"].decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page  # it is there, as text


@pytest.mark.parametrize(
    ("name", "start", "filling"),
    [
        ("spectrum.txt", b"", b"\0"),
        ("spectrum.txt", b"", b"7"),
        ("spectrum.txt", b"500\t1\r\n501\t2\r\n502\t3\r\n503\t4\r\n", b"\xff"),
        ("spot.vms", b"VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4\r\n", b"\n"),
        ("spot.spe", b"SOFH\r\n", b"A"),
        ("cell.mpt", b"EC-Lab ASCII FILE\r\nNb header lines : 9999999\r\n", b"x\r\n"),
        ("cell.mpr", b"BIO-LOGIC MODULAR FILE\x1a", b"\xff"),
        ("region.bif6", b"\0\0BIF6", b"\xff"),
        ("run.txt", b"#EXPORTTYPE:DATA ALL\r\n##Temp./\xb0C;Time/min\r\n", b";"),
    ],
)  # fmt: skip
def test_a_hundred_megabytes_of_something_else(
    tmp_path: Path, name: str, start: bytes, filling: bytes
) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.write(start)
        for _ in range(100):
            stream.write(filling * (1_000_000 // len(filling)))
    code = f"""
import resource, sys
sys.path.insert(0, {str(ROOT / "workflow")!r})
from coatbench.errors import ReadError
from coatbench.readers import read
try:
    read({str(path)!r})
except ReadError as error:
    assert "\\n" not in str(error)
else:
    raise SystemExit("it was read")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    path.unlink()
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 2000  # MB
