"""Changing by eye what a study's settings say: fits, windows, thresholds. Only study.yaml is ever written."""
