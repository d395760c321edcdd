"""What a cell costs as its cycles grow: processor time and memory of reading and analysing MACCOR files.

    python benchmarks/cycling_cycles.py [--text 2e9]

Each size runs in a process of its own; a charge or discharge has a hundred records. Twice the cycles should cost twice
the time. `--text` writes and analyses one EC-Lab export of so many bytes instead, with 457 bytes a record as exports with
all columns have.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CYCLES = (500, 1000, 2000, 4000)
RECORDS = 100
LONG = 1000

RUN = """
import resource, sys, time
sys.path.insert(0, sys.argv[1])
import yaml
from pathlib import Path
from coatbench.cycling.analyse import analyse
config = yaml.safe_load(Path(sys.argv[2]).read_text(encoding="utf-8"))["cycling"]
row = {"sample": "x", "cell": "a", "protocol": "long", "composite_mass_mg": "7.5", "cam_mass_fraction": "0.8"}
start = time.process_time()
rows = len(analyse([row], [Path(sys.argv[3])], config).tables["cycling_cells"])
print(rows, time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def write(path: Path, cycles: int) -> None:
    """Write a test of plain cycles between 2.28 and 3.68 V that fades a little."""
    names = (
        "Rec", "Cycle P", "Cycle C", "Step", "TestTime", "StepTime", "Cap. [Ah]", "Ener. [Wh]", "Current [A]",
        "Voltage [V]", "Md", "ES",
    )  # fmt: skip
    header = "\t".join(names)
    number, minutes = 0, 0.0
    with path.open("w", encoding="ascii") as stream:
        stream.write(f"Name:\tbenchmark\n\n{header}\n\n")
        for cycle in range(1, cycles + 1):
            capacity = 1.2e-3 * (1 - 2e-5 * cycle)
            for step, state, low, high in ((2, "C", 2.6, 3.68), (4, "D", 3.6, 2.28)):
                for k in range(RECORDS):
                    number, share = number + 1, k / (RECORDS - 1)
                    stream.write(
                        f"{number}\t0\t{cycle}\t{step}\t{minutes:.6f}\t0\t{capacity * share:.8f}\t0\t0.00024\t"
                        f"{low + (high - low) * share:.4f}\t{state}\t1\n"
                    )
                    minutes += capacity / 0.00024 * 60 / (RECORDS - 1)
                for _ in range(3):
                    number, minutes = number + 1, minutes + 1
                    stream.write(
                        f"{number}\t0\t{cycle}\t{step + 1}\t{minutes:.6f}\t0\t0\t0\t0\t{high:.4f}\tR\t1\n"
                    )


def write_eclab(path: Path, size: float) -> int:
    """Write cycles of two thousand records until the file has so many bytes; return their number."""
    names = ("mode", "Ns", "time/s", "dq/mA.h", "(Q-Qo)/mA.h", "Ewe/V", "Q charge/discharge/mA.h", "half cycle", "<I>/mA",
             *(f"column {k}" for k in range(25)))  # fmt: skip
    filler = "\t1.2345678E+001" * 25
    lines = ("EC-Lab ASCII FILE", "Nb header lines : 3", "\t".join(names))
    cycles, capacity, seconds = 0, 1.2, 18.0
    each = capacity / (LONG - 1)
    with path.open("w", encoding="ascii", newline="\r\n") as stream:
        stream.write("\n".join(lines) + "\n")
        while stream.tell() < size:
            for half, (sign, low, high) in enumerate(((1, 2.6, 3.68), (-1, 3.6, 2.28))):
                start = (2 * cycles + half) * LONG
                stream.writelines(
                    f"1\t1\t{(start + k) * seconds:.6f}\t{sign * each:.9E}\t{capacity * (half - sign * -k / (LONG - 1)):.9E}\t"
                    f"{low + (high - low) * k / (LONG - 1):.7f}\t{sign * each * k:.9E}\t{2 * cycles + half}\t"
                    f"{sign * each * 3600 / seconds:.9E}{filler}\n"
                    for k in range(LONG)
                )
            cycles += 1
    return cycles


def analysed(path: Path) -> tuple[int, float, float]:
    """Analyse a file in a process of its own; return cycles, processor seconds and MB."""
    found = subprocess.run(
        [sys.executable, "-c", RUN, str(ROOT / "workflow"), str(ROOT / "config.yaml"), str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, seconds, memory = found.stdout.split()
    return int(rows), float(seconds), float(memory)


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=float, help="bytes of one EC-Lab export")
    options = parser.parse_args()
    print(f"{'cycles':>7} {'file / MB':>10} {'CPU / s':>8} {'peak / MB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for cycles in () if options.text else CYCLES:
            path = Path(folder) / f"{cycles}.txt"
            write(path, cycles)
            report(path, cycles)
        if options.text:
            path = Path(folder) / "text.mpt"
            report(path, write_eclab(path, options.text))


def report(path: Path, cycles: int) -> None:
    """Print what one file costs."""
    rows, seconds, memory = analysed(path)
    assert rows == cycles
    print(f"{cycles:>7} {path.stat().st_size / 1e6:>10.1f} {seconds:>8.2f} {memory:>10.0f}")


if __name__ == "__main__":
    main()
