"""Line shapes of photoelectron lines, with derivatives.

Every shape is a function f(u) of u = (E - position) / width with unit area and, for symmetric shapes, unit full
width at half maximum. A line of area A is A f(u) / width, so areas are over all energies and the
derivatives by position and width follow from f' alone.

GL(m) is CasaXPS's product of Gaussian and Lorentzian, exp(-4 ln2 (1-m) v^2) / (1 + 4 m v^2). Its half
maximum does not lie at |v| = 1/2 for 0 < m < 1, so v = k(m) u is scaled such that the width is the true FWHM, which is
what CasaXPS stores (k(0.3) = 0.9614). SGL(m) is the sum, (1-m) G + m L at equal height and width. Voigt(m) is the
convolution with Lorentzian width : total of both widths = m : 100. LA(a,b,m) is a Lorentzian raised to the
power a on the side of high and b on the side of low binding energy, convolved with a Gaussian of FWHM
m/100 Lorentzian widths; LA(a,m) has both powers alike. Its width is the full one of the whole line, as CasaXPS
stores it; energies are those of the Lorentzian's maximum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache

import numpy as np

Values = tuple[np.ndarray, np.ndarray]
Shape = Callable[[np.ndarray], Values]

LN16 = 4 * math.log(2)
_NAME = re.compile(r"\s*(GL|SGL|Voigt|LA)\s*\(([^)]*)\)\s*")
_LA_REACH, _LA_STEP = 60.0, 0.005
_TAIL_STEP = 0.02


def shape(name: str) -> Shape:
    """Return the shape of a name such as ``GL(30)``.

    Returns
    -------
    callable
        u (any shape) -> f(u), f'(u).

    Raises
    ------
    ValueError
        Unknown name, or parameters out of range.
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise ValueError(
            f"unknown line shape {name!r}; known: GL(m), SGL(m), Voigt(m), LA(a,b,m), LA(a,m)"
        )
    try:
        values = tuple(float(v) for v in match[2].split(","))
    except ValueError:
        raise ValueError(f"line shape {name!r}: parameters must be numbers") from None
    return _shape(match[1], values)


