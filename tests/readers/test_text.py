"""The text helper: encodings, line ends, strict numbers, and what counts as a complete last line."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import text
from hypothesis import given
from hypothesis import strategies as st


def write(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "export.txt"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("raw", "encoding", "expected"),
    [
        ("Fürpaß 30 °C µV".encode("cp1252"), "cp1252", "Fürpaß 30 °C µV"),
        ("Fürpaß 30 °C µV".encode(), "utf-8", "Fürpaß 30 °C µV"),
        ("Fürpaß".encode("utf-8-sig"), "utf-8", "Fürpaß"),
        ("образец °C".encode("cp1251"), "cp1251", "образец °C"),
        ("time °C".encode("utf-16"), "utf-16-le", "time °C"),
        ("Rec#;time/s".encode("utf-16-be"), "utf-16-be", "Rec#;time/s"),
        (b"\x81\x8d\x8f\x90\x9d", "cp1251", None),
    ],
)
def test_encoding_is_told_from_the_bytes(raw, encoding, expected):
    found, name = text.decode(raw, "x.txt")
    assert name == encoding or expected is None
    assert expected is None or found == expected


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_line_ends(tmp_path, end):
    read = text.read_text(
        write(tmp_path, end.join(["a", "b\x0bc\x85", "", "d", ""]).encode("latin-1"))
    )
    assert read.lines == [
        "a",
        "b\x0bc…",
        "",
        "d",
    ]  # 0x85 is an ellipsis in cp1252, never a line end
    assert read.ended and read.line_end == end


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1.0),
        (" 1,5 ", 1.5),
        ("-2.854954e-003", -2.854954e-3),
        (".5", 0.5),
        ("3.", 3.0),
        ("+1E5", 1e5),
    ],
)
def test_numbers(cell, value):
    assert text.number(cell, "f", "line 1") == value


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "nan",
        "inf",
        "1_000",
        "0x10",
        "1.234,5",
        "1 2",
        "--1",
        "1e",
        "e5",
        "1e999",
        "12a",
        "١٢",
        "1\x00",
    ],
)
def test_what_is_not_a_number(cell):
    with pytest.raises(ReadError, match="line 7: expected a number"):
        text.number(cell, "f.txt", "line 7")


@given(st.text(max_size=12))
def test_number_is_parsed_or_refused(cell):
    value = text.parse_number(cell)
    if value is not None:
        assert math.isfinite(value) and float(cell.strip().replace(",", ".")) == value


def test_rows_name_line_and_column(tmp_path):
    read = text.read_text(write(tmp_path, b"1;2,5\n3;x\n"))
    with pytest.raises(ReadError, match=r"line 2: expected a number in column 2, found 'x'"):
        text.read_rows(read, 0, 2, 2, ";")
    read = text.read_text(write(tmp_path, b"1;2,5\n3\n"))
    with pytest.raises(ReadError, match=r"line 2: expected 2 columns"):
        text.read_rows(read, 0, 2, 2, ";")


def test_decimal_sign_of_the_header_is_kept(tmp_path):
    read = text.read_text(write(tmp_path, b"1;2,5\n3;4\n"))
    assert text.read_rows(read, 0, 2, 2, ";", ",")[0].tolist() == [[1, 2.5], [3, 4]]
    with pytest.raises(ReadError, match="line 1"):
        text.read_rows(read, 0, 2, 2, ";", ".")


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("3,0.25", True),
        ("3,0.2", False),
        ("3,1.25", True),
        ("3", False),
        ("3,", False),
        ("3,0.25,1", False),
    ],
)
def test_a_last_line_without_line_end_is_kept_only_if_whole(tmp_path, last, kept):
    read = text.read_text(write(tmp_path, f"1,0.75\n2,0.50\n{last}".encode()))
    values, dropped = text.read_rows(read, 0, 3, 2, ",")
    assert len(values) == (3 if kept else 2) and dropped == (0 if kept else 1)


def test_missing_cells_only_where_allowed(tmp_path):
    read = text.read_text(write(tmp_path, b"1,---\n"))
    values, _ = text.read_rows(read, 0, 1, 2, ",", missing=frozenset({"---"}))
    assert np.isnan(values[0, 1])
    with pytest.raises(ReadError):
        text.read_rows(read, 0, 1, 2, ",")


def test_absent_and_empty_files(tmp_path):
    with pytest.raises(ReadError, match="a readable file"):
        text.read_text(tmp_path / "absent.txt")
    with pytest.raises(ReadError, match="empty"):
        text.read_text(write(tmp_path, b""))
    with pytest.raises(ReadError, match="empty"):
        text.read_text(write(tmp_path, b"\xff\xfe"))  # a byte order mark and nothing else
    with pytest.raises(ReadError, match="at most"):
        text.read_text(write(tmp_path, b"12345"), max_bytes=4)
