"""LiCSAR frames: interferograms, coherence and look vectors -> velocity and line of sight.

Flow: GeoTIFFs of a frame -> [here] -> stack.align.
Source: COMET-LiCS product description and LiCSBAS (yumorishita/LiCSBAS, Morishita et al. 2020,
Remote Sens. 12, 424), which takes displacement as -lambda / 4 pi times the phase; E, N and U are
components of the unit vector from the ground to the satellite; zero is void; coherence is 0 to
255 as bytes, 0 to 1 as floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import FileMissingError, ProductError
from fusionls.geo.raster_io import read_grid
from fusionls.layers.insar.line_of_sight import displacement_toward
from fusionls.layers.spec import Plane
from fusionls.sources.insar.formula_source import Planes, ReadPlane
from fusionls.sources.insar.interferograms import found_pairs, stacked_source
from fusionls.sources.insar.look import LOS_LAYERS
from fusionls.sources.insar.product import (
    SENTINEL_1_WAVELENGTH,
    TO_SATELLITE,
    check_points,
    check_same_grid,
    cosine_planes,
    finished,
    raster_plane,
)
from fusionls.sources.source import Source


def open_licsar(
    file: Path,
    *,
    track: str | None = None,
    layers: Sequence[str] | None = None,
    least_pairs: int = 3,
    mask_below: float | None = None,
    reference: Mapping[str, Any] | str | None = None,
    los_points: str = TO_SATELLITE,
) -> tuple[Source, ...]:
    """A folder of a LiCSAR frame, searched with its sub-folders, stacked to a velocity.

    Args:
        file: Folder with DATE_DATE.geo.unw.tif, DATE_DATE.geo.cc.tif and FRAME.geo.E.tif, .N, .U,
            .hgt.
        track: Qualifier of all layers, such as ``asc``.
        layers: Layers wanted; all by default.
        least_pairs: Pairs that must be valid in a pixel.
        mask_below: Least mean coherence; below it the whole modality is invalid.
        reference: See product mintpy.
        los_points: ``to_ground`` where E, N, U point from satellite to ground.

    Raises:
        FileMissingError: There is no such folder.
        ProductError: It holds no interferogram, or its files do not fit.
        InputError: Options that make no sense.
    """
    folder = Path(file)
    check_points(folder, los_points)
    if not folder.is_dir():
        raise FileMissingError(f'{folder}: no such folder; expected that of a LiCSAR frame')
    phases = sorted(folder.rglob('*.geo.unw.tif'))
    if not phases:
        raise ProductError(
            f'{folder}: holds no DATE_DATE.geo.unw.tif; found '
            f'{len(list(folder.rglob("*.tif")))} other GeoTIFFs'
        )
    pairs = found_pairs([*phases, *sorted(folder.rglob('*.geo.cc.tif'))])
    first = pairs[0].phase
    inputs: dict[str, ReadPlane] = {}
    files: list[Path] = []
    for way in 'ENU':
        there = sorted(folder.rglob(f'*.geo.{way}.tif'))
        if there:
            check_same_grid(first, read_grid(first), there[0], read_grid(there[0]))
            inputs[way] = raster_plane(there[0], zero_is_void=False)
            files.append(there[0])
    if 0 < len(inputs) < 3:
        raise ProductError(f'{folder}: of the look vector only {", ".join(inputs)} is there')
    made = [*LOS_LAYERS] if inputs else []
    heights = sorted(folder.rglob('*.geo.hgt.tif'))
    if heights:
        check_same_grid(first, read_grid(first), heights[0], read_grid(heights[0]))
        inputs['height'] = raster_plane(heights[0])
        files.append(heights[0])
        made.append('insar_elevation')

    def displacement(plane: Plane) -> Plane:
        return displacement_toward(plane[0], SENTINEL_1_WAVELENGTH).astype(np.float32), plane[1]

    def more(planes: Planes) -> Planes:
        found: Planes = {}
        if 'E' in planes:
            found |= cosine_planes([planes[way] for way in 'ENU'], los_points)
        if 'height' in planes:
            found['insar_elevation'] = planes['height']
        return found

    source = stacked_source(
        pairs,
        displacement,
        track=track,
        least_pairs=least_pairs,
        mask_below=mask_below,
        more_files=tuple(files),
        more_inputs=inputs,
        more_layers=made,
        more_formula=more,
        reference=reference,
        record={'product': 'licsar', 'positive': 'away', 'wavelength': SENTINEL_1_WAVELENGTH},
    )
    return finished(
        source, track=track, layers=layers, reference=None, incidence=None, heading=None
    )
