"""Claims: every relation on both sides of its edge, selectors, gaps, and one-line problems of the table."""

from __future__ import annotations

import contextlib
import csv
import math
from pathlib import Path

import pytest
import yaml
from coatbench.claims.read import ALIASES, RELATIONS, parse_range, read_claims
from coatbench.claims.verdicts import extra_tables, verdicts
from coatbench.conditions import parse, pick
from coatbench.errors import StudyError
from coatbench.tables import write_table
from conftest import SHARED, inputs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ranking import synthetic

SCHEMA = synthetic.ROOT / "workflow" / "schemas" / "tables" / "claims.yaml"
COLUMNS = list(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["claims"])
HEAD = "id,figure,quantity,sample,relation,table,column,where,each,aggregate,against,value,tolerance,unit,note"


def write(folder: Path, *rows: dict[str, str], head: str = HEAD) -> Path:
    path = folder / "claims.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, head.split(","), lineterminator="\n")
        writer.writeheader()
        for i, row in enumerate(rows):
            writer.writerow({"id": f"K{i}", "quantity": "q"} | row)
    return path


@pytest.fixture
def tables():
    """A table `t`: value by sample, planted maximum at 300 degC, one sample without a value."""
    numbers = {"uncoated": 1.0, "c100": 2.0, "c200": 4.0, "c300": 9.0, "c400": 8.0, "c500": None}
    return {
        "t": [
            {"sample": s, "kind": "a", "v": v, "v_sd": 0.1, "seen": bool(v and v > 3)}
            for s, v in numbers.items()
        ]
        + [
            {"sample": s, "kind": "b", "v": None if v is None else -v, "v_sd": 0.1, "seen": False}
            for s, v in numbers.items()
        ],
        "parts": [
            {"sample": "c300", "spot": spot, "part": part, "area": area, "area_sd": 1.0}
            for spot, part, area in (
                ("1", "x", 10.0),
                ("1", "y", 5.0),
                ("2", "x", 12.0),
                ("2", "y", 7.0),
            )
        ],
        "empty": [],
    }


SAMPLES = synthetic.samples((100, 200, 300, 400, 500))


