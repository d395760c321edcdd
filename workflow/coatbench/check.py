"""What stands in each raw export of a study: the rows of `snakemake check`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import CoatbenchError, one_line
from .quality import plausible
from .readers import read, recognise
from .readers.model import Export
from .readers.recognise import all_formats
from .spelling import plain
from .study import number
from .techniques import TECHNIQUES, Technique

COLUMNS = (
    "technique", "sample", "unit", "file", "format", "instrument", "date", "points", "first", "last", "inside",
    "not_evaluated", "odd", "warnings",
)  # fmt: skip
SHOWN = ("technique", "sample", "file", "format", "instrument", "date", "inside")
FORMAT_COLUMNS = ("format", "technique", "instrument", "file names", "described in")
# More measurements of one technique are printed one line a sample, more remarks are only counted: one screen.
ROWS_PRINTED, REMARKS_PRINTED = 6, 12
WIDTHS = {"file": 40, "format": 24, "instrument": 26, "date": 10, "inside": 60}  # characters


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
    points = sum(max((v.size for _, v in s.variables.values()), default=0) for s in export.sets)
    values = [s[name] for s in export.sets if name in s]
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
    folder: str | Path,
    measurements: Mapping[str, Sequence[Mapping[str, str]]],
    config: Mapping[str, Any] | None = None,
    study: str | Path = "",
) -> tuple[list[dict[str, str]], int]:
    """Read every export that an index names.

    Parameters
    ----------
    folder : path-like
        Holds the techniques' folders with the exports.
    measurements : technique -> rows of its index
    config : mapping, optional
        Sections by technique; without them nothing is said of models and limits.
    study : path-like
        The study's folder, where its own fragment table stands.

    Returns
    -------
    rows : list of dict
        One for each file, with `COLUMNS`.
    failed : int
        How many cannot be read; their `warnings` begin with ERROR.
    """
    rows, failed = [], 0
    ids = {
        plain(entry["sample"]): entry["sample"] for own in measurements.values() for entry in own
    }
    for technique, entries in measurements.items():
        section = (config or {}).get(technique)
        for entry in entries:
            about = TECHNIQUES[technique]
            odd = implausible(entry, (section or {}).get("plausible", {}))
            for column in about.index.files:
                if not (file := entry[column]):
                    continue
                path = Path(folder) / technique / file
                row = {
                    "sample": entry["sample"],
                    "unit": about.unit(entry),
                    "technique": technique,
                    "file": file,
                    "odd": odd,
                }
                odd = ""  # said once a measurement
                named = entry.get("format", "") if column == about.index.files[0] else ""
                try:
                    row |= {"format": recognise(path, technique, named).name}
                    export = read(path, technique, named)
                    row |= summarise(export) | {"format": row["format"]}
                    row["odd"] = "; ".join(
                        filter(None, (row["odd"], _of_another(export, entry["sample"], ids)))
                    )
                    if section is not None:
                        own = entry if alone(entry, entries, about) else None
                        row |= _inside(export, section, study=study, row=own)
                except CoatbenchError as error:
                    failed += 1
                    row |= {"warnings": f"ERROR {error}"}
                except Exception as error:  # a fault of ours: it hides no other file
                    failed += 1
                    row |= {
                        "warnings": f"ERROR {path}: {type(error).__name__}: {one_line(str(error))}"
                    }
                rows.append(row)
    return rows, failed


def _of_another(export: Export, sample: str, ids: Mapping[str, str]) -> str:
    """Say that an export tells of itself that it is another sample of the study."""
    inside = {plain(str(s.attrs.get("sample") or "")) for s in export.sets}
    other = ids.get(next(iter(inside))) if len(inside) == 1 else None
    return f"the file says of itself that it is {other}" if other and other != sample else ""


def alone(row: Mapping[str, str], rows: Sequence[Mapping[str, str]], about: Technique) -> bool:
    """Tell whether a row of an index is all there is of its thing: no further file of the same cell."""
    unit = [row[c] for c in about.unit_columns]
    return sum([other[c] for c in about.unit_columns] == unit for other in rows) == 1


def implausible(row: Mapping[str, str], limits: Mapping[str, Any]) -> str:
    """Say which cells of an index row lie beyond the limits that the config has for them."""
    judged = [
        plausible(number(row, column), column, limits[column])
        for column in row
        if column in limits and row[column]
    ]
    found = "; ".join(q.note for q in judged if q.note)
    return f"{found} (the unit stands in the column's name)" if found else ""


def _inside(export: Export, section: Mapping[str, Any], **more: Any) -> dict[str, str]:
    """Ask the technique's own room what is inside, where it has something to say; it takes what it needs of `more`."""
    try:
        room = importlib.import_module(f".{export.technique}.inside", __package__)
    except ModuleNotFoundError:
        return {}
    needs = inspect.signature(room.describe).parameters
    inside, lacking = room.describe(
        export, section, **{k: v for k, v in more.items() if k in needs}
    )
    return {"inside": inside, "not_evaluated": lacking}


def printed(rows: Sequence[Mapping[str, str]]) -> str:
    """Return what `check` prints of its rows: a table of one screen, and below it what is odd."""
    shown: list[dict[str, str]] = []
    for technique in dict.fromkeys(row["technique"] for row in rows):
        own = [row for row in rows if row["technique"] == technique]
        if len(own) <= ROWS_PRINTED:
            shown += [dict(row) for row in own]
            continue
        for sample in dict.fromkeys(row["sample"] for row in own):
            of = [row for row in own if row["sample"] == sample]
            merged = {c: "; ".join(dict.fromkeys(r[c] for r in of if r.get(c))) for c in SHOWN}
            dates = sorted(r["date"] for r in of if r.get("date"))
            shown.append(
                merged
                | {
                    "file": f"{len(of)} files" if len(of) > 1 else of[0]["file"],
                    "date": dates[0] if dates else "",
                }
            )
    for line in shown:
        line["date"] = line.get("date", "")[: WIDTHS["date"]]
        line |= {column: _short(line.get(column, ""), width) for column, width in WIDTHS.items()}
    lines = [layout(shown, SHOWN)]
    remarks: dict[
        tuple[str, str], list[str]
    ] = {}  # (technique, what) -> measurements; one remark, one line
    errors = []
    for row in rows:
        for column in ("odd", "not_evaluated", "warnings"):
            text = row.get(column, "")
            if text.startswith("ERROR"):
                errors.append(text)
            elif text:
                units = remarks.setdefault((row["technique"], text), [])
                units.append(row.get("unit") or row["sample"])
    others = []
    for (technique, text), units in remarks.items():
        more = f" (and {len(units) - 1} more)" if len(units) > 1 else ""
        others.append(f"{technique} {units[0]}{more}: {text}")
    lines += [f"! {_short(r, 240)}" for r in others[:REMARKS_PRINTED]] + errors
    if len(others) > REMARKS_PRINTED:
        lines.append(f"! {len(others) - REMARKS_PRINTED} more remarks: see check.csv")
    return "\n".join(lines)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def layout(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> str:
    """Return rows as a text table with aligned columns."""
    cells = [list(columns)] + [[row.get(c, "") for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
