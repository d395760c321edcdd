"""What every script calls: logging, our errors as one line, and what a job leaves behind.

`snakemake` is what Snakemake hands to a script. A measurement that cannot be read or analysed is a result
too: its rows file says why, the other measurements go on, and the last rule of the workflow fails with all
such lines. Anything else that goes wrong (a bug, a full disk) fails the job itself.
"""

from __future__ import annotations

import atexit
import errno
import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coatbench import software
from coatbench.checksums import state
from coatbench.errors import CoatbenchError, DataError, ReadError
from coatbench.figures.drawing import Drawing
from coatbench.places import Places, of_study, study_at_work
from coatbench.records import Job, withdraw, write_record

log = logging.getLogger("coatbench")
PROJECT = Path(__file__).resolve().parents[2]
READ = "COATBENCH_READ_NS"  # when the rules were read, and with them the code's digests

# Imports make a hundred thousand objects that live to the end. Looking through them for garbage every 700 new ones,
# Python's default, takes a tenth of a small job's time.
gc.set_threshold(20_000)
# For the same reason nobody looks through them at the end: that would take as long as starting Python and numpy.
atexit.register(gc.freeze)


def lend_environment(workflow: Path) -> None:
    """Let jobs find the library and this module without an installation, here and on clusters."""
    known = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    paths = [str(workflow), str(workflow / "scripts"), *known]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    # PDF dates are pinned so that equal input gives equal bytes.
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    os.environ[READ] = str(time.time_ns())


def folder_problems(study: str, results: str) -> list[str]:
    """Say why results must not be written there: nothing is written into a study, or over what lies beside it."""
    source, target = Path(study).resolve(), Path(results).resolve()
    if target == source:
        return ["results: expected another folder than the study's, found the same"]
    if target.is_relative_to(source):
        return [f"results: expected a folder outside of the study, found {results}"]
    if source.is_relative_to(target):
        return [f"results: expected a folder that does not hold the study, found {results}"]
    above = next(p for p in (target, *target.parents) if p.exists())
    if not above.is_dir():
        return [
            f"results: expected a folder, found a file, {results if above == target else above}"
        ]
    if above != target and not os.access(above, os.W_OK):
        return [f"results: expected a folder that can be made, found no right to write in {above}"]
    return []


