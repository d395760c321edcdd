"""Files whose numbers look like a measurement and would be read as another one: refused, converted, or said."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import openpyxl
import pytest
import tifffile
from coatbench.errors import ReadError
from coatbench.readers import read
from coatbench.readers.peak_list import read_peak_list
from coatbench.readers.sims_open import open_region
from readers import plain_files as made
from sims.write_simsh5 import write_simsh5


def write(tmp_path: Path, text: str, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_marks_between_thousands_are_no_decimal_comma(tmp_path: Path) -> None:
    """12,345 counts beside an energy of 1000.0 eV were 12.345 counts."""
    rows = [f"{1000 + 2.5 * i:.1f}\t{900 + 50 * i:,}\n" for i in range(20)]
    path = write(tmp_path, "".join(rows), "x.txt")
    with pytest.raises(ReadError, match=r"line 3: expected one decimal sign .*1,000"):
        read(path, "leis")


@pytest.mark.parametrize("unit", ["mA{}/g", "mA{} g-1", "mA{} per g", "mA{}*g^-1"])
def test_values_per_mass_are_no_values(tmp_path: Path, unit: str) -> None:
    """150 mAh/g were 150 Ah, where a description says which unit a file means that names none."""
    names = f"Data_Point,Test_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V),Charge_Capacity({unit.format('h')}),Discharge_Capacity({unit.format('h')})\n"
    rows = [f"{i},{60 * i},1,1,0.001,{3 + 0.01 * i:.2f},{8 * i},0\n" for i in range(20)]
    export = read(write(tmp_path, names + "".join(rows)), "cycling")
    assert export.sets[0].attrs["capacity_source"] == "trapezoid"
    assert sum("is not read: its unit" in w for w in export.warnings) == 2
    names = names.replace("Current(A)", f"Current({unit.format('')})")
    with pytest.raises(ReadError, match="a column for current_A"):
        read(write(tmp_path, names + "".join(rows)), "cycling")


@pytest.mark.parametrize("key", ["ta_trios", "gamry", "neware_csv", "neware_xlsx"])
def test_a_blank_line_between_rows_loses_none_of_them(tmp_path: Path, key: str) -> None:
    """The rest of the table was no part of it, where more tables may follow or a column holds words."""
    file = made.MADE[key][1]()
    path = tmp_path / file.file
    path.write_bytes(file.content)
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        book.worksheets[-1].insert_rows(20)
        book.save(path)
    else:
        lines = file.content.decode().split("\n")
        path.write_text("\n".join([*lines[:35], "", *lines[35:]]))
    with pytest.raises(ReadError, match="expected nothing more after the table ended at line"):
        read(path, file.technique)


def test_channels_of_two_units_are_refused(tmp_path: Path) -> None:
    """Percent of a gas beside ion currents had the unit of the first channel, ampere."""
    content = made.pfeiffer_quadera().content.decode()
    before, _, after = content.rpartition("Ion Current [A]")
    path = write(tmp_path, f"{before}Concentration [%]{after}", "x.asc")
    with pytest.raises(ReadError, match="expected channels of one unit, found A and %"):
        read(path, "tga_ms")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_own_names_hold_a_baseline_of_the_mass(tmp_path: Path, order: tuple[int, int]) -> None:
    """In front of the mass the baseline was the mass, behind it nothing."""
    names, cells = ("mass_mg", "mass_baseline_ug"), ("{:.2f}", "{:.0f}")
    text = f"time_s,temperature_degC,{','.join(names[k] for k in order)}\n"
    for i in range(20):
        own = [c.format(v) for c, v in zip(cells, (20 - 0.01 * i, 5 + i), strict=True)]
        text += f"{i},{30 + i},{','.join(own[k] for k in order)}\n"
    found = read(write(tmp_path, text), "tga_ms").sets[0]
    assert found["mass_mg"].tolist() == pytest.approx([20 - 0.011 * i for i in range(20)])
    assert found.attrs["corrected"] == 1


def test_own_names_hold_a_state_and_a_clock(tmp_path: Path) -> None:
    """Without the state a current without sign was charge throughout."""
    text = "time_s,voltage_V,current_A,state,clock\n"
    for i in range(60):
        state = ("charge", "rest", "discharge")[i // 20]
        text += f"{i},3.{i:02d},0.001,{state},2026-01-02 10:{i:02d}:00\n"
    export = read(write(tmp_path, text), "cycling")
    assert export.sets[0]["Current / A"][[0, 30, 59]].tolist() == [0.001, 0.0, -0.001]
    assert export.sets[0]["Test Time / s"][-1] == 59 * 60
    assert "times are multiplied by 60" in " ".join(export.warnings)
    with pytest.raises(ReadError, match="line 3: expected one of the states"):
        read(
            write(tmp_path, text.replace(",charge,", ",hold,", 2).replace(",hold,", ",charge,", 1)),
            "cycling",
        )


def test_units_in_a_line_of_their_own_count(tmp_path: Path) -> None:
    """Digatron's line of units was passed over: mA were A."""
    file = made.digatron()
    text = file.content.decode()
    line = ",,,,,,,,[V],[A],[Ah],[Wh]"
    assert line in text
    whole = read(write(tmp_path, text), "cycling").sets[0]
    text = text.replace(line, ",,,[h],,,,,[mV],[mA],[mAh],[mWh]")
    found = read(write(tmp_path, text, "y.csv"), "cycling").sets[0]
    for name in ("Voltage / V", "Current / A", "Net Capacity / Ah"):
        assert found[name].tolist() == pytest.approx((1e-3 * whole[name]).tolist())
    assert found["Test Time / s"].tolist() == whole["Test Time / s"].tolist()  # clocks


