"""Cycling exports of the demo study: pellet cells (short, EC-Lab) and sheet cells (long, MACCOR).

All curves come from the one cell of `cell_model`. What is planted per sample are capacities, relaxed
potentials, the overpotential in the middle of the window and over how much charge the end of the discharge is
hindered; for sheet cells the capacity at each rate and the retention, from which the growing overpotential
follows. Masses are planted as well: the index holds what the balance showed.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from . import cell_troubles
from .cell_protocols import (
    CAM_FRACTION,
    COMPOSITE_MASS_MG,
    NOMINAL_MAH_G,
    long_cell,
    long_schedule,
    short_cell,
)
from .cycling_records import pellet_columns, sheet_columns
from .write_maccor import write_maccor
from .write_mpt import write_mpt

CYCLE_NOISE_MAH_G = 0.05


def simulate(
    sample: str,
    rows: list[dict[str, str]],
    folder: Path,
    truth: dict[str, float],
    settings: dict[str, Any],
    seed: int,
) -> None:
    """Write the exports of one sample: of the protocol `short` .mpt, of `long` MACCOR text.

    Truth: `cycling.*`, see `cell_protocols`; `cycling.composite_mass_mg.<protocol>.<cell>`
    (of a cell that the truth does not name: a round value), `cycling.trouble.<cell>.*` (`cell_troubles`).
    """
    values = {k.removeprefix("cycling."): v for k, v in truth.items()}
    for protocol in ("short", "long"):
        files: dict[str, list[Path]] = {}
        for row in rows:
            if row["protocol"] == protocol:
                files.setdefault(row["cell"], []).append(Path(folder) / row["file"])
        # A cell that still runs is none of those that the truth's mean is of.
        finished = [cell for cell in files if f"trouble.{cell}.recorded_percent" not in values]
        for i, (cell, paths) in enumerate(files.items()):
            # Cells of one kind differ symmetrically, so that their mean is what the truth says.
            alone = len(finished) == 1 or cell not in finished
            place = 0.0 if alone else 2.0 * i / (len(finished) - 1) - 1.0
            key = zlib.crc32(f"cycling {sample} {cell} {protocol}".encode())
            rng = np.random.default_rng([seed, key])
            composite_mg = values.get(
                f"composite_mass_mg.{protocol}.{cell}", COMPOSITE_MASS_MG[protocol]
            )
            mass_g = composite_mg * CAM_FRACTION[protocol] * 1e-3
            if protocol == "short":
                prefix = f"trouble.{cell}."
                troubles = {
                    k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)
                }
                _write_short(paths, values, troubles, mass_g, place, i, rng)
            else:
                _write_long(paths[0], values, mass_g, place, i, rng)


def _write_short(
    paths: list[Path],
    truth: dict[str, float],
    troubles: dict[str, float],
    mass_g: float,
    place: float,
    index: int,
    rng: np.random.Generator,
) -> None:
    """Write a pellet cell; every other one comes from a German system."""
    columns, sequences = pellet_columns(short_cell(truth, place), mass_g, rng)
    columns = cell_troubles.apply(columns, troubles, NOMINAL_MAH_G * mass_g, rng)
    started = f"{1 + index % 12:02d}/15/2024 10:{int(rng.integers(10, 60))}:29.886"
    for path, part in zip(paths, cell_troubles.in_files(columns, len(paths)), strict=True):
        write_mpt(
            path,
            part,
            sequences=sequences,
            window_V=(0.0, 5.0),
            decimal_comma=index % 2 == 0,
            started=started,
        )


def _write_long(
    path: Path,
    truth: dict[str, float],
    mass_g: float,
    place: float,
    index: int,
    rng: np.random.Generator,
) -> None:
    """Write a sheet cell; the second one pauses in the cycle that the truth names as interrupted."""
    schedule = [
        (rate, capacity + rng.normal(0.0, CYCLE_NOISE_MAH_G))
        for rate, capacity in long_schedule(truth, place)
    ]
    cycles = long_cell(truth, place, schedule)
    pause = round(truth.get("long.interrupted_cycle", 0)) if index == 1 else 0
    write_maccor(
        path,
        sheet_columns(cycles, mass_g, pause, rng),
        name=f"SIMULATED-{path.stem}",
        started=datetime(2024, 3, 4, 9, int(rng.integers(10, 60)), 0),
        nominal_Ah=NOMINAL_MAH_G * mass_g * 1e-3,
        decimal_comma=index % 2 == 0,
    )
