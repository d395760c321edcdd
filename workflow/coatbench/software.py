"""Which versions of which libraries a result was made with."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from . import __version__

# Libraries that touch a number on its way to a table or a figure, and what runs them: distribution -> its module.
PACKAGES = {
    "h5netcdf": "h5netcdf",
    "h5py": "h5py",
    "hdf5plugin": "hdf5plugin",
    "jinja2": "jinja2",
    "lmfit": "lmfit",
    "matplotlib": "matplotlib",
    "numba": "numba",
    "numpy": "numpy",
    "openpyxl": "openpyxl",
    "pandas": "pandas",
    "pillow": "PIL",
    "pyarrow": "pyarrow",
    "pyimzml": "pyimzml",
    "rocrate": "rocrate",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "snakemake": "snakemake",
    "sparse": "sparse",
    "tifffile": "tifffile",
    "xarray": "xarray",
    "xraylib": "xraylib",
    "pyngb": "pyngb",
    "datalab-org-galvani": "galvani",
    "fastnda": "fastnda",
    "rosettasciio": "rsciio",
}
# At home where their own metadata do not say so.
ADDRESSES = {"fastnda": "https://github.com/empaeconversion/fastnda"}


@cache
def version(package: str) -> str | None:
    """Return the installed version of a package, None where it is absent."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def installed() -> dict[str, str]:
    """Return the versions of all packages that are installed."""
    return {name: found for name in PACKAGES if (found := version(name))}


def address(package: str) -> str | None:
    """Return where an installed package is at home, as its own metadata say; None where they are silent."""
    try:
        about = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return None
    named = [text.partition(", ") for text in about.get_all("Project-URL") or []]
    urls = {name.lower(): url for name, _, url in named}
    preferred = ("homepage", "repository", "source", "source code", "documentation")
    homes = about.get_all("Home-page") or [urls[n] for n in preferred if n in urls]
    return homes[0] if homes else ADDRESSES.get(package)


def in_use() -> dict[str, str]:
    """Return the versions of what this process has imported: this library, Python, packages."""
    names = [n for n, module in PACKAGES.items() if n != "snakemake" and module in sys.modules]
    return {
        "coatbench": __version__,
        "python": platform.python_version(),
        **{name: found for name in names if (found := version(name))},
    }


def changed(versions: Mapping[str, str]) -> list[str]:
    """Say which of these versions are no longer the installed ones."""
    now = {"coatbench": __version__, "python": platform.python_version()}
    lines = []
    for name, was in versions.items():
        found = now.get(name) or version(name) or "none"
        if found != was:
            lines.append(f"{name} {was}, now {found}")
    return lines
