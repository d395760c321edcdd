"""The compiled loop that bins the events of a GRD file."""

from __future__ import annotations

import numpy as np

from ..jit import compiled


@compiled
def bin_events(
    events: np.ndarray,
    lookup: np.ndarray,
    counts: np.ndarray,
    total: np.ndarray,
    last: np.ndarray,
) -> int:
    """Add events to their images.

    Parameters
    ----------
    events : numpy.ndarray
        (n, 5) uint32: scan, shot, x, y, channel.
    lookup : numpy.ndarray
        int16: channel -> window, or -1.
    counts : numpy.ndarray
        (window, y, x) uint32; added to.
    total : numpy.ndarray
        (y, x) uint32; added to.
    last : numpy.ndarray
        Two uint32: highest scan and shot so far.

    Returns
    -------
    int
        The first event off the raster, or -1.
    """
    ny, nx = total.shape
    channels = lookup.size
    for i in range(events.shape[0]):
        x = events[i, 2]
        y = events[i, 3]
        if x >= nx or y >= ny:
            return i
        total[y, x] += 1
        channel = events[i, 4]
        if channel < channels:
            window = lookup[channel]
            if window >= 0:
                counts[window, y, x] += 1
        if events[i, 0] > last[0]:
            last[0] = events[i, 0]
        if events[i, 1] > last[1]:
            last[1] = events[i, 1]
    return -1
