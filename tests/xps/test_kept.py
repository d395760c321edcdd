"""Whole exports through fit, choices, tables and joint fits, with settings that nobody ships, held number by number (`kept_numbers`)."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.analysis import Analysis
from coatbench.arrays import Arrays
from coatbench.readers import read
from coatbench.simulate import xps as simulate
from coatbench.xps.analyse import analyse
from coatbench.xps.by_lmfit import refit, region_model
from coatbench.xps.collect import collect
from coatbench.xps.inside import describe
from coatbench.xps.joint import joint_rows
from coatbench.xps.model import build
from coatbench.xps.region import fit_region
from kept_numbers import hold

from .made_cases import foreign
from .planted import scan, survey, write

KEPT = Path(__file__).parent / "kept"
FITTED = 1e-4  # relative: fits end where their chi-square changes by less than 1e-9 of itself
LEFT_OUT = {
    "iterations",
    "file",
    "sample",
    "instrument",
    "date",
}  # steps of a fit are nobody's number


def columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows by column: numbers as an array, judgements as letters, other words once each; nothing where all cells are empty."""
    rows, found = list(rows), {}
    for name in dict.fromkeys(n for row in rows for n in row if n not in LEFT_OUT):
        cells = [row.get(name) for row in rows]
        if name == "quality":
            found[name] = "".join((c or "-")[0] for c in cells)
        elif any(isinstance(c, str) for c in cells):
            words = dict.fromkeys(w for c in cells for w in str(c).split("; "))
            if any(words):
                found[name] = " | ".join(words)
        elif any(c is not None for c in cells):
            found[name] = np.array([math.nan if c is None else float(c) for c in cells])
    return found


def kept(found: Analysis, *tables: str) -> dict[str, Any]:
    """Tables (those that are named, or all) with curves and warnings."""
    made: dict[str, Any] = {n: columns(rows) for n, rows in found.tables.items() if n in tables or not tables}  # fmt: skip
    for group, data in found.curves.items():
        if "envelope_cps" not in data:
            continue
        own = ("area_cps_eV", "area_cps_eV_sd", "position_eV", "fwhm_eV", "held")
        made[group] = {
            n: data[n] for n in ("background_cps", "envelope_cps", "residual", "component_cps")
        }
        made[group]["parameters"] = np.concatenate([data[n] for n in own])
        made[group]["attributes"] = str(sorted((k, v) for k, v in data.attrs.items() if k in ("base", "survey", "fitted", "background", "quality")))  # fmt: skip
    return made | {"warnings": found.warnings}


def run(path: Path, config: dict, **row: str) -> Analysis:
    return analyse([{"sample": "s", "file": path.name, "spot": "1", **row}], [path], config)


def region(window: list[float], background: str, shape: str, doublet: tuple[float, float] | None = None, **components: dict) -> dict:  # fmt: skip
    more = {"doublet": {"splitting_eV": doublet[0], "ratio": doublet[1]}} if doublet else {}
    return {"window_eV": window, "background": background, "line_shape": shape, "components": components, **more}  # fmt: skip


def line(at: float | str, fwhm: float | str, within: float = 0.0, limits: tuple | None = None, **more: Any) -> dict:  # fmt: skip
    wide = {"fwhm_limits_eV": list(limits)} if limits else {}
    return {"binding_energy_eV": at, "fwhm_eV": fwhm, "within_eV": within, **wide, **more}


