"""Keeping up with a study that changes: when it runs again, what it says, and that the table follows."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from coatbench.tables import read_table
from coatbench.watch import Progress, changes, watch
from conftest import Workflow
from studies import cut_study, edit_rows

PRINTED = """\
Building DAG of jobs...
Job stats:
job                       count
----------------------  -------
simulate_leis_c300            1
leis_sample                   2
leis_figures                  1
page                          1
total                         5

note: xps: not measured in this study
Finished jobid: 2 (Rule: leis_sample)
2 of 5 steps (40%) done
Finished jobid: 4 (Rule: leis_sample)
study/leis/a.txt: line 3: expected two columns, found one; export it again
Finished jobid: 5 (Rule: simulate_leis_c300)
Finished jobid: 1 (Rule: leis_figures)
Finished jobid: 0 (Rule: page)
"""


def test_one_line_per_technique() -> None:
    said: list[str] = []
    progress = Progress(said.append)
    for line in PRINTED.splitlines():
        progress.read(line)
    assert said == [
        "  study/leis/a.txt: line 3: expected two columns, found one; export it again",
        "  LEIS: 4 jobs done",
        "  ranking and report: 1 jobs done",
    ]


def test_a_change_counts_when_it_has_settled(tmp_path: Path) -> None:
    """An export that is still being written is waited for; one that comes later is the next change."""
    file = tmp_path / "xps" / "a.npl"
    file.parent.mkdir()
    file.write_text("1")
    now = [0.0]
    writes = {2.0: "12", 4.0: "123", 6.0: "1234", 40.0: "12345"}

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] in writes:
            file.write_text(writes[now[0]])
        assert now[0] < 100

    found = changes(tmp_path, settle_s=5, poll_s=2, sleep=sleep, clock=lambda: now[0])
    assert next(found) == []  # at once
    assert next(found) == [file.as_posix()]
    assert 6 + 5 <= now[0] <= 6 + 5 + 2
    file.unlink()
    assert next(found) == [file.as_posix()]  # what is gone has changed too


@pytest.mark.workflow
@pytest.mark.slow
def test_a_changed_row_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = Workflow.copied_to(tmp_path / "workflow")
    study = cut_study(workflow.folder / "study", ["leis"], ["uncoated", "c300"])
    table = workflow.folder / "out/tables/leis_windows.csv"
    monkeypatch.chdir(workflow.folder)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    said: list[str] = []

    def leave_one_out() -> None:
        while not said:  # the first run has ended
            time.sleep(0.2)
        edit_rows(
            study / "leis" / "index.csv",
            lambda r: (
                None if (r["sample"], r["heating_temperature_degC"]) == ("c300", "600") else r
            ),
        )

    before = threading.Thread(target=leave_one_out)

    def say(line: str) -> None:
        if "up to date" in line:
            said.append(str(len(read_table(table))))

    before.start()
    code = watch(
        "study", "out", cores=2, settle_s=1, poll_s=0.3, runs=2, more=["out/tables/leis_windows.csv"], say=say
    )  # fmt: skip
    before.join()
    assert code == 0
    assert int(said[0]) > int(said[1]) > 0
