"""Readers on made and damaged files: dialects that no public file shows, and one clear line for each fault."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coatbench import readers
from coatbench.errors import ReadError
from coatbench.readers import bdf, eclab_mpt, maccor, tabular
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .made_files import KIT, MPT, write

ROOT = Path(__file__).parents[2]

NAMES = ["mode", "ox/red", "Ns", "time/s", "dq/mA.h", "Ewe/V", "half cycle"]
ROWS = [
    ["3", "1", "0", "0.0", "0.0", "3.00", "0"],
    ["1", "0", "1", "1.0", "0.0", "3.10", "0"],  # the flag of the step before
    ["1", "1", "1", "3601.0", "1.5", "3.60", "0"],
    ["3", "1", "1", "3602.0", "0.1", "3.50", "0"],  # the last increment stands at rest
    ["1", "1", "2", "3603.0", "-0.2", "3.40", "1"],
    ["1", "0", "2", "7203.0", "-1.0", "2.90", "1"],
]


def mpt(rows=ROWS, names=NAMES, *, trailing=True, end="\r\n", magic="EC-Lab", settings=()) -> bytes:
    head = [f"{magic} ASCII FILE", f"Nb header lines : {len(settings) + 3:<28}", *settings]
    lines = [*head, "\t".join(names) + ("\t" if trailing else ""), *("\t".join(r) for r in rows)]
    return end.join(lines).encode("cp1252")


# --- EC-Lab text ---------------------------------------------------------------------------------


@pytest.mark.parametrize("magic", ["EC-Lab", "BT-Lab"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("trailing", [True, False])
def test_mpt_variants_read_alike(tmp_path, magic, end, trailing):
    table = (
        readers.read(write(tmp_path, mpt(magic=magic, end=end, trailing=trailing)))
        .sets[0]
        .to_pandas()
    )
    assert table[bdf.STEP_TYPE].tolist() == ["REST", "CC_CHG", "CC_CHG", "REST", "CC_DCH", "CC_DCH"]
    assert table[bdf.NET].iloc[-1] == pytest.approx(0.4e-3)
    assert table[bdf.CURRENT].iloc[2] == pytest.approx(1.5e-3)


def test_mpt_row_with_a_trailing_tab_of_its_own(tmp_path):
    rows = [list(r) for r in ROWS]
    rows[2].append("")
    assert len(readers.read(write(tmp_path, mpt(rows))).sets[0].to_pandas()) == len(ROWS)


def test_mpt_without_header(tmp_path):
    content = "\n".join("\t".join(r) for r in [NAMES, *ROWS]).encode()
    export = readers.read(write(tmp_path, content))
    assert export.format == "EC-Lab ASCII without header"
    assert len(export.sets[0].to_pandas()) == len(ROWS)


@pytest.mark.parametrize("voltage", ["<Ewe>/V", "Ecell/V", " Ecell/V", "Ewe-Ece/V"])
def test_mpt_voltage_names(tmp_path, voltage):
    names = [voltage if n == "Ewe/V" else n for n in NAMES]
    assert (
        readers.read(write(tmp_path, mpt(names=names))).sets[0].to_pandas()[bdf.VOLTAGE].iloc[0]
        == 3.0
    )


@pytest.mark.parametrize(
    ("unit", "factor"), [("dQ/mA.h", 1e-3), ("dq/C", 1 / 3600), ("dQ/A.h", 1.0), ("dq/nA.h", 1e-9)]
)
def test_mpt_charge_units(tmp_path, unit, factor):
    names = [unit if n == "dq/mA.h" else n for n in NAMES]
    table = readers.read(write(tmp_path, mpt(names=names))).sets[0].to_pandas()
    assert table[bdf.NET].iloc[3] == pytest.approx(1.6 * factor)


def test_mpt_absolute_dates(tmp_path):
    stamps = ["11/20/2024 11:38:41.707", "11/20/2024 11:38:42.707", "11/20/2024 12:38:42.707",
              "XXX", "11/20/2024 12:38:44.707", "11/21/2024 00:38:44.707"]  # fmt: skip
    rows = [[*r[:3], s, *r[4:]] for r, s in zip(ROWS, stamps, strict=True)]
    export = readers.read(write(tmp_path, mpt(rows)))
    time = export.sets[0].to_pandas()[bdf.TIME].to_numpy()
    assert time[[0, 1, 2, 4]] == pytest.approx([0, 1, 3601, 3603])
    assert np.isnan(time[3])
    assert time[5] == pytest.approx(13 * 3600 + 3)
    assert "1 records have no time" in export.warnings


def test_mpt_xxx_for_seconds(tmp_path):
    rows = [list(r) for r in ROWS]
    rows[1][3] = "XXX"
    assert np.isnan(readers.read(write(tmp_path, mpt(rows))).sets[0].to_pandas()[bdf.TIME].iloc[1])


def test_mpt_header_settings_are_kept_as_text(exports):
    export = readers.read(exports / MPT)
    vendor = export.attrs["vendor"]
    assert vendor["technique"].startswith("Galvanostatic Cycling")
    assert vendor["Mass of active material"] == "0.001 mg"
    assert vendor["parameter EM (V)"] == "0.000 | 3.700 | 1.900 | 3.700"
    assert export.attrs["date"].startswith("2024-02-15T10:")


def test_mpt_without_records_is_empty_not_an_error(tmp_path):
    export = readers.read(write(tmp_path, mpt(rows=[], settings=["", "Wait", ""])))
    assert len(export.sets[0].to_pandas()) == 0
    assert export.warnings == ["the file has no records yet"]


def test_only_the_last_line_may_be_incomplete(tmp_path):
    good = mpt()
    export = readers.read(write(tmp_path, good[: good.rfind(b"-1.0")]))
    assert len(export.sets[0].to_pandas()) == len(ROWS) - 1
    assert export.attrs["incomplete_rows"] == 1
    broken = good.replace(b"1\t1\t1\t3601.0\t1.5\t3.60\t0\r\n", b"1\t1\t1\t3601.0\r\n")
    with pytest.raises(ReadError, match=r"line 6: expected 7 fields, found 4 in"):
        readers.read(write(tmp_path, broken))


def test_a_last_cell_without_all_its_digits_is_incomplete(tmp_path):
    names, rows = ["mode", "time/s", "Ewe/V"], [["3", "0", "3.1490"], ["3", "1", "3.14"]]
    export = readers.read(write(tmp_path, mpt(rows, names, trailing=False)))
    assert len(export.sets[0].to_pandas()) == 1
    assert export.attrs["incomplete_rows"] == 1
    rows[1][2] = "3.1488"
    assert (
        len(readers.read(write(tmp_path, mpt(rows, names, trailing=False))).sets[0].to_pandas())
        == 2
    )


@pytest.mark.parametrize("block", [64, 100, 333, 4096, 1 << 20])
def test_block_size_does_not_matter(tmp_path, monkeypatch, block):
    path = write(tmp_path, mpt())
    whole = readers.read(path).sets[0].to_pandas()
    real = tabular.read_columns
    monkeypatch.setattr(eclab_mpt, "read_columns", lambda *a, **k: real(*a, **k, block_bytes=block))
    assert readers.read(path).sets[0].to_pandas().equals(whole)
    damaged = write(tmp_path, mpt().replace(b"3602.0", b"36O2.0"), "b.mpt")
    with pytest.raises(
        ReadError, match=r"line 7, column 'time/s': expected a number, found '36O2.0'"
    ):
        readers.read(damaged)


def test_two_decimal_signs_are_none(tmp_path):
    rows = [list(r) for r in ROWS]
    rows[1][5] = "3,10"
    with pytest.raises(
        ReadError, match="lines 4 to 9: expected one decimal sign, found point and comma"
    ):
        readers.read(write(tmp_path, mpt(rows)))
    german = [[c.replace(".", ",") for c in r] for r in ROWS * 50]
    german[290][5] = "3.10"  # beyond the records that are looked at first
    with pytest.raises(
        ReadError, match=r"line 294, column 'Ewe/V': expected a number, found '3\.10'"
    ):
        readers.read(write(tmp_path, mpt(german)))


def test_unknown_is_allowed_for_time_only(tmp_path):
    rows = [list(r) for r in ROWS]
    rows[1][5] = "XXX"
    with pytest.raises(ReadError, match="line 5, column 'Ewe/V': expected a number, found 'XXX'"):
        readers.read(write(tmp_path, mpt(rows)))


def test_lone_carriage_return_is_no_line_end(tmp_path):
    content = mpt().replace(b"3602.0\t", b"3602.0\r\t", 1)
    with pytest.raises(
        ReadError, match="line 7, column 'time/s': expected one line end, found a lone CR"
    ):
        readers.read(write(tmp_path, content))


def test_values_that_no_cycler_measures_are_refused(tmp_path):
    content = mpt().replace(b"3.60", b"3.6E30", 1)
    with pytest.raises(
        ReadError, match=r"record 3: expected Voltage / V within 1000, found 3\.6e\+30"
    ):
        readers.read(write(tmp_path, content))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("name", [MPT, KIT])
def test_exports_saved_as_unicode_hold_the_same(exports, tmp_path, name, encoding):
    content = (exports / name).read_bytes()
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path = write(tmp_path, (mark + content.decode("cp1252")).encode(encoding), name)
    found, right = (readers.read(p, "cycling") for p in (path, exports / name))
    for column in right.sets[0].variables:
        np.testing.assert_array_equal(found.sets[0][column], right.sets[0][column])
    assert found.sets[0].attrs["vendor"] == right.sets[0].attrs["vendor"]


DAMAGE = {
    "empty": (lambda c: b"", "an empty file"),
    "cut in the header": (lambda c: c[:400], "cut within its header"),
    "cut in line 2": (lambda c: c[:25], "Nb header lines"),
    "half a character": (
        lambda c: c.decode("cp1252").encode("utf-16").replace(b"3\0.\0", b"\0\xd8.\0", 1),
        "expected UTF-16",
    ),
    "text for a number": (lambda c: c.replace(b"3.6", b"3.x6", 40), "found"),
    "header count too small": (lambda c: c.replace(b"lines : 5", b"lines : 2", 1), ""),
    "no voltage": (lambda c: c.replace(b"Ewe/V", b"Evil/V"), "a voltage"),
    "infinite": (lambda c: re.sub(rb"\t3\.\d+E\+000\t", b"\tinf\t", c, count=1), "finite"),
    "another format": (lambda c: b"SOFH\nSpectralRegDef: 1\n", ""),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_mpt_is_one_clear_line(exports, tmp_path, kind):
    damage, says = DAMAGE[kind]
    path = write(tmp_path, damage((exports / MPT).read_bytes()), "damaged.mpt")
    with pytest.raises(ReadError) as caught:
        readers.read(path, "cycling")
    message = str(caught.value)
    assert "damaged.mpt" in message
    assert "\n" not in message
    assert says in message


def test_missing_optional_parser_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "galvani", None)
    path = write(tmp_path, b"BIO-LOGIC MODULAR FILE\x1a", "a.mpr")
    with pytest.raises(Exception, match=r"datalab-org-galvani.*coatbench\[biologic\]"):
        readers.read(path)
    monkeypatch.setitem(sys.modules, "fastnda", None)
    with pytest.raises(Exception, match=r"fastnda.*coatbench\[neware\]"):
        readers.read(write(tmp_path, b"NEWARE\x00\x00", "a.nda"))


# --- all text dialects -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_exports(exports, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("small")
    made = []
    for name in (MPT, MPT.replace("P2", "P1").replace("CD2", "CD1"), KIT, KIT.replace("S2", "S1")):
        content = (exports / name).read_bytes()
        made.append(write(folder, content[: content.find(b"\n", 12000) + 1], name))
    return made


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_mutated_text_never_leaks_another_exception(small_exports, tmp_path, data):
    source = data.draw(st.sampled_from(small_exports))
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        action = data.draw(st.sampled_from(["set", "cut", "insert", "delete"]))
        junk = data.draw(st.binary(max_size=6))
        if action == "set":
            content[at : at + len(junk)] = junk
        elif action == "insert":
            content[at:at] = junk
        elif action == "delete":
            del content[at : at + 40]
        else:
            del content[max(at, 1) :]
    path = write(tmp_path, bytes(content), f"mutated{source.suffix}")
    reader = maccor if source.suffix == ".txt" else eclab_mpt
    try:
        table = reader.read(path).sets[0].to_pandas()
    except ReadError as error:
        assert "\n" not in str(error)
        return
    assert np.isfinite(table[bdf.VOLTAGE]).all()
    assert len(table) <= content.count(b"\n") + 1


MEMORY = """
import sys
from coatbench import readers
import pandas

