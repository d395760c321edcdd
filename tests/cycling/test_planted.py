"""The demo study: what was planted is found, the paper's claims hold, the written files read back."""

from __future__ import annotations

import csv
import hashlib
import io

import numpy as np
import pytest
from coatbench import readers
from coatbench.cycling.analyse import analyse
from coatbench.readers import bdf
from coatbench.simulate import cell_model, cell_protocols, cycling, cycling_records
from coatbench.simulate.truth import truth_of
from coatbench.simulate.write_mpt import COLUMNS, IMPEDANCE

from .conftest import DEMO, SEED, read_csv, rows_of

COATED = ["c025", "c100", "c200", "c300", "c400", "c500", "c600", "c700"]
SAMPLES = ["uncoated", *COATED]
CAPACITY, EFFICIENCY = 2e-3, 0.1  # relative; percentage points
POTENTIAL_V, FEATURE_V = 1e-3, 20e-3


def planted(truth, sample, name):
    return truth[sample][f"cycling.{name}"]


# --- planted truth ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["first_charge", "first_discharge", "second_charge"])
def test_short_capacities(metric, truth, sample, name):
    found = metric(sample, "short", f"{name}_capacity_mAh_g")
    assert found["value"] == pytest.approx(
        planted(truth, sample, f"{name}_capacity_mAh_g"), rel=CAPACITY
    )
    assert found["n_cells"] == 2


@pytest.mark.parametrize("sample", SAMPLES)
def test_initial_efficiency(metric, truth, sample):
    first, charge = (
        planted(truth, sample, f"first_{k}_capacity_mAh_g") for k in ("discharge", "charge")
    )
    found = metric(sample, "short", "initial_coulombic_efficiency_percent")
    assert found["value"] == pytest.approx(100 * first / charge, abs=EFFICIENCY)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["charge", "discharge"])
def test_relaxed_potentials(metric, truth, sample, name):
    key = f"relaxed_potential_{name}_V"
    found = metric(sample, "short", key)
    assert found["value"] == pytest.approx(planted(truth, sample, key), abs=POTENTIAL_V)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_cell_is_within_tolerance_of_its_own_truth(analyses, truth, sample):
    values = {k.removeprefix("cycling."): v for k, v in truth[sample].items()}
    for cell, place in (("P1", -1.0), ("P2", 1.0)):
        halves = cell_protocols.short_cell(values, place)
        first, second = analyses[sample, "short", cell].tables["cycling_cells"]
        for half, found in zip(
            halves,
            (first["charge_capacity_mAh_g"], first["discharge_capacity_mAh_g"],
             second["charge_capacity_mAh_g"]),
            strict=True,
        ):  # fmt: skip
            assert found == pytest.approx(half.charge_mAh_g[-1], rel=CAPACITY)
        for half, name in zip(halves, ("charge", "discharge"), strict=False):
            expected = float(half.relaxing_V(3600.0))
            assert first[f"relaxed_potential_{name}_V"] == pytest.approx(expected, abs=POTENTIAL_V)


def peaks_of_the_model(half: cell_model.Half) -> np.ndarray:
    """Potentials of the maxima of |dq/dV| of a noiseless curve, by plain differences on a fine grid."""
    order = np.argsort(half.voltage_V)
    grid = np.arange(half.voltage_V.min() + 0.02, half.voltage_V.max() - 0.02, 0.001)
    charge = np.interp(grid, half.voltage_V[order], half.charge_mAh_g[order])
    slope = np.abs(np.gradient(charge, grid))
    slope = np.convolve(slope, np.ones(9) / 9, mode="same")
    top = (slope[1:-1] > slope[:-2]) & (slope[1:-1] >= slope[2:]) & (slope[1:-1] > 40)
    return grid[1:-1][top]


