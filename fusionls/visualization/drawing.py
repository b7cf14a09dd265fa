"""What all pictures share: stretches, colours, and a PNG that is whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fusionls.errors import InputError
from fusionls.geo.raster import FloatArray
from fusionls.geo.raster_io import written_whole

NO_DATA = '#d9d9d9'
TRUTH, PREDICTION = '#00e5ff', '#e6001f'
RGB = ('optical_red', 'optical_green', 'optical_blue')
STRETCH = (2.0, 98.0)  # percentiles shown as black and white


def limits(image: FloatArray) -> tuple[float, float]:
    """Values to show as darkest and brightest: percentiles of what is finite."""
    finite = image[np.isfinite(image)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, STRETCH)
    return float(low), float(high if high > low else low + 1)


def stretched(band: FloatArray) -> FloatArray:
    """Scale a band to 0 .. 1 between its percentiles; NaN stays."""
    low, high = limits(band)
    return np.clip((band - low) / (high - low), 0, 1)


def with_opacity(colour: FloatArray) -> FloatArray:
    """(H, W, 4) of (H, W, 3): transparent where a band is NaN."""
    opaque = np.isfinite(colour).all(axis=-1, keepdims=True)
    return np.concatenate([np.nan_to_num(colour), opaque], axis=-1)


def png_path(out: str | Path) -> Path:
    """The path of a picture to write.

    Raises:
        InputError: It is no PNG.
    """
    out = Path(out)
    if out.suffix.lower() != '.png':
        raise InputError(f'{out}: the picture is a PNG; name it .png')
    return out


def save_png(figure: Figure, out: str | Path, title: str = '') -> Path:
    """Write a figure, whole or not at all.

    Raises:
        InputError: ``out`` is no PNG.
        OutputError: Writing failed.
    """
    out = png_path(out)
    if title:
        figure.suptitle(title)
    FigureCanvasAgg(figure)
    with written_whole(out) as beside:
        figure.savefig(beside, format='png', facecolor='white')
    return out