def decide(tmp_path, tables, reference="uncoated", **row):
    base = {"table": "t", "column": "v", "where": "kind=a"}
    (found,) = verdicts(read_claims(write(tmp_path, base | row)), tables, SAMPLES, reference)
    assert set(found) <= set(COLUMNS)
    return found


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"sample": "c300", "relation": "equals", "value": "9.2", "tolerance": "0.2"}, "holds"),
        ({"sample": "c300", "relation": "equals", "value": "9.2", "tolerance": "0.19"}, "fails"),
        ({"sample": "c300", "relation": "near", "value": "9"}, "holds"),
        ({"sample": "c100;c300", "relation": "equals", "value": "2;9"}, "holds"),
        ({"sample": "c100;c300", "relation": "equals", "value": "9;2"}, "fails"),
        ({"sample": "100..300", "relation": "within", "value": "2..9"}, "holds"),
        ({"sample": "100..400", "relation": "within", "value": "2.1..9"}, "fails"),
        ({"sample": "c300", "relation": "within", "value": "8.."}, "holds"),
        ({"sample": "c300", "relation": "at_least", "value": "9"}, "holds"),
        ({"sample": "c300", "relation": "at_least", "value": "9.01"}, "fails"),
        ({"sample": "c300", "relation": "at_most", "value": "9"}, "holds"),
        ({"sample": "c300", "relation": "at_most", "value": "8.99"}, "fails"),
        ({"sample": "c300", "relation": "higher", "value": "9"}, "fails"),  # strictly
        ({"sample": "c300", "relation": "higher", "value": "8.9"}, "holds"),
        ({"sample": "c300;c400", "relation": "increases", "against": "100..200"}, "holds"),
        ({"sample": "c300;c400", "relation": "higher", "against": "c300"}, "fails"),
        ({"sample": "c100", "relation": "lower", "against": "300..400"}, "holds"),
        ({"sample": "c100", "relation": "decreases", "against": "reference"}, "fails"),
        ({"sample": "c200", "relation": "much_lower", "against": "c300"}, "holds"),
        ({"sample": "c200", "relation": "much_lower", "against": "c300", "value": "0.4"}, "fails"),
        ({"sample": "c400", "relation": "slightly_lower", "against": "c300"}, "holds"),
        ({"sample": "c200", "relation": "slightly_lower", "against": "c300"}, "fails"),
        ({"sample": "300..400", "relation": "small", "tolerance": "1"}, "holds"),
        ({"sample": "300..400", "relation": "constant", "tolerance": "0.9"}, "fails"),
        ({"sample": "coated", "relation": "maximum", "value": "300"}, "holds"),
        ({"sample": "coated", "relation": "maximum", "value": "350", "tolerance": "50"}, "holds"),
        ({"sample": "coated", "relation": "maximum_at", "value": "350..500"}, "fails"),
        ({"sample": "coated", "relation": "minimum", "value": "100..200"}, "holds"),
        ({"sample": "coated", "relation": "steepest_rise", "value": "200..300"}, "holds"),
        ({"sample": "coated", "relation": "steepest_rise", "value": "100..200"}, "fails"),
        ({"sample": "coated", "relation": "steepest_fall", "value": "300..400"}, "holds"),
        ({"sample": "c300", "relation": "present", "column": "seen"}, "holds"),
        ({"sample": "c100", "relation": "present", "column": "seen"}, "fails"),
        ({"sample": "c100", "relation": "absent", "column": "seen"}, "holds"),
        (
            {"sample": "c300", "relation": "present", "column": "seen", "against": "c100;c200"},
            "fails",
        ),
        ({"sample": "c300", "relation": "present", "column": "seen", "against": "c100"}, "holds"),
        ({"sample": "c100", "relation": "lower", "against": "kind=b"}, "fails"),
        ({"sample": "100", "relation": "equals", "value": "2"}, "holds"),  # by temperature
    ],
)
def test_relations_on_both_sides_of_their_edges(tmp_path, tables, row, verdict):
    found = decide(tmp_path, tables, **row)
    assert found["verdict"] == verdict, found
    assert found["source_table"] == "t"
    assert math.isfinite(found["found"])


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize(
    ("relation", "value", "tolerance", "verdict"),
    [
        ("equals", 7, 1.9, "fails"),
        ("equals", 7, 2, "holds"),
        ("within", "9.1..", None, "fails"),
        ("within", "..9", None, "holds"),
        ("at_least", 9.3, 0.3, "holds"),  # on the edge, but for the rounding of 9 - 9.3
        ("at_most", 8.9, 0.1, "holds"),
        ("at_most", 8.9, 0.09, "fails"),
        ("at_least", 9.1, 0.09, "fails"),
    ],
)
def test_a_verdict_is_a_matter_of_no_unit(tmp_path, tables, unit, relation, value, tolerance, verdict):  # fmt: skip
    """Diffusion coefficients and exchange currents are far below 1: what rounding adds is a share of the number."""
    for row in tables["t"]:
        row["v"] = row["v"] and row["v"] * unit
    ends = [f"{float(v) * unit:.12g}" if v else "" for v in str(value).split("..")]
    given = "" if tolerance is None else f"{tolerance * unit:.12g}"
    row = {"sample": "c300", "relation": relation, "value": "..".join(ends), "tolerance": given}
    assert decide(tmp_path, tables, **row)["verdict"] == verdict


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"table": "", "column": ""}, "names no result table and column"),
        ({"table": "nowhere"}, "table nowhere is not there"),
        ({"table": "empty"}, "table empty is empty"),
        ({"column": "w"}, "table t has no column w"),
        ({"where": "colour=red"}, "table t has no column colour"),
        ({"sample": "c500"}, "no value of v in t for c500"),
        ({"sample": "c300;c500"}, "no value of v in t for c500"),
        ({"sample": "nobody"}, "the study has no sample nobody"),
        ({"sample": "900"}, "the study has no sample 900"),
        ({"sample": "800..900"}, "the study has no sample 800..900"),
        ({"sample": "lps"}, "lps is not in t"),
        ({"sample": "precursor"}, "no row of t fits precursor"),
        ({"sample": "", "where": "kind=z", "each": "sample"}, "no row of t fits kind=z"),
        ({"sample": "", "where": "kind=z"}, "no value of v in t for the claim"),
        ({"sample": "c300", "where": "kind=z"}, "no value of v in t for c300"),
        ({"sample": "c100;c200;c300", "value": "1;2"}, "2 expected values for 3 found ones"),
        ({"column": "kind"}, "column kind of t is not a number"),
        ({"sample": "c300", "relation": "maximum", "value": "3"}, "needs at least 2 samples"),
        ({"sample": "c500", "relation": "present"}, "no value of v in t for c500"),
    ],
)
def test_what_cannot_be_tested_says_why(tmp_path, tables, row, reason):
    base = {"sample": "c100", "relation": "equals", "value": "1"}
    found = decide(tmp_path, tables, **(base | row))
    assert found["verdict"] == "not testable"
    assert reason in found["reason"]
    assert "found" not in found


