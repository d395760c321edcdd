"""What jobs leave out of their imports is left out, and there when it is used."""

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

USE = """
import sys
import door
import scipy.optimize, scipy.special
early = [n for n in ("numpy.f2py.crackfortran", "unittest") if n in sys.modules]
import numpy.testing
numpy.testing.assert_allclose(1.0, 1.0)
print(early, callable(numpy.f2py.get_include))
"""


def run(code: str, *arguments: str) -> str:
    path = os.pathsep.join(str(ROOT / "workflow" / p) for p in ("", "scripts"))
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path},
    ).stdout  # fmt: skip


def test_lazy_until_something_is_looked_up() -> None:
    assert run(USE).strip() == "[] True"


def test_hidden_until_a_reader_takes_them_back() -> None:
    installed = subprocess.run(
        [sys.executable, "-c", "import importlib.util as u, sys; "
         "print(*[n for n in ('dask', 'pint', 'pyarrow') if u.find_spec(n)])"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "pyarrow" in installed  # the environment has what is to be hidden
    assert run(CODE, *installed).split("\n")[0] == "[] True"
