"""Coverages, layers, orders and percentages of areas that nobody fitted, far from the shipped configuration, held (`kept_numbers`)."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.analysis import Analysis
from coatbench.arrays import Arrays
from coatbench.quality import Quality, doubtful, unusable
from coatbench.xps import amounts
from coatbench.xps.attenuation import attenuation_nm
from coatbench.xps.collect import collect, order_rows
from coatbench.xps.coverage import (
    Amount,
    Setting,
    average,
    coverage,
    missing_factors,
    spot_amounts,
)
from coatbench.xps.layers import thickness
from coatbench.xps.model import RegionModel, build
from coatbench.xps.spot import Measured, SpotFit
from kept_numbers import hold

KEPT = Path(__file__).parent / "kept"
PARTS = {
    "C 1s": {"adventitious": 0.6, "C-O": 0.25, "carbonate": 0.1, "carbide": 0.05}, "O 1s": {"lattice": 0.4, "surface": 0.6},
    "S 2p": {"sulfide": 0.3, "sulfate": 0.7}, "P 2p": {"phosphate": 1.0}, "Ni 2p": {"nickel": 0.9, "metal": 0.1},
}  # fmt: skip
BASE = {"C 1s": 700.0, "O 1s": 2600.0, "S 2p": 90.0, "P 2p": 35.0, "Ni 2p": 5200.0}
MATERIAL = {"tpp_2m": {"density_g_cm3": 3.1, "molar_mass_g_mol": 90.0, "valence_electrons": 22, "band_gap_eV": 3.0}}  # fmt: skip


def areas(sample: str = "a", spot: str = "1", background: str = "shirley", seed: int = 0, **changed: Any) -> list[dict]:  # fmt: skip
    """Return rows of xps_areas whose areas and uncertainties no rule ties together; some are judged."""
    rng = np.random.default_rng([seed, len(sample), ord(sample[0]), ord(spot), len(background)])
    common = {"photon_energy_eV": 1486.69, "source_analyser_angle_deg": 45.0} | changed.pop(
        "common", {}
    )
    quality, scale = changed.pop("quality", {}), changed.pop("scale", {})
    found = []
    for region, parts in PARTS.items():
        if region in changed.get("without", ()):
            continue
        total = BASE[region] * scale.get(region, 1.0)
        sds = []
        for name, share in parts.items():
            area, sd = total * share * (0.8 + 0.4 * rng.random()), 0.02 * total * (0.3 + share)
            sds.append(sd)
            found.append({"region": region, "component": name, "area_cps_eV": area, "area_cps_eV_sd": sd})  # fmt: skip
        whole = sum(r["area_cps_eV"] for r in found if r["region"] == region)
        found.append({"region": region, "component": "total", "area_cps_eV": whole, "area_cps_eV_sd": math.hypot(*sds)})  # fmt: skip
        for row in found[-len(parts) - 1 :]:
            row |= common | quality.get(region, Quality()).columns()
            row |= {"sample": sample, "spot": spot, "background": background, "is_default": background == "shirley", "line": region,
                    "transmission": 0.7 + BASE[region] / 9000}  # fmt: skip
    return found


@pytest.fixture
def far(config: dict) -> dict:
    """Configuration of a tilted sample; nothing that enters a coverage is as shipped."""
    changed = copy.deepcopy(config)
    changed["coverage"] |= {
        "contamination": {"C 1s": ["adventitious", "C-O"], "O 1s": ["surface"]}, "contamination_density": 0.8, "attenuation_length_nm": 2.3,
        "attenuation_length_sd": 0.17, "emission_angle_deg": 35.0,
    }  # fmt: skip
    changed["sensitivity"] |= {"rsf_libraries": ["scofield", "scofield_escape", "scofield_angle", "wagner"], "escape_depths": {"phosphate": MATERIAL}}  # fmt: skip
    changed["rsf_extra"] = {"P 2p": 1.31}
    return changed


def columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows by column: numbers as an array, words once each, nothing where all cells are empty."""
    rows, found = list(rows), {}
    for name in dict.fromkeys(n for row in rows for n in row):
        cells = [row.get(name) for row in rows]
        if any(isinstance(c, str) for c in cells):
            if any(cells):
                found[name] = " | ".join(dict.fromkeys(str(c) for c in cells))
        elif any(c is not None for c in cells):
            found[name] = np.array([math.nan if c is None else float(c) for c in cells])
    return found