@pytest.mark.parametrize("sample", SAMPLES)
def test_feature_potentials(tables, truth, sample):
    values = {k.removeprefix("cycling."): v for k, v in truth[sample].items()}
    halves = cell_protocols.short_cell(values, -1.0)
    for cycle, direction, half in ((1, "discharge", halves[1]), (2, "charge", halves[2])):
        found = [
            f
            for f in tables["cycling_dqdv_features"]
            if (f["sample"], f["cell"], f["cycle"], f["direction"])
            == (sample, "P1", cycle, direction)
        ]
        expected = peaks_of_the_model(half)
        assert len(found) >= 3
        for feature in found:
            nearest = expected[np.argmin(np.abs(expected - feature["potential_V"]))]
            assert feature["potential_V"] == pytest.approx(nearest, abs=FEATURE_V)
            assert 0 < feature["potential_V_sd"] < FEATURE_V


@pytest.mark.parametrize("sample", SAMPLES)
def test_overpotential_follows_what_was_planted(metric, truth, sample):
    found = metric(sample, "short", "overpotential_V")
    assert found["value"] == pytest.approx(planted(truth, sample, "overpotential_V"), abs=0.005)


@pytest.mark.parametrize("sample", ["uncoated", "c400"])
def test_long_capacities_and_retention(metric, truth, sample):
    names = ["first_discharge_capacity_mAh_g"]
    names += [f"capacity_at_{rate}C_mAh_g" for rate in ("0.1", "0.2", "0.5", "1")]
    for name in names:
        expected = planted(truth, sample, f"long.{name}")
        assert metric(sample, "long", name)["value"] == pytest.approx(expected, rel=CAPACITY)
    for name in ("initial_coulombic_efficiency_percent", "retention_percent"):
        expected = planted(truth, sample, f"long.{name}")
        assert metric(sample, "long", name)["value"] == pytest.approx(expected, abs=EFFICIENCY)


def test_the_interrupted_cycle_is_marked_and_only_that(tables, truth):
    marked = [r for r in tables["cycling_cells"] if r["interrupted"]]
    (row,) = marked
    number = planted(truth, "uncoated", "long.interrupted_cycle")
    assert (row["sample"], row["cell"], row["cycle"]) == ("uncoated", "S2", number)
    assert "interrupted for 1" in row["note"]
    neighbours = [
        r["discharge_capacity_mAh_g"]
        for r in tables["cycling_cells"]
        if (r["sample"], r["cell"]) == ("uncoated", "S2") and abs(r["cycle"] - number) == 1
    ]
    assert row["discharge_capacity_mAh_g"] == pytest.approx(np.mean(neighbours), rel=CAPACITY)


def test_fade_fits_describe_the_planted_fade(tables, truth):
    """The straight line through the planted capacities is what the linear model finds."""
    values = {k.removeprefix("cycling."): v for k, v in truth["c400"].items()}
    for cell, place in (("S1", -1.0), ("S2", 1.0)):
        rows = [r for r in tables["cycling_fade"] if (r["sample"], r["cell"]) == ("c400", cell)]
        assert {r["model"] for r in rows} == {"linear", "square_root", "exponential"}
        assert sum(r["best"] for r in rows) == 1
        kept = [
            q
            for _, q in cell_protocols.long_schedule(values, place)[
                -cell_protocols.LONG_TERM_CYCLES :
            ]
        ]
        slope, start = np.polyfit(np.arange(len(kept)), kept, 1)
        linear = next(r for r in rows if r["model"] == "linear")
        assert linear["fade_constant"] == pytest.approx(-slope / start, rel=0.01)
        assert linear["start_capacity_mAh_g"] == pytest.approx(start, rel=CAPACITY)
        assert linear["n_cycles"] == cell_protocols.LONG_TERM_CYCLES


def test_every_curve_conserves_charge(tables):
    assert all(r["charge_conserved"] for r in tables["cycling_dqdv_quality"])
    assert len(tables["cycling_dqdv_quality"]) == 18 * 3 + 4 * 4


