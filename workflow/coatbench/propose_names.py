"""What file and folder names say of an export: which technique, which sample, which spot, cell or temperature."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .spelling import plain
from .techniques import TECHNIQUES

# Words for a sample without coating, wherever they stand in its name.
BARE = re.compile(r"(?i)(bare|uncoated|pristine|raw|ref|reference|referenz|unbeschichtet|blank)\d*")
PRECURSOR = re.compile(r"(?i)(precursor|prekursor|pr\u00e4kursor|praekursor|vorstufe|edukt)\d*")
# A run without sample, which is subtracted from the others.
BASELINE = re.compile(r"(?i)(baseline|basislinie|blank|korrektur|correction|leer(messung|tiegel|kurve)?|empty(crucible)?|buoyancy)\d*")  # fmt: skip
# Words that number a measurement or say how it was made: they tell no sample from another.
OF_A_MEASUREMENT = re.compile(
    r"(?i)(spot|pos|position|area|region|reg|roi|field|img|image|bild|run|rep|repeat|meas|mess|messung|fleck|messfleck|stelle|messstelle|punkt|messpunkt|bereich|aufnahme|scan|point|pt|cell|zelle|ch|"
    r"channel|part|teil|cycle|kopie|copy|final|new|neu|test)[A-Z]?\d*"
    r"|overview|detail|\u00fcbersicht|uebersicht|ausschnitt|survey|export|data|daten|short|long|rate|cycling|gcpl|mb|cp|ocv|eis|peis|geis|gitt|cv|formation|"
    r"edx|eds|laadf|haadf|dsc|vms|mpt|mpr|txt"
)
TEMPERATURE = re.compile(r"(\d{2,4})\s?(?:°\s?|deg)?(C|K)")
CHANNEL = re.compile(r"C[A-Z]?\d{1,2}")  # of a BioLogic potentiostat, at a name's end
NOISE = re.compile(
    r"(?i)\..*|~\$.*|~.*\.tmp|(eh)?thumbs(_vista)?\.db|desktop\.ini|icon\r|.*\.(tmp|lnk|part|crdownload)|__macosx|"
    r"\$recycle\.bin|system volume information|@eadir"
)
DATE = re.compile(r"\d{6}|\d{8}|\d{4}-\d\d-\d\d")
KELVIN = 273.15
LETTERS = {
    "\u00e4": "ae",
    "\u00f6": "oe",
    "\u00fc": "ue",
    "\u00c4": "Ae",
    "\u00d6": "Oe",
    "\u00dc": "Ue",
    "\u00df": "ss",
    "\u00b5": "u",
}


def natural(path: Path) -> list[tuple[bool, int, str]]:
    """Return a key by which spot10 comes after spot2."""
    parts = re.split(r"(\d+)", path.as_posix().casefold())
    return [(p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts]


def tokens(path: Path) -> list[str]:
    """Return the words of a file's name, or of a folder's."""
    stem = path.name if path.is_dir() else path.stem
    stem = re.sub(r"\.(ngb-\w+|properties|itm)\Z", "", stem)
    stem = re.sub(r"(?<=\d)\s?\u00b0\s?(?=[CK])", "", stem)  # 400 °C is one word
    words = [t for t in re.split(r"[_\s\-+,;()]+", stem) if t]
    joined: list[str] = []
    for word in words:
        if joined and re.fullmatch(r"(?i)sample|probe", joined[-1]) and word.isalnum():
            joined[-1] += word  # `Sample 3` is one name
        else:
            joined.append(word)
    return joined


def techniques_named(path: Path) -> list[str]:
    """Return the techniques that a path's words name: those of its file first, then of its folders, innermost first."""
    named = []
    for part in reversed(path.parts):
        words = {plain(part), *map(plain, re.split(r"[_\- .]+", part))}
        for technique, about in TECHNIQUES.items():
            if words & {plain(technique), plain(about.title), *map(plain, about.also)}:
                named.append(technique)
    return list(dict.fromkeys(named))


def is_noise(name: str) -> bool:
    """Tell whether a file or folder is none of a person's: locks of open documents, what systems leave in folders."""
    return bool(NOISE.fullmatch(name))


def identifier(text: str) -> str:
    """Return a text as an id."""
    text = unicodedata.normalize("NFC", text)
    for letter, plainly in LETTERS.items():
        text = text.replace(letter, plainly)
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("_.-")[:64].strip("_.-") or "sample"


def _own_words(path: Path, technique: str) -> list[str]:
    """Return the words of a name that can be part of a sample's id."""
    known = {plain(w) for t, about in TECHNIQUES.items() for w in (t, about.title, *about.also)}
    words = [t for t in tokens(path) if plain(t) not in known and not DATE.fullmatch(t)]
    if len(words) > 1 and CHANNEL.fullmatch(words[-1]) and technique == "cycling":
        words = words[:-1]
    kept = [
        w
        for i, w in enumerate(words)
        if not OF_A_MEASUREMENT.fullmatch(w)
        and not (i and re.fullmatch(r"[A-Za-z]|[RrPpMmFf]?\d{1,2}", w))
    ]
    if technique == "stem":
        kept = kept[:1] + [w for w in kept[1:] if not re.fullmatch(r"[A-Z][a-z]?", w)]
    return kept


