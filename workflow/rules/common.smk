# Configuration, the study, and the helpers that every rule file uses. No path is spelled twice.

import sys
from functools import cache, partial
from pathlib import Path

from snakemake.utils import update_config

WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
sys.path[:0] = [str(WORKFLOW), str(WORKFLOW / "scripts")]

import job

job.lend_environment(WORKFLOW)

from coatbench.checksums import checksum
from coatbench.claims.read import read_claims
from coatbench.code_digest import digest, digest_of, project_files
from coatbench.errors import StudyError
from coatbench.factors import check_factors, read_factors
from coatbench.marks import UNTOLD
from coatbench.order import PLACE, colour_places, with_axis
from coatbench.pictures import picture_of
from coatbench.readers.description import content, load_folder, shipped
from coatbench.readers.recognise import FORMATS, format_names
from coatbench.readers.xps_levels import may_hold_levels
from coatbench.settings import (
    StudySettings,
    load_study_settings,
    load_yaml,
    typed,
    without_taken_out,
)
from coatbench.settings_schema import settings_problems
from coatbench.study import load_study
from coatbench.study_files import may_be_told
from coatbench.study_folder import no_names
from coatbench.techniques import TECHNIQUES, incomplete, undescribed

ENVIRONMENT = "../envs/coatbench.yml"


def stop(problems, notes=()):
    """End before any job starts, with every problem on a line of its own, and what was noticed besides."""
    said = ["The study cannot be analysed as it stands:", *problems]
    said += [f"note: {line}" for line in notes]
    print("\n".join(said), file=sys.stderr)
    sys.exit(1)  # an exception would come with a line of this file


def load():
    """Merge config.yaml < study.yaml < command line, check everything, return the study."""
    if nameless := no_names(config):
        stop(nameless)
    spelled = {key: job.spelled(Path(config[key]).expanduser()) for key in ("study", "results")}
    if (
        not Path(spelled["study"]).exists()
        and (shipped := WORKFLOW.parent / config["study"]).exists()
    ):
        spelled["study"] = job.spelled(shipped)  # the demo study, from another folder
    config.update(spelled)
    folder = Path(config["study"])
    problems = [
        f"{key}: expected a folder without braces in its name, found {config[key]}"
        for key in ("study", "results")
        if "{" in config[key]
    ]
    problems += job.folder_problems(spelled["study"], spelled["results"])
    notes = []
    settings = StudySettings()
    try:
        settings = load_study_settings(folder)
    except StudyError as error:
        problems += error.problems
    stated = workflow.config_settings.overwrite_config
    update_config(stated, typed(workflow.config_settings.config))
    update_config(config, settings.overrides)
    update_config(config, stated)
    config.update(spelled)
    config.update(without_taken_out(config))
    # Snakemake hands on `true` of its command line as text.
    for key in ("takeover", "strict_versions"):
        if config.get(key) in ("true", "false"):
            config[key] = config[key] == "true"
    layers = {str(folder / "study.yaml"): settings.overrides, "command line": stated}
    problems += settings_problems(config, WORKFLOW / "schemas", layers)
    simulate = settings.simulator is not None
    try:
        load_folder(folder / "formats")
    except StudyError as error:
        problems += error.problems
    try:
        study = load_study(
            folder,
            config["reference"] or None,
            title=settings.title,
            simulated=settings.simulated,
            made_in=f"{config['results']}/exports" if simulate else None,
            declared=factor_columns(config),
            more_folders=more if isinstance(more := config.get("more_folders"), list) else [],
            choices=names_for_cells(config, folder / "formats"),
        )
        notes = study.notes
        if not problems:  # a wrong section of the config is said already
            factors = read_factors(config["factors"])
            check_factors(factors, study.samples, study.table.as_posix(), layers)
    except StudyError as error:
        problems += error.problems
        notes += error.notes
    problems += claims_problems(folder / "claims.csv", notes)
    if problems:
        stop(list(dict.fromkeys(problems)), notes)
    return study, settings


def claims_problems(path, notes):
    """Return what is wrong with the study's claims, if it has any; what looks like a slip is added to the notes."""
    try:
        read_claims(path, notes) if path.is_file() else []
    except StudyError as error:
        return error.problems
    return []


def names_for_cells(config, formats):
    """Return the names that the config and the formats give for cells of an index; a wrong section is named elsewhere."""
    found = {(t, "format"): partial(format_names, t, formats) for t in TECHNIQUES}
    cycling = config.get("cycling")
    if isinstance(cycling, dict) and isinstance(protocols := cycling.get("protocols"), dict):
        found["cycling", "protocol"] = list(protocols)
    return found


