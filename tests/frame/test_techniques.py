"""The registry: what stands beside an entry, and that nothing else lists techniques."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from coatbench.errors import ReadError
from coatbench.readers.recognise import FORMATS, format_named, read, recognise
from coatbench.techniques import TECHNIQUES, incomplete, undescribed
from conftest import ROOT

WORKFLOW = ROOT / "workflow"
QTAC = "".join(f"{e}\t{e % 7}\n" for e in range(600, 640))


def test_every_technique_is_complete_and_has_formats() -> None:
    for name, technique in TECHNIQUES.items():
        assert incomplete(name, WORKFLOW) == []
        assert set(technique.simulated_from) <= {
            *technique.index.required,
            *technique.index.optional,
        }
    assert {f.technique for f in FORMATS} == set(TECHNIQUES)


def test_each_rule_that_makes_something_has_the_clock_among_its_inputs() -> None:
    """Else what does not hold any longer would not run again (rules/plan.smk)."""
    rules = [
        (path.name, rule)
        for path in sorted((WORKFLOW / "rules").glob("*.smk"))
        for rule in re.split(r"(?m)^\s*(?=rule\b)", path.read_text(encoding="utf-8"))
        if re.match(r"rule\b.*:\n", rule) and re.search(r"(?m)^\s+output:", rule)
    ]
    assert len(rules) > 35
    assert [r for r in rules if not re.search(r"\n\s+input:\n\s+CLOCK,\n", r[1])] == []


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    lines = incomplete("leis", tmp_path)
    assert [Path(line.split(":")[0]).name for line in lines] == ["leis.smk", "leis.yaml"]
    assert undescribed({"t": {"a": "what it is", "b": None, "c": " "}}, "t.yaml") == [
        f"t.yaml: t: {c}: expected what the column means, found nothing" for c in "bc"
    ]


def test_no_other_file_lists_techniques() -> None:
    places = [*WORKFLOW.rglob("*.py"), *WORKFLOW.rglob("*.smk"), *(ROOT / "docs").glob("*.py")]
    listing = re.compile(r'["\'](?:%s)["\'](?:\s*:[^\n]*)?,\s*["\'](?:%s)["\']' % (("|".join(TECHNIQUES),) * 2))  # fmt: skip
    assert [p for p in places if listing.search(p.read_text(encoding="utf-8"))] == []


def put(folder: Path, content: str | bytes, name: str = "export.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_is_recognised_among_the_formats_of_its_technique(tmp_path: Path) -> None:
    path = put(tmp_path, QTAC)
    assert recognise(path, "leis").name == "Qtac ASCII"
    with pytest.raises(ReadError) as caught:  # two columns of numbers are not sent to LEIS
        recognise(path, "xps")
    assert not {f.name for f in FORMATS if f.technique != "xps"} & set(
        re.split(", |formats ", str(caught.value))
    )
    assert "leis" not in str(caught.value)
    with pytest.raises(ReadError, match=r"found VAMAS \(xps\); move its row to xps/index.csv"):
        recognise(put(tmp_path, "VAMAS Surface Chemical Analysis Standard\n"), "leis")


def test_the_format_of_the_index_wins(tmp_path: Path) -> None:
    path = put(tmp_path, "a line of words\n" * 60 + QTAC)
    with pytest.raises(ReadError):
        recognise(path, "leis")
    assert recognise(path, "leis", "qtac ascii").name == "Qtac ASCII"
    assert format_named("VAMAS", "leis") is None
    with pytest.raises(ReadError, match=r"column format: expected one of the formats .*Qtac ASCII"):
        read(path, "leis", "VAMAS")
