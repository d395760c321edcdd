"""How a study grows: 15, 30 and 60 samples by six techniques, planned, run and reported: python benchmarks/scale.py [SAMPLES ...]

Each sample is a further simulated one like the demo's c400, with noise of its own; exports are given. Printed per size: jobs, time
to plan, time of the run (wall and CPU), the largest process, number of files and bytes below results/, size of report.html.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from workflow import ROOT, copy, cost, say, snakemake

MODEL, PRECURSOR = "c400", "lps"
TECHNIQUES = ("xps", "tga_ms", "leis", "cycling", "sims", "stem")


def grow(demo: Path, samples: int) -> None:
    """Make a study of the demo's tables: one uncoated sample and further ones that each technique has measured."""
    names = [f"s{i:03d}" for i in range(samples - 1)]
    table = (ROOT / "data" / "demo" / "samples.csv").read_text().splitlines()
    rows = [table[0], *(line for line in table if line.startswith("uncoated,"))]
    rows += [
        f"{n},coated,,{25 + 675 * i / max(len(names) - 1, 1):.0f},1,synthetic air"
        for i, n in enumerate(names)
    ]
    (demo / "samples.csv").write_text("\n".join(rows) + "\n")
    truth = (demo / "truth.csv").read_text().splitlines()
    own = [line for line in truth if line.startswith((f"{MODEL},", "sample,", "uncoated,"))]
    run = [line for line in truth if line.startswith(f"{PRECURSOR},tga_ms.")]
    (demo / "truth.csv").write_text(
        "\n".join(own + [line.replace(old, f"{n},", 1) for n in names for lines, old in
                         ((own, f"{MODEL},"), (run, f"{PRECURSOR},")) for line in lines
                         if line.startswith(old)]) + "\n"
    )  # fmt: skip
    for technique in TECHNIQUES:
        index = demo / technique / "index.csv"
        lines = [line for line in index.read_text().splitlines() if not line.startswith("#")]
        model = PRECURSOR if technique == "tga_ms" else MODEL
        like = [line for line in lines[1:] if model in line.split(",")[:2]]
        kept = [line for line in lines[1:] if line.startswith("uncoated,")]
        index.write_text("\n".join([lines[0], *kept, *(line.replace(model, n).replace("empty", f"{n}_empty") for n in names for line in like)]) + "\n")  # fmt: skip
    settings = {"title": f"{samples} samples", "simulated": True, "simulator": {"seed": samples}}
    (demo / "study.yaml").write_text(yaml.safe_dump(settings))


def main(sizes: list[int]) -> None:
    for samples in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            project = copy(Path(scratch) / "project")
            grow(project / "data" / "demo", samples)
            snakemake(project, "exports")
            shutil.rmtree(project / ".snakemake")
            plan = cost(snakemake, project, "-n", "--quiet", "all")
            run = cost(snakemake, project)
            largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            nothing = cost(snakemake, project)
            results = project / "results"
            made = [p for p in results.rglob("*") if p.is_file() and "exports" not in p.parts]
            page = (results / "report.html").stat().st_size
            jobs = len(list((results / "provenance" / "jobs").rglob("*.json")))
            say(
                f"{samples} samples: {jobs} jobs; plan {plan.wall:.1f} s, {plan.cpu:.1f} CPU s; run {run.wall:.0f} s, {run.cpu:.0f} CPU s; "
                f"no-op {nothing.wall:.1f} s, {nothing.cpu:.1f} CPU s; largest process {largest:.0f} MB; {len(made)} files, "
                f"{sum(p.stat().st_size for p in made) / 1e6:.0f} MB; report.html {page / 1e6:.1f} MB"
            )


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [15, 30, 60])
