"""Plain tables described in YAML: every shipped description on a made file, and what the engine refuses or drops."""

from __future__ import annotations

import doctest
import logging
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import job
import numpy as np
import pytest
from coatbench import places
from coatbench.curves import load_curves, save_curves
from coatbench.errors import ReadError, StudyError
from coatbench.readers import cells, read, recognise, units
from coatbench.readers.description import load, load_folder, shipped
from coatbench.records import Job
from readers import plain_files as made

OWN = """\
name: house balance
technique: tga_ms
instrument: home-made
file_names: "*.dat"
recognise: ['^house balance']
separator: semicolon
decimal: comma
table: {header: '^t;'}
columns:
  - {label: '^t$', quantity: time_s, unit: min}
  - {label: '^T$', quantity: temperature_degC, unit: K}
  - {label: '^m$', quantity: mass_mg, unit: g}
"""
OWN_FILE = "house balance 3\n\nt;T;m\n" + "".join(
    f"{i},0;{300 + i},15;0,0{200 - i}\n" for i in range(50)
)


def block(export):  # type: ignore[no-untyped-def]
    return export.sets[0]


def test_every_description_has_a_file() -> None:
    assert {name for name, _ in made.MADE.values()} == {d.name for d in shipped()}


@pytest.mark.parametrize("key", made.MADE)
def test_described(key: str, tmp_path: Path) -> None:
    name, maker = made.MADE[key]
    file = maker()
    path = tmp_path / file.file
    path.write_bytes(file.content)
    assert recognise(path, file.technique).name == name
    export = read(path, file.technique)
    assert (export.format, export.technique) == (name, file.technique)
    found = block(export)
    for quantity, values in file.values.items():
        np.testing.assert_allclose(found[quantity], values, rtol=2e-6, atol=1e-9, err_msg=quantity)
    for attribute, value in file.attrs.items():
        assert found.attrs[attribute] == value, attribute
    assert {"instrument", "date", "vendor"} <= set(found.attrs)
    warned = [w for w in export.warnings if "not given" not in w]
    assert (file.warns in " ".join(warned)) if file.warns else warned == []


@pytest.mark.parametrize("module", [units, cells])
def test_examples(module) -> None:  # type: ignore[no-untyped-def]
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


