"""Coverage from relative intensities, three ways, and the thickness of a closed layer.

eq1: atomic percent of the coating's elements over those of coating and substrate, G = C / (C + S).
nickel_fraction: 1 - x / x_ref with x the share of the substrate's metal in all atoms below the contamination.
lattice_oxygen: 1 - x / x_ref with x the share of the substrate's lattice oxygen in them.

Adventitious carbon lies over coated and bare material alike. It counts as neither, and what it takes from the lines
below, more from slow electrons than from fast ones, is given back: its thickness follows from its own signal.
None of the three is the covered share of the surface: thickness enters as well. They order samples.
Thickness: a closed layer of thickness d leaves x / x_ref = exp(-d / (L cos a)), L the attenuation length and a
the emission angle to the normal (P. J. Cumpson, Surf. Interface Anal. 29 (2000) 403, for one energy).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..quality import OK, Quality, counted, doubtful, quality_of, unusable, worst
from .attenuation import attenuation_nm, length_of, material_of
from .quantify import AL_KALPHA_EV, ANGLE, ESCAPE, rsf
from .uncertainty import SIGNIFICANCE

if TYPE_CHECKING:
    from ..config_types import SeahS3Config, Tpp2mConfig, XpsConfig, XpsCoverage

DEFINITIONS = ("eq1", "nickel_fraction", "lattice_oxygen")
CARBON = "carbon_nm"  # thickness of the contamination, beside the definitions
Row = dict[str, Any]
CONFIGURED = "as configured"  # among the escape depths of the sensitivity study
_MOST_CARBON_NM = 30.0


@dataclass(frozen=True)
class Amount:
    """A value with its standard uncertainty, the number of spots behind it, and whether to trust it.

    A value that is NaN is unusable.
    """

    value: float
    sd: float
    n: int = 1
    quality: Quality = field(default_factory=Quality)


@dataclass(frozen=True)
class Setting:
    """What coverages are made of, from the sections `xps.coverage` and `xps.rsf_...` of the configuration."""

    coverage: XpsCoverage
    headline: str
    extra: Mapping[str, float]
    angle_deg: float | None = (
        None  # between X-rays and detected electrons, instead of what the files say
    )

    @classmethod
    def of(cls, config: XpsConfig) -> Setting:
        """Return the setting of a section `xps`."""
        extra = config.get("rsf_extra") or {}
        angle = config["sensitivity"].get("source_analyser_angle_deg")
        return cls(config["coverage"], config["rsf_library"], extra, angle)

    def with_materials(
        self, escape_depths: Mapping[str, Tpp2mConfig | SeahS3Config]
    ) -> dict[str, Setting]:
        """Return name -> the same setting with the escape depths of each of these materials."""
        return {
            name: replace(self, coverage={**self.coverage, "attenuation_length_nm": given})
            for name, given in escape_depths.items()
        }

    def factor(self, row: Row, library: str) -> float | None:
        """Return the sensitivity factor of a row of xps_areas; its own one is on the headline library's scale."""
        headline = library == self.headline
        if row.get("rsf") is not None:
            return float(row["rsf"]) if headline else None
        line, photon = row.get("line") or row["region"], row.get("photon_energy_eV")
        extra = self.extra if headline else None
        photon_eV = math.nan if photon is None else photon
        material = material_of(self.coverage["attenuation_length_nm"])
        if library == ESCAPE and material and line not in (extra or {}):
            plain = rsf("scofield", line, None, photon_eV)
            at = photon_eV if photon_eV == photon_eV else AL_KALPHA_EV
            return plain and plain * length_of(line, at, material) / length_of("C 1s", at, material)
        return rsf(library, line, extra, photon_eV, self.angle(row))

    def angle(self, row: Row) -> float:
        """Return the angle between X-rays and detected electrons that a row of xps_areas was measured at, in degrees; NaN: not known."""
        found = (
            self.angle_deg if self.angle_deg is not None else row.get("source_analyser_angle_deg")
        )
        return math.nan if found is None else float(found)


@dataclass
class _Atoms:
    """Amounts of one spot in arbitrary atoms: of lines, of components, and of the contamination."""

    lines: dict[str, tuple[float, float]] = field(default_factory=dict)
    parts: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    carbon: dict[str, float] = field(default_factory=dict)
    regions: dict[str, list[str]] = field(default_factory=dict)
    line_of: dict[tuple[str, str], str] = field(default_factory=dict)
    photon_eV: float = AL_KALPHA_EV

    def of(self, line: str) -> list[tuple[float, float]]:
        """Return the amounts of a line: of its components with the line's factor, and of those with their own."""
        return [a for name, a in self.lines.items() if name.split(",")[0] == line]