REGIONS = {
    "C 1s": region([280.5, 293.0], "tougaard", "Voigt(35)", adventitious=line(285.0, 1.5, 0.6, (1.0, 2.2)), CO=line("adventitious + 1.4", "1.1 * adventitious"), carbonate=line(289.9, 1.3, 0.5, (1.0, 1.5))),
    "O 1s": region([526.0, 536.0], "linear", "SGL(25)", lattice=line(529.0, 1.2, 0.3, (0.9, 1.6)), surface=line(531.9, 1.9, 0.5, (1.2, 3.0), line_shape="LA(1.6,2,40)")),
    "S 2p": region([158.0, 173.0], "active_shirley", "GL(30)", (1.2, 0.52), sulfide=line(161.3, 1.3, 0.4, (0.9, 2.0)), polysulfide=line("sulfide + 2.05", "1.1 * sulfide"),
                   sulfite=line("sulfate - 2.3", 1.5, area="0.4 * sulfate"), sulfate=line(169.3, 1.5, 0.4, (1.0, 2.2), rsf=1.75)),
    "P 2p": region([128.5, 137.5], "shirley", "LA(1.4,90)", (0.84, 0.5), thiophosphate=line(131.8, 1.3, 0.4, (0.9, 2.0)), phosphate=line("thiophosphate + 2.0", "thiophosphate", quantify=False)),
    "Ni 2p": region([848.0, 886.0], "shirley", "GL(60)", (17.3, 0.5), nickel=line(855.2, 2.7, 0.8, (1.5, 4.5)), satellite=line("nickel + 6.5", 5.0, part_of="nickel", limits=(3.0, 7.0))),
}  # fmt: skip


@pytest.fixture(scope="module")
def far(config: dict) -> dict:
    """Settings of which none is as shipped."""
    changed = copy.deepcopy(config)
    changed |= {
        "regions": REGIONS, "end_width_eV": 0.85, "unmodelled_background": "shirley", "rsf_library": "scofield_escape", "rsf_extra": {"P 2p": 1.1},
        "aliases": {"Mo 3d": "S 2p"}, "joint": {"S 2p": ["fwhm"], "P 2p": ["position"], "C 1s": ["position", "fwhm"]},
        "shirley": {"tolerance": 1e-8, "max_iterations": 90},
    }  # fmt: skip
    changed["charge_reference"] |= {"binding_energy_eV": 285.0, "search_eV": 3.0}
    changed["choices"] |= {
        "prior": {"ties": 0.2, "lorentzian": 0.3, "tail": 0.4, "background": 0.25}, "tie_position_eV": 0.2, "tie_width": 0.15, "lorentzian_percent": 12.0,
        "tail_share": 0.1, "background_share": 0.7, "linear_share": 0.5,
    }  # fmt: skip
    changed["plausible"] |= {"reduced_chi_square": {"doubtful": [0.8, 1.1], "unusable": [0.2, 30]}, "residual_autocorrelation_sigma": {"doubtful": [None, 1.0]}}  # fmt: skip
    changed["sensitivity"]["backgrounds"] = ["linear", "active_shirley"]
    changed["coverage"] |= {"contamination": {"C 1s": ["adventitious", "CO"]}, "emission_angle_deg": 25.0}  # fmt: skip
    return changed


def regions(**given: Any) -> list:
    tail = simulate.Trouble(tail_share=0.08, tail_decay=0.6)
    own = {"shift": -1.4, "photon_eV": 1486.69, "trouble": tail, "time": 0.25} | given
    return [scan(r, **own) for r in ("C 1s", "O 1s", "S 2p", "P 2p", "Ni 2p")]


@pytest.fixture(scope="module")
def series(far: dict, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Analysis]:
    """A reference of one spot and a sample of two, at other charges."""
    found, folder = {}, tmp_path_factory.mktemp("series")
    for k, (sample, shifts) in enumerate({"bare": (-1.4,), "a": (0.7, 0.9)}.items()):
        files = []
        for n, shift in enumerate(shifts):
            scans = regions(coverage=0.15 + 0.4 * k, shift=shift, seed=10 * k + n)
            scans[2].region = "Mo 3d"
            files.append(write(folder / f"{sample}{n}.vms", scans))
        rows = [{"sample": sample, "file": f.name, "spot": str(n + 1)} for n, f in enumerate(files)]
        found[sample] = analyse(rows, files, far)
    return found


