"""The planted truth of a simulated study, and what it is between two annealing temperatures."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import StudyError, quote

COLUMNS = ("sample", "quantity", "value", "unit", "source")


def load_truth(path: str | Path) -> dict[str, dict[str, float]]:
    """Read truth.csv: {sample: {quantity: value}}.

    Raises
    ------
    StudyError
        A column is missing, a value is no number or stands twice; one line for each.
    """
    truth: dict[str, dict[str, float]] = {}
    problems = []
    try:
        with Path(path).open(encoding="utf-8", newline="") as stream:
            lines = [line for line in stream if line.strip() and not line.startswith("#")]
    except OSError as error:
        raise StudyError([f"{path}: expected the planted truth, found {error.strerror}"]) from error
    reader = csv.DictReader(lines)
    if missing := [c for c in COLUMNS if c not in (reader.fieldnames or ())]:
        raise StudyError([f"{path}: row 1: expected the columns {', '.join(missing)}, found none"])
    for row in reader:
        values = truth.setdefault(row["sample"], {})
        try:
            value = float(row["value"])
        except (TypeError, ValueError):
            problems.append(
                f"{path}: {row['sample']} {row['quantity']}: expected a number, found {quote(str(row['value']))}"
            )
            continue
        if row["quantity"] in values:
            problems.append(
                f"{path}: {row['sample']} {row['quantity']}: found twice, expected once"
            )
        values[row["quantity"]] = value
    if problems:
        raise StudyError(problems)
    return truth


def truth_of(
    sample: str, samples: Sequence[Mapping[str, str]], truth: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Return the truth of a sample: its own rows, else interpolated between its neighbours.

    A sample that truth.csv does not name takes, for every quantity that its two neighbours in annealing
    temperature both have, the linear interpolation between them. Beyond the last one the nearest is taken.

    Raises
    ------
    StudyError
        Neither named nor annealed, or nothing to interpolate between.
    """
    if sample in truth:
        return dict(truth[sample])
    temperatures = {
        s["sample"]: float(s["annealing_temperature_degC"])
        for s in samples
        if s["role"] == "coated" and s.get("annealing_temperature_degC")
    }
    known = sorted((t, name) for name, t in temperatures.items() if name in truth)
    if sample not in temperatures or not known:
        raise StudyError(
            [
                f"truth.csv: expected rows of sample {quote(sample)}, found none, and it has no annealing "
                "temperature between two that are known"
            ]
        )
    at = temperatures[sample]
    below = max((k for k in known if k[0] <= at), default=known[0])
    above = min((k for k in known if k[0] >= at), default=known[-1])
    low, high = truth[below[1]], truth[above[1]]
    span = above[0] - below[0]
    share = (at - below[0]) / span if span else 0.0
    return {q: low[q] + share * (high[q] - low[q]) for q in low if q in high}