def factor_columns(config):
    """Return the columns of samples.csv that the config names as factors; a wrong section is named elsewhere."""
    factors = config.get("factors")
    return [str(key) for key in factors] if isinstance(factors, dict) else []


STUDY, STUDY_SETTINGS = load()
# How this run goes about it, not what it makes: no parameter of any job.
TAKEOVER, STRICT_VERSIONS = (config.pop(key, False) for key in ("takeover", "strict_versions"))
OWN_FORMATS = Path(config["study"]) / "formats"
PLACES = job.places(config)
# As documents show it: where the folders were is no choice of a scientist, and no business of a reader.
PLACELESS = dict(config) | {"study": "study", "results": "results", "more_folders": []}
# First among the inputs of whatever makes something. What does not hold any longer is older than this (plan.smk).
CLOCK = PLACES.clock
SAMPLES = STUDY.samples
FACTORS = read_factors(config["factors"])
MEASURED = [t for t in TECHNIQUES if STUDY.rows(t)]
if not MEASURED:
    if not STUDY.excluded:
        nothing = f"{config['study']}: expected an index.csv in the folder of a technique ({', '.join(TECHNIQUES)}), found none"
        stop([f"{nothing}; `coatbench init` proposes them"], STUDY.notes)
INCOMPLETE = [line for t in TECHNIQUES for line in incomplete(t, WORKFLOW)]
if INCOMPLETE:
    stop(INCOMPLETE)
TARGETS = []  # each rule file adds what it makes
NOT_MADE = []  # and says which figures it has nothing for
# Priority of what others wait for: measurements, tables, the ranking with its figure. Other figures fill the gaps,
# the long ones first: started last, one would run alone at the end.
EARLY, LONG = 10, 5
ROWS = []  # each technique adds the rows files of its jobs: they tell what could not be analysed


wildcard_constraints:
    sample=r"[A-Za-z0-9_.\-]+",
    cell=r"[A-Za-z0-9_.\-]+",
    run=r"[A-Za-z0-9_.\-]+",
    protocol=r"[A-Za-z0-9_.\-]+",


def results(path):
    """Return a path below the results folder."""
    return f"{config['results']}/{path}"


def workflow_file(path):
    """Return the path of a file of the workflow: relative in its own folder, so that a moved one reruns nothing."""
    return job.spelled(WORKFLOW.parent / path)


def measured(technique):
    """Tell whether the study has measurements of a technique."""
    return technique in MEASURED


def without_reference(technique, figure):
    """Tell whether a figure has nothing to show since a technique did not measure the reference; the report then names it."""
    if not measured(technique) or STUDY.reference in {
        row["sample"] for row in STUDY.rows(technique)
    }:
        return False
    NOT_MADE.append(
        f"{technique}: figure {figure.removeprefix('fig')} is not made: the uncoated reference was not measured"
    )
    return True


def units(technique, pattern, *keys):
    """Return results paths, one per job of a technique: `pattern` filled with the index's keys."""
    return [
        results(pattern.format(**dict(zip(keys, values))))
        for values in STUDY.units(technique, *keys)
    ]


def sample_units(technique, pattern):
    """Return an input function: results paths, one per index row of a job's sample."""
    return lambda wildcards: [
        results(pattern.format(**row)) for row in STUDY.rows(technique, sample=wildcards.sample)
    ]


def exports_folder(technique=""):
    """Return a params function: the folder of all raw exports, or of a technique's."""
    return lambda wildcards: (STUDY.exports / technique).as_posix()


def raw_files(technique, *keys):
    """Return an input function: the raw files of the rows that a job's wildcards name."""
    return lambda wildcards: STUDY.files(technique, **{k: wildcards[k] for k in keys})


def index_rows(technique, *keys):
    """Return a params function: the index rows that a job's wildcards name."""
    return lambda wildcards: STUDY.rows(technique, **{k: wildcards[k] for k in keys})


def keys(section, *names):
    """Return the keys of a section of the config that a step reads: no other key makes it run again."""
    return {name: config[section][name] for name in names}


def code(script, readers=None):
    """Return the content hash of a script, the library it reaches, and a technique's readers and descriptions."""
    modules = sorted({f.module for f in FORMATS if f.technique == readers})
    folder = WORKFLOW / "coatbench" / "readers"
    own = content(OWN_FORMATS, readers) if readers else ""
    return own + digest(
        WORKFLOW / "scripts" / script,
        *([folder / "recognise.py"] if readers else []),
        *(p for m in modules if (p := folder / f"{m}.py").is_file()),
        *(p for p in [folder / f"plain_{readers}.py"] if p.is_file()),
        *([d.source for d in shipped(readers)] if readers else []),
    )


