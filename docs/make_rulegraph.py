"""Write the rule graph into docs/architecture.md, as Snakemake sees it for the demo study: python docs/make_rulegraph.py

Exports are one node, each technique is a box, and what leads from many rules of a box to one outside is one arrow.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
START, END = "<!-- rule graph: made by `make docs` -->\n", "<!-- end of the rule graph -->"
sys.path.insert(0, str(ROOT / "workflow"))

from coatbench.techniques import TECHNIQUES  # noqa: E402

EXPORTS = "exports"


def rules() -> tuple[list[str], list[tuple[str, str]]]:
    """Return the rules of the demo study and their arrows, from `snakemake --rulegraph`."""
    text = subprocess.run(
        [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = {
        number: EXPORTS if name.startswith("simulate_") else name
        for number, name in re.findall(r"^\s*(id\d+)\[(\w+)\]", text, flags=re.M)
    }
    arrows = re.findall(r"^\s*(id\d+) --> (id\d+)", text, flags=re.M)
    return list(dict.fromkeys(names.values())), [(names[a], names[b]) for a, b in arrows]


def box_of(rule: str, arrows: list[tuple[str, str]]) -> str:
    """Return the technique of a rule: by its name, a figure's by what it is drawn from; empty if there is none."""
    for technique in TECHNIQUES:
        if rule.startswith(f"{technique}_"):
            return technique
    sources = {box_of(a, arrows) for a, b in arrows if b == rule and a not in (EXPORTS, rule)}
    return sources.pop() if len(sources) == 1 else ""


def graph() -> str:
    """Return the graph as a Mermaid block."""
    names, arrows = rules()
    names = [n for n in names if n != "all"]
    boxes = {n: box_of(n, arrows) for n in names}
    lines = ["```mermaid", "flowchart LR"]
    for technique, known in TECHNIQUES.items():
        inside = sorted(n for n in names if boxes[n] == technique)
        if inside:
            lines += [
                f'  subgraph {technique} ["{known.title}"]',
                *(f"    {n}" for n in inside),
                "  end",
            ]
    lines += [f"  {n}" for n in sorted(n for n in names if not boxes[n])]
    drawn = {
        (boxes[a] if boxes[a] and not boxes[b] else a, boxes[b] if a == EXPORTS else b)
        for a, b in arrows
        if "all" not in (a, b)
    }
    lines += [f"  {a} --> {b}" for a, b in sorted(drawn)]
    return "\n".join([*lines, "```"]) + "\n"


def page() -> str:
    """Return the page with its graph made anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    return before + START + graph() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
