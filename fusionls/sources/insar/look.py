"""Placeholder of the InSAR points helper: replace whole."""

from __future__ import annotations

from pathlib import Path

from fusionls.geo.grid import Grid
from fusionls.sources.source import Source


def constant_look(
    path: Path, grid: Grid, incidence: float, heading: float, track: str | None
) -> Source:
    """To come."""
    raise NotImplementedError
