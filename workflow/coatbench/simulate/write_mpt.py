"""Write EC-Lab text exports (.mpt) of galvanostatic cycling as EC-Lab 11.50 does.

Windows-1252, CRLF, `Nb header lines`, parameter table in 20-character columns, a trailing tab behind the
column names that the records do not have, decimal comma on a German system, and the habits of the instrument
that mislead readers: `ox/red` of the first record of a step is that of the step before, the mass in the
header is the program's default, the last increment of a step is booked on the first record at rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

COLUMNS = (
    "mode", "ox/red", "error", "control changes", "Ns changes", "counter inc.", "Ns", "time/s",
    "dq/mA.h", "(Q-Qo)/mA.h", "control/V/mA", "Ewe/V", "I Range", "Q charge/discharge/mA.h",
    "half cycle", "P/W", "Energy charge/W.h", "Energy discharge/W.h", "Capacitance charge/µF",
    "Capacitance discharge/µF", "step time/s", "<I>/mA", "Q discharge/mA.h", "Q charge/mA.h",
    "Capacity/mA.h", "Efficiency/%", "control/V", "control/mA", "cycle number",
)  # fmt: skip
# Of files that hold a technique with an alternating signal.
IMPEDANCE = ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm")
WHOLE = frozenset(
    {"mode", "ox/red", "error", "control changes", "Ns changes", "counter inc.", "Ns", "I Range",
     "half cycle"}
)  # fmt: skip
DOUBLE = frozenset(
    {"time/s", "dq/mA.h", "(Q-Qo)/mA.h", "Q charge/discharge/mA.h", "Energy charge/W.h",
     "Energy discharge/W.h", "step time/s", "<I>/mA", "Q discharge/mA.h", "Q charge/mA.h",
     "Capacity/mA.h", "cycle number"}
)  # fmt: skip


def write_mpt(
    path: Path,
    columns: Mapping[str, npt.NDArray],
    *,
    sequences: Sequence[Mapping[str, str]],
    window_V: tuple[float, float],
    decimal_comma: bool,
    started: str,
) -> None:
    """Write one file.

    Parameters
    ----------
    path : Path
    columns : mapping of EC-Lab's column name to (n,) array
        Absent ones are written as 0.
    sequences : sequence of mapping
        Parameter table: one mapping of parameter to text per sequence Ns.
    window_V : (low, high)
        Control range of the instrument.
    decimal_comma : bool
        German number format.
    started : str
        Acquisition start, MM/DD/YYYY hh:mm:ss.fff; always with a point.
    """
    n = len(next(iter(columns.values())))
    names_of = [*COLUMNS, *(name for name in IMPEDANCE if name in columns)]
    lines = _header(sequences, window_V, decimal_comma, started)
    cells = []
    for name in names_of:
        values = np.asarray(columns.get(name, np.zeros(n)))
        if name in WHOLE:
            cells.append([str(v) for v in values.astype(int).tolist()])
        else:
            digits = 15 if name in DOUBLE else 7
            values = values if name in DOUBLE else values.astype(np.float32).astype(float)
            cells.append([_scientific(v, digits) for v in values.tolist()])
    records = ["\t".join(row) for row in zip(*cells, strict=True)]
    if decimal_comma:
        records = [record.replace(".", ",") for record in records]
    names = "\t".join(names_of) + "\t"
    header = ["EC-Lab ASCII FILE", f"Nb header lines : {len(lines) + 3:<28}", *lines, names]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\r\n".join(header + records)
    path.write_bytes(text.encode("cp1252"))


def _scientific(value: float, digits: int) -> str:
    """Return EC-Lab's form: three digits of exponent."""
    mantissa, exponent = f"{value:.{digits}E}".split("E")
    return f"{mantissa}E{exponent[0]}{int(exponent[1:]):03d}"


def _header(
    sequences: Sequence[Mapping[str, str]],
    window_V: tuple[float, float],
    decimal_comma: bool,
    started: str,
) -> list[str]:
    low, high = window_V
    settings = [
        "",
        "Galvanostatic Cycling with Potential Limitation",
        "",
        "Run on channel : 3 (SN 15265)",
        "User : ",
        "Electrode connection : standard",
        "Potential control : Ewe",
        f"Ewe ctrl range : min = {low:.2f} V, max = {high:.2f} V",
        "Ewe,I filtering : 50 kHz",
        "Safety Limits :",
        "\tDo not start on E overload",
        "Channel : Floating",
        f"Acquisition started on : {started}",
        f"Technique started on : {started}",
        "Loaded Setting File :  NONE",
        "Saved on :",
        "\tFile : simulated.mpr",
        "\tDirectory : C:\\simulated\\",
        "\tHost : 127.0.0.1",
        "Device : SP-300 (SN 0000)",
        "Address : USB",
        "EC-Lab for windows v11.50 (software)",
        "Internet server v11.50 (firmware)",
        "Command interpretor v11.50 (firmware)",
        "Electrode material : ",
        "Initial state : ",
        "Electrolyte : ",
        "Comments : simulated data, no measurement",
        "Mass of active material : 0.001 mg",
        " at x = 0.000",
        "Molecular weight of active material (at x = 0) : 0.001 g/mol",
        "Atomic weight of intercalated ion : 0.001 g/mol",
        "Acquisition started at : xo = 0.000",
        "Number of e- transfered per intercalated ion : 1",
        "for DX = 1, DQ = 26.802 mA.h",
        "Battery capacity : 1.000 A.h",
        "Electrode surface area : 0.001 cm²",
        "Characteristic mass : 0.001 g",
        "Volume (V) : 0.001 cm³",
        "Record Power",
        "Cycle Definition : Charge/Discharge alternance",
    ]
    keys = list(sequences[0])
    table = [f"{'Ns':<20}" + "".join(f"{i:<20}" for i in range(len(sequences)))]
    table += [f"{key:<20}" + "".join(f"{s[key]:<20}" for s in sequences) for key in keys]
    lines = settings + table + [""]
    if decimal_comma:
        keep = {i for i, line in enumerate(lines) if "started on" in line or "127.0" in line
                or "v11.50" in line or "simulated.mpr" in line}  # fmt: skip
        lines = [line if i in keep else line.replace(".", ",") for i, line in enumerate(lines)]
    return lines
