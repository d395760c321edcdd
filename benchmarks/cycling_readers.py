"""How long the EC-Lab readers take, as a ratio to yadg on the same files in the same run.

yadg pins pandas < 3, so it lives in an environment of its own, whose Python is an argument:

    python -m venv /some/where && /some/where/bin/pip install yadg==7.0.1
    python benchmarks/cycling_readers.py --folder REAL_EXPORTS --peer-python /some/where/bin/python

Two files are made from real exports by repeating their records: 46 000 rows of .mpr and 3 000 rows of .mpt.
Each is read fifteen times in one process after a first time; the fastest counts, which other work on the
machine disturbs least. Imports are not in it.
`--gigabyte` also reads a text export of 1 GB and prints the peak memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS_MPR, ROWS_MPT = 46_000, 3_000
REPEATS = 15

PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from yadg.extractors import extract
found = {}
for kind, path in zip(("eclab.mpr", "eclab.mpt"), sys.argv[2:]):
    times = []
    for _ in range(int(sys.argv[1]) + 1):
        start = time.perf_counter()
        rows = len(extract(filetype=kind, path=path)["uts"])
        times.append(time.perf_counter() - start)
    found[kind] = min(times[1:]), rows
print(json.dumps(found))
"""

MEMORY = """
import resource, sys, time
from coatbench import readers
start = time.perf_counter()
rows = len(readers.read(sys.argv[1]).table)
print(rows, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def repeat_mpr(source: Path, target: Path, rows: int) -> None:
    """Write an .mpr whose data module holds the records of another one, over and over."""
    content = source.read_bytes()
    at = content.index(b"VMP data  ")
    # MODULE, short name (10), long name (25), then length: at once, or behind a maximum length (newer files).
    length_at = at + 10 + 25
    if content[length_at : length_at + 4] == b"\xff\xff\xff\xff":
        length_at += 4
    length = int.from_bytes(content[length_at : length_at + 4], "little")
    # Behind the length stand (old length,) version and date; the module's data end `length` bytes later.
    from galvani import BioLogic

    with source.open("rb") as stream:
        file = BioLogic.MPRfile(stream)
    data = next(m for m in file.modules if m["shortname"] == b"VMP data  ")["data"]
    records = file.data.tobytes()
    start = content.index(data, at)
    head = data[: len(data) - len(records)]
    times = -(-rows // len(file.data))
    body = (records * times)[: rows * file.data.itemsize]
    made = rows.to_bytes(4, "little") + head[4:] + body
    new = bytearray(content[:start] + made + content[start + len(data) :])
    new[length_at : length_at + 4] = (length + len(made) - len(data)).to_bytes(4, "little")
    target.write_bytes(bytes(new))


def repeat_mpt(source: Path, target: Path, *, rows: int = 0, size: float = 0) -> None:
    """Write an .mpt with the records of another one, over and over, to a number of rows or of bytes."""
    lines = source.read_bytes().split(b"\r\n")
    count = int(lines[1].split(b":")[1])
    records = [line for line in lines[count:] if line]
    written = 0
    with target.open("wb") as stream:
        stream.write(b"\r\n".join(lines[:count]) + b"\r\n")
        while written < rows or stream.tell() < size:
            block = records[: rows - written] if rows else records
            stream.write(b"\r\n".join(block) + b"\r\n")
            written += len(block)


def own_times(paths: list[Path]) -> list[tuple[float, int]]:
    """Return the least seconds and rows of our readers."""
    sys.path.insert(0, str(ROOT / "workflow"))
    from coatbench import readers

    found = []
    for path in paths:
        times = []
        for _ in range(REPEATS + 1):
            start = time.perf_counter()
            rows = len(readers.read(path, "cycling").table)
            times.append(time.perf_counter() - start)
        found.append((min(times[1:]), rows))
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared/realdata/cycling")
    parser.add_argument("--peer-python", help="Python of an environment that has yadg")
    parser.add_argument("--gigabyte", action="store_true", help="also read 1 GB of text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mpr, mpt = Path(folder) / "a.mpr", Path(folder) / "a.mpt"
        repeat_mpr(options.folder / "v1150_GCPL.mpr", mpr, ROWS_MPR)
        repeat_mpt(options.folder / "v1150_GCPL.mpt", mpt, rows=ROWS_MPT)
        own = own_times([mpr, mpt])
        peer: dict[str, tuple[float, int]] = {}
        if options.peer_python:
            command = [options.peer_python, "-c", PEER, str(REPEATS), str(mpr), str(mpt)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peer = json.loads(done.stdout.splitlines()[-1])
        print(f"{'file':6} {'rows':>7} {'ours / ms':>10} {'yadg / ms':>10} {'ratio':>7}")
        for kind, (seconds, rows) in zip(("mpr", "mpt"), own, strict=True):
            line = f"{kind:6} {rows:7} {1e3 * seconds:10.2f}"
            if peer:
                other, other_rows = peer[f"eclab.{kind}"]
                assert rows == other_rows
                line += f" {1e3 * other:10.2f} {seconds / other:7.3f}"
            print(line)
        if options.gigabyte:
            big = Path(folder) / "big.mpt"
            repeat_mpt(options.folder / "v1150_GCPL.mpt", big, size=1e9)
            env = {"PYTHONPATH": str(ROOT / "workflow"), "PATH": ""}
            command = [sys.executable, "-c", MEMORY, str(big)]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
            rows_, seconds_, peak = done.stdout.split()
            print(f"1 GB of .mpt: {rows_} rows, {float(seconds_):.1f} s, peak {float(peak):.0f} MB")


if __name__ == "__main__":
    main()
