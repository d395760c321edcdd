"""The models of regions, from the words of the configuration.

A region's model is a list of components. Each has an area, a position and a width; each of these is free
within limits, fixed, or tied to other components by an expression (see `parameters`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from . import lineshapes
from .parameters import Parameters, parameters

if TYPE_CHECKING:
    from ..config_types import ComponentConfig, RegionConfig, XpsConfig


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
    templates : dict
        What `parameters` has worked out before.
    """

    name: str
    window_eV: tuple[float, float]
    background: str
    components: list[Component]
    config: Mapping[str, ComponentConfig] = field(repr=False)
    templates: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

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
        return parameters(self.name, self.config, shift_eV, held, self.templates)


def build(name: str, section: RegionConfig, defaults: XpsConfig | RegionConfig) -> RegionModel:
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
    mapping = model.parameters(0.0)
    if not low < high:
        raise ValueError(
            f"xps.regions.{name}: window_eV {low:g} to {high:g}: the lower energy comes first"
        )
    _, energies, widths = np.split(mapping.values(mapping.start), 3)
    for c, energy, width in zip(components, energies, widths, strict=True):
        if not any(low - width < energy + offset < high + width for offset in c.offsets_eV):
            raise ValueError(
                f"xps.regions.{name}.components.{c.name}: {energy:g} eV lies outside of the window, {low:g} to {high:g} eV"
            )
    return model