def test_integral_of_current_confirms_the_capacities(tables):
    for row in tables["cycling_cells"]:
        if not row["interrupted"]:
            assert abs(row["charge_check_percent"]) < 0.2, row


# --- the paper's claims, from the tables -------------------------------------------------------------


def test_claims_of_the_short_protocol(metric, tables):
    def value(sample, name):
        return metric(sample, "short", name)["value"]

    ice = {s: value(s, "initial_coulombic_efficiency_percent") for s in SAMPLES}
    assert ice["uncoated"] == pytest.approx(85, abs=1.5)  # C01
    assert all(ice[s] < ice["uncoated"] for s in ("c025", "c100", "c200"))  # C02
    assert all(ice[s] > ice["uncoated"] for s in COATED[3:])  # C03
    second = {s: value(s, "second_charge_capacity_mAh_g") for s in SAMPLES}
    assert second["c700"] == pytest.approx(199.5, abs=0.5)  # C04
    assert max(second, key=second.get) == "c700"
    for name in ("first_charge", "first_discharge", "second_charge"):  # C05
        capacity = {s: value(s, f"{name}_capacity_mAh_g") for s in SAMPLES}
        assert all(capacity[s] > capacity["uncoated"] for s in COATED[1:])
        assert capacity["c025"] < capacity["uncoated"]
    best = ("c300", "c400", "c500")
    charge = {s: value(s, "relaxed_potential_charge_V") for s in SAMPLES}
    discharge = {s: value(s, "relaxed_potential_discharge_V") for s in SAMPLES}
    assert max(charge, key=charge.get) in best  # C06
    assert min(discharge, key=discharge.get) in best  # C07
    overpotential = {s: value(s, "overpotential_V") for s in SAMPLES}
    assert all(overpotential[s] < overpotential["uncoated"] for s in COATED)  # C09
    rows = [r for r in tables["cycling_cells"] if r["protocol"] == "short" and not r["running"]]
    assert {r["c_rate"] for r in rows} == {0.05}  # M07
    assert all(r["charge_at_cutoff"] for r in rows)
    assert all(r["discharge_at_cutoff"] for r in rows if r["cycle"] == 1)


def test_claim_of_the_hindrance_feature(tables):  # C08
    found = {
        (f["sample"], f["cell"]): f["potential_V"]
        for f in tables["cycling_dqdv_features"]
        if f["feature"] == "kinetic_hindrance" and f["protocol"] == "short"
    }
    assert set(found) == {(s, c) for s in ("c400", "c500") for c in ("P1", "P2")}
    assert all(v == pytest.approx(2.9, abs=0.05) for v in found.values())


def test_claims_of_the_long_protocol(metric, tables):
    def value(sample, name):
        return metric(sample, "long", name)["value"]

    for sample, ice, kept, capacities in (
        ("c400", 92.7, 85, (204, 198, 184, 166)),
        ("uncoated", 87.1, 79, (199, 190, 175, 160)),
    ):
        found = value(sample, "initial_coulombic_efficiency_percent")
        assert found == pytest.approx(ice, abs=0.5)  # C10
        assert value(sample, "retention_percent") == pytest.approx(kept, abs=1)  # C14
        for rate, capacity in zip((0.1, 0.2, 0.5, 1), capacities, strict=True):  # C12, C13
            found = value(sample, f"capacity_at_{rate:g}C_mAh_g")
            assert found == pytest.approx(capacity, abs=1.5)
        assert metric(sample, "long", "retention_percent")["n_cells"] >= 2  # C15
    assert value("c400", "first_discharge_capacity_mAh_g") == pytest.approx(205, abs=2)  # C11
    for rate, share in ((0.2, 97), (0.5, 90), (1, 81)):
        found = value("c400", f"rate_retention_at_{rate:g}C_percent")
        assert found == pytest.approx(share, abs=1)
    assert value("c400", "charge_cutoff_V") == pytest.approx(3.68, abs=1e-3)  # M08
    assert value("c400", "discharge_cutoff_V") == pytest.approx(2.28, abs=1e-3)
    rows = [r for r in tables["cycling_cells"] if r["protocol"] == "long"]
    assert max(r["cycle"] for r in rows) >= 100


