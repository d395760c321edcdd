"""Whether an export may hold levels, from its first bytes: what a plan of figures can know before anything is read."""

from __future__ import annotations

import re
from pathlib import Path

HEAD_BYTES = 8192
# A depth profile of PHI, an experimental variable of VAMAS (comments have a colon), a loop of SPECS.
_LEVELS = re.compile(
    rb'(?im)^FileType:\s*DEPTHPRO|^(?:#\s*Parameter:\s*")?[^:\d\r\n]*(?:sputter|etch|mill|angle|tilt|theta)[^:\r\n]*$'
)


def may_hold_levels(path: str | Path) -> bool:
    """Tell whether an export names a sputter time or an angle as what was varied; not where it cannot be opened."""
    try:
        with Path(path).open("rb") as stream:
            return bool(_LEVELS.search(stream.read(HEAD_BYTES).replace(b"\r", b"")))
    except OSError:
        return False
