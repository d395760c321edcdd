# The last steps: where every table and figure comes from, the run as an RO-Crate, and the report. Included after
# the techniques, whose targets and rules it reads.

import yaml

PROJECT_FILES = project_files(WORKFLOW.parent)
CAPTIONS = sorted((WORKFLOW / "report").glob("*.rst"))
CONFIG_TEXT = yaml.safe_dump(PLACELESS, allow_unicode=True, sort_keys=False)
FINISHED_TABLES = [t for t in TARGETS if t.startswith(results("tables/"))] + [
    table("problems"),
    table("warnings"),
    table("quality"),
    table("excluded"),
]
FINISHED_FIGURES = [t for t in TARGETS if t.startswith(results("figures/"))]
QUICKLOOKS = [t for t in TARGETS if t.startswith(results("quicklook/"))]

# Measurements whose curves the page shows; images are not among them.
CURVES = [
    str(Path(rows).with_suffix(".nc")) for rows in ROWS if not rows.startswith(results("stem/"))
]


localrules:
    provenance,
    documents,
    crate,
    page,
    workbooks,


rule provenance:
    input:
        CLOCK,
        rows=ROWS,
        tables=told(all_tables()),
        results=FINISHED_TABLES + FINISHED_FIGURES,
    output:
        run=results("provenance.json"),
    log:
        log_file("provenance/run"),
    benchmark:
        benchmark_file("provenance/run")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=10,
    params:
        indexes=index_tables(),
        tables=study_tables(),
        untold=untold(all_tables()),
        tables_as_read={path: checksum(path)["sha256"] for path in all_tables()},
        study={
            "title": STUDY.title,
            "folder": Path(config["study"]).name,
            "simulated": STUDY.simulated,
            "reference": STUDY.reference,
        },
        config=PLACELESS,
        targets=documents(),
        graph=rule_graph(),
        folders={results(f"{t}/"): t for t in MEASURED},
        code=code("report/provenance.py"),
    message:
        "Provenance of the run"
    script:
        "../scripts/report/provenance.py"


rule documents:
    input:
        CLOCK,
        run=results("provenance.json"),
    output:
        list(documents()),
    log:
        log_file("provenance/documents"),
    benchmark:
        benchmark_file("provenance/documents")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=5,
    params:
        code=code("report/documents.py"),
    message:
        "Provenance beside every table and figure"
    script:
        "../scripts/report/documents.py"


rule crate:
    input:
        CLOCK,
        run=results("provenance.json"),
        page=results("report.html"),
        statement=results("tables/ranking_statement.txt"),
        problems=table("problems"),
    output:
        crate=results("ro-crate-metadata.json"),
        readme=results("README.md"),
        workflow=results("provenance/Snakefile"),
        config=results("provenance/config.yaml"),
        code=results("provenance/workflow.zip"),
    log:
        log_file("provenance/crate"),
    benchmark:
        benchmark_file("provenance/crate")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=300,
        runtime=5,
    params:
        config_text=CONFIG_TEXT,
        files=list(PROJECT_FILES),
        publication=dict(config["publication"]),
        code=code("report/crate.py") + digest_of(PROJECT_FILES.values()),
    message:
        "The run as an RO-Crate"
    script:
        "../scripts/report/crate.py"


rule page:
    input:
        CLOCK,
        run=results("provenance.json"),
        tables=FINISHED_TABLES,
        figures=[f for f in FINISHED_FIGURES if f.endswith(".png")],
        quicklooks=QUICKLOOKS,
        pictures=[picture(f) for f in FINISHED_FIGURES + QUICKLOOKS if f.endswith(".png")],
        statement=results("tables/ranking_statement.txt"),
        curves=CURVES,
    output:
        report(results("report.html"), category="Report", caption="../report/report.rst"),
    log:
        log_file("report/page"),
    benchmark:
        benchmark_file("report/page")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
        runtime=5,
    params:
        tables=page_tables(),
        labels={s["sample"]: s.get("label") or s["sample"] for s in SAMPLES},
        config_text=CONFIG_TEXT,
        code=code("report/page.py") + digest_of(CAPTIONS),
    message:
        "The report"
    script:
        "../scripts/report/page.py"


# For those who go on in a spreadsheet; the CSV files stay the results.
rule workbooks:
    input:
        CLOCK,
        tables=FINISHED_TABLES,
        figures=[f for f in FINISHED_FIGURES if f.endswith(".csv")],
    output:
        tables=results("tables.xlsx"),
        figures=results("figures.xlsx"),
    log:
        log_file("report/workbooks"),
    benchmark:
        benchmark_file("report/workbooks")
    conda:
        ENVIRONMENT
    resources:
        mem_mb=500,
        runtime=5,
    params:
        study={"title": STUDY.title, "simulated": STUDY.simulated, "samples": SAMPLES},
        meanings={name: columns for t in MEASURED for name, columns in table_meanings(t).items()},
        code=code("report/workbooks.py"),
    message:
        "Tables and plotted numbers as workbooks"
    script:
        "../scripts/report/workbooks.py"


TARGETS += [
    *documents(),
    results("tables.xlsx"),
    results("figures.xlsx"),
    results("ro-crate-metadata.json"),
    results("report.html"),
]