@pytest.mark.parametrize(
    ("header", "width", "half_u"),
    [
        ("width", "0.02", 0.01), ("Width (u)", "0.02", 0.01), ("width_u", "0.02", 0.01), ("width (mu)", "20", 0.01),
        ("peak width [mDa]", "20", 0.01), ("width (ppm)", "200", 0.0064), ("width_ppm", "200", 0.0064),
    ],
)  # fmt: skip
def test_the_width_of_a_listed_peak_has_a_unit(
    tmp_path: Path, header: str, width: str, half_u: float
) -> None:
    """200 ppm were a window of 200 u, 20 mu one of 20 u; `width_ppm` was no width."""
    path = write(tmp_path, f"name,mass,{header}\nX-,64.0,{width}\n")
    [peak] = read_peak_list(path)
    assert (peak.lower_u, peak.upper_u) == pytest.approx((64 - half_u, 64 + half_u), abs=1e-12)
    with pytest.raises(ReadError, match=r"header: expected a width in u, mu or ppm, found 'ns'"):
        read_peak_list(write(tmp_path, "name,mass,width (ns)\nX-,64.0,20\n"))
    both = write(tmp_path, "name,mass,lower,upper,width (ns)\nX-,64.0,63.9,64.1,20\n")
    assert read_peak_list(both)[0].lower_u == 63.9  # limits need no width


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_what_is_white_in_a_micrograph_is_bright(tmp_path: Path, kind: type, white: int) -> None:
    """A TIFF image may store white as 0: what is heavy was dark."""
    pixels = np.arange(12, dtype=kind).reshape(3, 4)
    for name, stored in (("minisblack", pixels), ("miniswhite", white - pixels)):
        tifffile.imwrite(tmp_path / "x.tif", stored.astype(kind), photometric=name)
        found = read(tmp_path / "x.tif", "stem").sets[0]["intensity"]
        assert found.dtype == kind
        assert found.tolist() == pixels.tolist()


