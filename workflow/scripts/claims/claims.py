"""Hold the study's claims against the result tables. Makes the table `claims`."""

from pathlib import Path
from typing import Any

import job
from coatbench.claims.read import read_claims
from coatbench.claims.verdicts import extra_tables, verdicts
from coatbench.factors import read_factors
from coatbench.tables import read_table, write_table


def main(
    claims: str,
    inputs: list[str],
    output: str,
    study: dict[str, list[dict[str, str]]],
    reference: str | None,
    config: dict[str, Any],
    factors: dict[str, Any],
    columns: list[str],
) -> None:
    tables = {Path(path).stem: read_table(path) for path in inputs}
    tables |= extra_tables(config, study)
    rows = verdicts(read_claims(claims), tables, study["samples"], reference, read_factors(factors))
    for row in rows:
        if row["verdict"] != "holds":
            job.log.warning("claim %s: %s: %s", row["id"], row["verdict"], row.get("reason") or "")
    write_table(rows, columns, output)


if __name__ == "__main__":
    with job.logged(snakemake):
        main(
            job.told_or_not(snakemake, "claims"),
            list(snakemake.input.tables),
            snakemake.output.claims,
            snakemake.params.study,
            snakemake.params.reference,
            snakemake.params.config,
            snakemake.params.factors,
            snakemake.params.columns,
        )
