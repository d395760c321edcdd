"""Find the values that a claim speaks of: rows picked, samples named, repeated measurements averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import quality
from ..conditions import Condition, Row, pick
from ..factors import Factor, Setting, axis
from ..order import TEMPERATURE
from ..statistics import NORMAL_95
from .read import Claim, parse_range

REPLICATES = ("spot", "cell", "run", "field")  # columns that tell repeated measurements apart
ROLES = ("all", "coated", "uncoated", "precursor")


class NotTestableError(Exception):
    """Why a claim cannot be decided by what was measured."""


@dataclass(frozen=True)
class Item:
    """One value that a claim speaks of. `sd` is None where the table gives no uncertainty."""

    sample: str
    kind: str
    x: float
    value: float
    sd: float | None

    @property
    def name(self) -> str:
        """Sample and kind, as shown to the reader."""
        return " ".join(filter(None, (self.sample, self.kind)))


class Lookup:
    """Finds the items of a claim in the tables."""

    def __init__(
        self,
        claim: Claim,
        tables: Mapping[str, Sequence[Row]],
        samples: Sequence[Mapping[str, str]],
        reference: str | None,
        remarks: list[str],
        factors: Sequence[Factor] = (),
    ) -> None:
        if claim.table not in tables:
            raise NotTestableError(f"table {claim.table} is not there")
        self.rows = tables[claim.table]
        if not self.rows:
            raise NotTestableError(f"table {claim.table} is empty")
        for column in filter(None, (claim.column, claim.each, *(c.column for c in claim.where))):
            if column not in self.rows[0]:
                raise NotTestableError(f"table {claim.table} has no column {column}")
        self.claim, self.samples, self.reference = claim, samples, reference
        self.remarks = remarks
        self.factor = _factor(claim, factors, samples)
        known = {x for s in samples if (x := setting(self.factor, s)) is not None}
        self.levels = [] if self.factor.continuous else sorted(map(str, known))

    def items(self, selector: str, changed: tuple[Condition, ...] = ()) -> list[Item]:
        """Return the items of the samples that a selector names; `changed` replaces conditions."""
        replaced = {c.column for c in changed}
        where = (*(c for c in self.claim.where if c.column not in replaced), *changed)
        found: list[Item] = []
        if not selector:
            found = self._of("", math.nan, pick(self.rows, where), required=True)
        for sample, required in resolve(selector, self.samples, self.reference, self.factor):
            rows = [r for r in self.rows if r.get("sample") == sample["sample"]]
            x = self._place(sample)
            if not rows:
                if required:
                    raise NotTestableError(f"{sample['sample']} is not in {self.claim.table}")
                continue
            found += self._of(sample["sample"], x, pick(rows, where), required=required)
        if not found:
            fitting = selector or "; ".join(map(str, where))
            raise NotTestableError(f"no row of {self.claim.table} fits {fitting}")
        return found

    def _place(self, sample: Mapping[str, str]) -> float:
        """Return a sample's setting, or the number of its level; NaN where it has none."""
        value = setting(self.factor, sample)
        if value is None:
            return math.nan
        return float(value) if self.factor.continuous else float(self.levels.index(str(value)))

    def _of(self, sample: str, x: float, rows: list[Row], *, required: bool) -> list[Item]:
        kinds: list[str] = [""]
        if self.claim.each:
            named = [c for c in self.claim.where if c.column == self.claim.each and c.sign == "="]
            kinds = list(named[0].values) if named else []
            kinds = kinds or sorted({str(r[self.claim.each]) for r in rows})
        found = []
        for kind in kinds:
            mine = rows
            if self.claim.each:
                mine = pick(rows, [Condition(self.claim.each, "=", (kind,))])
            given = [r for r in mine if r.get(self.claim.column) is not None]
            usable, judged = quality.counted(given, *self._replicates(given))
            value, sd = self._aggregate(usable if given else mine)
            name = " ".join(filter(None, (sample, kind))) or "the claim"
            if given and not usable:
                reason = f"{name} is unusable: {judged.note or 'no reason given'}"
                if required:
                    raise NotTestableError(reason)
                self.remarks.append(reason)
            elif value is not None:
                found.append(Item(sample, kind, x, value, sd))
                if judged.level != quality.OK or judged.note:
                    self.remarks.append(f"{name}: {judged.level}: {judged.note}")
            elif required:
                raise NotTestableError(
                    f"no value of {self.claim.column} in {self.claim.table} for {name}"
                )
            else:
                self.remarks.append(f"no value for {' '.join(filter(None, (sample, kind)))}")
        return found

    def _replicates(self, rows: list[Row]) -> tuple[str, ...]:
        """Return the columns that tell several rows of one sample apart, for the reasons."""
        return tuple(c for c in REPLICATES if len(rows) > 1 and c in rows[0])

    def _aggregate(self, rows: list[Row]) -> tuple[float | None, float | None]:
        column, how = self.claim.column, self.claim.aggregate
        given = [r for r in rows if r.get(column) is not None]
        flags = [r[column] for r in given if isinstance(r[column], bool)]
        presence = self.claim.relation in ("present", "absent")
        if presence and flags:
            return float(any(flags)), None
        if presence and rows and not given:
            return None, None  # looked for, but it could not be decided
        if presence or how == "count":
            return float(len(given)), None
        if not given:
            return None, None
        try:
            values = np.array([float(r[column]) for r in given])
        except (TypeError, ValueError):
            raise NotTestableError(
                f"column {column} of {self.claim.table} is not a number"
            ) from None
        sds = [_sd(r, column) for r in given]
        if how == "sum":
            return _sum(given, values, sds)
        if how in ("max", "min"):
            i = int(np.argmax(values) if how == "max" else np.argmin(values))
            return float(values[i]), sds[i]
        return _mean(values, sds)


