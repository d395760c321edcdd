"""Readers of the instruments' raw exports: one module per format, one entry, `recognise.read`."""

from .recognise import read, recognise

__all__ = ["read", "recognise"]
