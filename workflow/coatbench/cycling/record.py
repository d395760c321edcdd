"""The record of one cell: what its exports, joined in order, say of every moment.

The charge of a record is that which flowed since the record before. It comes from the instrument's integral, else from
its increments, else from the trapezoid of current over time. Records with an alternating signal (impedance) bring none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..arrays import Arrays
from ..readers import bdf

CHARGE, DISCHARGE = 1, -1
NAMES = {CHARGE: "charge", DISCHARGE: "discharge"}


@dataclass(frozen=True)
class Record:
    """The columns of one cell as arrays.

    Attributes
    ----------
    time_s, voltage_V, current_A : (n,) arrays
    sign : (n,) array
        1 charge, -1 discharge, 0 where no current drives the cell.
    constant_current : (n,) bool array
    alternating : (n,) bool array
        Measured with an alternating signal: neither charge nor rest.
    paused : (n,) bool array
        The test stood still.
    integral_Ah : (n,) array or None
        Charge since the record before, by the instrument's own integral.
    increments_Ah : (n,) array or None
        The same by the recorded increments.
    controlled_V : (n,) array
        The potential that the instrument controlled; cut-offs are on its scale, whichever is analysed.
    frequency_Hz, impedance_ohm : (n,) arrays
        Of the records with an alternating signal; elsewhere not a number.
    file : (n,) array
        Number of the export that the record stands in, from 0.
    """

    time_s: npt.NDArray
    voltage_V: npt.NDArray
    current_A: npt.NDArray
    sign: npt.NDArray
    constant_current: npt.NDArray
    alternating: npt.NDArray
    paused: npt.NDArray
    integral_Ah: npt.NDArray | None
    increments_Ah: npt.NDArray | None
    controlled_V: npt.NDArray
    frequency_Hz: npt.NDArray
    impedance_ohm: npt.NDArray
    file: npt.NDArray

    @property
    def source(self) -> str:
        """Where the charge comes from."""
        if self.integral_Ah is not None:
            return "integral"
        return "increments" if self.increments_Ah is not None else "trapezoid"

    @cached_property
    def step_Ah(self) -> npt.NDArray:
        """Charge since the record before by the best source there is; 0 with an alternating signal."""
        for found in (self.integral_Ah, self.increments_Ah):
            if found is not None:
                return self.without_alternating(found)
        return self.trapezoid_Ah

    @cached_property
    def charge_Ah(self) -> npt.NDArray:
        """Net charge up to every record."""
        return np.cumsum(self.step_Ah)

    @cached_property
    def trapezoid_Ah(self) -> npt.NDArray:
        """Integral of current over time since the record before, between records of one direction."""
        if self.time_s.size == 0:
            return np.zeros(0)
        interval = np.diff(self.time_s)
        step = 0.5 * (self.current_A[1:] + self.current_A[:-1]) * interval / 3600.0
        # Before the first driven record of a step the recorder may have waited for half an hour.
        same = (self.sign[1:] == self.sign[:-1]) & (self.file[1:] == self.file[:-1])
        step = np.where(same & np.isfinite(step), step, 0.0)
        return self.without_alternating(np.concatenate(([0.0], step)))

    def without_alternating(self, step: npt.NDArray) -> npt.NDArray:
        """Return charges with 0 where a signal alternated.

        The first such record after a driven one keeps its charge: recorders book the last increment there.
        """
        if not self.alternating.any():
            return step
        after_driven = np.concatenate(([False], self.sign[:-1] != 0))
        return np.where(self.alternating & ~after_driven, 0.0, step)


def record(columns: Arrays, potential: str = "") -> Record:
    """Return the arrays of one export.

    Parameters
    ----------
    columns : Arrays
        Columns in Battery Data Format labels.
    potential : str
        `working`, `counter` or `cell`; empty: the voltage as the reader chose it (the controlled one).

    Raises
    ------
    LookupError
        The export does not hold that potential.
    """
    voltage = columns[bdf.VOLTAGE]
    if potential:
        label = bdf.POTENTIALS[potential]
        if label in columns:
            voltage = columns[label]
        elif potential == "counter" or bdf.WORKING in columns or bdf.COUNTER in columns:
            raise LookupError(potential)
        # Two electrodes: the potential of the working electrode is that of the cell.
    codes = columns[bdf.STEP_TYPE]
    sign = np.zeros(codes.size, np.int8)
    sign[(codes == bdf.CC_CHG) | (codes == bdf.CV_CHG)] = CHARGE
    sign[(codes == bdf.CC_DCH) | (codes == bdf.CV_DCH)] = DISCHARGE
    integral = None
    if bdf.CHARGING in columns:
        integral = bdf.growth(columns[bdf.CHARGING] - columns[bdf.DISCHARGING])
    increments = None
    if bdf.NET in columns:
        increments = bdf.growth(columns[bdf.NET])
        increments[:1] = 0.0
    frequency = impedance = np.broadcast_to(np.nan, codes.size)  # takes no memory
    if bdf.FREQUENCY in columns:
        frequency = columns[bdf.FREQUENCY]
    if bdf.REAL in columns and bdf.IMAGINARY in columns:
        impedance = columns[bdf.REAL] + 1j * columns[bdf.IMAGINARY]
    return Record(
        time_s=columns[bdf.TIME],
        voltage_V=voltage,
        current_A=columns[bdf.CURRENT],
        sign=sign,
        constant_current=(codes == bdf.CC_CHG) | (codes == bdf.CC_DCH),
        alternating=codes == bdf.AC,
        paused=codes == bdf.PAUSE,
        integral_Ah=integral,
        increments_Ah=increments,
        controlled_V=columns[bdf.VOLTAGE],
        frequency_Hz=frequency,
        impedance_ohm=impedance,
        file=np.zeros(codes.size, np.int16),
    )
