"""What a cell costs as its cycles grow: processor time and memory of reading and analysing MACCOR files.

    python benchmarks/cycling_cycles.py

Each size runs in a process of its own; a charge or discharge has a hundred records. Twice the cycles should cost twice
the time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CYCLES = (500, 1000, 2000, 4000)
RECORDS = 100

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


def main() -> None:
    """Print one line for each size."""
    print(f"{'cycles':>7} {'file / MB':>10} {'CPU / s':>8} {'peak / MB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for cycles in CYCLES:
            path = Path(folder) / f"{cycles}.txt"
            write(path, cycles)
            found = subprocess.run(
                [sys.executable, "-c", RUN, str(ROOT / "workflow"), str(ROOT / "config.yaml"), str(path)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            rows, seconds, memory = found.stdout.split()
            assert int(rows) == cycles
            size = path.stat().st_size / 1e6
            print(f"{cycles:>7} {size:>10.1f} {float(seconds):>8.2f} {float(memory):>10.0f}")


if __name__ == "__main__":
    main()
