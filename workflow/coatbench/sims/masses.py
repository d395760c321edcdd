"""Exact masses of fragment ions from their formulas, and formulas from the labels of exports.

Atomic masses: Atomic Mass Evaluation (Wang et al., Chinese Phys. C 2017, 41, 030003) as tabled by NIST,
frozen here so that a window does not move with a library's version. Only the standard library: the
workflow reads fragment tables while it is parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ELECTRON_MASS_U = 5.48579909065e-4
SIGN = {-1: "negative", 1: "positive"}

# Most abundant isotope of each element that a battery's surface may show, in u.
MAIN_ISOTOPE = {
    "H": 1, "Li": 7, "Be": 9, "B": 11, "C": 12, "N": 14, "O": 16, "F": 19, "Na": 23, "Mg": 24, "Al": 27,
    "Si": 28, "P": 31, "S": 32, "Cl": 35, "K": 39, "Ca": 40, "Ti": 48, "V": 51, "Cr": 52, "Mn": 55,
    "Fe": 56, "Co": 59, "Ni": 58, "Cu": 63, "Zn": 64, "Ga": 69, "Ge": 74, "Br": 79, "Zr": 90, "Nb": 93,
    "Mo": 98, "Ag": 107, "In": 115, "Sn": 120, "Sb": 121, "I": 127, "Cs": 133, "La": 139, "Ta": 181,
    "W": 184, "Au": 197, "Bi": 209,
}  # fmt: skip

ISOTOPE_MASS_U = {
    (1, "H"): 1.00782503223, (2, "H"): 2.01410177812, (6, "Li"): 6.0151228874, (7, "Li"): 7.0160034366,
    (9, "Be"): 9.012183065, (10, "B"): 10.01293695, (11, "B"): 11.00930536, (12, "C"): 12.0,
    (13, "C"): 13.00335483507, (14, "N"): 14.00307400443, (15, "N"): 15.00010889888,
    (16, "O"): 15.99491461957, (17, "O"): 16.99913175650, (18, "O"): 17.99915961286,
    (19, "F"): 18.99840316273, (23, "Na"): 22.9897692820, (24, "Mg"): 23.985041697, (27, "Al"): 26.98153853,
    (28, "Si"): 27.97692653465, (29, "Si"): 28.97649466490, (31, "P"): 30.97376199842,
    (32, "S"): 31.9720711744, (33, "S"): 32.9714589098, (34, "S"): 33.967867004, (35, "Cl"): 34.968852682,
    (37, "Cl"): 36.965902602, (39, "K"): 38.9637064864, (41, "K"): 40.9618252579, (40, "Ca"): 39.962590863,
    (48, "Ti"): 47.94794198, (51, "V"): 50.94395704, (52, "Cr"): 51.94050623, (55, "Mn"): 54.93804391,
    (54, "Fe"): 53.93960899, (56, "Fe"): 55.93493633, (59, "Co"): 58.93319429, (58, "Ni"): 57.93534241,
    (60, "Ni"): 59.93078588, (62, "Ni"): 61.92834537, (63, "Cu"): 62.92959772, (65, "Cu"): 64.92778970,
    (64, "Zn"): 63.92914201, (66, "Zn"): 65.92603381, (69, "Ga"): 68.9255735, (71, "Ga"): 70.92470258,
    (74, "Ge"): 73.921177761, (79, "Br"): 78.9183376, (81, "Br"): 80.9162897, (90, "Zr"): 89.9046977,
    (93, "Nb"): 92.9063730, (98, "Mo"): 97.90540482, (107, "Ag"): 106.9050916, (109, "Ag"): 108.9047553,
    (113, "In"): 112.90406184, (115, "In"): 114.903878776, (120, "Sn"): 119.90220163,
    (121, "Sb"): 120.9038120, (127, "I"): 126.9044719, (133, "Cs"): 132.9054519610,
    (139, "La"): 138.9063563, (181, "Ta"): 180.9479958, (184, "W"): 183.95093092,
    (197, "Au"): 196.96656879, (209, "Bi"): 208.9803991,
}  # fmt: skip

# Isotope and element are one token: 37Cl is chlorine-37, S2 two sulfurs.
_TOKEN = re.compile(r"(?:\^?(\d{1,3}))?([A-Z][a-z]?)_?(\d{0,3})")
_SUPERSCRIPT_CHARGE = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]*[⁺⁻]+")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")
# 62.96u, 62.9641 u, m/z 62.96, Mass_62,96, 62.964: with a unit, a word or decimals, since a bare whole number may be anything.
_MASS = re.compile(
    r"(?:m[/_]?z|mass|peak)[ _=:]*(?P<mass>\d+[.,]\d+)(?:[ _]?(?:u|amu|Da)\b)?|"
    r"(?P<mass_>\d+(?:[.,]\d+)?)[ _]?(?:u|amu|Da)\b|(?<![\w.])(?P<mass__>\d+[.,]\d{2,})(?![\w.])",
    re.I,
)
_ALTERNATIVES = re.compile(r"[()/|;,]|\bor\b|\band\b|\boder\b")
_BRACKETS = str.maketrans("", "", "[]")
_DOUBT = re.compile(r"\?|~|\btentative\b", re.I)
_LABEL = re.compile(r"(?P<formula>[^+\-]*?)(?:\^\d*(?=[+-]))?[+-]*")


def composition(formula: str) -> dict[tuple[int, str], int]:
    """Return {(mass number, element): atoms} of a formula such as ``LiSO3`` or ``^37Cl_2``.

    An isotope's mass number stands before its element, after a caret or at the beginning.

    Raises
    ------
    ValueError
        Not a formula of elements that are tabled.
    """
    atoms: dict[tuple[int, str], int] = {}
    position = 0
    while position < len(formula):
        # A digit inside a formula belongs to the element before it, unless a caret says otherwise.
        match = _TOKEN.match(formula, position)
        if match is None:
            raise ValueError(f"not a formula: {formula!r}")
        mass_number, element, times = match.groups()
        if element not in MAIN_ISOTOPE:
            raise ValueError(f"no mass for element {element!r} in {formula!r}")
        isotope = (int(mass_number) if mass_number else MAIN_ISOTOPE[element], element)
        if isotope not in ISOTOPE_MASS_U:
            raise ValueError(f"no mass for isotope {mass_number}{element} in {formula!r}")
        number = int(times or 1)
        if not number:
            raise ValueError(f"no atoms of {element} in {formula!r}")
        atoms[isotope] = atoms.get(isotope, 0) + number
        position = match.end()
    if not atoms:
        raise ValueError("an empty formula")
    return atoms


def ion_mass_u(formula: str, charge: int = -1) -> float:
    """Return m/z of an ion in u: atomic masses less the electrons that it lacks, over its charges.

    >>> round(ion_mass_u("PO2"), 5)
    62.96414
    """
    if charge == 0:
        raise ValueError("an ion has a charge")
    neutral = sum(ISOTOPE_MASS_U[isotope] * n for isotope, n in composition(formula).items())
    return (neutral - charge * ELECTRON_MASS_U) / abs(charge)


@dataclass(frozen=True)
class Label:
    """What an export's label says.

    Attributes
    ----------
    compositions : tuple
        Of the ion, then of further ions that the label names as alternatives.
    sign : int
        -1 or 1 where the label has charges of one sign, else 0.
    mass_u : float or None
        Where the label is a mass, or has one.
    rounding_u : float
        Half a unit of the last digit of that mass.
    marked : bool
        Whether a question mark says that the analyst was not sure.
    """

    compositions: tuple[frozenset[tuple[tuple[int, str], int]], ...] = ()
    sign: int = 0
    mass_u: float | None = None
    rounding_u: float = 0.0
    marked: bool = False


def read_label(label: str) -> Label:
    """Read the label of an image: a formula, a formula with alternatives, a mass, or a formula with its mass.

    Marks of charges, subscripts and superscripts are ignored (``SO_3-``, ``^37Cl^-``, ``SO₃⁻``); the order of the elements
    does not matter. A label of several ions in one (``Cl-^37Cl-``) is no formula.

    >>> read_label("62.96u").mass_u
    62.96
    >>> len(read_label("S_2- _ ( SO_2- )").compositions)
    2
    >>> [read_label(text).compositions == read_label("S2").compositions for text in ("63.94u S2-", "[S2]-", "S_2^- ?")]
    [True, True, True]
    """
    marked = bool(_DOUBT.search(label))
    text = _DOUBT.sub(" ", label).translate(_BRACKETS).strip()
    mass, rounding = None, 0.0
    if match := _MASS.search(text):
        digits = (match["mass"] or match["mass_"] or match["mass__"]).replace(",", ".")
        mass, rounding = float(digits), 0.5 * 10.0 ** -len(digits.partition(".")[2])
        text = text[: match.start()] + ";" + text[match.end() :]
    parts = [
        p for part in _ALTERNATIVES.split(text) if re.search("[^\\W\\d]", p := part.strip(" _:="))
    ]
    found = [label_composition(p) for p in parts]
    if not found:
        return Label(mass_u=mass, rounding_u=rounding, marked=marked)
    if found[0] is None:
        return Label()
    plus, minus = bool(re.search("[+⁺]", text)), bool(re.search("[-⁻]", text))
    compositions = tuple(dict.fromkeys(c for c in found if c is not None))
    return Label(compositions, plus - minus, mass, rounding, marked or None in found)


def label_composition(label: str) -> frozenset[tuple[tuple[int, str], int]] | None:
    """Return the composition that an export's label stands for, or None if it is no formula.

    Charges and the marks of subscripts and superscripts are ignored (``SO_3-``, ``^37Cl^-``, ``SO₃⁻``); the
    order of the elements does not matter. A label of several ions (``Cl-^37Cl-``) is no formula.
    """
    plain = _SUPERSCRIPT_CHARGE.sub("-", "".join(label.split()))
    plain = _SUPERSCRIPT.sub(lambda m: "^" + m[0], plain).translate(_DIGITS)
    match = _LABEL.fullmatch(plain)
    if match is None:  # a charge inside: several ions
        return None
    try:
        return frozenset(composition(match["formula"]).items())
    except ValueError:
        return None
