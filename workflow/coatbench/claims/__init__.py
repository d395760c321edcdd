"""Statements of a paper or a plan, held against the result tables of a study."""
