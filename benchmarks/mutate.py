"""Do the tests notice? Small bugs, planted one by one in the science rooms, each held against its room's tests.

    make mutate                       (200 bugs, some hours of one core)
    python benchmarks/mutate.py --bugs 40 --rooms leis stem --seed 7

The bugs are cosmic-ray's: an operator, a comparison, a number, a truth value is exchanged. They are drawn with a seed,
the same number from each room, and planted in copies of the project, never in the checkout. A bug that its room's tests
pass has survived: it is printed with its line. Those that change no result at all stand with their reason in
`benchmarks/equivalent_bugs.yaml` and are set aside. The table goes to `docs/tests.md`.
"""

from __future__ import annotations

import argparse
import difflib
import random
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import yaml
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
QUICK = "not slow and not workflow and not cluster and not browser"


@dataclass(frozen=True)
class Bug:
    """One exchange at one place; `line` and `becomes` are the line of code without and with it."""

    room: str
    module: str
    exchange: str
    place: int
    number: int
    line: str
    becomes: str


def bugs_of(room: str, module: Path) -> list[Bug]:
    """Return every bug that can be planted in a module."""
    code = (ROOT / module).read_text(encoding="utf-8")
    before = code.splitlines()
    found = []
    for exchange in EXCHANGES:
        operator = get_operator(f"core/{exchange}")()
        place = 0
        while (changed := mutate_code(code, operator, place)) is not None:
            after = changed.splitlines()
            steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
            at = next(i for tag, i, *_ in steps if tag != "equal")
            bug = (before[at].strip(), after[at].strip())
            found.append(Bug(room, module.as_posix(), exchange, place, at + 1, *bug))
            place += 1
    return found


def planted(bug: Bug, project: Path, seconds: int) -> bool:
    """Plant a bug in a copy of the project; return whether its room's tests notice."""
    target = project / bug.module
    sound = target.read_text(encoding="utf-8")
    broken = mutate_code(sound, get_operator(f"core/{bug.exchange}")(), bug.place)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", QUICK, "-p", "no:cacheprovider"]
    try:
        target.write_text(str(broken), encoding="utf-8")
        run = subprocess.run(
            [*command, f"tests/{bug.room}"], cwd=project, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return True  # a bug that hangs is noticed
    finally:
        target.write_text(sound, encoding="utf-8")
    return run.returncode != 0


def copied(folder: Path) -> Path:
    """Copy what git tracks, so that bugs are planted there; data that all share stand beside it."""
    archive = subprocess.Popen(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE)
    project = folder / ROOT.name
    project.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", str(project)], stdin=archive.stdout, check=True)
    if (ROOT.parent / "shared").is_dir():
        (folder / "shared").symlink_to(ROOT.parent / "shared")
    return project


def main() -> None:
    """Draw bugs, plant them, print and write what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bugs", type=int, default=200)
    parser.add_argument("--rooms", nargs="+", default=ROOMS, choices=ROOMS)
    parser.add_argument("--seed", type=int, default=20250311)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=600, help="longest run of a room's tests")
    parser.add_argument("--write", type=Path, help="table of the result (Markdown)")
    given = parser.parse_args()

    aside = yaml.safe_load((ROOT / "benchmarks" / "equivalent_bugs.yaml").read_text()) or []
    equivalent = {(entry["module"], entry["line"], entry["becomes"]) for entry in aside}
    drawn: list[Bug] = []
    for room in given.rooms:
        modules = sorted((ROOT / LIBRARY / room).glob("*.py"))
        every = [b for m in modules for b in bugs_of(room, m.relative_to(ROOT))]
        every = [b for b in every if (b.module, b.line, b.becomes) not in equivalent]
        share = -(-given.bugs // len(given.rooms))
        drawn += random.Random(f"{given.seed} {room}").sample(every, min(share, len(every)))

    with tempfile.TemporaryDirectory() as folder:
        free: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.processes):
            free.put(copied(Path(folder) / str(number)))

        def held(bug: Bug) -> bool:
            project = free.get()
            noticed = planted(bug, project, given.seconds)
            free.put(project)
            if not noticed:
                print(f"{bug.module}:{bug.number}: {bug.line}  ->  {bug.becomes}", flush=True)
            return noticed

        with ThreadPoolExecutor(given.processes) as pool:
            noticed = list(pool.map(held, drawn))

    total = Counter(bug.room for bug in drawn)
    survived = Counter(bug.room for bug, seen in zip(drawn, noticed, strict=True) if not seen)
    lines = ["| room | bugs | survived |", "|---|---:|---:|"]
    lines += [f"| {room} | {total[room]} | {survived[room]} |" for room in given.rooms]
    share_percent = 100 * survived.total() / max(1, total.total())
    lines.append(f"| all | {total.total()} | {survived.total()} ({share_percent:.0f} %) |")
    print("\n".join(lines))
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        head, _, rest = text.partition("<!-- survivors: made by `make mutate` -->")
        _, _, tail = rest.partition("<!-- end of the survivors -->")
        table = "\n".join(lines)
        given.write.write_text(
            f"{head}<!-- survivors: made by `make mutate` -->\n{table}\n<!-- end of the survivors -->{tail}",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