def test_no_reference_makes_claims_about_it_not_testable(tmp_path, tables):
    found = decide(
        tmp_path, tables, reference=None, sample="c300", relation="higher", against="reference"
    )
    assert (found["verdict"], found["reason"]) == ("not testable", "the study has no reference")


def test_ranges_and_roles_use_what_was_measured_and_say_what_was_not(tmp_path, tables):
    found = decide(tmp_path, tables, sample="400..500", relation="at_least", value="8")
    assert found["verdict"] == "holds"
    assert found["reason"] == "no value for c500"


def test_the_deciding_sample_is_named(tmp_path, tables):
    found = decide(tmp_path, tables, sample="100..400", relation="higher", against="reference")
    assert (found["found"], found["found_sample"], found["found_sd"]) == (2.0, "c100", 0.1)
    assert found["found_all"] == "c100 2; c200 4; c300 9; c400 8"


def test_probability_follows_the_uncertainty(tmp_path, tables):
    sure = decide(tmp_path, tables, sample="c300", relation="higher", against="c400")
    assert sure["probability_holds"] > 0.999
    edge = decide(tmp_path, tables, sample="c300", relation="at_least", value="9")
    assert edge["probability_holds"] == pytest.approx(0.5, abs=0.03)
    unlikely = decide(
        tmp_path, tables, sample="c300", relation="equals", value="9.3", tolerance="0.1"
    )
    assert unlikely["probability_holds"] == pytest.approx(0.0228, abs=0.01)
    for row in tables["t"]:
        row["v_sd"] = None
    assert (
        decide(tmp_path, tables, sample="c300", relation="at_least", value="9")["probability_holds"]
        is None
    )


def test_repeated_measurements_are_summed_then_averaged(tmp_path, tables):
    row = {
        "table": "parts",
        "column": "area",
        "where": "",
        "sample": "c300",
        "relation": "at_least",
        "value": "0",
    }
    total = decide(tmp_path, tables, **row, aggregate="sum")
    assert total["found"] == pytest.approx(17.0)  # (15 + 19) / 2
    assert total["found_sd"] == pytest.approx(2.0)  # scatter of 15 and 19, over root 2
    assert decide(tmp_path, tables, **row)["found"] == pytest.approx(8.5)
    assert decide(tmp_path, tables, **row, aggregate="max")["found"] == 12.0
    assert decide(tmp_path, tables, **row, aggregate="count")["found"] == 4.0
    one = decide(tmp_path, tables, **row | {"where": "part=x"}, aggregate="sum")
    assert one["found"] == pytest.approx(11.0)


def test_each_compares_like_with_like(tmp_path, tables):
    row = {"where": "kind=a|b", "each": "kind", "sample": "c300", "against": "c200"}
    assert decide(tmp_path, tables, **row, relation="higher")["found_sample"] == "c300 b"
    values = {"where": "kind=b|a", "each": "kind", "sample": "c200;c300", "relation": "equals"}
    assert decide(tmp_path, tables, **values, value="-4;4;-9;9")["verdict"] == "holds"


def test_intervals_serve_as_uncertainty(tmp_path):
    tables = {"s": [{"sample": "c300", "r": 0.5, "r_ci_low": 0.304, "r_ci_high": 0.696}]}
    found = decide(
        tmp_path,
        tables,
        table="s",
        column="r",
        where="",
        sample="c300",
        relation="lower",
        value="1",
    )
    assert found["found_sd"] == pytest.approx(0.1, rel=1e-3)


