"""Write a NETZSCH Proteus ASCII export as a German PC with an STA 409 PC writes it.

Semicolons, decimal comma, Windows-1252, CRLF, three-digit exponents below 0.1 (`-2,854954e-003`), right-aligned
fixed width otherwise; key and value stand without padding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def write_proteus(
    path: Path,
    header: Mapping[str, str],
    columns: Sequence[tuple[str, np.ndarray]],
    *,
    decimal: str = ",",
    separator: str = ";",
    padded: bool = False,
) -> None:
    """Write an export.

    Parameters
    ----------
    path : Path
        Where it goes.
    header : mapping
        Keys without `#`, values as they shall stand; DECIMAL and SEPARATOR are added.
    columns : sequence of (label, values)
        Labels as the instrument writes them, temperature and time first.
    decimal, separator : str
        Dialect.
    padded : bool
        The dialect of American PCs: keys padded to column 29, the separator before the value.
    """
    names = {";": "SEMICOLON", ",": "COMMA", "\t": "TAB"}
    dialect = {"DECIMAL": "COMMA" if decimal == "," else "POINT", "SEPARATOR": names[separator]}
    lines = []
    for key, value in [*list(header.items())[:5], *dialect.items(), *list(header.items())[5:]]:
        lines.append(f"#{key}:".ljust(29) + f"{separator}{value}" if padded else f"#{key}:{value}")
    lines += ["", "##" + separator.join(label for label, _ in columns)]
    cells = [[_cell(v, label, decimal) for v in values] for label, values in columns]
    lines += [separator.join(row) for row in zip(*cells, strict=True)]
    lines.append("")
    path.write_bytes("\r\n".join(lines).encode("cp1252"))


def _cell(value: float, label: str, decimal: str) -> str:
    if label.startswith(("Temp.", "Time", "Mass", "TG")):
        width = 10 if label.startswith("Temp.") else 9
        text = f"{value:{width - 1}.5f}" if abs(value) < 100 else f"{value:.5f}"
    elif abs(value) >= 0.1:
        text = f"{value:.5f}"
    else:
        mantissa, _, exponent = f"{value:.6e}".partition("e")
        text = f"{mantissa}e{exponent[0]}{exponent[1:]:0>3}"
    return text.replace(".", decimal)
