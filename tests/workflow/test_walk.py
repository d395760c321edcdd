"""A random walk of edits, swaps, damage, kills and runs: after each run every table is that of a fresh run.

The seed and the number of steps can be set: COATBENCH_WALK_SEED, COATBENCH_WALK_STEPS (50 take six minutes).
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Workflow
from studies import differences, edit_rows, tree, two_spectra

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

STEPS = int(os.environ.get("COATBENCH_WALK_STEPS", "12"))
SEED = int(os.environ.get("COATBENCH_WALK_SEED", "18"))
TABLES = [f"tables/leis_{name}.csv" for name in ("windows", "spread", "surface_peaks")]
SUM = "float(counts.sum())"


class Walk:
    """A project, what happens to it, and what a fresh run of its present state makes."""

    def __init__(self, project: Workflow, dice: random.Random) -> None:
        self.project, self.folder, self.dice = project, project.folder, dice
        self.study, self.out = project.folder / "study", project.folder / "out"
        self.code = project.folder / "workflow" / "coatbench" / "leis" / "windows.py"
        self.line = self.code.read_text()
        self.known: dict[str, dict[str, bytes]] = {}
        self.fresh = Workflow.copied_to(project.folder.parent / "fresh")

    # what a user does -----------------------------------------------------------------------------------------

    def swap(self) -> None:
        one, other = sorted(self.study.glob("leis/*.txt"))
        one.rename(self.folder / "aside")
        other.rename(one)
        (self.folder / "aside").rename(other)

    def replace_by_a_file_of_another_time(self) -> None:
        """Of the past, as an archive leaves it, or of the future, as an instrument with a wrong clock writes it."""
        path = self.dice.choice(sorted(self.study.glob("leis/*.txt")))
        other = self.folder / "other.txt"
        digits = [b"1", b"2", b"3"]
        self.dice.shuffle(digits)
        other.write_bytes(path.read_bytes().replace(b"\t" + digits[0], b"\t" + digits[1]))
        time_s = self.dice.choice([1e9, 4e9])
        os.utime(other, (time_s, time_s))
        other.replace(path)

    def another_dose(self) -> None:
        dose = self.dice.choice(["", "78", "156"])
        edit_rows(self.study / "leis" / "index.csv", lambda row: row | {"dose_nC": dose})

    def another_window_of_the_config(self) -> None:
        value = self.dice.choice(["1.0", "2.0", "4.0"])
        (self.study / "study.yaml").write_text(f"title: Two\nleis: {{spread_bin_eV: {value}}}\n")

    def another_line_of_code(self) -> None:
        factor = self.dice.choice(["1.0", "2.0"])
        assert SUM in self.line
        self.code.write_text(self.line.replace(SUM, f"{factor} * {SUM}", 1))

    # what happens to results ----------------------------------------------------------------------------------

    def damage_a_result(self) -> None:
        found = [
            p for p in self.out.rglob("*") if p.suffix in (".csv", ".nc", ".json") and p.is_file()
        ]
        for path in self.dice.sample(found, min(2, len(found))):
            raw = path.read_bytes()
            match self.dice.randrange(3):
                case 0:
                    path.write_bytes(raw[: len(raw) // 2])
                case 1:
                    path.write_bytes(raw.replace(b"2", b"3", 4))
                case 2:
                    path.unlink()

    def forget(self) -> None:
        shutil.rmtree(self.folder / ".snakemake", ignore_errors=True)

    def touch(self) -> None:
        for path in [*self.study.rglob("*"), *self.out.rglob("*.csv")]:
            os.utime(path)

    def copy_without_times(self) -> None:
        shutil.copytree(self.out, self.folder / "copy", copy_function=shutil.copyfile)
        shutil.rmtree(self.out)
        (self.folder / "copy").rename(self.out)

    def kill_a_run(self) -> None:
        run = self.project.start(*self.arguments(), start_new_session=True)
        time.sleep(self.dice.uniform(1.5, 6.0))
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()

    def full_disk(self) -> None:
        def limited() -> None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))

        self.project.start(*self.arguments(), preexec_fn=limited).communicate()

    # what must hold -------------------------------------------------------------------------------------------

    def arguments(self) -> list[str]:
        out = self.dice.choice(["out", "./out", "out/", f"{self.folder}/out"])
        return [*(f"out/{t}" for t in TABLES), "--config", "study=study", f"results={out}"]

    def expected(self) -> dict[str, bytes]:
        """The tables of a fresh run; each state of the study and the code is run once."""
        state = hashlib.sha256(repr(tree(self.study)).encode() + self.code.read_bytes()).hexdigest()
        if state not in self.known:
            for name in ("study", "out", ".snakemake"):
                shutil.rmtree(self.fresh.folder / name, ignore_errors=True)
            shutil.copytree(self.study, self.fresh.folder / "study")
            inside = self.code.relative_to(self.folder)
            (self.fresh.folder / inside).write_bytes(self.code.read_bytes())
            self.fresh.run(*(f"out/{t}" for t in TABLES), "--config", "study=study", "results=out")
            self.known[state] = tree(self.fresh.folder / "out", "tables/leis_*.csv")
        return self.known[state]

    def run(self) -> None:
        shutil.rmtree(
            self.folder / ".snakemake" / "locks", ignore_errors=True
        )  # as `--unlock` does
        self.project.run(*self.arguments())


def test_after_each_run_every_table_is_that_of_a_fresh_run(tmp_path: Path) -> None:
    project = Workflow.copied_to(tmp_path / "project")
    two_spectra(project.folder / "study")
    dice = random.Random(SEED)
    walk = Walk(project, dice)
    happenings: list[Callable[[], None]] = [
        walk.swap, walk.replace_by_a_file_of_another_time, walk.another_dose, walk.another_window_of_the_config,
        walk.another_line_of_code, walk.damage_a_result, walk.damage_a_result, walk.forget, walk.touch,
        walk.copy_without_times, walk.kill_a_run, walk.full_disk,
    ]  # fmt: skip
    walk.run()
    history: list[str] = []
    for step in range(STEPS):
        for happening in dice.sample(happenings, dice.randint(1, 4)):
            history.append(f"{step}: {happening.__name__}")
            happening()
        walk.run()
        wrong = differences(tree(walk.out, "tables/leis_*.csv"), walk.expected())
        assert wrong == [], f"seed {SEED}: {wrong} after " + ", ".join(history)
