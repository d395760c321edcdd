"""Do the tests notice? Small bugs, planted one by one in the science rooms, each held against its room's tests.

    make mutate                       (200 bugs, one to two hours of one core)
    python benchmarks/mutate.py --bugs 40 --rooms leis stem --seed 7

The bugs are cosmic-ray's: an operator, a comparison, a number, a truth value is exchanged. They are drawn with a seed,
the same number from each room, and planted in copies of the project, never in the checkout. A room's tests run once
without a bug, under coverage, to see which of them reach which line and what they cost; a bug is held against those that
reach its line, the quick ones first, up to the first that fails; what runs at import against those that reach its module.
A bug that they all pass has survived and is printed with its line, also where only a slower test than `--cpu` allows would
have noticed. Those that change no result at all stand with their reason in `benchmarks/equivalent_bugs.yaml` and are set
aside. The table goes to `docs/tests.md`. What was found stands in `.mutate/`, for one state of code and tests: a run that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import SimpleQueue
from typing import Any

import yaml
from planted_bugs import ROOT, Bug, broken, drawn
from room_tests import in_order, reached, run_tests, serve, waits, watch

ROOMS = ("xps", "tga_ms", "leis", "cycling", "sims", "stem", "ranking")
# What every test imports: once, before the process of a bug is forked off.
PRELOAD = ["pytest", "numpy", "pandas", "scipy.optimize", "scipy.ndimage", "scipy.stats", "lmfit", "xarray", "matplotlib.pyplot", "h5py", "hypothesis", "jsonschema"]  # fmt: skip
MARK, END = "<!-- survivors: made by `make mutate` -->", "<!-- end of the survivors -->"


@dataclass
class Copy:
    """A copy of the project that bugs are planted in, and a process that has collected the tests of one room there."""

    context: Any
    project: Path
    room: str = ""
    asked: Any = None

    def ask(self, room: str, *what: Any) -> bool:
        """Return whether tests pass with a bug in functions that are imported already."""
        if room != self.room:
            self.close()
            self.asked, other = self.context.Pipe()
            self.room = room
            self.context.Process(target=serve, args=(str(self.project), room, other)).start()
        self.asked.send(what)
        return bool(self.asked.recv())

    def close(self) -> None:
        """End the process."""
        if self.room:
            self.asked.send(None)

    def passes(self, tests: dict[str, float]) -> bool:
        """Tell whether tests pass in a process that imports the copy as it stands."""
        process = self.context.Process(target=run_tests, args=(str(self.project), tests))
        process.start()
        process.join(waits(tests))
        if process.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
        return bool(process.exitcode == 0)

    def survives(self, bug: Bug, watched: dict[str, Any], cpu_s: int) -> bool:
        """Plant a bug; return whether the tests that reach it pass."""
        target = self.project / bug.module
        sound = target.read_text(encoding="utf-8")
        reaching, early = reached(watched, bug)
        tests = in_order(watched, reaching, cpu_s)
        if not tests:
            return True
        if not early:
            return self.ask(bug.room, str(target), broken(bug, sound), tests)
        try:
            target.write_text(broken(bug, sound), encoding="utf-8")
            return self.passes(tests)
        finally:
            target.write_text(sound, encoding="utf-8")


def copied(folder: Path) -> Path:
    """Copy what git tracks, so that bugs are planted there; data that all share stand beside it."""
    archive = subprocess.Popen(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE)
    project = folder / ROOT.name
    project.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", str(project)], stdin=archive.stdout, check=True)
    if (ROOT.parent / "shared").is_dir():
        (folder / "shared").symlink_to((ROOT.parent / "shared").resolve())
    # Byte code that is held against the content: an exchanged sign changes neither size nor, within a second, time.
    compileall.compile_dir(
        project / "workflow", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH
    )
    return project


def state() -> str:
    """Return a digest of what a bug's fate depends on: committed code, tests and demo study."""
    parts = [f"HEAD:{part}" for part in ("workflow", "tests", "data", "config.yaml")]
    trees = subprocess.run(["git", "rev-parse", *parts], cwd=ROOT, check=True, capture_output=True)
    return hashlib.sha256(trees.stdout).hexdigest()[:12]


