"""Write MACCOR text exports in the dialect of the KIT sheets.

Key and value lines, a blank line, the column line, a blank line, records. Unsigned current, time in minutes,
charge that restarts with every step, a state letter, an end code. Decimal comma and day-first dates, or
decimal point and month-first dates with AM/PM.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy.typing as npt

COLUMNS = (
    "Rec", "Cycle P", "Cycle C", "Step", "TestTime", "StepTime", "Cap. [Ah]", "Ener. [Wh]",
    "Current [A]", "Voltage [V]", "Md", "ES", "DPT Time", *(f"VAR{i}" for i in range(1, 16)),
)  # fmt: skip


def write_maccor(
    path: Path,
    columns: Mapping[str, npt.NDArray],
    *,
    name: str,
    started: datetime,
    nominal_Ah: float,
    decimal_comma: bool,
) -> None:
    """Write one file.

    Parameters
    ----------
    path : Path
    columns : mapping
        `cycle`, `step` (int), `time_s`, `step_time_s`, `charge_Ah`, `energy_Wh`, `current_A`, `voltage_V`
        (float), `state` (one letter), `end` (int): (n,) arrays.
    name : str
        Of the test.
    started : datetime
    nominal_Ah : float
        Capacity that the header states; a setting, not a result.
    decimal_comma : bool
        German number and date format.
    """
    clock = "%d/%m/%Y %H:%M:%S" if decimal_comma else "%m/%d/%Y %I:%M:%S %p"
    header = [
        f"Name:\t{name}",
        "Channel:\t7",
        "Tester\tMaccor #0 (simulated)",
        "Procedure\tRATE_THEN_C5.000",
        "Description\tsimulated data, no measurement",
        f"Started\t{started.strftime(clock)}",
        f"SCap\t{nominal_Ah:.4f}",
        "C Rate\t1.000",
        "Ch. max. V\t6.00 V",
        "DisCh. min. V\t0.00 V",
        "Ch. max. I\t0.150 A",
        "DisCh. max. I\t0.150 A",
    ]
    rows = []
    variables = "\t".join(["0.0000"] * 15)
    order = ("cycle", "step", "time_s", "step_time_s", "charge_Ah", "energy_Wh", "current_A",
             "voltage_V", "state", "end")  # fmt: skip
    values = [columns[key].tolist() for key in order]
    for i, (
        cycle,
        step,
        time,
        step_time,
        charge,
        energy,
        current,
        voltage,
        state,
        end,
    ) in enumerate(zip(*values, strict=True), 1):
        stamp = (started + timedelta(seconds=round(time))).strftime(clock)
        rows.append(
            f"{i}\t0\t{cycle}\t{step}\t{time / 60:.6f}\t{step_time / 60:.6f}\t{charge:.8f}\t{energy:.8f}\t"
            f"{current:.8f}\t{voltage:.4f}\t{state}\t{end}\t{stamp}\t{variables}"
        )
    if decimal_comma:
        # Only the numbers: the keys and the names of files keep their points.
        parts = [line.partition("\t") for line in header]
        header = [
            k + tab + (v.replace(".", ",") if v[:1].isdigit() and "/" not in v else v)
            for k, tab, v in parts
        ]
        rows = [row.replace(".", ",") for row in rows]
    lines = [*header, "", "\t".join(COLUMNS), "", *rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("cp1252"))
