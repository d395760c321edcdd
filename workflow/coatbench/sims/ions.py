"""Ions that may stand at the mass of a fragment: other ions, hydrogen partners, isotopologues.

Every exchange of S for O2 moves a mass by 17.8 mu only, P-H against S by 9.5 mu: HPS2 stands 99 ppm above S3. An
isotopologue may lie closer than any spectrometer of this kind resolves: 33S in PS2 stands 11 ppm above S3.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .fragments import Fragment
from .masses import ELECTRON_MASS_U, ISOTOPE_MASS_U, composition, ion_mass_u, label_composition

TABLE = Path(__file__).parent / "data" / "neighbours.csv"
ION, HYDROGEN, ISOTOPOLOGUE = "ion", "hydrogen partner", "isotopologue"

# Natural abundance of an isotope over that of the most abundant one of its element: IUPAC representative values
# (Meija et al., Pure Appl. Chem. 2016, 88, 293).
ABUNDANCE_RATIO = {
    (6, "Li"): (7, 0.0759 / 0.9241), (13, "C"): (12, 0.0107 / 0.9893), (18, "O"): (16, 0.00205 / 0.99757),
    (33, "S"): (32, 0.0075 / 0.9499), (34, "S"): (32, 0.0425 / 0.9499), (37, "Cl"): (35, 0.2424 / 0.7576),
    (60, "Ni"): (58, 0.26223 / 0.68077),
}  # fmt: skip


@dataclass(frozen=True)
class Ion:
    """An ion that may be beside a fragment.

    Attributes
    ----------
    name : str
        `HPS2`; `33S of PS2` for an isotopologue.
    mass_u : float
    kind : str
        `ion`, `hydrogen partner` or `isotopologue`.
    parent : str
        What a partner or an isotopologue is made from.
    per_parent : float or None
        Ions of an isotopologue per ion of its parent (first order in the abundance).
    """

    name: str
    mass_u: float
    kind: str = ION
    parent: str = ""
    per_parent: float | None = None


def other_ions(fragments: Sequence[Fragment]) -> list[Ion]:
    """Return what may stand beside the fragments, each ion once, without the fragments themselves.

    Of the further ions in the table only those of charges that the fragments have.
    """
    charges = {f.charge for f in fragments}
    base = [(f.formula, f.charge) for f in fragments]
    with TABLE.open(encoding="utf-8") as stream:
        rows = csv.DictReader(line for line in stream if line[0] != "#")
        base += [(r["formula"], z) for r in rows if (z := int(r["charge"])) in charges]
    known = {(label_composition(f.formula), f.charge) for f in fragments}
    found: list[Ion] = []

    def add(formula: str, charge: int, kind: str, parent: str) -> None:
        key = (frozenset(composition(formula).items()), charge)
        if key not in known:
            known.add(key)
            found.append(Ion(plain(formula), ion_mass_u(formula, charge), kind, parent))

    for formula, charge in base:
        add(formula, charge, ION, "")
    for formula, charge in base:
        add("H" + plain_start(formula), charge, HYDROGEN, plain(formula))
    return found + [ion for formula, charge in base for ion in _isotopologues(formula, charge)]


def plain(formula: str) -> str:
    """Return a formula without marks."""
    return formula.replace("^", "").replace("_", "")


def plain_start(formula: str) -> str:
    """Return a formula such that an element may be written before it."""
    return f"^{formula}" if formula[0].isdigit() else formula


def _isotopologues(formula: str, charge: int) -> list[Ion]:
    atoms = composition(formula)
    neutral = sum(ISOTOPE_MASS_U[isotope] * n for isotope, n in atoms.items())
    found = []
    for (number, element), (main, ratio) in ABUNDANCE_RATIO.items():
        n = atoms.get((main, element), 0)
        if n:
            heavier = ISOTOPE_MASS_U[number, element] - ISOTOPE_MASS_U[main, element]
            mass = (neutral + heavier - charge * ELECTRON_MASS_U) / abs(charge)
            parent = plain(formula)
            found.append(
                Ion(f"{number}{element} of {parent}", mass, ISOTOPOLOGUE, parent, n * ratio)
            )
    return found
