# What does not hold any longer runs again, whatever Snakemake remembers (coatbench/records.py). Included last, when all
# rules are known. `snakemake verify` reads everything again; `snakemake tidy` removes what is no longer made.

import atexit
import plan
from itertools import chain

from coatbench.results_folder import claim, foreign, taken_back

if workflow.is_main_process:
    atexit.register(taken_back(PLACES))  # a dry run leaves no results folder behind
    try:
        foreign(
            PLACES,
            chain(
                map(results, ("check.csv", "check.txt")),
                plan.planned_files(workflow, PLACES, [*TARGETS, results("complete.txt")]),
            ),
            takeover=TAKEOVER,
        )
        CLAIMED.append(claim(PLACES, samples_table(), takeover=TAKEOVER))
    except StudyError as error:
        stop(error.problems)

try:
    LEFT = plan.tell(
        workflow,
        PLACES,
        [*TARGETS, results("complete.txt")],
        strict_versions=STRICT_VERSIONS,
    )
except StudyError as error:
    stop(error.problems)


localrules:
    verify,
    tidy,


rule verify:
    log:
        log_file("verify"),
    conda:
        ENVIRONMENT
    message:
        "Does every export and every result hold what the records say?"
    script:
        "../scripts/verify.py"


rule tidy:
    log:
        log_file("tidy"),
    conda:
        ENVIRONMENT
    params:
        left=LEFT,
    message:
        "Removing what is no longer made"
    script:
        "../scripts/tidy.py"
