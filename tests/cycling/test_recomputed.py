"""The demo cells again, from the raw files by plain lines of their own: no reader, no half cycles of the library."""

from __future__ import annotations

import numpy as np
import pytest

# Capacities to 1e-6, potentials to 0.1 mV, maxima of dQ/dV to 3 mV.


def raw_columns(paths) -> dict[str, np.ndarray]:
    """Numbers of EC-Lab text files, one after the other."""
    columns: dict[str, list[np.ndarray]] = {}
    for path in paths:
        lines = path.read_bytes().decode("cp1252").split("\r\n")
        n = int(lines[1].split(":")[1])
        names = lines[n - 1].rstrip("\t").split("\t")
        rows = [line.replace(",", ".").split("\t") for line in lines[n:] if line]
        table = np.array([[float(cell) for cell in row] for row in rows])
        for i, name in enumerate(names):
            columns.setdefault(name, []).append(table[:, i])
    return {name: np.concatenate(parts) for name, parts in columns.items()}


@pytest.fixture(scope="module")
def pellets(exports, index, analyses):
    files: dict[tuple[str, str], list] = {}
    for row in index:
        if row["protocol"] == "short":
            files.setdefault((row["sample"], row["cell"]), []).append(exports / row["file"])
    masses = {
        (row["sample"], row["cell"]): float(row["composite_mass_mg"])
        * float(row["cam_mass_fraction"])
        * 1e-3
        for row in index
    }
    return {
        key: (raw_columns(paths), masses[key], analyses[key[0], "short", key[1]])
        for key, paths in files.items()
    }


def halves_of(raw) -> list[np.ndarray]:
    """Driven rows of the half cycles: galvanostatic or held, no alternating signal, no pulse of seconds."""
    driven = np.isin(raw["mode"], (1, 2)) & ~(raw.get("freq/Hz", np.zeros(len(raw["mode"]))) > 0)
    half = raw["half cycle"]
    found = []
    for number in np.unique(half[driven]):
        rows = np.flatnonzero(driven & (half == number))
        groups = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        found.append(max(groups, key=len))
    return found


def test_capacities_and_relaxed_potentials(pellets):
    count = 0
    for key, (raw, mass_g, analysis) in pellets.items():
        cells = analysis.tables["cycling_cells"]
        for k, rows in enumerate(halves_of(raw)):
            name, row = ("charge", "discharge")[k % 2], cells[k // 2]
            if row["running"]:
                continue
            # The last increment is booked on the first record at rest.
            moved = abs(raw["dq/mA.h"][rows[0] + 1 : rows[-1] + 2].sum())
            assert row[f"{name}_capacity_mAh_g"] == pytest.approx(moved / mass_g, rel=1e-6), key
            time = raw["time/s"] - raw["time/s"][rows[-1]]
            rest = (raw["mode"] == 3) & (time > 0)
            at = np.interp(3600.0, time[rest], raw["Ewe/V"][rest])
            assert row[f"relaxed_potential_{name}_V"] == pytest.approx(at, abs=1e-4), key
            count += 1
    assert count == 18 * 3


def test_highest_maximum_of_the_differential_capacity(pellets, config):
    """By counting charge per millivolt and a running mean, instead of level evaluation and a polynomial."""
    low, high = config["dqdv"]["overpotential_low_V"], config["dqdv"]["overpotential_high_V"]
    edges = np.arange(low - 0.05, high + 0.05, 0.001)
    centre = 0.5 * (edges[1:] + edges[:-1])
    window = np.ones(15) / 15
    for key, (raw, _, analysis) in pellets.items():
        found = halves_of(raw)
        if len(found) < 3:
            continue
        curves = analysis.curves["dqdv"]
        for k, cycle, direction in ((1, 1, "discharge"), (2, 2, "charge")):
            rows = found[k][2:]
            voltage, charge = raw["Ewe/V"][rows], np.cumsum(np.abs(raw["dq/mA.h"][rows]))
            order = np.argsort(voltage)
            per_bin = np.abs(np.diff(np.interp(edges, voltage[order], charge[order])))
            smooth = np.convolve(np.convolve(per_bin, window, "same"), window, "same")
            inside = (centre > low) & (centre < high)
            top = float(centre[inside][np.argmax(smooth[inside])])
            place = place_of_maximum(curves, cycle, direction, low, high)
            assert place == pytest.approx(top, abs=0.003), (key, direction)


def place_of_maximum(curves, cycle, direction, low, high) -> float:
    """The parabola through the highest bin, as a maximum between bins."""
    (i,) = np.flatnonzero((curves["cycle"] == cycle) & (curves["direction"] == direction))
    potential = curves["potential_V"]
    near = (potential > low) & (potential < high)
    j = np.flatnonzero(near)[np.nanargmax(curves["dqdv"][i][near])]
    left, mid, right = curves["dqdv"][i][j - 1 : j + 2]
    return potential[j] + 0.005 * 0.5 * (left - right) / (left - 2 * mid + right)


# --- sheet cells -----------------------------------------------------------------------------------------


def raw_maccor(path) -> list[dict[str, str]]:
    lines = path.read_text(encoding="cp1252").split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("Rec\t"))
    names = lines[at].strip().split("\t")
    rows = [
        line.rstrip("\r").replace(",", ".").split("\t") for line in lines[at + 1 :] if line.strip()
    ]
    return [dict(zip(names, row, strict=False)) for row in rows]


