"""One made file for each shipped description, and what stands in it. Layouts as the instruments write them; numbers are made."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

N = 60
TIME_S = 6.0 * np.arange(N)
TEMPERATURE = 25.0 + np.arange(N)
MASS_MG = np.round(20.0 - 0.5 / (1 + np.exp(-(np.arange(N) - 30) / 3.0)), 4)
DSC = np.round(-1.0 - 0.01 * np.arange(N), 4)


@dataclass
class Made:
    """A file by name and content, and the values that a reader finds in it."""

    file: str
    content: bytes
    technique: str
    values: dict[str, np.ndarray]
    attrs: dict[str, object] = field(default_factory=dict)
    warns: str = ""


def lines(rows: Sequence[Sequence[object]], sep: str = "\t", end: str = "\n") -> str:
    return "".join(sep.join(map(str, row)) + end for row in rows)


def columns(*arrays: np.ndarray, form: str = "{:.5f}") -> list[list[str]]:
    return [[form.format(v) for v in row] for row in zip(*arrays, strict=True)]


TGA = {"time_s": TIME_S, "temperature_degC": TEMPERATURE, "mass_mg": MASS_MG, "mass_percent": MASS_MG * 5}  # fmt: skip


def ta_universal_analysis() -> Made:
    head = (
        "CLOSED\nVersion\t2.0\nInstrument\tTGA Q500 V20.13 Build 39\nModule\tTGA\nSample\tsome name\nSize\t20.0000\tmg\n"
        "Nsig\t4\nSig1\tTime (min)\nSig2\tTemperature (°C)\nSig3\tWeight (mg)\nSig4\tSample Purge Flow (mL/min)\n"
        "Date\t2025-11-14\nTime\t09:21:30\nOrgFile\tC:\\x.001\nStartOfData\n"
    )
    rows = columns(TIME_S / 60, TEMPERATURE, MASS_MG, np.full(N, 60.0), form="{:.6f}")
    mark = ["-3.000000", "1.000000", "0.0000000", "0.0000000"]
    text = head + lines([mark, *rows[:20], mark, *rows[20:], mark])
    return Made("x.txt", b"\xff\xfe" + text.encode("utf-16-le"), "tga_ms", TGA, {"date": "2025-11-14", "sample_mass_mg": 20.0})  # fmt: skip


def ta_trios() -> Made:
    head = (
        "Filename\tC:\\x.tri\nInstrument name\tTGA 1\nOperator\tx\nrundate\t28/11/2022\nSample name\tsome name\n"
        "proceduresegments\tRamp; Isothermal\n\n[Procedure]\nSample Mass\t20.000 mg\n\n"
    )
    block = "[step]\n{}\nTime\tTemperature\tWeight\tWeight\nmin\t°C\tmg\t%\n"
    rows = columns(TIME_S / 60, TEMPERATURE, MASS_MG, MASS_MG * 5, form="{:.7g}")
    text = head + block.format("Ramp 10.0 °C/min") + lines(rows[:25]) + "\n" + block.format("Isothermal") + lines(rows[25:])  # fmt: skip
    return Made("x.txt", text.encode(), "tga_ms", TGA, {"date": "2022-11-28", "instrument": "TGA 1", "sample_mass_mg": 20.0})  # fmt: skip


def _stare(head: str, name: str, end: str) -> str:
    labels = "          Index              t             Ts             Tr          Value\n"
    text = "Title                                                           14.11.2025 09:21\n" + "_" * 80 + "\n\nTitle\n\n"  # fmt: skip
    for signal, unit, values in (("Sample Weight", "mg", MASS_MG), ("Heatflow", "mW", DSC)):
        text += head.format(signal=signal) + name + "\n" + labels
        text += f"                           [s]           [°C]           [°C]           [{unit}]\n"
        for i in range(N):
            text += f"{i:15d}{TIME_S[i]:15g}{TEMPERATURE[i]:15.3f}{TEMPERATURE[i] + 0.4:15.3f}{values[i]:15.6g}\n"
        text += end.format(signal=signal)
    third = (
        "Curve Name:\n  \\x\n"
        + name
        + "\n"
        + labels.replace("          Value", "     x value     y value")
    )
    third += "                           [s]           [°C]           [°C]            [s]       [mgs^-1]\n"
    third += "              0              0         25.000         25.400              0         -0.001\n\n"
    return text + third + "_" * 80 + "\n" + " " * 66 + "STARe SW 17.00\n"


def mettler_stare() -> Made:
    text = _stare("Curve Name:\n  =x\n  {signal}\n", "Curve Values:",
                  "\n\nResults:\n  ? Step\t-2.5000 %\n\t-0.5 mg\n  Left Limit\t38.13 °C\nTexts:\n\n  =x\n  {signal}\n  x, 20.0000 mg\n\n")  # fmt: skip
    return Made("x.txt", text.replace("\n", "\r\n").encode("cp1252"), "tga_ms", TGA | {"dsc": DSC}, {"date": "2025-11-14T09:21:00", "sample_mass_mg": 20.0})  # fmt: skip


def mettler_stare_lastkey() -> Made:
    text = _stare("FileName:\n  x, 14.11.2025 09:21:00\n  {signal}\nSampleID:\n  x, 20.0000 mg\nTexts:\n\nResults:\n", "Curve:",
                  "\n\nLastKeyWD:\n  Alumina 150ul\n  Weight  : 280.453 mg\n\n")  # fmt: skip
    return Made("x.txt", text.encode(), "tga_ms", TGA | {"dsc": DSC}, {"sample_mass_mg": 20.0})


def perkinelmer_pyris() -> Made:
    head = (
        "Filename:\tx.tg8d \nSample ID:\tsome name \nData Collected:\t14.11.2025 09:21:30 \nSample Weight:\t20.000 mg \n"
        "Display Weight:\t20.000 \nTotal Points in Run:\t60 \nMethod Steps: \n1)\tHold for 1.0 min at 25.00°C \n \n"
        "1) TGA Isothermal \n\tTime     \tUnsubtracted\tBaseline     \tProgram     \tSample     \tSample      \n"
        "\t          \tWeight     \tWeight     \tTemperature\tTemperature\tPurge Flow \n"
    )
    zero = np.zeros(N)
    rows = [
        ["", *r]
        for r in columns(
            TIME_S / 60, MASS_MG, zero, TEMPERATURE + 1, TEMPERATURE, zero + 45, form="{:.6f}"
        )
    ]
    text = (
        head
        + lines(rows[:30], end=" \n")
        + "2) TGA Temperature Scan \n"
        + lines(rows[30:], end=" \n")
    )
    text += " \n \n\tTEMPERATURE CALIBRATION INPUTS: \nAlumel\t154.200\t162.360\t\tUsed \n"
    return Made(
        "x.txt",
        text.encode("cp1252"),
        "tga_ms",
        TGA,
        {"date": "2025-11-14T09:21:30", "sample_mass_mg": 20.0},
    )


def perkinelmer_csv() -> Made:
    head = "Time,Unsubtracted Weight,Baseline Weight,Program Temperature,Sample Temperature,Sample Purge Flow, \n"
    zero = np.zeros(N)
    rows = columns(
        TIME_S / 60, MASS_MG, zero, TEMPERATURE + 1, TEMPERATURE, zero + 20, form="{:.6f}"
    )
    known = {k: v for k, v in TGA.items() if k != "mass_percent"}
    return Made("x.csv", (head + lines(rows, ",", ", \n")).encode(), "tga_ms", known)


def setaram() -> Made:
    head = "Experiment : some name\nDate : 14/11/2025\nInitial mass : 20.0 mg\nIndex;Time (s);Furnace Temperature (°C);Sample Temperature (°C);TG (mg);HeatFlow (mW)\n"
    rows = columns(np.arange(N), TIME_S, TEMPERATURE + 3, TEMPERATURE, MASS_MG - 20, DSC)
    return Made(
        "x.txt",
        (head + lines(rows, ";")).encode("cp1252"),
        "tga_ms",
        TGA | {"dsc": DSC},
        {"sample_mass_mg": 20.0},
    )


def linseis() -> Made:
    head = "LINSEIS STA PT 1600\nSample mass: 20,0 mg\nDate: 14.11.2025\n\nTime [min]\tTemp [K]\tDelta M [mg]\n"
    rows = lines(columns(TIME_S / 60, TEMPERATURE + 273.15, MASS_MG - 20)).replace(".", ",")
    return Made(
        "x.txt",
        (head + rows).encode("cp1252"),
        "tga_ms",
        TGA,
        {"date": "2025-11-14", "sample_mass_mg": 20.0},
    )


SHIFTS = {18: 0.5, 64: 1.0, 66: 2.0}  # s after the first channel


def current(mz: int, time: np.ndarray) -> np.ndarray:
    """Return a current that is linear in time, so that interpolation leaves no error."""
    return mz * 1e-12 + 1e-15 * time


def pfeiffer_quadera() -> Made:
    head = "Sourcefile\tx.qmp\nExporttime\t28/11/2022 15:24:02\n\nStart Time\t28/11/2022 13:51:12\nEnd Time\t28/11/2022 15:21:44\n\n"
    masses = {48: 0.0, **SHIFTS}
    names = {48: "48", 18: "Water", 64: "64.00", 66: "66"}
    head += (
        "".join(f"\t\t{names[m]}" if i == 0 else f"\t\t\t{names[m]}" for i, m in enumerate(masses))
        + "\t\n"
    )
    head += "\t".join("Time\tTime Relative [s]\tIon Current [A]" for _ in masses) + "\t\n"
    rows = [
        [cell for m, s in masses.items() for cell in ("28/11/2022 13:51:12", f"{t + s:.3f}", f"{current(m, np.array(t + s)):.9e}".replace("e-", "e-0"))]
        for t in TIME_S
    ]  # fmt: skip
    order = sorted(masses)
    time = TIME_S[1:]
    values = {
        "time_s": time,
        "mz": np.array(order),
        "ion_current_A": np.stack([current(m, time) for m in order]),
    }
    return Made("x.asc", (head + lines(rows)).encode(), "tga_ms", values, {"date": "2022-11-28T13:51:12"}, "'Water' is taken as m/z 18")  # fmt: skip


def hiden_massoft() -> Made:
    head = '"header",6,"lines"\n"Date","14/11/2025"\n"MASsoft","10"\n\n"Time","ms","mass 18.00","mass 64.00"\n'
    rows = [[f'"00:{int(t) // 60:02d}:{int(t) % 60:02d}"', f"{1000 * t:.0f}", f"{current(18, t):.6e}", f"{current(64, t):.6e}"] for t in TIME_S]  # fmt: skip
    values = {
        "time_s": TIME_S,
        "mz": np.array([18, 64]),
        "ion_current_A": np.stack([current(m, TIME_S) for m in (18, 64)]),
    }
    return Made(
        "x.csv", (head + lines(rows, ",")).encode(), "tga_ms", values, {"date": "2025-11-14"}
    )


# A charge of 30 records, a rest of 6, a discharge of 30: constant current of 1 mA, a record each 60 s.
SIGN = np.array([0] + [1] * 30 + [0] * 6 + [-1] * 30)
CLOCK = 60.0 * np.arange(SIGN.size)
CURRENT = 1e-3 * SIGN
AH = 1e-3 * 60 / 3600
CHARGED = np.minimum(np.arange(SIGN.size), 30) * AH
DISCHARGED = np.maximum(np.arange(SIGN.size) - 36, 0) * AH
VOLTAGE = np.round(2.5 + 40 * (CHARGED - DISCHARGED), 6)
STEP = np.where(SIGN == 1, 2, np.where(SIGN == -1, 4, np.where(np.arange(SIGN.size) == 0, 1, 3)))
STEP_AH = np.where(SIGN == 1, CHARGED, np.where(SIGN == -1, DISCHARGED, 0.0))
CELL = {
    "Test Time / s": CLOCK, "Voltage / V": VOLTAGE, "Current / A": CURRENT, "Charging Capacity / Ah": CHARGED,
    "Discharging Capacity / Ah": DISCHARGED,
}  # fmt: skip
NET = {k: v for k, v in CELL.items() if "ing " not in k} | {
    "Net Capacity / Ah": CHARGED - DISCHARGED
}
BARE = {k: v for k, v in CELL.items() if "ing " not in k}
STATES = np.where(SIGN == 1, "CC Chg", np.where(SIGN == -1, "CC DChg", "Rest"))


def hms(seconds: float) -> str:
    s = round(seconds)
    return f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}"


def stamp(seconds: float, form: str = "2022-05-18 {}") -> str:
    return form.format(hms(36000 + seconds))


def bdf() -> Made:
    head = [
        "Test Time / h",
        "Current / mA",
        "Voltage / V",
        "Cycle Count / 1",
        "Charging Capacity / Ah",
        "Discharging Capacity / Ah",
    ]
    rows = columns(
        CLOCK / 3600,
        1e3 * CURRENT,
        VOLTAGE,
        np.ones(SIGN.size),
        CHARGED,
        DISCHARGED,
        form="{:.12g}",
    )
    return Made("x.bdf.csv", lines([head, *rows], ",").encode(), "cycling", CELL)


def bdf_machine() -> Made:
    head = [
        "test_time_second",
        "voltage_volt",
        "current_ampere",
        "step_index",
        "charging_capacity_ah",
        "discharging_capacity_ah",
    ]
    rows = columns(CLOCK, VOLTAGE, CURRENT, STEP, CHARGED, DISCHARGED, form="{:.12g}")
    return Made("x.bdf.csv", lines([head, *rows], ",").encode(), "cycling", CELL)


ARBIN = ["Data_Point", "Date_Time", "Test_Time(s)", "Step_Index", "Cycle_Index", "Current(A)", "Voltage(V)", "Charge_Capacity(Ah)", "Discharge_Capacity(Ah)", "Internal_Resistance(Ohm)"]  # fmt: skip


def arbin_rows() -> list[list[object]]:
    return [[i + 1, stamp(CLOCK[i], "05/18/2022 {}"), float(CLOCK[i]), int(STEP[i]), 1, float(CURRENT[i]), float(VOLTAGE[i]), float(CHARGED[i]), float(DISCHARGED[i]), ""] for i in range(SIGN.size)]  # fmt: skip


def arbin_csv() -> Made:
    return Made("x_Channel_1.csv", b"\xef\xbb\xbf" + lines([ARBIN, *arbin_rows()], ",", "\r\n").encode(), "cycling", CELL, {"date": "2022-05-18T10:00:00"})  # fmt: skip


def arbin_xlsx_without_points() -> Made:
    """Versions of the program name neither the record nor its number."""
    sheets = {
        "Global_Info": [["TEST REPORT"], ["x"]],
        "Channel_1_1": [row[1:] for row in [ARBIN, *arbin_rows()]],
    }
    return Made("x.xlsx", workbook(sheets), "cycling", CELL)


def pec_csv() -> Made:
    """Times of the day beside seconds, mV, mA and mAh, energies named like capacities."""
    names = "Test,Cell,Rack,Step,Cycle,Total Time (Seconds),Step Time (Seconds),Real Time,Voltage (mV),Current (mA),Charge Capacity (mAh),Discharge Capacity (mAh),Charge Capacity (mWh),Discharge Capacity (mWh),ReasonCode"
    rows = [[187, 1, "R", int(STEP[i]), 1, float(CLOCK[i]), 0, stamp(CLOCK[i], "05/18/2022 {}"), 1e3 * float(VOLTAGE[i]), 1e3 * float(CURRENT[i]), 1e3 * float(CHARGED[i]), 1e3 * float(DISCHARGED[i]), 9, 9, 30] for i in range(SIGN.size)]  # fmt: skip
    head = [
        "Request Year:,2022",
        "Test:,187",
        "TestRegime Name:,x",
        "Start Time:,05/18/2022 10:00:00",
        "#RESULTS CHECK",
        "2022,187,1,1,3272,3,",
    ]
    return Made("x.csv", lines([*[[h] for h in head], names.split(","), *rows], ",").encode(), "cycling", CELL, {"date": "2022-05-18T10:00:00"})  # fmt: skip


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def arbin_xlsx() -> Made:
    sheets = {"Global_Info": [["TEST REPORT"], ["x"]], "Channel_1-008": [ARBIN, *arbin_rows()]}
    return Made("x.xlsx", workbook(sheets), "cycling", CELL)


NEWARE = ["DataPoint", "Cycle Index", "Step Index", "Step Type", "Time", "Total Time", "Current(A)", "Voltage(V)", "Capacity(Ah)", "Chg. Cap.(Ah)", "DChg. Cap.(Ah)", "Date", "Power(W)"]  # fmt: skip


def neware_rows() -> list[list[object]]:
    up, down = np.where(SIGN == 1, CHARGED, 0), np.where(SIGN == -1, DISCHARGED, 0)
    return [[i + 1, 1, int(STEP[i]), str(STATES[i]), "00:00:00", hms(CLOCK[i]), float(CURRENT[i]), float(VOLTAGE[i]), float(STEP_AH[i]), float(up[i]), float(down[i]), stamp(CLOCK[i]), 0.0] for i in range(SIGN.size)]  # fmt: skip


def neware_csv() -> Made:
    return Made(
        "x.csv",
        lines([NEWARE, *neware_rows()], ",").encode(),
        "cycling",
        CELL,
        {"date": "2022-05-18T10:00:00"},
    )


def neware_xlsx() -> Made:
    return Made(
        "x.xlsx",
        workbook({"cycle": [["Cycle Index"], [1]], "record": [NEWARE, *neware_rows()]}),
        "cycling",
        CELL,
    )


def neware_xlsx_chinese() -> Made:
    names = ["数据序号", "循环号", "工步号", "工步类型", "时间", "总时间", "电流(A)", "电压(V)", "容量(Ah)", "充电容量(Ah)", "放电容量(Ah)", "绝对时间", "功率(W)"]  # fmt: skip
    words = {"CC Chg": "恒流充电", "CC DChg": "恒流放电", "Rest": "静置"}
    rows = [[words.get(str(cell), cell) for cell in row] for row in neware_rows()]
    return Made("x.xlsx", workbook({"循环层": [["循环号"], [1]], "record": [names, *rows]}), "cycling", CELL)  # fmt: skip


def bts_rows() -> list[list[object]]:
    states = np.where(SIGN == 1, "CC_Chg", np.where(SIGN == -1, "CC_DChg", "Rest"))
    return [[i + 1, str(states[i]), 0, 1, int(STEP[i]), 1e3 * abs(float(CURRENT[i])), float(VOLTAGE[i]), 1e3 * float(STEP_AH[i]), 0.0, "0:00:00.000", stamp(CLOCK[i])] for i in range(SIGN.size)]  # fmt: skip


BTS = ["Record Index", "Status", "JumpTo", "Cycle", "Step", "Cur(mA)", "Voltage(V)", "CapaCity(mAh)", "Energy(mWh)", "Relative Time(h:min:s.ms)", "Absolute Time"]  # fmt: skip


def neware_bts_xlsx() -> Made:
    """A sheet holds so many rows; the next one goes on with the same labels."""
    rows = bts_rows()
    sheets = {
        "Info_1": [["Test", "x"]],
        "Record_1": [BTS, *rows[:40]],
        "Record_2": [BTS, *rows[40:]],
    }
    return Made("x.xlsx", workbook(sheets), "cycling", CELL)


def neware_bts_xlsx_chinese() -> Made:
    names = ["记录序号", "状态", "跳转", "循环", "步次", "电流(mA)", "电压(V)", "容量(mAh)", "能量(mWh)", "相对时间(h:min:s.ms)", "绝对时间"]  # fmt: skip
    words = {"CC_Chg": "恒流充电", "CC_DChg": "恒流放电", "Rest": "搁置"}
    rows = [[words.get(str(cell), cell) for cell in row] for row in bts_rows()]
    return Made("x.xlsx", workbook({"Record_1": [names, *rows]}), "cycling", CELL)


def neware_nested_csv() -> Made:
    text = "Cycle Index,Chg. Cap.(Ah),DChg. Cap.(Ah)\n,Step Index,Step Number,Step Type\n,,DataPoint,Time,Total Time,Current(A),Voltage(V),Capacity(Ah),Date,T1(°C)\n1,0.0005,0.0005\n"
    for i in range(SIGN.size):
        if i == 0 or STEP[i] != STEP[i - 1]:
            text += f",{STEP[i]},{STEP[i]},{STATES[i]}\n"
        text += f",,{i + 1},00:00:00,{hms(CLOCK[i])},{CURRENT[i]},{VOLTAGE[i]},{STEP_AH[i]:.12f},{stamp(CLOCK[i])},25.0\n"
    return Made("x.csv", text.encode("cp1252"), "cycling", CELL)


def basytec() -> Made:
    head = "~Resultfile from Basytec Battery Test System\n~Start of Test: 19.06.2023 17:56:53\n~Battery: some name\n~\n~Time[h]\tDataSet\tLine\tCommand\tU[V]\tI[A]\tAh[Ah]\tAh-Cyc-Charge\tAh-Cyc-Discharge\tT1[°C]\tCyc-Count\tState\n"
    rows = [[f"{CLOCK[i] / 3600:.12g}", i + 1, STEP[i], "Pause", VOLTAGE[i], CURRENT[i], 0, f"{CHARGED[i]:.12g}", f"{DISCHARGED[i]:.12g}", 25.4, 1, 1] for i in range(SIGN.size)]  # fmt: skip
    return Made(
        "x.txt",
        (head + lines(rows)).encode("cp1252"),
        "cycling",
        CELL,
        {"date": "2023-06-19T17:56:53"},
    )


def landt_csv() -> Made:
    head = "cell id: ,,,,\ntest: ,,,,\nchannel_index,cycle_index,step_index,date_time_iso_string,test_time_s,current_A,voltage_V,discharge_capacity_Ah,charge_capacity_Ah,step_name\n"
    rows = [[i + 1, 1, STEP[i], stamp(CLOCK[i], "04/30/2024 {}"), CLOCK[i], CURRENT[i], VOLTAGE[i], f"{DISCHARGED[i]:.12g}", f"{CHARGED[i]:.12g}", "rest", ""] for i in range(SIGN.size)]  # fmt: skip
    return Made(
        "x.csv",
        (head + lines(rows, ",")).encode(),
        "cycling",
        CELL,
        {"date": "2024-04-30T10:00:00"},
    )


def landt_text() -> Made:
    head = "Rec#\tCyc#\tStep\tTest(Min)\tStep(Min)\tAmp-hr\tWatt-hr\tAmps\tVolts\tDPt-Time\n"
    rows = [[i + 1, 1, STEP[i], CLOCK[i] / 60, 0, f"{STEP_AH[i]:.12g}", 0, CURRENT[i], VOLTAGE[i], stamp(CLOCK[i])] for i in range(SIGN.size)]  # fmt: skip
    return Made("x.txt", (head + lines(rows)).encode(), "cycling", CELL)


def landt_xlsx() -> Made:
    head: list[object] = [
        "Record",
        "Cycle",
        "Step",
        "TestTime",
        "StepTime",
        "Current/mA",
        "Voltage/V",
        "Capacity/mAh",
        "SysTime",
    ]
    rows = [[i + 1, 1, int(STEP[i]), hms(CLOCK[i]), "00:00:00", 1e3 * float(CURRENT[i]), float(VOLTAGE[i]), 1e3 * float(STEP_AH[i]), stamp(CLOCK[i])] for i in range(SIGN.size)]  # fmt: skip
    return Made("x.xlsx", workbook({"Sheet1": [head, *rows]}), "cycling", CELL)


def novonix() -> Made:
    head = "[Summary]\nNovonix UHPC data file\nNovonix\nStarted: 2025-07-19 15:26:20\nCell: some name\n[End Summary]\n[Protocol]\n{}\n[End Protocol]\n[Data]\nDate and Time,Cycle Number,Step Type,Run Time (h),Current (A),Potential (V),Capacity (Ah),Temperature (°C),Step Number\n"
    rows = [[stamp(CLOCK[i], "2025-07-19 {}"), 1, 7, f"{CLOCK[i] / 3600:.12g}", CURRENT[i], VOLTAGE[i], f"{CHARGED[i] - DISCHARGED[i]:.12g}", 24.6, STEP[i]] for i in range(SIGN.size)]  # fmt: skip
    return Made(
        "x.csv", (head + lines(rows, ",")).encode(), "cycling", NET, {"date": "2025-07-19T15:26:20"}
    )


def maccor_csv() -> Made:
    head = "Today's Date ,28-Nov-23\nDate of Test:,23-Nov-23 3:56:08 PM\nRec,Cycle C,Step,Test Time (sec),Step Time (sec),Capacity,Energy,Current,Voltage,DPT Time,Temp 1\n"
    rows = [[i + 1, 1, STEP[i], CLOCK[i], 0, f"{STEP_AH[i]:.12g}", 0, abs(CURRENT[i]), VOLTAGE[i], stamp(CLOCK[i], "23-Nov-23 {} AM"), 22.2] for i in range(SIGN.size)]  # fmt: skip
    return Made("x.csv", (head + lines(rows, ",")).encode(), "cycling", CELL, {"date": "2023-11-23T15:56:08"}, "the voltage rises are taken as charge")  # fmt: skip


def maccor_csv_state() -> Made:
    head = "Rec,Cycle P,Cycle C,Step,TestTime,StepTime,Cap. [Ah],Ener. [Wh],Current [A],Voltage [V],Md,ES,DPT Time\n"
    letter = np.where(SIGN == 1, "C", np.where(SIGN == -1, "D", "R"))
    rows = [[i + 1, 0, 1, STEP[i], f"0d {hms(CLOCK[i])}.00", 0, f"{STEP_AH[i]:.12g}", 0, abs(CURRENT[i]), VOLTAGE[i], letter[i], 1, stamp(CLOCK[i], "05/18/2022 {} AM")] for i in range(SIGN.size)]  # fmt: skip
    return Made("x.csv", (head + lines(rows, ",")).encode(), "cycling", CELL)


def digatron() -> Made:
    head = "Cell,some name\n\nTime Stamp,Step,Status,Prog Time,Step Time,Cycle,Cycle Level,Procedure,Voltage,Current,AhAccu,WhAccu\n,,,,,,,,[V],[A],[Ah],[Wh]\n"
    rows = [[stamp(CLOCK[i], "11/16/2018 {} AM"), STEP[i], "CHA", f"{hms(CLOCK[i])}.000", "00:00:00", 1, 1, "x", VOLTAGE[i], CURRENT[i], f"{CHARGED[i] - DISCHARGED[i]:.12g}", 0] for i in range(SIGN.size)]  # fmt: skip
    return Made("x.csv", (head + lines(rows, ",")).encode(), "cycling", NET)


def digatron_milliseconds() -> Made:
    head = "Timestamp,Step,Status,Program Duration#s,Voltage#V,Current#A,AhCha#Ah,AhDch#Ah,AhAccu#Ah,Tenv#°C\n"
    rows = [[stamp(CLOCK[i], "2025-06-06 {}+02:00"), STEP[i], "CHA", f"{1e3 * CLOCK[i]:.0f}", VOLTAGE[i], CURRENT[i], f"{CHARGED[i]:.12g}", f"{DISCHARGED[i]:.12g}", 0, 25] for i in range(SIGN.size)]  # fmt: skip
    return Made(
        "x.csv",
        (head + lines(rows, ",")).encode(),
        "cycling",
        CELL,
        warns="times are multiplied by 0.001",
    )


def gamry() -> Made:
    head = "EXPLAIN\nTAG\tPWR800\nTITLE\tLABEL\tsome name\tTest &Identifier\nDATE\tLABEL\t12/25/2022\tDate\nPSTAT\tPSTAT\tIFC1010\tPotentiostat\n"
    table = "CURVE{}\tTABLE\t33\n\tPt\tT\tVf\tIm\tVu\tOver\n\t#\ts\tV vs. Ref.\tA\tV\tbits\n"
    rows = [
        ["", i, CLOCK[i], f"{VOLTAGE[i]:.8E}", f"{CURRENT[i]:.5E}", 0, "..........a"]
        for i in range(SIGN.size)
    ]
    text = head + table.format(1) + lines(rows[:37]) + table.format(2) + lines(rows[37:])
    return Made(
        "x.DTA", text.encode(), "cycling", BARE, {"date": "2022-12-25", "instrument": "IFC1010"}
    )


def ivium() -> Made:
    rows = columns(CLOCK, 1e3 * CURRENT, VOLTAGE, form="{:.12g}")
    return Made("x.txt", lines([["time /s", "I /mA", "E /V"], *rows]).encode(), "cycling", BARE)


ENERGY = 1000.0 + 2.5 * np.arange(80)
COUNTS = np.round(500 + 300 * np.exp(-(((ENERGY - 1100) / 20) ** 2)))
BINDING = 160.0 + 0.1 * np.arange(80)


def leis_columns() -> Made:
    rows = columns(ENERGY / 1000, COUNTS, form="{:.7g}")
    return Made("x.csv", lines([["Kinetic energy (keV)", "Counts"], *rows], ",").encode(), "leis", {"energy_eV": ENERGY, "intensity": COUNTS})  # fmt: skip


def xps_columns() -> Made:
    head = "Region: S 2p\nPhoton energy: 1486.6 eV\nPass Energy: 20 eV\nDwell time: 0.5 s\nScans: 4\n\n"
    rows = columns(BINDING, COUNTS, form="{:.7g}")
    text = head + lines([["Binding Energy (eV)", "Counts / s"], *rows[::-1]])
    values = {
        "binding_energy_eV": BINDING,
        "intensity_cps": COUNTS,
        "counts": 2 * COUNTS,
        "kinetic_energy_eV": 1486.6 - BINDING,
    }
    return Made(
        "x.txt",
        text.encode(),
        "xps",
        values,
        {"region": "S 2p", "pass_energy_eV": 20.0, "n_scans": 4},
    )


def own_xps() -> Made:
    rows = [[f"{b:.7g}", f"{c:g}", "S 2p"] for b, c in zip(BINDING, COUNTS, strict=True)]
    rows += [[f"{b + 120:.7g}", f"{c + 1:g}", "C1s"] for b, c in zip(BINDING, COUNTS, strict=True)]
    text = "# photon_energy_eV: 1486.6\n" + lines(
        [["binding_energy_eV", "intensity_cps", "region"], *rows], ","
    )
    return Made("x.csv", text.encode(), "xps", {"binding_energy_eV": BINDING, "intensity_cps": COUNTS}, {"region": "S 2p", "photon_energy_eV": 1486.6})  # fmt: skip


def own_leis() -> Made:
    rows = lines(
        [["energy_eV", "intensity"], *columns(ENERGY, COUNTS, form="{:.7g}")], ";"
    ).replace(".", ",")
    return Made("x.csv", rows.encode(), "leis", {"energy_eV": ENERGY, "intensity": COUNTS})


def own_tga_ms() -> Made:
    head = "# sample_mass_mg: 20\n# exo: up\n"
    rows = columns(
        TIME_S / 60, TEMPERATURE + 273.15, MASS_MG / 1000, current(64, TIME_S) * 1e9, form="{:.12g}"
    )
    text = head + lines([["time_min", "temperature_K", "mass_g", "mz64_nA"], *rows], ",")
    return Made("x.csv", text.encode(), "tga_ms", TGA | {"ion_current_A": current(64, TIME_S)[None]}, {"exo": 1, "sample_mass_mg": 20.0})  # fmt: skip


def own_cycling() -> Made:
    rows = columns(
        CLOCK / 60, 1e3 * VOLTAGE, 1e3 * CURRENT, 1e3 * CHARGED, 1e3 * DISCHARGED, form="{:.12g}"
    )
    head = ["time_min", "voltage_mV", "current_mA", "charge_capacity_mAh", "discharge_capacity_mAh"]
    return Made("x.csv", lines([head, *rows], ",").encode(), "cycling", CELL)


def own_stem() -> Made:
    y, x = np.mgrid[:5, :8]
    rows = columns(0.5 * x.ravel(), 0.5 * y.ravel(), 10.0 * y.ravel() + x.ravel(), form="{:g}")
    return Made("x.csv", lines([["x_nm", "y_nm", "intensity"], *rows], ",").encode(), "stem", {"intensity": 10.0 * y + x, "x_nm": 0.5 * np.arange(8)}, {"pixel_size_nm": 0.5})  # fmt: skip


MADE = {
    "ta_universal_analysis": ("TA Universal Analysis text", ta_universal_analysis),
    "ta_trios": ("TA TRIOS text", ta_trios),
    "mettler_stare": ("Mettler STARe text", mettler_stare),
    "mettler_stare_lastkey": ("Mettler STARe text", mettler_stare_lastkey),
    "perkinelmer_pyris": ("PerkinElmer Pyris text", perkinelmer_pyris),
    "perkinelmer_csv": ("PerkinElmer Pyris CSV", perkinelmer_csv),
    "setaram": ("Setaram text", setaram),
    "linseis": ("LINSEIS text", linseis),
    "pfeiffer_quadera": ("Pfeiffer Quadera ASCII", pfeiffer_quadera),
    "hiden_massoft": ("Hiden MASsoft CSV", hiden_massoft),
    "bdf": ("Battery Data Format CSV", bdf),
    "bdf_machine": ("Battery Data Format CSV", bdf_machine),
    "arbin_csv": ("Arbin CSV", arbin_csv),
    "arbin_xlsx": ("Arbin workbook", arbin_xlsx),
    "arbin_xlsx_without_points": ("Arbin workbook", arbin_xlsx_without_points),
    "pec": ("PEC CSV", pec_csv),
    "neware_csv": ("Neware CSV", neware_csv),
    "neware_xlsx": ("Neware workbook", neware_xlsx),
    "neware_xlsx_chinese": ("Neware workbook", neware_xlsx_chinese),
    "neware_bts_xlsx": ("Neware BTS workbook", neware_bts_xlsx),
    "neware_bts_xlsx_chinese": ("Neware BTS workbook", neware_bts_xlsx_chinese),
    "neware_nested_csv": ("Neware nested CSV", neware_nested_csv),
    "basytec": ("Basytec text", basytec),
    "landt_csv": ("LANDT CSV", landt_csv),
    "landt_text": ("LANDT text", landt_text),
    "landt_xlsx": ("LANDT workbook", landt_xlsx),
    "novonix": ("Novonix CSV", novonix),
    "maccor_csv": ("MACCOR CSV", maccor_csv),
    "maccor_csv_state": ("MACCOR CSV", maccor_csv_state),
    "digatron": ("Digatron CSV", digatron),
    "digatron_milliseconds": ("Digatron CSV", digatron_milliseconds),
    "gamry": ("Gamry DTA", gamry),
    "ivium": ("Ivium text", ivium),
    "leis_columns": ("LEIS columns with labels", leis_columns),
    "xps_columns": ("XPS columns with labels", xps_columns),
    "own_xps": ("coatbench XPS CSV", own_xps),
    "own_leis": ("coatbench LEIS CSV", own_leis),
    "own_tga_ms": ("coatbench TGA-MS CSV", own_tga_ms),
    "own_cycling": ("coatbench cycling CSV", own_cycling),
    "own_stem": ("coatbench image CSV", own_stem),
}