def test_config_and_indexes_can_be_asked(tmp_path):
    tables = extra_tables(
        {"leis": {"scattering_angle_deg": 145, "peak": [1, 2]}},
        {"cycling": [{"sample": "c300", "cell": "1", "cam_mass_fraction": "0.8"}]},
    )
    row = {"relation": "equals", "table": "config", "column": "value"}
    found = decide(tmp_path, tables, **row, where="key=leis.scattering_angle_deg", value="145")
    assert found["verdict"] == "holds"
    row = {
        "relation": "equals",
        "table": "study.cycling",
        "column": "cam_mass_fraction",
        "where": "",
    }
    assert decide(tmp_path, tables, **row, sample="all", value="0.8")["verdict"] == "holds"


@pytest.mark.parametrize("source", inputs("paper"))
def test_claims_in_the_form_of_a_paper_are_shown_as_not_testable(tmp_path, source):
    if source == "handed":
        rows = verdicts(read_claims(SHARED / "paper" / "claims.csv"), {}, SAMPLES)
        assert len(rows) > 60
        assert {r["verdict"] for r in rows} == {"not testable"}
        assert all(r["expected"] and r["reason"] for r in rows)
        return
    head = "id,technique,figure,quantity,sample,value,tolerance,unit,relation,note"
    path = write(
        tmp_path,
        {"id": "X10", "value": ">531.4", "relation": "higher", "note": "shifts back above 500"},
        {"id": "C10", "value": "92.7;87.1", "tolerance": "0.5", "relation": "resembles"},
        head=head,
    )
    rows = verdicts(read_claims(path), {}, SAMPLES)
    assert [r["verdict"] for r in rows] == ["not testable"] * 2
    assert rows[0]["expected"] == ">531.4"
    assert rows[0]["reason"].endswith("shifts back above 500")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"relation": "resembles"}, "column relation: found 'resembles', expected one of"),
        ({"relation": "equals"}, "column value: found an empty cell"),
        ({"value": "ten"}, "column value: found 'ten', expected a number or a range"),
        ({"value": "5..2"}, "column value: found '5..2'"),
        ({"value": "1", "tolerance": "-1"}, "column tolerance: found '-1'"),
        ({"value": "1", "tolerance": "nan"}, "column tolerance: found 'nan'"),
        ({"value": "1", "where": "kind"}, "column where: expected a condition"),
        ({"value": "1", "where": "v<1|2"}, "column where: expected one value after <"),
        ({"value": "1", "aggregate": "median"}, "column aggregate: found 'median'"),
        ({"value": "1", "column": ""}, "column column: found an empty cell"),
        ({"relation": "constant"}, "column tolerance: found an empty cell"),
        ({"relation": "higher"}, "column against: found an empty cell"),
        ({"relation": "much_lower"}, "column against: found an empty cell"),
        (
            {"relation": "much_lower", "against": "c300", "value": "..5"},
            "column value: found '..5'",
        ),
        ({"value": "1", "quantity": ""}, "column quantity: found an empty cell"),
        ({"value": "1", "id": ""}, "column id: found an empty cell"),
    ],
)
def test_problems_are_one_line_with_file_and_row(tmp_path, row, problem):
    path = write(tmp_path, {"table": "t", "column": "v", "relation": "at_least"} | row)
    with pytest.raises(StudyError) as caught:
        read_claims(path)
    (line,) = [p for p in caught.value.problems if problem in p]
    assert line.startswith(f"{path}: row 2: ")


def test_all_problems_are_reported_at_once(tmp_path):
    look = {"table": "t", "column": "v"}
    path = write(
        tmp_path,
        look | {"relation": "x"},
        look | {"relation": "y"},
        {"id": "K0", "relation": "equals"},
    )
    with pytest.raises(StudyError) as caught:
        read_claims(path)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"a,b\n1,2\n",
        b"# only a comment\n",
        b"id,quantity,relation\na,b,equals,d,e\n",
    ],
)
def test_damaged_tables_are_study_errors(tmp_path, content):
    path = tmp_path / "claims.csv"
    path.write_bytes(content)
    with pytest.raises(StudyError):
        read_claims(path)
    with pytest.raises(StudyError):
        read_claims(tmp_path / "absent.csv")


@given(st.text(max_size=30))
def test_no_text_makes_the_parsers_raise_anything_but_valueerror(text):
    for reader in (parse, parse_range):
        with contextlib.suppress(ValueError):
            reader(text)


