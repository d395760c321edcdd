"""Names with evidence: the common shift of the masses, and which image is which fragment after it."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.sims.calibration import MassShift, common_shift
from coatbench.sims.fragments import Fragment, load_fragments
from coatbench.sims.ions import other_ions
from coatbench.sims.masses import ion_mass_u
from coatbench.sims.naming import Image, name_images, shift_of
from coatbench.sims.regions import judged_shift

FRAGMENTS = load_fragments()
OTHERS = other_ions(FRAGMENTS)
HOW = {"search_ppm": 500, "tolerance_ppm": 25, "min_peaks": 4}
LISTED = [
    "O",
    "OH",
    "S",
    "Cl",
    "PO",
    "PS",
    "PO2",
    "S2",
    "SO2",
    "POS",
    "PO3",
    "SO3",
    "PS2",
    "PO2S",
    "S3",
    "SO4",
    "S4",
]


def images(
    formulas: list[str], ppm: float = 0.0, scatter: float = 4.0, seed: int = 1
) -> list[Image]:
    rng = np.random.default_rng(seed)
    return [
        Image(i + 1, "", ion_mass_u(f) * (1 + 1e-6 * (ppm + scatter * rng.standard_normal())))
        for i, f in enumerate(formulas)
    ]


def names(listed: list[Image], match_ppm: float = 100) -> list[str | None]:
    shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
    found = name_images(listed, FRAGMENTS, OTHERS, match_ppm, shift)
    return [n.fragment.name if n.fragment else None for n in found]


@pytest.mark.parametrize("ppm", [-278, -110, -40, 0, 60, 110, 150, 225, 278, 400])
@pytest.mark.parametrize("scatter", [2.0, 15.0])
def test_a_common_shift_is_found_and_names_nothing_wrongly(ppm: float, scatter: float) -> None:
    listed = images(LISTED, ppm, scatter)
    shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
    assert shift.ppm == pytest.approx(ppm, abs=4 * scatter / len(LISTED) ** 0.5 + 1)
    assert abs(shift.ppm - ppm) < 4 * shift.sd
    assert shift.peaks == len(LISTED)
    assert names(listed) == LISTED


def test_the_uncertainty_of_the_shift_is_that_of_repeated_lists() -> None:
    shifts = [shift_of(images(LISTED, 110, 8.0, k), FRAGMENTS, OTHERS, HOW) for k in range(200)]
    error = np.std([s.ppm for s in shifts], ddof=1)
    assert 0.7 * error < np.mean([s.sd for s in shifts]) < 1.4 * error


def test_a_wrong_offset_of_the_flight_time_is_a_slope() -> None:
    formulas = [*LISTED, "H", "C", "C2H"]
    b = 300.0  # ppm at 1 u, 75 at 16 u, 27 at 127 u
    masses = [m * (1 + 1e-6 * (40 + b * m**-0.5)) for m in map(ion_mass_u, formulas)]
    shift = common_shift(masses, [f.mass_u for f in FRAGMENTS], [o.mass_u for o in OTHERS], HOW)
    for formula in ("S2", "SO4", "S4"):
        m = ion_mass_u(formula)
        assert shift.at(m) == pytest.approx(40 + b * m**-0.5, abs=6)
        assert shift.corrected(shift.measured(m)) == pytest.approx(m, rel=1e-8)


LIMITS = {"doubtful": [-150, 150], "unusable": [-400, 400]}
DEGRADATION = [f.name for f in FRAGMENTS if f.group != "matrix"]
TEN = ["O", "S", "Cl", "PO2", "S2", "PO3", "SO3", "PS2", "S3", "PS3"]


def tilted(formulas: list[str], ppm: float, b: float, seed: int = 1) -> list[Image]:
    """Intervals of a scale with a wrong offset of the flight time: the shift changes by b / sqrt(mass)."""
    exact = np.array([ion_mass_u(f) for f in formulas])
    off_ppm = ppm + b * (exact**-0.5 - np.median(exact) ** -0.5)
    off_ppm += np.random.default_rng(seed).normal(0, 4, exact.size)
    return [Image(i + 1, "", m) for i, m in enumerate((exact * (1 + 1e-6 * off_ppm)).tolist())]


@pytest.mark.parametrize("formulas", [[f.name for f in FRAGMENTS], LISTED, DEGRADATION, TEN])
@pytest.mark.parametrize("ppm", [-110.0, 60.0])
def test_an_offset_that_hides_the_common_shift_is_found(formulas: list[str], ppm: float) -> None:
    """Light ions are off by more than heavy ones by hundreds of ppm: no single shift fits all masses, however many it does."""
    for b in range(-3600, 3601, 600):
        listed = tilted(formulas, ppm, float(b))
        shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
        off_ppm = [
            1e6 * (shift.corrected(i.mass_u) / ion_mass_u(f) - 1)
            for i, f in zip(listed, formulas, strict=True)
        ]
        assert np.abs(off_ppm).max() < 16, b
        assert names(listed) == formulas, b


@pytest.mark.parametrize("formulas", [[f.name for f in FRAGMENTS], LISTED, DEGRADATION, TEN])
@pytest.mark.parametrize("b", [-15000.0, -8000.0, -6000.0, 4500.0, 7000.0, 10000.0])
def test_a_scale_that_is_wrong_altogether_is_never_ok(formulas: list[str], b: float) -> None:
    """Some masses agree on a shift by chance: on hardly more of them than on any other shift."""
    for seed in range(3):
        listed = tilted(formulas, 0.0, b, seed)
        shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
        right = names(listed) == formulas
        assert right or judged_shift(shift, LIMITS).level == "unusable", (shift, names(listed))


def beside(ppm: float, off_ppm: float, formulas: list[str], seed: int) -> list[Image]:
    """Intervals that were set beside their peaks, to either side by turns or at random."""
    rng = np.random.default_rng([seed, round(off_ppm)])
    n = len(formulas)
    sides = 1 - 2 * (np.arange(n) % 2) if seed % 2 else rng.choice([-1, 1], n)
    off = ppm + off_ppm * rng.choice([-1, 1]) * sides + rng.normal(0, 3, n)
    exact = [ion_mass_u(f) for f in formulas]
    return [Image(i + 1, "", m * (1 + 1e-6 * d)) for i, (m, d) in enumerate(zip(exact, off.tolist(), strict=True))]  # fmt: skip


@pytest.mark.parametrize("off_ppm", [10.0, 15.0, 20.0, 25.0, 30.0])
@pytest.mark.parametrize("formulas", [[f.name for f in FRAGMENTS], LISTED, DEGRADATION])
def test_centres_beside_their_peaks_give_no_wrong_shift_and_no_wrong_name(off_ppm: float, formulas: list[str]) -> None:  # fmt: skip
    """A median is one of the two sides: the shift would be off by as much with an uncertainty of a ppm, and S3 be called HPS2."""
    beyond = 0
    for seed in range(8):
        ppm = [0.0, -60.0, 110.0, 40.0][seed // 2]
        listed = beside(ppm, off_ppm, formulas, seed)
        shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
        scale = judged_shift(shift, LIMITS)
        if scale.level == "unusable":
            assert off_ppm > 20, shift  # two shifts fit alike
            continue
        beyond += abs(shift.ppm - ppm) > 2.5 * shift.sd
        for formula, name in zip(formulas, name_images(listed, FRAGMENTS, OTHERS, 100, shift), strict=True):  # fmt: skip
            if name.quality.level == scale.level == "ok":
                assert name.name == formula, (seed, shift)
    assert beyond <= 1  # of eight: centres at random may all stand on one side


@pytest.mark.parametrize("scatter", [3.0, 8.0])
def test_good_centres_are_not_doubted(scatter: float) -> None:
    lists = [[f.name for f in FRAGMENTS], LISTED, DEGRADATION, TEN]
    doubted = beyond = 0
    for seed in range(60):
        formulas = lists[seed % 4]
        listed = images(formulas, [0.0, 110.0, -60.0][seed % 3], scatter, seed)
        shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
        found = name_images(listed, FRAGMENTS, OTHERS, 100, shift)
        assert [n.name for n in found] == formulas
        doubted += any(q.level != "ok" for q in (judged_shift(shift, LIMITS), *(n.quality for n in found)))  # fmt: skip
        beyond += abs(shift.ppm - [0.0, 110.0, -60.0][seed % 3]) > 3 * shift.sd
    assert doubted == 0 and beyond <= 2


def test_what_the_scatter_does_not_exclude_is_doubted_by_name() -> None:
    """S3 40 ppm high stands 40 ppm from itself and 59 from HPS2: where single masses scatter by 20 ppm either may be there."""
    shift = MassShift(0.0, 5.0, 16, 20.0)
    found = name_images([Image(1, "", ion_mass_u("S3") * (1 + 40e-6))], FRAGMENTS, OTHERS, 100, shift)  # fmt: skip
    assert (found[0].name, found[0].quality.level) == ("S3", "doubtful")
    assert "HPS2 not excluded" in found[0].quality.note
    near = name_images([Image(1, "", ion_mass_u("HPS2") * (1 - 40e-6))], FRAGMENTS, OTHERS, 100, shift)  # fmt: skip
    assert (near[0].name, near[0].quality.level) == ("HPS2", "doubtful")
    assert near[0].fragment is None and "S3 not excluded" in near[0].quality.note


def among_unknown(
    seed: int, known: int, scatter: float, slope: float = 0.0
) -> tuple[list[float], list[float]]:
    """Return measured and exact masses of so many fragments among 60 peaks of ions that nobody knows."""
    rng = np.random.default_rng([4, seed])
    exact = [*rng.choice([f.mass_u for f in FRAGMENTS], known, replace=False)]
    exact += [*(np.round(rng.uniform(12, 200, 60)) * (1 + 1e-6 * rng.uniform(-800, 1200, 60)))]
    exact = rng.permutation(exact)
    off = rng.uniform(-140, 140) + slope * (exact**-0.5 - 0.1) + rng.normal(0, scatter, exact.size)
    return (exact * (1 + 1e-6 * off)).tolist(), exact.tolist()


@pytest.mark.parametrize(("scatter", "slope"), [(3.0, 0.0), (12.0, 0.0), (3.0, 8000.0), (3.0, -14000.0)])  # fmt: skip
def test_a_right_scale_is_found_among_many_unknown_peaks_and_a_wrong_one_is_not(scatter: float, slope: float) -> None:  # fmt: skip
    exact, others = [f.mass_u for f in FRAGMENTS], [o.mass_u for o in OTHERS if o.kind == "ion"]
    told = 0
    for seed in range(12):
        masses, true = among_unknown(seed, 17, scatter, slope)
        shift = common_shift(masses, exact, others, HOW)
        if judged_shift(shift, LIMITS).level == "unusable":
            continue
        told += 1
        off = [1e6 * (shift.corrected(m) / t - 1) for m, t in zip(masses, true, strict=True)]
        assert abs(np.median(off)) < 3 * shift.sd + 3, seed
    assert told >= 11 if slope == 0 else told <= 1


def test_few_masses_tell_nothing_and_alike_shifts_are_told() -> None:
    few = shift_of(images(["S2", "PO2", "Cl"]), FRAGMENTS, OTHERS, HOW)
    assert few.ppm is None and few.at(64.0) == 0
    judged = judged_shift(few, {})
    assert judged.level == "doubtful" and "3 of 3 masses" in judged.note
    # Four masses that fit S-bearing ions, and as well the O2-bearing ones 278 ppm away.
    tied = common_shift(
        [100.0, 200.0, 300.0, 400.0],
        [m * (1 + s * 1e-6) for m in (100, 200, 300, 400) for s in (0, 250)],
        [],
        HOW,
    )
    assert tied.ppm is None
    assert judged_shift(tied, {}).level == "unusable"


def test_limits_of_a_shift() -> None:
    limits = {"doubtful": [-150, 150], "unusable": [-400, 400]}
    levels = [judged_shift(MassShift(x, 1.0, 20), limits).level for x in (10, -110, 278, -450)]
    assert levels == ["ok", "ok", "doubtful", "unusable"]


@pytest.mark.parametrize("ppm", [-5, 0, 110])
def test_a_hydrogen_partner_is_not_the_fragment(ppm: float) -> None:
    """HPO4 stands 99 ppm above SO4, HPS2 as far above S3: within reach, and yet neither."""
    listed = [{"SO4": "HPO4", "S3": "HPS2"}.get(f, f) for f in LISTED]
    found = names(images(listed, ppm))
    assert found == [None if f in ("HPO4", "HPS2") else f for f in listed]
    shift = shift_of(images(listed, ppm), FRAGMENTS, OTHERS, HOW)
    other = [
        n.name
        for n in name_images(images(listed, ppm), FRAGMENTS, OTHERS, 100, shift)
        if not n.fragment
    ]
    assert other == ["HPS2", "HPO4"]


def test_what_fits_two_ions_alike_is_named_and_not_guessed() -> None:
    middle = (ion_mass_u("SO4") + ion_mass_u("HPO4")) / 2
    listed = [*images([f for f in LISTED if f != "SO4"]), Image(99, "", middle)]
    shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
    last = name_images(listed, FRAGMENTS, OTHERS, 100, shift)[-1]
    assert last.fragment is None and last.quality.level == "unusable"
    assert set(last.name.split(" or ")) == {"SO4", "HPO4"}


@pytest.mark.parametrize(
    ("label", "name", "level"),
    [("62.96u", "PO2", "ok"), ("S_2- _ ( SO_2- )", "S2", "doubtful"), ("SO_2-", "SO2", "ok"), ("62.95 u", "PS", "ok"),
     ("PO_2+", None, "ok"), ("63u", None, "unusable"), ("C_2-", None, "ok"), ("S2O2", None, "ok")],
)  # fmt: skip
def test_labels(label: str, name: str | None, level: str) -> None:
    found = name_images([Image(1, label)], FRAGMENTS, OTHERS, 100)[0]
    assert (found.fragment and found.fragment.name, found.quality.level) == (name, level)


def test_a_peak_list_wins() -> None:
    listed = [
        Image(1, "", ion_mass_u("SO2"), "S2"),
        Image(2, "SO_2-", None),
        Image(3, "S_2-", None),
    ]
    found = name_images(listed, FRAGMENTS, OTHERS, 100)
    assert [(n.fragment.name, n.by) if n.fragment else None for n in found] == [
        ("S2", "peak list"), ("SO2", "label"), None,
    ]  # fmt: skip
    assert "image 1 is S2 already" in found[2].quality.note


def test_the_nearest_of_two_intervals_wins() -> None:
    two = [Image(1, "", 78.9594), Image(2, "", 78.9590)]
    assert [bool(n.fragment) for n in name_images(two, FRAGMENTS, OTHERS, 100)] == [False, True]


def test_an_interval_belongs_to_its_nearest_fragment() -> None:
    two = [f for f in FRAGMENTS if f.name in ("PO2S", "PS2")]
    found = name_images([Image(1, "", 94.9362), Image(2, "", 94.9185)], two, [], 400)
    assert [n.fragment.name for n in found if n.fragment] == ["PO2S", "PS2"]


def test_images_that_no_fragment_matches_keep_their_names() -> None:
    found = name_images([Image(1, "C_2-"), Image(2, "", 23.5), Image(3)], FRAGMENTS, OTHERS, 100)
    assert [n.name for n in found] == ["C_2-", "m/z 23.5000", "image 3"]


def test_positive_fragments_have_positive_ions_beside_them() -> None:
    table = [Fragment("Li", "Li", 1, "x", ion_mass_u("Li", 1))]
    assert all(o.mass_u > 0 for o in other_ions(table))
    assert name_images([Image(1, "Li+")], table, [], 100)[0].fragment is table[0]
    assert name_images([Image(1, "Li-")], table, [], 100)[0].fragment is None


@pytest.mark.parametrize("channels", [-60, -20, 10, 40])
def test_a_wrong_offset_of_the_flight_time_is_followed_to_the_lightest_ions(
    channels: float,
) -> None:
    """K0 off by a channel moves a mass by 2 m / (SF sqrt(m)): 900 ppm at m/z 16 for 60 channels."""
    exact = np.array([f.mass_u for f in FRAGMENTS])
    measured = exact * (1 + channels / (32982.7 * np.sqrt(exact))) ** 2
    others = [o.mass_u for o in OTHERS if o.kind == "ion"]
    found = common_shift(measured, exact, others, HOW)
    assert found.peaks == len(FRAGMENTS)
    back = np.array([found.corrected(m) for m in measured])
    np.testing.assert_allclose(back, exact, rtol=4e-6)


def test_masses_that_none_of_the_ions_fits_name_nothing() -> None:
    """A mass scale off by 5 %: what falls near an ion by chance is no fragment."""
    exact = np.array([f.mass_u for f in FRAGMENTS])
    found = common_shift(exact * 1.05, exact, [], HOW)
    assert found.ppm is None
    assert judged_shift(found, {}).level == "unusable"


def test_a_peak_list_that_exchanges_two_ions_wins_and_is_doubted() -> None:
    s2, so2 = (next(f for f in FRAGMENTS if f.name == n) for n in ("S2", "SO2"))
    listed = [Image(1, "", so2.mass_u, "S2"), Image(2, "", so2.mass_u, "SO2-")]
    first, second = name_images(listed, FRAGMENTS, OTHERS, 100)
    assert first.fragment == s2 and first.quality.level == "doubtful"
    assert second.fragment == so2 and second.quality.level == "ok"


def test_a_peak_list_whose_columns_slipped_is_unusable() -> None:
    """Names one row below their masses: S3 at the mass of S2 is no doubt, it is wrong."""
    found = name_images([Image(1, "", ion_mass_u("S2"), "S3")], FRAGMENTS, OTHERS, 100)[0]
    assert found.quality.level == "unusable" and "S3" in found.quality.note


@pytest.mark.parametrize(
    ("label", "name", "level"),
    [("63.94u S2-", "S2", "ok"), ("S2- (63.945 u)", "S2", "ok"), ("[SO_2]^-", "SO2", "ok"), ("SO2 (1-)", "SO2", "ok"),
     ("63.9625", "SO2", "ok"), ("S2-?", "S2", "doubtful"), ("SO2- or S2-", "SO2", "doubtful"), ("63.96u S2-", None, "unusable"),
     ("64", None, "ok"), ("sum of S2", None, "ok"), ("S2+", None, "ok")],
)  # fmt: skip
def test_labels_as_people_write_them(label: str, name: str | None, level: str) -> None:
    found = name_images([Image(1, label)], FRAGMENTS, OTHERS, 100)[0]
    assert (found.fragment.name if found.fragment else None) == name
    assert found.quality.level == level


@pytest.mark.parametrize("ppm", [-700, -560, 520, 600, 620, 680])
def test_a_shift_beyond_the_search_is_never_taken_for_a_smaller_one(ppm: float) -> None:
    for seed in range(5):
        listed = images([*LISTED, "SO3", "LiPO3", "LiSO3", "NiO2", "POS2", "PS3"], ppm, 5.0, seed)
        shift = shift_of(listed, FRAGMENTS, OTHERS, HOW)
        judged = judged_shift(shift, {"doubtful": [-150, 150], "unusable": [-400, 400]})
        named = [
            n.fragment for n in name_images(listed, FRAGMENTS, OTHERS, 100, shift) if n.fragment
        ]
        assert judged.level == "unusable" or (judged.level == "doubtful" and not named), shift
