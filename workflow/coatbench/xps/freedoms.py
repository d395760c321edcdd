"""What a region's model takes as true, as parameters: ties, line shape, background; and the model with them free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from . import background, lineshapes
from .lines import Lines, Spectrum, cumulate
from .model import RegionModel
from .parameters import Parameters

if TYPE_CHECKING:
    from ..config_types import XpsConfig

TAIL_DECAY = 0.5  # widths over which a tail falls by e
_MIXING_STEP = 10.0  # percent of Lorentzian, for the slope of a shape by its mixing


@dataclass(frozen=True)
class Freedom:
    """One thing that the configured model takes as true: its group, the width of its prior, and what it changes.

    Attributes
    ----------
    group : str
    width : float
        Standard deviation of the prior.
    parameter : int or None
        Index of a parameter p (3 m) that it is added to.
    shape : str or None
        ``mixing`` (percent) or ``tail`` (share of the area).
    added : (n,) array or None
        Added to the background, counts/s per unit.
    """

    group: str
    width: float
    parameter: int | None = None
    shape: str | None = None
    added: np.ndarray | None = None


def freedoms(
    model: RegionModel,
    spectrum: Spectrum,
    p: np.ndarray,
    kind: str,
    config: XpsConfig,
) -> list[Freedom]:
    """Return what a region's model takes as true.

    Parameters
    ----------
    model : RegionModel
    spectrum : Spectrum
    p : (3 m,) array
        As fitted.
    kind : str
        Background that was used.
    """
    widths = config["choices"]
    m = len(model.components)
    found = []
    for j, name in enumerate(model.names):
        entry = model.config[name]
        if isinstance(entry.get("binding_energy_eV"), str):
            found.append(Freedom("ties", widths["tie_position_eV"], parameter=m + j))
        if isinstance(entry.get("fwhm_eV"), str):
            width = widths["tie_width"] * float(p[2 * m + j])
            found.append(Freedom("ties", width, parameter=2 * m + j))
    found.append(Freedom("lorentzian", widths["lorentzian_percent"], shape="mixing"))
    found.append(Freedom("tail", widths["tail_share"], shape="tail"))
    return found + _backgrounds(spectrum, kind, config)


def _backgrounds(spectrum: Spectrum, kind: str, config: XpsConfig) -> list[Freedom]:
    x, y, widths = spectrum.x, spectrum.y, config["choices"]
    n_end = background.end_points(x, config["end_width_eV"], config.get("end_points"))
    own = "shirley" if spectrum.active else kind
    found = []
    try:
        base = background.static(own, x, y, n_end).values
    except background.NotConverged:
        return []
    # As far as two choices agree with each other, neither of them is a freedom.
    for other, ends, width in (
        ("tougaard" if own != "tougaard" else "shirley", n_end, widths["background_share"]),
        ("linear", n_end, widths["linear_share"]),
        (own, 2 * n_end, widths["background_share"]),
    ):
        if other == own and ends == n_end:
            continue
        try:
            added = background.static(other, x, y, ends).values - base
        except background.NotConverged:
            continue
        if np.abs(added).max() > 0:
            found.append(Freedom("background", width, added=added))
    return found


@cache
def _variants(name: str) -> tuple[lineshapes.Shape, lineshapes.Shape, lineshapes.Shape, float]:
    """Return a shape with more and with less Lorentzian, with a tail, and the step in percent between the first two."""
    kind, _, rest = name.partition("(")
    *head, last = rest.rstrip(") ").split(",")
    most = 499.0 if kind.strip() == "LA" else 100.0
    m = float(last)
    more, less = min(m + _MIXING_STEP, most), max(m - _MIXING_STEP, 0.0)
    named = [lineshapes.shape(f"{kind}({','.join([*head, f'{v:g}'])})") for v in (more, less)]
    return named[0], named[1], lineshapes.tailed(lineshapes.shape(name), TAIL_DECAY), more - less


class Extended:
    """Envelope and Jacobian of one spectrum with its freedoms: theta = (q, eta)."""

    def __init__(
        self,
        model: RegionModel,
        spectrum: Spectrum,
        mapping: Parameters,
        free: Sequence[Freedom],
        active: int,
    ) -> None:
        self.model, self.spectrum, self.mapping, self.free = model, spectrum, mapping, free
        self.lines = Lines(model.components)
        self.k, self.active = mapping.L.shape[1], active
        self.y = spectrum.y - spectrum.background

    def __call__(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the envelope without static background (n,) and its derivative by theta."""
        x, m, k = self.spectrum.x, self.lines.n, self.k
        q, eta = theta[:k], theta[k + self.active :]
        p = self.mapping.values(q)
        given: dict[str, float] = {"mixing": 0.0, "tail": 0.0}
        for f, value in zip(self.free, eta, strict=True):
            if f.parameter is not None:
                p[f.parameter] += value
            elif f.shape is not None:
                given[f.shape] += value
        area, position, fwhm = p[:m], p[m : 2 * m], p[2 * m :]
        phi, by_position, by_fwhm, by_shape = self._lines(position, fwhm, given)
        columns = np.concatenate([phi, by_position * area, by_fwhm * area], axis=1)
        value = phi @ area
        own = [columns @ self.mapping.slope(q)]
        extra = []
        for f in self.free:
            if f.parameter is not None:
                extra.append(columns[:, f.parameter])
            elif f.shape is not None:
                extra.append(by_shape[f.shape] @ area)
            else:
                extra.append(np.zeros(len(x)))  # set below: it has no tail of its own
        tail = np.stack(extra, axis=1) if extra else np.zeros((len(x), 0))
        if self.active:
            constant, step = theta[k], theta[k + 1]
            rise = cumulate(x, value)
            own = [own[0] + step * cumulate(x, own[0]), np.ones((len(x), 1)), rise[:, None]]
            tail = tail + step * cumulate(x, tail)
            value = value + constant + step * rise
        for i, f in enumerate(self.free):
            if f.added is not None:
                tail[:, i] = f.added
                value = value + eta[i] * f.added
        return value, np.concatenate([*own, tail], axis=1)

    def _lines(
        self, position: np.ndarray, fwhm: np.ndarray, given: Mapping[str, float]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Return unit-area components (n, m), their derivatives by position, by width, and by each change of shape."""
        lines = self.lines
        width = fwhm[lines.owner]
        u = (self.spectrum.x[:, None] - (position[lines.owner] + lines.offsets)) / width
        f, df, mixing, tail = (np.empty_like(u) for _ in range(4))
        names = {c.shape: None for c in self.model.components}
        for (shape, columns), name in zip(lines.groups, names, strict=True):
            own = u[:, columns]
            more, less, with_tail, step = _variants(name)
            plain, (high, d_high), (low, d_low), (tails, d_tails) = (
                shape(own),
                more(own),
                less(own),
                with_tail(own),
            )
            by_mixing, d_mixing = (high - low) / step, (d_high - d_low) / step
            by_tail, d_tail = tails - plain[0], d_tails - plain[1]
            f[:, columns] = plain[0] + given["mixing"] * by_mixing + given["tail"] * by_tail
            df[:, columns] = plain[1] + given["mixing"] * d_mixing + given["tail"] * d_tail
            mixing[:, columns], tail[:, columns] = by_mixing, by_tail
        scale = lines.shares / width
        add = lines.sum
        return (
            (f * scale) @ add,
            (df * (-scale / width)) @ add,
            ((f + u * df) * (-scale / width)) @ add,
            {"mixing": (mixing * scale) @ add, "tail": (tail * scale) @ add},
        )
