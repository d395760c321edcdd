"""The command `coatbench`: a start for a study of one's own, what to measure next, and keeping up with changes."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from . import propose
from .errors import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="coatbench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser(
        "init",
        help="look at a folder of exports and propose samples.csv and every index.csv; nothing is overwritten",
    )
    init.add_argument("folder", type=Path, help="exports at any depth")
    init.add_argument(
        "--preset",
        choices=propose.presets(),
        type=str.lower,
        help="also write a study.yaml for this coating",
    )
    following = commands.add_parser(
        "next",
        help="print the lines to add to samples.csv for what a finished run advises to measure",
    )
    following.add_argument("study", type=Path, help="the study folder")
    following.add_argument(
        "--results", type=Path, default=Path("results"), help="results folder of its run"
    )
    bdf = commands.add_parser(
        "bdf",
        help="write a cycler's export as Battery Data Format: CSV, or Parquet where OUTPUT ends in .parquet",
    )
    bdf.add_argument("export", type=Path, help="any export of cycling that is read")
    bdf.add_argument("output", type=Path, help="a new file, *.csv or *.parquet")
    watching = commands.add_parser(
        "watch",
        help="run the workflow now, and again whenever exports or tables of the study change",
    )
    watching.add_argument("study", type=Path, help="the study folder")
    watching.add_argument("--results", type=Path, default=Path("results"))
    watching.add_argument("--cores", type=int, default=1)
    watching.add_argument(
        "--settle", type=float, default=5.0, help="seconds for which nothing may have changed"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "bdf":
            return battery_data_format(options.export, options.output)
        if options.command == "watch":
            return keep_up(options)
        if options.command == "next":
            return advise(options.study, options.results)
        return start(options.folder, options.preset)
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def keep_up(options: argparse.Namespace) -> int:
    """Run again after every change until interrupted."""
    from .watch import watch

    if not options.study.is_dir():
        print(f"{options.study}: expected a study folder, found none", file=sys.stderr)
        return 1
    try:
        return watch(options.study, options.results, cores=options.cores, settle_s=options.settle)
    except KeyboardInterrupt:
        return 0


def advise(study: Path, results: Path) -> int:
    """Print the advised batch as lines of samples.csv."""
    from .ranking.next_samples import next_samples

    try:
        print(next_samples(results, study), end="")
    except (StudyError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def battery_data_format(export: Path, output: Path) -> int:
    """Write a cycler's export as Battery Data Format."""
    from .errors import CoatbenchError
    from .readers import bdf_parquet, read

    if output.exists():
        print(f"{output}: is there already and is not written over", file=sys.stderr)
        return 1
    try:
        found = read(export, "cycling")
        if output.suffix == ".parquet":
            bdf_parquet.write(found, output)
        else:
            found.sets[0].to_pandas().to_csv(output, index=False)
    except (CoatbenchError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for warning in found.warnings:
        print(f"{export.name}: {warning}", file=sys.stderr)
    return 0


def start(folder: Path, preset: str | None) -> int:
    """Propose the tables of a study, write those that are not there, say what to do next."""
    if not folder.is_dir():
        print(f"{folder}: expected a folder of exports, found none", file=sys.stderr)
        return 1
    proposal = propose.propose(folder)
    files = propose.preset(preset) if preset else {}
    written = propose.write(proposal, folder, files) if proposal.found else []
    for line in propose.summary(proposal):
        print(line)
    if not proposal.found:
        print(
            f"{folder}: expected exports of instruments, found none that is known", file=sys.stderr
        )
        return 1
    kept = [
        n if (folder / n).exists() else str(Path(n).with_suffix(".xlsx"))
        for n in (*proposal.tables, *files)
        if n not in written
    ]
    if written:
        print(f"written below {folder}: {', '.join(written)}")
    if kept:
        print(f"there already, and left as they are: {', '.join(kept)}", flush=True)
    study = shlex.quote(f"study={folder}")
    name = shlex.quote(f"results=results/{folder.resolve().name}")
    print("Look at the tables, fill in what is empty, then:")
    print(f"  .venv/bin/snakemake check --config {study} {name}")
    print(f"  .venv/bin/snakemake --cores 8 --config {study} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
