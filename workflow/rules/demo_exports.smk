# What the simulations of a study write, and what they are told of its truth.

from coatbench.simulate.truth import load_truth, truth_of


def simulated_files(technique, sample):
    """Return what a simulation writes: files, folders of images, and what stands beside an event list."""
    known = TECHNIQUES[technique]
    rows = simulator_rows(technique, sample)
    files = dict.fromkeys(STUDY.export(technique, f) for row in rows for f in known.files_of(row))
    beside = [path for file in files for path in known.beside(file)]
    return [path if Path(path).suffix else directory(path) for path in [*files, *beside]]


@cache
def first_to_name(technique):
    """Return file -> the sample whose simulation writes it: the first that names it; a file may hold several samples."""
    rows = reversed(STUDY.rows(technique))
    return {f: row["sample"] for row in rows for f in TECHNIQUES[technique].files_of(row)}


def simulator_rows(technique, sample):
    """Return the index rows of the files that a sample's simulation writes, without what only the analysis uses."""
    known, maker = TECHNIQUES[technique], first_to_name(technique)
    keep = dict.fromkeys(["sample", *known.index.files, *known.index.key, *known.simulated_from])
    return [
        {k: row[k] for k in keep}
        for row in STUDY.rows(technique)
        if any(maker[f] == sample for f in known.files_of(row))
    ]


@cache
def planted_truth():
    """Return the truth table of a simulated study."""
    try:
        return load_truth(Path(config["study"]) / "truth.csv")
    except StudyError as error:
        stop(error.problems)


def simulator_truth(technique, sample):
    """Return the planted truth that a simulation of this technique may use, of each sample in its files."""
    names = dict.fromkeys(row["sample"] for row in simulator_rows(technique, sample))
    truth = {name: truth_of(name, SAMPLES, planted_truth()) for name in names}
    own = (f"{technique}.", "surface.")
    return {n: {q: v for q, v in t.items() if q.startswith(own)} for n, t in truth.items()}