def missing_factors(areas: Sequence[Row], library: str, setting: Setting) -> list[str]:
    """Return the quantified lines that a library has no factor for: it can say nothing of such a spot."""
    lacking = {
        str(row.get("line") or row["region"])
        for row in areas
        if row["area_cps_eV"] is not None and setting.factor(row, library) is None
    }
    if lacking and library == ANGLE and any(math.isnan(setting.angle(row)) for row in areas):
        return [
            "any line without the angle between X-rays and analyser (sensitivity.source_analyser_angle_deg)"
        ]
    return sorted(lacking)


def spot_amounts(
    areas: Sequence[Row], library: str, setting: Setting, density_factor: float = 1.0
) -> dict[str, Amount]:
    """Return per spot what the definitions are made of: ``eq1``, ``nickel_fraction``, ``lattice_oxygen``, ``carbon_nm``.

    Parameters
    ----------
    areas : list of dict
        Rows of xps_areas of one spot and background.
    library : str
        Sensitivity factors.
    setting : Setting
    density_factor : float
        Factor on the density of the contamination, for its uncertainty.

    Returns
    -------
    dict
        eq1: the coverage itself; the others: the share x in all atoms below the contamination. Definitions whose
        regions the spot does not have are left out; those whose regions are unusable are NaN and say why. Empty
        where the library lacks a quantified line.
    """
    if missing_factors(areas, library, setting):
        return {}
    judged: dict[str, Quality] = {}
    for row in areas:
        judged[row["region"]] = worst([judged.get(row["region"], Quality()), quality_of(row)])
    chosen = setting.coverage
    atoms = _atoms(areas, library, setting)
    bad = worst(q for q in judged.values() if not q.usable)
    result: dict[str, Amount] = {}
    coating, substrate = chosen["coating"], chosen["substrate"]
    everything = worst(judged.values())
    needed = [*coating, substrate]
    measured = dict.fromkeys(r for line in needed for r in atoms.regions.get(line, [line]))
    own = worst(judged[r] for r in measured if r in judged)
    if not own.usable and measured.keys() <= judged.keys():
        result["eq1"] = Amount(math.nan, math.nan, quality=own)
    elif all(atoms.of(line) for line in needed):
        coat, bare = _sum(a for r in coating for a in atoms.of(r)), _sum(atoms.of(substrate))
        found = _eq1(coat, bare)
        if not any(area >= SIGNIFICANCE * sd and area > 0 for area, sd in (coat, bare)):
            note = f"neither {' + '.join(coating)} nor {substrate} is significant: another sample, or no sample?"
            result["eq1"] = Amount(math.nan, math.nan, quality=worst([own, unusable(note)]))
            everything = worst([everything, doubtful(note)])
        elif found is not None:
            result["eq1"] = Amount(*found, quality=own)
    nm = carbon_nm(atoms, setting, library, density_factor)
    if nm is not None and bad.usable:
        result[CARBON] = Amount(nm, 0.0, quality=everything)
    for name, key in (
        ("nickel_fraction", (substrate, chosen["substrate_component"])),
        ("lattice_oxygen", (chosen["lattice_region"], chosen["lattice_component"])),
    ):
        if not bad.usable:
            # All regions enter the sum: without one of them the share of the others is another quantity.
            if key in atoms.parts or key[0] in judged:
                result[name] = Amount(math.nan, math.nan, quality=bad)
        elif key in atoms.parts and (share := _share(key, atoms, setting, nm or 0.0)):
            result[name] = Amount(*share, quality=everything)
    return result


def _atoms(areas: Sequence[Row], library: str, setting: Setting) -> _Atoms:
    atoms = _Atoms()
    dirt = setting.coverage["contamination"]
    for row in areas:
        factor = setting.factor(row, library)
        if row["area_cps_eV"] is None or factor is None or not quality_of(row).usable:
            continue
        photon = row.get("photon_energy_eV")
        if photon is not None and photon == photon:
            atoms.photon_eV = photon
        line = str(row.get("line") or row["region"])
        if row.get("rsf") is not None:
            line = f"{line}, {row['rsf']:g}"  # components of a factor of their own are a line of their own
        scale = 1 / (factor * row["transmission"])
        amount = row["area_cps_eV"] * scale, (row["area_cps_eV_sd"] or 0.0) * scale
        region, component = row["region"], row["component"]
        if component == "total":
            # Parts of one line in two regions (2p3/2 and 2p1/2) are its amount together.
            before = atoms.lines.get(line, (0.0, 0.0))
            atoms.lines[line] = _sum([before, amount])
            atoms.regions.setdefault(line.split(",")[0], []).append(region)
            continue
        atoms.parts[region, component] = amount
        atoms.line_of[region, component] = line
        if component in dirt.get(region, ()):
            atoms.carbon[line] = atoms.carbon.get(line, 0.0) + amount[0]
    return atoms


def _sum(amounts: Iterable[tuple[float, float]]) -> tuple[float, float]:
    areas, sds = zip(*amounts, strict=True)
    return sum(areas), math.hypot(*sds)


