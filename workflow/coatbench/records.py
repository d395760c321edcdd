"""What a job was made from and what it made, held beside the results and compared when a run is planned.

A record is a JSON document below `<results>/provenance/jobs/`, named after the first file that the job made: checksums
of what the job read and wrote, with their states on this file system; a digest of each parameter; versions. Paths in it are
relative to the results, the study or the workflow (`Places`), so that a record holds wherever the folders are copied to.
From the records alone follows which jobs must run again. Where a state is equal nothing is read; else the content decides.

The decision is told to Snakemake in the language of `make`: results that do not hold get a time before that of a folder
that every job has among its inputs (`Places.clock`), results that hold a time after that of all that they were made from.
Snakemake compares no checksums of folders, so that this holds with and without its own memory of earlier runs.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import software
from .analysis import write_atomically
from .checksums import CLOCKS_DIFFER_S, checksum, in_future, state
from .contents import Contents
from .marks import UNTOLD, untold_files
from .places import RECORDS, Places

STALE_S, CLOCK_S = 315_532_800, 631_152_000  # the first days of 1980 and of 1990


@dataclass(frozen=True)
class Job:
    """One job of a plan: what it reads, what it makes, its parameters, and what tells how long it took."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    benchmark: str = ""

    @property
    def reads(self) -> tuple[str, ...]:
        """Return its inputs, and files of which Snakemake cannot be told."""
        return tuple(dict.fromkeys([*self.inputs, *untold_files(self.params)]))

    def digests(self, places: Places) -> dict[str, str]:
        """Return a digest of each parameter."""
        return {k: places.digest(v) for k, v in sorted(self.params.items()) if k != UNTOLD}


def _entry(path: str | Path) -> dict[str, Any]:
    found = state(path)
    return {**checksum(path), "state": found}


