"""What stands in each raw export of a study: the rows of `snakemake check`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .errors import CoatbenchError
from .readers import read, recognise
from .readers.model import Export
from .readers.recognise import all_formats
from .techniques import TECHNIQUES

COLUMNS = (
    "sample", "technique", "file", "format", "instrument", "date", "points", "first", "last",
    "warnings",
)  # fmt: skip


FORMAT_COLUMNS = ("format", "technique", "instrument", "file names", "described in")


def formats(own: Path | None = None) -> list[dict[str, str]]:
    """Return all formats that are read, technique by technique: the rows of `snakemake formats`.

    Parameters
    ----------
    own : Path, optional
        Folder with a study's own descriptions.
    """
    return [
        {
            "format": entry.name,
            "technique": entry.technique,
            "instrument": entry.instrument,
            "file names": entry.file_names,
            "described in": entry.description.source.name if entry.description else "",
        }
        for technique in TECHNIQUES
        for entry in all_formats(technique, own)
    ]


def summarise(export: Export) -> dict[str, str]:
    """Return format, instrument, date, number of points and range of the abscissa of one export."""
    attrs = export.attrs
    name = TECHNIQUES[export.technique].abscissa
    if export.columns is not None:
        values = [export.columns[name]]
        points = values[0].size
    else:
        points = sum(max((v.size for v in b.data_vars.values()), default=0) for b in export.blocks)
        values = [b[name].values for b in export.blocks if name in b.variables]
    ends = [(float(v[0]), float(v[-1])) for v in values if v.size]
    return {
        "format": export.format,
        "instrument": str(attrs.get("instrument", "")),
        "date": str(attrs.get("date", "")),
        "points": str(points),
        "first": f"{min(first for first, _ in ends):.6g}" if ends else "",
        "last": f"{max(last for _, last in ends):.6g}" if ends else "",
        "warnings": "; ".join(export.warnings),
    }


def inspect_study(
    folder: str | Path, measurements: Mapping[str, Sequence[Mapping[str, str]]]
) -> tuple[list[dict[str, str]], int]:
    """Read every export that an index names; return the rows and how many could not be read."""
    rows, failed = [], 0
    for technique, entries in measurements.items():
        for entry in entries:
            for file in TECHNIQUES[technique].files_of(entry):
                path = Path(folder) / technique / file
                row = {"sample": entry["sample"], "technique": technique, "file": file}
                try:
                    named = entry.get("format", "")
                    row |= {"format": recognise(path, technique, named).name}
                    row |= summarise(read(path, technique, named))
                except CoatbenchError as error:
                    failed += 1
                    row |= {"warnings": f"ERROR {error}"}
                rows.append(row)
    return rows, failed


def layout(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> str:
    """Return rows as a text table with aligned columns."""
    cells = [list(columns)] + [[row.get(c, "") for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
