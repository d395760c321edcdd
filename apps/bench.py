"""The bench: change fits, windows and thresholds by eye, and save what changed into the study's study.yaml.

`make bench STUDY=path/to/study RESULTS=path/to/results`; a marimo app, everything it does stands in `coatbench.bench`.
"""

import marimo

app = marimo.App(width="medium", app_title="coatbench: bench")


@app.cell
def _():
    import marimo as mo
    from coatbench.bench import fits, override, preview
    from coatbench.errors import CoatbenchError

    arguments = mo.cli_args()
    study = str(arguments.get("study") or "data/demo")
    results = str(arguments.get("results") or "results")
    get_saved, set_saved = mo.state("")
    return CoatbenchError, fits, get_saved, mo, override, preview, results, set_saved, study


@app.cell
def _(get_saved, mo, override, preview, results, study):
    get_saved()  # read again after saving
    config = override.effective(study)
    known = preview.study_of(study, results)
    there = [t for t in ("xps", "tga_ms", "cycling", "stem") if known.rows(t)]
    names = {
        "xps": "XPS fits",
        "tga_ms": "TGA-MS events",
        "cycling": "dQ/dV windows",
        "stem": "STEM thresholds",
    }
    technique = mo.ui.dropdown({names[t]: t for t in there}, value=names[there[0]], label="what")
    mo.vstack(
        [
            mo.md(f"# Bench\n\nStudy `{study}`, results `{results}`. Exports are never changed."),
            technique,
        ]
    )
    return config, known, technique


@app.cell
def _(fits, known, mo, preview, results, technique):
    regions = fits.fitted_regions(results) if technique.value == "xps" else {}
    if technique.value == "xps":
        unit = mo.ui.dropdown(list(regions), value=next(iter(regions), None), label="sample")
    else:
        choices = {
            "/".join(u): u
            for u in known.units(technique.value, *preview.unit_columns(technique.value))
        }
        unit = mo.ui.dropdown(choices, value=next(iter(choices), None), label="measurement")
    unit  # noqa: B018
    return regions, unit


@app.cell
def _(mo, regions, technique, unit):
    spots = list(regions.get(unit.value, {})) if technique.value == "xps" else []
    spot = mo.ui.dropdown(spots, value=next(iter(spots), None), label="spot")
    spot if spots else mo.md("")
    return (spot,)


@app.cell
def _(mo, regions):
    # Of all samples: another sample leaves the region, and what was typed, as they are.
    every = list(
        dict.fromkeys(r for own in regions.values() for part in own.values() for r in part)
    )
    region = mo.ui.dropdown(every, value=next(iter(every), None), label="region")
    region if every else mo.md("")
    return (region,)


@app.cell
def _(config, mo, preview, region, technique):
    # What can be typed: of XPS, position and width of each component; a number moves it, an expression ties it.
    if technique.value == "xps" and region.value:
        own = config["xps"]["regions"][region.value]["components"]
        typed = mo.ui.dictionary(
            {
                name: mo.ui.dictionary(
                    {
                        "position": mo.ui.text(
                            str(entry["binding_energy_eV"]), label=f"{name}: position / eV"
                        ),
                        "move": mo.ui.slider(-2, 2, 0.05, value=0, label="move"),
                        "within": mo.ui.text(str(entry.get("within_eV", 0)), label="may move / eV"),
                        "width": mo.ui.text(str(entry["fwhm_eV"]), label="width / eV"),
                        "remove": mo.ui.checkbox(label="remove"),
                    }
                )
                for name, entry in own.items()
            }
        )
        extra = mo.ui.dictionary(
            {
                "name": mo.ui.text("", label="new component"),
                "position": mo.ui.text("", label="position / eV"),
                "width": mo.ui.text("1.5", label="width / eV"),
            }
        )
        shown = mo.vstack(
            [
                mo.hstack(list(part.elements.values()), justify="start", wrap=True)
                for part in typed.elements.values()
            ]
            + [mo.hstack(list(extra.elements.values()), justify="start", wrap=True)]
        )
    elif technique.value != "xps":
        fields = preview.fields(config, technique.value)
        typed = mo.ui.dictionary(
            {
                key: mo.ui.text(str(value).replace("None", "null"), label=key)
                for key, value in fields.items()
            }
        )
        extra = mo.ui.dictionary({})
        shown = mo.vstack(list(typed.elements.values()))
    else:
        typed, extra, shown = (
            mo.ui.dictionary({}),
            mo.ui.dictionary({}),
            mo.md("No region was fitted."),
        )
    shown  # noqa: B018
    return extra, typed


@app.cell
def _(
    CoatbenchError,
    config,
    extra,
    fits,
    known,
    mo,
    override,
    preview,
    region,
    results,
    spot,
    study,
    technique,
    typed,
    unit,
):
    problem, seen, image, rows, support, proposal = "", None, None, [], {}, None
    try:
        if technique.value == "xps" and region.value:
            before = config["xps"]["regions"][region.value]["components"]
            components = fits.edited(before, typed.value, extra.value)
            seen = fits.look(
                fits.measured(results, unit.value, spot.value, region.value),
                config["xps"],
                components,
            )
            image = fits.picture(
                seen, config["figures"], f"{unit.value}, spot {spot.value}, {region.value}"
            )
            rows, support = seen.rows, seen.support
            change = override.difference(before, components)
            change = {"xps": {"regions": {region.value: {"components": change}}}} if change else {}
        else:
            after = preview.changed(config, technique.value, typed.value)
            analysis = preview.analysed(known, technique.value, unit.value, after)
            image = preview.picture(known, technique.value, unit.value, analysis, after)
            change = override.difference(config, after)
        proposal = override.propose(study, change)
        if proposal.diff and (wrong := override.problems_of(proposal)):
            problem = "\n\n".join(wrong)
    except CoatbenchError as error:
        problem = str(error)
    save = mo.ui.run_button(
        label="Save into study.yaml", disabled=bool(problem) or not (proposal and proposal.diff)
    )
    table = [
        {
            "component": r["component"],
            "position / eV": "held"
            if r["binding_energy_eV"] is None
            else f"{r['binding_energy_eV']:.2f}",
            "width / eV": "held" if r["fwhm_eV"] is None else f"{r['fwhm_eV']:.2f}",
            "area / (counts/s eV)": f"{r['area_cps_eV']:.4g} ± {r['area_cps_eV_sd']:.1g}",
            "fraction (95 %)": f"{r['fraction']:.3f} ({r['fraction_ci_low']:.3f} to {r['fraction_ci_high']:.3f})",
            "remark": r["remark"],
        }
        for r in rows
    ]
    mo.vstack(
        [
            mo.image(image) if image else mo.md(""),
            mo.ui.table(table, selection=None) if table else mo.md(""),
            mo.md("Support: " + ", ".join(f"{k} {v:.0%}" for k, v in support.items()))
            if support
            else mo.md(""),
            mo.callout(mo.md(problem), kind="danger") if problem else mo.md(""),
            mo.md(f"What would change in study.yaml:\n\n```diff\n{proposal.diff}\n```")
            if proposal and proposal.diff
            else mo.md("Nothing is changed."),
            save,
        ]
    )
    return proposal, save


@app.cell
def _(CoatbenchError, get_saved, mo, override, proposal, save, set_saved):
    if save.value and proposal and proposal.diff:
        try:
            override.save(proposal)
            set_saved(
                f"Saved into {proposal.path}. Now run snakemake: only what depends on it runs again."
            )
        except CoatbenchError as error:
            set_saved(str(error))
    mo.md(get_saved())
    return


if __name__ == "__main__":
    app.run()
