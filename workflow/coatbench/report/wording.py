"""How values, claims and captions read on the page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..factors import read_factors
from ..techniques import TECHNIQUES

if TYPE_CHECKING:
    from ..config_types import FactorConfig

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


def estimate(value: float, sd: float | None) -> str:
    """Return an estimate with its standard uncertainty: two digits of that, and the value to the same place.

    Examples
    --------
    >>> estimate(0.81234, 0.0234), estimate(181.26, 12.4), estimate(5.1234e13, 2.2e12), estimate(0.81234, None)
    ('0.812 ± 0.023', '181 ± 12', '5.123e+13 ± 2.2e+12', '0.8123')
    """
    if sd is None:
        return show(value)
    if not 1e-6 < sd < 1e6 or abs(value) >= 1e6:
        return f"{value:.4g} ± {sd:.2g}"
    place = 1 - math.floor(math.log10(sd))
    return " ± ".join(f"{round(x, place):.{max(place, 0)}f}" for x in (value, sd))


def titled(technique: str) -> str:
    """Return how people write a technique, or what is none as it stands."""
    return TECHNIQUES[technique].title if technique in TECHNIQUES else technique


def in_labels(text: str, labels: Mapping[str, str]) -> str:
    """Return a line about what was not measured with labels and titles instead of ids.

    Examples
    --------
    >>> in_labels("leis: not measured for c025, c100", {"c025": "25 °C"})
    'LEIS: not measured for 25 °C, c100'
    """
    technique, colon, rest = text.partition(": ")
    technique = titled(technique) if colon else technique
    said, missing, names = rest.partition("not measured for ")
    if missing:
        names = ", ".join(labels.get(name, name) for name in names.split(", "))
    return f"{technique}{colon}{said}{missing}{names}"


def varied_columns(
    table: Sequence[Mapping[str, Any]], factors: Mapping[str, FactorConfig | None]
) -> dict[str, str]:
    """Return the columns of the ranking that tell its samples apart, with what they are called: the factors of the study.

    Parameters
    ----------
    table : rows of the table `ranking`
    factors : section `factors` of the configuration

    Examples
    --------
    >>> rows = [{"t": 300.0, "gas": "air", "h": 1.0}, {"t": 400.0, "gas": "O2", "h": 1.0}]
    >>> varied_columns(rows, {"t": {"label": "annealed", "unit": "°C"}, "gas": {"kind": "categorical"}, "h": {}})
    {'t': 'annealed / °C', 'gas': 'gas'}
    """
    return {
        f.name: f"{f.label} / {f.unit}" if f.unit else f.label
        for f in read_factors(factors)
        if len({row.get(f.name) for row in table} - {None}) > 1
    }


PURPOSES = {"improve": "new", "confirm": "once more", "extend": "beyond what was tested"}


def advice(
    rows: Sequence[Mapping[str, Any]], factors: Mapping[str, FactorConfig | None]
) -> list[dict[str, Any]]:
    """Return settings to measure as the page names them: each factor's label and its setting with unit, and what for.

    Parameters
    ----------
    rows : of the table `ranking_next`
    factors : section `factors` of the configuration
    """
    known = {f.name: f for f in read_factors(factors)}
    return [
        {
            "settings": [
                (known[k].label, known[k].text(v if isinstance(v, float) else str(v)))
                for k, v in ((k, float(v) if isinstance(v, int) else v) for k, v in row.items())
                if k in known and v is not None
            ],
            "purpose": PURPOSES.get(row["purpose"], row["purpose"]),
        }
        for row in rows
    ]


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
