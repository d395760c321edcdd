"""Do the tests notice? Small bugs, planted one by one in the science rooms, each held against its room's tests.

    make mutate                       (200 bugs, one to two hours of one core)
    python benchmarks/mutate.py --bugs 40 --rooms leis stem --seed 7

The bugs are cosmic-ray's: an operator, a comparison, a number, a truth value is exchanged. They are drawn with a seed,
the same number from each room, and planted in copies of the project, never in the checkout. A room's tests run once
without a bug, under coverage, to see which of them reach which line and what they cost; a bug is held against those that
reach its line, the quick ones first, up to the first that fails; what runs at import against those that reach its module.
A bug that they all pass has survived and is printed with its line, also where only a slower test than `--cpu` allows would
have noticed. Those that change no result at all stand with their reason in `benchmarks/equivalent_bugs.yaml` and are set
aside. The table goes to `docs/tests.md`.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import hashlib
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import SimpleQueue
from typing import Any

import parso
import pytest
import yaml
from cosmic_ray.ast import ast_nodes, is_number
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).parents[1]
LIBRARY = Path("workflow") / "coatbench"
ROOMS = ("xps", "tga_ms", "leis", "cycling", "sims", "stem", "ranking")
# Of cosmic-ray's exchanges those that a tired person makes: signs, factors, directions, limits, off by one.
EXCHANGES = (
    *(
        f"ReplaceBinaryOperator_{x}"
        for x in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")
    ),
    *(
        f"ReplaceComparisonOperator_{x}"
        for x in ("Lt_Gt", "Gt_Lt", "LtE_GtE", "GtE_LtE", "Eq_NotEq")
    ),
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "NumberReplacer",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
)
# cosmic-ray changes a number by one. A limit of 40 that becomes 39 is a choice, no bug that a test should know.
LEAST_CHANGE = 0.1
QUICK = "not slow and not workflow and not cluster and not browser"
CPU_FACTOR = 5  # a bug that needs so many times what its tests take hangs
# What every test imports: once, before the process of a bug is forked off.
PRELOAD = ["pytest", "numpy", "pandas", "scipy.optimize", "scipy.ndimage", "scipy.stats", "lmfit", "xarray", "matplotlib.pyplot", "h5py", "hypothesis", "jsonschema"]  # fmt: skip
MARK, END = "<!-- survivors: made by `make mutate` -->", "<!-- end of the survivors -->"


@dataclass(frozen=True)
class Bug:
    """One exchange at one place; `line` and `becomes` are the line of code without and with it."""

    room: str
    module: str
    exchange: str
    place: int
    number: int
    line: str
    nth: int
    becomes: str = ""

    @property
    def key(self) -> str:
        """Where in the drawing it comes: the same for an unchanged line, whatever else changes."""
        text = f"{self.module} {self.exchange} {self.nth} {self.line}"
        return hashlib.sha256(text.encode()).hexdigest()


def bugs_of(room: str, module: Path) -> Iterator[Bug]:
    """Yield every bug that can be planted in a module."""
    code = (ROOT / module).read_text(encoding="utf-8")
    lines = code.splitlines()
    nodes = list(ast_nodes(parso.parse(code)))
    for exchange in EXCHANGES:
        operator = get_operator(f"core/{exchange}")()
        place, seen = -1, Counter[str]()
        for node in nodes:
            for (number, _), _ in operator.mutation_positions(node):
                place += 1
                if is_number(node) and abs(ast.literal_eval(node.value)) * LEAST_CHANGE > 1:
                    continue
                line = lines[number - 1].strip()
                seen[line] += 1
                yield Bug(room, module.as_posix(), exchange, place, number, line, seen[line])


def broken(bug: Bug, code: str) -> str:
    """Return the code with the bug in it."""
    return str(mutate_code(code, get_operator(f"core/{bug.exchange}")(), bug.place))


def drawn(
    room: str, share: int, seed: int, aside: set[tuple[str, str, str]]
) -> tuple[list[Bug], int]:
    """Return so many bugs of a room, and how many were set aside on the way."""
    modules = sorted((ROOT / LIBRARY / room).glob("*.py"))
    every = [b for m in modules for b in bugs_of(room, m.relative_to(ROOT))]
    every.sort(key=lambda b: hashlib.sha256(f"{seed} {b.key}".encode()).digest())
    found: list[Bug] = []
    skipped = 0
    for bug in every:
        code = (ROOT / bug.module).read_text(encoding="utf-8")
        bug = replace(bug, becomes=broken(bug, code).splitlines()[bug.number - 1].strip())
        if (bug.module, bug.line, bug.becomes) in aside:
            skipped += 1
        else:
            found.append(bug)
        if len(found) == share:
            break
    return found, skipped


class Watch:
    """What the tests of a room need: seconds and shared fixtures of each, and which lines each reaches."""

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = defaultdict(float)
        self.fixtures: dict[str, list[str]] = {}
        self.context = ""

    def enter(self, context: str) -> str:
        """Note lines for a test or a fixture from here on; return for which before."""
        before, self.context = self.context, context
        self.coverage.switch_context(context)
        return before

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.fixtures[item.nodeid] = list(getattr(item, "fixturenames", []))
        began, before = time.process_time(), self.enter(item.nodeid)
        yield
        self.enter(before)
        self.seconds[item.nodeid] += time.process_time() - began

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        if fixturedef.scope == "function":
            yield
            return
        began, before = time.process_time(), self.enter(f"fixture {fixturedef.argname}")
        yield
        self.enter(before)
        self.seconds[f"fixture {fixturedef.argname}"] += time.process_time() - began
        self.seconds[before] -= time.process_time() - began


def watch(project: str, room: str, out: str) -> None:
    """Run the tests of a room under coverage; write their seconds, and the tests that reach each line."""
    from coverage import Coverage

    _enter(project)
    folder = Path(project) / LIBRARY / room
    coverage = Coverage(data_file=None, source=[str(folder)])
    watch = Watch(coverage)
    began = time.process_time()
    coverage.start()
    code = pytest.main(["-q", "-m", QUICK, "-p", "no:cacheprovider", f"tests/{room}"], [watch])
    coverage.stop()
    users: dict[str, list[str]] = defaultdict(list)
    for test, fixtures in watch.fixtures.items():
        users[test].append(test)
        for name in fixtures:
            users[f"fixture {name}"].append(test)
    shared = {name for name in watch.seconds if name not in watch.fixtures}
    fixtures = {t: sorted({f"fixture {n}" for n in f} & shared) for t, f in watch.fixtures.items()}
    data, lines = coverage.get_data(), {}
    for path in data.measured_files():
        lines[Path(path).relative_to(project).as_posix()] = {
            number: sorted({t for c in contexts for t in users.get(c, [])})
            for number, contexts in data.contexts_by_lineno(path).items()
        }
    found = {
        "passed": code == 0, "cpu_s": time.process_time() - began, "seconds": watch.seconds,
        "tests": fixtures, "lines": lines,
    }  # fmt: skip
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def reached(watched: dict[str, Any], bug: Bug) -> list[str]:
    """Return the tests that reach the statement of a bug; its module where it runs at import or is compiled."""
    tree = ast.parse((ROOT / bug.module).read_text(encoding="utf-8"))
    around = [
        (node.lineno, node.body[0].lineno if hasattr(node, "body") else node.end_lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= bug.number <= (node.end_lineno or 0)
    ]
    first, end = max(around)
    known = watched["lines"].get(bug.module, {})
    found = {t for n in range(first, end) for t in known.get(str(n), [])}
    return sorted(found or {t for tests in known.values() for t in tests})


def in_order(watched: dict[str, Any], tests: list[str], cpu_s: float) -> list[str]:
    """Return tests, the cheap files first, as many as the time allows; what several set up together counts once."""
    seconds, fixtures = watched["seconds"], watched["tests"]

    def cost(some: list[str]) -> float:
        return float(sum(seconds[x] for x in {*some, *(f for t in some for f in fixtures[t])}))

    files: dict[str, list[str]] = defaultdict(list)
    for test in sorted(tests, key=lambda t: cost([t])):
        files[test.partition("::")[0]].append(test)
    chosen: list[str] = []
    for file in sorted(files.values(), key=cost):
        for test in file:
            if cost([*chosen, test]) <= cpu_s:
                chosen.append(test)
    return chosen


class Chosen:
    """Runs these tests only, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self.place = {test: i for i, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (i for i in items if i.nodeid in self.place), key=lambda i: self.place[i.nodeid]
        )