PLACES = st.sampled_from(
    ["", "c300", "coated", "all", "reference", "100..300", "400", "c100;c500", "lps", "x"]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    relation=st.sampled_from(RELATIONS),
    sample=PLACES,
    against=st.one_of(PLACES, st.sampled_from(["kind=b", "kind=z"])),
    where=st.sampled_from(["", "kind=a", "kind=a|b", "kind=z", "v>3", "seen=true"]),
    each=st.sampled_from(["", "kind", "sample", "seen"]),
    aggregate=st.sampled_from(["mean", "sum", "max", "min", "count"]),
    column=st.sampled_from(["v", "seen", "kind", "sample"]),
    value=st.sampled_from(["1", "1;2", "..5", "0..9"]),
)
def test_no_combination_of_selectors_raises(tmp_path_factory, tables, **row):
    """Whatever a row of claims.csv asks for, the answer is a verdict, never a broken job."""
    row |= {"table": "t", "tolerance": "1"}
    path = write(tmp_path_factory.mktemp("c"), row)
    try:
        claims = read_claims(path)
    except StudyError:
        return
    (found,) = verdicts(claims, tables, SAMPLES, "uncoated")
    assert found["verdict"] in ("holds", "fails", "not testable")
    assert ("found" in found) == (found["verdict"] != "not testable")
    assert found.get("reason") is not None or found["verdict"] != "not testable"


def test_conditions_pick_rows():
    rows = [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": None, "b": "z"}, {"a": True, "b": ""}]
    assert pick(rows, parse("a>=2")) == [rows[1]]
    assert pick(rows, parse("a=true")) == [rows[3]]
    assert pick(rows, parse("b=x|y; a!=1")) == [rows[1]]
    assert pick(rows, parse("")) == rows


def test_every_relation_is_known_to_the_evaluator():
    from coatbench.claims.relations import TABLE

    assert set(TABLE) == set(RELATIONS)
    assert set(ALIASES.values()) <= set(RELATIONS)


def test_rows_fit_the_table(tmp_path, tables):
    rows = [decide(tmp_path, tables, sample="c300", relation="equals", value="9")]
    write_table(rows, COLUMNS, tmp_path / "out.csv")
    assert COLUMNS[:11] == [
        "id", "figure", "quantity", "sample", "expected", "tolerance", "unit", "found", "found_sd",
        "verdict", "source_table",
    ]  # fmt: skip


def judged(tables, sample, quality, note=""):
    for row in tables["t"]:
        row |= {"quality": "ok", "quality_note": None}
        if row["sample"] == sample:
            row |= {"quality": quality, "quality_note": note}
    return tables


def test_an_unusable_value_decides_nothing_and_says_why(tmp_path, tables):
    judged(tables, "c300", "unusable", "efficiency of 124.6 %")
    named = decide(tmp_path, tables, sample="c300", relation="at_least", value="1")
    assert named["verdict"] == "not testable"
    assert named["reason"] == "c300 is unusable: efficiency of 124.6 %"
    against = decide(tmp_path, tables, sample="c400", relation="lower", against="c300")
    assert (against["verdict"], "found" in against) == ("not testable", False)
    spread = decide(tmp_path, tables, sample="100..400", relation="at_most", value="8")
    assert spread["verdict"] == "holds"  # 9 of c300 does not count
    assert "c300 is unusable: efficiency of 124.6 %" in spread["reason"]
    assert "c300 9" not in spread["found_all"]


def test_a_doubtful_value_counts_and_says_why(tmp_path, tables):
    judged(tables, "c300", "doubtful", "chi-square of 8")
    found = decide(tmp_path, tables, sample="c300", relation="at_least", value="9")
    assert (found["verdict"], found["found"]) == ("holds", 9.0)
    assert found["reason"] == "c300: doubtful: chi-square of 8"


def test_of_repeated_measurements_the_usable_ones_are_averaged(tmp_path, tables):
    for row in tables["parts"]:
        row["quality"] = "unusable" if row["spot"] == "2" else "ok"
        row["quality_note"] = "wrong element" if row["spot"] == "2" else None
    found = decide(
        tmp_path, tables, table="parts", column="area", where="part=x", sample="c300", relation="at_least", value="0"
    )  # fmt: skip
    assert found["found"] == 10.0
    assert "spot 2: wrong element" in found["reason"]
