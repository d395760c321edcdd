"""Coating studies of battery materials: readers, methods, figures and ranking.

Plain functions on arrays, DataFrames and Datasets. Nothing in this package knows Snakemake, and
importing it loads nothing heavy: each room imports what it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .results import Results

__version__ = "0.1.0"


def open(folder: str | Path = "results") -> Results:
    """Open a results folder: its tables, curves, fits, configuration and samples.

    Parameters
    ----------
    folder : path-like
        What `results` is in the configuration.

    Returns
    -------
    Results

    Raises
    ------
    ResultsError
        No results there.

    Examples
    --------
    >>> import coatbench
    >>> r = coatbench.open("results")
    >>> r.tables["xps_components"].shape[0] > 5
    True
    """
    from .results import Results

    return Results(folder)
