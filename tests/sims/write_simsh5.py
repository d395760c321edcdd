"""Write a region as SIMS-H5: ions sorted by flight time, then pixel; uncompressed, so that any HDF5 library reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

A, B = 0.38, -1.58  # sqrt(m / u) = A t / us + B


def write_simsh5(
    path: Path, pixel: np.ndarray, mass_u: np.ndarray, shape: tuple[int, int], *, frames: int = 1, polarity: str = "-",
    mode: str = "image_2d",
) -> None:  # fmt: skip
    """Write ions: flat pixel numbers (frame, y, x with the lowest row first) and masses, (n,) each."""
    import h5py

    ps = np.rint((np.sqrt(mass_u) - B) / A * 1e6).astype(np.uint32)
    keys, counts = np.unique(np.column_stack([ps, pixel]), axis=0, return_counts=True)
    bins, starts = np.unique(keys[:, 0], return_index=True)
    with h5py.File(path, "w") as file:
        file.attrs.update(
            format="tof-sims-sparse-hdf5",
            format_version="0.1",
            acquisition_mode=mode,
            polarity=polarity,
        )
        group = file.create_group("data/mass_csr")
        group.attrs["mass_bin_width_ps"] = 1
        group["mass_bin"] = bins.astype(np.uint32)
        group["indptr"] = np.append(starts, len(keys)).astype(np.uint64)
        group["pixel_id"] = keys[:, 1].astype(np.uint32)
        group["count"] = np.minimum(counts, 255).astype(np.uint8)
        large = np.flatnonzero(counts > 255)
        if large.size:
            group["count_exceptions/nnz_index"] = large
            group["count_exceptions/value"] = counts[large]
        file["calibration/mass/coefficients"] = np.array([A, B])
        file.create_group("geometry").attrs["row_shape"] = [frames, *shape]
