"""Make the frozen stopping table of coatbench/leis/data, and the text that a test holds it to.

    PYTHONPATH=workflow python tests/leis/stopping_table.py He > workflow/coatbench/leis/data/stopping_he.csv

and the same with Ne.

Needs lunasrim (MIT), a re-implementation of the stopping routines of SRIM-2013.
"""

from __future__ import annotations

import sys

# Crystallographic densities in g/cm3 (Li3PS4: beta; Li2SO4: monoclinic; Li3PO4: gamma).
MATERIALS = {
    "NCM85": ({"Li": 1, "Ni": 0.85, "Co": 0.10, "Mn": 0.05, "O": 2}, 4.78),
    "NCM811": ({"Li": 1, "Ni": 0.8, "Co": 0.1, "Mn": 0.1, "O": 2}, 4.77),
    "NCM622": ({"Li": 1, "Ni": 0.6, "Co": 0.2, "Mn": 0.2, "O": 2}, 4.76),
    "LiCoO2": ({"Li": 1, "Co": 1, "O": 2}, 5.05),
    "LiNi0.5Mn1.5O4": ({"Li": 1, "Ni": 0.5, "Mn": 1.5, "O": 4}, 4.45),
    "LiFePO4": ({"Li": 1, "Fe": 1, "P": 1, "O": 4}, 3.60),
    "Cu": ({"Cu": 1}, 8.96),
    "Li3PS4": ({"Li": 3, "P": 1, "S": 4}, 1.87),
    "Li2SO4": ({"Li": 2, "S": 1, "O": 4}, 2.22),
    "Li3PO4": ({"Li": 3, "P": 1, "O": 4}, 2.54),
    "Li2CO3": ({"Li": 2, "C": 1, "O": 3}, 2.11),
    "LiNbO3": ({"Li": 1, "Nb": 1, "O": 3}, 4.65),
    "Al2O3": ({"Al": 2, "O": 3}, 3.95),
    "ZrO2": ({"Zr": 1, "O": 2}, 5.68),
}
HEADER = """\
# Stopping power of {isotope}{ion} in solids, electronic and nuclear.
# Source: SRIM-2013 (J. F. Ziegler, M. D. Ziegler, J. P. Biersack, Nucl. Instrum. Methods B 268 (2010) 1818),
# computed with lunasrim 1.0.0 (MIT), Bragg's rule without compound correction; made by tests/leis/stopping_table.py.
material,density_g_cm3,energy_eV,electronic_eV_nm,nuclear_eV_nm
"""


ISOTOPES = {"He": 4, "Ne": 20}


def table(ion: str = "He") -> str:
    import lunasrim

    lines = []
    for name, (formula, density) in MATERIALS.items():
        rows = lunasrim.stopping_table(
            ion, formula, emin=0.4, emax=10.0, units="eV/A", density=density
        )
        # SRIM gives eV per angstrom; a nanometre is ten of them.
        lines += [
            f"{name},{density:g},{1000 * e:.0f},{10 * se:.4g},{10 * sn:.4g}"
            for e, se, sn, *_ in rows
        ]
    return HEADER.format(ion=ion, isotope=ISOTOPES[ion]) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(*sys.argv[1:]), end="")