# --- cells as laboratories measure them -----------------------------------------------------------------


def test_spectra_of_the_cell_with_impedance(tables, truth):
    rows = tables["cycling_impedance"]
    assert {(r["sample"], r["cell"]) for r in rows} == {("c400", "P1")}
    assert [(r["cycle"], r["after"]) for r in rows] == [
        (1, "charge"),
        (1, "discharge"),
        (2, "charge"),
    ]
    ohmic = planted(truth, "c400", "trouble.P1.ohmic_resistance_ohm")
    whole = ohmic + planted(truth, "c400", "trouble.P1.interface_resistance_ohm")
    for row in rows:
        assert row["kramers_kronig_residual_percent"] < 0.5
        assert row["ohmic_resistance_ohm"] == pytest.approx(
            ohmic, abs=3 * row["ohmic_resistance_ohm_sd"]
        )
        assert row["ohmic_resistance_ohm_sd"] < 0.1 * ohmic
        # The foot of the arc lies a little into the diffusion that follows.
        assert row["total_resistance_ohm"] == pytest.approx(whole, rel=0.06)
        assert row["total_resistance_ohm_cm2"] == pytest.approx(0.785 * row["total_resistance_ohm"])


def test_pulse_is_set_aside_and_the_rest_goes_on(tables, truth):
    (pulse,) = tables["cycling_pulses"]
    assert (pulse["sample"], pulse["cell"], pulse["kind"]) == ("c500", "P2", "pulse")
    assert (pulse["direction"], pulse["half_cycle_direction"]) == ("discharge", "charge")
    resistance = planted(truth, "c500", "trouble.P2.pulse_resistance_ohm")
    error = pulse["resistance_last_ohm"] - resistance
    assert abs(error) < 3 * pulse["resistance_last_ohm_sd"]
    assert pulse["resistance_last_ohm_sd"] < 0.1 * resistance
    stubs = [r for r in tables["cycling_half_cycles"] if r["stub"]]
    assert [(r["sample"], r["cell"], r["direction"]) for r in stubs] == [
        ("c500", "P2", "discharge")
    ]
    (first, *_) = (r for r in tables["cycling_cells"] if (r["sample"], r["cell"]) == ("c500", "P2"))
    assert first["rest_after_charge_s"] > 5400
    assert first["quality"] == "ok"


def test_hold_is_told_from_constant_current(tables, truth):
    share = 0.01 * planted(truth, "c600", "trouble.P1.held_percent")
    for row in tables["cycling_cells"]:
        held = (row["sample"], row["cell"], row["cycle"]) == ("c600", "P1", 1)
        found = row["charge_constant_voltage_share"]
        assert found == pytest.approx(share if held else 0.0, abs=0.003 if held else 1e-12)


def test_cell_that_still_runs_counts_nowhere(metric, tables):
    (row,) = (r for r in tables["cycling_cells"] if (r["sample"], r["cell"]) == ("c200", "P3"))
    assert (row["running"], row["quality"]) == ("charge", "unusable")
    assert metric("c200", "short", "first_charge_capacity_mAh_g")["n_cells"] == 2


def test_cell_in_two_files_is_one(tables, index):
    files = [r for r in index if (r["sample"], r["cell"]) == ("c300", "P1")]
    assert len(files) == 2
    rows = [r for r in tables["cycling_cells"] if (r["sample"], r["cell"]) == ("c300", "P1")]
    assert [(r["cycle"], r["interrupted"], r["quality"]) for r in rows] == [
        (1, False, "ok"),
        (2, False, "ok"),
    ]


