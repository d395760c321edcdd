"""Exports of testers, made: what misleads in public ones, with numbers that are known.

A full cell whose charge ends in a hold; one of a hundred-thousandth of its charge; a file without current; dialects of MACCOR.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .binary_files import write_mpr
from .made_cases import (
    CELL_CYCLES_AH,
    DRIVEN,
    HELD,
    REST,
    SHEET_CYCLES_MAH,
    STEPS,
    at,
    joined,
    maccor,
    record,
    swept,
    write_cell,
    write_mpt,
    write_sheet,
)

TOP_V, PEAK_V, CC_MA, HOLD_S = 4.2, 3.61, 2.9, 1500.0
CC_MAH, DISCHARGED_MAH, SECOND_MAH = 31.25, 27.40, (28.30, 26.90)
# The meter of the current reads too high; the instrument's own integral of the charge is right.
METER = 1.0031
TINY = 4.1e-5
# Of the export whose header names a thousandfold of the units: charge of constant current, of the hold, and discharge, in mAh.
PARTS_MAH = (0.7130, 0.0062, 0.6840)
FULL_CELL = {
    "first charge capacity": [CC_MAH + CC_MA * HOLD_S / 3600 * (1 - np.exp(-2.0))],
    "first discharge capacity": [DISCHARGED_MAH],
    "second charge and discharge capacity": [*SECOND_MAH],
    "first-charge dQ/dV peak (CC rows only)": [PEAK_V],
}
FULL_CELL["initial Coulombic efficiency"] = [
    100 * DISCHARGED_MAH / FULL_CELL["first charge capacity"][0]
]
FIRST = STEPS[1][1], -STEPS[3][1]
KNOWN: dict[str, dict[str, list[float]]] = {
    "full cell": FULL_CELL,
    "tiny": {"first charge and discharge capacity": [TINY * v for v in FIRST]},
    "no current": {"first charge and discharge capacity": [*FIRST]},
    "seconds": {"rows; steps": [1, 1]},
}


def part(mode: int, sequence: int, half: int, seconds: Any, current_mA: Any, charge_mAh: Any, level_V: Any) -> dict[str, np.ndarray]:  # fmt: skip
    """Return rows of one step; its charge counts from its own begin."""
    n = len(seconds)
    columns = {"mode": mode, "Ns": sequence, "time/s": seconds, "Ewe/V": level_V, "Q charge/discharge/mA.h": charge_mAh,
               "(Q-Qo)/mA.h": charge_mAh, "half cycle": half, "<I>/mA": current_mA}  # fmt: skip
    return {name: np.broadcast_to(np.asarray(v, float), n).copy() for name, v in columns.items()}


def full_cell() -> dict[str, np.ndarray]:
    """Return two cycles: constant current over a peak of dQ/dV, a hold, a rest, a discharge."""
    level = np.linspace(2.9, TOP_V, 4000)
    rising = np.cumsum(1 + 9 * np.exp(-0.5 * ((level - PEAK_V) / 0.03) ** 2))
    rising = (rising - rising[0]) / np.ptp(rising)

    def driven(charge_mAh: float, sequence: int, half: int) -> dict[str, np.ndarray]:
        done = np.linspace(0, 1, 250)
        volts = np.interp(done if charge_mAh > 0 else 1 - done, rising, level)
        seconds = done * abs(charge_mAh) / CC_MA * 3600
        return part(DRIVEN, sequence, half, seconds, np.sign(charge_mAh) * CC_MA, charge_mAh * done, volts)  # fmt: skip

    held = np.arange(0.0, 2 * HOLD_S + 1, 30.0)
    hold = part(HELD, 2, 0, held, CC_MA * np.exp(-held / HOLD_S),
                CC_MA * HOLD_S / 3600 * (1 - np.exp(-held / HOLD_S)), TOP_V)  # fmt: skip
    quiet = np.arange(0.0, 4200.0, 120)
    steps = [
        part(REST, 0, 0, quiet[:10], 0, 0, 2.9), driven(CC_MAH, 1, 0), hold,
        part(REST, 3, 0, quiet, 0, 0, 4.15 + 0.05 * np.exp(-quiet / 800)), driven(-DISCHARGED_MAH, 4, 1),
        part(REST, 5, 1, quiet, 0, 0, 2.95), driven(SECOND_MAH[0], 6, 2), part(REST, 7, 2, quiet, 0, 0, 4.1),
        driven(-SECOND_MAH[1], 8, 3), part(REST, 9, 3, quiet, 0, 0, 2.95),
    ]  # fmt: skip
    clock, net, counted, half = 0.0, 0.0, 0.0, 0.0
    for step in steps:
        if step["half cycle"][0] != half:
            counted, half = 0.0, step["half cycle"][0]
        step["time/s"] += clock
        step["Q charge/discharge/mA.h"] += counted
        step["(Q-Qo)/mA.h"] += net
        clock, net = step["time/s"][-1] + 4e-4, step["(Q-Qo)/mA.h"][-1]
        counted = step["Q charge/discharge/mA.h"][-1]
    whole = joined(*steps)
    increments = np.diff(whole["(Q-Qo)/mA.h"], prepend=0.0)
    return whole | {"<I>/mA": METER * whole["<I>/mA"], "dq/mA.h": increments}


def write_thousandths(path: Path) -> int:
    """Write days of a clock, and thousandths of the header's units; the charge goes on from one step into the next, the hold."""
    current, discharging = 182.6, 896.5
    held = np.arange(0.0, 181, 30)
    decay = PARTS_MAH[1] * (1 - np.exp(-held / 60)) / (1 - np.exp(-3))
    done = np.linspace(0, 1, 80)
    charging, falling = PARTS_MAH[0] / current * 3.6e6, PARTS_MAH[2] / discharging * 3.6e6
    parts = [  # step, state, seconds, charge in mAh, current, voltage in mV
        (1, "R", 60.0 * np.arange(20), 0, 0, 1853.0),
        (4, "C", done * charging, PARTS_MAH[0] * done, current, 1886 + 1913.8 * done),
        (5, "C", held, PARTS_MAH[0] + decay, current * np.exp(-held / 60), 3799.6),
        (6, "D", done * falling, PARTS_MAH[2] * done, -discharging, 3740 - 2090 * done),
    ]  # fmt: skip
    started, clock, number = datetime(2021, 8, 23, 18, 4, 18), 0.0, 0
    lines = ["Today''s Date\t03/28/2022 12:50:27 PM", "", "Date of Test:\t08/23/2021 6:04:18 PM", "",
             "Rec#\tCyc#\tStep\tTestTime\tStepTime\tmAmp-hr\tmWatt-hr\tmAmps\tVolts\tState\tES\tDPt Time\tUnnamed: 12"]  # fmt: skip

    def days(seconds: float) -> str:
        whole, rest = divmod(seconds, 86400)
        return f"  {whole:.0f}d {rest // 3600:02.0f}:{rest // 60 % 60:02.0f}:{rest % 60:05.2f}"

    for step, state, seconds, charge, mA, level in parts:
        columns = [np.broadcast_to(v, seconds.shape) for v in (seconds, charge, mA, level)]
        for own, q, i, v in zip(*columns, strict=True):
            number += 1
            stamp = started + timedelta(seconds=clock + own)
            lines.append(f"{number}\t0\t{step}\t{days(clock + own)}\t{days(own)}\t{1000 * q:.4f}\t0.0\t{i:.4f}\t{v:.4f}\t{state}\t0\t"
                         f"{stamp:%m/%d/%Y %I:%M:%S %p}\t")  # fmt: skip
        clock += seconds[-1] + 0.05
    path.write_text("\r\n".join([*lines, ""]))
    return number