@contextmanager
def logged(snakemake: Any) -> Iterator[None]:
    """Log into the rule's log file; end with one line and exit code 1 on an error of ours."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setLevel(logging.ERROR)
    if snakemake.log:
        handlers.append(logging.FileHandler(snakemake.log[0], mode="w", encoding="utf-8"))
    # Of libraries only warnings: a PDF's fonts alone would fill a hundred lines.
    logging.basicConfig(format="%(levelname)s %(message)s", handlers=handlers, force=True)
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    if (clock := places(snakemake.config).clock) in snakemake.input:
        snakemake.input.remove(clock)  # it tells only Snakemake something
    of_study(snakemake.config["study"])
    before = {path: state(path) for path in own_job(snakemake).reads}
    withdraw_record(snakemake)
    try:
        yield
        record(snakemake)
        for path, was in before.items():
            if state(path) != was:
                withdraw_record(snakemake)
                raise CoatbenchError(
                    f"{path}: expected the same content until this job's end, found a changed file; run again"
                )
        for path in edited_code():
            withdraw_record(snakemake)
            raise CoatbenchError(
                f"{path}: expected the code that this run began with, found it edited; run again"
            )
    except CoatbenchError as error:
        log.error("%s", error)
        sys.exit(1)
    except Exception as error:
        if found := no_room(error):
            logging.raiseExceptions = False  # the log has none either
            where = getattr(error, "filename", None) or snakemake.config["results"]
            log.error(
                "%s: expected room for results, found: %s; make room and run again", where, found
            )
            sys.exit(1)
        if snakemake.log:
            logging.root.removeHandler(handlers[0])  # Snakemake shows the log of a failed job
        log.exception("rule %s failed", snakemake.rule)
        sys.exit(1)


def edited_code() -> Iterator[str]:
    """Yield what was edited of this job's code after the rules were read: a record would hold the digest of before.

    That is its script, the modules of ours that it imported, the data and descriptions beside them, and the study's own formats.
    """
    read_ns, now_ns = int(os.environ.get(READ, time.time_ns())), time.time_ns()
    named = {n: getattr(m, "__file__", None) for n, m in sys.modules.items()}
    code = [Path(f) for n, f in named.items() if f and n.partition(".")[0] in ("coatbench", "job")]
    script = Path(named["__main__"] or "")  # as Snakemake names it; elsewhere a program of its own
    code += [script] if script.resolve().is_relative_to(PROJECT) and script.is_file() else []
    rooms = {path.parent for path in code}
    code += [p for folder in rooms for p in folder.glob("data/**/*") if p.is_file()]
    if "coatbench.readers.description" in sys.modules:
        study = study_at_work()
        code += [p for folder in rooms for p in folder.glob("tables/*.yaml")]
        code += study.glob("formats/*.y*ml") if study else ()
    for path in code:
        # A time still to come tells of a clock that is ahead, not of an edit.
        if not path.exists() or read_ns < path.stat().st_mtime_ns < now_ns:
            yield spelled(path)


def no_room(error: Exception) -> str:
    """Say whether a disk is full or a quota is used up; empty where it is not that."""
    known = {os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT)}
    # HDF5 says it in words alone.
    said = (
        text
        for text, n in known.items()
        if getattr(error, "errno", None) == n or text in str(error)
    )
    return next(said, "") if isinstance(error, OSError) else ""


def spelled(folder: str | Path) -> str:
    """Return the one spelling of a folder, so that a file has one name: relative if it lies below the working one."""
    path = os.path.normpath(Path.cwd() / folder)
    if not path.isascii() and not Path(path).exists():
        from coatbench.study_folder import as_spelled

        path = as_spelled(Path("/"), path)
    inside = os.path.relpath(path)
    below = not inside.startswith(os.pardir) and inside != os.curdir
    return Path(inside if below else path).as_posix()


def places(config: Mapping[str, Any]) -> Places:
    """Return where the results, the study, this workflow and exports outside of the study are."""
    more = tuple(map(str, config.get("more_folders") or ()))
    return Places(config["results"], config["study"], str(PROJECT), more)


def own_job(snakemake: Any) -> Job:
    """Return what this job reads, makes and is told."""
    return Job(tuple(snakemake.input), tuple(snakemake.output), dict(snakemake.params.items()))


def told_or_not(snakemake: Any, name: str) -> str:
    """Return a file of the study that is an input of this name, or one of which Snakemake is not told (`marks.UNTOLD`)."""
    return str((*snakemake.input[name], *snakemake.params.untold)[0])


def record(snakemake: Any) -> None:
    """Hold beside the results what this job read, made and was told."""
    if snakemake.output:
        log_file = snakemake.log[0] if snakemake.log else ""
        write_record(own_job(snakemake), places(snakemake.config), log_file)


def withdraw_record(snakemake: Any) -> None:
    """Remove the record: from now on, and if the job is killed, its results are not what the record says."""
    if snakemake.output:
        withdraw(list(snakemake.output), places(snakemake.config))


def measurement(
    snakemake: Any,
    analyse: Callable[..., Any],
    *,
    more: Callable[[Any], None] | None = None,
    **context: Any,
) -> None:
    """Run one measurement job: `analyse(rows, files, config, **context) -> Analysis`, and save it.

    `more(analysis)` writes what a technique hands on besides. The rows file also says what was analysed, by
    checksum: provenance need not read the exports again.
    """
    from coatbench.analysis import Analysis, save_rows
    from coatbench.checksums import checksums
    from coatbench.curves import save_curves
    from coatbench.marks import files_of_job, unreadable_files, without_marks

    with logged(snakemake):
        rows = list(snakemake.params.rows)
        files = [Path(f) for f in files_of_job(rows, snakemake.input.get("raw", []))]
        try:
            for name in unreadable_files(rows):
                raise ReadError(name, "file", "a readable file", "no permission", "change its mode")
            result = analyse(without_marks(rows), files, snakemake.params.config, **context)
        except DataError as error:
            log.error("%s", error)
            result = Analysis(problem=str(error))
        for warning in result.warnings:
            log.warning("%s", warning)
        where = places(snakemake.config)
        result.inputs = {where.shown(path): entry for path, entry in checksums(files).items()}
        result.warnings = [where.told(line) for line in result.warnings]
        result.problem = result.problem and where.told(result.problem)
        save_curves(result.curves, snakemake.output.curves)
        result.made_with = {"code": snakemake.params.code, **software.in_use()}
        save_rows(result, snakemake.output.rows)
        if more is not None:
            more(result)


def collect(
    snakemake: Any,
    combine: Callable[..., dict[str, list[dict[str, Any]]]] | None = None,
    **context: Any,
) -> None:
    """Join the rows of all jobs of a technique into its tables.

    `combine(tables, samples, config, **context)` may add what needs all samples; without it the rows are
    written as they are. The output names are the tables' names.
    """
    from coatbench.analysis import gather
    from coatbench.tables import write_table

    with logged(snakemake):
        tables = gather(snakemake.input.rows)
        if combine is not None:
            tables = combine(tables, snakemake.params.samples, snakemake.params.config, **context)
        for name, path in snakemake.output.items():
            write_table(tables.get(name, []), snakemake.params.columns[name], path)


def figure(snakemake: Any, draw: Callable[..., None]) -> None:
    """Run one figure job: `draw(drawing, ...)` reads tables and datasets from disk and writes the figure.

    Its other arguments are the rule's inputs and parameters, by name.
    """
    with logged(snakemake):
        given = dict([*snakemake.input.items(), *snakemake.params.items()])
        del given["code"]
        draw(Drawing(dict(snakemake.output.items()), **given.pop("figure")), **given)


def quicklooks(snakemake: Any, draw: Callable[..., None]) -> None:
    """Run one job that draws the quick-looks of several samples; `draw(drawing, curves, rows)` draws one."""
    with logged(snakemake):
        made, given = snakemake.output, snakemake.input
        each = zip(
            made.png, made.webp, snakemake.params.figures, given.curves, given.rows, strict=True
        )
        for png, webp, figure, curves, rows in each:
            draw(Drawing({"png": png, "webp": webp}, **figure), curves, rows)


def figures(snakemake: Any, draws: Mapping[str, Callable[..., None]]) -> None:
    """Run one job that draws several figures by name: a process and its imports cost more than a figure."""
    with logged(snakemake):
        for name, draw in draws.items():
            kinds = ("pdf", "svg", "png", "csv", "webp")
            files = {kind: snakemake.output[f"{name}_{kind}"] for kind in kinds}
            draw(Drawing(files, **snakemake.params.figure))
