"""Nothing that can run code is ever loaded from a file."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest
from coatbench.errors import ReadError
from coatbench.readers import read
from conftest import ROOT

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
FORBIDDEN_CALLS = {"eval", "exec", "read_pickle", "unsafe_load", "full_load"}
SOURCES = sorted([*ROOT.glob("workflow/coatbench/**/*.py"), *ROOT.glob("workflow/scripts/**/*.py")])


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_module_can_load_code(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {a.name.split(".")[0] for a in node.names} & FORBIDDEN_MODULES
        if isinstance(node, ast.ImportFrom) and not node.level:
            assert (node.module or "").split(".")[0] not in FORBIDDEN_MODULES
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            assert name not in FORBIDDEN_CALLS
            assert not (name == "load" and getattr(node.func, "value", None) is not None
                        and getattr(node.func.value, "id", "") == "yaml")  # fmt: skip
            assert not [k for k in node.keywords if k.arg == "allow_pickle"]


class Trap:
    """Leaves a file behind when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("suffix", ["vms", "npl", "txt", "mpt", "mpr", "bif6", "tif", "ngb-ss3", "npy"])  # fmt: skip
def test_a_pickle_in_place_of_an_export_is_not_loaded(tmp_path: Path, suffix: str) -> None:
    mark = tmp_path / "loaded"
    export = tmp_path / f"export.{suffix}"
    export.write_bytes(pickle.dumps(Trap(mark)))
    with pytest.raises(ReadError):
        read(export)
    assert not mark.exists()
    pickle.loads(export.read_bytes())
    assert mark.exists()  # the trap would have worked