def told(values: Mapping[str, Amount]) -> dict[str, str]:
    """Amounts in one line each."""
    return {k: f"{a.value:.7g} {a.sd:.7g} {a.n} {a.quality.level} {a.quality.note}" for k, a in values.items()}  # fmt: skip


SPOTS: dict[str, dict[str, Any]] = {
    "plain": {}, "tilted anode": {"common": {"photon_energy_eV": 1253.6}}, "no photon energy": {"common": {"photon_energy_eV": math.nan}},
    "silver": {"common": {"photon_energy_eV": 2984.3, "source_analyser_angle_deg": 90.0}},
    "much carbon": {"scale": {"C 1s": 9.0}}, "nothing but carbon": {"scale": dict.fromkeys(("O 1s", "S 2p", "P 2p", "Ni 2p"), 0.0)},
    "no carbon": {"scale": {"C 1s": 1e-6}}, "carbon not measured": {"without": ("C 1s",)}, "no oxygen": {"without": ("O 1s", "C 1s")},
    "no phosphorus": {"without": ("P 2p",)}, "doubted": {"quality": {"S 2p": doubtful("b"), "C 1s": doubtful("c")}},
    "unusable carbon": {"quality": {"C 1s": unusable("c")}}, "unusable sulfur": {"quality": {"S 2p": unusable("s"), "O 1s": doubtful("o")}},
    "weak": {"scale": {"S 2p": 0.0, "P 2p": 1e-3, "Ni 2p": 0.01}},
}  # fmt: skip


@pytest.mark.parametrize("library", ["scofield", "scofield_escape", "scofield_angle", "wagner"])
def test_kept_amounts_of_spots(far: dict, library: str) -> None:
    setting = Setting.of(far)
    found: dict[str, Any] = {}
    for name, changed in SPOTS.items():
        rows = areas(**copy.deepcopy(changed))
        found[name] = told(spot_amounts(rows, library, setting, 1.2)) | {"lacking": ", ".join(missing_factors(rows, library, setting))}  # fmt: skip
    own = areas()
    for row in own:
        if row["component"] in ("metal", "sulfide"):
            row |= {"rsf": 9.9, "line": "Ni 2p"} if row["component"] == "metal" else {"rsf": 1.5}
    own += [row | {"component": "total"} for row in own if row.get("rsf")]
    found["factors of their own"] = told(spot_amounts(own, library, setting))
    none = [row | {"area_cps_eV": None} if row["region"] == "P 2p" else row for row in areas()]
    found["empty cells"] = told(spot_amounts(none, library, setting))
    for given in (far["coverage"] | {"attenuation_length_nm": MATERIAL}, far["coverage"] | {"contamination": {}}, far["coverage"] | {"emission_angle_deg": 70.0}):  # fmt: skip
        other = Setting.of(far | {"coverage": given})
        name = f"length {str(given['attenuation_length_nm'])[2:8]} at {given['emission_angle_deg']:g} under {len(given['contamination'])}"  # fmt: skip
        found[name] = told(spot_amounts(areas(), library, other))
    hold(KEPT / f"amounts_{library}.csv", found)


def test_kept_lengths_of_lines(far: dict) -> None:
    found: dict[str, Any] = {}
    for name, given in (("number", 2.3), ("material", MATERIAL)):
        setting = Setting.of(far | {"coverage": far["coverage"] | {"attenuation_length_nm": given}})
        found[name] = [attenuation_nm(line, photon, setting.coverage) for line in ("C 1s", "O 1s, 2.5", "Ni 2p", "Xx 1s") for photon in (1253.6, 1486.6, 600.0)]  # fmt: skip
    hold(KEPT / "lengths_of_lines.csv", found)


