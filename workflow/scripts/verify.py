"""Read every export and every result again, and name what is not what the records say; the next run makes it again."""

import job
from coatbench.errors import CoatbenchError
from coatbench.records import verify

if __name__ == "__main__":
    with job.logged(snakemake):
        lines = verify(job.places(snakemake.config))
        if lines:
            raise CoatbenchError(
                "\n".join([*lines, "run again: what depends on these is made again"])
            )
        print("every export and every result holds what the records say")