def table(rooms: list[str], total: Counter, aside: Counter, survived: Counter) -> str:
    """Return the result in Markdown."""
    lines = ["| room | bugs | survived | set aside |", "|---|---:|---:|---:|"]
    lines += [f"| {r} | {total[r]} | {survived[r]} | {aside[r]} |" for r in rooms]
    percent = 100 * survived.total() / max(1, total.total())
    share = f"{survived.total()} ({percent:.0f} %)"
    return "\n".join([*lines, f"| all | {total.total()} | {share} | {aside.total()} |"])


def main() -> None:
    """Draw bugs, plant them, print and write what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bugs", type=int, default=200)
    parser.add_argument("--rooms", nargs="+", default=ROOMS, choices=ROOMS)
    parser.add_argument("--seed", type=int, default=20250311)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cpu", type=int, default=120, help="CPU seconds of tests for a bug")
    parser.add_argument(
        "--keep", type=Path, default=ROOT / ".mutate", help="folder of what was found"
    )
    parser.add_argument("--write", type=Path, help="table of the result (Markdown)")
    given = parser.parse_args()

    listed = yaml.safe_load((ROOT / "benchmarks" / "equivalent_bugs.yaml").read_text()) or []
    equivalent = {(entry["module"], entry["line"], entry["becomes"]) for entry in listed}
    bugs: list[Bug] = []
    aside = Counter[str]()
    for room in given.rooms:
        found, aside[room] = drawn(room, -(-given.bugs // len(given.rooms)), given.seed, equivalent)
        bugs += found

    kept = given.keep.resolve() / state()
    kept.mkdir(parents=True, exist_ok=True)
    decided = kept / "bugs.jsonl"
    before = {}
    for line in decided.read_text(encoding="utf-8").splitlines() if decided.is_file() else ():
        found = json.loads(line)
        if not found["survived"] or found["cpu_s"] >= given.cpu:
            before[found["key"]] = found["survived"]

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    with tempfile.TemporaryDirectory() as folder:
        copies = [
            Copy(context, copied(Path(folder) / str(number))) for number in range(given.processes)
        ]
        free: SimpleQueue[Copy] = SimpleQueue()
        for copy in copies:
            free.put(copy)

        def look(room: str) -> dict[str, Any]:
            out = kept / f"{room}.json"
            if not out.is_file():
                copy = free.get()
                process = context.Process(
                    target=watch, args=(str(copy.project), room, given.cpu, str(out))
                )
                process.start()
                process.join()
                free.put(copy)
            found: dict[str, Any] = json.loads(out.read_text())
            if not found["passed"]:
                sys.exit(f"tests/{room}: expected tests that pass without a bug; run them")
            print(f"{room}: {len(found['tests'])} tests, {found['cpu_s']:.0f} s", flush=True)
            return found

        def hold(bug: Bug) -> bool:
            lives: bool | None = before.get(bug.key)
            if lives is None:
                copy, began = free.get(), time.monotonic()
                lives = copy.survives(bug, known[bug.room], given.cpu)
                free.put(copy)
                took = {"survived": lives, "cpu_s": given.cpu, "wall_s": time.monotonic() - began}
                with decided.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(asdict(bug) | {"key": bug.key} | took) + "\n")
            what = "SURVIVED" if lives else "noticed "
            line = f"{bug.module}:{bug.number}: {bug.line}  ->  {bug.becomes}"
            print(f"{what} {line}", flush=True)
            return lives

        known: dict[str, dict[str, Any]] = {}
        alive: list[bool] = []
        with ThreadPoolExecutor(given.processes) as pool:
            for room in given.rooms:
                known[room] = look(room)
                alive += pool.map(hold, [bug for bug in bugs if bug.room == room])
        for copy in copies:
            copy.close()

    total = Counter(bug.room for bug in bugs)
    lived = Counter(bug.room for bug, lives in zip(bugs, alive, strict=True) if lives)
    text = table(given.rooms, total, aside, lived)
    print(text)
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        head, tail = page.partition(MARK)[0], page.partition(END)[2]
        given.write.write_text(f"{head}{MARK}\n{text}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