@cache
def _shape(kind: str, values: tuple[float, ...]) -> Shape:
    if kind == "LA":
        values = (values[0], *values) if len(values) == 2 else values
        if len(values) != 3 or min(values[:2]) <= 0.5 or not 0 <= values[2] < 500:
            raise ValueError("LA(a,b,m) needs a, b above 0.5 (finite area) and m from 0 to 499")
        return _of_unit_width(_asymmetric_lorentzian(*values))
    if len(values) != 1 or not 0 <= values[0] <= 100:
        raise ValueError(f"{kind}(m) needs one mixing parameter from 0 to 100")
    return {"GL": _product, "SGL": _sum, "Voigt": _voigt}[kind](values[0] / 100)


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of a function that falls from positive to negative."""
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return 0.5 * (low + high)


def product_scale(m: float) -> float:
    """Return k such that the literal product form at v = k u has its half maximum at u = 1/2."""
    half = lambda v: math.exp(-LN16 * (1 - m) * v * v) / (1 + 4 * m * v * v) - 0.5  # noqa: E731
    return 2 * _bisect(half, 0.0, 2.0)


def _product(m: float) -> Shape:
    from scipy.special import erfcx

    k = product_scale(m)
    a, b = LN16 * (1 - m) * k * k, 4 * m * k * k
    # Integral of exp(-a u^2)/(1 + b u^2): pi/sqrt(b) exp(a/b) erfc(sqrt(a/b)); DLMF 7.7.1.
    area = math.sqrt(math.pi / a) if b == 0 else math.pi / math.sqrt(b) * erfcx(math.sqrt(a / b))

    def evaluate(u: np.ndarray) -> Values:
        square = u * u
        lorentz = 1.0 / (1.0 + b * square)
        value = np.exp(-a * square) * lorentz / area
        return value, value * u * (-2.0) * (a + b * lorentz)

    return evaluate


def _sum(m: float) -> Shape:
    area = (1 - m) * math.sqrt(math.pi / LN16) + m * math.pi / 2

    def evaluate(u: np.ndarray) -> Values:
        square = u * u
        gauss = (1 - m) / area * np.exp(-LN16 * square)
        lorentz = 1.0 / (1.0 + 4.0 * square)
        wing = m / area * lorentz
        return gauss + wing, -2.0 * u * (LN16 * gauss + 4.0 * wing * lorentz)

    return evaluate


def _voigt(m: float) -> Shape:
    from scipy.special import wofz

    if m == 1:
        return _sum(1.0)
    if m == 0:
        return _sum(0.0)
    root2 = math.sqrt(2)
    sigma0, gamma0 = (1 - m) / math.sqrt(2 * LN16), m / 2

    def height(x: float, c: float) -> float:
        return float(wofz((x + 1j * c * gamma0) / (c * sigma0 * root2)).real) / c

    # The widths scale together until the half maximum lies at 1/2.
    c = 1 / (2 * _bisect(lambda x: height(x, 1.0) / height(0.0, 1.0) - 0.5, 0.0, 2.0))
    sigma, gamma = c * sigma0, c * gamma0
    norm = 1 / (sigma * math.sqrt(2 * math.pi))

    def evaluate(u: np.ndarray) -> Values:
        z = (u + 1j * gamma) / (sigma * root2)
        w = wofz(z)
        derivative = -2 * z * w + 2j / math.sqrt(math.pi)
        return norm * w.real, norm / (sigma * root2) * derivative.real

    return evaluate


def _of_unit_width(bare: Shape) -> Shape:
    """Return a shape on a scale on which its full width at half maximum is 1."""
    grid = np.linspace(-12.0, 12.0, 48001)
    value = bare(grid)[0]
    above = np.flatnonzero(value >= value.max() / 2)
    edges = []
    for inside, outside in ((above[0], above[0] - 1), (above[-1], above[-1] + 1)):
        part = (value[inside] - value.max() / 2) / (value[inside] - value[outside])
        edges.append(grid[inside] + part * (grid[outside] - grid[inside]))
    width = float(edges[1] - edges[0])

    def evaluate(u: np.ndarray) -> Values:
        f, df = bare(u * width)
        return f * width, df * width**2

    return evaluate


def tailed(bare: Shape, decay: float) -> Shape:
    """Return a shape convolved with an exponential tail to high binding energies.

    Parameters
    ----------
    bare : callable
        Shape of unit area.
    decay : float
        Widths over which the tail falls by e.
    """
    from scipy.interpolate import CubicSpline
    from scipy.signal import lfilter

    grid = np.arange(-_LA_REACH, _LA_REACH + _TAIL_STEP / 2, _TAIL_STEP)
    keep = math.exp(-_TAIL_STEP / decay)
    # Trapezoidal convolution with exp(-u/decay)/decay, u above 0, as a recursive filter.
    value = bare(grid)[0]
    smooth = lfilter([1.0, 1.0], [1.0, -keep], value) * (1 - keep) / 2
    spline = CubicSpline(grid, smooth)
    slope = spline.derivative()

    def evaluate(u: np.ndarray) -> Values:
        inside = np.clip(u, grid[0], grid[-1])
        return spline(inside), slope(inside)

    return evaluate


def _asymmetric_lorentzian(a: float, b: float, m: float) -> Shape:
    from scipy.interpolate import CubicSpline
    from scipy.special import gammaln

    side = [math.sqrt(math.pi) / 4 * math.exp(gammaln(p - 0.5) - gammaln(p)) for p in (a, b)]
    area = sum(side)

    def bare(u: np.ndarray) -> Values:
        lorentz = 1.0 / (1.0 + 4.0 * u * u)
        power = np.where(u > 0, a, b)
        value = lorentz**power / area
        return value, -8.0 * u * power * value * lorentz

    if m == 0:
        return bare
    grid = np.arange(-_LA_REACH, _LA_REACH + _LA_STEP / 2, _LA_STEP)
    reach = 2.0 * m / 100 + 10 * _LA_STEP
    kernel_at = np.arange(-reach, reach + _LA_STEP / 2, _LA_STEP)
    kernel = np.exp(-LN16 * (kernel_at * 100 / m) ** 2)
    wide = np.arange(-_LA_REACH - 2 * reach, _LA_REACH + 2 * reach + _LA_STEP / 2, _LA_STEP)
    from scipy.signal import fftconvolve

    smooth = fftconvolve(bare(wide)[0], kernel / kernel.sum(), mode="same")
    spline = CubicSpline(wide, smooth)
    slope = spline.derivative()
    edge = grid[-1]

    def evaluate(u: np.ndarray) -> Values:
        inside = np.abs(u) < edge
        value, derivative = bare(u)  # far out the Gaussian no longer shows
        value[inside], derivative[inside] = spline(u[inside]), slope(u[inside])
        return value, derivative

    return evaluate