def test_kept_means_and_thicknesses(far: dict) -> None:
    setting, found = Setting.of(far), {}
    spots = {"1": Amount(0.5, 0.02), "2": Amount(0.56, 0.03, quality=doubtful("x")), "3": Amount(0.4, 0.01, quality=unusable("y"))}  # fmt: skip
    for names in ("1", "12", "123", "3", "13"):
        found[f"mean of {names}"] = told({"": average({n: spots[n] for n in names})})[""]
    bare = Amount(0.31, 0.004, 2, doubtful("r"))
    for name, reference in (("bare", bare), ("none", None), ("unusable", Amount(0.3, 0.1, quality=unusable("u"))), ("zero", Amount(0.0, 0.1)), ("good", Amount(0.3, 0.01, 3, Quality("ok", ("left out",))))):  # fmt: skip
        for amount in (Amount(0.2, 0.01, 3), Amount(0.4, 0.01), Amount(math.nan, math.nan, 0, unusable("z")), bare):  # fmt: skip
            for definition in ("eq1", "lattice_oxygen"):
                got = coverage(definition, amount, reference)
                key = f"{definition} of {amount.value:g} by {name}"
                found[key] = "none" if got is None else told({"": got})[""]
    for value in (0.0, 1e-4, 0.004, 0.0062, 0.02, 0.1, 0.29, 0.31, 0.35):
        for sd in (0.002, 0.01, 0.09):
            got = thickness(Amount(value, sd), Amount(0.31, 0.004), setting.coverage)
            found[f"layer of {value:g} +- {sd:g}"] = "none" if got is None else f"{got.value:.7g} {got.sd} {got.is_limit}"[:40]  # fmt: skip
    found["no reference"] = thickness(Amount(0.1, 0.01), Amount(0.0, 0.01), setting.coverage)
    hold(KEPT / "means_and_thicknesses.csv", found)


def study() -> list[dict]:
    """Areas of a reference, a powder and three samples, two of one spot more, under three backgrounds."""
    found = []
    sizes = {"bare": {"S 2p": 0.05, "P 2p": 0.1}, "a": {"S 2p": 3.0, "Ni 2p": 0.5, "O 1s": 0.7}, "b": {"S 2p": 2.0, "P 2p": 4.0, "Ni 2p": 0.6}, "c": {"Ni 2p": 1.4, "O 1s": 1.3}, "powder": {"S 2p": 9.0, "Ni 2p": 0.0}}  # fmt: skip
    for background in ("shirley", "tougaard", "linear"):
        for sample, scale in sizes.items():
            for spot in "12" if sample in "ab" else "1":
                more = {"tougaard": {"Ni 2p": 1.1}, "linear": {"S 2p": 0.45 if sample == "a" else 1.3}}.get(background, {})  # fmt: skip
                scaled = {r: scale.get(r, 1.0) * more.get(r, 1.0) for r in BASE}
                quality = {"P 2p": doubtful("thin")} if sample == "c" else {}
                own = areas(sample, spot, background, 3, scale=scaled, quality=quality)
                used = "linear" if (sample, background) == ("b", "tougaard") else background
                found += [row | {"background_used": used} for row in own]
    return found


SAMPLES = [{"sample": "bare", "role": "uncoated"}, *({"sample": s, "role": "coated"} for s in "abc"), {"sample": "powder", "role": "precursor"}]  # fmt: skip


