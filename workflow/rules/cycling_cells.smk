# What the rules of cycling ask of the study and the config.


def cell_config(wildcards):
    """Return what the analysis of a cell reads of the config."""
    section = config["cycling"]
    protocol = wildcards.protocol
    return {key: section[key] for key in CELL_KEYS} | {
        "protocols": {protocol: {"first": "charge"} | section["protocols"][protocol]}
    }


def cells_of(wildcards):
    """Return (protocol, cell) of every cell of a sample, whichever number of files it has."""
    rows = STUDY.rows("cycling", sample=wildcards.sample)
    return list(dict.fromkeys((row["protocol"], row["cell"]) for row in rows))


def cell_files(suffix):
    """Return an input function: one result of every cell of a sample."""
    return lambda wildcards: [
        results(f"cycling/{wildcards.sample}/{protocol}/{cell}.{suffix}")
        for protocol, cell in cells_of(wildcards)
    ]


def cycling_figure_params(wildcards):
    """Return what the figures need: also which protocols they draw, and what potentials are measured against."""
    section = config["cycling"]
    return {
        "protocols": {
            kind: [name for name, p in section["protocols"].items() if p["kind"] == kind]
            for kind in ("short", "long")
        },
        "potential_reference": section["potential_reference"],
    }
