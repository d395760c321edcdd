"""Thousands of damaged cycling exports: each gives a correct table or one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from coatbench.analysis import save_rows
from coatbench.curves import save_curves
from coatbench.cycling.analyse import analyse
from coatbench.errors import AnalysisError, ReadError
from coatbench.readers import bdf, eclab_mpr, eclab_mpt, maccor, neware
from coatbench.simulate.cell_model import Half
from coatbench.simulate.cycling_records import pellet_columns, sheet_columns
from coatbench.simulate.write_maccor import write_maccor
from coatbench.simulate.write_mpt import write_mpt
from conftest import SHARED, inputs
from cycling.binary_files import neware_cell, write_mpr
from cycling.made_cases import record
from fuzz.mutate import CASES, mutate, reads_or_refuses, time_limit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
many = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
seeds = st.integers(0, 2**63)
DAYS = """Today's Date 04/04/2016  Date of Test:\t03/31/2016\r
Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time\r
"""


def short_halves() -> list[Half]:
    """A charge, a discharge and a charge of few records."""
    time = np.linspace(0, 3600, 30)
    up, down = np.linspace(3.0, 3.7, 30), np.linspace(3.7, 1.9, 30)
    return [
        Half(time, time / 36, v, v[-1] - s * 0.05, s * 0.05)
        for v, s in ((up, 1), (down, -1), (up, 1))
    ]


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, bytes]:
    """A small export of every text dialect, as bytes."""
    from datetime import datetime

    folder = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(1)
    halves = short_halves()
    columns, sequences = pellet_columns(halves, 0.01, rng)
    columns = {k: v[::3] for k, v in columns.items()}
    sheet = sheet_columns([(0.1, halves[0], halves[1])] * 2, 0.006, 2, rng)
    for comma in (True, False):
        name = "comma" if comma else "point"
        write_mpt(folder / f"{name}.mpt", columns, sequences=sequences, window_V=(0, 5),
                  decimal_comma=comma, started="02/15/2024 10:42:29.886")  # fmt: skip
        write_maccor(folder / f"{name}.txt", sheet, name="a", started=datetime(2024, 3, 4, 9),
                     nominal_Ah=0.001, decimal_comma=comma)  # fmt: skip
    found = {p.name: p.read_bytes() for p in folder.iterdir()}
    lines = found["point.mpt"].split(b"\r\n")
    found["bare.mpt"] = b"\n".join(lines[int(lines[1].split(b":")[1]) - 1 :])
    rows = [
        f"{i}\t0\t{2 if i > 3 else 1}\t  0d 00:{i:02d}:00.5\t  0d 00:00:0\t{0.01 * i:.5f}\t0\t"
        f"{0.5 if i > 3 else 0:.5f}\t{3 + 0.01 * i:.5f}\t{'C' if i > 3 else 'R'}\t1\t03/31/2016 16:{i:02d}:31"
        for i in range(20)
    ]
    found["days.txt"] = (
        DAYS.replace("\n", "").replace("\r", "\r\n") + "\r\n".join(rows) + "\r\n"
    ).encode()
    return found


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "damaged.txt"


def plain(raw: bytes) -> bytes:
    """The text in one byte a character, without a byte order mark."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):  # fmt: skip
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace").encode("latin-1", errors="replace")
    return raw


def voltages_in(raw: bytes, column: str, names_at: int) -> list[float]:
    """The voltage column below the line of names, by plain splitting: no code of the reader is used."""
    lines = [line.rstrip("\r") for line in raw.decode("latin-1").split("\n")]
    names = [n.strip() for n in lines[names_at].split("\t")]
    at = names.index(column)
    values = []
    for line in lines[names_at + 1 :]:
        cells = line.split("\t")
        if len(cells) > at:
            try:
                values.append(float(cells[at].replace(",", ".")))
            except ValueError:
                values.append(np.nan)
    return values


def correct(raw: bytes, export, column: str, names_at: int) -> None:
    table = export.sets[0].to_pandas()
    n = len(table)
    assert np.isfinite(table[bdf.VOLTAGE]).all()
    assert np.isfinite(table[bdf.CURRENT]).all()
    written = voltages_in(raw, column, names_at)
    # Two digits at the end of a double may differ between parsers of decimals.
    assert table[bdf.VOLTAGE].tolist() == pytest.approx(written[:n], rel=1e-14)
    assert len(written) - n <= 1  # only an incomplete last line may be left out
    if len(written) > n:
        assert export.attrs["incomplete_rows"] == 1
    known = table[bdf.TIME][np.isfinite(table[bdf.TIME])]
    if (np.diff(known) < 0).any():
        assert any("backwards" in w for w in export.warnings)
    if n:
        charging = table.get(bdf.CHARGING)
        assert charging is None or np.isfinite(charging).all()


