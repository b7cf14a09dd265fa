"""HyP3 interferograms (GAMMA and ISCE bursts) -> displacement, velocity, coherence, look.

Flow: GeoTIFFs of one product -> [here] -> stack.align.
Source: ASFHyP3/hyp3-docs, docs/guides/insar_product_guide.md: unw_phase in radians, positive away
from the satellite; los_disp in metres, positive toward it; lv_theta in radians from the
horizontal, lv_phi in radians from east, anticlockwise, both toward the satellite; zero is void.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import FileMissingError, ProductError
from fusionls.geo.raster_io import read_grid
from fusionls.layers.insar.line_of_sight import displacement_toward, los_from_look_vector
from fusionls.layers.spec import Plane
from fusionls.sources.insar.formula_source import FormulaSource, Planes, ReadPlane
from fusionls.sources.insar.interferograms import Pair, stacked_source
from fusionls.sources.insar.product import (
    SENTINEL_1_WAVELENGTH,
    TO_SATELLITE,
    check_points,
    check_same_grid,
    dates_of,
    finished,
    los_planes,
    raster_plane,
)
from fusionls.sources.source import Source

_PARTS = (
    'los_disp', 'unw_phase', 'corr', 'lv_theta', 'lv_phi', 'dem', 'water_mask', 'vert_disp',
    'inc_map', 'inc_map_ell', 'wrapped_phase', 'amp', 'conncomp',
)  # fmt: skip


def open_hyp3(
    file: Path,
    *,
    track: str | None = None,
    layers: Sequence[str] | None = None,
    water: bool = False,
    mask_below: float | None = None,
    reference: Mapping[str, Any] | str | None = None,
    los_points: str = TO_SATELLITE,
) -> tuple[Source, ...]:
    """A HyP3 InSAR product: its folder, or any of its GeoTIFFs.

    Displacement is ``los_disp`` where it is there, else that of ``unw_phase``; the velocity is
    the displacement over the time between the two images.

    Args:
        file: The folder or a GeoTIFF of it.
        track: Qualifier of all layers, such as ``asc``.
        layers: Layers wanted; all by default.
        water: Whether water is valid too (where there is a water mask).
        mask_below: Least coherence; below it the whole modality is invalid.
        reference: See product mintpy.
        los_points: ``to_ground`` where the look vector is that from satellite to ground.

    Raises:
        FileMissingError: There is no such file or folder.
        ProductError: It is no HyP3 product, or its files do not fit.
        InputError: Options that make no sense.
    """
    file = Path(file)
    check_points(file, los_points)
    parts = _parts(file)
    main = parts.get('los_disp') or parts.get('unw_phase')
    dates = dates_of(main) if main is not None else None
    if main is None or dates is None or dates[0] == dates[1]:
        raise ProductError(
            f'{file}: expected NAME_los_disp.tif or NAME_unw_phase.tif with two dates in NAME; '
            f'found {", ".join(sorted(p.name for p in parts.values())) or "no part of a product"}'
        )
    grid = read_grid(main)
    inputs: dict[str, ReadPlane] = {}
    for name in ('lv_theta', 'lv_phi', 'dem', 'water_mask'):
        if name in parts:
            check_same_grid(main, grid, parts[name], read_grid(parts[name]))
            inputs[name] = raster_plane(parts[name], zero_is_void=name.startswith('lv_'))
    made = []
    if 'lv_theta' in inputs and 'lv_phi' in inputs:
        made += ['insar_los_east', 'insar_los_north', 'insar_los_up']
    if 'dem' in inputs:
        made.append('insar_elevation')

    def displacement(plane: Plane) -> Plane:
        if 'los_disp' in parts:
            return plane
        return displacement_toward(plane[0], SENTINEL_1_WAVELENGTH).astype(np.float32), plane[1]

    def more(planes: Planes) -> Planes:
        found: Planes = {}
        if 'lv_theta' in planes and 'lv_phi' in planes:
            (theta, theta_valid), (phi, phi_valid) = planes['lv_theta'], planes['lv_phi']
            found |= los_planes(
                los_from_look_vector(theta, phi), theta_valid & phi_valid, los_points
            )
        if 'dem' in planes:
            found['insar_elevation'] = planes['dem']
        return found

    source = stacked_source(
        [Pair(dates, main, parts.get('corr'))],
        displacement,
        track=track,
        least_pairs=1,
        mask_below=mask_below,
        more_files=tuple(parts[name] for name in inputs),
        more_inputs=inputs,
        more_layers=made,
        more_formula=more,
        reference=reference,
        record={
            'product': 'hyp3',
            'read': 'los_disp' if 'los_disp' in parts else 'unw_phase',
            'positive': 'toward' if 'los_disp' in parts else 'away',
        },
    )
    if 'water_mask' in inputs and not water:
        source = _without_water(source)
    return finished(
        source, track=track, layers=layers, reference=None, incidence=None, heading=None
    )


def _without_water(source: FormulaSource) -> FormulaSource:
    """Invalid on water: the mask is 1 on land."""
    formula = source.formula

    def on_land(planes: Planes, shape: tuple[int, int]) -> Planes:
        land = planes['water_mask'][1] & (planes['water_mask'][0] > 0)
        return {n: (v, valid & land) for n, (v, valid) in formula(planes, shape).items()}

    return replace(source, formula=on_land)


def _parts(path: Path) -> dict[str, Path]:
    """Files of a product by what they hold."""
    if not path.exists():
        raise FileMissingError(f'{path}: no such file or folder; check the path and its spelling')
    if path.is_dir():
        stem, folder = '', path
    else:
        part = next((p for p in _PARTS if path.stem.endswith(f'_{p}')), None)
        if part is None:
            raise ProductError(
                f'{path}: is no part of a HyP3 product; expected a name that ends in '
                f'{", ".join(f"_{p}.tif" for p in _PARTS[:5])}, ...'
            )
        stem, folder = path.stem.removesuffix(f'_{part}'), path.parent
    found: dict[str, Path] = {}
    for candidate in sorted(folder.glob('*.tif')):
        for part in _PARTS:
            if candidate.stem.endswith(f'_{part}') and candidate.stem.startswith(stem):
                if part in found:
                    raise ProductError(
                        f'{folder}: holds several products ({found[part].name}, '
                        f'{candidate.name}); give a file of one'
                    )
                found[part] = candidate
    return found
