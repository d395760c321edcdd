"""Hold the study's claims against the result tables. Makes the table `claims`."""

from pathlib import Path

import job
from coatbench.claims.read import read_claims
from coatbench.claims.verdicts import extra_tables, verdicts
from coatbench.factors import read_factors
from coatbench.tables import read_table, write_table

if __name__ == "__main__":
    with job.logged(snakemake):
        p = snakemake.params
        claims = read_claims(job.told_or_not(snakemake, "claims"))
        tables = {Path(path).stem: read_table(path) for path in snakemake.input.tables}
        tables |= extra_tables(p.config, p.study)
        factors = read_factors(p.factors)
        rows = verdicts(claims, tables, p.study["samples"], p.reference, factors)
        for row in rows:
            if row["verdict"] != "holds":
                why = row.get("reason") or ""
                job.log.warning("claim %s: %s: %s", row["id"], row["verdict"], why)
        write_table(rows, p.columns, snakemake.output.claims)
