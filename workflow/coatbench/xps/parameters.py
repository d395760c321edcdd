"""Parameters of a fit: lmfit's, from the words of the configuration.

Every component has three, named by quantity and component: ``area_sulfide``, ``position_sulfide``, ``fwhm_sulfide``
(what cannot stand in a name is an underscore: ``area_C_O``). A number is a start value, fixed or within its limits;
a text is an expression with everything that lmfit allows, in which the name of a component is the same quantity of it:
``binding_energy_eV: lattice + 2.7``, ``fwhm_eV: sulfide``, ``area: 0.5 * sulfide``, ``fwhm_eV: 1.2 * fwhm_sulfate``.

Where all expressions are sums of parameters times numbers, as nearly always, they are one affine map from the
free parameters q to all parameters, p = p0 + L q. It is read off lmfit, so that a fit in plain numpy has the
same parameters; others are evaluated by lmfit, and L is their slope at q.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import lmfit

    from ..config_types import ComponentConfig

    Key = Literal["area", "binding_energy_eV", "fwhm_eV"]
    Section = Mapping[str, ComponentConfig]

QUANTITIES = ("area", "position", "fwhm")
KEYS: dict[str, Key] = {"area": "area", "position": "binding_energy_eV", "fwhm": "fwhm_eV"}
_SLOPE_STEP = 1e-6


@dataclass(frozen=True)
class Parameters:
    """Free parameters q of one spectrum, and how all parameters follow from them.

    Attributes
    ----------
    p0 : (3 m,) array; order: all areas, all positions in eV, all widths in eV
    L : (3 m, k) array
        p = p0 + L q; where the expressions are not affine: the slope at the start.
    start, low, high : (k,) arrays
    names : list of str
        ``position of sulfide``, ...
    lmfit_names : list of str
        ``position_sulfide``, ... of the free parameters.
    curved : lmfit.Parameters or None
        Evaluates p where the expressions are not affine.
    """

    p0: np.ndarray
    L: np.ndarray
    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    names: list[str]
    lmfit_names: list[str] = field(default_factory=list)
    curved: lmfit.Parameters | None = None

    def values(self, q: np.ndarray) -> np.ndarray:
        """Return all parameters (3 m,)."""
        if self.curved is None:
            return np.asarray(self.p0 + self.L @ q)
        return _evaluate(self.curved, self.lmfit_names, q)

    def slope(self, q: np.ndarray) -> np.ndarray:
        """Return dp/dq (3 m, k)."""
        if self.curved is None:
            return self.L
        steps = _SLOPE_STEP * np.maximum(np.abs(q), 1.0)
        columns = [
            (self.values(q + s * e) - self.values(q - s * e)) / (2 * s)
            for s, e in zip(steps, np.eye(len(q)), strict=True)
        ]
        return np.stack(columns, axis=1)


def identifier(component: str) -> str:
    """Return what stands for a component in the name of an lmfit parameter."""
    return re.sub(r"\W", "_", component)


def define(
    region: str, config: Section, shift_eV: float, held: frozenset[str] = frozenset()
) -> lmfit.Parameters:
    """Return the lmfit parameters of a region: all areas, then positions, then widths.

    Parameters
    ----------
    region : str
        For messages.
    config : mapping
        Component to its section of the configuration.
    shift_eV : float
        Added to the configured positions.
    held : set of str
        Components too weak for a position and width of their own: these stay as configured.

    Raises
    ------
    ValueError
        An expression that lmfit cannot evaluate, a circle of ties, limits that exclude the value.
    """
    import lmfit

    names = list(config)
    known = [identifier(n) for n in names]
    if len(set(known)) < len(known):
        raise ValueError(f"xps.regions.{region}: names of components differ in signs only")
    result = lmfit.Parameters()
    ties: list[tuple[str, str, str]] = []
    for quantity in QUANTITIES:
        idle = held - _depended_on(config, quantity, held)
        for name, own in zip(names, known, strict=True):
            where = f"xps.regions.{region}.components.{name}"
            key, text = f"{quantity}_{own}", config[name].get(KEYS[quantity])
            if isinstance(text, str):
                result.add(key, value=1.0)
                ties.append((key, translated(text, names, quantity), where))
                continue
            value, low, high = _setting(config[name], quantity, shift_eV, where)
            vary = high > low and (quantity == "area" or name not in idle)
            result.add(key, value=value, vary=vary, min=low, max=high) if vary else result.add(
                key, value=value, vary=False
            )
    for key, text, where in ties:
        try:
            result[key].set(expr=text)
            float(result[key].value)
        except Exception as error:  # asteval raises what the expression makes Python raise
            reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            raise ValueError(
                f"{where}: {text!r}: {reason[0]}; components: {', '.join(names)}"
            ) from None
    try:
        result.update_constraints()
    except RecursionError:
        circle = ", ".join(sorted({where.rsplit(".", 1)[-1] for _, _, where in ties}))
        raise ValueError(
            f"xps.regions.{region}: components are tied in a circle: {circle}"
        ) from None
    return result


def translated(text: str, names: Sequence[str], quantity: str) -> str:
    """Return an expression with the names of components replaced by those of their parameters.

    Examples
    --------
    >>> translated("lattice + 2.7", ["lattice", "C-O"], "position")
    'position_lattice + 2.7'
    """
    # Names such as C-O are not Python's; the longest is replaced first.
    pattern = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    return re.sub(
        rf"(?<![\w.])(?:{pattern})(?!\w)", lambda m: f"{quantity}_{identifier(m[0])}", text
    )


def _depended_on(config: Section, quantity: str, held: frozenset[str]) -> frozenset[str]:
    """Return components whose quantity a component that is not held is tied to: they stay free."""
    words: set[str] = set()
    for name, entry in config.items():
        text = entry.get(KEYS[quantity])
        if isinstance(text, str) and name not in held:
            words |= set(re.findall(r"\w+", translated(text, list(config), quantity)))
    return frozenset(n for n in config if f"{quantity}_{identifier(n)}" in words)


def _setting(
    entry: ComponentConfig, quantity: str, shift_eV: float, where: str
) -> tuple[float, float, float]:
    """Return value and limits; equal limits: fixed."""
    value = entry.get(KEYS[quantity])
    if quantity == "area" and value is None:
        return 1.0, 0.0, np.inf
    if value is None:
        raise ValueError(f"{where}: {KEYS[quantity]} is missing")
    if quantity == "position":
        centre, within = float(value) + shift_eV, float(entry.get("within_eV", 0.0))
        return centre, centre - within, centre + within
    centre = float(value)
    low, high = (float(v) for v in entry.get("fwhm_limits_eV", (centre, centre)))
    if not 0 < low <= centre <= high:
        raise ValueError(
            f"{where}: fwhm_eV {centre:g} is not within its limits {low:g} to {high:g}"
        )
    return centre, low, high


def parameters(
    region: str,
    config: Section,
    shift_eV: float,
    held: frozenset[str],
    templates: dict[Any, Any],
) -> Parameters:
    """Return the parameters of a region whose charge shift is near `shift_eV` (see `define`).

    `templates` keeps what was worked out for a model: a search tries hundreds of shifts.
    """
    if held not in templates:
        templates[held] = (_affine(region, config, 0.0, held), _affine(region, config, 1.0, held))
    at_0, at_1 = templates[held]
    if at_0.curved is not None:
        return _affine(region, config, shift_eV, held)
    change = {
        name: getattr(at_0, name) + shift_eV * (getattr(at_1, name) - getattr(at_0, name))
        for name in ("p0", "start")
    }
    moved = np.array([n.startswith("position") for n in at_0.names], bool) * shift_eV
    return replace(at_0, low=at_0.low + moved, high=at_0.high + moved, **change)


def _affine(region: str, config: Section, shift_eV: float, held: frozenset[str]) -> Parameters:
    """Read the map p(q) off lmfit: p0 and L from single steps, and whether that is all of it."""
    found = define(region, config, shift_eV, held)
    free = [name for name, p in found.items() if p.vary]
    start = np.array([found[name].value for name in free])
    low, high = (np.array([getattr(found[n], end) for n in free]) for end in ("min", "max"))
    base = _evaluate(found, free, start)
    columns = [_evaluate(found, free, start + e) - base for e in np.eye(len(free))]
    slope = np.stack(columns, axis=1) if free else np.zeros((len(base), 0))
    # Coefficients are few-digit numbers; what rounding leaves of a difference of energies is none.
    slope = np.round(slope, 11)
    other = start * 1.001 + 0.37 * np.arange(1, len(free) + 1)
    is_affine = np.allclose(
        _evaluate(found, free, other), base + slope @ (other - start), rtol=1e-9, atol=1e-8
    )
    labels = {
        f"{quantity}_{identifier(name)}": f"{quantity} of {name}"
        for quantity in QUANTITIES
        for name in config
    }
    names = [labels[name] for name in free]
    if is_affine:
        return Parameters(base - slope @ start, slope, start, low, high, names, free)
    curved = Parameters(base, slope, start, low, high, names, free, found)
    return Parameters(base, curved.slope(start), start, low, high, names, free, found)


def _evaluate(found: lmfit.Parameters, free: Sequence[str], q: np.ndarray) -> np.ndarray:
    """Return all parameters at q, the limits of the free ones set aside."""
    for name, value in zip(free, q, strict=True):
        parameter = found[name]
        parameter.set(value=float(value), min=-np.inf, max=np.inf)
    found.update_constraints()
    return np.array([p.value for p in found.values()])
