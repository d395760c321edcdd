"""Which cycles condemn a cell: impossible ones, wherever they stand, unless the index leaves them out."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.cycling.analyse import analyse

from .made_files import write
from .test_judged import AGAIN, CHARGE, DISCHARGE, REST, ROW, mpt, record

FREE = {"charge_cutoff_V": None, "discharge_cutoff_V": None, "kind": "long", "first": "charge"}
CYCLE = [AGAIN, REST, DISCHARGE, REST]


def run(config, folder, rows, **index):
    path = write(folder, mpt(rows))
    protocols = config["protocols"] | {"short": FREE}
    return analyse([ROW | index], [path], config | {"protocols": protocols})


def levels(analysis) -> set[str]:
    return {m["quality"] for m in analysis.tables["cycling_cell_metrics"]}


def impossible():
    """The charge of the fourth cycle stopped after half of its time, at the same rate."""
    half = [(0.1, 35000), REST, (-0.1, 70000), REST]
    return record([REST, CHARGE, REST, DISCHARGE, REST, *CYCLE * 2, *half, *CYCLE])


def test_impossible_efficiency_of_a_later_cycle_condemns_the_cell(config, tmp_path):
    analysis = run(config, tmp_path, impossible())
    assert levels(analysis) == {"unusable"}
    notes = {m["quality_note"] for m in analysis.tables["cycling_cell_metrics"]}
    assert all("cycle 4: coulombic_efficiency_percent: 200" in note for note in notes)
    assert [c["quality"] for c in analysis.tables["cycling_cells"]] == ["ok"] * 3 + [
        "unusable",
        "ok",
    ]
    assert "cycling_fade" not in analysis.tables


def test_cycle_that_the_index_leaves_out_condemns_nothing(config, tmp_path):
    analysis = run(config, tmp_path, impossible(), leave_out_cycles="4")
    assert "unusable" not in levels(analysis)


def test_charge_of_a_later_cycle_that_the_current_contradicts_condemns_the_cell(config, tmp_path):
    rows = record([REST, CHARGE, REST, DISCHARGE, REST, *CYCLE * 2])
    step = np.diff(rows[:, 3], prepend=0.0)
    third = np.flatnonzero(np.diff(rows[:, 2], prepend=0) != 0)[-4]
    step[third:] *= 1.15
    rows[:, 3] = np.cumsum(step)
    analysis = run(config, tmp_path, rows)
    assert levels(analysis) == {"unusable"}
    assert "differs by -13.0 %" in analysis.tables["cycling_cell_metrics"][0]["quality_note"]


@pytest.mark.parametrize(("slow_s", "level"), [(70000, "ok"), (140000, "unusable")])
def test_slower_cycle_brings_no_more_than_a_faster_one_left(config, tmp_path, slow_s, level):
    fast = [(-0.4, 15000), REST]
    steps = [
        REST,
        CHARGE,
        REST,
        DISCHARGE,
        REST,
        AGAIN,
        REST,
        *fast,
        (0.1, 60000),
        REST,
        (-0.1, slow_s),
        REST,
    ]
    cells = run(config, tmp_path, record(steps)).tables["cycling_cells"]
    assert cells[2]["coulombic_efficiency_percent"] > 105
    assert cells[2]["quality"] == level


def test_what_a_cycle_that_is_left_out_brought_is_in_no_cell(config, tmp_path):
    """A discharge of twice the capacity, left out, does not explain one of 180 % after a faster cycle."""
    wrong = [CHARGE, REST, (-0.1, 140000), REST]
    fast, slow = (
        [(0.4, 16000), REST, (-0.4, 15500), REST],
        [(0.1, 50000), REST, (-0.1, 90000), REST],
    )
    rows = record([REST, CHARGE, REST, DISCHARGE, REST, *wrong, *fast, *slow])
    cells = run(config, tmp_path, rows, leave_out_cycles="2").tables["cycling_cells"]
    assert cells[3]["coulombic_efficiency_percent"] == pytest.approx(180, abs=0.2)
    assert cells[3]["quality"] == "unusable"


def test_half_cycle_that_has_just_begun_condemns_nothing(config, tmp_path):
    """The first records of a step hold no charge yet, so that the check is far off."""
    rows = record([REST, CHARGE, REST, DISCHARGE, REST, *CYCLE, (0.1, 3000)])
    rows[-40:, 3] = rows[-41, 3] + 0.3 * (rows[-40:, 3] - rows[-41, 3])
    analysis = run(config, tmp_path, rows)
    assert analysis.tables["cycling_cells"][-1]["running"] == "charge"
    assert "unusable" not in levels(analysis)


def test_numbers_inherit_the_doubts_of_the_cycles_that_they_count(config, tmp_path):
    """All charges of this cell end below the protocol's cut-off alike: every number is doubtful."""
    rows = record([REST, CHARGE, REST, DISCHARGE, REST, *CYCLE * 3])
    window = {"charge_cutoff_V": 3.9, "discharge_cutoff_V": 2.047}
    path = write(tmp_path, mpt(rows))
    protocols = config["protocols"] | {"short": FREE | window}
    analysis = analyse([ROW], [path], config | {"protocols": protocols})
    found = {m["metric"]: m for m in analysis.tables["cycling_cell_metrics"]}
    assert found["capacity_at_0.05C_mAh_g"]["quality"] == "doubtful"
    note = found["capacity_at_0.05C_mAh_g"]["quality_note"]
    assert note.startswith("cycle 1: ")
    assert "where the protocol says 3.9 V (and" in note


def test_titration_has_no_rate(config, tmp_path):
    pulses = [*[(0.1, 700), (0.0, 1800)] * 100, *[(-0.1, 700), (0.0, 1800)] * 100]
    rows = record([REST, CHARGE, REST, DISCHARGE, REST, *pulses, *CYCLE])
    analysis = run(config, tmp_path, rows)
    rates = [c["c_rate"] for c in analysis.tables["cycling_cells"]]
    assert np.isnan(rates[1])
    assert [rates[0], rates[2]] == [0.05, 0.05]
    found = {m["metric"]: m["quality"] for m in analysis.tables["cycling_cell_metrics"]}
    assert found["capacity_at_0.05C_mAh_g"] == "ok"
