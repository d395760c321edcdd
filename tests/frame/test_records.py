"""Records of jobs: what they name, what they notice, what they cost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import job
import pytest
from coatbench import checksums, contents, software
from coatbench.errors import StudyError
from coatbench.places import Places
from coatbench.records import Job, plan, withdraw, write_record
from coatbench.results_folder import claim, foreign, hold, may_be_written, taken_back
from coatbench.study_files import mark_untold


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


def test_a_parameter_has_one_digest_however_the_folders_are_spelled(tmp_path: Path) -> None:
    relative = Places("out", "study", str(tmp_path / "project"))
    absolute = Places(*(str(tmp_path / p) for p in ("out", "study", "project")))
    for inside in ("leis/a.txt", ""):
        value = {"folder": "study", "kind": "out", "file": f"{{}}/study/{inside}"}
        there = value | {"file": value["file"].format(tmp_path)}
        here = value | {"file": f"study/{inside}"}
        assert relative.digest(here) == absolute.digest(there)


def test_what_is_told_names_no_place() -> None:
    places = Places("/home/me/out", "/home/me/study", "/opt/coatbench")
    for line, told in (
        ("/home/me/study/leis/index.csv: row 3", "study/leis/index.csv: row 3"),
        ("/home/me/study: is not read", "study: is not read"),
        ("/home/me/out/tables/a.csv: edited", "tables/a.csv: edited"),
    ):
        assert places.told(line) == told


def test_what_is_told_of_an_export_outside_of_the_study_names_no_place(
    tmp_path: Path, monkeypatch
) -> None:
    """As `more_folders` allows: the index may name it by its absolute path, and by one that a link leads to."""
    (tmp_path / "disk" / "leis").mkdir(parents=True)
    (tmp_path / "link").symlink_to("disk")
    monkeypatch.chdir(tmp_path)
    for more in ("link", str(tmp_path / "link")):
        config = {"results": "out", "study": "study", "more_folders": [more]}
        for named in ("link", "disk"):
            line = f"{tmp_path}/{named}/leis/a.txt: header: expected keV, found nothing"
            told = "beside the study/leis/a.txt: header: expected keV, found nothing"
            assert job.places(config).told(line) == told


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


def test_rows_in_another_order_make_another_table(places: Places) -> None:
    parts = ("out/a.json", "out/b.json")
    for part in parts:
        Path(part).write_text(part)
    Path("out/table.csv").write_text("a\nb\n")
    write_record(Job(parts, ("out/table.csv",)), places)
    assert plan([Job(parts, ("out/table.csv",))], places).reasons == []
    (line,) = plan([Job(parts[::-1], ("out/table.csv",))], places).reasons
    assert line == "out/table.csv: is made from files in another order now"


def test_a_damaged_record_certifies_nothing(places: Places) -> None:
    job = made(places)
    path = places.record_of("out/table.csv")
    whole = path.read_text()
    numbers = json.dumps({**json.loads(whole), "outputs": {"results:table.csv": 1}})
    nothing = json.dumps({**json.loads(whole), "inputs": {"study:0.txt": {}}})
    for left in (whole[:-20], "[]", "", "{}", numbers, nothing):
        path.write_text(left)
        assert plan([job], places).forced == [job]


@pytest.mark.parametrize(
    "left", ["[]", '"x"', "[1]", "{", *(f'{{"results:table.csv": {e}}}' for e in ("[]", "[1]", "null", '["STATE"]', '["STATE", 1]'))]
)  # fmt: skip
def test_other_damaged_documents_certify_nothing(places: Places, left: str) -> None:
    job = made(places)
    left = left.replace("STATE", str(checksums.state("out/table.csv")))
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
    assert "study/0.txt: its time lies in the future, so that its job will fail" in line


def test_a_file_that_snakemake_is_not_told_of_counts_all_the_same(places: Places) -> None:
    """Of the future or with braces in its name: it is no input, and its content decides."""
    job = made(places)
    rows = [{"sample": "a", "file": "0.txt"}]
    told = Job(job.inputs, job.outputs, {"rows": rows})
    write_record(told, places)
    os.utime("study/0.txt", (4e9, 4e9))
    mark_untold(Path("study"), rows, ("file",))
    untold = Job((), job.outputs, {"rows": rows})
    assert untold.reads == told.inputs
    for time_s in (4e9, 1e9):  # until the clock has caught up
        os.utime("study/0.txt", (time_s, time_s))
        assert plan([untold, told], places).reasons == []
    Path("study/0.txt").write_text("another content")
    os.utime("study/0.txt", (4e9, 4e9))
    changed, future = plan([untold], places).reasons
    assert changed == "study/0.txt: changed since out/table.csv was made from it"
    assert future == "study/0.txt: its time lies in the future, and it is read all the same; is a clock wrong?"  # fmt: skip


def test_results_of_the_future_get_a_time_of_now(places: Places) -> None:
    """The clock was set back: what is made from them would fail."""
    job = made(places)
    os.utime("out/table.csv", (4e9, 4e9))
    assert plan([job], places).reasons == []
    assert 1e9 < Path("out/table.csv").stat().st_mtime < 4e9


def test_a_result_that_is_a_link_is_made_again_beside_what_it_leads_to(places: Places) -> None:
    """A table that was moved elsewhere, a link left in its place: the file there is its owner's, its time too."""
    job = made(places)
    Path("paper").mkdir()
    Path("out/table.csv").rename("paper/table.csv")
    Path("out/table.csv").symlink_to("../paper/table.csv")
    assert plan([job], places).forced == []  # it still is what the job made
    Path("study/0.txt").write_text("another content")
    before = Path("paper/table.csv").stat()
    assert plan([job], places).forced == [job]
    assert Path("out/table.csv").lstat().st_mtime < Path(places.clock).stat().st_mtime
    assert Path("paper/table.csv").stat() == before


