"""Coating studies of battery materials: readers, methods, figures and ranking.

Plain functions on arrays, DataFrames and Datasets. Nothing in this package knows Snakemake, and
importing it loads nothing heavy: each room imports what it needs.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"


def open(folder: str | Path = "results") -> Any:
    """Open a results folder: its tables, curves, fits, configuration and samples.

    Parameters
    ----------
    folder : path-like
        What `results` is in the configuration.

    Returns
    -------
    coatbench.results.Results

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
    # By name: what reads results is no part of the code that every job is made with (code_digest.py).
    return import_module(".results", __package__).Results(folder)
