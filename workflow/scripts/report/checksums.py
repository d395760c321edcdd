"""Take the checksums of a technique's index and exports. Makes one JSON that all of provenance reads."""

import door
from coatbench.report.provenance import checksums, write_document


def main(files: list[str], output: str) -> None:
    write_document(checksums(files), output)


if __name__ == "__main__":
    with door.logged(snakemake):
        main(list(snakemake.input), snakemake.output[0])
