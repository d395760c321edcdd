"""The plan of a large study stands within seconds, and its time grows no faster than the study."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from conftest import ROOT, Workflow
from studies import planned

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

BENCHMARK = runpy.run_path(str(ROOT / "benchmarks" / "workflow.py"))


def test_a_hundred_temperatures_of_forty_regions(tmp_path: Path) -> None:
    project = Workflow.copied_to(tmp_path / "project")
    costs, plans = {}, []
    for temperatures in (50, 100):
        study = BENCHMARK["many"](tmp_path / f"study{temperatures}", temperatures, 40)
        arguments = ["--config", f"study={study}", "results=out"]
        costs[temperatures] = BENCHMARK["cost"](
            lambda given: plans.append(planned(project, *given)), arguments
        )
    assert plans[-1]["xps_sample"] == plans[-1]["cycling_cell"] == 101
    assert plans[-1]["sims_reduce"] >= 101
    # Processor time: what else the machine does must not decide.
    assert costs[100].cpu < 2.5 * costs[50].cpu
