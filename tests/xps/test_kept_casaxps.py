"""What is written for CasaXPS and read from it: ties, limits, calibrations and regions of models that nobody ships; held (`kept_numbers`)."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coatbench.arrays import Arrays
from coatbench.readers import casaxps_comments, read
from coatbench.xps import casaxps
from coatbench.xps.casaxps_write import write_vamas
from coatbench.xps.model import build
from kept_numbers import hold

KEPT = Path(__file__).parent / "kept"
REGIONS: dict[str, dict[str, Any]] = {
    "S 2p": {
        "window_eV": [158.0, 173.0], "doublet": {"splitting_eV": 1.16, "ratio": 0.5}, "line_shape": "Voigt (40)",
        "components": {
            "a": {"binding_energy_eV": 161.4, "within_eV": 0.4, "fwhm_eV": 1.2, "fwhm_limits_eV": [0.8, 2.0], "rsf": 1.7},
            "a-b": {"binding_energy_eV": "a + 2.1", "fwhm_eV": "1.2 * a", "area": "0.25 * a"},
            "c": {"binding_energy_eV": "a - 1.5e-1", "fwhm_eV": "a*0.9", "area": "a * 0.5", "doublet": {"splitting_eV": 2.0, "ratio": 0.8}},
            "d": {"binding_energy_eV": "a", "fwhm_eV": "a", "area": "0.1 * a + 0.2 * c", "line_shape": "LA(1.5, 2, 30)"},
            "e": {"binding_energy_eV": 169.0, "within_eV": 0.5, "fwhm_eV": 1.5},
            "f": {"binding_energy_eV": "(a + e) / 2", "fwhm_eV": "e", "line": "Se 3p", "doublet": None},
        },
    },
    "O 1s": {
        "window_eV": [526.0, 536.0], "background": "active_shirley",
        "components": {"x": {"binding_energy_eV": 530.0, "within_eV": 0.3, "fwhm_eV": 1.3, "fwhm_limits_eV": [1.0, 1.6]}, "y": {"binding_energy_eV": 532.0, "fwhm_eV": 1.8, "fwhm_limits_eV": [1.5, 2.5]}},
    },
    "Nb 3d": {"window_eV": [203.0, 213.0], "background": "tougaard", "components": {"z": {"binding_energy_eV": 207.3, "fwhm_eV": 1.3}}},
}  # fmt: skip
X = {"S 2p": np.arange(155.0, 176.0, 0.1), "O 1s": np.arange(527.0, 535.0, 0.2), "Nb 3d": np.arange(200.0, 216.0, 0.25)}  # fmt: skip


def curves(region: str, config: dict, shift: float = 1.3, **changed: Any) -> Arrays:
    """Return what the job of a sample keeps of a region, as if it had been fitted."""
    x = X[region]
    model = build(region, config["regions"][region], config)
    n = len(model.components)
    inside = (x > model.window_eV[0]) & (x < model.window_eV[1])
    envelope = np.where(inside, 800.0 + 3 * x, math.nan)
    attrs = {
        "region": region, "base": region, "charge_shift_eV": shift, "placed_eV": shift, "photon_energy_eV": 1486.69, "pass_energy_eV": 23.5,
        "counting_time_s": 2.5, "fitted": 1, "background": model.background, "transmission": 0.83, "quality": "ok", "note": "",
    }  # fmt: skip
    coords = {
        "binding_energy_eV": ("energy", x), "position_eV": ("component", 161.3 + 1.1 * np.arange(n)), "fwhm_eV": ("component", 1.2 + 0.1 * np.arange(n)),
        "area_cps_eV": ("component", 900.0 / (1 + np.arange(n))), "held": ("component", np.arange(n) == n - 1),
    }  # fmt: skip
    if changed.pop("forget", False):
        del coords["held"]
    data = {"intensity_cps": ("energy", 790.0 + 3 * x), "envelope_cps": ("energy", envelope)}
    return Arrays.of(data, coords, attrs | changed)


@pytest.fixture
def far(config: dict) -> dict:
    return copy.deepcopy(config) | {"regions": copy.deepcopy(REGIONS), "rsf_extra": {"Se 3p": 1.4}}


def test_kept_file(far: dict, tmp_path: Path) -> None:
    """Line by line, with the numbers of each spectrum."""
    groups = {
        "1|S 2p": curves("S 2p", far), "1|O 1s": curves("O 1s", far, math.nan, placed_eV=0.6, counting_time_s=math.nan, pass_energy_eV=math.nan),
        "spot 2|S 2p": curves("S 2p", far, -0.7, placed_eV=-0.2, forget=True), "spot 2|Nb 3d": curves("Nb 3d", far, 0.0, photon_energy_eV=1253.6),
        "spot 2|wide": curves("O 1s", far, fitted=0), "spot 2|dark": curves("O 1s", far, photon_energy_eV=math.nan),
    }  # fmt: skip
    found = {}
    for name, points in (("as shipped", None), ("eleven points", 11)):
        path = tmp_path / "a.vms"
        write_vamas(path, "sample", groups, far | {"end_points": points, "end_width_eV": 1.7})
        head, *blocks = path.read_text().split("\npulse counting\n")
        words = [head]
        for i, block in enumerate(blocks):
            lines = block.splitlines()
            n = 14 + int(lines[7])  # what stands between is counts, energies and transmissions
            found[f"{name}, numbers of {i}"] = np.array(lines[14:n], float)
            words.append("\n".join(lines[:14] + lines[n:]))
        parts = "\n".join(words).split("\nCASA ")
        found[name] = [part.replace("\n", " | ") for part in parts if points is None or part.startswith("region")]  # fmt: skip
    hold(KEPT / "casaxps_file.csv", found)
    assert [b.attrs["region"] for b in read(path, "xps").sets] == [
        "S 2p",
        "O 1s",
        "S 2p",
        "Nb 3d",
        "O 1s",
    ]


LINE = "CASA comp (*{}*) (*{}*) Area {} 1e-020 1e+006 {} {} MFWHM {} {} {} {} {} Position {} {} {} {} {} RSF 1 MASS 32 INDEX -1 (*a*) CONST (**) UNCORRECTEDRSF 1"  # fmt: skip


def stored(components: list[tuple], background: str = "Shirley", calibration: str = "", width: int = 2, cross: str = "0 0 0 0") -> Any:  # fmt: skip
    """Return what CasaXPS stored of these components."""
    lines = ["Casa Info Follows", *([calibration] if calibration else [])]
    if background:
        lines.append(f"CASA region (*S 2p*) (*{background}*) 1312.5 1330.5 1 {width} 0 0 {cross} (*S 2p*) 32 0 1")  # fmt: skip
    lines += [LINE.format(*c) for c in components]
    fit, problems = casaxps_comments.parse(lines)
    assert fit is not None and not problems
    return fit


FREE = [("a", "GL(30)", 800, -1, 1, 1.3, 0.5, 3.0, -1, 1, 1325.2, 1324.6, 1325.9, -1, 0), ("b", "GL(30)", 500, -1, 1, 1.5, 0.5, 3.0, -1, 1, 1317.4, 1316.9, 1317.8, -1, 0)]  # fmt: skip
TIED = [FREE[0], ("a", "SGL(20)", 400, 0, 0.5, 1.3, 0.5, 3.0, 0, 1.1, 1324.0, 1323.0, 1325.0, 0, -1.16), ("", "GL(30)", 600, -1, 1, 1.6, 2.0, 3.0, -1, 1, 1317.4, 1319.0, 1320.0, -1, 0), ("late", "GL(30)", 0, 7, 1, 1.2, 0, 0, -1, 1, 1320.0, 1320.0, 1320.0, -1, 0)]  # fmt: skip
FILES = {
    "free": stored(FREE), "tied": stored(TIED, "Linear", "Calib M = 286.1 A = 284.8 BE ADD"), "no region": stored(FREE, ""),
    "Tougaard": stored(FREE, "U 2 Tougaard", width=4), "cross section": stored(FREE, "U 3 Tougaard", cross="120 -1500 0 0"),
    "four parameters": stored(FREE, "U 3 Tougaard", cross="310 551 436 3"), "E Tougaard": stored(FREE, "E Tougaard", cross="310 551 436 3"),
    "spline": stored(FREE, "Spline Linear"), "unknown": stored(FREE, "Spline"), "shape": stored([*FREE, ("c", "LF(1,2,3,4,5)", *FREE[0][2:])]),
    "range": stored(FREE, calibration="Calib M = 1200 A = 1201.5 KE ADD"), "no width": stored(FREE, width=-1),
    "far": stored([FREE[0], ("b", "GL(30)", 500, -1, 1, 1.5, 0.5, 3.0, -1, 1, 1217.4, 1216.9, 1217.8, -1, 0)]),
}  # fmt: skip


def test_kept_stored_fits(far: dict) -> None:
    x = np.arange(150.0, 180.0, 0.1)
    found: dict[str, Any] = {}
    for name, fit in FILES.items():
        block = Arrays.of({}, {"binding_energy_eV": ("energy", x)}, {"casaxps": fit, "photon_energy_eV": 1486.69, "region": "S 2p"})  # fmt: skip
        model, why = casaxps.stored_model(block)
        region = fit.regions[0] if fit.regions else None
        found[name] = {"why not": why, "cross section": str(casaxps.cross_section(region)) if region else "", "names": ", ".join(casaxps.stored_names(block))}  # fmt: skip
        if model is None:
            with pytest.raises(ValueError, match=why[:9]):
                casaxps.evaluate(block)
            continue
        found[name] |= {"window": list(model.window_eV), "background": model.background, "components": [f"{n}: {dict(sorted(c.items()))}" for n, c in model.config.items()]}  # fmt: skip
        found[name] |= {"curves": casaxps.evaluate(block)}
    hold(KEPT / "stored_fits.csv", found)


def test_kept_comparison_with_stored_fits(far: dict, config: dict) -> None:
    """The stored model fitted again, on a spectrum that it does not quite describe."""
    x = np.arange(150.0, 180.0, 0.2)
    rng = np.random.default_rng(8)
    found: dict[str, Any] = {}
    for name in ("free", "tied", "Tougaard", "cross section", "shape", "far", "range"):
        fit = FILES[name]
        block = Arrays.of({}, {"binding_energy_eV": ("energy", x)}, {"casaxps": fit, "photon_energy_eV": 1486.69, "region": "S 2p"})  # fmt: skip
        lines = np.exp(-(((x - 161.6) / 0.8) ** 2)) + 0.5 * np.exp(-(((x - 169.4) / 0.9) ** 2))
        y = 250.0 + 600 * lines + 20 * np.cumsum(lines) / 10 + 5 * rng.normal(size=x.size)
        block = block.assign({"intensity_cps": ("energy", y)})
        rows = casaxps.stored_rows(block, 0.4, None, config)
        found[name] = [{k: v for k, v in row.items() if v is not None} for row in rows]
    hold(KEPT / "comparison_with_stored.csv", found, 1e-4)
