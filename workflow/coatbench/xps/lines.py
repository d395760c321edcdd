"""The components of a model as arrays, and one spectrum that they are fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import lineshapes
from .model import Component


class Lines:
    """The components of a model as arrays: one column per line, added up per component."""

    def __init__(self, components: Sequence[Component]) -> None:
        self.n = len(components)
        owner, offsets, shares, shapes = [], [], [], []
        for j, component in enumerate(components):
            for offset, share in zip(component.offsets_eV, component.shares, strict=True):
                owner.append(j)
                offsets.append(offset)
                shares.append(share)
                shapes.append(component.shape)
        self.owner = np.array(owner)
        self.offsets, self.shares = np.array(offsets), np.array(shares)
        self.sum = (self.owner[:, None] == np.arange(self.n)).astype(float)
        self.groups = [
            (lineshapes.shape(name), np.array([i for i, s in enumerate(shapes) if s == name]))
            for name in dict.fromkeys(shapes)
        ]
        self.one_shape = self.groups[0][0] if len(self.groups) == 1 else None

    def evaluate(
        self, x: np.ndarray, position: np.ndarray, fwhm: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return unit-area components (n, m) and their derivatives by position and by width."""
        width = fwhm[self.owner]
        u = (x[:, None] - (position[self.owner] + self.offsets)) / width
        if self.one_shape is not None:
            f, df = self.one_shape(u)
        else:
            f, df = np.empty_like(u), np.empty_like(u)
            for shape, columns in self.groups:
                f[:, columns], df[:, columns] = shape(u[:, columns])
        scale = self.shares / width
        value, by_position = f * scale, df * (-scale / width)
        by_fwhm = (f + u * df) * (-scale / width)
        if self.n == len(self.owner):
            return value, by_position, by_fwhm
        return value @ self.sum, by_position @ self.sum, by_fwhm @ self.sum

    def value(self, x: np.ndarray, position: np.ndarray, fwhm: np.ndarray) -> np.ndarray:
        """Return unit-area components (n, m)."""
        width = fwhm[self.owner]
        u = (x[:, None] - (position[self.owner] + self.offsets)) / width
        f = np.empty_like(u)
        for shape, columns in self.groups:
            f[:, columns] = shape(u[:, columns])[0]
        return np.asarray((f * (self.shares / width)) @ self.sum)


@dataclass
class Spectrum:
    """One spectrum of a fit.

    Attributes
    ----------
    x, y : (n,) arrays
        Binding energy in eV (ascending) and counts/s.
    background : (n,) array
        Static background; zeros with an active one.
    time_s : float
        Counting time per channel, for the weights; NaN: unknown, all channels weigh alike.
    active : bool
        Fit a Shirley background (constant and step) together with the components.
    """

    x: np.ndarray
    y: np.ndarray
    background: np.ndarray
    time_s: float
    active: bool = False


def cumulate(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cumulative trapezoidal integral along the first axis, from the low end."""
    step = np.diff(x).reshape(-1, *[1] * (y.ndim - 1))
    out = np.zeros_like(y)
    np.cumsum(0.5 * step * (y[1:] + y[:-1]), axis=0, out=out[1:])
    return out