def write_exports(folder: Path) -> dict[str, int]:
    """Write all files; return the number of records of each."""
    whole, tiny = full_cell(), record()
    charges = ("Q charge/discharge/mA.h", "(Q-Qo)/mA.h", "<I>/mA")
    tiny |= {name: TINY * tiny[name] for name in charges}
    back = record([STEPS[4], *STEPS[3:]])
    swept_too = joined(whole | {"freq/Hz": 0 * whole["mode"]}, swept(whole, 40, HELD, 2e-4) | {"dq/mA.h": np.zeros(40)})  # fmt: skip
    texts = {
        "full_cell": whole, "tiny": tiny, "discharge_first": back, "with_impedance": swept_too,
        "rest": at(whole, whole["Ns"] == 0),
    }  # fmt: skip
    records = {}
    for name, columns in texts.items():
        write_mpt(folder / f"{name}.mpt", columns, more=["Mass of active material : 0.001 mg"])
        records[f"{name}.mpt"] = len(columns["mode"])
    for name in ("full_cell", "tiny"):
        write_mpr(folder / f"{name}.mpr", texts[name])
        records[f"{name}.mpr"] = records[f"{name}.mpt"]
    plain = record()
    plain["dq/mA.h"] = np.diff(plain["(Q-Qo)/mA.h"], prepend=0.0)
    write_mpr(folder / "no_current.mpr", {k: v for k, v in plain.items() if k != "<I>/mA"})
    rows = maccor(SHEET_CYCLES_MAH, 0.119, (2.28, 3.68))
    write_sheet(folder / "cut.txt", rows)
    content = (folder / "cut.txt").read_bytes()
    (folder / "cut.txt").write_bytes(content[: content.rindex(b"\t0,0000\t0,0000\r\n") - 30])
    cell = maccor(CELL_CYCLES_AH, 4.7, (3.0, 4.3))
    write_cell(folder / "seconds.034", cell)
    steps = 1 + sum(a[:2] != b[:2] for a, b in pairwise(cell))
    KNOWN["seconds"] = {"rows; steps": [len(cell), steps]}
    KNOWN["cut"] = {
        "complete rows; incomplete rows": [len(rows) - 1, 1],
        "last time": [rows[-2][2]],
    }
    return records | {
        "no_current.mpr": len(plain["mode"]), "cut.txt": len(rows) - 1, "seconds.034": len(cell),
        "thousandths.txt": write_thousandths(folder / "thousandths.txt"),
    }  # fmt: skip
