"""The data that every header reader works on: some frames' columns by name, and where the next header of each begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.gather import I64

Chunk = dict[str, NDArray[np.generic]]
"""Columns of some frames, by name."""
Inner = tuple[I64, I64, I64]
"""Rows of a chunk, where the network header of each begins, and its EtherType."""
