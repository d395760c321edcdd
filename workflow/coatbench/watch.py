"""Run again whenever exports or tables of a study change: for a measurement that still goes on."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .techniques import TECHNIQUES

State = dict[str, tuple[int, int]]
_DONE = re.compile(r"^Finished jobid: \d+ \(Rule: (\w+)\)")
_PLAN = re.compile(r"^(\w+)\s+(\d+)$")


def state(folder: str | Path) -> State:
    """Return size and time of every file of a study, by its path."""
    found: State = {}
    for path in Path(folder).rglob("*"):
        try:
            about = path.stat()
        except OSError:  # an instrument that replaces its file: it is there the next time
            continue
        if path.is_file():
            found[path.as_posix()] = (about.st_size, about.st_mtime_ns)
    return found


def changes(
    folder: str | Path,
    *,
    settle_s: float = 5.0,
    poll_s: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[list[str]]:
    """Yield what has changed in a study whenever it has been quiet for a while; first, with nothing, at once.

    Parameters
    ----------
    settle_s : float
        A file that was written less than this ago is still being written.
    poll_s : float
        How often the folder is looked at.
    """
    seen = state(folder)
    yield []
    while True:
        sleep(poll_s)
        now = state(folder)
        if now == seen:
            continue
        last = clock()
        while clock() - last < settle_s:
            sleep(poll_s)
            later = state(folder)
            if later != now:
                now, last = later, clock()
        changed = sorted(path for path in {*seen, *now} if seen.get(path) != now.get(path))
        seen = now
        if changed:
            yield changed


class Progress:
    """Turns what Snakemake prints into one line per technique, printed when it changes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._planned: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._in_plan = False

    def read(self, line: str) -> None:
        """Take one line of Snakemake's output."""
        if line.startswith("job ") and "count" in line:
            self._in_plan, self._planned, self._done = True, {}, {}
        elif self._in_plan and (job := _PLAN.match(line)):
            if job[1] != "total":
                where = technique_of(job[1])
                self._planned[where] = self._planned.get(where, 0) + int(job[2])
        elif line.strip() and not line.startswith("-"):
            self._in_plan = False
        if done := _DONE.match(line):
            where = technique_of(done[1])
            self._done[where] = self._done.get(where, 0) + 1
            if self._done[where] == self._planned.get(where):
                self._say(f"  {where}: {self._done[where]} jobs done")
        elif line.startswith(("Error in rule", "RuleException")) or ": expected " in line:
            self._say(f"  {line.strip()}")


def technique_of(rule: str) -> str:
    """Return the title of the technique that a rule belongs to; others are of the report.

    Examples
    --------
    >>> technique_of("xps_sample"), technique_of("page")
    ('XPS', 'ranking and report')
    """
    rule = rule.removeprefix("simulate_")
    for name, about in TECHNIQUES.items():
        if rule.startswith(f"{name}_"):
            return about.title
    return "ranking and report"


def run(command: Sequence[str], say: Callable[[str], None]) -> int:
    """Run Snakemake once, saying how far it is; return its exit code."""
    progress = Progress(say)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            progress.read(line.rstrip("\n"))
    return process.returncode


def watch(
    study: str | Path,
    results: str | Path,
    *,
    cores: int = 1,
    settle_s: float = 5.0,
    poll_s: float = 2.0,
    runs: int | None = None,
    more: Sequence[str] = (),
    say: Callable[[str], None] = lambda line: print(line, flush=True),
) -> int:
    """Run the workflow now and after every change, until interrupted or after so many `runs`; return the last exit code.

    `more` are further arguments of Snakemake.
    """
    command = [
        sys.executable, "-m", "snakemake", "--cores", str(cores), *more,
        "--config", f"study={study}", f"results={results}",
    ]  # fmt: skip
    code = 0
    for n, changed in enumerate(changes(study, settle_s=settle_s, poll_s=poll_s), start=1):
        if changed:
            names = [Path(c).relative_to(study).as_posix() for c in changed]
            rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
            say(f"{time.strftime('%H:%M:%S')} changed: {', '.join(names[:3])}{rest}")
        code = run(command, say)
        said = "up to date" if code == 0 else "failed; the lines above say why"
        say(f"{time.strftime('%H:%M:%S')} {Path(results) / 'report.html'}: {said}")
        if n == runs:
            break
    return code