def _path(tmp_path: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _leis(n: int = 40) -> list[str]:
    return ["energy_eV,intensity", *(f"{1000 + i}.5,{100 + i}.25" for i in range(n))]


def test_an_incomplete_last_line_is_dropped_and_reported(tmp_path: Path) -> None:
    lines = _leis()
    for cut in ("1040.5", "1040.5,", "1040.5,14", "1040"):
        export = read(_path(tmp_path, "\n".join([*lines, cut])), "leis")
        assert export.sets[0]["energy_eV"].size == 40
        assert "line 42" in export.warnings[0]
    whole = read(_path(tmp_path, "\n".join([*lines, "1040.5,140.25"])), "leis")
    assert whole.sets[0]["energy_eV"].size == 41
    assert whole.warnings == []
    with pytest.raises(ReadError, match=r"line 42: expected .*, found 'damage'"):
        read(_path(tmp_path, "\n".join([*lines, "damage"])), "leis")


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (9, "1008.5,x", r"line 9: expected a number in column 'intensity', found 'x'"),
        (9, "1008.5", r"line 9: expected 2 cells, found '1008.5'"),
        (9, "1008.5,1,2", r"line 9: expected 2 cells"),
        (9, "1008.5,nan,", r"line 9: expected"),
        (9, "1008.5,1e999", r"line 9: expected a number"),
        (9, "1008.5,0x10", r"line 9: expected a number"),
        (9, "", r"line 10: expected nothing more after the table ended at line 9"),
        (9, "1009.5,1", r"line 9: expected the energy"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: int, text: str, message: str) -> None:
    lines = _leis()
    lines[line - 1] = text
    with pytest.raises(ReadError, match=message):
        read(_path(tmp_path, "\n".join(lines) + "\n"), "leis")


def test_decimal_comma_separators_and_encodings(tmp_path: Path) -> None:
    rows = [(1000 + 2.5 * i, 10 + i) for i in range(30)]
    for separator, decimal in ((";", ","), ("\t", ","), ("\t", "."), (",", "."), (";", ".")):
        text = "energy_eV,intensity\n".replace(",", separator)
        text += "".join(f"{e:.2f}{separator}{i:.1f}\n".replace(".", decimal) for e, i in rows)
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            for end in ("\n", "\r\n", "\r"):
                path = _path(tmp_path, text.replace("\n", end).encode(encoding))
                found = read(path, "leis").sets[0]
                assert found["energy_eV"].tolist() == [e for e, _ in rows]
                assert found["intensity"].tolist() == [i for _, i in rows]


def test_both_decimal_signs_are_refused(tmp_path: Path) -> None:
    lines = [line.replace(",", ";") for line in _leis()]
    lines[3] = "1002,5;102.25"
    with pytest.raises(ReadError, match="expected one decimal sign"):
        read(_path(tmp_path, "\n".join(lines) + "\n"), "leis")


def test_a_study_adds_its_own(tmp_path: Path) -> None:
    study = tmp_path / "study"
    (study / "tga_ms").mkdir(parents=True)
    (study / "formats").mkdir()
    (study / "samples.csv").write_text("sample,role\n")
    path = _path(study / "tga_ms", OWN_FILE, "x.dat")
    with pytest.raises(ReadError, match="describe its table in formats/"):
        read(path, "tga_ms")
    (study / "formats" / "balance.yaml").write_text(OWN)
    for export in (read(path, "tga_ms"), read(path, "tga_ms", "house balance")):
        assert export.format == "house balance"
        assert export.sets[0]["time_s"][1] == 60.0
        np.testing.assert_allclose(export.sets[0]["temperature_degC"][:2], [27.0, 28.0])
        np.testing.assert_allclose(export.sets[0]["mass_mg"][:2], [20.0, 19.9])
    with pytest.raises(
        ReadError, match=r"column format: expected one of the formats .*house balance"
    ):
        read(path, "tga_ms", "house clock")


def test_a_job_reads_by_the_formats_of_its_own_study_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export may lie in another study, or in none: of the formats there no rule knows, and those of its own held nowhere else."""
    for name in ("own", "other"):
        (tmp_path / name / "formats").mkdir(parents=True)
        (tmp_path / name / "samples.csv").write_text("sample,role\n")
    (tmp_path / "own" / "formats" / "balance.yaml").write_text(OWN)
    theirs = OWN.replace("name: house balance", "name: their balance")
    (tmp_path / "other" / "formats" / "balance.yaml").write_text(theirs)
    (tmp_path / "disk").mkdir()
    for name in ("basicConfig", "captureWarnings"):  # those of the tests stay as they are
        monkeypatch.setattr(logging, name, lambda *_, **__: None)
    monkeypatch.setattr(job, "own_job", lambda snakemake: Job((), ()))
    config = {"study": str(tmp_path / "own"), "results": str(tmp_path / "results")}
    script = SimpleNamespace(config=config, log=[], input=[], output=[], rule="tga_ms_run")
    for folder in ("own", "other", "disk"):
        path = _path(tmp_path / folder, OWN_FILE, "x.dat")
        with monkeypatch.context() as alone:
            alone.setattr(places, "_study", [])
            with job.logged(script):
                assert read(path, "tga_ms").format == "house balance"
                assert read(path, "tga_ms", "house balance").format == "house balance"
    assert read(tmp_path / "other" / "x.dat", "tga_ms").format == "their balance"  # no job


def test_a_named_format_wins_over_the_head(tmp_path: Path) -> None:
    text = made.ivium().content.replace(b"time /s", b"time /s ", 1)
    path = _path(tmp_path, b"a remark\n" + text, "x.txt")
    with pytest.raises(ReadError, match="found text that starts with 'a remark'"):
        read(path, "cycling")
    assert read(path, "cycling", "ivium text").sets[0]["Voltage / V"].size == made.SIGN.size


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: house balance", "nam: x"), r"x.yaml: nam: expected one of name, technique"),
        (("technique: tga_ms", "technique: tga"), r"technique: expected one of cycling"),
        (("'^t;'}", "'^t(;'}"), r"table.header: expected a regular expression"),
        (("quantity: mass_mg", "quantity: mass"), r"columns\[2\].quantity: expected one of time_s"),
        (("unit: g", "unit: V"), r"columns\[2\].unit: expected a unit of mass_mg, found 'V'"),
        (("decimal: comma", "decimal: ','"), r"decimal: expected one of point, comma, auto"),
        (
            ("recognise: ['^house balance']\n", ""),
            r"recognise: expected a value, found no such key",
        ),
        (("name: house balance", "name: ["), r"expected YAML, found an error"),
        (("{header: '^t;'}", "{header: '^t;', lines: 3}"), r"table.lines: expected one of header"),
    ],
)
def test_a_faulty_description_is_one_line(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(OWN.replace(*change))
    with pytest.raises(StudyError, match=message) as caught:
        load(path)
    assert len(caught.value.problems) == 1
    assert "\n" not in str(caught.value)


def test_two_descriptions_of_one_name(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(OWN)
    with pytest.raises(StudyError, match=r"b\.yaml: name: expected a name of its own"):
        load_folder(tmp_path)


def test_a_large_file_needs_a_block_and_its_numbers(tmp_path: Path) -> None:
    n = 400_000
    path = tmp_path / "x.csv"
    with path.open("w") as stream:
        stream.write("time_s,voltage_V,current_A,remark,more,text\n")
        stream.writelines(f"{i},3.5,0.001,some words,and others,{i}\n" for i in range(n))
    size = path.stat().st_size
    tracemalloc.start()
    columns = read(path, "cycling").sets[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    numbers = sum(values.nbytes for _, values in columns.variables.values())
    assert numbers < 60 * n
    assert peak < 4 * numbers + 60e6  # and far below what all lines take as text
    assert size > 15e6


def test_time_runs_on_where_steps_start_again(tmp_path: Path) -> None:
    text = made.ta_trios().content.decode().split("[step]\nIsothermal")
    rows = text[1].splitlines(keepends=True)
    again = [f"{float(r.split(chr(9))[0]) - 2.5:.6g}\t" + r.split("\t", 1)[1] for r in rows[3:]]
    export = read(
        _path(tmp_path, text[0] + "[step]\nIsothermal" + "".join(rows[:3] + again), "x.txt"),
        "tga_ms",
    )
    time = export.sets[0]["time_s"]
    assert (np.diff(time) >= 0).all()
    np.testing.assert_allclose(time[-1], made.TIME_S[-1] - 6.0)
    assert "the time starts again in 1 steps" in export.warnings[0]


def test_partial_pressures_say_so(tmp_path: Path) -> None:
    content = made.pfeiffer_quadera().content.replace(
        b"Ion Current [A]", b"Partial Pressure [mbar]"
    )
    export = read(_path(tmp_path, content, "x.asc"), "tga_ms")
    assert export.sets[0].attrs_of("ion_current_A")["units"] == "mbar"
    assert any("not ion currents in A" in w for w in export.warnings)


def test_an_unknown_unit_is_named(tmp_path: Path) -> None:
    content = made.own_tga_ms().content.replace(b"mass_g", b"mass_lb")
    export = read(_path(tmp_path, content), "tga_ms")  # its ion currents are still of use
    assert "column 'mass_lb' is not read: its unit is not known" in export.warnings[0]
    with pytest.raises(
        ReadError, match=r"expected a column for mass_mg, found only .*temperature_K"
    ):
        read(_path(tmp_path, content.replace(b"mz64_nA", b"remark")), "tga_ms")


def test_what_readers_return_is_what_files_hold(tmp_path: Path) -> None:
    """Values, dims, units and the vendor's keys and values come back from disk as they were read."""
    for key, (_, maker) in made.MADE.items():
        file = maker()
        (tmp_path / key).mkdir()
        path = _path(tmp_path / key, file.content, file.file)
        export = read(path, file.technique)
        save_curves({f"set {i}": s for i, s in enumerate(export.sets)}, tmp_path / "c.nc")
        for one, back in zip(export.sets, load_curves(tmp_path / "c.nc").values(), strict=True):
            assert set(back.variables) == set(one.variables)
            assert set(back.coords) == set(one.coords)
            assert back.attrs["vendor"] == one.attrs["vendor"]
            assert back.sizes == one.sizes
            for name, (dims, values) in one.variables.items():
                assert back.variables[name][0] == dims
                np.testing.assert_array_equal(back[name], values)
                found, given = back.attrs_of(name), one.attrs_of(name)
                assert found.get("units") == given.get("units")
                assert list(found.get("names", ())) == list(given.get("names", ()))


def _own_cycling(tmp_path: Path, **columns: list[float]):  # type: ignore[no-untyped-def]
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    path = tmp_path / "a.csv"
    path.write_text(
        "\n".join([",".join(names), *(",".join(f"{v:.9g}" for v in r) for r in rows)]) + "\n"
    )
    return read(path, "cycling").sets[0]


def test_noise_at_rest_drives_nothing(tmp_path: Path) -> None:
    """Three thousandths of the current, of both signs; a current that falls at constant voltage still counts."""
    rng = np.random.default_rng(2)
    current = np.r_[rng.normal(0, 3e-7, 60), np.full(200, 1e-4), 1e-4 * np.exp(-np.arange(60) / 15), rng.normal(0, 3e-7, 60)]  # fmt: skip
    voltage = np.r_[
        np.full(60, 3.0), np.linspace(3.1, 3.7, 200), np.full(60, 3.7), np.full(60, 3.65)
    ]
    table = _own_cycling(
        tmp_path,
        time_s=list(60.0 * np.arange(380.0)),
        voltage_V=list(voltage),
        current_A=list(current),
    )
    at_rest = table["Step Type"] == 0
    assert at_rest[:60].all()
    assert at_rest[320:].all()
    assert not at_rest[60:300].any()


def test_current_without_sign_goes_by_two_counters(tmp_path: Path) -> None:
    hours = np.arange(41.0)
    charge, discharge = np.minimum(hours, 20) * 1e-3, np.maximum(hours - 20, 0) * 1e-3
    table = _own_cycling(
        tmp_path, time_s=list(3600 * hours), voltage_V=[3.5] * 41, current_A=[1e-3] * 41,
        charge_capacity_Ah=list(charge), discharge_capacity_Ah=list(discharge),
    )  # fmt: skip
    assert (table["Current / A"] > 0).sum() == 21
    assert (table["Current / A"] < 0).sum() == 20


def test_clocks_with_points_among_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time_s;voltage_V;current_mA\n00:00:00.000;3,1;0,5\n00:00:30.500;3,2;0,5\n")
    assert read(path, "cycling").sets[0]["Test Time / s"].tolist() == [0.0, 30.5]
