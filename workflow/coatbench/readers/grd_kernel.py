"""The compiled loop that bins the events of a GRD file."""

from __future__ import annotations

import numpy as np

from ..jit import compiled


@compiled
def bin_events(events: np.ndarray, lookup: np.ndarray, counts: np.ndarray, last: np.ndarray) -> int:
    """Add events to their images.

    Parameters
    ----------
    events : numpy.ndarray
        (n, 5) uint32: scan, shot, x, y, channel.
    lookup : numpy.ndarray
        uint16: channel -> image; the last one stands for all channels beyond.
    counts : numpy.ndarray
        (y, x, image) uint32; added to.
    last : numpy.ndarray
        Two uint32: highest scan and shot so far.

    Returns
    -------
    int
        The first event off the raster, or -1.
    """
    ny, nx = np.uint32(counts.shape[0]), np.uint32(counts.shape[1])
    beyond = np.uint32(lookup.size - 1)
    scan, shot = last[0], last[1]
    for i in range(events.shape[0]):
        x = events[i, 2]
        y = events[i, 3]
        if x >= nx or y >= ny:
            return i
        counts[y, x, lookup[min(events[i, 4], beyond)]] += np.uint32(1)
        scan = max(scan, events[i, 0])
        shot = max(shot, events[i, 1])
    last[0] = scan
    last[1] = shot
    return -1
