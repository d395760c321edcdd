"""From the words of the configuration to the parameters of a fit.

A region's model is a list of components. Each has an area, a position and a width; each of these is free
within limits, fixed, or tied to other components by an expression such as ``lattice + 2.7`` or
``1.2 * sulfide``. Expressions are sums of components times numbers, so all ties are one affine map from the
free parameters q to all parameters, p = p0 + L q, and derivatives stay exact.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import lineshapes

QUANTITIES = ("area", "position", "fwhm")


@dataclass(frozen=True)
class Component:
    """One component: its lines (offset in eV and share of the area), shape, and how its area counts.

    Attributes
    ----------
    name : str
    offsets_eV, shares : tuple of float
    shape : str
    part_of : str
        Component that its area is added to in the tables.
    line : str
        Photoelectron line that it belongs to (``K 2p``); default the region's.
    rsf : float or None
        Own sensitivity factor, on the scale of the headline library.
    quantify : bool
        Whether its area counts in atomic percent and coverage.
    """

    name: str
    offsets_eV: tuple[float, ...]
    shares: tuple[float, ...]
    shape: str
    part_of: str
    line: str = ""
    rsf: float | None = None
    quantify: bool = True


@dataclass(frozen=True)
class Parameters:
    """Affine map p = p0 + L q of the free parameters, with start values and limits.

    Attributes
    ----------
    p0 : (3 m,) array; order: all areas, all positions in eV, all widths in eV
    L : (3 m, k) array
    start, low, high : (k,) arrays
    names : list of str
        ``position of sulfide``, ...
    """

    p0: np.ndarray
    L: np.ndarray
    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    names: list[str]


@dataclass(frozen=True)
class RegionModel:
    """A region of the configuration, ready for fitting.

    Attributes
    ----------
    name : str
    window_eV : (low, high)
        Binding energies after charge correction.
    background : str
    components : list of Component
    config : mapping
        Component name to its section.
    """

    name: str
    window_eV: tuple[float, float]
    background: str
    components: list[Component]
    config: Mapping[str, Mapping[str, Any]] = field(repr=False)

    @property
    def names(self) -> list[str]:
        """Names of the components."""
        return [c.name for c in self.components]

    @property
    def rows(self) -> list[str]:
        """Names of the components that stand in the tables (parts are summed into their whole)."""
        return [c.name for c in self.wholes]

    @property
    def wholes(self) -> list[Component]:
        """The components of `rows`."""
        return [c for c in self.components if c.part_of == c.name]

    def parameters(self, shift_eV: float, held: frozenset[str] = frozenset()) -> Parameters:
        """Return the parameters for a spectrum whose charge shift is near `shift_eV`.

        `held` components keep the configured position (relative to the shift) and width: they are too
        weak to have their own.
        """
        return _parameters(self, shift_eV, held)


def build(name: str, section: Mapping[str, Any], defaults: Mapping[str, Any]) -> RegionModel:
    """Return the model of one region of the configuration.

    Raises
    ------
    ValueError
        An expression, shape or name that makes no sense; the message names region and component.
    """
    components = []
    for key, entry in section["components"].items():
        where = f"xps.regions.{name}.components.{key}"
        doublet = entry.get("doublet", section.get("doublet"))
        offsets: tuple[float, ...] = (0.0,)
        shares: tuple[float, ...] = (1.0,)
        if doublet:
            ratio = float(doublet["ratio"])
            offsets = (0.0, float(doublet["splitting_eV"]))
            shares = (1 / (1 + ratio), ratio / (1 + ratio))
        text = str(entry.get("line_shape", section.get("line_shape", defaults["line_shape"])))
        try:
            lineshapes.shape(text)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        whole = entry.get("part_of", key)
        if whole not in section["components"]:
            raise ValueError(f"{where}: part_of names no component: {whole!r}")
        own = entry.get("rsf")
        components.append(
            Component(
                key,
                offsets,
                shares,
                text,
                whole,
                str(entry.get("line", name)),
                None if own is None else float(own),
                bool(entry.get("quantify", True)),
            )
        )
    low, high = section["window_eV"]
    model = RegionModel(
        name,
        (float(low), float(high)),
        str(section.get("background", defaults["background"])),
        components,
        section["components"],
    )
    model.parameters(0.0)
    return model


def expression(text: str, names: list[str], where: str) -> tuple[float, dict[str, float]]:
    """Return constant and factors of an expression that is a sum of numbers and components times numbers.

    Raises
    ------
    ValueError
        Not such a sum, or an unknown component.
    """
    code = text
    # Names such as C-O are not Python's; the longest is replaced first.
    for index, name in sorted(enumerate(names), key=lambda item: -len(item[1])):
        code = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w])", f"_c{index}_", code)
    try:
        constant, factors = _affine(ast.parse(code, mode="eval").body)
        return constant, {names[int(k[2:-1])]: v for k, v in factors.items()}
    except (SyntaxError, ValueError, IndexError, ZeroDivisionError):
        raise ValueError(
            f"{where}: {text!r} is not a sum of numbers and components times numbers;"
            f" components: {', '.join(names)}"
        ) from None


def _affine(node: ast.expr) -> tuple[float, dict[str, float]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value), {}
    if isinstance(node, ast.Name):
        return 0.0, {node.id: 1.0}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign = -1.0 if isinstance(node.op, ast.USub) else 1.0
        c, f = _affine(node.operand)
        return sign * c, {k: sign * v for k, v in f.items()}
    if not isinstance(node, ast.BinOp):
        raise ValueError
    (c1, f1), (c2, f2) = _affine(node.left), _affine(node.right)
    if isinstance(node.op, ast.Add | ast.Sub):
        sign = 1.0 if isinstance(node.op, ast.Add) else -1.0
        keys = dict.fromkeys([*f1, *f2])
        return c1 + sign * c2, {k: f1.get(k, 0.0) + sign * f2.get(k, 0.0) for k in keys}
    if isinstance(node.op, ast.Mult) and not (f1 and f2):
        (c, f), factor = ((c1, f1), c2) if not f2 else ((c2, f2), c1)
        return c * factor, {k: v * factor for k, v in f.items()}
    if isinstance(node.op, ast.Div) and not f2:
        return c1 / c2, {k: v / c2 for k, v in f1.items()}
    raise ValueError


def _parameters(model: RegionModel, shift_eV: float, held: frozenset[str]) -> Parameters:
    names = model.names
    m = len(names)
    p0 = np.zeros(3 * m)
    tied: dict[int, dict[int, float]] = {}
    free: list[tuple[int, float, float, float, str]] = []
    idle = {q: held - _depended_on(model, q, held) for q in QUANTITIES}
    for j, name in enumerate(names):
        entry = model.config[name]
        for block, quantity in enumerate(QUANTITIES):
            index = block * m + j
            where = f"xps.regions.{model.name}.components.{name}"
            kind, value, low, high = _setting(entry, quantity, shift_eV, where)
            if kind == "tied":
                constant, factors = expression(value, names, where)
                p0[index] = constant
                tied[index] = {block * m + names.index(k): v for k, v in factors.items()}
            elif kind == "fixed" or (quantity != "area" and name in idle[quantity]):
                p0[index] = value
            else:
                free.append((index, value, low, high, f"{quantity} of {name}"))
    basis = np.zeros((3 * m, len(free)))
    for column, (index, *_rest) in enumerate(free):
        basis[index, column] = 1.0
    _resolve(tied, p0, basis, model.name, names)
    return Parameters(
        p0,
        basis,
        np.array([f[1] for f in free]),
        np.array([f[2] for f in free]),
        np.array([f[3] for f in free]),
        [f[4] for f in free],
    )


_KEYS = {"area": "area", "position": "binding_energy_eV", "fwhm": "fwhm_eV"}


def _depended_on(model: RegionModel, quantity: str, held: frozenset[str]) -> frozenset[str]:
    """Return components whose quantity a component that is not held is tied to: they stay free."""
    found: set[str] = set()
    for name in model.names:
        text = model.config[name].get(_KEYS[quantity])
        if isinstance(text, str) and name not in held:
            found |= set(expression(text, model.names, name)[1])
    return frozenset(found)


def _setting(
    entry: Mapping[str, Any], quantity: str, shift_eV: float, where: str
) -> tuple[str, Any, float, float]:
    """Return kind (free, fixed, tied), value or expression, and limits."""
    value = entry.get(_KEYS[quantity])
    if quantity == "area" and value is None:
        return "free", 1.0, 0.0, np.inf
    if value is None:
        raise ValueError(f"{where}: {_KEYS[quantity]} is missing")
    if isinstance(value, str):
        return "tied", value, 0, 0
    if quantity == "position":
        centre, within = float(value) + shift_eV, float(entry.get("within_eV", 0.0))
        low, high = centre - within, centre + within
    else:
        centre = float(value)
        low, high = (float(v) for v in entry.get("fwhm_limits_eV", (centre, centre)))
        if not 0 < low <= centre <= high:
            raise ValueError(
                f"{where}: fwhm_eV {centre:g} is not within its limits {low:g} to {high:g}"
            )
    return ("free" if high > low else "fixed"), centre, low, high


def _resolve(
    tied: dict[int, dict[int, float]],
    p0: np.ndarray,
    basis: np.ndarray,
    region: str,
    names: list[str],
) -> None:
    """Fill in the rows of tied parameters; ties may refer to tied parameters, but not in a circle."""
    open_ties = dict(tied)
    while open_ties:
        ready = [i for i, factors in open_ties.items() if not (set(factors) & set(open_ties))]
        if not ready:
            circle = ", ".join(sorted({names[i % len(names)] for i in open_ties}))
            raise ValueError(f"xps.regions.{region}: components are tied in a circle: {circle}")
        for i in ready:
            for k, factor in open_ties.pop(i).items():
                p0[i] += factor * p0[k]
                basis[i] += factor * basis[k]
