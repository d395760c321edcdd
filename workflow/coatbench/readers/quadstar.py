"""Quadstar 422 / QMS 403 Aeolos: ASCII export of measured cycles (`.asc`), ion currents over time.

A table of cycles with the ion current of every channel. Lines may end with CR alone, channels carry the
tuned peak position instead of the nominal mass, and a second datablock (analog inputs, pressure) may stand
in the same table or in one of its own. There is no temperature: that is joined on time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Arrays
from ..errors import ReadError, quote
from .cells import iso_date
from .model import Export
from .text import Text, integer, number, parse_number, read_rows, read_text

FORMAT = "Quadstar ASCII"
MAX_CHANNELS = 256
MAX_CURRENT_A, MAX_VALUE = 1.0, 1e12  # what lies beyond is a damaged number
# A tuned position lies off the whole mass by up to 0.4 u at m/z 66; beyond this it could be either neighbour.
MAX_TUNING_OFFSET_U = 0.45

_CHANNEL = re.compile(r"'(\d{1,3})/(\d{1,3})'")
_DAY = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}(?:[:.,]\d{1,3})?(?: ?[AaPp][Mm])?")
_DATABLOCK = re.compile(r"Datablock\s+(\d{1,3})\b")


@dataclass
class Channel:
    """One channel as the header declares it: its key, block, label or tuned mass, lowest and highest value."""

    key: str
    block: int
    label: str
    low: float | None
    high: float | None
    line: int


def read(path: Path) -> Export:
    """Read one Quadstar ASCII export of cycles.

    Parameters
    ----------
    path : Path
        The export.

    Returns
    -------
    Export
        The first block holds ``ion_current_A`` (mz, time): nominal m/z ascending in ``mz``, tuned positions
        in ``mz_tuned``; ``time_s`` counts from the first record. Other datablocks follow as blocks with
        one variable ``value`` (channel, time) and their unit in its attributes.

    Raises
    ------
    ReadError
        The header is cut or declares other channels than the table has, a tuned mass lies between two
        whole ones, a cell is no number, cycles or time run backwards.
    """
    text = read_text(path)
    if not text.lines[0].lstrip().startswith("ASCII SAMPLE CYCLES"):
        raise text.error(0, "ASCII SAMPLE CYCLES", text.lines[0])
    tables = [i for i, line in enumerate(text.lines) if line.startswith("Cycle\t")]
    if not tables:
        raise ReadError(
            path,
            "header",
            "a table that starts with Cycle",
            f"none in {len(text.lines)} lines",
            "the export is cut or of another kind",
        )
    header = _header(text, tables[0])
    blocks, channels = _channels(text, tables)
    _check_blocks(text, header, blocks)
    export = Export(path, FORMAT, "tga_ms")
    parts: dict[int, Arrays] = {}
    for first, last in zip(tables, [*tables[1:], len(text.lines)], strict=True):
        _table(text, first, last, header, blocks, channels, parts, export.warnings)
    if missing := [c.key for c in channels.values() if c.block not in parts]:
        raise ReadError(path, "table", f"a column for channel {missing[0]}", "none", "export again")
    export.sets = [
        parts[k] for k in sorted(parts, key=lambda k: ("ion_current_A" not in parts[k], k))
    ]
    for part in export.sets:
        part.attrs = {**_attrs(header), **part.attrs}
    return export


def _header(text: Text, stop: int) -> dict[str, str]:
    header: dict[str, str] = {}
    for line in text.lines[:stop]:
        cells = [cell.strip() for cell in line.split("\t")]
        if _CHANNEL.fullmatch(cells[0]) or _DATABLOCK.match(cells[0]):
            continue
        for key, value in zip(cells[::2], cells[1::2], strict=False):
            header.setdefault(key.rstrip(": ").upper(), value)
    return header


def _channels(
    text: Text, tables: list[int]
) -> tuple[dict[int, tuple[str, str]], dict[str, Channel]]:
    """Return {datablock: (kind, unit)} and {key: Channel} that the header (or headers) declare."""
    blocks: dict[int, tuple[str, str]] = {}
    channels: dict[str, Channel] = {}
    current = -1
    for i, line in enumerate(text.lines[: tables[-1]]):
        cells = [cell.strip() for cell in line.split("\t")]
        if match := _DATABLOCK.match(cells[0]):
            current = int(match[1])
            if len(cells) < 3:
                raise text.error(i, "a datablock with kind and unit", line)
            blocks[current] = (cells[1], cells[2].strip("[]"))
        elif match := _CHANNEL.fullmatch(cells[0]):
            if int(match[1]) not in blocks or len(cells) < 2:
                raise text.error(i, "a channel of a declared datablock", line)
            limits = dict(zip(cells[2::2], cells[3::2], strict=False))
            low, high = (parse_number(limits.get(k, "")) for k in ("min:", "max:"))
            channels[cells[0]] = Channel(cells[0], int(match[1]), cells[1], low, high, i)
        elif _quoted(cells[0]):  # passed over, the channel would be missing unseen
            raise text.error(i, "a channel like '0/1'", line)
    if not channels or len(channels) > MAX_CHANNELS:
        raise ReadError(text.path, "header", f"1 to {MAX_CHANNELS} channels", str(len(channels)))
    return blocks, channels


def _quoted(cell: str) -> bool:
    return cell.startswith("'") or cell.endswith("'")


def _check_blocks(text: Text, header: dict[str, str], blocks: dict[int, tuple[str, str]]) -> None:
    declared = header.get("NUMBER OF STORED DATABLOCKS")
    if declared is None:
        return
    count = integer(declared, text.path, "header", "a number of datablocks", 1, 1000)
    if len(blocks) < count:
        raise ReadError(text.path, "header", f"{count} datablocks", str(len(blocks)), "it is cut")


def _table(
    text: Text,
    first: int,
    last: int,
    header: dict[str, str],
    blocks: dict[int, tuple[str, str]],
    channels: dict[str, Channel],
    parts: dict[int, Arrays],
    warnings: list[str],
) -> None:
    """Read one table of cycles into `parts` (datablock -> dataset)."""
    names = [cell.strip() for cell in text.lines[first].split("\t")]
    while names and not names[-1]:
        names.pop()
    if "RelTime[s]" not in names:
        raise text.error(first, "a column RelTime[s]", text.lines[first])
    start = first + 1
    stop = start
    while stop < last and re.match(r"\s*\d", text.lines[stop]):
        stop += 1
    rest = [line for line in text.lines[stop:last] if line.strip()]
    if last == len(text.lines) and rest:
        raise text.error(stop, "a row that starts with the number of its cycle", text.lines[stop])
    present = [name for name in names if _CHANNEL.fullmatch(name)]
    if unknown := [name for name in names if _quoted(name) and name not in channels]:
        raise text.error(first, "columns of declared channels", unknown[0])
    if len(set(present)) != len(present):
        raise text.error(first, "every channel once", text.lines[first])
    of_blocks = {channels[name].block for name in present}
    for name, channel in channels.items():
        if channel.block in of_blocks and name not in present:
            raise text.error(first, f"a column for channel {name}", text.lines[first])
    wanted = ["Cycle", "RelTime[s]", *present]
    columns = [names.index(name) for name in wanted]
    values, dropped = read_rows(text, start, stop, len(names), "\t", columns=columns)
    if dropped:
        warnings.append(
            f"{text.path.name}: 1 incomplete last line (line {stop}) was dropped: the export is cut"
        )
    if len(values) == 0:
        raise text.error(first, "rows of cycles below", "none")
    _check_order(text, values, start)
    _check_stamps(text, names, start, start + len(values))
    _check_count(text, header, len(values), warnings)
    time = values[:, 1] - values[0, 1]
    for block in sorted(of_blocks):
        if block in parts:
            raise text.error(first, "every datablock once", f"datablock {block} again")
        own = [channels[name] for name in present if channels[name].block == block]
        data = np.stack([values[:, 2 + present.index(c.key)] for c in own])
        _check_limits(text, own, data, warnings)
        kind, unit = blocks[block]
        parts[block] = _block(text, kind, unit, own, data, time, start, warnings)


def _check_order(text: Text, values: np.ndarray, start: int) -> None:
    for column, what in ((0, "cycle numbers that count upwards"), (1, "time that runs forwards")):
        steps = np.diff(values[:, column])
        wrong = np.flatnonzero(steps <= 0 if column == 0 else steps < 0)
        if wrong.size:
            line = start + int(wrong[0]) + 1
            raise text.error(line, what, text.lines[line])


def _check_stamps(text: Text, names: list[str], start: int, stop: int) -> None:
    """Hold date and time of every row against their form: a lost cell would shift the others unseen."""
    forms = {"Date": _DAY, "Time": _CLOCK}
    columns = [(names.index(name), form) for name, form in forms.items() if name in names]
    for i in range(start, stop):
        cells = text.lines[i].split("\t")
        if not all(form.fullmatch(cells[k].strip()) for k, form in columns):
            raise text.error(i, "a date and a time in their columns", text.lines[i])


def _check_count(text: Text, header: dict[str, str], found: int, warnings: list[str]) -> None:
    low, high = (
        parse_number(header.get(k, "")) for k in ("PRINTED START CYCLE", "PRINTED END CYCLE")
    )
    if low is not None and high is not None and high >= low and found != high - low + 1:
        warnings.append(
            f"{text.path.name}: the header announces cycles {low:.0f} to {high:.0f}, "
            f"the table holds {found}: the export is cut or was made while measuring"
        )


def _check_limits(text: Text, own: list[Channel], data: np.ndarray, warnings: list[str]) -> None:
    """Hold the values against the lowest and highest that the header states (three digits)."""
    for channel, row in zip(own, data, strict=True):
        if channel.low is None or channel.high is None:
            continue
        slack = 0.01 * max(abs(channel.low), abs(channel.high))
        if row.min() < channel.low - slack or row.max() > channel.high + slack:
            warnings.append(
                f"{text.path.name}: channel {channel.key} ({channel.label}) runs from {row.min():.3g} to "
                f"{row.max():.3g}, its header says {channel.low:.3g} to {channel.high:.3g}"
            )


def _block(
    text: Text,
    kind: str,
    unit: str,
    own: list[Channel],
    data: np.ndarray,
    time: np.ndarray,
    start: int,
    warnings: list[str],
) -> Arrays:
    if (
        wrong := np.argwhere(~(np.abs(data) <= (MAX_CURRENT_A if unit == "A" else MAX_VALUE)))
    ).size:
        k, row = wrong[0]
        expected = f"a value of channel {own[k].key} in {unit} that an instrument can give"
        raise text.error(start + int(row), expected, text.lines[start + int(row)])
    coords: dict[str, Any] = {"time_s": ("time", time, {"units": "s"})}
    if unit != "A":
        coords["channel"] = ("channel", [c.label for c in own])
        value = (("channel", "time"), data, {"units": unit, "label": kind})
        return Arrays.of({"value": value}, coords)
    tuned = []
    for c in own:
        where = text.where(c.line)
        mass = number(c.label, text.path, where, "a tuned mass")
        if not 0.5 <= mass <= 2048 or abs(mass - round(mass)) >= MAX_TUNING_OFFSET_U:
            expected = f"a tuned mass within {MAX_TUNING_OFFSET_U} u of a whole one"
            raise ReadError(text.path, where, expected, quote(c.label))
        tuned.append(mass)
    order = np.argsort(tuned, kind="stable")
    mz = np.array([round(tuned[k]) for k in order])
    keep = np.concatenate([[True], np.diff(mz) > 0])
    for k in np.flatnonzero(~keep):
        warnings.append(
            f"{text.path.name}: m/z {mz[k]} is measured twice, the lower position is used"
        )
    order, mz = order[keep], mz[keep]
    coords["mz"] = ("mz", mz)
    coords["mz_tuned"] = ("mz", np.array(tuned)[order])
    current = (("mz", "time"), data[order], {"units": "A", "label": kind})
    return Arrays.of({"ion_current_A": current}, coords)


def _attrs(header: dict[str, str]) -> dict[str, Any]:
    stamp = f"{header.get('DATE', '')} {header.get('TIME', '')}".strip()
    return {
        "instrument": "Quadstar quadrupole mass spectrometer",
        "date": iso_date(stamp, "dmy"),
        "vendor": header,
    }
