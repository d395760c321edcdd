"""Write docs/tables.md, the columns of all result tables, from their schemas: python docs/make_tables.py"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "workflow" / "schemas" / "tables"
sys.path.insert(0, str(ROOT / "workflow"))

from coatbench.techniques import TECHNIQUES  # noqa: E402

TITLES = {name: t.title for name, t in TECHNIQUES.items()} | {
    "ranking": "Ranking",
    "claims": "Claims",
}
HEAD = """# Result tables

One fact a row, in `results/tables/*.csv`: UTF-8, comma, decimal point, at most twelve significant digits. The unit is part of a column's
name; `_sd` is one standard uncertainty, `_ci_low` and `_ci_high` are the ends of a 95 % interval. What is unknown is an empty cell,
never 0. Text that a spreadsheet would take for a formula starts with an apostrophe.

This page is written by `make docs` from `workflow/schemas/tables/*.yaml`. Beside the tables below stand `problems` and
`warnings` (technique, unit, text): what could not be analysed, and what readers and methods warn of; `quality` (technique, unit, value,
quality, note): every value that should be doubted, the worst first; and `excluded` (technique, unit, reason): the rows of the indexes
that were left out on purpose.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for technique, title in TITLES.items():
        path = SCHEMAS / f"{technique}.yaml"
        if not path.is_file():
            continue
        parts.append(f"## {title}\n")
        for table, columns in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            parts.append(f"### {table}\n\n| column | meaning |\n|---|---|")
            parts += [
                f"| `{column}` | {' '.join(str(text).split()).replace('|', chr(92) + '|')} |"
                for column, text in columns.items()
            ]
            parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    (ROOT / "docs" / "tables.md").write_text(page(), encoding="utf-8")
