# numba decides the types of the loops below.
# mypy: disable-error-code="assignment"
"""The compiled loop that reads `x y I` lines of SurfaceLab images straight from the file's bytes."""

from __future__ import annotations

import numpy as np

from ..jit import compiled

# Why the loop stopped.
END, BAD_LINE, NEGATIVE, NO_LINE_END, TOO_MANY_ROWS = 0, 1, 2, 3, 4

_MAX_COORDINATE = 1 << 20
_POWERS = 10.0 ** np.arange(23)  # exact as float64


@compiled
def parse_rows(
    data: np.ndarray,
    start: int,
    columns: int,
    x: np.ndarray,
    y: np.ndarray,
    value: np.ndarray,
) -> tuple[int, int, int, int]:
    """Parse rows of `columns` numbers (3: x y I; 4: x y scan I) from `data[start:]`.

    Parameters
    ----------
    data : numpy.ndarray
        The file, uint8.
    start : int
        Where the rows begin.
    columns : int
        3 or 4.
    x : numpy.ndarray
        Filled, int32; its length is the most rows there can be.
    y : numpy.ndarray
        The same.
    value : numpy.ndarray
        The same, float64.

    Returns
    -------
    rows, position, status, shape : int
        Rows read; the byte where the last or the offending line begins; END or what is wrong; and the
        number of characters of the last row's intensity.
    """
    n = data.size
    i = start
    rows = 0
    width = 0
    while i < n:
        byte = data[i]
        if byte == 13 or byte == 10:
            i += 1
            continue
        line = i
        # Coordinates (and the scan, which is read and not used: scans are summed).
        for column in range(columns - 1):
            number = 0
            digits = 0
            while i < n:
                digit = np.int64(data[i]) - 48
                if digit < 0 or digit > 9:
                    break
                number = number * 10 + digit
                digits += 1
                i += 1
            if digits == 0 or digits > 7 or number > _MAX_COORDINATE:
                return rows, line, (3 if i >= n else 1), width
            if i >= n:
                return rows, line, 3, width
            byte = data[i]
            if byte != 32 and byte != 9:
                return rows, line, 1, width
            while i < n and (data[i] == 32 or data[i] == 9):
                i += 1
            if column == 0:
                ix = number
            elif column == 1:
                iy = number
        # Intensity: digits, a decimal sign, digits, an exponent.
        begin = i
        mantissa = np.int64(0)
        digits = 0
        if i < n and data[i] == 45:
            return rows, line, 2, width
        exponent = 0
        while i < n:
            digit = np.int64(data[i]) - 48
            if digit < 0 or digit > 9:
                break
            mantissa = mantissa * 10 + digit
            digits += 1
            i += 1
        if i < n and (data[i] == 46 or data[i] == 44):
            i += 1
            while i < n:
                digit = np.int64(data[i]) - 48
                if digit < 0 or digit > 9:
                    break
                mantissa = mantissa * 10 + digit
                exponent -= 1
                digits += 1
                i += 1
        if digits == 0 or digits > 15:
            return rows, line, (3 if i >= n else 1), width
        if i < n and (data[i] == 101 or data[i] == 69):
            i += 1
            sign = 1
            if i < n and (data[i] == 43 or data[i] == 45):
                sign = 44 - np.int64(data[i])
                i += 1
            power = 0
            digits = 0
            while i < n:
                digit = np.int64(data[i]) - 48
                if digit < 0 or digit > 9 or digits > 3:
                    break
                power = power * 10 + digit
                digits += 1
                i += 1
            if digits == 0:
                return rows, line, (3 if i >= n else 1), width
            exponent += sign * power
        if mantissa == 0:
            number_value = 0.0
        elif 0 <= exponent <= 22:
            number_value = mantissa * _POWERS[exponent]
        elif -22 <= exponent < 0:
            number_value = mantissa / _POWERS[-exponent]
        else:
            return rows, line, 1, width
        length = i - begin
        while i < n and (data[i] == 32 or data[i] == 9):
            i += 1
        if i < n and data[i] != 13 and data[i] != 10:
            return rows, line, 1, width
        if i >= n and length < width:
            return rows, line, 3, width  # shorter than the row before, and no line end: cut
        if rows >= x.size:
            return rows, line, 4, width
        x[rows] = ix
        y[rows] = iy
        value[rows] = number_value
        rows += 1
        width = length
    return rows, i, 0, width
