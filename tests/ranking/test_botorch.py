"""Surfaces and advice against BoTorch, an independent library; skipped where it is not installed (pip install botorch)."""

from __future__ import annotations

import numpy as np
import pytest
from coatbench.ranking.advice import knowledge_gradient
from coatbench.ranking.surface import LEVEL_SD, Kernel, Surface

REASON = "BoTorch is not installed (an optional check: pip install botorch; with torch for the CPU 1.2 GB)"
torch = pytest.importorskip("torch", reason=REASON)
botorch = pytest.importorskip("botorch", reason=REASON)

LENGTHS, HEIGHT, SHARE = np.array([0.3, 0.7]), 1.2, 0.4  # share of what two factors do together


@pytest.fixture(scope="module")
def both():
    """One surface of two factors at given lengths, made twice, with measured points and points to look at."""
    from botorch.models import SingleTaskGP
    from gpytorch import kernels, means

    rng = np.random.default_rng(5)
    x, points = rng.uniform(0, 1, (9, 2)), rng.uniform(0, 1, (14, 2))
    points = np.vstack([x, points])  # measured ones first
    sd = np.full(9, 0.2)
    y = np.sin(5 * x[:, 0]) + x[:, 1] + rng.normal(0, 0.2, 9)
    logit = np.log([SHARE / (1 - SHARE)])
    kernel = Kernel("smooth", np.log(LENGTHS)[None], np.log([HEIGHT]), logit)
    ours = Surface(x, y, sd, 0.0, 1.0, np.zeros(2, dtype=bool), (kernel,), np.ones(1))

    def scaled(inner, value: float):
        outer = kernels.ScaleKernel(inner)
        outer.outputscale = value
        return outer

    def along(i: int):
        found = kernels.MaternKernel(nu=2.5, active_dims=[i])
        found.lengthscale = LENGTHS[i]
        return found

    level = kernels.ConstantKernel()
    level.constant = torch.tensor([LEVEL_SD**2])
    covariance = (
        scaled(along(0), HEIGHT**2 * (1 - SHARE) / 2)
        + scaled(along(1), HEIGHT**2 * (1 - SHARE) / 2)
        + scaled(along(0) * along(1), HEIGHT**2 * SHARE)
        + level
    )
    tensor = {"dtype": torch.double}
    theirs = SingleTaskGP(
        torch.tensor(x, **tensor), torch.tensor(y[:, None], **tensor), torch.tensor(sd[:, None] ** 2, **tensor),
        covar_module=covariance.double(), mean_module=means.ZeroMean(), outcome_transform=None,
    )  # fmt: skip
    theirs.eval()
    return ours, theirs, points, torch.tensor(points, **tensor)


def test_posterior_agrees_with_botorch(both):
    ours, theirs, points, tensor = both
    mean, covariance = ours.posterior(ours.kernels[0], points)
    with torch.no_grad():
        found = theirs.posterior(tensor)
        assert np.allclose(mean, found.mean.numpy()[:, 0], atol=1e-5)
        assert np.allclose(covariance, found.distribution.covariance_matrix.numpy(), atol=1e-5)


def test_knowledge_gradient_agrees_with_fantasies_of_botorch(both):
    """What one more sample is worth, against 2048 results of it that BoTorch dreams up and conditions on."""
    from botorch.sampling import SobolQMCNormalSampler

    ours, theirs, points, tensor = both
    made, new = np.arange(9), range(9, len(points))
    mean, covariance = ours.posterior(ours.kernels[0], points)
    gain, gain_sd = knowledge_gradient(mean, covariance, 0.2**2, made)
    best = mean[made].max()
    with torch.no_grad():
        for k in new:
            sampler = SobolQMCNormalSampler(torch.Size([2048]), seed=1)
            dreamt = theirs.fantasize(tensor[k : k + 1], sampler)
            means = dreamt.posterior(tensor[[*made, k]]).mean[..., 0].numpy()
            rise = means.max(axis=1) - best
            # Both integrals stop somewhere: 15 nodes here, 2048 results there.
            assert gain[k] == pytest.approx(rise.mean(), abs=0.004), k
            assert gain_sd[k] == pytest.approx(rise.std(), abs=0.01), k
        assert gain[9:].max() > 0.05
