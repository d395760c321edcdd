"""Damage files as disks, editors, networks and instruments do: a helper for the fuzz tests of all readers.

    from fuzz.mutate import CASES, mutate, reads_or_refuses

`mutate(raw, seed)` returns damaged bytes, the same for the same seed. `reads_or_refuses(read, raw, path)` writes
them and holds the reader to its contract: an export, or a ReadError of one line, within a few seconds and without
a burst of memory. What a correct export is, the caller checks on the returned value.
"""

from __future__ import annotations

import os
import random
import re
import resource
import signal
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coatbench.errors import ReadError

CASES = int(os.environ.get("COATBENCH_FUZZ_CASES", "1000"))  # per reader
SECONDS = 10  # no mutated file of a few kB may take longer
MEGABYTES = 600  # nor may the peak of the process rise by more

WORDS = (
    b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"1e-999", b"1_000", b"0x1F", b"1.234,5", b"--", b"",
    b"kaputt", b"99999999999999999999", b"2147483648", b"4294967296", b"-2147483648", b"1e308", b"\xff",
    "µ°".encode(), b"\x00", b"#", b"'", b'"', b";", b",", b"\t", b"1e", b".", b"+", b"e5", b"\xd9\xa1",
)  # fmt: skip
NUMBER = re.compile(rb"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")


def _cut(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _cut_head(raw: bytes, rng: random.Random) -> bytes:
    return raw[rng.randrange(len(raw) + 1) :]


def _slice(raw: bytes, rng: random.Random, longest: int = 400) -> tuple[int, int]:
    start = rng.randrange(len(raw) + 1)
    return start, min(len(raw), start + rng.randrange(1, longest))


def _delete(raw: bytes, rng: random.Random) -> bytes:
    a, b = _slice(raw, rng)
    return raw[:a] + raw[b:]


def _repeat(raw: bytes, rng: random.Random) -> bytes:
    a, b = _slice(raw, rng)
    return raw[:b] + raw[a:b] * rng.randrange(1, 4) + raw[b:]


def _zero(raw: bytes, rng: random.Random) -> bytes:
    a, b = _slice(raw, rng)
    return raw[:a] + bytes(b - a) + raw[b:]


def _noise(raw: bytes, rng: random.Random) -> bytes:
    a, b = _slice(raw, rng, 40)
    return raw[:a] + rng.randbytes(b - a) + raw[b:]


def _insert(raw: bytes, rng: random.Random) -> bytes:
    a = rng.randrange(len(raw) + 1)
    return raw[:a] + rng.choice((rng.randbytes(rng.randrange(1, 9)), rng.choice(WORDS))) + raw[a:]


def _bit(raw: bytes, rng: random.Random) -> bytes:
    if not raw:
        return raw
    changed = bytearray(raw)
    for _ in range(rng.choice((1, 1, 1, 4, 32))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _number(raw: bytes, rng: random.Random) -> bytes:
    found = list(NUMBER.finditer(raw))
    if not found:
        return raw
    # Counts stand at the head of a file: half of the hits go there.
    hit = rng.choice(found[:40] if rng.random() < 0.5 else found)
    return raw[: hit.start()] + rng.choice(WORDS) + raw[hit.end() :]


def _integer(raw: bytes, rng: random.Random) -> bytes:
    """Put an extreme binary integer somewhere: a declared count or size."""
    width = rng.choice((1, 2, 4, 8))
    value = rng.choice((0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), 2 ** (8 * width - 1) - 1))
    a = rng.randrange(max(1, len(raw) - width))
    return raw[:a] + value.to_bytes(width, rng.choice(("little", "big"))) + raw[a + width :]


def _lines(raw: bytes, rng: random.Random) -> bytes:
    end = next((e for e in (b"\r\n", b"\n", b"\r") if e in raw), b"\n")
    lines = raw.split(end)
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(5)
    if kind == 0:
        del lines[i]
    elif kind == 1:
        lines.insert(j, lines[i])
    elif kind == 2:
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == 3:
        lines.insert(i, b"")
    else:
        cells = re.split(rb"([\t;,])", lines[i])
        del cells[2 * rng.randrange((len(cells) + 1) // 2) :][:2]
        k = 2 * rng.randrange((len(cells) + 1) // 2)
        lines[i] = b"".join(cells[:k] + cells[k + 2 :])
    return end.join(lines)


def _encoding(raw: bytes, rng: random.Random) -> bytes:
    text = raw.decode("latin-1")
    kind = rng.randrange(6)
    if kind == 0:
        return text.encode("utf-16")
    if kind == 1:
        return text.encode("utf-16-le" if rng.random() < 0.5 else "utf-16-be")
    if kind == 2:
        return text.encode("utf-8")
    if kind == 3:
        return rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) + raw
    if kind == 4:
        return raw.replace(b"\r\n", b"\n").replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n\n")))
    return raw.replace(b".", b",") if rng.random() < 0.5 else raw.replace(b",", b".")


def _other(raw: bytes, rng: random.Random) -> bytes:
    return rng.choice(
        (b"", b"\x00", bytes(64), rng.randbytes(256), raw + raw, raw[::-1], b"\n" * 50)
    )


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut, _cut_head, _delete, _repeat, _zero, _noise, _insert, _bit, _number, _number, _integer, _lines,
    _lines, _encoding, _other,
)  # fmt: skip


def mutate(raw: bytes, seed: int) -> bytes:
    """Return `raw` with one to three damages; the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        raw = rng.choice(MUTATIONS)(raw, rng)
    return raw


@contextmanager
def time_limit(seconds: int = SECONDS):
    """Fail what does not end: a reader that loops is worse than one that refuses."""

    def stop(number: int, frame: Any) -> None:
        raise AssertionError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reads_or_refuses(read: Callable[[Path], Any], raw: bytes, path: Path) -> Any | None:
    """Read damaged bytes; return what was read, or None where the reader refused with a proper ReadError.

    Any other exception, a message of several lines or without the file's name, a hang, or a burst of memory fails.
    """
    path.write_bytes(raw)
    before = _peak_megabytes()
    try:
        with time_limit():
            result = read(path)
    except ReadError as error:
        message = str(error)
        assert path.name in message and "\n" not in message and message.isprintable(), message
        assert len(message) < 2000
        result = None
    assert _peak_megabytes() - before < MEGABYTES, "a burst of memory"
    return result
