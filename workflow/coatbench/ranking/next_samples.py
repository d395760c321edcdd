"""The rows to add to samples.csv for what should be measured next, from a finished run."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ..errors import StudyError
from ..factors import Factor
from ..tables import read_table


def next_samples(results: str | Path, study: str | Path) -> str:
    """Return the advised batch as lines of samples.csv, header first.

    Parameters
    ----------
    results : path-like
        Results folder of a run; its table `ranking_next` is read.
    study : path-like
        The study folder; columns, taken ids and what all coated samples share are those of its samples.csv.

    Raises
    ------
    StudyError
        There is no advice: the table is not there or empty.

    Examples
    --------
    >>> print(next_samples("results", "data/demo"))  # doctest: +SKIP
    sample,role,label,annealing_temperature_degC,annealing_time_h,atmosphere
    next1,coated,375,375,1,synthetic air
    """
    from .advice import sample_rows

    path = Path(results) / "tables" / "ranking_next.csv"
    if not path.is_file():
        raise StudyError([f"{path}: expected the advice of a finished run, found no such file"])
    advice = read_table(path)
    if not advice:
        raise StudyError(
            [f"{path}: expected settings to measure, found none; ranking_statement.txt says why"]
        )
    with (Path(study) / "samples.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = [line for line in stream if line.strip() and not line.lstrip().startswith("#")]
    samples = list(csv.DictReader(lines))
    columns = list(advice[0])
    names = columns[columns.index("order") + 1 : columns.index("purpose")]  # the factors
    varied = [n for n in names if any(r[n] is not None for r in advice)]
    found = path.with_name("ranking_optimum.csv")
    units = {r["factor"]: r["unit"] or "" for r in read_table(found)} if found.is_file() else {}
    rows = sample_rows(advice, [Factor(n, n, units.get(n, "")) for n in varied], samples)
    columns = list(dict.fromkeys([*samples[0], *varied]))
    stream_out = io.StringIO()
    writer = csv.DictWriter(stream_out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream_out.getvalue()
