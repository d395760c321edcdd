"""What spreadsheets and people put into cells where a value is expected: units, dates, dashes, a header again."""

from __future__ import annotations

import re
from collections.abc import Sequence

# People's and spreadsheets' ways to say that there is no value. NA and none may be sodium and an atmosphere.
NO_VALUE = ("-", "--", "---", "\u2013", "\u2014", "?", "/", "n.a.", "n/a", "n. a.", "k.a.", "k. a.", "nan", "#n/a", "#nv", "#ref!",
            "#bezug!", "#value!", "#wert!", "#div/0!", "#name?", "tbd", "n.d.")  # fmt: skip
MONTHS = {name: number for number, names in enumerate(
    ("jan", "feb", "mar m\u00e4r mrz maerz", "apr", "may mai", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec dez"), 1) for name in names.split()}  # fmt: skip
UNITS = re.compile(
    r"[\[(]?(\u00b0C|degC|\u2103|C|K|h|min|s|mg|g|\u00b5g|ug|nC|\u00b5C|eV|keV|V|mV|A|mA|nm|\u00b5m|um|cm2|cm\u00b2|cm\^2|mAh/g|mAh g-1|Ah/kg|%|1|text)[\])]?"
)
NUMBER_AND_UNIT = re.compile(
    r"([<>~\u2248]?\s*[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\s*([^\d\s.,;+-][^\d]{0,12})"
)


def is_no_value(text: str) -> bool:
    """Tell whether a cell says in words or signs that it has no value.

    Examples
    --------
    >>> is_no_value("n.a."), is_no_value("#NV"), is_no_value("Na")
    (True, True, False)
    """
    return text.casefold() in NO_VALUE


def what_it_was(text: str, column: str) -> str:
    """Return the end of a message on a cell that is no number: what it probably was.

    Examples
    --------
    >>> what_it_was("3 mg", "composite_mass_mg")
    '; write the number alone, mg stands in the name of the column'
    >>> what_it_was("01. Mai", "annealing_time_h")
    '; did a spreadsheet make a date of 1.5?'
    """
    if is_no_value(text):
        return "; this column may not be without"
    if hint := _another_way(text, column):
        return hint
    if date := _day_and_month(text):
        return f"; did a spreadsheet make a date of {date[0]}.{date[1]}?"
    if found := NUMBER_AND_UNIT.fullmatch(text):
        unit = found[2].strip()
        written = column.rpartition("_")[2]
        same = _unit(unit) == _unit(written)
        if "_" in column and same:
            return f"; write the number alone, {written} stands in the name of the column"
        if "_" in column and UNITS.fullmatch(unit):
            return f"; write the number alone, in {written}"
    return ""


ROOM = ("rt", "raumtemperatur", "room temperature", "roomtemperature", "ambient")
ABOUT = re.compile(
    r"(?i)(?:ca\.?|circa|about|~|\u2248|<|>|\u2264|\u2265)\s*[\d.,]+|[\d.,]+\s*(?:\u00b1|\+/-|\+-)\s*[\d.,]+"
)


def _another_way(text: str, column: str) -> str:
    """Return the end of a message on a share in percent, a clock, a temperature in words, a range, an approximation."""
    if column.endswith("_fraction") and (found := re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*%?", text)):
        percent = float(found[1].replace(",", "."))
        if 1 < percent <= 100:
            return f"; {percent:g} % is {percent / 100:g}"
    if column.endswith("_degC") and text.casefold() in ROOM:
        return "; room temperature is 25"
    if column.endswith("_h") and (found := re.fullmatch(r"(\d+):(\d\d)(?::(\d\d))?", text)):
        hours = int(found[1]) + int(found[2]) / 60 + int(found[3] or 0) / 3600
        return f"; in hours: {hours:.4g}"
    if re.fullmatch(r"[\d.,]+\s*(?:-|\u2013|bis|to|\.\.+)\s*[\d.,]+", text) and not re.fullmatch(
        r"[\d.]+-\d\d?-\d\d?", text
    ):
        return "; one number, no range"
    return "; one number alone" if ABOUT.fullmatch(text) else ""


def _unit(text: str) -> str:
    return re.sub(r"[^a-z0-9%]", "", text.replace("\u00b2", "2").casefold()).removeprefix("deg")


def _day_and_month(text: str) -> tuple[int, int] | None:
    """Return day and month of what a spreadsheet makes of 1.5 or 5-7."""
    if found := re.fullmatch(r"\d{4}-(\d\d)-(\d\d)(T00:00:00)?", text):
        return int(found[2]), int(found[1])
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.\d{2,4}", text):
        return int(found[1]), int(found[2])
    if found := re.fullmatch(r"(\d{1,2})\.?[ -]?([A-Za-z\u00e4]{3,9})\.?", text):
        month = MONTHS.get(found[2].casefold()[:3])
        return (int(found[1]), month) if month else None
    if found := re.fullmatch(r"([A-Za-z\u00e4]{3,9})\.?[ -]?(\d{1,2})", text):
        month = MONTHS.get(found[1].casefold()[:3])
        return (month, int(found[2])) if month else None
    return None


def looks_like_a_date(text: str) -> bool:
    """Tell whether an id reads like what a spreadsheet makes of 1-5 or 1.5."""
    return _day_and_month(text) is not None


def no_row_of_a_table(cells: Sequence[str], header: Sequence[str]) -> str:
    """Return what a line is that is no row: the header once more, or units; empty where it is a row.

    Examples
    --------
    >>> no_row_of_a_table(["", "", "\u00b0C"], ["sample", "file", "heating_temperature_degC"])
    'found units, expected a row; remove the line, units stand in the names of columns'
    """
    filled = [(c, h) for c, h in zip(cells, header, strict=False) if c]
    if len(filled) > 1 and all(cell.casefold() == name.casefold() for cell, name in filled):
        return "found the header again, expected a row; remove the line"
    if filled and all(
        (UNITS.fullmatch(cell) and not cell.isdigit()) or is_no_value(cell) for cell, _ in filled
    ):
        return "found units, expected a row; remove the line, units stand in the names of columns"
    return ""