def _enter(project: str) -> None:
    """Make this process one that runs tests of a copied project, silently."""
    os.chdir(project)
    os.setsid()
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)


def run_tests(project: str, tests: list[str], cpu_s: int) -> None:
    """Run tests up to the first that fails; the exit code is pytest's."""
    _enter(project)
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    arguments = ["-q", "-x", "-m", QUICK, "-p", "no:cacheprovider", *files]
    os._exit(int(pytest.main(arguments, [Chosen(tests)])))


def passed(context: Any, project: Path, tests: list[str], cpu_s: int) -> bool:
    """Tell whether all these tests pass; one that hangs does not."""
    process = context.Process(target=run_tests, args=(str(project), tests, cpu_s))
    process.start()
    process.join(20 * cpu_s)
    if process.is_alive():
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode == 0


def survives(bug: Bug, project: Path, watched: dict[str, Any], context: Any, cpu_s: int) -> bool:
    """Plant a bug in a copy of the project; return whether the tests that reach it pass."""
    target = project / bug.module
    sound = target.read_text(encoding="utf-8")
    tests = in_order(watched, reached(watched, bug), cpu_s)
    if not tests:
        return True
    try:
        target.write_text(broken(bug, sound), encoding="utf-8")
        return passed(context, project, tests, CPU_FACTOR * cpu_s)
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
        "--watched",
        type=Path,
        help="folder that keeps what the tests reach, for this state of the code only",
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

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    with tempfile.TemporaryDirectory() as folder:
        free: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.processes):
            free.put(copied(Path(folder) / str(number)))

        def look(room: str) -> dict[str, Any]:
            out = (given.watched or Path(folder)).resolve() / f"{room}.json"
            if not out.is_file():
                project = free.get()
                process = context.Process(target=watch, args=(str(project), room, str(out)))
                process.start()
                process.join()
                free.put(project)
            found: dict[str, Any] = json.loads(out.read_text())
            if not found["passed"]:
                sys.exit(f"tests/{room}: expected tests that pass without a bug; run them")
            print(f"{room}: {len(found['tests'])} tests, {found['cpu_s']:.0f} s", flush=True)
            return found

        def hold(bug: Bug) -> bool:
            project = free.get()
            lives = survives(bug, project, known[bug.room], context, given.cpu)
            free.put(project)
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

    total = Counter(bug.room for bug in bugs)
    lived = Counter(bug.room for bug, lives in zip(bugs, alive, strict=True) if lives)
    text = table(given.rooms, total, aside, lived)
    print(text)
    if given.write:
        before = given.write.read_text(encoding="utf-8")
        head, tail = before.partition(MARK)[0], before.partition(END)[2]
        given.write.write_text(f"{head}{MARK}\n{text}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
