"""Coating studies of battery materials: readers, methods, figures and ranking.

Plain functions on arrays, DataFrames and Datasets. Nothing in this package knows Snakemake, and
importing it loads nothing heavy: each room imports what it needs.
"""

__version__ = "0.1.0"
