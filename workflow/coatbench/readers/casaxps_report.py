"""CasaXPS quantification report: a table of fitted components, no spectrum.

It stands beside a fitted VAMAS file and says what CasaXPS made of it. `Raw Area` is the area inside the
region's window, not the area parameter of the component.
"""

from __future__ import annotations

from pathlib import Path

from ..arrays import Arrays
from ..errors import ReadError
from .model import Export
from .text import number, read_text

_COLUMNS = {
    "Position": "position_eV",
    "FWHM": "fwhm_eV",
    "Raw Area": "raw_area_cps_eV",
    "%At Conc": "at_percent",
}


def read(path: Path) -> Export:
    """Read the first table of the report.

    Returns
    -------
    Export
        One set, dim `component`: name, position_eV, fwhm_eV, raw_area_cps_eV, at_percent.

    Raises
    ------
    ReadError
        No table under the line that starts with Name, Position.
    """
    text = read_text(path, 1 << 24)
    start = next((i for i, s in enumerate(text.lines) if s.startswith("Name\tPosition")), None)
    if start is None:
        raise ReadError(text.path, "file", "a line Name, Position, ...", "none")
    head = [cell.strip() for cell in text.lines[start].split("\t")]
    if missing := [name for name in _COLUMNS if name not in head]:
        raise text.error(start, f"the column {missing[0]}", text.lines[start])
    rows = []
    for i in range(start + 1, len(text.lines)):
        cells = [cell.strip() for cell in text.lines[i].split("\t")]
        if not any(cells):
            break
        if len(cells) < len(head) - 1:
            raise text.error(i, f"{len(head)} columns", text.lines[i])
        row: dict[str, object] = {"name": cells[0]}
        for label, column in _COLUMNS.items():
            row[column] = number(cells[head.index(label)], text.path, text.where(i), label)
        rows.append(row)
    if not rows:
        raise text.error(start, "rows of components below", "none")
    columns = Arrays.of(
        {name: ("component", [row[name] for row in rows]) for name in rows[0]},
        attrs={"instrument": "CasaXPS", "date": ""},
    )
    return Export(Path(path), "CasaXPS report", "xps", sets=[columns])