def peak_kb():  # not ru_maxrss, which a process inherits from the one that started it
    return next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith("VmHWM"))

readers.read(sys.argv[2])  # whatever a reader imports is there now
base = peak_kb()
table = readers.read(sys.argv[1]).sets[0].to_pandas()
print(len(table), (peak_kb() - base) * 1024)
"""


@pytest.mark.slow
def test_memory_grows_with_the_table_not_with_the_text(exports, tmp_path):
    """The text is walked in blocks: 100 MB of it are never held."""
    content = (exports / MPT).read_bytes()
    lines = content.split(b"\r\n")
    count = int(lines[1].split(b":")[1])
    body = b"\r\n".join(lines[count:]) + b"\r\n"
    path = tmp_path / "big.mpt"
    with path.open("wb") as stream:
        stream.write(b"\r\n".join(lines[:count]) + b"\r\n")
        while stream.tell() < 100e6:
            stream.write(body)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path), str(exports / MPT)],
        env={"PYTHONPATH": str(ROOT / "workflow"), "PATH": ""},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, used = (int(v) for v in done.stdout.split())
    per_row = 12 * 8  # twelve columns
    assert used < 3 * rows * per_row + 6 * tabular.BLOCK_BYTES
    assert used < path.stat().st_size


def test_mpt_names_behind_an_empty_one_that_no_record_has(tmp_path):
    """Impedance of three electrodes: EC-Lab names a difference that it only shows on screen."""
    lines = ["EC-Lab ASCII FILE", "Nb header lines : 3", "time/s\tEwe/V\t<I>/mA\t\tEwe-Ece/V"]
    content = "\r\n".join([*lines, "0.0\t3.1\t0.5", "1.0\t3.2\t0.5", ""]).encode()
    table = readers.read(write(tmp_path, content), "cycling").sets[0]
    assert table[bdf.VOLTAGE].tolist() == [3.1, 3.2]


def test_mpt_charge_without_what_drives_it_is_refused(tmp_path):
    names = ["time/s", "dq/mA.h", "Ewe/V"]
    content = mpt([[row[3], row[4], row[5]] for row in ROWS], names)
    with pytest.raises(ReadError, match="mode or a current"):
        readers.read(write(tmp_path, content), "cycling")