def _eq1(
    coating: tuple[float, float], substrate: tuple[float, float]
) -> tuple[float, float] | None:
    (c, c_sd), (s, s_sd) = coating, substrate
    if c + s <= 0:
        return None
    return c / (c + s), math.hypot(s * c_sd, c * s_sd) / (c + s) ** 2


def carbon_nm(
    atoms: _Atoms, setting: Setting, library: str, density_factor: float = 1.0
) -> float | None:
    """Return the thickness of the contamination in nm, None where its region was not measured.

    A layer of thickness d gives n L (1 - exp(-d/L)), what lies below it the sum of N_i L_i exp(-d/L_i); their
    ratio n/N is the configuration's. Empirical factors hold the escape depth already.
    """
    if not atoms.carbon:
        return None
    length = {line: attenuation_nm(line, atoms.photon_eV, setting.coverage) for line in atoms.lines}
    weigh = (lambda line: length[line]) if library in ("scofield", ANGLE) else (lambda line: 1.0)
    density = setting.coverage["contamination_density"] * density_factor
    below = {line: a - atoms.carbon.get(line, 0.0) for line, (a, _) in atoms.lines.items()}
    if sum(below.values()) <= 0:
        return None

    def excess(d: float) -> float:
        carbon = sum(
            c / weigh(line) / -math.expm1(-d / length[line]) for line, c in atoms.carbon.items()
        )
        rest = sum(a / weigh(line) * math.exp(d / length[line]) for line, a in below.items())
        return carbon - density * rest

    low, high = 1e-6, _MOST_CARBON_NM
    if excess(low) <= 0:
        return 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return 0.5 * (low + high)


def _share(
    key: tuple[str, str], atoms: _Atoms, setting: Setting, carbon: float
) -> tuple[float, float] | None:
    """Return the share of a part in all atoms below the contamination; the rest of its line counts as independent."""
    given_back = {
        line: math.exp(carbon / attenuation_nm(line, atoms.photon_eV, setting.coverage))
        for line in atoms.lines
    }
    amounts = {
        line: (max(a - atoms.carbon.get(line, 0.0), 0.0) * given_back[line], sd * given_back[line])
        for line, (a, sd) in atoms.lines.items()
    }
    own = atoms.line_of[key]
    part, part_sd = (v * given_back[own] for v in atoms.parts[key])
    everything = sum(a for a, _ in amounts.values())
    if everything <= 0:
        return None
    # The contamination is left out of the sum, and with it its uncertainty.
    dirty = {line for line in atoms.carbon if amounts[line][0] <= 0}
    rest = sum(sd**2 for line, (_, sd) in amounts.items() if line != own and line not in dirty)
    rest += max(amounts[own][1] ** 2 - part_sd**2, 0.0)
    share = part / everything
    sd = math.hypot((1 - share) * part_sd, share * math.sqrt(rest)) / everything
    return share, sd


def average(spots: Mapping[str, Amount]) -> Amount:
    """Return the mean over usable spots; its uncertainty is the larger one of scatter and propagation.

    Parameters
    ----------
    spots : mapping of spot to Amount
    """
    rows: list[Mapping[str, Any]] = [
        {"spot": name, "amount": amount, **amount.quality.columns()}
        for name, amount in spots.items()
    ]
    kept, judged = counted(rows, *(["spot"] if len(rows) > 1 else []))
    used: list[Amount] = [row["amount"] for row in kept]
    n = len(used)
    if not n:
        return Amount(math.nan, math.nan, 0, judged)
    mean = sum(s.value for s in used) / n
    propagated = sum(s.sd**2 for s in used) / n**2
    scatter = sum((s.value - mean) ** 2 for s in used) / (n - 1) / n if n > 1 else 0.0
    return Amount(mean, math.sqrt(max(propagated, scatter)), n, judged)


def coverage(definition: str, amount: Amount, reference: Amount | None) -> Amount | None:
    """Return the coverage of a definition; None where it needs a reference that is not there."""
    if definition == "eq1" or not amount.quality.usable:
        return amount
    if reference is None:
        return None
    if not reference.quality.usable:
        return Amount(math.nan, math.nan, 0, _of_reference(reference))
    if reference.value <= 0:
        return None
    if amount is reference:
        return Amount(0.0, 0.0, amount.n, amount.quality)  # by definition
    ratio = amount.value / reference.value
    sd = math.hypot(amount.sd, ratio * reference.sd) / reference.value
    judged = worst([amount.quality, _of_reference(reference)])
    return Amount(1 - ratio, sd, amount.n, judged)


def _of_reference(reference: Amount) -> Quality:
    """Return the judgement that a reference hands on: its doubts, not what was merely left out of it."""
    if reference.quality.level == OK:
        return Quality()
    notes = tuple(f"reference: {note}" for note in reference.quality.notes)
    return Quality(reference.quality.level, notes)