def write_record(job: Job, places: Places, log: str = "") -> None:
    """Write the record of a job that has ended; its log is named for `tidy`."""
    document = {
        "params": job.digests(places),
        "inputs": {places.name(p): _entry(p) for p in job.reads},
        "outputs": {places.name(p): _entry(p) for p in dict.fromkeys(job.outputs)},
        "versions": software.in_use(),
        "log": places.name(log) if log else "",
    }
    path = places.record_of(job.outputs[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _newest(inputs: Iterable[str]) -> int:
    """Return the time of change (ns) of the newest of these, and of what links among them point to."""
    times = [f(p).st_mtime_ns for p in inputs if Path(p).exists() for f in (os.lstat, os.stat)]
    return max(times, default=0)


def withdraw(outputs: Sequence[str], places: Places) -> None:
    """Remove the record of a job that begins; what it made once and makes no more keeps one, for `tidy`."""
    path = places.record_of(outputs[0])
    was = (read_record(path) or {"outputs": {}})["outputs"]
    path.unlink(missing_ok=True)
    now = {places.name(p) for p in outputs}
    for name in sorted(was.keys() - now):
        left = places.record_of(places.path(name))
        document = {"params": {}, "inputs": {}, "outputs": {name: was[name]}, "versions": {}}
        left.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(left, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    for output in outputs[1:]:  # made again
        places.record_of(output).unlink(missing_ok=True)


def read_record(path: str | Path) -> dict[str, Any] | None:
    """Read a record; None where there is none, or a damaged one."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        parts = ("params", "inputs", "outputs", "versions")
        entries = [*document["inputs"].values(), *document["outputs"].values()]
        whole = all(isinstance(document[p], dict) for p in parts)
        return document if whole and all(isinstance(e["sha256"], str) for e in entries) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def replaced(outputs: Iterable[str | Path], places: Places) -> list[str]:
    """Return the inputs of the jobs that made these files first which hold something else now."""
    contents = Contents(places)
    return [
        places.path(name).as_posix()
        for output in outputs
        for name, known in (read_record(places.record_of(output)) or {"inputs": {}})[
            "inputs"
        ].items()
        if contents.sha256(name, known) not in (None, known["sha256"])
    ]


def edited(found: Mapping[str, str], places: Places) -> list[str]:
    """Return the results, of these paths with their checksums as found, that are not what their jobs made."""
    made = {
        name: entry["sha256"]
        for path in Path(places.results, RECORDS).rglob("*.json")
        for name, entry in (read_record(path) or {"outputs": {}})["outputs"].items()
    }
    return [p for p, sha256 in found.items() if made.get(places.name(p), sha256) != sha256]


@dataclass
class Plan:
    """What the records say of the jobs of a plan.

    Attributes
    ----------
    forced : list of Job
        Those whose results are not what they would be now. What depends on them runs again by itself.
    reasons : list of str
        Why, one line each, as a user should read them.
    notes : list of str
        What holds, and yet was made with another version of a library, one line for each version.
    left : list of Path
        Files that jobs of earlier runs made and no job of this plan makes, and the records of those jobs.
    refused : OSError or None
        Why Snakemake cannot be told that results do not hold: they may not be written.
    """

    forced: list[Job] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)
    refused: OSError | None = None


def verify(places: Places) -> list[str]:
    """Read every file that a record knows; return one line for each that holds something else than it says.

    What was found is remembered: the next run makes again what depends on it.
    """
    contents = Contents(places)
    lines = []
    for path in sorted(Path(places.results, RECORDS).rglob("*.json")):
        record = read_record(path) or {"inputs": {}, "outputs": {}}
        for name, known in [*record["outputs"].items(), *record["inputs"].items()]:
            if name.startswith("workflow:"):  # the code has its own digest
                continue
            found = contents.known(name) or contents.read(name)
            if found != known["sha256"]:
                what = "is gone" if found is None else "holds something else than the records say"
                lines.append(f"{places.path(name).as_posix()}: {what}")
    contents.save()
    return list(dict.fromkeys(lines))


def plan(jobs: Iterable[Job], places: Places, *, strict_versions: bool = False) -> Plan:
    """Compare jobs, each after those that it depends on, with their records, and set the times of their results.

    A job without any of its results is none of ours: Snakemake sees what is missing. Results that do not stand below the
    results folder and have no record (exports that another run simulated) are taken as they are.
    """
    Path(places.clock).mkdir(parents=True, exist_ok=True)
    # Else left alone: the folder may be for reading only.
    if Path(places.clock).stat().st_mtime_ns != CLOCK_S * 10**9:
        os.utime(places.clock, (CLOCK_S, CLOCK_S))
    contents = Contents(places)
    found = Plan()
    again: set[str] = set()  # made in this run
    planned: set[str] = set()
    stale: list[str] = []
    others: Counter[str] = Counter()
    for job in jobs:
        planned.update(map(places.name, job.outputs))
        if not any(os.path.lexists(p) for p in job.outputs):
            found.reasons += _of_the_future(job, again)
            again.update(job.outputs)
            continue
        record = read_record(places.record_of(job.outputs[0]))
        if record is None and not places.name(job.outputs[0]).startswith("results:"):
            continue
        why = _differences(job, record, places, contents, again, strict_versions)
        if why:
            found.forced.append(job)
            found.reasons += why
        if why or not again.isdisjoint(job.inputs):
            found.reasons += _of_the_future(job, again)
            # Also what is made from these: Snakemake does not miss a file between two that are there.
            again.update(job.outputs)
            stale += filter(os.path.lexists, job.outputs)
        elif record is not None:
            _settle(job, contents)
            others.update(software.changed(record["versions"]))
    if not strict_versions:
        found.notes += [
            f"{places.results}: results of {n} job(s) were made with {line}; --config strict_versions=true makes them again"
            for line, n in sorted(others.items())
        ]
    found.reasons = list(dict.fromkeys(found.reasons))
    for file, same in _left(places, planned, contents):
        if same:
            found.left.append(file)
        else:
            found.reasons.append(
                f"{file}: left by what is no longer made, and changed since; it is kept"
            )
    try:
        for path in stale:
            contents.stamp(path, STALE_S * 10**9)
    except OSError as error:
        found.refused = error
    contents.save()
    return found


def _of_the_future(job: Job, again: set[str]) -> Iterator[str]:
    """Name what has a time in the future: Snakemake fails where results are older than an input that it knows of."""
    for path in job.reads:
        if path not in again and in_future(path, CLOCKS_DIFFER_S):
            what = (
                "so that its job will fail; set the clock right, or `touch` the file"
                if path in job.inputs
                else "and it is read all the same; is a clock wrong?"
            )
            yield f"{path}: its time lies in the future, {what}"


def _left(places: Places, planned: set[str], contents: Contents) -> Iterator[tuple[Path, bool]]:
    """Yield what jobs that are no longer planned have left, and whether it still is what they made."""
    known = {places.record_of(places.path(name)) for name in planned}
    for path in sorted(Path(places.results, RECORDS).rglob("*.json")):
        if path in known or not (record := read_record(path)):
            continue
        for name, made in record["outputs"].items():
            if _inside(name) and name not in planned and places.path(name).exists():
                yield places.path(name), contents.sha256(name, made) == made["sha256"]
        log = str(record.get("log", ""))
        inside = Path(log.partition(":")[2])
        for beside in (inside, Path("benchmarks", *inside.parts[1:]).with_suffix(".tsv")):
            if _inside(log) and Path(places.results, beside).is_file():
                yield Path(places.results, beside), True
        yield path, True


def _inside(name: str) -> bool:
    """Tell whether a name of a record is that of a result: records may come from elsewhere, and what `tidy` removes is gone."""
    kind, _, inside = name.partition(":")
    path = Path(inside)
    return (
        kind == "results" and bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    )


def _differences(
    job: Job,
    record: Mapping[str, Any] | None,
    places: Places,
    contents: Contents,
    again: set[str],
    strict_versions: bool,
) -> list[str]:
    """Return why a job must run again; empty where its results are what they would be now."""
    first = places.path(places.name(job.outputs[0])).as_posix()
    if record is None:
        return [f"{first}: nothing says what it was made from"]
    lines = []
    for path in job.outputs:
        name = places.name(path)
        known = record["outputs"].get(name)
        if known is None:
            lines.append(f"{first}: its job now makes {path} too")
        elif (now := contents.sha256(name, known)) != known["sha256"]:
            what = "is gone" if now is None else "is not what its job made"
            lines.append(f"{path}: {what}; it is made again")
    names = {places.name(p): p for p in job.reads}
    if names.keys() != record["inputs"].keys():
        lines.append(f"{first}: is made from other files now")
    elif _results(names) != _results(record["inputs"]):  # rows of tables follow it
        lines.append(f"{first}: is made from files in another order now")
    for name, path in names.items():
        known = record["inputs"].get(name)
        if (
            known is not None
            and path not in again
            and contents.sha256(name, known) != known["sha256"]
        ):
            lines.append(f"{path}: changed since {first} was made from it")
    params = job.digests(places)
    for key in sorted(params.keys() | record["params"].keys()):
        if params.get(key) != record["params"].get(key):
            lines.append(f"{first}: {key} changed since it was made")
    if strict_versions and (other := software.changed(record["versions"])):
        lines.append(f"{first}: was made with {'; '.join(other)}")
    return lines


def _results(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith("results:")]


def _settle(job: Job, contents: Contents) -> None:
    """Give results that hold a time after that of what they were made from."""
    with suppress(OSError):
        newest = max(_newest(job.inputs), CLOCK_S * 10**9 + 1)
        # Snakemake looks at the benchmark's time, too.
        made = [*job.outputs, *filter(os.path.exists, [job.benchmark])]
        times = [os.lstat(p).st_mtime_ns for p in made]
        # Of the future, where the clock was set back: a job that is made from these would fail.
        if min(times) < newest or (max(times) > newest and any(map(in_future, made))):
            for path in made:  # an input may be of the future
                contents.stamp(path, max(newest, time.time_ns()))
