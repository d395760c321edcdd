"""Simulate ToF-SIMS regions of cycled composite cathodes: grains, voids, scatter between regions, counting noise.

Every pixel draws its ions from a mixture of fragments. A fragment's mean share in a region is the reference's share times
the planted factor of its group times the scatter of that region; within the region it follows the grains.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .write_bif6 import Interval, write_bif6
from .write_grd import write_grd
from .write_surfacelab import write_surfacelab

# Fragment: label in SurfaceLab, m/z in u (atomic masses and the electron), group, share of all ions of a composite
# cathode with uncoated material. The shares are plausible, not measured.
FRAGMENTS: dict[str, tuple[str, float, str, float]] = {
    "O": ("O-", 15.995463, "oxide", 0.080),
    "OH": ("OH-", 17.003288, "oxide", 0.035),
    "S": ("S-", 31.972620, "electrolyte", 0.060),
    "Cl": ("Cl-", 34.969401, "electrolyte", 0.070),
    "PO": ("PO-", 46.969225, "phosphite_phosphate", 0.006),
    "PS": ("PS-", 62.946382, "electrolyte", 0.020),
    "PO2": ("PO_2-", 62.964140, "phosphite_phosphate", 0.022),
    "S2": ("S_2-", 63.944691, "polysulfide", 0.024),
    "SO2": ("SO_2-", 63.962449, "sulfite_sulfate", 0.014),
    "POS": ("POS-", 78.941296, "thiophosphate_oxygenated", 0.012),
    "PO3": ("PO_3-", 78.959054, "phosphite_phosphate", 0.026),
    "SO3": ("SO_3-", 79.957364, "sulfite_sulfate", 0.016),
    "LiPO3": ("LiPO_3-", 85.975058, "phosphite_phosphate", 0.005),
    "LiSO3": ("LiSO_3-", 86.973367, "sulfite_sulfate", 0.005),
    "NiO2": ("NiO_2-", 89.925720, "oxide", 0.018),
    "PS2": ("PS_2-", 94.918453, "electrolyte", 0.026),
    "PO2S": ("PO_2S-", 94.936211, "thiophosphate_oxygenated", 0.011),
    "S3": ("S_3-", 95.916762, "polysulfide", 0.010),
    "SO4": ("SO_4-", 95.952278, "sulfite_sulfate", 0.006),
    "POS2": ("POS_2-", 110.913368, "thiophosphate_oxygenated", 0.009),
    "PS3": ("PS_3-", 126.890524, "electrolyte", 0.018),
    "S4": ("S_4-", 127.888833, "polysulfide", 0.006),
    "POS3": ("POS_3-", 142.885439, "thiophosphate_oxygenated", 0.007),
    "S5": ("S_5-", 159.860904, "polysulfide", 0.005),
}
# Ions that are in the total and in no image: m/z in u and share among them.
OTHER_IONS = {13.008374: 0.10, 18.998952: 0.45, 24.000549: 0.15, 25.008374: 0.2, 69.938254: 0.1}

SETTINGS: dict[str, Any] = {
    "raster_px": {
        "bif6": 128,
        "ascii": 64,
        "grd": 256,
    },  # of the exported images; 256 is the measured raster
    "ions_per_pixel": {"bif6": 120.0, "ascii": 480.0, "grd": 2.5},
    "field_of_view_um": 150.0,
    "grain_um": 9.0,  # size of the structures
    "common_scatter": 0.7,  # share of the variance between regions that all fragments of a region have in common
    "balanced": True,  # scale the scatter so that its mean over a sample's regions is exactly 1
    "shots_per_raster_point": 14,
    "mass_error_ppm": 15.0,  # of the centres of intervals
    "mass_spread_ppm": 20.0,  # standard deviation of the mass of single ions in event lists, cut at 2.5
    # Troubles; `samples: {sample: {...}}` sets any of these for one sample.
    "mass_shift_ppm": 0.0,  # of all centres of intervals, and of all ions of an event list: a stale calibration
    "dusty_region": "",  # id of a region that holds `dust_factor` times the degradation products
    "dust_factor": 8.0,
    "listed_partners": [],  # fragments in whose place the interval list has the ion with one hydrogen more (or HPO4, HPS2)
    "isotopologues": False,  # ions with one 33S or 6Li count as the fragment 11 or 30 ppm away (33S of PS2 as S3)
    "hydrogen_share": 0.0,  # ions with one hydrogen more per ion of the parent; within the interval of the fragment 99 ppm away
    "polarity": "Negative",  # what the properties of an event list say
}
PARTNERS = {
    "SO4": 95.961796,
    "S3": 95.926278,
    "S4": 127.898349,
    "LiSO3": 86.982883,
}  # HPO4, HPS2, HPS3, HLiPO3: m/z in u
# Image that an isotopologue is counted in: its parent, and 33S ions per ion of the parent (0.79 % per sulfur).
ISOTOPOLOGUES = {
    "S3": ("PS2", 2 * 0.0075 / 0.9499),
    "S4": ("PS3", 3 * 0.0075 / 0.9499),
    "LiPO3": ("LiSO3", 0.0759 / 0.9241),  # 6Li
}
HYDROGEN = {"S3": "PS2", "S4": "PS3", "LiSO3": "LiPO3"}  # HPS2 counts as S3
SCALE_FACTOR, OFFSET, UPPER_MASS_U = 32982.7, -398.7, 880.0


def simulate(
    sample: str,
    rows: list[dict[str, str]],
    folder: Path,
    truth: dict[str, float],
    settings: dict[str, Any],
    seed: int,
) -> None:
    """Write the regions of one sample: `.bif6` and `.grd` files, anything else as a folder of ASCII images.

    Truth: `sims.relative.<group>` for each group, `sims.empty_pixel_fraction`, `sims.region_cv`. The setting `sims` overrides
    `SETTINGS`.
    """
    stated = settings.get("sims", {})
    options = SETTINGS | stated | stated.get("samples", {}).get(sample, {})
    generators = [
        np.random.default_rng([seed, zlib.crc32(f"{sample}/{row['region']}".encode())])
        for row in rows
    ]
    scatter = region_scatter(generators, truth["sims.region_cv"], options)
    for row, rng, factor in zip(rows, generators, scatter, strict=True):
        path = folder / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = {".bif6": "bif6", ".grd": "grd"}.get(path.suffix, "ascii")
        dust = options["dust_factor"] if row["region"] == str(options["dusty_region"]) else 1.0
        counts, total = region_counts(
            rng, dusty(shares(truth) * factor, dust), truth["sims.empty_pixel_fraction"],
            int(options["raster_px"][kind]), float(options["ions_per_pixel"][kind]), options,
        )  # fmt: skip
        if kind == "bif6":
            write_bif6(path, _intervals(counts, total, options))
        elif kind == "ascii":
            # Ids are not contiguous in SurfaceLab's exports.
            images = {
                3 + 2 * i: (f[0], c)
                for i, (f, c) in enumerate(zip(FRAGMENTS.values(), counts, strict=True))
            }
            name = row.get("measurement") or f"{sample}_{row['region']}"
            write_surfacelab(path, name, {0: ("total", total)} | images)
        else:
            write_grd(
                path, _events(rng, counts, total, options), resolution_px=total.shape[0],
                field_of_view_m=options["field_of_view_um"] * 1e-6, scale_factor=SCALE_FACTOR,
                offset=OFFSET, upper_mass_u=UPPER_MASS_U, scans=options["shots_per_raster_point"],
                polarity=options["polarity"],
            )  # fmt: skip


def shares(truth: dict[str, float]) -> np.ndarray:
    """Return each fragment's mean share of all ions in a sample; (fragment,)."""
    return np.array(
        [
            share * truth.get(f"sims.relative.{group}", 1.0)
            for _, _, group, share in FRAGMENTS.values()
        ]
    )