@cache
def table_meanings(technique):
    """Return what the columns of a technique's result tables hold: {table: {column: meaning}}."""
    path = WORKFLOW / "schemas" / "tables" / f"{technique}.yaml"
    schema = load_yaml(path)
    if problems := undescribed(schema, path):
        stop(problems)
    return schema


def table_columns(technique):
    """Return the columns of a technique's result tables: {table: [column, ...]}."""
    return {table: list(columns) for table, columns in table_meanings(technique).items()}


def table(name):
    """Return the path of a result table."""
    return results(f"tables/{name}.csv")


def picture(png):
    """Return the path of the small copy of a figure that the report embeds."""
    return picture_of(png, results("").rstrip("/")).as_posix()


def figure_files(name):
    """Return the files of a figure, by kind."""
    return {kind: results(f"figures/{name}.{kind}") for kind in ("pdf", "svg", "png", "csv")}


def reported(name, category, label=None):
    """Return a figure's files as outputs that stand in Snakemake's report, with the figure's caption."""
    caption = WORKFLOW / "report" / f"{name}.rst"
    if not caption.is_file():
        stop([f"{caption}: expected the caption of figure {name}, found no file"])
    return {
        kind: report(
            path,
            category=category,
            caption=f"../report/{name}.rst",
            labels={"figure": label or name.removeprefix("fig"), "kind": kind},
        )
        for kind, path in figure_files(name).items()
    } | {"webp": picture(figure_files(name)["png"])}


def reported_all(labels, category):
    """Return the outputs of a job that draws several figures, {name: label}, by figure and kind."""
    return {
        f"{name}_{kind}": path
        for name, label in labels.items()
        for kind, path in reported(name, category, label).items()
    }


def samples_of(technique):
    """Return the samples that a technique measured, as its tables need them.

    One more sample that it did not see changes nothing of it, and a label no number.
    """
    known = {row["sample"] for row in STUDY.rows(technique)}
    return [{k: v for k, v in s.items() if k != "label"} for s in SAMPLES if s["sample"] in known]


def annealings():
    """Return temperature in degC and time in h of every annealing of the study, each once."""
    names = ("annealing_temperature_degC", "annealing_time_h")
    cells = [tuple(s.get(n) or "" for n in names) for s in SAMPLES]
    return sorted({tuple(map(float, pair)) for pair in cells if all(pair)})


def figure_params(technique=None):
    """Return what every figure needs besides its data: samples in order, face label, style.

    A coated sample carries its place on the colour scale and on the axis, which are the study's and not the figure's.
    """
    placed = with_axis(SAMPLES, FACTORS)
    places = colour_places(placed)
    shown = {s["sample"] for s in (samples_of(technique) if technique else SAMPLES)}
    return {
        "samples": [
            s | {PLACE: f"{places[s['sample']]:.4f}"} if s["sample"] in places else s
            for s in placed
            if s["sample"] in shown
        ],
        "reference": STUDY.reference,
        "simulated": STUDY.simulated,
        "config": config["figures"],
    }


def quicklook_params(wildcards):
    """Return what a quick-look needs besides its data; only of its own sample, so that others may come and go."""
    run = wildcards.get("run")
    return quicklook_of(STUDY.rows("tga_ms", run=run)[0]["sample"] if run else wildcards.sample)


def quicklook_of(name):
    """Return the same for a sample."""
    samples = [s for s in SAMPLES if s["sample"] == name]
    return {"samples": samples, "simulated": STUDY.simulated, "config": config["figures"]}


def log_file(name):
    """Return the log of a job."""
    return results(f"logs/{name}.log")


def benchmark_file(name):
    """Return the benchmark of a job."""
    return results(f"benchmarks/{name}.tsv")


def told(paths):
    """Return those of these files of the study that can be inputs of Snakemake's; the others go into `params: untold`."""
    return [path for path in paths if may_be_told(path)]


def untold(paths):
    """Return those that cannot."""
    return [path for path in paths if not may_be_told(path)]


def asked_for():
    """Return the targets of the command line."""
    return set(workflow.dag_settings.targets)


onstart:
    hold_results()
    if workflow.local_exec:
        # The limit of jobs per second protects a cluster's queue. Here each job that ends makes Snakemake look at all
        # waiting jobs once more in every later second: a cost that grows with the square of the study.
        workflow.scheduler.job_rate_limiter = None
    # `check` says the same at its end.
    for line in [] if asked_for() == {"check"} else STUDY.notes + STUDY.gaps():
        print(f"note: {line}", file=sys.stderr)