def _factor(
    claim: Claim, factors: Sequence[Factor], samples: Sequence[Mapping[str, str]]
) -> Factor:
    if not claim.factor:
        return axis(factors, samples) or next(
            (f for f in factors if f.name == TEMPERATURE.name), TEMPERATURE
        )
    for factor in factors:
        if factor.name == claim.factor:
            return factor
    raise NotTestableError(
        f"the study has no factor {claim.factor}, expected one of {', '.join(f.name for f in factors)}"
    )


def setting(factor: Factor, sample: Mapping[str, str]) -> Setting | None:
    """Return a sample's setting of a factor; an empty cell has a meaning for coated samples only."""
    if sample["role"] != "coated" and not (sample.get(factor.name) or "").strip():
        return None
    return factor.setting(sample)


def _sd(row: Row, column: str) -> float | None:
    if row.get(f"{column}_sd") is not None:
        return float(row[f"{column}_sd"])
    for stem in (column, column.removesuffix("_degC")):
        low, high = row.get(f"{stem}_ci_low"), row.get(f"{stem}_ci_high")
        if low is not None and high is not None:
            return abs(float(high) - float(low)) / (2 * NORMAL_95)
    return None


def _mean(values: np.ndarray, sds: Sequence[float | None]) -> tuple[float, float | None]:
    """Mean of repeated measurements; its uncertainty covers their own and their scatter."""
    n = len(values)
    known = [s for s in sds if s is not None]
    own = math.sqrt(sum(s**2 for s in known)) / n if known else None
    if n == 1:
        return float(values[0]), own
    scatter = float(values.std(ddof=1)) / math.sqrt(n)
    if own is None and scatter == 0:
        return float(values.mean()), None  # the same setting many times, not a measurement
    return float(values.mean()), max(scatter, own or 0.0)


def _sum(
    rows: Sequence[Row], values: np.ndarray, sds: Sequence[float | None]
) -> tuple[float, float | None]:
    """Sum of the rows of each repeated measurement, then their mean."""
    totals: dict[tuple[Any, ...], list[int]] = {}
    for i, row in enumerate(rows):
        totals.setdefault(tuple(row.get(k) for k in REPLICATES), []).append(i)
    sums = np.array([values[i].sum() for i in totals.values()])
    spreads: list[float | None] = []
    for places in totals.values():
        mine = [sds[k] for k in places]
        known = [s for s in mine if s is not None]
        spreads.append(math.sqrt(sum(s**2 for s in known)) if known else None)
    return _mean(sums, spreads)


def resolve(
    selector: str,
    samples: Sequence[Mapping[str, str]],
    reference: str | None,
    factor: Factor = TEMPERATURE,
) -> list[tuple[Mapping[str, str], bool]]:
    """Return the samples that a selector names, each with whether the claim cannot do without it.

    Parts separated by `;`: a sample's name, `reference`, `coated`, `uncoated`, `precursor`, `all`, a setting of
    the factor (`300`, `O2`) or a range of them (`300..500`). Named samples and single settings are
    required; of a range or a role those count that were measured.
    """
    by_name = {s["sample"]: s for s in samples}
    found: dict[str, tuple[Mapping[str, str], bool]] = {}
    for part in filter(None, (p.strip() for p in selector.split(";"))):
        if part in by_name:
            hits, required = [by_name[part]], True
        elif part == "reference":
            if reference is None:
                raise NotTestableError("the study has no reference")
            hits, required = [by_name[reference]], True
        elif part in ROLES:
            hits, required = [s for s in samples if part in ("all", s["role"])], False
        elif not factor.continuous:
            required = True
            hits = [s for s in samples if s["role"] == "coated" and setting(factor, s) == part]
        else:
            try:
                low, high = parse_range(part)
            except ValueError:
                raise NotTestableError(f"the study has no sample {part}") from None
            required = low == high
            hits = [s for s in samples if s["role"] == "coated" and _between(factor, s, low, high)]
        if not hits:
            raise NotTestableError(f"the study has no sample {part}")
        for hit in hits:
            found.setdefault(hit["sample"], (hit, required))
    return list(found.values())


def _between(factor: Factor, sample: Mapping[str, str], low: float, high: float) -> bool:
    value = setting(factor, sample)
    return value is not None and low <= float(value) <= high