def test_results_that_may_only_be_read(places: Places, monkeypatch) -> None:
    """What holds needs no writing; what does not is refused in one line."""
    job = made(places)
    plan([job], places)

    def refuse(path: str, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "utime", refuse)
    assert plan([job], places).forced == []
    Path("study/0.txt").write_text("another content")
    found = plan([job], places)
    assert len(found.reasons) == 1  # said all the same
    with pytest.raises(StudyError) as caught, may_be_written(places):
        raise found.refused
    (line,) = caught.value.problems
    assert line.startswith("out/table.csv: expected results that may be written, found: Permission")


@pytest.mark.parametrize("name", ["../mine.txt", "/mine.txt", "", "a/../../mine.txt"])
def test_only_results_are_tidied_away(places: Places, tmp_path: Path, name: str) -> None:
    """A results folder may come from elsewhere, records and all."""
    made(places)
    Path("mine.txt").write_text("mine")
    path = places.record_of("out/table.csv")
    record = json.loads(path.read_text())
    mine = checksums.checksum("mine.txt")
    outputs = {f"results:{name}": {**mine, "state": ""}}
    path.write_text(json.dumps(record | {"outputs": outputs, "log": f"results:{name}"}))
    assert plan([], places).left == [path]


def test_the_names_of_two_records_differ(places: Places) -> None:
    names = ["out/a..b.json", "out/a__b.json", "out/a/../b.json", "other/a.json", "study/a.json"]
    assert len({places.record_of(name) for name in names}) == len(names)


def test_a_name_that_is_no_text(places: Places) -> None:
    """As an archive of another machine leaves it in a folder of images."""
    before = checksums.checksum("study")["sha256"]
    Path(os.fsdecode(b"study/Pr\xfcfling (1) - O.txt")).write_text("0")
    assert checksums.checksum("study")["sha256"] != before
    assert checksums.state("study")


def test_other_versions_are_noticed_where_that_is_asked_for(places: Places, monkeypatch) -> None:
    job = made(places)
    monkeypatch.setattr(software, "__version__", "0.0.1")
    assert plan([job], places).forced == []
    (line,) = plan([job], places).notes  # said in any case
    assert line.startswith("out: results of 1 job(s) were made with coatbench ")
    found = plan([job], places, strict_versions=True)
    assert "now 0.0.1" in found.reasons[0]
    assert found.notes == []


def test_damage_that_no_time_tells_of_is_remembered_once_it_was_read(
    places: Places, monkeypatch
) -> None:
    """As a bad disk would leave it: another content, everything else equal."""
    job = made(places)
    before = checksums.state("out/table.csv")
    Path("out/table.csv").write_text("a,c\n")
    monkeypatch.setattr(contents, "state", lambda path: before)
    assert plan([job], places).forced == []
    seen = contents.Contents(places)
    seen.read("results:table.csv")
    seen.save()
    assert plan([job], places).forced == [job]


def test_files_that_are_as_recorded_are_not_read(places: Places, monkeypatch) -> None:
    job = made(places, files=50)
    monkeypatch.setattr(contents, "checksum", lambda path: pytest.fail(f"{path} was read"))
    assert plan([job], places).forced == []


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
    Path("out/benchmarks").mkdir()  # a programmer has one, too
    with pytest.raises(StudyError):
        foreign(places, ["out/report.html"])
    foreign(places, ["out/report.html"], takeover=True)
    Path("out/logs").mkdir()
    Path("out/logs/check.log").touch()  # what `check` alone leaves is ours
    foreign(places, ["out/report.html", "out/check.csv"])
    Path("out/logs/check.log").unlink()
    Path("out/provenance").mkdir()
    Path("out/provenance/study.json").write_text("{}")
    foreign(places, ["out/report.html"])


def test_a_run_on_trial_claims_nothing(places: Places) -> None:
    made(places)
    samples = Path("study/samples.csv")
    samples.write_text("sample\n")
    claim(places, samples)()
    Path("other").mkdir()
    Path("other/samples.csv").write_text("sample\na\n")
    other = Places("out", "other", places.workflow)
    taken = claim(other, "other/samples.csv", takeover=True)
    claim(places, samples)  # not refused: nothing was taken yet
    with pytest.raises(StudyError):
        claim(other, "other/samples.csv")
    taken()
    with pytest.raises(StudyError):
        claim(places, samples)


def test_two_runs_do_not_share_results(places: Places) -> None:
    first = hold(places)
    with pytest.raises(StudyError) as caught:
        hold(places)
    assert caught.value.problems[0].startswith("out: expected results that no other run works on")
    hold(Places("other", "study", places.workflow))
    first.close()  # or the process ends
    assert hold(places)


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
