"""Files whose numbers look like a measurement and would be read as another one: refused, converted, or said."""

from __future__ import annotations

from pathlib import Path

import pytest
from coatbench.errors import ReadError
from coatbench.readers import read


def write(tmp_path: Path, text: str, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_marks_between_thousands_are_no_decimal_comma(tmp_path: Path) -> None:
    """12,345 counts beside an energy of 1000.0 eV were 12.345 counts."""
    rows = [f"{1000 + 2.5 * i:.1f}\t{900 + 50 * i:,}\n" for i in range(20)]
    path = write(tmp_path, "".join(rows), "x.txt")
    with pytest.raises(ReadError, match=r"line 3: expected one decimal sign .*1,000"):
        read(path, "leis")