@pytest.fixture(scope="module")
def sheets(exports, index, analyses):
    return {
        (row["sample"], row["cell"]): (
            raw_maccor(exports / row["file"]),
            float(row["composite_mass_mg"]) * float(row["cam_mass_fraction"]) * 1e-3,
            analyses[row["sample"], "long", row["cell"]],
        )
        for row in index
        if row["protocol"] == "long"
    }


def sheet_halves(raw) -> list[tuple[str, list[dict[str, str]]]]:
    """Records of each half cycle: all up to the next of the other direction."""
    found: list[tuple[str, list[dict[str, str]]]] = []
    for row in raw:
        if row["Md"] in "CD" and (not found or found[-1][0] != row["Md"]):
            found.append((row["Md"], []))
        if found:
            found[-1][1].append(row)
    return found


def test_capacities_of_the_sheet_cells(sheets):
    """A record of a suspended test (S) holds what flowed since the last driven one; a counter that falls has begun again."""
    count = 0
    for key, (raw, mass_g, analysis) in sheets.items():
        cells = analysis.tables["cycling_cells"]
        for k, (letter, rows) in enumerate(sheet_halves(raw)):
            row, name = cells[k // 2], {"C": "charge", "D": "discharge"}[letter]
            counter = [float(r["Cap. [Ah]"]) for r in rows if r["Md"] in "CDS"]
            ends = [a for a, b in zip(counter, [*counter[1:], 0.0], strict=True) if b < a]
            if row["running"] == name:
                continue
            moved = 1e3 * sum(ends)
            assert row[f"{name}_capacity_mAh_g"] == pytest.approx(moved / mass_g, rel=1e-6), (
                key,
                k,
            )
            count += 1
            # None of their rests lasts an hour.
            driven = max(i for i, r in enumerate(rows) if r["Md"] == letter)
            rest_min = float(rows[-1]["TestTime"]) - float(rows[driven]["TestTime"])
            assert rest_min < 60
            assert row[f"relaxed_potential_{name}_V"] is None
    assert count == 4 * 112 * 2


def test_highest_maximum_of_the_sheet_cells(sheets, config):
    """By the charge of the instrument per 5 mV and a running mean."""
    low, high = config["dqdv"]["overpotential_low_V"], config["dqdv"]["overpotential_high_V"]
    edges = np.arange(low - 0.05, high + 0.05, 0.001)
    centre = 0.5 * (edges[1:] + edges[:-1])
    for key, (raw, _, analysis) in sheets.items():
        found = sheet_halves(raw)
        curves = analysis.curves["dqdv"]
        for k, cycle, direction in ((1, 1, "discharge"), (2, 2, "charge")):
            rows = [r for r in found[k][1] if r["Md"] == found[k][0]][2:]
            voltage, charge = (
                np.array([float(r[c]) for r in rows]) for c in ("Voltage [V]", "Cap. [Ah]")
            )
            order = np.argsort(voltage)
            per_bin = np.abs(np.diff(np.interp(edges, voltage[order], charge[order])))
            smooth = np.convolve(
                np.convolve(per_bin, np.ones(15) / 15, "same"), np.ones(15) / 15, "same"
            )
            inside = (centre > low) & (centre < high)
            top = float(centre[inside][np.argmax(smooth[inside])])
            assert place_of_maximum(curves, cycle, direction, low, high) == pytest.approx(
                top, abs=0.003
            ), (key, direction)
