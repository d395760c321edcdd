"""A job imports what it uses and nothing heavy besides: its start costs as much as its work."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from coatbench.simulate.truth import load_truth
from conftest import ROOT
from cycling.binary_files import write_mpr
from cycling.made_cases import record
from studies import DEMO, rows_of

SCRIPTS = ROOT / "workflow" / "scripts"
HEAVY = ("pandas", "xarray", "scipy", "lmfit", "matplotlib", "numba", "skimage", "plotly")
FIGURES = {
    p.relative_to(SCRIPTS).as_posix()
    for p in SCRIPTS.rglob("*.py")
    if "coatbench.figures" in p.read_text(encoding="utf-8")
}
# What a script may load before its work begins.
ALLOWED = {name: {"matplotlib"} for name in FIGURES}
CODE = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="imported")
print(*[n for n in sys.argv[2].split() if sys.modules.get(n)])
print(*[n for n in ("matplotlib.pyplot",) if n in sys.modules])
"""


@pytest.mark.parametrize(
    "script", sorted(p.relative_to(SCRIPTS).as_posix() for p in SCRIPTS.rglob("*.py"))
)
def test_what_a_script_loads(script: str) -> None:
    path = os.pathsep.join([str(ROOT / "workflow"), str(SCRIPTS)])
    found = subprocess.run(
        [sys.executable, "-c", CODE, str(SCRIPTS / Path(script)), " ".join(HEAVY)],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path},
    ).stdout.split("\n")  # fmt: skip
    assert set(found[0].split()) <= ALLOWED.get(script, set())
    assert not found[1]  # figures are made without pyplot


READ = """
import sys
import job
from pathlib import Path
from coatbench import readers
from coatbench.arrays import Arrays
from coatbench.curves import save_curves
export = readers.read(Path(sys.argv[1]))
read = export.sets[0]
save_curves({"all": Arrays.of(read.variables)}, sys.argv[2])
print(*[n for n in ("pandas", "xarray") if n in sys.modules])
"""


def read_by_a_fresh_process(export: Path, folder: Path) -> list[str]:
    """Read an export and hand on its curves; return which heavy libraries that loaded."""
    path = os.pathsep.join([str(ROOT / "workflow"), str(SCRIPTS)])
    return subprocess.run(
        [sys.executable, "-c", READ, export, folder / "curves.nc"],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path},
    ).stdout.split()  # fmt: skip


@pytest.mark.parametrize("technique", ["xps", "leis", "cycling"])
def test_reading_and_handing_on_import_neither_xarray_nor_pandas(
    tmp_path: Path, technique: str
) -> None:
    row = next(r for r in rows_of(DEMO / technique / "index.csv") if r["sample"] == "c400")
    module = importlib.import_module(f"coatbench.simulate.{technique}")
    module.simulate("c400", [row], tmp_path, load_truth(DEMO / "truth.csv")["c400"], {}, 1)
    assert read_by_a_fresh_process(tmp_path / row["file"], tmp_path) == []


def test_reading_a_binary_of_ec_lab_imports_neither(tmp_path: Path) -> None:
    assert read_by_a_fresh_process(write_mpr(tmp_path / "a.mpr", record()), tmp_path) == []