def test_kept_series(far: dict, series: dict[str, Analysis]) -> None:
    joined: dict[str, list] = {}
    for one in series.values():
        for name, rows in one.tables.items():
            joined.setdefault(name, []).extend(rows)
    samples = [{"sample": "bare", "role": "uncoated"}, {"sample": "a", "role": "coated"}]
    curves = {sample: one.curves for sample, one in series.items()}
    made = collect(joined, samples, far, reference="bare", curves=curves)
    tables = Analysis({n: rows for n, rows in made.items() if n not in ("xps_sensitivity", "xps_stored")}, {}, series["a"].warnings)  # fmt: skip
    hold(KEPT / "series.csv", kept(tables), FITTED)
    hold(KEPT / "series_curves.csv", {g: d for g, d in kept(Analysis({}, series["bare"].curves)).items() if g != "warnings"}, FITTED)  # fmt: skip


def test_kept_joint_fits_of_few(far: dict, series: dict[str, Analysis]) -> None:
    """Some without a charge or a time take no part; the same spectra with everything free or everything shared."""
    curves = {"a": dict(series["a"].curves), "bare": dict(series["bare"].curves)}
    left = curves["bare"]["1|S 2p"]
    curves["bare"]["1|S 2p"] = Arrays.of({}, {}, left.attrs | {"charge_shift_eV": math.nan})
    found = {" ".join(shared): columns(joint_rows(curves, far | {"joint": {"S 2p": shared}})) for shared in (["position", "fwhm"], [])}  # fmt: skip
    hold(KEPT / "joint_fits.csv", found, FITTED)


def test_kept_fits_by_lmfit(far: dict, series: dict[str, Analysis]) -> None:
    curves, found = series["a"].curves, {}
    for name in ("1|C 1s", "2|P 2p"):
        result = refit(curves[name], far)
        found[name] = {"values": np.array([p.value for p in result.params.values()]), "chi": result.chisqr, "names": ", ".join(result.params), "free": result.nvarys}  # fmt: skip
        untimed = Arrays.of({n: ("energy", curves[name][n]) for n in ("intensity_cps", "envelope_cps", "background_cps")},
                            {"binding_energy_eV": ("energy", curves[name]["binding_energy_eV"]), **{n: ("component", curves[name][n]) for n in ("area_cps_eV", "position_eV", "fwhm_eV")}},
                            curves[name].attrs | {"counting_time_s": math.nan})  # fmt: skip
        found[f"{name} without a time"] = refit(untimed, far).chisqr
    model = region_model(build("S 2p", REGIONS["S 2p"], far))
    values = {n: 0.1 * i + (160.0 if n.startswith("position") else 1.0) for i, n in enumerate(model.param_names)}  # fmt: skip
    found["active"] = model.eval(x=np.arange(155.0, 175.0, 0.5), **values)
    hold(KEPT / "fits_by_lmfit.csv", found, FITTED)


@pytest.mark.parametrize("by_lmfit", [True, False])
def test_kept_fits_of_curved_ties(far: dict, by_lmfit: bool) -> None:
    """Expressions that are no affine map, under each background, with everything let go."""
    curved = REGIONS["S 2p"]["components"] | {"polysulfide": line("sulfide + 1.6 * fwhm_sulfide", "sqrt(sulfide**2 + 0.01)")}  # fmt: skip
    model = build("S 2p", REGIONS["S 2p"] | {"components": curved}, far)
    s = scan("S 2p", shift=0.3, time=0.2)
    x, y = s.binding_eV[::-1].copy(), s.counts[::-1] / s.time_s
    found: dict[str, Any] = {}
    for kind, time_s in (
        ("shirley", s.time_s),
        ("active_shirley", s.time_s),
        ("tougaard", math.nan),
    ):
        fit = fit_region(x, y, time_s, model, 0.2, far, kind, by_lmfit=by_lmfit, combined=not by_lmfit)  # fmt: skip
        assert fit is not None
        found[kind] = {"p": fit.fit.p[0], "sd": fit.estimate.sd, "mean": fit.estimate.p, "free": fit.estimate.unbounded}  # fmt: skip
        found[kind] |= {"weights": {c.name: [c.weight, c.estimate.sd] for c in fit.choices}, "notes": "; ".join(fit.notes), "sigma": fit.fit.sigma}  # fmt: skip
        found[kind] |= {"fractions": np.array([[f.value, f.sd, f.low, f.high, f.sd_counting] for f in fit.fractions()])}  # fmt: skip
        found[kind] |= {"numbers": [fit.reduced_chi_square, fit.autocorrelation, fit.fit.n_free, fit.fit.n_points]}  # fmt: skip
    hold(KEPT / f"curved_ties_by_{'lmfit' if by_lmfit else 'scipy'}.csv", found, FITTED)


