"""Remove the results of samples and tables that are no longer part of the study."""

import shutil
from pathlib import Path

import job

if __name__ == "__main__":
    results = Path(job.places(snakemake.config).results)
    with job.logged(snakemake):
        for path in map(Path, snakemake.params.left):
            job.log.info("removed %s", path)
            print(f"removed {path}")
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == results or any(folder.iterdir()):
                    break
                folder.rmdir()
