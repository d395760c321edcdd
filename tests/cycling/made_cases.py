"""Exports of cells as laboratories bring them, made: the traps of the handed ones with other numbers.

A cell whose potential is linear in charge while current flows, and falls off exponentially at rest, so that every
number that is right stands in `STEPS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from coatbench.simulate.write_maccor import write_maccor

CURRENT_MA, RELAX_S = 0.098, 800.0
DRIVEN, HELD, REST = 1, 2, 3
CHARGE, DISCHARGE, SECOND = 2.0420, 1.7930, 1.8010
RELAXED, DISCHARGED = 3.6310, 2.8070
SHORT_REST_S, ABORTED, BEGUN = 600.0, 1.4530, 0.0610
HELD_S = 120.0 * np.arange(1, 16)
HELD_MA = CURRENT_MA * np.exp(-HELD_S / 8000)
# Sequence, charge in mAh (0: rest), seconds of a rest, potentials in V at begin and end.
STEPS = [
    (0, 0.0, 1800.0, 2.62, 2.62),
    (1, CHARGE, 0.0, 2.62, 3.70), (1, 0.0, 5400.0, 3.70, RELAXED),
    (2, -DISCHARGE, 0.0, 3.62, 1.90), (2, 0.0, 5400.0, 1.90, DISCHARGED),
    (3, SECOND, 0.0, 2.83, 3.70), (3, 0.0, 5400.0, 3.70, RELAXED),
]  # fmt: skip
AFTER_1_H = {
    "charge": RELAXED + (3.70 - RELAXED) * np.exp(-3600 / RELAX_S),
    "discharge": DISCHARGED + (1.90 - DISCHARGED) * np.exp(-3600 / RELAX_S),
}
SHEET_CYCLES_MAH = ((1.2630, 1.1740), (1.1690, 1.1670))
CELL_CYCLES_AH = ((3.1220, 3.1510), (3.1380, 3.1330), (3.1290, 1.7520))
COUNTER_V = lambda potential: -0.12 + 0.02 * (potential - 2.0)  # noqa: E731


def record(steps: list[tuple] = STEPS, start_s: float = 0.0) -> dict[str, np.ndarray]:
    """Return EC-Lab's columns of these steps."""
    rows, clock, net, half = [], start_s, 0.0, 0
    for sequence, charge, rest_s, first, last in steps:
        seconds = rest_s or abs(charge) / CURRENT_MA * 3600
        time = np.append(np.arange(0.0, seconds - 1, 120.0 if charge else 60.0), seconds)
        part = time / seconds
        half += charge != 0 and bool(rows) and (charge > 0) == (half % 2 == 1)
        level = first + (last - first) * part if charge else last + (first - last) * np.exp(-time / RELAX_S)  # fmt: skip
        for t, p, v in zip(clock + time, part, level, strict=True):
            current = np.sign(charge) * CURRENT_MA
            rows.append((DRIVEN if charge else REST, sequence, t, v, charge * p, net + charge * p, half, current))  # fmt: skip
        clock, net = clock + seconds + 4e-4, net + charge
    names = ("mode", "Ns", "time/s", "Ewe/V", "Q charge/discharge/mA.h", "(Q-Qo)/mA.h", "half cycle", "<I>/mA")  # fmt: skip
    return dict(zip(names, np.array(rows).T, strict=True))


def at(columns: Mapping[str, np.ndarray], rows: Any) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in columns.items()}


def joined(*parts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def write_mpt(path: Path, columns: Mapping[str, Any], names: str = "", control: str = "Ewe", more: Iterable[str] = ()) -> None:  # fmt: skip
    """Write these columns with decimal comma, none named are all of them, and `more` lines in the header."""
    chosen = names.split(";") if names else list(columns)
    rows = zip(*(columns[name] for name in chosen), strict=True)
    head = ["", f"Potential control : {control}", "Acquisition started on : 01/15/2024 10:41:29.886", *more, ""]  # fmt: skip
    lines = ["EC-Lab ASCII FILE", f"Nb header lines : {len(head) + 3}", *head, "\t".join(chosen) + "\t"]  # fmt: skip
    lines += ["\t".join(f"{v:.12g}" for v in row).replace(".", ",") for row in rows]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("cp1252"))


