"""The report: one page that holds everything, works without a network and on a phone.

All text from the study (labels, notes, file names) is escaped by the template engine; a content security
policy in the page forbids every request, so nothing can be loaded from elsewhere even by mistake.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..analysis import write_atomically
from ..pictures import picture_of
from ..tables import read_table
from .doubts import QUALITY_COLUMNS, Doubt, doubts_of, look_id, reasons, remark

DATA = Path(__file__).parent / "data"
ROWS_SHOWN = 200  # of a table in the list of all tables; more are in its file
QUICKLOOK_BYTES = 12_000_000  # of thumbnails of single measurements; more are named, not shown
# How a claim reads: a sign, then what it is held against.
SIGNS = {
    "equals": "=",
    "within": "within",
    "at_least": "≥",
    "at_most": "≤",
    "higher": ">",
    "lower": "<",
    "much_lower": "≪",
    "slightly_lower": "a little below",
    "constant": "spread up to",
    "maximum": "maximum at",
    "minimum": "minimum at",
    "steepest_rise": "steepest rise at",
    "steepest_fall": "steepest fall at",
    "present": "present",
    "absent": "absent",
}
THUMBNAIL_PX = (
    420  # width of a single measurement's picture on the page; the whole one lies beside it
)
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
class Picture:
    """A figure, embedded; `id` names it on the page, `whole` is the file that a thumbnail stands for."""

    name: str
    title: str
    caption: str
    source: str
    files: tuple[str, ...]
    width: int
    height: int
    id: str = ""
    whole: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs the whole width of the page to be read."""
        return self.width > 1.4 * self.height


@dataclass(frozen=True)
class Page:
    """What the template draws."""

    title: str
    simulated: bool
    reference: str
    statement: list[str]
    ranking: Table | None
    criteria: dict[str, str]
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
    looks, left_out = _thumbnails(quicklooks, results)
    paragraphs = []
    if statement:
        text = Path(statement).read_text(encoding="utf-8")
        paragraphs = [p.strip() for p in text.split("\n\n") if p.strip()]
    return Page(
        title=str(run["study"]["title"]),
        simulated=bool(run["study"]["simulated"]),
        reference=run["study"]["reference"] or "",
        statement=paragraphs,
        ranking=by_name.get("ranking"),
        criteria=_labels(run["parameters"].get("ranking") or {}),
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
        next=rows("ranking_next")[:NEXT_SHOWN],
        problems=rows("problems"),
        warnings=rows("warnings"),
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


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    entries = {**config.get("criteria", {}), **config.get("annotations", {})}
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


def _thumbnails(paths: Sequence[str], results: Path) -> tuple[dict[str, list[Picture]], list[str]]:
    """Return small pictures of single measurements by technique, and the paths beyond the page's budget."""
    shown: dict[str, list[Picture]] = {}
    left_out: list[str] = []
    used = 0
    for path in paths:
        small = _thumbnail(path, results) if used <= QUICKLOOK_BYTES else None
        used += len(small.source) if small else 0
        if small is None or used > QUICKLOOK_BYTES:
            left_out.append(path)
        else:
            shown.setdefault(Path(path).parent.name, []).append(small)
    return shown, left_out


def _thumbnail(path: str, results: Path) -> Picture:
    from PIL import Image

    technique, name = Path(path).parent.name, Path(path).stem
    with Image.open(picture_of(path, results)) as image:
        small = image.convert("RGB")
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    buffer = io.BytesIO()
    small.save(buffer, "webp", quality=70, method=4)
    return Picture(
        name=name,
        title="",
        caption="",
        source=_embedded(buffer.getvalue()),
        files=(),
        width=small.width,
        height=small.height,
        id=look_id(technique, name),
        whole=Path(path).relative_to(results).as_posix(),
    )


def _embedded(content: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"


def picture(
    path: str | Path, results: Path, captions: Path | None, config: Mapping[str, Any] | None = None
) -> Picture:
    """Embed the picture of a PNG file, with its caption and the files beside it."""
    path = Path(path)
    from PIL import Image

    webp = picture_of(path, results)
    with Image.open(webp) as image:
        width, height = image.size
    beside = [path.with_suffix(s) for s in (".pdf", ".png", ".csv")]
    title, caption = "", ""
    if captions is not None and (captions / f"{path.stem}.rst").is_file():
        title, caption = read_caption(captions / f"{path.stem}.rst", config)
    return Picture(
        name=path.stem,
        title=title,
        caption=caption,
        source=_embedded(webp.read_bytes()),
        files=tuple(p.relative_to(results).as_posix() for p in beside if p.is_file()),
        width=width,
        height=height,
        id=f"figure-{path.stem}",
    )


def read_caption(path: str | Path, config: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Return the bold first sentence of a caption as its title, and the rest, without markup.

    What a caption takes from the configuration stands in it as in Snakemake's own report,
    ``{{ snakemake.config.xps.coverage.substrate }}``.
    """
    import jinja2

    given = jinja2.Environment(undefined=jinja2.ChainableUndefined)  # escaped by the page
    template = given.from_string(Path(path).read_text(encoding="utf-8"))
    text = " ".join(template.render(snakemake={"config": config or {}}).split())
    match = re.match(r"\*\*(.+?)\*\*\s*(.*)", text)
    title, rest = (match[1].rstrip("."), match[2]) if match else ("", text)
    return title, re.sub(r"(\*\*|\*|``)(.+?)\1", r"\2", rest)


def expectation(claim: Mapping[str, Any]) -> str:
    """Say what a claim expects: `= 85 ± 1.5`, `< uncoated`, `maximum at 300..500`."""
    relation = str(claim["relation"])
    expected = show(claim["expected"]).removeprefix(relation).strip()
    text = f"{SIGNS.get(relation, relation)} {expected}".strip()
    if claim["tolerance"] is None:
        return text
    return f"{text} {'' if relation == 'constant' else '± '}{show(claim['tolerance'])}"


def show(value: Any) -> str:
    """Return how a cell reads: four significant digits, a gap for the unknown."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e6:
            return f"{value:.0f}"
        return f"{value:.4g}"
    return str(value)


def percent(value: float | None) -> str:
    """Return a probability as percent."""
    if value is None:
        return ""
    return "<1 %" if value < 0.005 else ">99 %" if value > 0.995 else f"{100 * value:.0f} %"


def size(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


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
            return f'<td class="n" data-v="{value}">{show(value)}</td>'
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
    }
    # Only the project's own style and script are trusted; everything else is escaped.
    own = {k: Markup((DATA / f"report.{k}").read_text(encoding="utf-8")) for k in ("css", "js")}
    template = environment.get_template("report.html.j2")
    return template.render(page=page, rows_shown=ROWS_SHOWN, **own) + "\n"


def write_page(page: Page, path: str | Path) -> None:
    """Write the page."""
    write_atomically(path, render(page))