@pytest.mark.parametrize("source", ["comma.mpt", "point.mpt", "bare.mpt"])
def test_mpt(sources, target, source):
    raw = sources[source]
    outcomes = {"read": 0, "refused": 0}

    @settings(many, max_examples=max(1, CASES // 3))
    @given(seeds)
    def run(seed):
        damaged = mutate(raw, seed)
        export = reads_or_refuses(eclab_mpt.read, damaged, target)
        outcomes["read" if export is not None else "refused"] += 1
        if export is not None:
            text = plain(damaged)
            has_header = b"ASCII FILE" in text.split(b"\n")[0]
            names_at = int(text.split(b"\n")[1].split(b":")[1]) - 1 if has_header else 0
            correct(text, export, "Ewe/V", names_at)

    run()
    if CASES >= 300:  # a fuzzer that never gets past the header, or never fails, tests nothing
        assert min(outcomes.values()) > 0.1 * sum(outcomes.values())


@pytest.mark.parametrize("source", ["comma.txt", "point.txt", "days.txt"])
def test_maccor(sources, target, source):
    raw = sources[source]
    outcomes = {"read": 0, "refused": 0}

    @settings(many, max_examples=max(1, CASES // 3))
    @given(seeds)
    def run(seed):
        damaged = mutate(raw, seed)
        export = reads_or_refuses(maccor.read, damaged, target)
        outcomes["read" if export is not None else "refused"] += 1
        if export is not None and not any("thousandths" in w for w in export.warnings):
            lines = plain(damaged).split(b"\n")
            names_at = next(
                i for i, x in enumerate(lines)
                if x.split(b"\t")[0] in (b"Rec", b"Rec#") and b"\tStep\t" in x
            )  # fmt: skip
            names = [n.strip() for n in lines[names_at].decode("latin-1").split("\t")]
            column = next(n for n in ("Voltage [V]", "Volts", "Voltage (V)") if n in names)
            correct(plain(damaged), export, column, names_at)

    run()
    if CASES >= 300:
        assert min(outcomes.values()) > 0.1 * sum(outcomes.values())


MADE = ("made.mpr", "made.ndax")
PUBLIC = ("v1150_GCPL.mpr", "v1150_OCV.mpr", "navani_test.nda", "navani_test.ndax")


@pytest.mark.parametrize("name", [*MADE, *(PUBLIC if "handed" in inputs("realdata/cycling") else ())])  # fmt: skip
def test_binary(target, name):
    path = SHARED / "realdata" / "cycling" / name
    if name in MADE:
        path = target.with_name(name)
        write_mpr(path, record()) if name.endswith("mpr") else neware_cell(path)
    damage(eclab_mpr if name.endswith("mpr") else neware, path, target)


def damage(reader, path: Path, target: Path) -> None:
    raw = path.read_bytes()

    @settings(many, max_examples=max(1, CASES // 4))
    @given(seeds)
    def run(seed):
        export = reads_or_refuses(reader.read, mutate(raw, seed), target)
        if export is not None:
            table = export.sets[0].to_pandas()
            assert np.isfinite(table.select_dtypes("number").to_numpy()).all()

    run()


def test_analysis_of_what_could_be_read(sources, target, tmp_path_factory):
    """A damaged export that still reads is analysed, or refused as a measurement; it never breaks the job."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["cycling"]
    folder = tmp_path_factory.mktemp("rows")
    row = {"sample": "s", "cell": "a", "composite_mass_mg": "12", "cam_mass_fraction": "0.8"}
    names = sorted(sources)

    @settings(many, max_examples=max(1, CASES // 10))
    @given(seeds, st.sampled_from(names), st.sampled_from(["short", "long"]))
    def run(seed, name, protocol):
        target.write_bytes(mutate(sources[name], seed))
        try:
            with time_limit(30):
                result = analyse([row | {"protocol": protocol}], [target], config)
        except (ReadError, AnalysisError) as error:
            assert "\n" not in str(error)
        else:
            save_rows(result, folder / "rows.json")
            save_curves(result.curves, folder / "curves.nc")

    run()
