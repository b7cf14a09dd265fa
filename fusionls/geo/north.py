"""Placeholder of the alignment helper: replace whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusionls.geo.grid import Grid
from fusionls.geo.raster import FloatArray
from fusionls.geo.window import Window
from fusionls.quantities import Kind


def north_turn(source: Grid, source_north_is_true: bool, target: Grid, window: Window) -> Any:
    """Degrees (h, w)."""
    return np.zeros((window.height, window.width))


def turned_north(
    values: FloatArray, kinds: Sequence[Kind], names: Sequence[str], angle: Any
) -> FloatArray:
    """Values as they are."""
    return values
