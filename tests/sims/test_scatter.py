"""How regions scatter, against planted scatter: what one region borrows, and how far off one that is unlike the others is."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.quality import Quality
from coatbench.sims.degradation import degradation_tables
from coatbench.sims.ratio import Mean, mean_of_regions, pooled_scatter
from coatbench.sims.regions import judge
from scipy import stats

from .test_compare import CONFIG, DEGRADATION, MAIN, as_rows

SIGMA = 0.1  # of the logarithm, between regions


def regions(
    factors: list[float], counts: list[int], seed: int, own: float = 0.0
) -> list[dict[str, object]]:
    """Return rows of samples with so many regions, of which all fragments vary together and, by `own`, apart."""
    rng = np.random.default_rng(seed)
    n = max(counts)
    z = rng.normal(0, SIGMA, (len(factors), n, 1)) + rng.normal(0, own, (len(factors), n, len(DEGRADATION)))  # fmt: skip
    values = np.array(factors)[:, None, None] * 0.01 * np.exp(z)
    keep = dict(zip(("bare", "a", "b", "c"), counts, strict=False))
    return [r | Quality().columns() for r in as_rows(values) if int(r["region"]) < keep[r["sample"]]]  # fmt: skip


def test_one_region_borrows_the_planted_scatter() -> None:
    """Its interval is that of sigma, and of sigma / sqrt(n) of the reference, whatever the other samples' numbers of regions."""
    n = (40, 1, 60, 25)
    rows = regions([1.0, 0.5, 0.9, 1.4], list(n), seed=2)
    found = degradation_tables(rows, "bare", DEGRADATION, MAIN, CONFIG)["sims_degradation"]
    (row,) = (r for r in found if (r["sample"], r["group"], r["weighting"]) == ("a", "polysulfide", "equal"))  # fmt: skip
    half = np.log(row["relative_degradation_ci_high"] / row["relative_degradation"])
    assert np.log(row["relative_degradation"] / row["relative_degradation_ci_low"]) == pytest.approx(half)  # fmt: skip
    expected = stats.norm.ppf(0.975) * SIGMA * (1 + 1 / n[0]) ** 0.5
    assert half == pytest.approx(expected, rel=0.12)


def test_the_pooled_scatter_is_the_planted_one_and_knows_its_freedom() -> None:
    rng = np.random.default_rng(4)
    samples = [rng.normal(m, SIGMA * m, n).tolist() for m, n in zip(np.geomspace(1, 50, 60).tolist(), [2, 3, 6] * 20, strict=True)]  # fmt: skip
    means = [mean_of_regions(v, [0.0] * len(v)) for v in samples]
    pooled = pooled_scatter([*means, Mean(3.0, None, 1), Mean(0.0, 0.0, 4, 0.0)])
    assert pooled is not None and pooled[1] == 20 * (1 + 2 + 5)
    assert pooled[0] == pytest.approx(SIGMA, rel=3 / (2 * pooled[1]) ** 0.5)
    one = mean_of_regions([2.0], [0.01], pooled)
    assert one.sd == pytest.approx(pooled[0] * 2.0) and one.n == pooled[1] + 1
    assert mean_of_regions([2.0], [0.7], pooled).sd == pytest.approx(0.7)  # counting alone is more


@pytest.mark.parametrize(("n", "expected"), [(2, 8.0 / 2**0.5), (40, 8.0 / (1 + 2 / 40))])
def test_a_region_is_off_by_as_many_standard_deviations_as_were_planted(
    n: int, expected: float
) -> None:
    """Of two regions the difference tells: 8 sigma is 8 / sqrt(2) standard deviations of it; of many the distance from the median."""
    rows = regions([1.0, 1.0], [60, n], seed=6, own=0.02)
    for r in rows:
        if (r["sample"], r["region"]) in (("a", "0"), ("a", "1")):
            r["normalised_intensity"] = 0.01 * np.exp(8 * SIGMA * int(str(r["region"])))
    judged = {(r["sample"], r["region"]): r for r in judge(rows, "bare", 4.5)}
    assert judged["a", "1"]["deviation_sd"] == pytest.approx(expected, rel=0.2)
    assert judged["a", "1"]["quality"] == "doubtful"
    weight = (4.5 / judged["a", "1"]["deviation_sd"]) ** 4
    assert judged["a", "1"]["region_weight"] == pytest.approx(1.0 if n == 2 else weight)
    bare = np.array([r["deviation_sd"] for (s, _), r in judged.items() if s == "bare"])
    assert np.sqrt(np.mean(bare**2)) == pytest.approx(1.0, rel=0.3)
