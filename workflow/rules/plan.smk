# What does not hold any longer runs again, whatever Snakemake remembers (coatbench/records.py). Included last, when all
# rules are known.

import plan

plan.tell(
    workflow,
    PLACES,
    [*TARGETS, results("complete.txt")],
    strict_versions=config.get("strict_versions", False),
)
