"""Small bugs in the science rooms: where one can be planted, and which are drawn."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import parso
from cosmic_ray.ast import ast_nodes, is_number
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

ROOT = Path(__file__).parents[1]
LIBRARY = Path("workflow") / "coatbench"
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
