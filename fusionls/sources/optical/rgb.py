"""A plain colour image (aerial photo, drone mosaic, visual product) -> counts by colour.

Flow: a georeferenced raster of 8 or 16 bits -> [here] -> stack.align.
Differs: a pixel is nodata where all colours hold the declared value. GDAL takes each band for
itself, and so makes a hole of every bright place of an image that declares 255.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import BandCountError, InputError, ProductError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.geo.window import Window
from fusionls.quantities import Quantity
from fusionls.sources.optical.bands import qualified
from fusionls.sources.source import Source

COLOURS = {'r': 'optical_red', 'g': 'optical_green', 'b': 'optical_blue', 'n': 'optical_nir'}
SKIP = '-'
_INTERPRETED = {'red': 'r', 'green': 'g', 'blue': 'b', 'nir': 'n'}
_COUNTS = Quantity('digital_number')


@dataclass(frozen=True)
class ColourImage(Source):
    """Colours of one raster.

    Attributes:
        path: The file.
        grid: Where the pixels are.
        bands: Band number by layer.
        nodata: Value that means nodata where all colours hold it; None for none.
        alpha: Band number of the opacity; None for none.
        use_mask: Whether the file's own mask band counts.
        record: What the file said of itself.
    """

    path: Path
    grid: Grid
    bands: Mapping[str, int]
    nodata: float | None
    alpha: int | None
    use_mask: bool
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def quantities(self) -> dict[str, Quantity]:  # type: ignore[override]
        """Counts of each colour."""
        return dict.fromkeys(self.bands, _COUNTS)

    def read(self, window: Window | None = None) -> tuple[FloatArray, BoolArray]:
        """See :class:`Source`."""
        numbers = [*self.bands.values(), *([self.alpha] if self.alpha else [])]
        with opened(self.path) as dataset:
            values, valid = read_bands(dataset, numbers, window, use_mask=self.use_mask)
        colours = len(self.bands)
        known = valid[:colours].all(axis=0)
        if self.alpha:
            known &= values[colours] > 0
        if self.nodata is not None:
            known &= (values[:colours] != np.float32(self.nodata)).any(axis=0)
        sound = np.broadcast_to(known, (colours, *known.shape)).copy()
        return np.where(sound, values[:colours], np.float32(0)), sound


def open_rgb(
    file: Path,
    *,
    order: str | None = None,
    qualifier: str | None = None,
    ignore_nodata: bool = False,
    nodata: float | None = None,
) -> tuple[Source, ...]:
    """A colour image, in counts as delivered.

    Args:
        file: The raster.
        order: Its bands by letter: ``rgb``, ``bgr``, ``rgbn`` (near infrared), ``-`` skips one;
            an opacity band is not named. By default as the file says of itself.
        qualifier: End of the layer names: ``post`` gives ``optical_red_post``.
        ignore_nodata: The nodata the file declares is a real value everywhere.
        nodata: Value that means nodata where all colours hold it, in place of the declared one.

    Raises:
        ProductError: Nothing says which band is which colour.
        BandCountError: ``order`` names another number of bands than there are.
        InputError: An option makes no sense.
    """
    suffix = qualified(file, qualifier)
    with opened(file) as dataset:
        grid = grid_of(dataset)
        said = [interpretation.name for interpretation in dataset.colorinterp]
        declared, dtype = dataset.nodata, str(dataset.dtypes[0])
    if 'palette' in said:
        raise ProductError(
            f'{file}: holds numbers of a palette, not colours; expand it: '
            'gdal_translate -expand rgb FILE RGB.tif'
        )
    alpha = said.index('alpha') + 1 if 'alpha' in said else None
    numbers = [number for number in range(1, len(said) + 1) if number != alpha]
    letters = _letters(file, order, [said[number - 1] for number in numbers])
    bands = {
        f'{COLOURS[letter]}{suffix}': number
        for letter, number in zip(letters, numbers, strict=True)
        if letter != SKIP
    }
    value = nodata if nodata is not None else None if ignore_nodata else declared
    record = {
        'product': f'colour image, {dtype}',
        'order': letters,
        'nodata_declared': _plain(declared),
        'nodata_used': _plain(value),
        'opacity_band': alpha,
    }
    # a mask that only repeats the declared nodata would take each band for itself
    use_mask = declared is None and alpha is None
    return (ColourImage(file, grid, bands, value, alpha, use_mask, record),)


def _plain(value: float | None) -> float | str | None:
    """A number as JSON can hold it."""
    return value if value is None or math.isfinite(value) else str(value)


def _letters(file: Path, order: str | None, said: Sequence[str]) -> str:
    """The order of the bands, opacity left out."""
    if order is None:
        letters = ''.join(_INTERPRETED.get(name, SKIP) for name in said)
        if not set('rgb') <= set(letters) or _twice(letters):
            raise ProductError(
                f'{file}: says of its {len(said)} bands that they are {", ".join(said)}, and '
                'their order is not guessed; say it: order: rgb or order: bgr'
            )
        return letters
    letters = str(order).lower()
    if not letters.strip(SKIP) or not set(letters) <= {*COLOURS, SKIP} or _twice(letters):
        raise InputError(
            f'{file}: order is {order!r}; expected each of the letters r, g, b, n once at most, '
            'and - for a band to skip'
        )
    if len(letters) != len(said):
        raise BandCountError(
            f'{file}: holds {len(said)} bands beside opacity, but order {order!r} names '
            f'{len(letters)}; - skips a band'
        )
    return letters


def _twice(letters: str) -> bool:
    named = letters.replace(SKIP, '')
    return len(set(named)) < len(named)