@pytest.mark.parametrize("reference", ["bare", None])
def test_kept_tables_of_a_study(far: dict, reference: str | None, caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    far["plausible"]["coverage_of_uncoated"] = {"doubtful": [None, 0.01]}
    caplog.set_level(logging.WARNING)
    fits = [{"sample": "d", "spot": "1"}]
    made = collect({"xps_areas": study(), "xps_fits": fits}, SAMPLES, far, reference=reference)
    found: dict[str, Any] = {name: columns(made[name]) for name in ("xps_layer", "xps_sensitivity")}
    for definition in ("eq1", "nickel_fraction", "lattice_oxygen"):
        found[definition] = columns(r for r in made["xps_coverage"] if r["definition"] == definition)  # fmt: skip
    found["order"] = made["xps_order"]
    found["layers"] = [[r["sample"], r["thickness_nm"], r["thickness_nm_sd"], r["carbon_nm"], r["carbon_nm_sd"]] for r in made["xps_layer"]]  # fmt: skip
    found["ranks"] = " ".join(f"{r['sample']}{r['rank']}" for r in made["xps_sensitivity"])
    found["warnings"] = caplog.messages
    hold(KEPT / f"study_{'with' if reference else 'without'}_reference.csv", found)


def test_kept_orders() -> None:
    """Samples that change places, more or less surely, one of them unknown to a choice."""
    choices = {"scofield": [0.60, 0.50, 0.2, 0.1], "wagner": [0.50, 0.58, 0.3, 0.1], "kratos_f1s": [0.55, 0.54, None, 0.1]}  # fmt: skip
    found: dict[str, Any] = {}
    for sds in ([0.01] * 4, [0.045, 0.01, 0.01, 0.3], [0.01, 0.045, 0.3, 0.01], [0.04, 0.04, 0.03, 0.03], [0.2, 0.3, 0.2, 0.3]):  # fmt: skip
        rows = [
            {"sample": s, "definition": "eq1", "rsf_library": library, "background": "shirley", "coverage": v, "coverage_sd": sd}
            for library, values in choices.items() for s, v, sd in zip("abcd", values, sds, strict=True) if v is not None
        ]  # fmt: skip
        for coated in ("abcd", "ac", "ba", "d"):
            found[f"{sds} {coated}"] = order_rows(rows, list(coated), {"x": ["Nb 3d", "Mo 3d"], "y": []})  # fmt: skip
    hold(KEPT / "orders.csv", {k: [" | ".join(map(str, row.values())) for row in v] for k, v in found.items()})  # fmt: skip


class Fitted:
    """What amounts need of a fit: rows of a model, their areas and covariance."""

    def __init__(self, model: RegionModel, total: float, noise: float, x: np.ndarray) -> None:
        self.model, n = model, len(model.rows)
        share = (1.0 + np.arange(n)) / (n * (n + 1) / 2)
        self.areas = total * share
        self.covariance = (noise * total) ** 2 * (np.eye(n) - 0.2 * np.ones((n, n)) / n)
        self.x, self.background, self.quality = x, "shirley", Quality()

    def grouped(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.areas, self.areas - 1.0, self.covariance


WHERE = {"C 1s": 285.0, "O 1s": 530.0, "S 2p": 165.0, "P 2p": 133.0, "Ni 2p": 860.0}


Models = Mapping[str, RegionModel]


def spot(models: Models, names: Iterable[str] = WHERE, **changed: Any) -> SpotFit:
    """Return a spot of fits that were not made; what is `changed` names a region with underscore, and then attributes."""
    measured, fits = [], {}
    for name in names:
        base = name.split(" (")[0]
        own = changed.get(name.replace(" ", "_"), {})
        n = own.get("n", 81)
        x = WHERE[base] - 8 + 0.2 * np.arange(n)
        level = own.get("level", 300.0 + WHERE[base])
        y = level + np.linspace(0, own.get("rise", 40.0), n)
        attrs = {"region": base, "counting_time_s": 3.0, "photon_energy_eV": 1486.6, "pass_energy_eV": 30.0, "vendor": {"source": "Al"}}  # fmt: skip
        data = {"intensity_cps": ("energy", y), "counts": ("energy", 3 * y), "kinetic_energy_eV": ("energy", 1486.6 - x)}  # fmt: skip
        if "transmission" in own:
            data["transmission"] = ("energy", own["transmission"] + 0.001 * np.arange(n))
        block = Arrays.of(data, {"binding_energy_eV": ("energy", x)}, attrs | own.get("attrs", {}))
        total, noise = BASE[base] * own.get("scale", 1.0), own.get("noise", 0.03)
        fitted = Fitted(own.get("model", models[base]), total, noise, x)
        measured.append(Measured(name, base, block, fitted.model, False))
        fits[name] = None if own.get("gone") else fitted
    quality = {m.name: unusable("bad") if changed.get(m.name.replace(" ", "_"), {}).get("bad") else Quality() for m in measured}  # fmt: skip
    others = {(n, kind): f for n, f in fits.items() for kind in ("shirley", "tougaard") if f}
    return SpotFit(measured, 0.3, 0.02, 0.3, Quality(), Quality(), fits, quality, others)  # type: ignore[arg-type]


TWICE = ("C 1s", "S 2p", "S 2p (2)", "Ni 2p")
KNOWN = {r.replace(" ", "_"): {"transmission": 0.5 + WHERE[r] / 1000} for r in WHERE}
SITUATIONS: dict[str, dict[str, Any]] = {
    "plain": {}, "transmission": KNOWN, "some transmission": {"O_1s": {"transmission": 2.0}},
    "pass energies": {"Ni_2p": {"attrs": {"pass_energy_eV": 60.0}}},
    "pass energies with transmission": {k: v | {"attrs": {"pass_energy_eV": 60.0}} if k == "Ni_2p" else v for k, v in KNOWN.items()},
    "no time": {"S_2p": {"attrs": {"counting_time_s": math.nan}}}, "photon energies": {"P_2p": {"attrs": {"photon_energy_eV": 1489.0}}},
    "photon energies nearly": {"P_2p": {"attrs": {"photon_energy_eV": 1488.0}}}, "anode": {"O_1s": {"attrs": {"vendor": {"source": "Mg"}}}},
    "no anode": {"O_1s": {"attrs": {"vendor": {}}}}, "no photon energy": {"P_2p": {"attrs": {"photon_energy_eV": math.nan}}},
    "gone": {"P_2p": {"gone": True}, "S_2p": {"bad": True}}, "scales": {k: {"scale": 0.0} for k in KNOWN},
}  # fmt: skip


def test_kept_spots(config: dict) -> None:
    """Atomic percent, what a spot's areas are worth together, and the rows that coverages are made of."""
    models = {r: build(r, config["regions"][r], config) for r in WHERE}
    found: dict[str, Any] = {}
    for name, changed in SITUATIONS.items():
        of = spot(models, **changed)
        result = Analysis()
        amounts.add_areas(result, {"sample": "s", "spot": "1"}, of, config)
        percent = amounts.atomic_percent(of, config)
        found[name] = {"together": amounts.comparable(of, config).columns(), "left out": amounts.left_out(of).note}  # fmt: skip
        found[name] |= {"percent": np.array(list(percent.values())) if percent else "none"}
        if name in ("transmission", "gone", "no photon energy"):
            found[name] |= {"areas": columns(result.tables["xps_areas"])}
    for low in (0.1, 0.35, 0.45, 1.0, 2.2, 5.7, 6.4, 30.0):
        for level in (3.0, 300.0):
            levels = {"S_2p": {"level": low * (level + 9), "rise": 0.0}, "P_2p": {"level": level, "rise": 10.0}}  # fmt: skip
            found[f"background {low:g} of {level:g}"] = amounts.comparable(spot(models, ("P 2p", "S 2p"), **levels), config).note  # fmt: skip
    for noise in (0.001, 0.03):
        for scale in (0.6, 0.65, 0.78, 0.83, 1.1, 1.22, 1.28, 1.5):
            again = {"S_2p_(2)": {"scale": scale, "noise": noise}, "S_2p": {"noise": noise}}
            found[f"again {scale:g} +- {noise:g}"] = amounts.comparable(spot(models, TWICE, **again), config).note  # fmt: skip
    beside = {"S_2p": {"level": 9000.0, "rise": 0.0}, "P_2p": {"level": 300.0, "n": 700}}
    found["overlapping"] = amounts.comparable(spot(models, ("P 2p", "S 2p"), **beside), config).note  # fmt: skip
    again = {"S_2p_(2)": {"scale": 3.0, "noise": 0.001, "attrs": {"pass_energy_eV": 60.0}}}
    found["again at another pass energy"] = amounts.comparable(spot(models, TWICE, **again), config).note  # fmt: skip
    thiophosphate, phosphate = models["P 2p"].components
    for factor in (0.4, 0.55, 0.65, 1.9, 2.2):
        changed = config | {"rsf_extra": {"S 2p": 1.677 * factor, "Nb 3d": 1.0}}
        own = [replace(thiophosphate, rsf=99.0, quantify=False), replace(phosphate, rsf=1.192 * factor)]  # fmt: skip
        of = spot(models, P_2p={"model": replace(models["P 2p"], components=own)})
        percent = amounts.atomic_percent(of, changed)
        found[f"factor {factor:g}"] = [amounts.comparable(of, changed).note, np.array(list(percent.values()))]  # fmt: skip
    foreign = replace(models["Ni 2p"], components=[replace(c, line="Xx 2p") for c in models["Ni 2p"].components])  # fmt: skip
    of = spot(models, Ni_2p={"model": foreign})
    m = of.measured[-1]
    found["no factor"] = ["; ".join(amounts.not_quantified(m, of.fits[m.name], config)), len(amounts.atomic_percent(of, config))]  # type: ignore[arg-type]  # fmt: skip
    found["factor given"] = "; ".join(amounts.not_quantified(m, of.fits[m.name], config | {"rsf_extra": {"Xx 2p": 9.0}}))  # type: ignore[arg-type]  # fmt: skip
    found["transmission of"] = [amounts.transmission_of(spot(models, **KNOWN).measured[i], None) for i in (0, 4)]  # fmt: skip
    hold(KEPT / "spots.csv", found)
