"""What half cycles are, and what is doubted about them, on records made for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coatbench import readers
from coatbench.analysis import Analysis
from coatbench.cycling import features, judge
from coatbench.cycling.analyse import _check_capacity, _overpotential, analyse
from coatbench.cycling.inside import describe
from coatbench.quality import Quality, doubtful, unusable

from .made_files import write

ROW = {
    "sample": "x",
    "cell": "a",
    "protocol": "short",
    "composite_mass_mg": "10",
    "cam_mass_fraction": "1",
}
REST, CHARGE, DISCHARGE, AGAIN = (0.0, 5400), (0.1, 72000), (-0.1, 70000), (0.1, 70000)
WINDOW = {"charge_cutoff_V": 3.7, "discharge_cutoff_V": 2.047}


def record(steps, resistance_ohm=0.0) -> np.ndarray:
    """Time, voltage, current and net charge (s, V, mA, mAh) of a cell whose voltage rises with its charge."""
    time, charge, rows = 0.0, 0.0, []
    for current, seconds in steps:
        each = 60.0 if seconds > 60 else 1.0
        for k in range(round(seconds / each) + 1):
            moved = charge + current * k * each / 3600
            voltage = 2.0 + 0.85 * moved + current * 1e-3 * resistance_ohm
            rows.append((time + k * each, voltage, current, moved))
        time, charge = time + k * each + 0.01, moved
    return np.array(rows)


def mpt(rows: np.ndarray, *, columns="tVIq") -> bytes:
    names = {"t": "time/s", "V": "Ewe/V", "I": "<I>/mA", "q": "(Q-Qo)/mA.h", "d": "dQ/mA.h"}
    lines = ["EC-Lab ASCII FILE", "Nb header lines : 3", "\t".join(names[c] for c in columns)]
    at = [list(names).index(c) for c in columns]
    lines += ["\t".join(f"{row[i]:.10e}" for i in at) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode()


def run(config, folder: Path, rows: np.ndarray, *, window=None, columns="tVIq", **protocol):
    own = config["protocols"]["short"] | (window or WINDOW) | protocol
    path = write(folder, mpt(rows, columns=columns))
    return analyse([ROW], [path], config | {"protocols": {"short": own}})


PLAIN = [REST, CHARGE, REST, DISCHARGE, REST, AGAIN, REST]


def check_plain(cells, note=""):
    assert cells[0]["charge_capacity_mAh_g"] == pytest.approx(200, rel=2e-3)
    assert cells[0]["discharge_capacity_mAh_g"] == pytest.approx(194.44, rel=2e-3)
    assert cells[1]["charge_capacity_mAh_g"] == pytest.approx(194.44, rel=2e-3)
    assert note in cells[0]["quality_note"]


@pytest.mark.parametrize("noise_mA", [0.0, 5e-5, 1e-4])
@pytest.mark.parametrize("columns", ["tVI", "tVIq"])
def test_noise_at_rest_makes_no_half_cycles(config, tmp_path, noise_mA, columns):
    rows = record(PLAIN)
    rows[:, 2] += np.random.default_rng(1).normal(0, noise_mA, len(rows))
    analysis = run(config, tmp_path, rows, columns=columns)
    check_plain(analysis.tables["cycling_cells"])
    assert len(analysis.tables["cycling_half_cycles"]) == 3


def test_pulses_in_both_directions_end_no_rest_and_count_nowhere(config, tmp_path):
    pulses = [(-2.0, 10), (0.0, 600), (2.0, 10), (0.0, 600)]
    steps = [REST, CHARGE, REST, *pulses, DISCHARGE, REST, *pulses[2:], AGAIN, REST]
    analysis = run(
        config,
        tmp_path,
        record(steps),
        window={"charge_cutoff_V": None, "discharge_cutoff_V": None},
    )
    cells = analysis.tables["cycling_cells"]
    check_plain(cells)
    assert [c["quality"] for c in cells] == ["ok", "ok"]
    assert cells[0]["rest_after_charge_s"] == pytest.approx(6620, abs=1)
    assert cells[0]["rest_after_discharge_s"] == pytest.approx(6010, abs=1)
    assert not any(c["interrupted"] for c in cells)
    assert sum(h["stub"] for h in analysis.tables["cycling_half_cycles"]) == 3


def test_pulse_before_the_relaxed_potential_is_a_reason_to_doubt_it(config, tmp_path):
    steps = [REST, CHARGE, (0.0, 1800), (-2.0, 10), (0.0, 5400), DISCHARGE, REST]
    analysis = run(config, tmp_path, record(steps), kind="long")
    metrics = {m["metric"]: m["quality"] for m in analysis.tables["cycling_cell_metrics"]}
    assert metrics.pop("relaxed_potential_charge_V") == "doubtful"
    assert "capacity_at_0.05C_mAh_g" in metrics
    assert set(metrics.values()) == {"ok"}


def test_titration_is_one_half_cycle(config, tmp_path):
    steps = [REST, *[(0.1, 720), (0.0, 1800)] * 100, *[(-0.1, 720), (0.0, 1800)] * 97, REST]
    (cycle,) = run(config, tmp_path, record(steps)).tables["cycling_cells"]
    assert cycle["charge_capacity_mAh_g"] == pytest.approx(200, rel=2e-3)
    assert cycle["coulombic_efficiency_percent"] == pytest.approx(97, abs=0.2)
    assert "100 pulses" in cycle["quality_note"]
    assert not cycle["interrupted"]


def test_pulses_within_a_discharge_belong_to_it(config, tmp_path):
    part = [(-0.1, 6960), (0.0, 1800), (-2.0, 10), (0.0, 40), (2.0, 10), (0.0, 40)]
    steps = [REST, CHARGE, REST, *part * 9, (-0.1, 6960), REST, AGAIN, REST]
    cells = run(config, tmp_path, record(steps)).tables["cycling_cells"]
    assert len(cells) == 2
    # The discharge pulses between its parts are part of it: 9 x 5.6 uAh.
    assert cells[0]["discharge_capacity_mAh_g"] == pytest.approx(193.33 + 9 * 0.556, rel=2e-3)


def test_anode_cell_begins_with_a_discharge(config, tmp_path):
    rows = record(
        [REST, CHARGE, REST, (-0.1, 70000), REST, (0.1, 65000), REST, (-0.1, 65000), REST]
    )
    rows = rows[90 + 1 + 1201 :]
    free = {"charge_cutoff_V": None, "discharge_cutoff_V": None}
    analysis = run(config, tmp_path, rows, window=free, first="discharge")
    first, second = analysis.tables["cycling_cells"]
    assert first["coulombic_efficiency_percent"] == pytest.approx(100 * 65 / 70, abs=0.2)
    assert first["discharge_capacity_mAh_g"] == pytest.approx(194.44, rel=2e-3)
    assert second["note"] == "no charge yet"
    found = {m["metric"]: m["value"] for m in analysis.tables["cycling_cell_metrics"]}
    assert found["cumulative_irreversible_capacity_mAh_g"] == pytest.approx(5 / 0.36, rel=1e-2)
    assert not any("belongs to no cycle" in w for w in analysis.warnings)
    lone = run(config, tmp_path, rows, window=free).warnings
    assert any("starts with a discharge, which belongs to no cycle" in w for w in lone)


@pytest.mark.parametrize(("first", "cycles"), [("discharge", 2), ("charge", 1)])
def test_cycles_are_counted_as_the_protocol_begins_them(config, tmp_path, first, cycles):
    steps = [REST, (-0.1, 70000), REST, (0.1, 65000), REST, (-0.1, 65000), REST]
    export = readers.read(write(tmp_path, mpt(record(steps))), "cycling")
    own = {"protocols": {"short": config["protocols"]["short"] | {"first": first}}}
    inside, lacking = describe(export, config | own, ROW | {"leave_out_cycles": "2"})
    assert inside.endswith(f", {cycles} cycle{'s' * (cycles > 1)}")
    assert ("names cycle 2" in lacking) == (cycles == 1)


def test_gap_without_records_is_doubted_where_only_current_tells_the_charge(config, tmp_path):
    rows = record(PLAIN)
    rows[600:, 0] += 7200.0
    counted = run(config, tmp_path, rows).tables["cycling_cells"]
    check_plain(counted, "interrupted for 72")
    assert abs(counted[0]["charge_check_percent"]) < 0.2
    assumed = run(config, tmp_path, rows, columns="tVI").tables["cycling_cells"][0]
    assert assumed["quality"] == "doubtful"
    assert "no records for 72" in assumed["quality_note"]


@pytest.mark.parametrize(
    ("steps", "columns", "said"),
    [
        (PLAIN, "tVI", "cycle 1: no records for 72"),
        (PLAIN[:3], "tVIq", "cycle 1: no discharge yet; charge interrupted for 72"),
        (PLAIN[:3], "", ""),
    ],
)
def test_every_doubt_of_a_cycle_is_a_warning_whatever_its_first_words(
    config, tmp_path, steps, columns, said
):
    rows = record(steps)
    if said:
        rows[600:, 0] += 7200.0
    warnings = run(config, tmp_path, rows, columns=columns or "tVIq").warnings
    assert [said in w for w in warnings if "cycle 1" in w] == ([True] if said else [])


def test_charge_in_another_unit_is_unusable(config, tmp_path):
    rows = record(PLAIN)
    rows[:, 3] *= 0.5
    first = run(config, tmp_path, rows).tables["cycling_cells"][0]
    assert first["quality"] == "unusable"
    assert "differs by +100.0 % from the charge" in first["quality_note"]
    assert not first["interrupted"]


def test_another_window_than_the_protocols_is_doubted_not_refused(config, tmp_path):
    window = {"charge_cutoff_V": 3.9, "discharge_cutoff_V": 1.9}
    steps = [REST, CHARGE, REST, (-0.1, 70000), REST, AGAIN, REST]
    cells = run(config, tmp_path, record(steps), window=window).tables["cycling_cells"]
    assert [c["quality"] for c in cells] == ["doubtful", "doubtful"]
    assert "where the protocol says 3.9 V" in cells[0]["quality_note"]


@pytest.mark.parametrize(("seconds", "finished"), [(0, True), (3000, False)])
def test_last_half_cycle_without_a_rest_is_over_only_at_its_cutoff(
    config, tmp_path, seconds, finished
):
    steps = [REST, CHARGE, REST, DISCHARGE, REST, (0.1, 70000 - seconds)]
    last = run(config, tmp_path, record(steps)).tables["cycling_cells"][-1]
    assert last["running"] == ("" if finished else "charge")
    assert last["quality"] == ("ok" if finished else "unusable")


@pytest.mark.parametrize(
    ("down", "up", "finished"),
    [(1.0, 1.0, True), (1.0, 0.97, False), (1.0, 1.03, False), (0.9, 0.9, True), (0.9, 1.0, True), (0.9, 0.95, False)],
)  # fmt: skip
def test_last_half_cycle_without_a_cutoff_is_over_where_those_before_ended(
    config, tmp_path, down, up, finished
):
    """By their charge, or by their voltage."""
    free = {"charge_cutoff_V": None, "discharge_cutoff_V": None}
    steps = [(0.1, 70000), REST, (-0.1, 70000 * down), REST, (0.1, 70000 * up)]
    last = run(config, tmp_path, record(steps), window=free).tables["cycling_cells"][-1]
    assert last["running"] == ("" if finished else "charge")


@pytest.mark.parametrize(("factor", "rounding", "said"), [(1.02, 0, True), (1.005, 0, False), (1.02, 1.5, False)])  # fmt: skip
def test_charge_that_differs_by_more_than_its_limit_and_its_rounding_is_warned_of(
    factor, rounding, said
):
    result, off = Analysis(), 100 * (factor - 1)
    row = {"charge_check_percent": off, "charge_check_rounding_percent": rounding or None}
    _check_capacity(result, "x", [row], 1.0)
    assert bool(result.warnings) == said


def test_a_cell_names_its_first_wrong_cycle_and_counts_the_others():
    judged = [
        ({"cycle": n}, judge.Judgement(whole=unusable("too much") if n in (2, 4, 5) else Quality()))
        for n in range(1, 6)
    ]
    assert "cycle 2: too much (and 2 more cycles)" in judge.of_cell(judged).note
    assert "cycle 2: too much;" in judge.of_cell(judged[:3]).note


def test_an_overpotential_is_as_good_as_the_half_cycles_up_to_the_last_it_is_read_from(
    config, monkeypatch
):
    monkeypatch.setattr(features, "main_peak", lambda curve, *_: (curve, 0.01))
    said = [{half: doubtful(f"{half} of {n}") for half in (1, -1)} for n in (1, 2, 3)]
    judged = [({}, judge.Judgement(halves=halves)) for halves in said]
    (row,) = _overpotential({(1, -1): (3.5, []), (2, 1): (3.7, [])}, judged, config["dqdv"])
    assert row["quality"].note == "1 of 2; 1 of 1; -1 of 1"
    assert row["value"] == pytest.approx(0.1)


def test_slower_cycle_after_a_faster_one_may_give_more_than_it_took(config, tmp_path):
    free = {"charge_cutoff_V": None, "discharge_cutoff_V": None}
    steps = [REST, CHARGE, REST, (-0.4, 15000), REST, (0.1, 60000), REST, (-0.1, 70000), REST]
    cells = run(config, tmp_path, record(steps), window=free).tables["cycling_cells"]
    assert cells[1]["coulombic_efficiency_percent"] == pytest.approx(116.7, abs=0.2)
    assert cells[1]["quality"] == "ok"


@pytest.mark.parametrize(
    ("columns", "quality", "reason"),
    [
        ("tVId", "unusable", "0.1017 mAh had flowed"),
        ("tVI", "doubtful", "what had flowed before is not known"),
        ("tVIq", "doubtful", "what had flowed before is not known"),
    ],
)
def test_file_that_begins_within_a_charge_says_so(config, tmp_path, columns, quality, reason):
    """An efficiency of 102 % is possible: only the count since the step tells, or nothing does."""
    rows = record(PLAIN)[91 + 61 :]
    step = np.cumsum(np.diff(np.sign(rows[:, 2]), prepend=0) != 0)
    start = np.array([rows[step == s, 3][0] for s in range(step[-1] + 1) if (step == s).any()])
    since = rows[:, 3] - start[step - step[0]]
    since[step == step[0]] = rows[step == step[0], 3]
    own = np.column_stack([rows, since])
    path = write(tmp_path, mpt(own, columns=columns))
    protocols = {"short": config["protocols"]["short"] | WINDOW}
    analysis = analyse([ROW], [path], config | {"protocols": protocols})
    first = analysis.tables["cycling_cells"][0]
    assert first["quality"] == quality
    assert reason in first["quality_note"]


def test_first_charge_without_a_rest_before_it_is_no_middle(config, tmp_path):
    rows = record(PLAIN[1:])
    (first, _) = run(config, tmp_path, rows, columns="tVI").tables["cycling_cells"]
    assert first["quality"] == "ok"


def test_discharge_that_is_missing_between_two_charges_makes_no_long_charge(config, tmp_path):
    """Its records, or its file, are not there: the voltage goes back over a time without records."""
    rows = record(PLAIN)
    current = rows[:, 2]
    there = current >= 0
    there[np.flatnonzero(current < 0)[-1] : np.flatnonzero(current < 0)[-1] + 92] = False
    first = run(config, tmp_path, rows[there], columns="tVI").tables["cycling_cells"][0]
    assert first["charge_capacity_mAh_g"] > 300
    assert first["quality"] == "unusable"
    assert "voltage goes back from 3.7" in first["quality_note"]
    # Two files whose clocks are in the wrong order ask for the order.
    assert "column part" in first["quality_note"]


@pytest.mark.parametrize(
    ("real_mA", "form", "quality"),
    [
        (0.45, "{:.4f}", "doubtful"),  # written as 0.0005 A
        (0.45, "{:.4f}0000", "unusable"),  # digits that say that it is 0.0005 A
        (0.45, "5e-4", "doubtful"),
        (0.35, "{:.4f}", "unusable"),  # no rounding makes 0.0005 A of it
        (0.48, "{:.4f}", "ok"),
    ],
)
def test_check_of_the_charge_knows_how_finely_the_current_is_written(
    config, tmp_path, real_mA, form, quality
):
    rows = record([REST, CHARGE, REST, DISCHARGE, REST])
    sign = np.sign(rows[:, 2])
    rows[:, 0] *= 0.1 / real_mA
    written = form.format(0.0005)
    step = 1 + np.cumsum(np.diff(sign, prepend=0) != 0)
    own = rows[:, 3] - np.array([rows[step == s, 3][0] for s in step])
    lines = ["Rec#\tCyc#\tStep\tTest(Min)\tStep(Min)\tAmp-hr\tWatt-hr\tAmps\tVolts\tDPt-Time"]
    lines += [
        f"{i}\t1\t{step[i]}\t{t / 60:.6f}\t0\t{abs(own[i]) * 1e-3 if s else 0:.10f}\t0\t"
        f"{'-' if s < 0 else ''}{written if s else 0}\t{v:.6f}\t"
        for i, (t, v, s) in enumerate(zip(rows[:, 0], rows[:, 1], sign, strict=True))
    ]
    path = write(tmp_path, "\n".join([*lines, ""]).encode(), "a.txt")
    protocols = {"short": config["protocols"]["short"] | WINDOW}
    analysis = analyse([ROW], [path], config | {"protocols": protocols})
    (cycle,) = analysis.tables["cycling_cells"]
    assert cycle["charge_capacity_mAh_g"] == pytest.approx(200, rel=2e-3)
    assert cycle["charge_check_percent"] == pytest.approx(100 * (0.5 / real_mA - 1), abs=0.3)
    assert cycle["quality"] == quality
    assert ("decimals of the written current" in cycle["quality_note"]) == (quality == "doubtful")
