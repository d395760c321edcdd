"""A finished run in miniature: tables, a figure, checksums; made without the workflow."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml
from coatbench.checksums import checksums
from coatbench.pictures import picture_of, write_drawing
from coatbench.quality import doubtful
from coatbench.report.provenance import describe_results, describe_run
from coatbench.tables import write_table
from PIL import Image
from ranking import synthetic

ROOT = Path(__file__).parents[2]
MARKUP = '<script>document.title="taken"</script><img src="https://example.org/x.png">'
# A picture of one grey pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def finished(folder: Path, *, simulated: bool = True, title: str = "A study") -> dict[str, Any]:
    """Write results into `folder` and return what the page is built from."""
    results, study = folder / "results", folder / "study"
    for part in ("tables", "figures", "quicklook/leis"):
        (results / part).mkdir(parents=True)
    (study / "leis").mkdir(parents=True)
    (study / "leis" / "index.csv").write_text("sample,file\n", encoding="utf-8")
    (study / "leis" / "a.txt").write_text("1 2\n", encoding="utf-8")
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config["ranking"] = synthetic.config()
    made, paragraphs = synthetic.make(
        synthetic.tables(), synthetic.samples(), config["ranking"], "uncoated"
    )
    paths = []
    for name, rows in made.items():
        paths.append(results / "tables" / f"{name}.csv")
        write_table(rows, synthetic.columns(config["ranking"])[name], paths[-1])
    (results / "tables" / "ranking_statement.txt").write_text(
        "\n\n".join(paragraphs), encoding="utf-8"
    )
    extra = {
        "xps_fits": [
            {
                "sample": "c300",
                "region": "S 2p",
                "converged": True,
                "reduced_chi_square": 1.02,
                "note": None,
            },
            {
                "sample": "c400",
                "region": "S 2p",
                "converged": False,
                "reduced_chi_square": 9.0,
                "note": MARKUP,
            },
        ],
        "leis_windows": [
            {"sample": "c300", "window": "near_surface", **doubtful("20 eV of charging").columns()}
        ],
        "quality": [
            {
                "technique": "leis",
                "unit": "c300",
                "value": "leis_windows: near_surface",
                "quality": "doubtful",
                "note": "20 eV of charging",
            }
        ],
        "problems": [{"technique": "leis", "unit": "c400", "problem": f"a.txt: {MARKUP}"}],
        "warnings": [
            {"technique": "sims", "unit": None, "warning": "sims: not measured in this study"}
        ],
        "claims": [
            claim("C1", "holds", 0.9, quantity=MARKUP),
            claim("C2", "fails", None),
            claim("C3", "not testable", None, found=None, reason="table x is not there"),
        ],
    }
    for name, rows in extra.items():
        paths.append(results / "tables" / f"{name}.csv")
        write_table(rows, list(rows[0]), paths[-1])
    figures = [results / "figures" / f"{n}.png" for n in ("ranking", "fig2", "fig10")]
    for path in [*figures, results / "quicklook" / "leis" / "c300.png"]:
        path.write_bytes(PIXEL)
        picture = picture_of(path, results)
        picture.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            size = (
                (70, 30) if path.stem == "ranking" else image.size
            )  # about the demo's proportions
            write_drawing(image.convert("RGB").resize(size), path, picture, 150)
    raw = {"leis": checksums([study / "leis" / "index.csv", study / "leis" / "a.txt"])}
    targets = {str(p.with_suffix(".provenance.json")): [str(p)] for p in [*paths, *figures]}
    graph = {
        str(results / "tables" / "ranking.csv"): ("ranking", [str(results / "leis" / "c300.json")]),
        str(results / "figures" / "ranking.png"): (
            "ranking_figure",
            [str(results / "tables" / "ranking.csv")],
        ),
    }
    run = describe_run(
        study={
            "title": title,
            "folder": str(study),
            "simulated": simulated,
            "reference": "uncoated",
        },
        config=config,
        raw=raw,
        targets=targets,
        graph=graph,
        folders={str(results / "leis") + "/": "leis"},
        made_with={
            "leis": {"leis/c300.json": {"numpy": "2.4.6"}, "leis/c400.json": {"numpy": "2.4.5"}}
        },
        root=ROOT,
    )
    return {
        "run": run,
        "documents": describe_results(run),
        "results": results,
        "tables": {
            "xps": [results / "tables" / "xps_fits.csv"],
            "leis": [results / "tables" / "leis_windows.csv"],
            "rest": [p for p in paths if p.stem not in ("xps_fits", "leis_windows")],
        },
        "figures": [str(p) for p in figures],
        "quicklooks": [str(results / "quicklook" / "leis" / "c300.png")],
        "statement": str(results / "tables" / "ranking_statement.txt"),
        "captions": str(ROOT / "workflow" / "report"),
        "config_text": f"title: {MARKUP}\n",
    }


def claim(name: str, verdict: str, probability: float | None, **changes: Any) -> dict[str, Any]:
    row = {
        "id": name,
        "figure": "2",
        "quantity": "coverage",
        "sample": "c300",
        "expected": "1",
        "tolerance": 0.1,
        "unit": "1",
        "found": 0.95,
        "found_sd": 0.02,
        "verdict": verdict,
        "source_table": "xps_coverage",
        "relation": "equals",
        "found_sample": "c300",
        "probability_holds": probability,
        "found_all": "c300 0.95",
        "reason": None,
        "note": None,
    }
    return row | changes
