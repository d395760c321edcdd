"""What the samples are judged by: criteria, their groups, and the values each sample has.

A criterion is one number per sample in one result table. Criteria that measure the same property form a
group, and a group counts once: three measures of resistance must not weigh three times.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..conditions import Condition, Row, from_mapping, pick
from ..errors import StudyError
from ..quality import OK, Quality, counted, quality_of, worst
from ..statistics import NORMAL_95

if TYPE_CHECKING:
    from ..config_types import AnnotationConfig, CriterionConfig


@dataclass(frozen=True)
class Criterion:
    """One column of the ranking and where it comes from.

    Attributes
    ----------
    uncertainty : tuple of str
        One column (a standard uncertainty), two (95 % interval, low and high), or none.
    count : str or None
        Column with the number of independent replicates behind the value (cells, powders).
    freedom : str or None
        Column with the degrees of freedom of their scatter (pooled over samples); default count - 1.
    replicate_sd : float
        Prior for the scatter between independent replicates of one sample, in `unit`.
    smallest_difference : float
        Difference between samples that matters at all, in `unit`: the ruler on which properties are compared.
    coating_only : bool
        Measures the coating itself and says nothing about a sample without one.
    relative : bool
        A ratio to the reference: the uncertainty of the reference is in all of its values alike.
    bounds : tuple of float or None
        Lowest and highest value that is possible.
    """

    name: str
    label: str
    unit: str
    group: str
    table: str
    column: str
    where: tuple[Condition, ...]
    sign: int
    uncertainty: tuple[str, ...]
    count: str | None
    freedom: str | None
    replicate_sd: float
    smallest_difference: float
    coating_only: bool = False
    relative: bool = False
    bounds: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class Values:
    """Values of some criteria for some samples; what is missing is NaN and stays NaN.

    Attributes
    ----------
    value, sd : array, shape (samples, criteria)
    shared : array, shape (samples, criteria)
        Part of `sd` that moves all samples together: the uncertainty of the reference of a ratio.
    judged : mapping of (sample, criterion) to Quality
        Values that are doubtful, and those that are missing because they are unusable; all others are ok.
    """

    samples: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    value: np.ndarray
    sd: np.ndarray
    shared: np.ndarray
    judged: Mapping[tuple[str, str], Quality] = field(default_factory=dict)

    def quality(self, sample: str) -> Quality:
        """Return the judgement of a sample: the worst of its values, with what was left out of it."""
        mine = [
            (c.label, found)
            for c in self.criteria
            if (found := self.judged.get((sample, c.name))) is not None
        ]
        counted = [q for _, q in mine if q.usable]
        notes = [f"{label}: {note}" for label, q in mine if q.usable for note in q.notes]
        left = [f"left out: {label}: {q.note}" for label, q in mine if not q.usable]
        return Quality(worst(counted).level, (*notes, *left))

    def take(
        self, samples: Sequence[str] | None = None, criteria: Sequence[str] | None = None
    ) -> Values:
        """Return the part with these samples and criteria, in this object's own order."""
        i = [k for k, s in enumerate(self.samples) if samples is None or s in samples]
        j = [k for k, c in enumerate(self.criteria) if criteria is None or c.name in criteria]
        return Values(
            tuple(self.samples[k] for k in i),
            tuple(self.criteria[k] for k in j),
            self.value[np.ix_(i, j)],
            self.sd[np.ix_(i, j)],
            self.shared[np.ix_(i, j)],
            self.judged,
        )

    def in_order(self, order: np.ndarray) -> Values:
        """Return the same samples in another order."""
        return Values(
            tuple(self.samples[k] for k in order),
            self.criteria,
            self.value[order],
            self.sd[order],
            self.shared[order],
            self.judged,
        )

    @property
    def own_sd(self) -> np.ndarray:
        """Uncertainty that a sample does not share with others, shape (samples, criteria)."""
        return np.sqrt(np.maximum(np.nan_to_num(self.sd) ** 2 - np.nan_to_num(self.shared) ** 2, 0))

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups in the order of their first criterion."""
        return tuple(dict.fromkeys(c.group for c in self.criteria))


def read_criteria(
    section: Mapping[str, CriterionConfig | AnnotationConfig],
) -> tuple[Criterion, ...]:
    """Read the criteria (or annotations) of the config section `ranking`, in their order."""
    found = []
    for name, entry in section.items():
        if not entry.get("use", True):
            continue
        uncertainty = entry.get("uncertainty") or ()
        low, high = entry.get("bounds") or (None, None)
        found.append(
            Criterion(
                name=name,
                label=entry.get("label", name),
                unit=str(entry.get("unit", "1")),
                group=entry.get("group", name),
                table=entry["table"],
                column=entry["column"],
                where=from_mapping(entry.get("where") or {}),
                sign=1 if entry.get("direction", "higher") == "higher" else -1,
                uncertainty=(uncertainty,) if isinstance(uncertainty, str) else tuple(uncertainty),
                count=entry.get("count"),
                freedom=entry.get("freedom"),
                replicate_sd=float(entry.get("replicate_sd", 0.0)),
                smallest_difference=float(entry.get("smallest_difference", 0.0)),
                coating_only=bool(entry.get("coating_only", False)),
                relative=bool(entry.get("relative", False)),
                bounds=(low, high),
            )
        )
    return tuple(found)


def collect_values(
    tables: Mapping[str, Sequence[Row]],
    samples: Sequence[Mapping[str, str]],
    criteria: Sequence[Criterion],
    *,
    prior_cells: float,
    prior_scale: float = 1.0,
    average: bool = False,
    reference: str | None = None,
    settings: Mapping[str, tuple] | None = None,
) -> Values:
    """Look up every criterion of every sample.

    Parameters
    ----------
    tables : dict of table name to rows; an absent table leaves its criteria empty
    samples : rows of samples.csv
    prior_cells : float
        Weight of the prior scatter, in degrees of freedom (see `standard_uncertainty`).
    prior_scale : float
        Factor on every `replicate_sd`, for the sensitivity to this assumption.
    average : bool
        Take the mean of several rows (fields of one sample); only for values that decide nothing.
    reference : str, optional
        Sample that ratios refer to.
    settings : mapping of sample to its settings of all factors, optional
        Samples with equal settings are replicates: their scatter is measured and not only assumed.

    Raises
    ------
    StudyError
        A criterion fits several rows of one sample, so the config does not say which is meant.
    """
    value = np.full((len(samples), len(criteria)), np.nan)
    sd = np.full_like(value, np.nan)
    problems = []
    judged: dict[tuple[str, str], Quality] = {}
    shared = np.zeros_like(value)
    names = [s["sample"] for s in samples]
    for j, criterion in enumerate(criteria):
        chosen: dict[int, Row] = {}
        rows = pick(tables.get(criterion.table, ()), criterion.where)
        by_sample: dict[str, list[Row]] = {}
        empty: dict[str, list[Row]] = {}
        for row in rows:
            if row.get(criterion.column) is not None:
                by_sample.setdefault(str(row.get("sample")), []).append(row)
            elif not quality_of(row).usable:  # some tables leave the cell of such a value empty
                empty.setdefault(str(row.get("sample")), []).append(row)
        for i, sample in enumerate(samples):
            given = by_sample.get(sample["sample"], [])
            hits, found = counted(given or empty.get(sample["sample"], []))
            if len(given) > 1 and not average:
                hits = given  # which one is meant must be said, whether it is usable or not
            if found.level != OK or found.notes:
                judged[sample["sample"], criterion.name] = found
            if len(hits) > 1 and average:
                value[i, j] = np.mean([float(h[criterion.column]) for h in hits])
            elif len(hits) > 1:
                problems.append(
                    f"config: ranking: {criterion.name}: expected one row of {criterion.table} "
                    f"per sample, found {len(hits)} for {sample['sample']} "
                    f"({'; '.join(map(str, criterion.where)) or 'no condition'}); add to its where"
                )
                break
            elif hits:
                value[i, j] = float(hits[0][criterion.column])
                chosen[i] = hits[0]
        scatter = replicate_scatter(names, value[:, j], settings or {}, criterion, prior_cells)
        for i, row in chosen.items():
            sd[i, j] = standard_uncertainty(row, criterion, prior_cells, prior_scale * scatter)
            if criterion.relative and reference in names:
                at = chosen.get(names.index(reference))
                common = abs(value[i, j]) * ((_measured_sd(at, criterion) or 0.0) if at else 0.0)
                shared[i, j] = min(common, sd[i, j])
    if problems:
        raise StudyError(problems)
    return Values(
        tuple(s["sample"] for s in samples),
        tuple(criteria),
        value,
        sd,
        shared,
        judged,
    )


def replicate_scatter(
    samples: Sequence[str],
    value: np.ndarray,
    settings: Mapping[str, tuple],
    criterion: Criterion,
    prior_cells: float,
) -> float:
    """Return by how much samples made alike scatter more, or less, than `replicate_sd` assumes.

    Pooled with the assumption as in `standard_uncertainty`; 1 where no setting was made twice.
    """
    groups: dict[tuple, list[float]] = {}
    for sample, v in zip(samples, value, strict=True):
        if sample in settings and not math.isnan(v):
            groups.setdefault(settings[sample], []).append(float(v))
    freedom = sum(len(g) - 1 for g in groups.values())
    if not freedom or not criterion.replicate_sd:
        return 1.0
    squares = sum(float(((np.array(g) - np.mean(g)) ** 2).sum()) for g in groups.values())
    prior = criterion.replicate_sd**2
    return math.sqrt((squares + prior_cells * prior) / (freedom + prior_cells) / prior)


def standard_uncertainty(
    row: Row, criterion: Criterion, prior_cells: float, prior_scale: float = 1.0
) -> float:
    """Return the standard uncertainty of a value as a statement about its sample.

    A table's uncertainty of `n` independent replicates is the standard error of their mean. The scatter of
    two or three cells says little, so the variance is pooled with the stated prior (scaled inverse
    chi-square prior with `prior_cells` degrees of freedom; Gelman et al., Bayesian Data Analysis, 3rd ed.,
    section 2.6). Where the table knows no scatter the prior stands in, or the measurement's own
    uncertainty if that is larger. Without a column of replicates the table's uncertainty covers one
    preparation only (one XPS fit, the regions of one cell), and the prior is added in quadrature.
    """
    known = _measured_sd(row, criterion)
    measured = known or 0.0
    prior = criterion.replicate_sd * prior_scale
    if criterion.count is None:
        return math.hypot(measured, prior)
    n = max(1.0, float(row.get(criterion.count) or 1.0))
    freedom = float(row.get(criterion.freedom) or 0.0) if criterion.freedom else n - 1.0
    scatter = measured * math.sqrt(n)  # standard deviation of one replicate
    if freedom <= 0 or known is None:  # an empty cell is no scatter of 0
        return max(prior, scatter) / math.sqrt(n)
    pooled = (freedom * scatter**2 + prior_cells * prior**2) / (freedom + prior_cells)
    return math.sqrt(pooled / n)


def _measured_sd(row: Row, criterion: Criterion) -> float | None:
    found: list[Any] = [row.get(column) for column in criterion.uncertainty]
    if not found or any(v is None for v in found):
        return None
    if len(found) == 1:
        return abs(float(found[0]))
    return abs(float(found[1]) - float(found[0])) / (2 * NORMAL_95)
