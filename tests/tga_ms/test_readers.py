"""Readers of thermal analysis and mass spectrometry: every dialect, whole runs, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from coatbench.errors import ReadError
from coatbench.readers import read, recognise
from coatbench.simulate.write_proteus import write_proteus
from conftest import SHARED, datasets, inputs

COMPACT = """#EXPORTTYPE:DATA ALL
#FORMAT:NETZSCH5
#DECIMAL:POINT
#SEPARATOR:SEMICOLON
#INSTRUMENT:NETZSCH STA 449F3
#DATE/TIME:06.05.2025 09:41
#SAMPLE MASS /mg:22.160
#OPERATOR:Wegscheider/Fürpaß
#DSC RANGE /µV:5000
#CORR. CODE:020
#EXO:-1
#RANGE:30°C/10,0(K/min)/520°C

##Temp./°C;Time/min;DSC/(mW/mg);Mass/%;Gas Flow(purge1)/(ml/min);Sensit./(uV/mW)
 30.00000; 0.50000; 2.854954e-003;99.95938;20.00000;0.83154
405.00000;37.65167;      -0.10240;92.43072;20.00000;0.83154
"""
COUPLED = """#DECIMAL:COMMA
#SEPARATOR:SEMICOLON
#INSTRUMENT:NETZSCH STA 449F5
#SAMPLE MASS /mg:5,01
#PURGE 1 MFC:OXYGEN,252,5 ml/min
#REMARK:образец
##Temp./°C;Time/min;DSC/(uV/mg);Mass/%;QMID(s:1|m:64)/A;QMID(s:1|m:16)/A;QMID(s:1|m:48,1)/A;Sensit./(uV/mW)
 30,00000; 1,67154;3,696862e-02;99,94304;4,068099e-11;2,242491e-10;2,219227e-10;1,00000
 31,00000; 1,77154;3,696862e-02;99,94304;4,168099e-11;2,142491e-10;2,119227e-10;1,00000
"""
PADDED = """#EXPORTTYPE:                 ,DATA ALL            \r
#DECIMAL:                    ,POINT               \r
#SEPARATOR:                  ,COMMA               \r
#INSTRUMENT:                 ,NETZSCH STA 449F3   \r
#DATE/TIME:                  ,10/28/2023 13:29:27 (UTC-4)\r
#SAMPLE MASS /mg:            ,4.05                \r
#PURGE 1 MFC:                ,NITROGEN,250.0 ml/min\r
#CORR. CODE:                 ,000                 \r
\r
##Temp./°C,Time/min,DSC(subtr.2)/(mW/mg),Mass(subtr.2)/%,DTG(subtr.2)/(%/min)\r
 26.71400,20.00417,-3.640651e-02,97.06148, 0.000000e+00\r
 26.81400,20.45427,-3.927127e-02,97.05855,-4.506649e-04\r
