"""Order of samples in figures, and the places of their colours."""

from __future__ import annotations

from itertools import pairwise

from coatbench.order import CLOSEST, colour_places, ordered


def sample(
    name: str, temperature: str = "", role: str = "coated", time: str = ""
) -> dict[str, str]:
    return {
        "sample": name, "role": role, "annealing_temperature_degC": temperature, "annealing_time_h": time,
    }  # fmt: skip


STUDY = [
    sample("bare", role="uncoated"),
    sample("b", "300"),
    sample("a", "25"),
    sample("c", "700"),
    sample("p", role="precursor"),
]


def test_precursors_uncoated_then_by_temperature() -> None:
    assert [s["sample"] for s in ordered(STUDY)] == ["p", "bare", "a", "b", "c"]


def test_the_colour_is_the_temperature() -> None:
    assert colour_places(STUDY) == {"a": 0.0, "b": 275 / 675, "c": 1.0}


def test_one_more_temperature_leaves_the_others_their_colours() -> None:
    before, after = colour_places(STUDY), colour_places([*STUDY, sample("d", "350")])
    assert {k: after[k] for k in before} == before
    assert before["b"] < after["d"] < before["c"]


def test_samples_that_would_look_alike_are_spread_by_their_order() -> None:
    series = [sample(f"t{t}", "400", time=str(t)) for t in (8, 1, 4, 2)]
    assert colour_places(series) == {"t1": 0.0, "t2": 1 / 3, "t4": 2 / 3, "t8": 1.0}
    close = [sample("a", "25"), sample("b", "30"), sample("c", "700")]
    assert colour_places(close) == {"a": 0.0, "b": 0.5, "c": 1.0}


def test_places_never_coincide() -> None:
    many = [sample(f"s{i}", str(25 + 7 * i * i)) for i in range(40)]
    places = sorted(colour_places(many).values())
    assert all(b - a >= min(CLOSEST, 1 / 39) * 0.999 for a, b in pairwise(places))


def test_one_sample_and_one_that_is_not_annealed() -> None:
    assert colour_places([sample("a", "400")]) == {"a": 0.0}
    assert colour_places([sample("a"), sample("b", "400")]) == {"a": 0.0, "b": 1.0}
