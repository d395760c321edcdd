"""Say of each measurement what its export is, holds, and what is odd. Reads all, analyses nothing."""

from pathlib import Path

import job
from coatbench.check import COLUMNS, inspect_study, printed
from coatbench.tables import write_table

if __name__ == "__main__":
    with job.logged(snakemake):
        p = snakemake.params
        rows, failed = inspect_study(p.folder, p.measurements, p.config, p.study)
        write_table(rows, COLUMNS, p.output)
        lines = [printed(rows), *(f"note: {line}" for line in p.gaps), f"all of this: {p.output}"]
        if failed:
            lines.append(f"{failed} measurement{'s' if failed > 1 else ''} cannot be read")
        Path(p.screen).write_text("\n".join(lines) + "\n", encoding="utf-8")
