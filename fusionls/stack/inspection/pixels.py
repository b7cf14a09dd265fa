"""Pixels that are no data although nobody says so, and data that is said to be none.

Flow: stack.sample -> [here] -> findings.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import rasterio
from rasterio.io import DatasetReader

from fusionls.geo.raster import FloatArray
from fusionls.geo.raster_io import FILL_LIMIT, grid_of
from fusionls.stack.inspection.findings import Finding, Severity
from fusionls.stack.sample import Sample, lone_fill, sample_windows

LEAST_COLLAR = 0.005
"""Share of pixels from which zeros with a cliff around them are told."""
CLIFF = 8.0
"""Times the usual step from pixel to pixel by which zeros must drop to be no ground."""
LEAST_VALID = 0.5
"""Share of valid pixels below which it is told."""
STRIPED_FROM = 2048
"""Columns from which reading whole rows for every window costs."""


def pixel_findings(sample: Sample) -> Iterator[Finding]:
    """What is wrong with the valid pixels of a file, or of a source."""
    yield from _empty(sample)
    for band, name in enumerate(sample.bands):
        values = sample.values(band)
        if values.size:
            what = f'{name or f"band {band + 1}"}: ' if len(sample.bands) > 1 else ''
            yield from _fill(sample.subject, what, values)
    yield from _collars(sample)


def _empty(sample: Sample) -> Iterator[Finding]:
    dead = [n or f'band {i + 1}' for i, n in enumerate(sample.bands) if sample.ranges[i] is None]
    if dead:
        yield Finding(
            Severity.ERROR,
            sample.subject,
            'nodata',
            f'{", ".join(dead)}: no valid pixel in the sample',
            'Check nodata and mask_below, and that the file was fetched whole.',
        )
    elif sample.valid_share < LEAST_VALID:
        yield Finding(
            Severity.NOTE,
            sample.subject,
            'nodata',
            f'{sample.valid_share:.0%} of the pixels are valid in all bands',
        )


def _fill(subject: str, what: str, values: FloatArray) -> Iterator[Finding]:
    fill = lone_fill(values)
    if fill is None:
        return
    rest = values[values != fill]
    yield Finding(
        Severity.WARNING,
        subject,
        'nodata',
        f'{what}{1 - rest.size / values.size:.2%} of the pixels are {fill:g}, which the file does '
        f'not declare as nodata; all others lie in {rest.min():.4g} to {rest.max():.4g}',
        f'Say nodata: {fill:g} of the source in the scene, or write it into the file: '
        f'gdal_edit.py -a_nodata {fill:g} FILE.',
    )


def _collars(sample: Sample) -> Iterator[Finding]:
    """Zeros with a cliff around them: ground beyond the footprint of a product."""
    told = []
    for band, name in enumerate(sample.bands):
        zeros, steps, edges, count = 0, [], [], 0
        for values, valid in sample.parts:
            plane, sound = values[band], valid[band]
            zero = sound & (plane == 0)
            zeros, count = zeros + int(zero.sum()), count + int(sound.sum())
            for one, other in (
                ((slice(1, None),), (slice(None, -1),)),
                ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
            ):
                both = sound[one] & sound[other]
                step = np.abs(plane[one] - plane[other])
                steps.append(step[both & ~zero[one] & ~zero[other]])
                edges.append(step[both & (zero[one] != zero[other])])
        share = zeros / max(count, 1)
        step, edge = np.concatenate(steps), np.concatenate(edges)
        if share < LEAST_COLLAR or edge.size < 20 or step.size < 100:
            continue
        values = sample.values(band)
        if np.unique(values[:: max(values.size // 100_000, 1)]).size <= 32:
            continue  # classes and masks
        usual = max(float(np.percentile(step, 75)), 1e-12)
        # ground may reach zero gently; what drops to it from the middle of its range is cut off
        middle = float(np.median(np.abs(values[values != 0])))
        if np.median(edge) > CLIFF * usual and np.median(edge) > 0.25 * middle:
            told.append((name or f'band {band + 1}', share, float(np.median(edge))))
    if told:
        names = ', '.join(name for name, _, _ in told) + ': ' if len(sample.bands) > 1 else ''
        yield Finding(
            Severity.WARNING,
            sample.subject,
            'nodata',
            f'{names}{max(s for _, s, _ in told):.0%} of the pixels are exactly 0 with a cliff '
            f'around them (of {told[0][2]:.4g} at the median): they lie outside of what was '
            'seen, and are not declared as nodata',
            'Say nodata: 0 of the source in the scene, or write it into the file: '
            'gdal_edit.py -a_nodata 0 FILE.',
        )


def declared_findings(dataset: DatasetReader, sample: Sample) -> Iterator[Finding]:
    """What a file says of its nodata and its layout, against what it holds.

    Args:
        dataset: Open.
        sample: Of the same pixels, read with its nodata.
    """
    nodata = dataset.nodata
    if nodata is None or abs(nodata) < FILL_LIMIT:
        yield from _huge(dataset, sample)
    if nodata is not None:
        yield from _said_to_be_none(sample.subject, dataset, sample, nodata)
    yield from _layout(sample.subject, dataset)


def _huge(dataset: DatasetReader, sample: Sample) -> Iterator[Finding]:
    """Undeclared numbers beyond all others, which ESRI and GDAL write for none."""
    if all(np.dtype(kind).kind != 'f' for kind in dataset.dtypes):
        return
    huge, size = 0, 0
    for window in sample_windows(grid_of(dataset), len(sample.parts)):
        area = rasterio.windows.Window(window.col, window.row, window.width, window.height)
        stored = dataset.read(window=area)
        with np.errstate(invalid='ignore'):
            huge += int((np.isfinite(stored) & (np.abs(stored) >= FILL_LIMIT)).sum())
        size += stored.size
    if huge:
        yield Finding(
            Severity.NOTE,
            sample.subject,
            'nodata',
            f'{huge / size:.2%} of the numbers are -3.4e38 or the like and not declared as '
            'nodata; they count as invalid',
        )


def _said_to_be_none(
    subject: str, dataset: DatasetReader, sample: Sample, nodata: float
) -> Iterator[Finding]:
    joint = sum(int(valid.all(0).sum()) for _, valid in sample.parts)
    any_band = sum(int(valid.any(0).sum()) for _, valid in sample.parts)
    whole = sum(valid[0].size for _, valid in sample.parts)
    partly = (any_band - joint) / whole
    bytes_ = all(kind == 'uint8' for kind in dataset.dtypes)
    if dataset.count >= 3 and bytes_ and partly > 1e-4:
        yield Finding(
            Severity.WARNING,
            subject,
            'nodata',
            f'{partly:.2%} of the pixels have the declared nodata {nodata:g} in some bands and '
            'not in all: these are bright or dark places, not holes',
            'Read it as product: rgb, where only pixels with it in every band are invalid, or '
            'say ignore_nodata: true.',
        )
    values = [r for r in sample.ranges if r is not None]
    holes = 1 - joint / whole
    if (
        dataset.count == 1
        and bytes_
        and values
        and values[0][0] == values[0][1]
        and nodata in (0, 255)
        and holes > 0.001
    ):
        yield Finding(
            Severity.WARNING,
            subject,
            'nodata',
            f'a mask that holds {values[0][0]:g} alone and declares {nodata:g}, its background, '
            'as nodata: a reader that obeys sees no background at all',
            'As landslides: {raster: ...} it is read right; as a layer say ignore_nodata: true.',
        )


def _layout(subject: str, dataset: DatasetReader) -> Iterator[Finding]:
    height, width = dataset.block_shapes[0]
    if width >= dataset.width >= STRIPED_FROM and dataset.height > height:
        packed = dataset.profile.get('compress')
        yield Finding(
            Severity.WARNING if packed else Severity.NOTE,
            subject,
            'layout',
            f'stored in strips of {height} x {width} pixels'
            f'{f", compressed by {packed}" if packed else ""}: a window reads whole rows, three '
            'to four times as long as from tiles',
            'Write it in tiles: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE FILE TILED.tif.',
        )
