"""The errors a user may see. Each is one line: which file, where, expected, found, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

MAX_QUOTE = 80


class CoatbenchError(Exception):
    """Base of all errors that are meant for the user, not for a debugger."""


class DataError(CoatbenchError):
    """A measurement cannot be read or analysed. It stops its own jobs only.

    Parameters
    ----------
    file : path-like
        The file at fault.
    where : str
        Place in the file (``line 12``, ``byte 512``, ``header``, ``region S 2p``).
    expected, found : str
        What the reader or method needs, and what is there instead.
    advice : str, optional
        What the user can do about it.
    """

    def __init__(
        self, file: str | Path, where: str, expected: str, found: str, advice: str = ""
    ) -> None:
        self.file, self.where = str(file), where
        self.expected, self.found, self.advice = expected, found, advice
        text = f"{self.file}: {where}: expected {expected}, found {found}"
        super().__init__(one_line(f"{text}; {advice}" if advice else text))

    def __reduce__(self) -> tuple:
        return type(self), (self.file, self.where, self.expected, self.found, self.advice)


class ReadError(DataError):
    """A raw export is unreadable, cut, or of another kind than its place in the study says."""


class AnalysisError(DataError):
    """A readable measurement does not carry what a method needs."""


class MissingExtraError(CoatbenchError):
    """An optional library is needed for this file and is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the optional package {package}; "
            f"install it with: pip install 'coatbench[{extra}]' (make env installs all extras)"
        )


class StudyError(CoatbenchError):
    """The study's tables or configuration have problems; all of them, one line each.

    `notes` are what was assumed and what looks like a slip besides: no problems, but perhaps their cause.
    """

    def __init__(self, problems: list[str], notes: Iterable[str] = ()) -> None:
        self.problems = [one_line(p) for p in problems]
        self.notes = [one_line(n) for n in notes]
        super().__init__("\n".join(self.problems))


def one_line(text: str) -> str:
    """Fold control characters and line ends so that a message stays one printable line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split("\n")))


def quote(raw: str | bytes) -> str:
    """Return a short printable form of what stands in a file, for the `found` of a message."""
    text = raw.decode("latin-1") if isinstance(raw, bytes) else raw
    text = text if len(text) <= MAX_QUOTE else text[:MAX_QUOTE] + "..."
    return repr(text)
