"""Which image is which fragment: by the analyst's peak list, by its label, else by its mass after the common shift.

A name needs evidence. A mass belongs to the nearest ion that may be there, be it a fragment or not; where two fit alike, neither
gets the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..quality import Quality, doubtful, unusable, worst
from .calibration import MassShift, common_shift
from .fragments import Fragment
from .ions import ISOTOPOLOGUE, Ion
from .masses import Label, read_label

if TYPE_CHECKING:
    from ..config_types import SimsMassCalibration

NO_SHIFT = MassShift()
GOOD = Quality()
HARDLY_FARTHER = 4 / 3
# Differences of the logarithms of two likelihoods: less than a factor e tells nothing, one of 20 is strong evidence (Kass and Raftery 1995).
ALIKE, EXCLUDED = 1.0, math.log(20)
OTHER_MASS_PPM = 2000.0  # farther than any ion of the same nominal mass
FAR_LABEL_PPM = 150.0  # that the mass in a label may be off the formula in it


@dataclass(frozen=True)
class Image:
    """What an export says of one image: its number, label and the centre of its interval in u, where there is one."""

    number: int
    label: str = ""
    mass_u: float | None = None
    listed: str = ""  # name that a peak list gives


@dataclass(frozen=True)
class Name:
    """The name of an image.

    Attributes
    ----------
    number : int
    fragment : Fragment or None
    by : str
        `label`, `mass` or `peak list`; empty without a fragment.
    name : str
        The fragment's; else the export's label, the ion that it is, or its mass.
    quality : Quality
    """

    number: int
    fragment: Fragment | None
    by: str
    name: str
    quality: Quality = GOOD


@dataclass(frozen=True)
class _Found:
    """The ion nearest to a mass, and the names of those that fit alike, or that are not excluded (one of them a fragment)."""

    ion: Fragment | Ion | None = None
    distance_ppm: float = 0.0
    alike: tuple[str, ...] = ()
    not_excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Claim:
    """A fragment that an image may be, and how far off."""

    fragment: Fragment
    image: Image
    by: str
    distance_ppm: float
    quality: Quality


def shift_of(
    images: Sequence[Image],
    fragments: Sequence[Fragment],
    others: Sequence[Ion],
    how: SimsMassCalibration,
) -> MassShift:
    """Return the common shift of the intervals that an export chose (those without a label)."""
    masses = [i.mass_u for i in images if i.mass_u is not None and not i.label]
    return common_shift(
        masses,
        [f.mass_u for f in fragments],
        [o.mass_u for o in others if o.kind != ISOTOPOLOGUE],
        how,
    )


def name_images(
    images: Sequence[Image],
    fragments: Sequence[Fragment],
    others: Sequence[Ion],
    match_ppm: float,
    shift: MassShift = NO_SHIFT,
) -> list[Name]:
    """Name the images of a region.

    Parameters
    ----------
    images : sequence of Image
    fragments : sequence of Fragment
        Those that the region's polarity allows.
    others : sequence of Ion
        What else may be there; isotopologues do not count, since no interval is chosen for one.
    match_ppm : float
        Largest distance of a mass, after the shift, from the fragment.
    shift : MassShift

    Returns
    -------
    list of Name
        In the order of `images`. A fragment has one image: the first with its label, or the nearest.
    """
    rivals = [o for o in others if o.kind != ISOTOPOLOGUE]
    claims: list[_Claim] = []
    names: dict[int, Name] = {}
    for image in images:
        claim = _claim(image, fragments, rivals, match_ppm, shift)
        if isinstance(claim, _Claim):
            claims.append(claim)
        else:
            names[image.number] = claim
    order = {"peak list": 0, "label": 1, "mass": 2}
    taken: dict[str, _Claim] = {}
    for claim in sorted(claims, key=lambda c: (order[c.by], c.distance_ppm)):  # stable: the first
        first = taken.setdefault(claim.fragment.name, claim)
        f, image = claim.fragment, claim.image
        if first is claim:
            names[image.number] = Name(image.number, f, claim.by, f.name, claim.quality)
        else:
            note = f"image {first.image.number} is {f.name} already"
            names[image.number] = Name(image.number, None, "", _own(image), doubtful(note))
    return [names[i.number] for i in images]


def _claim(
    image: Image,
    fragments: Sequence[Fragment],
    rivals: Sequence[Ion],
    match_ppm: float,
    shift: MassShift,
) -> _Claim | Name:
    text = image.listed or image.label
    by = "peak list" if image.listed else "label"
    exact = next((f for f in fragments if f.name == text), None)
    if exact is not None:
        return _Claim(exact, image, by, 0.0, _far(exact, image, shift))
    label = read_label(text) if text else Label()
    if label.mass_u is not None and not label.compositions:
        found = _nearest(label.mass_u, fragments, rivals, match_ppm, label.rounding_u, 0.0)
        return _from_mass(image, by, found)
    if label.compositions:
        return _from_label(image, by, label, fragments, shift)
    if text or image.mass_u is None:
        return Name(image.number, None, "", _own(image))
    mass = shift.corrected(image.mass_u)
    return _from_mass(
        image, "mass", _nearest(mass, fragments, rivals, match_ppm, 0.0, shift.scatter_ppm)
    )


def _from_label(
    image: Image, by: str, label: Label, fragments: Sequence[Fragment], shift: MassShift
) -> _Claim | Name:
    text = image.listed or image.label
    first, *others = label.compositions
    for fragment in fragments:
        if fragment.composition != first or label.sign * fragment.charge < 0:
            continue
        judged = []
        if others:
            judged.append(f"the label {text!r} names a second ion in the interval")
        elif label.marked:
            judged.append(f"the label {text!r} is not sure")
        far = 0.0 if label.mass_u is None else abs(label.mass_u - fragment.mass_u)
        if far > label.rounding_u + FAR_LABEL_PPM * 1e-6 * fragment.mass_u:
            note = f"the label {text!r} has the mass of another ion than {fragment.name} ({fragment.mass_u:.4f} u)"
            return Name(image.number, None, "", _own(image), unusable(note))
        return _Claim(
            fragment, image, by, 0.0, worst([*map(doubtful, judged), _far(fragment, image, shift)])
        )
    return Name(image.number, None, "", _own(image))


def _far(fragment: Fragment, image: Image, shift: MassShift) -> Quality:
    """Judge the name of a peak list by the mass of the image: the list wins, but one that exchanges two ions is doubted."""
    if not image.listed or image.mass_u is None:
        return Quality()
    off = (shift.corrected(image.mass_u) / fragment.mass_u - 1) * 1e6
    if abs(off) <= FAR_LABEL_PPM:
        return Quality()
    level = doubtful if abs(off) <= OTHER_MASS_PPM else unusable
    return level(f"the peak list calls {image.listed} what stands {off:+.0f} ppm from its mass")


def _nearest(
    mass_u: float, fragments: Sequence[Fragment], rivals: Sequence[Ion], match_ppm: float,
    rounding_u: float, scatter_ppm: float,
) -> _Found:  # fmt: skip
    """Find the ion at a mass, and those that the scatter of the masses does not tell from it."""
    reach = max(match_ppm, 1e6 * rounding_u / mass_u)
    ions: list[Fragment | Ion] = [*fragments, *rivals]
    near = sorted(
        (distance, not isinstance(ion, Fragment), ion.name, ion)
        for ion in ions
        if (distance := abs(mass_u / ion.mass_u - 1) * 1e6) <= reach
    )
    if not near:
        return _Found()
    # Two ions fit alike where the likelihoods of their distances differ by less than a factor of e, or where the farther
    # is hardly farther than the nearer, however small the scatter of other masses.
    alike = max(2 * ALIKE * scatter_ppm**2, (1e6 * rounding_u / mass_u) ** 2)
    least, _, _, first = near[0]
    farther = {n[2]: n[0] ** 2 - least**2 for n in near[1:]}
    same = [n[2] for n in near[1:] if farther[n[2]] <= alike or n[0] < least * HARDLY_FARTHER]
    left = [
        n[2]
        for n in near[1:]
        if farther[n[2]] <= 2 * EXCLUDED * scatter_ppm**2
        and (isinstance(first, Fragment) or isinstance(n[3], Fragment))
    ]
    return _Found(first, least, tuple(same), tuple(left))


def _from_mass(image: Image, by: str, found: _Found) -> _Claim | Name:
    if found.ion is None:
        return Name(image.number, None, "", _own(image))
    if found.alike:
        names = (found.ion.name, *found.alike)
        note = f"{_own(image)} fits {' and '.join(names)} alike"
        return Name(image.number, None, "", " or ".join(names), unusable(note))
    quality = Quality()
    if found.not_excluded:
        quality = doubtful(
            f"{found.ion.name} by mass, {' or '.join(found.not_excluded)} not excluded: the masses scatter too much"
        )
    if isinstance(found.ion, Fragment):
        return _Claim(found.ion, image, by, found.distance_ppm, quality)
    return Name(image.number, None, "", found.ion.name, quality)


def _own(image: Image) -> str:
    """Return what an image is called that is no fragment of the table."""
    if image.listed or image.label:
        return image.listed or image.label
    return f"m/z {image.mass_u:.4f}" if image.mass_u is not None else f"image {image.number}"