@pytest.mark.parametrize(
    ("polarity", "sign"), [(np.bytes_("negative"), -1), ("Positive", 1), (-1, -1), (1, 1), ("", 0)]
)
def test_the_polarity_of_a_sparse_file_in_any_form(
    tmp_path: Path, polarity: object, sign: int
) -> None:
    """Text of fixed length and numbers were no polarity, so that nothing held it against the fragments."""
    pytest.importorskip("hdf5plugin")
    path = tmp_path / "x.h5"
    write_simsh5(path, np.arange(4), np.full(4, 32.0), (2, 2))
    with h5py.File(path, "a") as file:
        file.attrs["polarity"] = polarity
        file.attrs["acquisition_mode"] = np.bytes_("image_2d")
    assert open_region(path).attrs.get("polarity", 0) == sign


def proteus(mass_mg: str, *channels: str) -> str:
    head = f"#EXPORTTYPE:DATA ALL\n#SAMPLE MASS /mg:{mass_mg}\n#SEPARATOR:SEMICOLON\n#DECIMAL:POINT\n##Temp./°C;Time/min;Mass/%;"
    rows = [f"{30 + k};{k};{100 - 0.1 * k:.1f};1e-9;2e-9\n" for k in range(20)]
    return head + ";".join(f"QMID(s:1|m:{c})/A" for c in channels) + "\n" + "".join(rows)


def test_each_mass_of_a_thermogram_once(tmp_path: Path) -> None:
    """43.6 and 44.4 were two channels of m/z 44, 17.5 one of m/z 18."""
    export = read(write(tmp_path, proteus("10", "43.60", "44.40")), "tga_ms")
    assert export.sets[0]["mz"].tolist() == [44]
    assert export.sets[0]["ion_current_A"][:, 0].tolist() == [1e-9]
    assert "m/z 44 is measured twice" in " ".join(export.warnings)
    own = "time_s,temperature_degC,mz17.5_A\n1,20,1e-9\n2,21,1e-9\n"
    for text in (proteus("10", "17.50", "44.00"), own):
        with pytest.raises(ReadError, match=r"within 0\.45 u of a whole mass, found m/z 17\.5"):
            read(write(tmp_path, text), "tga_ms")


@pytest.mark.parametrize("mass_mg", ["-1000", "0"])
def test_no_sample_has_a_negative_mass(tmp_path: Path, mass_mg: str) -> None:
    """A run without a sample had -1000 mg of it."""
    found = read(write(tmp_path, proteus(mass_mg, "18.00", "44.00")), "tga_ms").sets[0]
    assert "mass_mg" not in found.variables
    assert np.isnan(found.attrs["sample_mass_mg"])


def test_units_that_descriptions_default_away(tmp_path: Path) -> None:
    """Unknown to the table of units, µV and µs were V and s; `ampere_hour` was `hour`, of no charge."""
    names = "Data_Point,Test_Time(µs),Step_Index,Cycle_Index,Current(A),Voltage(µV),Charge_Capacity(Ah),Discharge_Capacity(Ah)\n"
    rows = [f"{i},{60e6 * i:.0f},1,1,0.001,{3e6 + i:.0f},{i / 60000:.9f},0\n" for i in range(20)]
    found = read(write(tmp_path, names + "".join(rows)), "cycling").sets[0]
    assert found["Test Time / s"][-1] == pytest.approx(19 * 60)
    assert found["Voltage / V"][-1] == pytest.approx(3.000019)
    names = "test_time_second,voltage_volt,current_ampere,charging_capacity_milliampere_hour,discharging_capacity_ampere_hour\n"
    rows = [f"{60 * i},3.{i:02d},0.001,{i / 60:.9f},0\n" for i in range(20)]
    export = read(write(tmp_path, names + "".join(rows)), "cycling")
    assert export.warnings == []
    assert export.sets[0]["Charging Capacity / Ah"][-1] == pytest.approx(19 / 60000)


@pytest.mark.parametrize("unit", ["eV", "keV", "KeV"])
def test_thousands_of_electronvolts_in_any_letters(tmp_path: Path, unit: str) -> None:
    """[KeV] was eV: binding energies of 5994 instead of 300 eV."""
    factor = 1 if unit == "eV" else 1000
    rows = [f" {(5700 + k) / factor:.4f} {100 + k}\n" for k in range(6)]
    text = (
        "[Info]\nNumber of Regions=1\n[Region 1]\nRegion Name=C1s\nDimension 1 size=6\n"
        f"Dimension 1 name=Kinetic Energy [{unit}]\n[Info 1]\nExcitation Energy=6000\n"
        f"Step Time=100\nNumber of Sweeps=2\n[Data 1]\n{''.join(rows)}"
    )
    found = read(write(tmp_path, text, "x.txt"), "xps").sets[0]
    assert found["binding_energy_eV"].tolist() == pytest.approx([295, 296, 297, 298, 299, 300])


