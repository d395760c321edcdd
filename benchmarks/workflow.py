"""What the workflow costs beside the analysis itself, as ratios measured in one run: python benchmarks/workflow.py

rebuild      the whole demo study by snakemake, over the same job scripts called in one Python process per core
no-op        a run with nothing to do, over `snakemake -n` of the same rule files without any target
temperature  one more annealing temperature, over the rebuild; exports are given in both
plan         the plan of 100 temperatures x 40 regions, and of 50: seconds, and their ratio
"""

from __future__ import annotations

import os
import pickle
import resource
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CORES = 2
# Beside the scripts' module job.py: notes what each job got, so that the same can be called without snakemake.
NOTE_JOBS = """

_logged = logged


@contextmanager
def logged(snakemake):
    import pickle, time

    note = Path("jobs") / f"{time.time_ns()}_{os.getpid()}"
    script = Path(sys.modules["__main__"].__file__).relative_to(Path.cwd())
    note.write_bytes(pickle.dumps((str(script), snakemake)))
    with _logged(snakemake):
        yield
"""


def copy(folder: Path) -> Path:
    """Copy the project with the tables of the demo study; its exports are made anew."""
    folder.mkdir()
    for name in ("Snakefile", "config.yaml", "environment.yml"):
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(
        ROOT / "workflow", folder / "workflow", ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "profiles").symlink_to("workflow/profiles")
    demo = ROOT / "data" / "demo"
    for path in [*demo.glob("*.*"), *demo.glob("*/index.csv")]:
        table = folder / path.relative_to(ROOT)
        table.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, table)
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder / "workflow"], check=True)
    return folder


def snakemake(folder: Path, *arguments: str) -> None:
    """Run snakemake in a folder; its output is shown when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", str(CORES), *arguments],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


class Cost(NamedTuple):
    """Seconds on the clock, and of all processors."""

    wall: float
    cpu: float

    def over(self, other: Cost) -> str:
        return f"{self.wall / other.wall:.2f} (wall), {self.cpu / other.cpu:.2f} (CPU)"


def cost(action: Callable[..., None], *arguments: object, repeat: int = 1) -> Cost:
    """Measure an action that runs in child processes; the cheapest of some repetitions."""
    found = []
    for _ in range(repeat):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        action(*arguments)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append(Cost(wall, cpu))
    return min(found)


def call(folder: Path, script: str, job: object) -> None:
    """Call one job's script in this process."""
    os.chdir(folder)
    runpy.run_path(script, {"snakemake": job}, run_name="__main__")


def rebuild_in_processes(folder: Path, notes: list[Path]) -> None:
    """Call the same scripts with the same arguments, each as soon as its inputs are there."""
    jobs = [pickle.loads(note.read_bytes()) for note in notes]
    maker = {path: i for i, (_, job) in enumerate(jobs) for path in job.output}
    needs = [{maker[p] for p in job.input if p in maker} for _, job in jobs]
    for _, job in jobs:
        for path in [*job.output, *job.log]:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
    finished: set[int] = set()
    running: dict[Future, int] = {}
    paths = [str(folder / "workflow"), str(folder / "workflow" / "scripts")]
    # As snakemake does: the threads of linear algebra would get into each other's way.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with ProcessPoolExecutor(CORES, initializer=sys.path.extend, initargs=(paths,)) as pool:
        while len(finished) < len(jobs):
            busy = finished.union(running.values())
            for i, (script, job) in enumerate(jobs):
                if i not in busy and needs[i] <= finished:
                    running[pool.submit(call, folder, script, job)] = i
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                finished.add(running.pop(future))


def add_350(folder: Path) -> None:
    """One more temperature, measured by every technique that measured all others."""
    demo = folder / "data" / "demo"
    with (demo / "samples.csv").open("a", encoding="utf-8") as stream:
        stream.write("c350,coated,350 °C,350,1,synthetic air\n")
    for technique in ("xps", "cycling", "sims"):
        index = demo / technique / "index.csv"
        rows = index.read_text(encoding="utf-8").splitlines(keepends=True)
        own = [row.replace("c300", "c350") for row in rows if row.startswith("c300,")]
        index.write_text("".join(rows + own), encoding="utf-8")


def many(folder: Path, temperatures: int, regions: int) -> Path:
    """A study of many temperatures: one XPS spot, one cell and many ToF-SIMS regions each."""
    names = [f"t{i:04d}" for i in range(temperatures)]
    tables = {
        "samples.csv": ["sample,role,annealing_temperature_degC", "bare,uncoated,"]
        + [f"{n},coated,{25 + 7 * i}" for i, n in enumerate(names)],
        "xps/index.csv": ["sample,file", *(f"{n},{n}.vms" for n in ["bare", *names])],
        "cycling/index.csv": ["sample,cell,file,protocol,composite_mass_mg,cam_mass_fraction"]
        + [f"{n},P1,{n}.mpt,short,12,0.8" for n in ["bare", *names]],
        "sims/index.csv": ["sample,region,file"]
        + [f"{n},{r:02d},{n}/{r:02d}.bif6" for n in ["bare", *names] for r in range(regions)],
    }
    for name, lines in tables.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n")
        for line in lines[1:]:
            cells = line.split(",")
            if "/" in name:
                raw = folder / name.split("/")[0] / cells[lines[0].split(",").index("file")]
                raw.parent.mkdir(exist_ok=True)
                raw.touch()
    return folder


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        project = copy(Path(scratch) / "project")
        snakemake(project, "exports")
        shutil.rmtree(project / ".snakemake")
        plain = Path(scratch) / "plain"
        shutil.copytree(project, plain, symlinks=True)

        module = project / "workflow" / "scripts" / "job.py"
        module.write_text(module.read_text() + NOTE_JOBS)
        (project / "jobs").mkdir()
        rebuild = cost(snakemake, project)
        notes = sorted((project / "jobs").iterdir())
        say(f"rebuild: {len(notes)} jobs, {rebuild.wall:.0f} s, {rebuild.cpu:.0f} CPU s")
        in_processes = cost(rebuild_in_processes, plain, notes)
        say(f"  in {CORES} processes: {in_processes.wall:.0f} s, {in_processes.cpu:.0f} CPU s")
        say(f"rebuild / in processes: {rebuild.over(in_processes)}")

        empty = project / "Snakefile.empty"
        text = (project / "Snakefile").read_text()
        empty.write_text(text[: text.index("rule all:")] + "rule all:\n    default_target: True\n")
        nothing = cost(snakemake, project, repeat=3)
        bare = cost(snakemake, project, "-n", "-s", "Snakefile.empty", repeat=3)
        say(f"no-op: {nothing.wall:.2f} s, without targets {bare.wall:.2f} s")
        say(f"no-op / without targets: {nothing.over(bare)}")

        add_350(project)
        snakemake(project, "exports")
        added = cost(snakemake, project)
        say(f"temperature: {added.wall:.0f} s; temperature / rebuild: {added.over(rebuild)}")

        plans = {}
        for temperatures in (50, 100):
            study = many(Path(scratch) / f"study{temperatures}", temperatures, 40)
            arguments = ("-n", "--quiet", "all", "--config", f"study={study}", "results=plan")
            plans[temperatures] = cost(snakemake, project, *arguments, repeat=2)
        say(f"plan of 100 x 40: {plans[100].wall:.1f} s; 100 / 50: {plans[100].over(plans[50])}")


if __name__ == "__main__":
    main()
