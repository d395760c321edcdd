# What the last steps need to know of all others: tables and figures that are made, who makes them, and from what.

from coatbench.claims.read import read_claims
from coatbench.ranking import columns as of_ranking
from coatbench.results_folder import hold, may_be_written
from coatbench.settings import follow


def ranking_columns():
    """Return the columns of the ranking's tables; mistakes in its config end the run before any job starts."""
    try:
        return of_ranking.table_columns(
            table_columns("ranking"), ranking_config(), config["factors"]
        )
    except StudyError as error:
        stop(error.problems)


def ranking_config():
    """Return the config of the ranking, with the values of other sections that it follows."""
    return follow(config["ranking"], config, "ranking")


def judged_tables():
    """Return the tables that carry a judgement, with their technique: [(technique, table)]."""
    found = [
        (t, name)
        for t in MEASURED
        for name in table_columns(t)
        if "quality" in table_columns(t)[name]
    ]
    return found + ([("ranking", "ranking")] if "ranking" in RANKING_TABLES else [])


def ranked_tables():
    """Return the tables that the ranking's criteria, annotations and comparisons of techniques stand in."""
    ranking = config["ranking"]
    entries = [*ranking["criteria"].values(), *ranking["annotations"].values()]
    entries += [e for techniques in ranking["consistency"].values() for e in techniques.values()]
    named = dict.fromkeys(entry["table"] for entry in entries)
    return [table(name) for name in named if name in MEASURED_TABLES]


def claimed_tables():
    """Return the tables that the study's claims speak of."""
    named = dict.fromkeys(claim.table for claim in STUDY_CLAIMS)
    return [table(name) for name in named if name in {*MEASURED_TABLES, *RANKING_TABLES}]


def techniques_to_compare():
    """Tell whether two techniques of the study measure the same quantity."""
    return any(
        len({entry["table"] for entry in techniques.values()} & set(MEASURED_TABLES)) > 1
        for techniques in config["ranking"]["consistency"].values()
    )


def claimed_config():
    """Return the config where a claim speaks of it: else a changed value of it concerns no claim."""
    return PLACELESS if any(claim.table == "config" for claim in STUDY_CLAIMS) else {}


def study_tables():
    """Return what a study says of itself beside its indexes: samples, settings, claims, fragments, formats, as far as it does."""
    names = ("samples.csv", "samples.xlsx", "study.yaml", "claims.csv", "formats/*.y*ml")
    folder = Path(config["study"])
    found = {path.as_posix() for name in names for path in folder.glob(name)}
    own_fragments = measured("sims") and config["sims"]["fragments"]
    return sorted(found | ({SIMS_TABLE} if own_fragments else set()))


def index_tables():
    """Return the index of each technique that was measured."""
    return {t: STUDY.indexes[t].as_posix() for t in MEASURED}


def all_tables():
    """Return all of these."""
    return [*index_tables().values(), *study_tables()]


def samples_table():
    """Return the study's table of samples."""
    return next(path for path in study_tables() if Path(path).stem == "samples")


def beside(path):
    """Return the provenance document of a result; the files of one figure share it."""
    return str(Path(path).with_suffix(".provenance.json"))


def documents():
    """Return what is documented together: {document: [files]}."""
    found = {}
    for path in FINISHED_TABLES + FINISHED_FIGURES:
        found.setdefault(beside(path), []).append(path)
    return found


def rule_graph():
    """Return every file that a rule names, with the rule and its named inputs that are not the workflow's own.

    The same whatever Snakemake can be told of today, so that a clock changes no document.
    """
    code = f"{workflow_file('workflow')}/"
    own = [r for r in workflow.rules if CLOCK in r.input]
    inputs = {}
    for r in own:
        named = [str(i) for i in r.input if not callable(i)]
        if not callable(files := r.params.get(UNTOLD, ())):
            named += files
        inputs[r.name] = sorted({i for i in named if not i.startswith((code, CLOCK))})
    return {str(output): (r.name, inputs[r.name]) for r in own for output in r.output}


def page_tables():
    """Return the tables of the page by technique, in the order of the contract."""
    grouped = {t: [table(name) for name in table_columns(t)] for t in MEASURED}
    known = {path for paths in grouped.values() for path in paths}
    rest = [path for path in FINISHED_TABLES if path not in known]
    return {**grouped, "ranking and claims": rest}


def study_claims(path):
    """Return the claims of the study; mistakes in their table end the run before any job starts."""
    try:
        return read_claims(path) if Path(path).is_file() else []
    except StudyError as error:
        stop(error.problems)


CLAIMED, HELD = [], []


def hold_results():
    """Hold that these results are this study's, and let no other run work on them until the end of this one."""
    if asked_for() and asked_for() <= {"check", "formats"}:
        return
    try:
        HELD.append(hold(PLACES))
        with may_be_written(PLACES):
            CLAIMED[0]()
    except StudyError as error:
        stop(error.problems)
