"""What was varied on purpose: the columns of samples.csv that are factors, and the settings that they allow.

Only the standard library: this runs each time the Snakefile is parsed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import StudyError, quote
from .spelling import meant

if TYPE_CHECKING:
    from .config_types import FactorConfig

Setting = float | str
CONTINUOUS, CATEGORICAL = "continuous", "categorical"
STEPS = 20  # at least, of a range without step of its own
MANTISSAS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Factor:
    """One column of samples.csv that was varied on purpose.

    Attributes
    ----------
    kind : str
        `continuous` or `categorical`.
    scale : str
        `linear` or `log`, of a continuous factor.
    low, high : float or None
        Range that advice may use; None: the tested one.
    step : float or None
        Advised settings are `low` plus multiples of it; None: a round part of the range.
    levels : tuple
        The only settings that can be made; empty: any in the range, or any tested category.
    empty : float, str or None
        What an empty cell of a coated sample means; None: unknown.
    """

    name: str
    label: str
    unit: str = ""
    kind: str = CONTINUOUS
    scale: str = "linear"
    low: float | None = None
    high: float | None = None
    step: float | None = None
    levels: tuple[Setting, ...] = ()
    empty: Setting | None = None

    @property
    def continuous(self) -> bool:
        """Whether its settings are numbers on an axis."""
        return self.kind == CONTINUOUS

    def setting(self, sample: Mapping[str, str]) -> Setting | None:
        """Return the setting of a sample, None where it is unknown (or not above 0 on a log scale)."""
        found = (sample.get(self.name) or "").strip() or self.empty
        if found is None or not self.continuous:
            return None if found is None else str(found)
        value = float(found)
        return None if self.scale == "log" and value <= 0 else value

    def place(self, value: float) -> float:
        """Return where a setting stands on the factor's scale."""
        return math.log(value) if self.scale == "log" else value

    def text(self, value: Setting) -> str:
        """Return a setting as a reader writes it."""
        if isinstance(value, str):
            return value
        return f"{value:.8g} {self.unit}".strip()

    def numbers(self, *values: float) -> list[str]:
        """Return numbers with the digits that their distance asks for, two or more significant ones on a log scale.

        Examples
        --------
        >>> Factor("t", "t").numbers(330.12, 381.4, 445)
        ['330', '381', '445']
        >>> Factor("p", "p", scale="log").numbers(0.0123, 74.1, 2930)
        ['0.012', '74', '2900']
        """
        low, high = min(values), max(values)
        if high <= low:
            return [f"{v:.6g}" for v in values]
        if self.scale == "log" and low > 0:
            digits = 2 + max(0, -math.floor(math.log10(math.log(high / low))))
            return [f"{float(f'{v:.{digits}g}'):.10g}" for v in values]
        digits = min(max(1 - math.floor(math.log10(high - low)), 0), 6)
        return [f"{v:.{digits}f}" for v in values]

    def allows(self, value: Setting) -> bool:
        """Tell whether an advice may name a setting that a sample has: within the limits, on the levels or steps."""
        if self.levels:
            return str(value) in {str(v) for v in self.levels} or value in self.levels
        if isinstance(value, str):
            return True
        if not _within(value, self.low, self.high):
            return False
        if self.step is None or self.low is None:
            return True
        steps = (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-6

    def allowed(self, tested: Iterable[Setting]) -> list[Setting]:
        """Return the settings that an advice may name.

        Parameters
        ----------
        tested : settings that samples have

        Examples
        --------
        >>> Factor("t", "t", low=25, high=100, step=25).allowed([50.0])
        [25.0, 50.0, 75.0, 100.0]
        """
        known = list(dict.fromkeys(tested))
        if not self.continuous:
            return [str(v) for v in self.levels] or sorted(str(v) for v in known)
        numbers = sorted(float(v) for v in known)
        low = self.low if self.low is not None else (numbers[0] if numbers else None)
        high = self.high if self.high is not None else (numbers[-1] if numbers else None)
        if self.levels:
            return [
                v for v in sorted(float(v) for v in self.levels) if _within(v, self.low, self.high)
            ]
        if low is None or high is None:
            return list(numbers)
        if self.scale == "log" and self.step is None:
            return [v for v in _round_numbers(low, high) if _within(v, low, high)]
        step = self.step or _round_step((high - low) / STEPS)
        first = low if self.low is not None else math.ceil(low / step - 1e-9) * step
        n = math.floor((high - first) / step + 1e-9)
        return [round(first + i * step, 10) for i in range(n + 1)]


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low - 1e-9) and (high is None or value <= high + 1e-9)


