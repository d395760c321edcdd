"""Records of jobs: what they name, what they notice, what they cost."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from coatbench import checksums, records, software
from coatbench.errors import StudyError
from coatbench.places import Places
from coatbench.records import Job, plan, withdraw, write_record
from coatbench.results_folder import claim, foreign, taken_back


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    for folder in ("study", "out", "project/workflow"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return Places("out", "study", str(tmp_path / "project"))


def made(places: Places, files: int = 1) -> Job:
    """A job that has run: it read some files of the study and wrote a table."""
    raw = []
    for i in range(files):
        Path(f"study/{i}.txt").write_text(f"export {i}")
        raw.append(f"study/{i}.txt")
    Path("out/table.csv").write_text("a,b\n")
    job = Job(tuple(raw), ("out/table.csv",), {"config": {"window_eV": 40.0}})
    write_record(job, places)
    return job


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("study/leis/a.txt", "study:leis/a.txt"),
        ("./study//leis/a.txt", "study:leis/a.txt"),
        ("out/tables/a.csv", "results:tables/a.csv"),
        ("project/workflow/a.csv", "workflow:workflow/a.csv"),
        ("other/a.csv", "beside:../other/a.csv"),
    ],
)
def test_a_path_has_one_name(places: Places, path: str, name: str) -> None:
    found = places.name(path)
    assert found == name
    assert Path(path).absolute().as_posix() not in found
    assert places.path(found).resolve() == Path(path).resolve()
    absolute = Places(*(str(Path(p).absolute()) for p in ("out", "study", "project")))
    assert absolute.name(Path(path).absolute()) == found


def test_what_holds_is_left_alone_in_any_place(places: Places, tmp_path: Path, monkeypatch) -> None:
    job = made(places)
    assert plan([job], places).forced == []
    for folder in ("study", "out"):
        shutil.copytree(folder, tmp_path / "copy" / folder)
    monkeypatch.chdir(tmp_path / "copy")
    assert plan([job], places).reasons == []


@pytest.mark.parametrize("kept", [False, True], ids=["", "its time is kept"])
@pytest.mark.parametrize("path", ["study/0.txt", "out/table.csv"])
def test_another_content_is_noticed(places: Places, path: str, kept: bool) -> None:
    job, before = made(places), Path(path).stat()
    Path(path).write_text(Path(path).read_text().swapcase())
    if kept:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = plan([job], places)
    assert found.forced == [job]
    assert path in found.reasons[0]
    assert Path("out/table.csv").stat().st_mtime < Path(places.clock).stat().st_mtime
    Path(path).write_text(Path(path).read_text().swapcase())  # taken back
    assert plan([job], places).forced == []
    assert Path("out/table.csv").stat().st_mtime > Path(places.clock).stat().st_mtime


def test_another_parameter_or_set_of_files_is_noticed(places: Places) -> None:
    job = made(places, files=2)
    other = Job(job.inputs, job.outputs, {"config": {"window_eV": 45.0}})
    assert plan([other], places).reasons == ["out/table.csv: config changed since it was made"]
    fewer = Job(job.inputs[:1], job.outputs, job.params)
    assert plan([fewer], places).reasons == ["out/table.csv: is made from other files now"]


def test_a_damaged_record_certifies_nothing(places: Places) -> None:
    job = made(places)
    path = places.record_of("out/table.csv")
    whole = path.read_text()
    numbers = json.dumps({**json.loads(whole), "outputs": {"results:table.csv": 1}})
    nothing = json.dumps({**json.loads(whole), "inputs": {"study:0.txt": {}}})
    for left in (whole[:-20], "[]", "", "{}", numbers, nothing):
        path.write_text(left)
        assert plan([job], places).forced == [job]


@pytest.mark.parametrize("left", ["[]", '"x"', "[1]", "{", '{"results:table.csv": [1]}'])
def test_other_damaged_documents_certify_nothing(places: Places, left: str) -> None:
    job = made(places)
    for name in ("study.json", "seen.json"):
        Path("out/provenance", name).write_text(left)
    Path("study/samples.csv").write_text("sample\n")
    claim(places, "study/samples.csv")
    assert plan([job], places).forced == []


def test_files_of_the_future_are_named_and_make_nothing_stale(places: Places) -> None:
    """An instrument's clock is ahead, or this machine's was set back: Snakemake compares the times of inputs and results."""
    job = made(places)
    os.utime("study/0.txt", (4e9, 4e9))
    found = plan([job], places)
    assert (found.forced, found.reasons) == ([], [])
    assert Path("out/table.csv").stat().st_mtime >= 4e9
    Path("out/table.csv").unlink()
    (line,) = plan([job], places).reasons
    assert "study/0.txt: its time lies in the future" in line


def test_other_versions_are_noticed_where_that_is_asked_for(places: Places, monkeypatch) -> None:
    job = made(places)
    monkeypatch.setattr(software, "__version__", "0.0.1")
    assert plan([job], places).forced == []
    found = plan([job], places, strict_versions=True)
    assert "now 0.0.1" in found.reasons[0]


def test_damage_that_no_time_tells_of_is_remembered_once_it_was_read(
    places: Places, monkeypatch
) -> None:
    """As a bad disk would leave it: another content, everything else equal."""
    job = made(places)
    before = checksums.state("out/table.csv")
    Path("out/table.csv").write_text("a,c\n")
    monkeypatch.setattr(records, "state", lambda path: before)
    assert plan([job], places).forced == []
    contents = records.Contents(places)
    contents.read("results:table.csv")
    contents.save()
    assert plan([job], places).forced == [job]


def test_five_thousand_files_in_under_two_seconds(places: Places, monkeypatch) -> None:
    job = made(places, files=5000)
    monkeypatch.setattr(records, "checksum", lambda path: pytest.fail(f"{path} was read"))
    start = time.process_time()
    assert plan([job], places).forced == []
    assert time.process_time() - start < 2.0


def test_a_removed_job_s_log_and_benchmark_are_left_with_its_results(places: Places) -> None:
    job = made(places)
    for name in ("logs/a/b.log", "logs/a/other.log", "benchmarks/a/b.tsv"):
        path = Path("out", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    write_record(job, places, "out/logs/a/b.log")
    left = {path.as_posix() for path in plan([], places).left}
    assert {"out/logs/a/b.log", "out/benchmarks/a/b.tsv"} <= left
    assert "out/logs/a/other.log" not in left
    assert plan([job], places).left == []


def test_what_planning_made_of_a_results_folder_is_taken_back(places: Places) -> None:
    for folder in ("new/out", "out"):
        there = Places(folder, "study", places.workflow)
        for run in (False, True):
            take_back = taken_back(there)
            Path("study/samples.csv").write_text("sample\n")
            claim(there, "study/samples.csv")
            plan([], there)
            if run:
                Path(folder, "logs").mkdir()
            take_back()
            assert Path(folder, "provenance").exists() is run
    assert Path("out").is_dir()


def test_what_a_user_changed_is_not_tidied_away(places: Places) -> None:
    made(places)
    assert Path("out/table.csv") in plan([], places).left
    Path("out/table.csv").write_text("my own notes\n")
    found = plan([], places)
    assert Path("out/table.csv") not in found.left
    assert found.reasons == [
        "out/table.csv: left by what is no longer made, and changed since; it is kept"
    ]


def test_nothing_of_somebody_else_is_written_over(places: Places) -> None:
    foreign(places, ["out/report.html"])
    Path("out/report.html").write_text("a thesis")
    Path("out/notes.txt").write_text("notes")
    foreign(places, ["out/tables/a.csv"])  # what stands beside results is nobody's business
    with pytest.raises(StudyError) as caught:
        foreign(places, ["out/report.html", "out/tables/a.csv"])
    (line,) = caught.value.problems
    assert "out: expected an empty folder" in line and "found out/report.html that no run" in line
    foreign(places, ["out/report.html"], takeover=True)
    Path("out/provenance").mkdir()
    Path("out/provenance/study.json").write_text("{}")
    foreign(places, ["out/report.html"])


def test_what_a_job_makes_no_more_is_left_to_tidy(places: Places) -> None:
    """One job makes a picture for each sample; one sample is removed, and comes again."""
    Path("study/a.txt").write_text("export")
    pictures = ("out/a.png", "out/b.png")

    def run(outputs: tuple[str, ...]) -> Job:
        withdraw(outputs, places)
        for output in outputs:
            Path(output).write_text(output)
        job = Job(("study/a.txt",), outputs)
        write_record(job, places)
        return job

    run(pictures)
    fewer = run(pictures[:1])
    assert Path("out/b.png") in plan([fewer], places).left
    fewer = run(pictures[:1])  # still known
    assert Path("out/b.png") in plan([fewer], places).left
    again = run(pictures)
    found = plan([again], places)
    assert (found.left, found.forced) == ([], [])
