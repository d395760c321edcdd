"""Write all tables, and all plotted numbers, as a workbook each."""

import job
from coatbench.report.workbook import write_workbook

if __name__ == "__main__":
    with job.logged(snakemake):
        given, p, output = snakemake.input, snakemake.params, snakemake.output
        write_workbook(output.tables, given.tables, meanings=p.meanings, **p.study)
        write_workbook(output.figures, given.figures, **p.study)