def _round_step(step: float) -> float:
    if step <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return float(max(m * power for m in MANTISSAS if m * power <= step * (1 + 1e-9)))


def _round_numbers(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [
        float(f"{m * 10.0**p:.6g}")
        for p in range(first, last + 1)
        for m in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    ]


def read_factors(section: Mapping[str, FactorConfig | None]) -> tuple[Factor, ...]:
    """Read the config section `factors`; an entry with `use: false`, or none, is no factor."""
    found = []
    for name, entry in section.items():
        if entry is None or not entry.get("use", True):
            continue
        found.append(
            Factor(
                name,
                str(entry.get("label", name)),
                str(entry.get("unit", "")),
                str(entry.get("kind", CONTINUOUS)),
                str(entry.get("scale", "linear")),
                _number(entry.get("low")),
                _number(entry.get("high")),
                _number(entry.get("step")),
                tuple(entry.get("levels") or ()),
                entry.get("empty"),
            )
        )
    return tuple(found)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def varied(factors: Iterable[Factor], samples: Sequence[Mapping[str, str]]) -> tuple[Factor, ...]:
    """Return the factors that tell coated samples apart: one that all of them share is none."""
    coated = [s for s in samples if s["role"] == "coated"]
    return tuple(
        f for f in factors if len({v for s in coated if (v := f.setting(s)) is not None}) > 1
    )


def axis(factors: Iterable[Factor], samples: Sequence[Mapping[str, str]]) -> Factor | None:
    """Return the factor that figures draw along: the one with most settings, a continuous one if there is one."""
    coated = [s for s in samples if s["role"] == "coated"]
    found = varied(factors, samples)

    def width(factor: Factor) -> tuple[bool, int]:
        return factor.continuous, len({factor.setting(s) for s in coated})

    return max(found, key=width, default=None)


def check_factors(
    factors: Iterable[Factor],
    samples: Sequence[Mapping[str, str]],
    path: str = "samples.csv",
    layers: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Hold the factors against the samples.

    `layers` are what was laid over config.yaml, by name: a problem is named with the last one that has the factor.

    Raises
    ------
    StudyError
        A factor is no column, a cell of a continuous one is no number, or the limits of a factor contradict each other; one line each.
    """
    problems = []
    columns = [c for c in (samples[0] if samples else ()) if not c.startswith("#")]
    for factor in factors:
        named = [
            n for n, layer in (layers or {}).items() if factor.name in (layer.get("factors") or {})
        ]
        origin = named[-1] if named else "config"
        if columns and factor.name not in columns:
            free = [c for c in columns if c not in ("sample", "role", "label")]
            problems.append(
                f"{origin}: factors.{factor.name}: expected a column of {path}, found none of this name"
                f"{meant(factor.name, free, 0.6)}"
            )
            continue
        if factor.low is not None and factor.high is not None and factor.low > factor.high:
            problems.append(
                f"{origin}: factors.{factor.name}: low: found {factor.low:g}, expected at most high ({factor.high:g})"
            )
        if factor.scale == "log" and factor.low is not None and factor.low <= 0:
            problems.append(
                f"{origin}: factors.{factor.name}: low: found {factor.low:g}, expected a number above 0 on a log scale"
            )
        if factor.continuous and isinstance(factor.empty, str):
            problems.append(
                f"{origin}: factors.{factor.name}: empty: found {quote(factor.empty)}, expected a number (or kind: categorical)"
            )
        for sample in samples:
            text = (sample.get(factor.name) or "").strip()
            if factor.continuous and text:
                try:
                    good = math.isfinite(float(text))
                except ValueError:
                    good = False
                if not good:
                    problems.append(
                        f"{path}: {sample['sample']}: column {factor.name}: found {quote(text)}, expected a number "
                        "(or kind: categorical for this factor in the config)"
                    )
            known = {str(v) for v in factor.levels}
            if not factor.continuous and text and known and text not in known:
                problems.append(
                    f"{path}: {sample['sample']}: column {factor.name}: found {quote(text)}, expected one of its "
                    f"levels in the config: {', '.join(sorted(known))}{meant(text, sorted(known), 0.5)}"
                )
    if problems:
        raise StudyError(problems)