def swept(
    before: Mapping[str, np.ndarray], n: int, mode: int, current_mA: float
) -> dict[str, np.ndarray]:
    """Return the rows of an impedance sweep behind a record; currents of both signs, the first one positive."""
    found = {name: np.repeat(values[-1], n) for name, values in before.items()}
    found["time/s"] = found["time/s"] + 2.0 + 0.7 * np.arange(n)
    found |= {"mode": np.full(n, mode), "Ns": found["Ns"] + 1}
    found["<I>/mA"] = current_mA * np.cos(np.pi * np.arange(n))
    return found | {"freq/Hz": np.geomspace(1e5, 1.0, n)}


def write_ec_lab(folder: Path) -> None:
    """Write the cases of EC-Lab."""
    whole = record()
    quiet = np.zeros(whole["mode"].size)
    dq = np.diff(whole["(Q-Qo)/mA.h"], prepend=0.0)
    write_mpt(folder / "uncoated_A.mpt", whole | {"dq/mA.h": dq})
    write_mpt(folder / "n400_A.mpt", whole | {"dq/mA.h": dq})
    for number, kind in enumerate(("OCV", "GCPL", "GCPL", "GCPL")):
        part = at(whole, whole["Ns"] == number)
        write_mpt(folder / f"cell_0{number + 1}_{kind}_CD1.mpt", part)
    cut = int(np.argmax(whole["Ns"] == 2))
    before = at(whole, np.s_[:cut]) | {"freq/Hz": quiet[:cut]}
    sweep = swept(before, 40, HELD, 2e-4)
    after = at(whole, np.s_[cut:]) | {"freq/Hz": quiet[cut:]}
    after["time/s"] = after["time/s"] + np.ptp(sweep["time/s"]) + 5
    write_mpt(folder / "peis_after_charge_rest.mpt", joined(before, sweep | {"Ns": sweep["Ns"] - 1}, after))  # fmt: skip
    charged = record([*STEPS[1:2], (2, 0.0, 3600.0, 3.70, RELAXED)])
    charged["freq/Hz"] = np.zeros(charged["mode"].size)
    sweep = swept(charged, 54, DRIVEN, 0.03)
    rest = record([(4, 0.0, 900.0, 3.60, 3.60)], sweep["time/s"][-1] + 3)
    rest |= {n: np.full(rest["mode"].size, sweep[n][-1]) for n in ("(Q-Qo)/mA.h", "Q charge/discharge/mA.h")}  # fmt: skip
    write_mpt(folder / "geis_after_rest.mpt", joined(charged, sweep, rest | {"freq/Hz": 0 * rest["mode"]}))  # fmt: skip
    stopped = [
        STEPS[0],
        (1, ABORTED, 0.0, 2.62, 3.30),
        (1, 0.0, SHORT_REST_S, 3.30, 3.25),
        *STEPS[3:],
    ]
    write_mpt(folder / "charge_aborted_short_rest.mpt", record(stopped))
    since = whole | {"dQ/mA.h": whole["Q charge/discharge/mA.h"] * (whole["mode"] == DRIVEN)}
    write_mpt(folder / "cp_dQ_only.mpt", since, "mode;Ns;time/s;dQ/mA.h;Ewe/V;half cycle;<I>/mA")
    charging = record(STEPS[:2])
    held = {name: np.repeat(values[-1], 15) for name, values in charging.items()}
    held |= {"mode": np.full(15, HELD), "time/s": held["time/s"] + HELD_S, "<I>/mA": HELD_MA}
    held |= {
        n: held[n] + np.cumsum(HELD_MA) * 120 / 3600
        for n in ("(Q-Qo)/mA.h", "Q charge/discharge/mA.h")
    }
    write_mpt(folder / "cccv_live_in_cv.mpt", joined(charging, held))
    noise = whole["<I>/mA"] + np.random.default_rng(4).normal(0, 2e-6, quiet.size)
    write_mpt(folder / "no_mode_rest_noise.mpt", whole | {"<I>/mA": noise}, "time/s;Ewe/V;<I>/mA")
    counter = COUNTER_V(whole["Ewe/V"])
    three = whole | {"Ewe-Ece/V": whole["Ewe/V"], "Ece/V": counter, "Ewe/V": whole["Ewe/V"] + counter}  # fmt: skip
    names = "mode;Ns;time/s;Ewe/V;Q charge/discharge/mA.h;<I>/mA;Ece/V;Ewe-Ece/V"
    write_mpt(folder / "three_electrode.mpt", three, names, control="Ewe-Ece")