@pytest.mark.parametrize("label", ["intensity_kcounts", "Intensity (kcounts)", "Yield [kcps]"])
def test_thousands_of_counts_of_scattered_ions(tmp_path: Path, label: str) -> None:
    """A spectrum in kcounts had a thousandth of its counts, and noise to match."""
    text = f"energy_eV,{label}\n" if "_" in label else f"Energy (eV),{label}\n"
    rows = [f"{1000 + k},{k + 1}.25\n" for k in range(20)]
    found = read(write(tmp_path, text + "".join(rows)), "leis").sets[0]
    assert found["intensity"][:2].tolist() == [1250.0, 2250.0]


@pytest.mark.parametrize("row", [0, 5])
def test_a_counter_with_gaps_is_named(tmp_path: Path, row: int) -> None:
    """One empty cell, and the instrument's integral was left out without a word; in row 0 the counter began at NaN."""
    text = "time_s,voltage_V,current_A,charge_capacity_Ah,discharge_capacity_Ah\n"
    for i in range(20):
        text += f"{60 * i},3.{i:02d},0.001,{'' if i == row else i / 60000},0\n"
    export = read(write(tmp_path, text), "cycling")
    assert export.sets[0].attrs["capacity_source"] == "trapezoid"
    assert export.sets[0].attrs["counter_Ah"] == (0.0, 0.0)
    assert "1 empty cells in column 'charge_capacity_Ah': it is not used" in export.warnings[0]


@pytest.mark.parametrize("header", ["E/KEV\tI", "energies in keV"])
def test_a_spectrum_in_kev_is_none_in_ev(tmp_path: Path, header: str) -> None:
    """Two columns whose format the index names, or whose unit is in capitals, were at 1 to 1.2 eV."""
    rows = [f"{1 + 0.01 * k:.2f}\t{k + 10}\n" for k in range(20)]
    path = write(tmp_path, f"{header}\n" + "".join(rows), "x.txt")
    with pytest.raises(ReadError, match="expected energies in eV"):
        read(path, "leis", "Qtac ASCII")
    with pytest.raises(ReadError):
        read(path, "leis")


def test_times_are_numbers_or_clocks(tmp_path: Path) -> None:
    """One clock among hours, and all hours of its block were seconds."""
    text = "time_h,voltage_V,current_A\n0,3.1,0.001\n"
    numbers, clocks = "0.25,3.2,0.001\n0.5,3.3,0.001\n", "00:30:00,3.2,0.001\n00:45:00,3.3,0.001\n"
    for rows, last in ((numbers, 1800), (clocks, 2700)):
        found = read(write(tmp_path, text + rows), "cycling").sets[0]
        assert found["Test Time / s"][-1] == last
    for rows, form in ((numbers + clocks, "a number"), (clocks + numbers, "a clock")):
        with pytest.raises(ReadError, match=f"line 5: expected {form} in column 'time_h', as in"):
            read(write(tmp_path, text + rows), "cycling")


@pytest.mark.parametrize(("label", "said"), [("Energy (eV)", True), ("Binding Energy (eV)", False)])
def test_an_energy_that_may_be_either_is_named(tmp_path: Path, label: str, said: bool) -> None:
    """Kinetic energies under `Energy` were binding energies without a word."""
    rows = [f"{280 + 0.1 * k:.1f},{100 + k}\n" for k in range(20)]
    export = read(write(tmp_path, f"{label},Intensity (cps)\n" + "".join(rows)), "xps")
    assert ("taken as binding energy" in " ".join(export.warnings)) == said
