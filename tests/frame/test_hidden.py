"""What jobs hide from xarray and pandas is hidden, and comes back for the readers that need it."""

from __future__ import annotations

import os
import subprocess
import sys

from conftest import ROOT

CODE = """
import importlib, sys
import door  # hides
import pandas, xarray
from coatbench.hidden import HIDDEN, unhide
loaded = [n for n in HIDDEN if sys.modules.get(n)]
unhide()
back = [n for n in HIDDEN if importlib.util.find_spec(n)]
print(loaded, back == [n for n in HIDDEN if n in sys.argv[1:]])
"""


def test_hidden_until_a_reader_takes_them_back() -> None:
    installed = subprocess.run(
        [sys.executable, "-c", "import importlib.util as u, sys; "
         "print(*[n for n in ('dask', 'pint', 'pyarrow') if u.find_spec(n)])"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "pyarrow" in installed  # the environment has what is to be hidden
    path = os.pathsep.join(str(ROOT / "workflow" / p) for p in ("", "scripts"))
    found = subprocess.run(
        [sys.executable, "-c", CODE, *installed],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path},
    ).stdout  # fmt: skip
    assert found.split("\n")[0] == "[] True"
