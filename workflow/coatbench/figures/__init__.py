"""All figures, one module each.

matplotlib comes in here, without two things that would cost each figure's job more than its lines do: the documentation
of the setters of every kind of artist, written anew in each process, and axes in three dimensions.
"""

from __future__ import annotations

import sys
import warnings

import matplotlib.artist

matplotlib.artist.kwdoc = lambda artist: ""
setattr(matplotlib.artist.Artist, "_update_set_signature_and_docstring", lambda: None)  # noqa: B010 (not declared)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that they are missing
    known = sys.modules.setdefault("mpl_toolkits.mplot3d", None)  # type: ignore[arg-type]
    import matplotlib.projections
if known is None:
    del sys.modules["mpl_toolkits.mplot3d"]
del known