def sample_ids(paths: Mapping[Path, str], folder: Path) -> dict[Path, str]:
    """Return the id of each export's sample, as file names tell it, else as folders are called.

    Parameters
    ----------
    paths : mapping of path to technique
    folder : Path
        Where the exports lie; its own name says nothing.

    Words that all names of a folder and technique share tell no sample from another, nor does the temperature at which a
    LEIS spectrum was measured.
    """
    words = {path: _own_words(path, technique) for path, technique in paths.items()}
    shared: set[str] = set()
    groups: dict[tuple[Path, str], list[list[str]]] = {}
    for path, technique in paths.items():
        if words[path]:
            groups.setdefault((path.parent, technique), []).append(words[path])
    for names in groups.values():
        common = set.intersection(*map(set, names))
        if len(names) > 1 and all(set(name) - common for name in names):
            shared |= common
    found = {path: [w for w in own if w not in shared] or own for path, own in words.items()}
    known = {tuple(own) for path, own in found.items() if paths[path] != "leis"}
    for path, technique in paths.items():
        own = found[path]
        heated = len(own) > 1 and TEMPERATURE.fullmatch(own[-1])
        if technique == "leis" and heated and tuple(own) not in known:
            found[path] = own[:-1]
    return {
        path: identifier("_".join(own) or _folder_name(path, folder)) for path, own in found.items()
    }


def _folder_name(path: Path, folder: Path) -> str:
    known = {plain(w) for t, about in TECHNIQUES.items() for w in (t, about.title, *about.also)}
    names = [
        p
        for p in reversed(path.relative_to(folder).parts[:-1])
        if plain(p) not in known and not OF_A_MEASUREMENT.fullmatch(p) and not DATE.fullmatch(p)
    ]
    other = [t for t in tokens(path) if plain(t) not in known and not DATE.fullmatch(t)]
    return next(iter(names), next(iter(other), "sample"))


def is_bare(sample: str) -> bool:
    """Tell whether a sample's name says that it has no coating."""
    return any(BARE.fullmatch(word) for word in re.split(r"[_.\-]+", sample))


def is_precursor(sample: str) -> bool:
    """Tell whether a sample's name says that it is what a coating is made from."""
    return any(PRECURSOR.fullmatch(word) for word in re.split(r"[_.\-]+", sample))


def is_baseline(path: Path) -> bool:
    """Tell whether a name says that nothing was in the crucible."""
    return path.suffix == ".ngb-bs3" or any(BASELINE.fullmatch(word) for word in tokens(path))


def baseline_of(run: Path, baselines: Sequence[Path]) -> Path | None:
    """Return the baseline whose name shares most words with a run's, or names no sample at all."""
    own = {w.casefold() for w in _own_words(run, "tga_ms")}
    found = []
    for path in baselines:
        words = {w.casefold() for w in _own_words(path, "tga_ms") if not BASELINE.fullmatch(w)}
        if words & own or not words:
            found.append((len(words & own), path))
    return max(found, key=lambda f: f[0], default=(0, None))[1]


def heating(path: Path, sample: str) -> tuple[str, str]:
    """Return the temperature in degC that a name ends with, and how it stands there where that is in kelvin.

    Empty where it is that of the sample's own name, which tells how it was annealed.
    """
    of_sample = re.split(r"[_.\-]+", sample)
    said = []
    for word in tokens(path):
        if identifier(word) in of_sample:
            of_sample.remove(identifier(word))  # once: 400C_400C is a sample and its heating
        elif found := TEMPERATURE.fullmatch(word):
            said.append(found)
    if not said:
        return "", ""
    number, unit = said[-1].groups()
    return (number, "") if unit == "C" else (f"{float(number) - KELVIN:g}", f"{number} K")


def cell_name(path: Path, sample: str) -> str:
    """Return which cell a name says: `A`, `cell2`; empty where it says none."""
    of_sample = set(re.split(r"[_.\-]+", sample))
    named = [w for w in tokens(path) if re.fullmatch(r"(?i)(cell|zelle)?[A-Za-z]?\d{0,2}", w)]
    named = [w for w in named if w not in of_sample and not re.fullmatch(r"(?i)cell|zelle", w)]
    cells = [w for w in named if re.fullmatch(r"(?i)(cell|zelle)\w+|[A-Za-z]", w)] or named
    return next(iter(cells), "")


def same_run(paths: Iterable[Path], technique: str) -> dict[Path, list[Path]]:
    """Return for each export that is proposed the others that hold the same run: a binary file beside its text export."""
    order = TECHNIQUES[technique].preferred

    def rank(path: Path) -> tuple[int, list[tuple[bool, int, str]]]:
        suffix = path.suffix.lower()
        return (order.index(suffix) if suffix in order else len(order), natural(path))

    groups: dict[str, list[Path]] = {}
    for path in paths:
        stem = re.sub(r"(?i)\AExpDat_", "", path.name.removesuffix(path.suffix)).casefold()
        groups.setdefault(stem, []).append(path)
    if technique == "xps":  # CasaXPS names its text after the VAMAS file, with the region behind
        for stem in sorted(groups):
            if stem not in groups:
                continue
            longer = [s for s in groups if s != stem and s.startswith(f"{stem}_")]
            if any(p.suffix.lower() in (".vms", ".npl") for p in groups[stem]):
                for other in longer:
                    if all(p.suffix.lower() in (".txt", ".csv") for p in groups[other]):
                        groups[stem] += groups.pop(other)
    chosen: dict[Path, list[Path]] = {}
    for group in groups.values():
        if len({p.suffix.lower() for p in group}) == 1:  # the same name in two folders is two runs
            chosen |= {path: [] for path in group}
            continue
        first, *others = sorted(group, key=rank)
        chosen[first] = others
    return chosen
