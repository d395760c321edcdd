"""The report: one page that holds everything, works without a network and on a phone.

All text from the study (labels, notes, file names) is escaped by the template engine; a content security
policy in the page forbids every request, so nothing can be loaded from elsewhere even by mistake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis import write_atomically
from ..tables import read_table
from .doubts import QUALITY_COLUMNS, Doubt, doubts_of, reasons, remark
from .embedded import Picture, picture, thumbnails
from .living import gather
from .packing import pack
from .wording import (
    advice,
    estimate,
    expectation,
    in_labels,
    percent,
    show,
    size,
    titled,
    varied_columns,
)

if TYPE_CHECKING:
    from ..config_types import AnnotationConfig, CriterionConfig, RankingConfig

DATA = Path(__file__).parent / "data"
OWN = {
    "css": "report.css",
    "js": "report.js",
    "curves_js": "curves.js",
    "uplot_js": "uplot/uPlot.iife.min.js",
    "uplot_css": "uplot/uPlot.min.css",
}
ROWS_SHOWN = 200  # of a table in the list of all tables; more are in its file
TODO = "What to do next: "
NEXT_SHOWN = 4  # of the settings to measure next


@dataclass(frozen=True)
class Table:
    """A result table as the page shows it."""

    name: str
    path: str
    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    n_rows: int
    technique: str = ""


@dataclass(frozen=True)
class Page:
    """What the template draws."""

    title: str
    simulated: bool
    reference: str
    statement: list[str]
    ranking: Table | None
    criteria: dict[str, str]
    factors: dict[str, str]
    claims: list[dict[str, Any]]
    verdicts: dict[str, int]
    figures: list[Picture]
    quicklooks: dict[str, list[Picture]]
    quicklooks_left_out: list[str]
    quality: list[Table]
    doubtful: int
    remarks: int
    problems: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    tables: dict[str, list[Table]]
    run: Mapping[str, Any]
    config_text: str
    measurements: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    next: list[dict[str, Any]] = field(default_factory=list)
    todo: str = ""
    curves: Mapping[str, str] = field(default_factory=dict)
    curve_titles: Mapping[str, str] = field(default_factory=dict)
    curves_about: str = "{}"


def build(
    *,
    run: Mapping[str, Any],
    results: str | Path,
    tables: Mapping[str, Sequence[str]],
    figures: Sequence[str],
    quicklooks: Sequence[str],
    statement: str | None,
    captions: str | Path,
    config_text: str,
    labels: Mapping[str, str] | None = None,
    curves: Sequence[str] = (),
) -> Page:
    """Gather the content of the page from files on disk.

    Parameters
    ----------
    run : what `provenance.describe_run` found
    results : folder that the page lies in
    tables : technique (or `ranking`, `study`) -> paths of its tables
    figures, quicklooks : paths of PNG files, whose pictures were made with them (`pictures.py`)
    statement : path of the ranking in words
    captions : folder with one .rst per figure
    config_text : the configuration used, as YAML
    labels : sample -> what it is called
    curves : paths of the jobs' netCDF files
    """
    results = Path(results)
    loaded = {t: [load_table(p, results, t) for p in paths] for t, paths in tables.items()}
    by_name = {table.name: table for group in loaded.values() for table in group}

    def rows(name: str) -> list[dict[str, Any]]:
        return by_name[name].rows if name in by_name else []

    claims = rows("claims")
    quality = [q for t in by_name.values() if (q := quality_of(t)) is not None]
    quality.sort(key=lambda q: q.name != "xps_fits")
    labels = labels or {}
    factors = run["parameters"].get("factors") or {}
    title = str(run["study"]["title"]).replace(" degC", " °C")
    looks, left_out = thumbnails(quicklooks, results)
    against = (run["parameters"].get("cycling") or {}).get("potential_reference") or ""
    living = gather(curves, results, {name: rows(name) for name in by_name}, against)
    paragraphs = []
    if statement:
        text = Path(statement).read_text(encoding="utf-8")
        paragraphs = [p.strip() for p in text.split("\n\n") if p.strip()]
    return Page(
        title=title,
        simulated=bool(run["study"]["simulated"]),
        reference=labels.get(run["study"]["reference"] or "", run["study"]["reference"] or ""),
        statement=paragraphs,
        ranking=by_name.get("ranking"),
        criteria=_labels(run["parameters"].get("ranking")),
        factors=varied_columns(rows("ranking"), factors),
        claims=claims,
        verdicts={
            v: sum(c["verdict"] == v for c in claims) for v in ("holds", "fails", "not testable")
        },
        figures=[
            picture(p, results, Path(captions), _loaded(config_text))
            for p in sorted(figures, key=_number)
        ],
        quicklooks=looks,
        quicklooks_left_out=[Path(p).relative_to(results).as_posix() for p in left_out],
        quality=quality,
        doubtful=sum(row["doubtful"] for q in quality for row in q.rows),
        remarks=sum(bool(row["remark"]) for q in quality for row in q.rows),
        labels=labels,
        doubts=doubts_of(
            rows("quality"), labels, (p.whole for group in looks.values() for p in group)
        ),
        next=advice(rows("ranking_next")[:NEXT_SHOWN], factors),
        todo=next((p.partition(TODO)[2] for p in paragraphs if p.startswith(TODO)), ""),
        curves=pack(living),
        curve_titles={view.id: view.title for view in living},
        curves_about=json.dumps(
            {
                "title": title,
                "simulated": bool(run["study"]["simulated"]),
                "labels": list(labels.items()),  # pairs: an object would put ids of digits first
            },
            ensure_ascii=False,
        ),
        problems=[p | {"technique": titled(p["technique"])} for p in rows("problems")],
        warnings=[
            w | {"warning": in_labels(w["warning"], labels)} if w["unit"] is None else w
            for w in rows("warnings")
        ],
        tables=loaded,
        run=run,
        config_text=config_text,
        measurements={
            t: {"files": len(files), "bytes": sum(f["bytes"] for f in files.values())}
            for t, files in run["measurements"].items()
        },
    )


def _number(path: str) -> tuple[Any, ...]:
    """Order fig2 before fig10, and both before figS1."""
    parts = re.split(r"(\d+)", Path(path).stem)
    return tuple(int(p) if p.isdigit() else p.lower() for p in parts)


def _labels(config: RankingConfig | None) -> dict[str, str]:
    if not config:
        return {}
    entries: dict[str, CriterionConfig | AnnotationConfig] = {
        **config.get("criteria", {}),
        **config.get("annotations", {}),
    }
    return {
        name: entry.get("label", name)
        + ("" if entry.get("unit", "1") == "1" else f" / {entry['unit']}")
        for name, entry in entries.items()
    }


def load_table(path: str | Path, results: Path, technique: str) -> Table:
    """Read a result table."""
    path = Path(path)
    rows = read_table(path)
    header = path.read_text(encoding="utf-8").partition("\n")[0]
    columns = tuple(rows[0]) if rows else tuple(header.strip().split(","))
    return Table(
        path.stem, path.relative_to(results).as_posix(), columns, rows, len(rows), technique
    )


def quality_of(table: Table) -> Table | None:
    """Return the rows of a table with what is remarked about them, doubtful ones first.

    Of the fits all rows are shown, of other tables those with a remark. None where there is nothing to say.
    """
    # The ranking's notes are answers, not doubts about a measurement; they stand in its own section.
    answers = table.name.startswith("ranking") or table.name in ("claims", "quality", "excluded")
    if not set(QUALITY_COLUMNS) & set(table.columns) or answers:
        return None
    rows = [
        {"remark": remark(row), "doubtful": bool(reasons(row)), **row}
        for row in table.rows
        if row.get("is_default") is not False  # tried besides, for the uncertainty: no result
    ]
    if table.name != "xps_fits":
        rows = [r for r in rows if r["remark"]]
    if not rows:
        return None
    rows.sort(key=lambda r: (not r["doubtful"], not r["remark"]))
    # What the remark says need not stand there twice.
    said = ("note", "file", "quality", "quality_note")
    columns = ("remark", *(c for c in table.columns if c not in said))
    return Table(table.name, table.path, columns, rows, table.n_rows, table.technique)


def _loaded(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def render(page: Page) -> str:
    """Return the page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    # Not in the template, which takes several times as long for fifty thousand cells.
    def cell(value: Any) -> Markup:
        return Markup(td(value))

    def cells(row: Mapping[str, Any], columns: Sequence[str]) -> Markup:
        return Markup("".join(remarked(row) if c == "remark" else td(row[c]) for c in columns))

    def td(value: Any) -> str:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            text, exact = show(value), f"{value:.7g}"
            own = "" if text == exact else f' data-v="{exact}"'  # what a column is sorted by
            return f'<td class="n"{own}>{text}</td>'
        return f"<td>{escape(show(value))}</td>"

    def remarked(row: Mapping[str, Any]) -> str:
        kind = "flag" if row["doubtful"] else "note" if row["remark"] else "good"
        return f'<td class="{kind}">{escape(row["remark"] or "none")}</td>'

    environment = Environment(
        loader=FileSystemLoader(DATA),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "show": show,
        "cell": cell,
        "cells": cells,
        "percent": percent,
        "size": size,
        "expectation": expectation,
        "estimate": estimate,
        "trusted": Markup,
    }
    # Only the project's own style and script are trusted; everything else is escaped.
    own = {k: Markup((DATA / path).read_text(encoding="utf-8")) for k, path in OWN.items()}
    template = environment.get_template("report.html.j2")
    return template.render(page=page, rows_shown=ROWS_SHOWN, **own) + "\n"


def write_page(page: Page, path: str | Path) -> None:
    """Write the page."""
    write_atomically(path, render(page))
