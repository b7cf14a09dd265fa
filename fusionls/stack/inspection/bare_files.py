"""Files as they lie in a folder, without a word about what they hold.

Flow: files -> [here] -> inspection.findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rasterio.io import DatasetReader

from fusionls.errors import FileMissingError, FusionlsError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.geo.raster_io import grid_of, opened, read_bands
from fusionls.geo.window import Window
from fusionls.layers.catalog import stem_of
from fusionls.stack.base_grid import utm_code
from fusionls.stack.inspection.facts import facts_of, stored_text
from fusionls.stack.inspection.findings import Finding, Inspection, Severity
from fusionls.stack.inspection.meaning import band_findings, range_findings, steepness_findings
from fusionls.stack.inspection.motion import motion_findings
from fusionls.stack.inspection.pixels import declared_findings, pixel_findings
from fusionls.stack.inspection.roles import colour_order, guessed_role, likeliest_nir
from fusionls.stack.inspection.together import Placed, ground_pixel, together_findings
from fusionls.stack.sample import Sample

RASTERS = frozenset(
    {'.tif', '.tiff', '.asc', '.vrt', '.jp2', '.img', '.png', '.jpg', '.bil', '.hgt'}
)
PRODUCTS = {
    '.las': 'lidar', '.laz': 'lidar', '.h5': 'mintpy or licsbas', '.he5': 'mintpy',
    '.csv': 'egms or stamps',
}  # fmt: skip
"""Suffixes of what is no raster, and the products that read it."""
VECTORS = frozenset({'.gpkg', '.shp', '.geojson', '.parquet'})

_FETCH = 'Fetch the file again, or leave it out.'


def inspect_files(paths: Sequence[str | Path]) -> Inspection:
    """Look at rasters, alone and together; folders stand for the files in them.

    Args:
        paths: Files and folders.

    Raises:
        FileMissingError: There is no such file or folder, or a folder holds nothing of use.
    """
    files = list(_files([Path(path) for path in paths]))
    once = Counter(path.name for path in files)
    names = {p: p.name if once[p.name] == 1 else f'{p.parent.name}/{p.name}' for p in files}
    inspection = Inspection()
    placed: list[Placed] = []
    for path in files:
        kind = path.suffix.lower()
        if kind in PRODUCTS or kind in VECTORS:
            inspection.add([_named_only(names[path], path, kind)])
            continue
        found = _look(path, names[path], inspection)
        if found is not None:
            placed.append(found)
    # what others are compared with: an image, else ground, else what comes first
    order = ('optical', 'terrain_elevation')
    rank = {role: index for index, role in enumerate(order)}
    placed.sort(key=lambda p: rank.get(p.role, len(order)))
    inspection.add(list(together_findings(placed)))
    return inspection


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    known = RASTERS | PRODUCTS.keys() | VECTORS
    for path in paths:
        if not path.exists():
            raise FileMissingError(f'{path}: no such file or folder; check the path')
        if not path.is_dir():
            yield path
            continue
        inside = [p for p in sorted(path.rglob('*')) if p.suffix.lower() in known]
        if not inside:
            raise FileMissingError(
                f'{path}: holds no file that could be inspected; known: {", ".join(sorted(known))}'
            )
        yield from inside


def _named_only(subject: str, path: Path, kind: str) -> Finding:
    if kind in VECTORS:
        how = (
            f'landslides: {{file: {path.name}}} of a scene description, or lines as a source: '
            f'{{product: line_distance, file: {path.name}}}'
        )
    else:
        how = f'a source of a scene description: {{product: {PRODUCTS[kind]}, file: {path.name}}}'
    return Finding(
        Severity.NOTE, subject, 'kind', 'no raster', f'Name it as {how}, and inspect that.'
    )


def _look(path: Path, subject: str, inspection: Inspection) -> Placed | None:
    """Look at one raster; None where it cannot be placed or read."""
    try:
        with opened(path) as dataset:
            grid = grid_of(dataset)
            sample = _sampled(subject, dataset, grid)
            role = guessed_role(path.stem, sample)
            named = replace(sample, bands=_layer_names(role, dataset))
            inspection.facts.append(facts_of(sample, role or '?', stored_text(dataset)))
            inspection.add(list(declared_findings(dataset, sample)))
            described = dataset.descriptions
            inspection.add(list(_unit_findings(subject, dataset, role)))
    except FusionlsError as error:
        text, _, cure = str(error).removeprefix(f'{path}: ').partition('. ')
        inspection.add([Finding(Severity.ERROR, subject, 'file', text, cure or _FETCH)])
        return None
    inspection.add(list(place_findings(subject, grid)))
    inspection.add(list(pixel_findings(sample)))
    inspection.add(list(range_findings(named)))
    inspection.add(list(motion_findings(named)))
    inspection.add(list(steepness_findings(named, ground_pixel(grid))))
    if role == 'optical':
        if not any(described):
            inspection.add(list(_order(named)))
        inspection.add(list(band_findings(named)))

    def read(window: Window) -> tuple[FloatArray, BoolArray]:
        with opened(path) as again:
            return read_bands(again, again.indexes[:3], window)

    return Placed(subject, grid, role, read, min(len(sample.bands), 3))


def _sampled(subject: str, dataset: DatasetReader, grid: Grid) -> Sample:
    bands = [f'band {i}' for i in dataset.indexes]
    return Sample.of(subject, grid, bands, lambda w: read_bands(dataset, dataset.indexes, w))


def _layer_names(role: str, dataset: DatasetReader) -> tuple[str, ...]:
    """Layer of each band: as the role says of one band, as the descriptions say of several."""
    if dataset.count == 1:
        return (role,)
    return tuple(text or f'band {i}' for i, text in enumerate(dataset.descriptions, start=1))


def place_findings(subject: str, grid: Grid) -> Iterator[Finding]:
    """What is to be known of a grid before it can be a base grid."""
    if not grid.crs.is_projected:
        ground = ground_pixel(grid)
        pixel = '' if ground is None else f', pixel: {min(ground):.3g}'
        yield Finding(
            Severity.NOTE,
            subject,
            'grid',
            'counts in degrees: read at any pixel, but no base grid of a scene',
            f'As the first source say grid: {{crs: {utm_code(grid)}{pixel}}}.',
        )
    elif abs(grid.pixel_width / grid.pixel_height - 1) > 1e-6:
        yield Finding(
            Severity.NOTE,
            subject,
            'grid',
            f'pixels are oblong, {grid.pixel_width:.6g} x {grid.pixel_height:.6g}',
            'As the first source say grid: {pixel: ...}.',
        )


def _unit_findings(subject: str, dataset: DatasetReader, role: str) -> Iterator[Finding]:
    """Heights that the file itself, or its CRS, says are in feet."""
    if stem_of(role) != 'terrain_elevation':
        return
    said = (dataset.units[0] or '').lower()
    crs = dataset.crs
    if said.startswith(('ft', 'foot', 'feet', 'us survey foot', 'us-ft')):
        where = f'the file says that it counts in {said}'
    elif crs.is_projected and 'foot' in crs.linear_units.lower():
        where = f'its CRS counts in feet ({crs.linear_units}), so its heights probably do'
    else:
        return
    yield Finding(
        Severity.WARNING,
        subject,
        'unit',
        f'{where}; without a unit they are read as metres',
        'Say unit: ft, or us-ft, of the source in the scene; unit: m if they are metres.',
    )


def _order(sample: Sample) -> Iterator[Finding]:
    """Which band is which, as far as the picture tells."""
    if not 3 <= len(sample.bands) <= 5:
        return
    nir = likeliest_nir(sample)
    order = colour_order(sample) if nir is None or nir > 2 else ''
    told = [f'bands 1 to 3 look like {order}'] if order else []
    told += [f'band {nir + 1} like near infrared'] if nir is not None else []
    if told:
        yield Finding(Severity.NOTE, sample.subject, 'bands', ', '.join(told) + ' (a guess)')
