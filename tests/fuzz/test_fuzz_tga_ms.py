"""Thousands of damaged TGA-MS exports: each gives a correct dataset or one clear line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import save_rows
from coatbench.curves import save_curves
from coatbench.errors import AnalysisError, ReadError
from coatbench.readers import ngb, proteus, quadstar
from coatbench.simulate.tga_ms import simulate
from coatbench.simulate.write_proteus import write_proteus
from coatbench.simulate.write_quadstar import write_quadstar
from coatbench.tga_ms.analyse import analyse
from conftest import datasets
from fuzz.mutate import CASES, mutate, reads_or_refuses, time_limit
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
# A short fast run, so that hundreds of analyses take seconds.
PLANTED = {
    f"tga_ms.{name}": value
    for name, value in {
        "sample_mass_mg": 20.0, "start_degC": 250.0, "stop_degC": 450.0, "heating_rate_K_min": 40.0,
        "gain_onset_degC": 260.0, "gain_end_degC": 290.0, "gain_percent": 5.0, "loss_onset_degC": 320.0,
        "loss_end_degC": 370.0, "loss_percent": 15.0, "hydrolysis_percent": 0.1, "slow_loss_percent_K": 0.004,
        "evaporation_onset_degC": 430.0, "evaporation_percent": 1.0, "sulfur_share": 0.9, "residual_66_64": 0.05,
        "residual_50_48": 0.05, "ms_lag_s": 30.0, "ms_mixing_s": 2.0, "buoyancy_mg": 0.02,
    }.items()
}  # fmt: skip

many = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
seeds = st.integers(0, 2**63)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, bytes]:
    """A small export of every dialect, as bytes."""
    folder = tmp_path_factory.mktemp("sources")
    n = 30
    t = np.linspace(30, 60, n)
    time = np.linspace(0, 3, n)
    columns = [
        ("Temp./°C", t),
        ("Time/min", time),
        ("DSC/(uV/mg)", 0.05 * np.sin(t)),
        ("Mass/%", 100 - 0.1 * time),
        ("QMID(s:1|m:64)/A", 1e-12 * (1 + time)),
        ("QMID(s:1|m:18)/A", 1e-10 * (1 + time)),
    ]
    header = {"EXPORTTYPE": "DATA ALL", "FORMAT": "NETZSCH5", "INSTRUMENT": "NETZSCH STA 449F3"}
    header |= {
        "DATE/TIME": "12.03.2024 09:41",
        "SAMPLE MASS /mg": "20,13",
        "EXO": "-1",
        "OPERATOR": "Fürpaß",
    }
    write_proteus(folder / "comma.txt", header, columns)
    point = header | {"SAMPLE MASS /mg": "20.13"}
    write_proteus(
        folder / "padded.csv", point, columns[:4], decimal=".", separator=",", padded=True
    )
    current = 1e-12 * (1 + np.arange(4)[:, None] + np.linspace(0, 1, n))
    start = datetime(2024, 3, 12, 10, 41)
    write_quadstar(
        folder / "run.asc", start, 4 * np.arange(n), (64, 18, 48, 66), current, 1e-6 * np.ones(n)
    )
    bare = b"##Temp./>C,Time/min,Mass/%,Segment\n" + b"".join(
        b" %.5f,%.5f,%.5f,1\n" % (a, b, 100 - b) for a, b in zip(t, time, strict=True)
    )
    return {"bare": bare} | {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "damaged.txt"


def cells_of(raw_lines: list[str], first: int, separator: str, labels: int) -> list[list[str]]:
    """The cells below a line of columns, by a way of their own: no code of the reader is used."""
    rows = []
    for line in raw_lines[first + 1 :]:
        cells = line.split(separator)
        while len(cells) > labels and not cells[-1].strip():
            cells.pop()
        rows.append(cells)
    return rows


def _is_temperature(label: str) -> bool:
    return label.strip().lstrip("#").strip().casefold().startswith("temp")


def correct_proteus(raw: bytes, export) -> None:
    (block,) = datasets(export)
    n = block.sizes["time"]
    assert n > 0 and np.isfinite(block.temperature_degC).all() and np.isfinite(block.time_s).all()
    assert (np.diff(block.time_s) >= 0).all()
    if "ion_current_A" in block:
        assert (np.diff(block.mz_tuned) > 0).all() and block.ion_current_A.shape == (
            block.sizes["mz"],
            n,
        )
    # Every temperature stands in the file, in the order of its lines.
    codec = block.attrs["encoding"]
    marks = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    text = raw.removeprefix(marks.get(codec, b"\x01\x02")).decode(codec, errors="ignore")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # Damage may turn a letter into a capital, and labels are read in either.
    first = next(i for i, x in enumerate(lines) if _is_temperature(x))
    label_line = lines[first].casefold()
    separator = next(s for s in (";", "\t", ",") if f"{s}time/" in label_line.replace(f"{s} ", s))
    labels = [x for x in lines[first].split(separator) if x.strip()]
    where = next(i for i, x in enumerate(labels) if _is_temperature(x))
    written = []
    for cells in cells_of(lines, first, separator, len(labels)):
        try:
            written.append(float(cells[where].replace(",", ".")))
        except (ValueError, IndexError):
            continue
    assert written[:n] == block.temperature_degC.values.tolist()
    assert len(written) - n <= 1  # only an incomplete last line may be left out
    if len(written) > n:
        assert export.warnings


def correct_quadstar(raw: bytes, export) -> None:
    assert export.sets
    for block in datasets(export):
        assert block.sizes["time"] > 0 and np.isfinite(block.time_s).all()
        assert block.time_s.values[0] == 0 and (np.diff(block.time_s) >= 0).all()
        for name in block.data_vars:
            assert np.isfinite(block[name]).all()
        if "mz" in block.coords:
            assert (np.diff(block.mz) > 0).all()
            assert (np.abs(block.mz_tuned - block.mz) < 0.45).all()
    declared = 4 if b"'0/3'" in raw else None
    ions = export.sets[0].to_xarray()
    if declared and "mz" in ions.dims and not export.warnings:
        assert ions.sizes["mz"] == declared


@pytest.mark.parametrize("source", ["comma.txt", "padded.csv", "bare"])
def test_proteus(sources, target, source):
    raw = sources[source]
    outcomes = {"read": 0, "refused": 0}

    @settings(many, max_examples=max(1, CASES // 3))
    @given(seeds)
    @example(1299)
    def run(seed):
        damaged = mutate(raw, seed)
        export = reads_or_refuses(proteus.read, damaged, target)
        outcomes["read" if export is not None else "refused"] += 1
        if export is not None:
            correct_proteus(damaged, export)

    run()
    if CASES >= 300:  # a fuzzer that never gets past the header, or never fails, tests nothing
        assert min(outcomes.values()) > 0.1 * sum(outcomes.values())


def test_quadstar(sources, target):
    raw = sources["run.asc"]
    outcomes = {"read": 0, "refused": 0}

    @many
    @given(seeds)
    def run(seed):
        damaged = mutate(raw, seed)
        export = reads_or_refuses(quadstar.read, damaged, target)
        outcomes["read" if export is not None else "refused"] += 1
        if export is not None:
            correct_quadstar(damaged, export)

    run()
    if CASES >= 300:
        assert min(outcomes.values()) > 0.05 * sum(outcomes.values())


def test_analysis_of_what_could_be_read(sources, target, tmp_path_factory):
    """A damaged export that still reads is analysed, or refused as a measurement; it never breaks the job."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["tga_ms"]
    config |= {"resamples": 10, "smoothing_window_K": 3.0}
    folder = tmp_path_factory.mktemp("runs")
    rows = {
        "run": "r",
        "sample": "s",
        "tga_file": "run.txt",
        "ms_file": "run.asc",
        "blank_file": "empty.txt",
    }
    simulate("s", [rows], folder, PLANTED, {}, 3)
    files = [folder / rows[k] for k in ("tga_file", "ms_file", "blank_file")]
    whole = [f.read_bytes() for f in files]

    @settings(many, max_examples=max(1, CASES // 20))
    @given(seeds, st.integers(0, 2))
    def run(seed, which):
        files[which].write_bytes(mutate(whole[which], seed))
        try:
            with time_limit(30):
                result = analyse([rows], files, config)
        except (ReadError, AnalysisError) as error:
            assert "\n" not in str(error)
        else:
            save_rows(result, folder / "rows.json")
            save_curves(result.curves, folder / "curves.nc")
        finally:
            files[which].write_bytes(whole[which])

    run()


def test_ngb(target, realdata):
    """The archive carries checksums: what is read from a damaged one equals the original, column by column."""
    path = realdata / "tga_ms" / "DF_FILED_STA_21O2_10K_220222_R1.ngb-ss3"
    raw = path.read_bytes()
    whole = ngb.read(path).sets[0].to_xarray()

    @settings(many, max_examples=max(1, CASES // 20))
    @given(seeds)
    def run(seed):
        export = reads_or_refuses(ngb.read, mutate(raw, seed), target)
        if export is not None:
            block = export.sets[0].to_xarray()
            assert np.array_equal(block.time_s, whole.time_s)
            for name in set(block.data_vars) & set(whole.data_vars):
                if name not in ("mass_mg", "mass_percent"):
                    assert np.array_equal(block[name], whole[name]), name

    run()