def test_areal_numbers_stand_where_the_index_gives_an_area(tables):
    for row in tables["cycling_cells"]:
        found = row["charge_capacity_mAh_cm2"]
        assert (found is not None) == (row["protocol"] == "short")
        if found is not None:
            density = row["charge_current_density_mA_cm2"]
            assert found / density == pytest.approx(
                row["charge_capacity_mAh_g"] / 200 / row["c_rate_charge"]
            )


# --- a cell that is still being measured ---------------------------------------------------------------


def cut_after(path, tmp_path, half_cycle: int, share: float):
    """The same export as it stood when this share of a half cycle's records was written."""
    lines = path.read_bytes().split(b"\r\n")
    count = int(lines[1].split(b":")[1])
    at = COLUMNS.index("half cycle"), COLUMNS.index("mode")
    rows = [line.split(b"\t") for line in lines[count:]]
    own = [
        i for i, r in enumerate(rows) if (r[at[0]], r[at[1]]) == (str(half_cycle).encode(), b"1")
    ]
    stop = count + own[int(share * len(own))]
    made = tmp_path / path.name
    made.write_bytes(b"\r\n".join(lines[:stop]) + b"\r\n")
    return made


@pytest.mark.parametrize(("half_cycle", "name"), [(1, "discharge"), (2, "charge")])
def test_running_half_cycle_is_no_result(exports, index, config, tmp_path, half_cycle, name):
    row = next(r for r in index if (r["sample"], r["cell"]) == ("c200", "P2"))
    whole = analyse([row], [exports / row["file"]], config)
    path = cut_after(exports / row["file"], tmp_path, half_cycle, 0.6)
    analysis = analyse([row], [path], config)
    last = analysis.tables["cycling_cells"][-1]
    assert last["running"] == name
    assert f"{name} still running" in last["note"]
    assert last.get("discharge_capacity_mAh_g") is None
    assert last.get("coulombic_efficiency_percent") is None
    found = {m["metric"]: m["value"] for m in analysis.tables["cycling_cell_metrics"]}
    before = {m["metric"]: m["value"] for m in whole.tables["cycling_cell_metrics"]}
    assert found["first_charge_capacity_mAh_g"] == before["first_charge_capacity_mAh_g"]
    assert "second_charge_capacity_mAh_g" not in found
    assert ("first_discharge_capacity_mAh_g" in found) == (name == "charge")
    assert all(r["running"] == "" for r in whole.tables["cycling_cells"])


# --- the simulation itself ---------------------------------------------------------------------------


def test_same_seed_same_bytes_and_another_seed_other_noise(exports, index, truth, tmp_path):
    rows = rows_of(index, "c300")
    for folder, seed in (("same", SEED), ("other", SEED + 1)):
        cycling.simulate("c300", rows, tmp_path / folder, truth["c300"], {}, seed)
    for row in rows:
        made = [
            hashlib.sha256((f / row["file"]).read_bytes()).digest()
            for f in (exports, tmp_path / "same", tmp_path / "other")
        ]
        assert made[0] == made[1] != made[2]


def test_written_mpt_read_back_by_an_independent_parser(exports, index):
    """Plain csv reading of the same file gives what our reader gives, and what the columns promise."""
    for row in index:
        if row["protocol"] != "short":
            continue
        text = (exports / row["file"]).read_bytes().decode("cp1252")
        lines = text.split("\r\n")
        count = int(lines[1].split(":")[1])
        german = "," in lines[count]
        records = list(csv.reader(io.StringIO("\n".join(lines[count:])), delimiter="\t"))
        values = np.array([[float(c.replace(",", ".")) for c in r] for r in records])
        names = lines[count - 1].rstrip("\t").split("\t")
        named = dict(zip(names, values.T, strict=True))
        impedance = IMPEDANCE if (row["sample"], row["cell"]) == ("c400", "P1") else ()
        assert lines[count - 1] == "\t".join([*COLUMNS, *impedance]) + "\t"
        table = readers.read(exports / row["file"]).sets[0].to_pandas()
        assert np.array_equal(table[bdf.VOLTAGE], named["Ewe/V"])
        assert np.array_equal(table[bdf.TIME], named["time/s"])
        assert table[bdf.NET].to_numpy() == pytest.approx(1e-3 * named["(Q-Qo)/mA.h"], abs=1e-15)
        moved = named["(Q-Qo)/mA.h"] - named["(Q-Qo)/mA.h"][0]
        assert np.cumsum(named["dq/mA.h"][1:]) == pytest.approx(moved[1:], abs=1e-9)
        assert german == (not row["cell"].endswith("2"))  # every other system is a German one