def changed_scans(name: str) -> list:
    """Return an export with something about it."""
    scans = [scan(r, time=0.4, seed=3) for r in ("C 1s", "S 2p", "Ni 2p")]
    carbon, sulfur, nickel = scans
    if name == "no carbon":
        return [sulfur, nickel]
    if name == "far charge":
        return [scan(r, time=0.4, shift=8.2) for r in ("C 1s", "S 2p")]
    if name == "no line of carbon":
        flat = replace(carbon, counts=np.random.default_rng(2).poisson(500.0 + 0 * carbon.counts).astype(float))  # fmt: skip
        return [flat, sulfur]
    if name == "cut":
        kept_of = sulfur.binding_eV > 162.0
        above = nickel.binding_eV < 880.0
        return [carbon, replace(sulfur, binding_eV=sulfur.binding_eV[kept_of], counts=sulfur.counts[kept_of]), replace(nickel, binding_eV=nickel.binding_eV[above], counts=nickel.counts[above])]  # fmt: skip
    if name == "at limits":
        odd = [("x", 165.1, 1.3, 4000.0, 1.16), ("y", 170.6, 3.4, 9000.0, 1.16)]
        return [carbon, scan("S 2p", atoms=0.0, more=odd, time=0.4), scan("O 1s", time=0.4, shares={"lattice": 0.0, "surface": 1.0})]  # fmt: skip
    if name == "falls":
        up = replace(sulfur, counts=sulfur.counts + np.linspace(0, 900, sulfur.counts.size).round())
        return [carbon, up, nickel]
    if name == "more in the file":
        lines = [("Mo", 229.4, 1.0, 3000.0, 3.13)]
        wide = survey({"C": 20.0, "O": 40.0, "Ni": 9.0, "Si": 6.0})
        return [wide, carbon, foreign("Mo 3d", (224.0, 240.0), lines, 1.0), sulfur, scan("S 2p", 0.2, seed=7, time=0.4), replace(foreign("Nb 3d", (200.0, 214.0), [], 1.0), counts=np.zeros(141))]  # fmt: skip
    return scans


@pytest.mark.parametrize("name", ["plain", "no carbon", "far charge", "no line of carbon", "cut", "at limits", "falls", "more in the file"])  # fmt: skip
def test_kept_situations(config: dict, tmp_path: Path, name: str) -> None:
    own = copy.deepcopy(config)
    own["sensitivity"]["backgrounds"] = ["linear"] if name == "plain" else []
    path = write(tmp_path / "a.vms", changed_scans(name))
    found = kept(run(path, own))
    found["inside"] = describe(read(path, "xps"), own)
    # What is not significant is found to some per mille of its uncertainty, which is as large as it is.
    hold(KEPT / f"situation_{name.replace(' ', '_')}.csv", found, 5e-3 if name == "no line of carbon" else FITTED)  # fmt: skip


def test_kept_profile(config: dict, tmp_path: Path) -> None:
    """Levels by sputter time, each with a charge of its own."""
    scans = [scan(r, 0.8 - v / 100, shift=0.5 + v / 50, variable=float(v), seed=v, time=0.3) for v in (0, 20, 45) for r in ("C 1s", "S 2p", "Ni 2p")]  # fmt: skip
    path = write(tmp_path / "a.vms", scans, ("Etch Time", "min"))
    own = copy.deepcopy(config)
    own["sensitivity"]["backgrounds"] = []
    hold(KEPT / "profile.csv", kept(run(path, own), "xps_profile", "xps_fits"), FITTED)