def maccor(cycles: Any, current: float, window_V: tuple[float, float]) -> list[list[Any]]:
    """Return records of MACCOR: cycle, step, time and step time in s, charge, current, voltage, state, end code."""
    rows: list[list[Any]] = [[0, 1, 60.0 * i, 60.0 * i, 0.0, 0.0, window_V[0], "R", 1] for i in range(3)]  # fmt: skip
    for cycle, halves in enumerate(cycles, 1):
        for k, charge in enumerate(halves):
            seconds, start = charge / current * 3600, rows[-1][2] + 0.01
            first, last = window_V[::-1] if k else window_V
            for part in np.linspace(0, 1, 60):
                level = first + (last - first) * part
                rows.append([cycle, 2 + 2 * k, start + part * seconds, part * seconds, part * charge, current, level, "CD"[k], 1])  # fmt: skip
            rows[-1][-1] = 133
            start = rows[-1][2] + 0.01
            rows += [[cycle, 3 + 2 * k, start + t, t, 0.0, 0.0, last, "R", 1] for t in (0.0, 60.0, 600.0)]  # fmt: skip
    return rows


def write_sheet(path: Path, rows: list[list[Any]]) -> None:
    """Write records as the sheets of KIT are: charge in Ah, minutes, decimal comma."""
    keys = ("cycle", "step", "time_s", "step_time_s", "charge_Ah", "current_A", "voltage_V", "state", "end")  # fmt: skip
    columns = {k: np.array(v) for k, v in zip(keys, zip(*rows, strict=True), strict=True)}
    columns |= {"charge_Ah": columns["charge_Ah"] / 1000, "current_A": columns["current_A"] / 1000}
    columns["energy_Wh"] = columns["charge_Ah"] * 3
    started = datetime(2024, 3, 4, 9, 47)
    write_maccor(path, columns, name="made", started=started, nominal_Ah=0.0012, decimal_comma=True)


def write_cell(path: Path, rows: list[list[Any]]) -> None:
    """Write records as a tester of large cells does: a number per test, seconds, charge in Ah."""
    lines = ["Today's Date 09/01/2020  Date of Test:\t08/13/2019\t Filename:\tmade Procedure:\tmade Comment/Barcode: "]  # fmt: skip
    lines += ["Rec#\tCyc#\tStep\tTest (Sec)\tStep (Sec)\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time"]  # fmt: skip
    for number, (cycle, step, time, own, charge, current, level, state, end) in enumerate(rows, 1):
        clock = datetime(2019, 8, 15, 11, 9, 1) + timedelta(seconds=time)
        signed = -current if state == "D" else current
        lines.append(
            f"{number}\t{cycle}\t{step}\t{time:.4f}\t{own:.4f}\t{charge:.10f}\t{charge * 3.7:.10f}\t{signed:.10f}\t"
            f"{level:.8f}\t{state}\t{end}\t{clock:%m/%d/%Y %H:%M:%S}"
        )
    path.write_text("\r\n".join([*lines, ""]))


def write_testers(folder: Path) -> None:
    """Write the cases of MACCOR."""
    rows = maccor([*SHEET_CYCLES_MAH, (SHEET_CYCLES_MAH[0][0],)], 0.119, (2.28, 3.68))
    third = [i for i, r in enumerate(rows) if r[0] == 3 and r[7] == "C" and r[4] <= BEGUN]
    rows = rows[: third[-1] + 1]
    rows[-1][4] = BEGUN
    write_sheet(folder / "maccor_base.txt", rows)
    # Record 41 of the first charge is written when the test is suspended, and holds what flowed since the record before.
    late = [[r[0], r[1], r[2] + 7200 * (i > 41), *r[3:]] for i, r in enumerate(rows)]
    late[41][7] = "S"
    write_sheet(folder / "maccor_suspended_charge.txt", late)
    rows = maccor(CELL_CYCLES_AH, 4.7, (3.0, 4.3))[3:-3]
    rows[-1][5:] = [0.0, 3.52, "S", 192]
    write_cell(folder / "maccor_suspended_in_discharge.078", rows)
    rest = [[0, 1, float(i), float(i), 0.0, 0.0, 3.87, "R", 1] for i in range(8)]
    rest += [[0, 2, 7.0, 0.0, 0.0, 0.0, 3.87, "FRA", 17]] * 33
    rest += [[0, 2, 7.0, 0.0, 0.0, 0.0, 3.87, "P", 199], [0, 3, 7.0, 0.0, 0.0, 0.0, 3.87, "O", 193]]
    write_cell(folder / "maccor_fra.041", rest)
