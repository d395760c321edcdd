"""A ranking of synthetic tables."""

from __future__ import annotations

from coatbench.factors import read_factors
from coatbench.ranking.rank import rank

from ranking import synthetic


def run(tables=None, samples=None, config=None, reference="uncoated", **changes):
    config = (config or synthetic.config()) | changes
    return rank(
        tables if tables is not None else synthetic.tables(),
        samples or synthetic.samples(),
        config,
        factors=read_factors(synthetic.factors()),
        reference=reference,
    )