\r
"""
ASC = "\r".join(
    [
        "ASCII SAMPLE CYCLES :\trun.mdc",
        "DATE :\t26-3-2026\tTIME :\t14:57:59",
        "CONVERTED CYCLES :\t3",
        "",
        "Number of stored cycles\t3",
        "Printed start cycle\t1",
        "Printed end cycle\t3",
        "Number of stored datablocks\t2",
        "",
        "Datablock 0\tIon Current\t[A]",
        "'0/0'\t64.38\tmin:\t5.12E-13\tmax:\t4.05E-10\t",
        "'0/1'\t18.16\tmin:\t2.00E-010\tmax:\t2.50E-010\t",
        "Datablock 1\tPKR\t[mbar]",
        "'1/0'\tPKR\tmin:\t1.0E-6\tmax:\t1.0E-6\t",
        "",
        "Cycle\tDate\tTime\tRelTime[s]\t'0/0'\t'0/1'\tThreshold\t'1/0'\t",
        "1\t26-3-2026\t14:57:59:12\t0.0\t5.12000E-013\t2.32584E-010\t0\t1.0E-006\t",
        "2\t26-3-2026\t14:58:00:93\t1.81\t4.05000E-010\t2.40000E-010\t0\t1.0E-006\t",
        "3\t26-3-2026\t14:58:02:74\t3.62\t3.05000E-010\t2.41000E-010\t0\t1.0E-006\t",
        "",
    ]
)


def put(
    tmp_path: Path, content: str | bytes, encoding: str = "cp1252", name: str = "run.txt"
) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def test_compact_dialect(tmp_path):
    export = read(put(tmp_path, COMPACT), "tga_ms")
    block = export.sets[0].to_xarray()
    assert export.format == "NETZSCH Proteus ASCII" and not export.warnings
    assert block.temperature_degC.values.tolist() == [30.0, 405.0]
    assert block.time_s.values == pytest.approx([30.0, 37.65167 * 60])
    assert block.mass_percent.values.tolist() == [99.95938, 92.43072]
    assert block.mass_mg.values == pytest.approx(np.array([99.95938, 92.43072]) * 0.2216)
    assert block.dsc.values.tolist() == [2.854954e-3, -0.1024] and block.dsc.units == "mW/mg"
    assert block.gas_flow_purge1.values.tolist() == [20.0, 20.0]
    assert block.attrs["corrected"] == 1 and block.attrs["exo"] == -1
    assert block.attrs["date"] == "2025-05-06T09:41:00"
    assert block.attrs["vendor"]["OPERATOR"] == "Wegscheider/Fürpaß"


def test_coupled_dialect_sorts_the_channels(tmp_path):
    block = read(put(tmp_path, COUPLED, "cp1251"), "tga_ms").sets[0].to_xarray()
    assert block.mz.values.tolist() == [16, 48, 64]
    assert block.mz_tuned.values.tolist() == [16.0, 48.1, 64.0]
    assert block.ion_current_A.sel(mz=64).values.tolist() == [4.068099e-11, 4.168099e-11]
    assert block.ion_current_A.sel(mz=16).values.tolist() == [2.242491e-10, 2.142491e-10]
    assert block.attrs["sample_mass_mg"] == 5.01 and block.attrs["corrected"] == 0
    assert block.attrs["vendor"]["PURGE 1 MFC"] == "OXYGEN,252,5 ml/min"
    assert block.attrs["vendor"]["REMARK"] == "образец"


def test_padded_dialect(tmp_path):
    block = read(put(tmp_path, PADDED), "tga_ms").sets[0].to_xarray()
    assert block.mass_percent.values.tolist() == [97.06148, 97.05855]
    assert block.dtg_subtr_2.values.tolist() == [0.0, -4.506649e-4]
    assert block.attrs["corrected"] == 1  # the column says (subtr.2), whatever the code says
    assert block.attrs["sample_mass_mg"] == 4.05
    assert block.attrs["date"] == "2023-10-28T13:29:27"
    assert block.attrs["vendor"]["PURGE 1 MFC"] == "NITROGEN,250.0 ml/min"


@pytest.mark.parametrize("degree", ["°", ">", "", "\x9b", "�", " °"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_degree_signs_and_line_ends_without_header(tmp_path, degree, end):
    lines = [
        f"##Temp./{degree}C,Time/min,Mass/%,Segment",
        " 33.3,0.0,100.0,1",
        " 33.5,0.1,99.9,1",
        "",
    ]
    block = (
        read(put(tmp_path, end.join(lines), "latin-1" if degree != "�" else "utf-8"))
        .sets[0]
        .to_xarray()
    )
    assert block.mass_percent.values.tolist() == [100.0, 99.9]
    assert np.isnan(block.attrs["sample_mass_mg"]) and "mass_mg" not in block


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_one_export_agree(tmp_path, encoding):
    block = read(put(tmp_path, COMPACT, encoding), "tga_ms").sets[0].to_xarray()
    assert block.mass_percent.values.tolist() == [99.95938, 92.43072]


def test_incomplete_last_line_is_dropped_and_reported(tmp_path):
    export = read(put(tmp_path, COMPACT.rstrip("\n")[:-3]))
    assert export.sets[0].to_xarray().sizes["time"] == 1
    assert len(export.warnings) == 1 and "incomplete last line" in export.warnings[0]
    assert read(put(tmp_path, COMPACT.rstrip("\n"))).sets[0].to_xarray().sizes["time"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.replace("99.95938", "kaputt"),
            "line 15: expected a number in column 4, found 'kaputt'",
        ),
        (lambda t: t.replace("99.95938", "99,95938"), "line 15: expected a number in column 4"),
        (lambda t: t.replace(";0.83154\n", "\n", 1), "line 15: expected 6 columns"),
        (
            lambda t: t.replace("37.65167", " 0.10000"),
            "line 16: expected time that does not run backwards",
        ),
        (
            lambda t: t.replace("405.00000", ""),
            "line 16: expected temperature_degC from -273.15 to 5000",
        ),
        (lambda t: t.replace("405.00000", "40500000"), "line 16: expected temperature_degC from"),
        (lambda t: t.replace("99.95938", "9e99"), "line 15: expected mass_percent from"),
        (lambda t: t.replace("37.65167", "1e308"), "line 16: expected time_s from"),
        (lambda t: t.replace("Temp./°C", "Temp./F"), "temperature in °C or K"),
        (lambda t: t.replace("Time/min", "Zeit"), "time in min, s or h"),
        (lambda t: t.replace("Time/min", "Ort/m"), "columns Temp. and Time"),
        (lambda t: t[: t.index("##Temp")], "a line of columns that starts with ##, such as"),
        (lambda t: t[: t.index(" 30.00000")], "rows of numbers below"),
    ],
)
def test_damaged_proteus(tmp_path, change, message):
    path = put(tmp_path, change(COMPACT))
    with pytest.raises(ReadError) as caught:
        read(path, "tga_ms")
    assert message in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_quadstar(tmp_path, end):
    export = read(put(tmp_path, ASC.replace("\r", end), name="run.asc"), "tga_ms")
    ions, pressure = datasets(export)
    assert export.format == "Quadstar ASCII" and not export.warnings
    assert ions.mz.values.tolist() == [18, 64] and ions.mz_tuned.values.tolist() == [18.16, 64.38]
    assert ions.ion_current_A.sel(mz=64).values.tolist() == [5.12e-13, 4.05e-10, 3.05e-10]
    assert ions.time_s.values.tolist() == [0.0, 1.81, 3.62]
    assert ions.attrs["date"] == "2026-03-26T14:57:59"
    assert pressure.value.units == "mbar" and pressure.channel.values.tolist() == ["PKR"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("2.40000E-010", "broken"), "line 18: expected a number in column 6"),
        (lambda t: t.replace("64.38", "64.47"), "line 11: expected a tuned mass within 0.45 u"),
        (
            lambda t: t.replace("\r2\t26", "\r1\t26"),
            "line 18: expected cycle numbers that count upwards",
        ),
        (lambda t: t.replace("\t3.62", "\t0.62"), "line 19: expected time that runs forwards"),
        (
            lambda t: t.replace("\t'0/1'\tThr", "\t'0/7'\tThr"),
            "line 16: expected columns of declared channels",
        ),
        # Named wrongly in the header or over the table, a channel would be missing unseen.
        (lambda t: t.replace("\r'0/0'", "\r'-7/0'"), "line 11: expected a channel like '0/1'"),
        (
            lambda t: t.replace("\t'0/0'", "\t'0/1,5'"),
            "line 16: expected columns of declared channels",
        ),
        (
            lambda t: t.replace("\t'0/1'\tThr", "\tThr"),
            "line 16: expected a column for channel '0/1'",
        ),
        (lambda t: t.replace("datablocks\t2", "datablocks\t3"), "expected 3 datablocks, found 2"),
        (lambda t: t.replace("datablocks\t2", "datablocks\t99999999999"), "number of datablocks"),
        (lambda t: t[: t.index("Cycle\tDate")], "a table that starts with Cycle"),
        (lambda t: t[: t.index("1\t26-3")], "rows of cycles below"),
        (lambda t: t.replace("14:58:00:93\t", ""), "line 18: expected a number in column 8"),
        (
            lambda t: t.replace("2.40000E-010", "2.40000E+010"),
            "line 18: expected a value of channel '0/1'",
        ),
        (lambda t: t.replace("14:58:00:93", "soon"), "line 18: expected a date and a time"),
        (lambda t: t.replace("0\t1.0E-006\t\r3", "\r3"), "line 18: expected 8 columns"),
    ],
)
def test_damaged_quadstar(tmp_path, change, message):
    path = put(tmp_path, change(ASC), name="run.asc")
    with pytest.raises(ReadError) as caught:
        read(path, "tga_ms")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_quadstar_reports_what_is_cut_or_outside_its_limits(tmp_path):
    cut = ASC[: ASC.index("3\t26-3") + 20]
    export = read(put(tmp_path, cut, name="run.asc"))
    assert export.sets[0].to_xarray().sizes["time"] == 2
    assert any("incomplete last line" in w for w in export.warnings)
    assert any("announces cycles 1 to 3" in w for w in export.warnings)
    export = read(put(tmp_path, ASC.replace("3.05000E-010", "3.05000E-001"), name="run.asc"))
    assert any("'0/0' (64.38) runs from" in w for w in export.warnings)


@pytest.fixture(params=inputs("realdata/tga_ms"))
def runs(request, tmp_path) -> tuple[list[Path], int, float]:
    """Whole runs: their files, and what each has at least of records and seconds. The first one is a text."""
    if request.param == "handed":
        folder = SHARED / "realdata" / "tga_ms"
        files = [
            p for p in sorted(folder.iterdir()) if p.suffix != ".json" and p.name != "index.csv"
        ]
        assert len(files) >= 5
        return [folder / "DIG10_1.txt", *files], 6000, 3000.0
    time = np.linspace(0, 52, 700)
    columns = [
        ("Temp./°C", 30 + 10 * time), ("Time/min", time), ("DSC/(uV/mg)", 0.05 * np.sin(time)),
        ("Mass/%", 100 - 0.37 * time - 0.01 * np.sin(time)),
    ]  # fmt: skip
    header = {"EXPORTTYPE": "DATA ALL", "FORMAT": "NETZSCH5", "SAMPLE MASS /mg": "20,13"}
    write_proteus(tmp_path / "comma.txt", header, columns)
    point = header | {"SAMPLE MASS /mg": "20.13"}
    write_proteus(tmp_path / "padded.csv", point, columns, decimal=".", separator=",", padded=True)
    return [tmp_path / "comma.txt", tmp_path / "padded.csv"], 699, 3000.0


def test_every_run_is_read(runs):
    files, records, seconds = runs
    for path in files:
        block = read(path, "tga_ms").sets[0].to_xarray()
        assert block.sizes["time"] > records, path.name
        assert np.isfinite(block.temperature_degC).all(), path.name
        assert block.time_s.values[-1] > seconds


def test_a_cut_text_drops_one_line(tmp_path, runs):
    """Wherever the first half ends: in the middle of a number, too."""
    text = runs[0][0]
    raw, whole = text.read_bytes(), read(text).sets[0].to_xarray()
    export = read(
        put(tmp_path, raw[: raw.index(b"\n", len(raw) // 2) - 4], name="cut.txt"), "tga_ms"
    )
    n = export.sets[0].to_xarray().sizes["time"]
    assert len(export.warnings) == 1
    assert (export.sets[0].to_xarray().mass_percent.values == whole.mass_percent.values[:n]).all()


@pytest.mark.parametrize("raw", [b"", b"VAMAS", b"\x00" * 100, "##Temp./°C".encode("cp1252")])
def test_empty_and_foreign(tmp_path, raw):
    with pytest.raises(ReadError):
        read(put(tmp_path, raw), "tga_ms")


def test_recognised_by_content(tmp_path):
    for content, name in ((COMPACT, "NETZSCH Proteus ASCII"), (ASC, "Quadstar ASCII")):
        assert recognise(put(tmp_path, content, name="x.dat")).name == name
