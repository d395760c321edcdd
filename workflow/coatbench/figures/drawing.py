"""What every figure is told besides its data.

Each figure has ``draw(drawing, ...)``. Its other arguments are the inputs and parameters of its rule, by name: `curves` and `rows` are the
netCDF and JSON files of the jobs, and a result table has its name, without the technique where it has one (`windows`: leis_windows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..config_types import FiguresConfig


@dataclass(frozen=True)
class Drawing:
    """Where a figure goes, whose samples it shows, and how it looks.

    Attributes
    ----------
    output : mapping
        Paths by kind: `pdf`, `png`, `csv`, and `svg` and `webp` (for the report) where they are wanted; of a quick-look
        `png` and `webp` alone.
    samples : sequence of mapping
        Rows of samples.csv in order, with their places on the study's axis and colour scale; of a quick-look its own alone.
    simulated : bool
        Whether the study is simulated: then its figures say so.
    config : mapping
        Section `figures` of the config.
    reference : str or None
        The study's reference.
    """

    output: Mapping[str, str]
    samples: Sequence[Mapping[str, str]]
    simulated: bool
    config: FiguresConfig
    reference: str | None = None