def dusty(share: np.ndarray, factor: float) -> np.ndarray:
    """Return shares with `factor` times the degradation products, all together no more than before."""
    degraded = np.array([g not in ("oxide", "electrolyte") for _, _, g, _ in FRAGMENTS.values()])
    more = np.where(degraded, factor, 1.0) * share
    return share if factor == 1 else more / (1 + more.sum() - share.sum())


def region_scatter(
    generators: list[np.random.Generator], cv: float, options: dict[str, Any]
) -> np.ndarray:
    """Return a lognormal factor per region and fragment with coefficient of variation `cv`; (region, fragment)."""
    variance = np.log1p(cv**2)
    common = np.sqrt(variance * options["common_scatter"])
    own = np.sqrt(variance * (1 - options["common_scatter"]))
    factors = np.exp(
        [common * g.standard_normal() + own * g.standard_normal(len(FRAGMENTS)) for g in generators]
    ) * np.exp(-variance / 2)
    # Then a sample's truth is what was planted, not what fourteen draws happened to give.
    return factors / factors.mean(axis=0) if options["balanced"] else factors


def region_counts(
    rng: np.random.Generator, share: np.ndarray, empty: float, raster_px: int,
    ions_per_pixel: float, options: dict[str, Any],
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Draw the counts of a region: (fragment, y, x) and the total (y, x)."""
    size_px = options["grain_um"] / options["field_of_view_um"] * raster_px
    grain, void, relief = (_field(rng, raster_px, size_px * s) for s in (1.0, 0.6, 0.3))
    filled = void >= np.quantile(void, empty)
    particle = 1 / (1 + np.exp(-6 * grain))  # 1 in cathode particles, 0 in the electrolyte
    boundary = 4 * particle * (1 - particle)  # 1 where they meet, and react
    pattern = {"oxide": 0.5 + particle, "electrolyte": 1.5 - particle}
    expected = np.where(filled, ions_per_pixel * np.exp(0.25 * relief), 0.0)
    counts = np.zeros((len(share), raster_px, raster_px), np.uint32)
    left = np.ones_like(expected)
    for i, (_, _, group, _) in enumerate(FRAGMENTS.values()):
        shape = pattern.get(group, 0.6 + 0.8 * boundary)
        local = (
            share[i] * shape / shape[filled].mean()
        )  # its mean over pixels with ions is the share
        left -= local
        counts[i] = rng.poisson(expected * local)
    names = list(FRAGMENTS)
    for name, parent in HYDROGEN.items():
        if options["hydrogen_share"]:
            more = rng.poisson(counts[names.index(parent)] * options["hydrogen_share"])
            counts[names.index(name)] += more.astype(np.uint32)
    if options["isotopologues"]:
        for name, (parent, ratio) in ISOTOPOLOGUES.items():
            counts[names.index(name)] += rng.poisson(counts[names.index(parent)] * ratio).astype(
                np.uint32
            )
    if left.min() <= 0:
        raise ValueError("the fragments' shares add up to more than all ions")
    other = rng.poisson(expected * left).astype(np.uint32)
    return counts, counts.sum(axis=0, dtype=np.uint32) + other


def _field(rng: np.random.Generator, size: int, length_px: float) -> np.ndarray:
    """Return smooth Gaussian noise of mean 0 and variance 1 with this correlation length."""
    frequency = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.rfftfreq(size)[None, :] ** 2
    noise = np.fft.rfft2(rng.standard_normal((size, size)))
    field = np.fft.irfft2(
        noise * np.exp(-2 * (np.pi * length_px / 2) ** 2 * frequency), s=(size, size)
    )
    return (field - field.mean()) / field.std()


def _intervals(counts: np.ndarray, total: np.ndarray, options: dict[str, Any]) -> list[Interval]:
    nan = float("nan")
    intervals: list[Interval] = [(0, (nan, nan, nan), total)]
    shift, error = options["mass_shift_ppm"], options["mass_error_ppm"]
    for i, (name, (_, mass, _, _)) in enumerate(FRAGMENTS.items()):
        listed = PARTNERS[name] if name in options["listed_partners"] else mass
        centre = listed * (1 + (shift + error * (-1) ** i) * 1e-6)
        limits = (centre, centre * (1 - 130e-6), centre * (1 + 130e-6))
        intervals.append((i + 1 + i // 4, limits, counts[i]))
    return intervals


def _events(
    rng: np.random.Generator, counts: np.ndarray, total: np.ndarray, options: dict[str, Any]
) -> np.ndarray:
    """Return one row per ion, in the order of the scans: scan, shot, x, y, channel."""
    other = total - counts.sum(axis=0, dtype=np.uint32)
    where, masses = [], []
    for image, mass in zip(
        [*counts, other], [*(f[1] for f in FRAGMENTS.values()), None], strict=True
    ):
        pixel = np.repeat(np.arange(image.size), image.ravel())
        where.append(pixel)
        if mass is None:
            masses.append(rng.choice(list(OTHER_IONS), pixel.size, p=list(OTHER_IONS.values())))
        else:
            masses.append(np.full(pixel.size, mass))
    pixel, mass_u = np.concatenate(where), np.concatenate(masses)
    spread = np.clip(rng.standard_normal(pixel.size), -2.5, 2.5) * options["mass_spread_ppm"] * 1e-6
    spread += options["mass_shift_ppm"] * 1e-6
    channel = SCALE_FACTOR * np.sqrt(mass_u * (1 + spread)) + OFFSET
    scan = rng.integers(0, options["shots_per_raster_point"], pixel.size)
    y, x = np.divmod(pixel, total.shape[1])
    events = np.column_stack([scan, np.zeros_like(scan), x, y, np.rint(channel)]).astype(np.uint32)
    return events[np.lexsort((rng.random(pixel.size), scan))]