def test_written_mpt_read_back_by_galvani(exports):
    biologic = pytest.importorskip("galvani").BioLogic
    path = exports / "c400_P2_01_GCPL_CD2.mpt"
    with path.open("rb") as stream:
        records, _ = biologic.MPTfile(stream, encoding="cp1252")
    table = readers.read(path).sets[0].to_pandas()
    assert records["Ewe/V"] == pytest.approx(table[bdf.VOLTAGE].to_numpy(), abs=1e-6)
    assert records["time/s"] == pytest.approx(table[bdf.TIME].to_numpy(), abs=1e-6)


def test_voltage_noise_is_what_the_instrument_has(exports, truth):
    """At rest the recorded voltage scatters around the model by the stated noise."""
    table = readers.read(exports / "c200_P1_01_GCPL_CD1.mpt").sets[0].to_pandas()
    values = {k.removeprefix("cycling."): v for k, v in truth["c200"].items()}
    half = cell_protocols.short_cell(values, -1.0)[2]
    rest = table[table[bdf.STEP_TYPE] == "REST"].tail(300)
    start = float(table[bdf.TIME][table[bdf.STEP_TYPE] == "CC_CHG"].iloc[-1])
    residual = rest[bdf.VOLTAGE] - half.relaxing_V(rest[bdf.TIME].to_numpy() - start)
    assert residual.std() == pytest.approx(cycling_records.VOLTAGE_NOISE_V, rel=0.2)
    assert abs(residual.mean()) < 3 * cycling_records.VOLTAGE_NOISE_V / np.sqrt(300)


def test_one_equilibrium_curve_lies_under_all_samples(truth):
    """Relaxed to the end, every half cycle stands on the same U(z), at the z that its charge says."""
    for sample in SAMPLES:
        values = {k.removeprefix("cycling."): v for k, v in truth[sample].items()}
        charge, discharge, _ = cell_protocols.short_cell(values, 0.0)
        top, bottom = (float(cell_model.charge_at(h.rest_V)) for h in (charge, discharge))
        reached = discharge.charge_mAh_g[-1] / (top - bottom)
        assert 0.8 < reached < 1.0
        assert charge.charge_mAh_g[-1] >= reached * top
        assert charge.voltage_V[-1] == pytest.approx(3.7)
        assert discharge.voltage_V[-1] == pytest.approx(1.9)


def test_a_new_temperature_takes_its_truth_from_its_neighbours(truth, config, tmp_path):
    new = {"sample": "c350", "role": "coated", "annealing_temperature_degC": "350"}
    samples = [*read_csv(DEMO / "samples.csv"), new]
    values = truth_of("c350", samples, truth)
    row = {"sample": "c350", "cell": "P1", "protocol": "short", "file": "c350_P1.mpt"}
    cycling.simulate("c350", [row], tmp_path, values, {}, SEED)
    row |= {"composite_mass_mg": "12.00", "cam_mass_fraction": "0.8"}
    first = analyse([row], [tmp_path / "c350_P1.mpt"], config).tables["cycling_cells"][0]
    middle = 0.5 * sum(
        planted(truth, s, "first_discharge_capacity_mAh_g") for s in ("c300", "c400")
    )
    assert first["discharge_capacity_mAh_g"] == pytest.approx(middle, rel=CAPACITY)
