"""The tests of a room, in processes of their own: which reach which line and what they cost, and whether they notice a bug."""

from __future__ import annotations

import ast
import functools
import gc
import json
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from inspect import CO_OPTIMIZED
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest
from planted_bugs import LIBRARY, ROOT, Bug

QUICK = "not slow and not workflow and not cluster and not browser"
IMPORT = "import"  # among the tests that reach a line: it runs before any of them
HANGS = 4  # times what a test takes without the bug, and
GRACE_S = 8  # seconds of CPU beyond


class Watch:
    """What the tests of a room need: seconds and shared fixtures of each, and which lines each reaches."""

    def __init__(self, coverage: Any, cpu_s: float) -> None:
        self.coverage, self.cpu_s = coverage, cpu_s
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
        signal.setitimer(signal.ITIMER_PROF, self.cpu_s)
        yield
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.enter(before)
        self.seconds[item.nodeid] += time.process_time() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:  # too slow, or what it needs is not at hand
            self.fixtures.pop(report.nodeid, None)

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


def _give_up(*_: Any) -> None:
    pytest.skip("slower than the time for a bug")


def watch(project: str, room: str, cpu_s: float, out: str) -> None:
    """Run the tests of a room under coverage; write their seconds, and the tests that reach each line.

    Those slower than `cpu_s` are left out.
    """
    from coverage import Coverage

    _enter(project)
    folder = Path(project) / LIBRARY / room
    coverage = Coverage(data_file=None, source=[str(folder)])
    watch = Watch(coverage, cpu_s)
    signal.signal(signal.SIGPROF, _give_up)
    began = time.process_time()
    coverage.start()
    code = pytest.main(["-q", "-m", QUICK, "-p", "no:cacheprovider", f"tests/{room}"], [watch])
    coverage.stop()
    users: dict[str, list[str]] = defaultdict(list, {"": [IMPORT]})
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


def _first(node: ast.stmt) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])


def reached(watched: dict[str, Any], bug: Bug) -> tuple[list[str], bool]:
    """Return the tests that reach the statement of a bug, those of its module if it runs at import or is compiled.

    The second is whether it does.
    """
    text = (ROOT / bug.module).read_text(encoding="utf-8")
    around = [
        (_first(node), node.body[0].lineno if hasattr(node, "body") else node.end_lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and _first(node) <= bug.number <= (node.end_lineno or 0)
    ]
    known = watched["lines"].get(bug.module, {})
    tests = {t for n in range(*max(around)) for t in known.get(str(n), [])}
    early = IMPORT in tests or "jit import" in text
    if early:
        tests = {t for some in known.values() for t in some}
    return sorted(tests - {IMPORT}), early


def in_order(watched: dict[str, Any], tests: list[str], cpu_s: float) -> dict[str, float]:
    """Return tests and what each takes alone, the cheap files first, as many as the time allows.

    What several set up together counts once.
    """
    seconds, fixtures = watched["seconds"], watched["tests"]

    def cost(some: Iterable[str]) -> float:
        return float(sum(seconds[x] for x in {*some, *(f for t in some for f in fixtures[t])}))

    files: dict[str, list[str]] = defaultdict(list)
    for test in sorted(tests, key=lambda t: cost([t])):
        files[test.partition("::")[0]].append(test)
    chosen: dict[str, float] = {}
    for file in sorted(files.values(), key=cost):
        for test in file:
            if cost([*chosen, test]) <= cpu_s:
                chosen[test] = cost([test])
    return chosen


def _limit(cost_s: float) -> None:
    """End this process when its next test takes much longer than it does without a bug."""
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    limit = time.process_time() + HANGS * cost_s + GRACE_S
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit), most))


class Chosen:
    """Runs these tests only, in this order."""

    def __init__(self, tests: dict[str, float]) -> None:
        self.tests = tests
        self.place = {test: i for i, test in enumerate(tests)}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        _limit(self.tests[nodeid])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (i for i in items if i.nodeid in self.place), key=lambda i: self.place[i.nodeid]
        )


def _enter(project: str) -> None:
    """Make this process one that runs tests of a copied project, silently."""
    os.chdir(project)
    os.environ["PYTHONPATH"] = str(Path(project) / "workflow")  # of what a test starts elsewhere
    os.setsid()
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)


def run_tests(project: str, tests: dict[str, float]) -> None:
    """Run tests up to the first that fails; the exit code is pytest's."""
    _enter(project)
    sys.dont_write_bytecode = True
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    os._exit(int(pytest.main([*_arguments(project), "-x", *files], [Chosen(tests)])))


def _arguments(project: str) -> list[str]:
    return ["-q", "-m", QUICK, "-p", "no:cacheprovider", f"--basetemp={project}-tmp"]


def _functions(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """Return the functions that are defined in code, at any depth."""
    found = {}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & CO_OPTIMIZED:
                found[inner.co_qualname, inner.co_firstlineno] = inner
            found |= _functions(inner)
    return found


def _exchange(path: str, text: str) -> None:
    """Give the functions of an imported module the code that they have in a changed text, and forget what they returned."""
    made = _functions(compile(text, path, "exec", dont_inherit=True))
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == path:
            key = thing.__code__.co_qualname, thing.__code__.co_firstlineno
            if key in made:
                thing.__code__ = made[key]
        elif isinstance(thing, functools._lru_cache_wrapper):
            thing.cache_clear()


class Forks:
    """Runs tests that were collected once, again and again, each time with another bug in a process of its own."""

    def __init__(self, asked: Connection) -> None:
        self.asked = asked

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        while (bug := self.asked.recv()) is not None:
            path, text, tests = bug
            child = os.fork()
            if not child:
                os.setsid()
                self.run(session, [items[t] for t in tests], tests, path, text)
            end = time.monotonic() + waits(tests)
            while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < end:
                time.sleep(0.02)
            if not ended[0]:
                os.killpg(child, signal.SIGKILL)
                ended = os.waitpid(child, 0)
            self.asked.send(ended[1] == 0)
        return True

    @staticmethod
    def run(
        session: pytest.Session, items: list[pytest.Item], tests: dict[str, float], path: str, text: str
    ) -> None:  # fmt: skip
        """Run tests with a bug up to the first that fails, and end this process; a bug that is no Python is noticed."""
        try:
            _exchange(path, text)
            for item, following in zip(items, [*items[1:], None], strict=True):
                _limit(tests[item.nodeid])
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    break
        finally:
            os._exit(int(session.testsfailed > 0 or sys.exc_info()[0] is not None))


def waits(tests: dict[str, float]) -> float:
    """Return the seconds after which tests that wait for something are given up."""
    return 20 * HANGS * (GRACE_S + sum(tests.values()))


def serve(project: str, room: str, asked: Connection) -> None:
    """Collect the tests of a room and run them with one bug after the other."""
    _enter(project)
    sys.dont_write_bytecode = True
    pytest.main([*_arguments(project), f"tests/{room}"], [Forks(asked)])
