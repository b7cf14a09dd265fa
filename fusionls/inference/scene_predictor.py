"""Map a whole scene: windows in, one probability raster out, in constant memory.

Flow: stack.layer_stack -> [here, with any predictor] -> probability GeoTIFF -> inventory.
Rows of windows are read, predicted and blended from top to bottom; rows that no later window
reaches are written at once. Held in memory: one row of windows (two float64 per pixel), one
batch, and a bounded GDAL cache. The rows go to a plain file beside the result, from which a
killed run goes on; GDAL then turns them into a Cloud Optimized GeoTIFF block by block. On the disk
a run needs 4 bytes a pixel, in the end twice that and the map.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

import fusionls
from fusionls.errors import (
    InputError,
    LayerMissingError,
    NoModalityError,
    OutputError,
    nearest_names,
)
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray, any_valid
from fusionls.geo.raster_io import new_geotiff, said_of_output
from fusionls.geo.window import Window
from fusionls.inference.blend import BandBlender
from fusionls.inference.screening import Screening
from fusionls.inference.unfinished_map import State, UnfinishedMap, unfinished
from fusionls.inference.window_plan import plan

if TYPE_CHECKING:
    from fusionls.stack.layer_stack import LayerStack

Batch = dict[str, tuple[FloatArray, BoolArray]]
Predict = Callable[[Batch], FloatArray]
"""From a batch, by modality values (N, C, h, w) float32 (zero where invalid) and valid
(N, h, w), to the landslide probability (N, H, W) float32 on the base grid of the windows."""

BAND_NAME = 'landslide_probability'
CACHE_BYTES = 16 * 2**20  # GDAL's own default is 5 % of all memory and fills with the scene
BLOCK_ROWS = 256  # rows of a block of new_geotiff; whole blocks are never read back


def map_scene(
    stack: LayerStack,
    predict: Predict,
    out: str | Path,
    *,
    window: int = 512,
    overlap: int = 128,
    batch_size: int = 4,
    modalities: Sequence[str] | None = None,
    screening: Screening | None = None,
    tags: Mapping[str, str] | None = None,
    job: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the landslide probability of every pixel of a stack.

    Args:
        stack: The scene.
        predict: The model, see :data:`Predict`. Windows without any valid pixel are never given
            to it.
        out: GeoTIFF to write (Cloud Optimized, float32, NaN where no modality is valid).
        window: Side of a window, base pixels; a multiple of ``stack.coarsest``.
        overlap: Least overlap of neighbours, base pixels; they fade into each other over it.
        batch_size: Windows per call of ``predict``; fewer at the end of a row of windows.
        modalities: Which to read; all of the stack by default.
        screening: What chooses the windows to map. Ground that only windows it leaves out cover
            has probability 0; where a candidate overlaps them, the candidate alone decides.
        tags: More dataset tags, e.g. the checkpoint.
        job: Names stack, model and screen to the last weight. A run that is killed leaves what is
            done in a hidden folder beside ``out``, and one of the same job, windows and batches
            goes on from there to the same bytes; without a name it starts anew.
        progress: Called with windows done and windows in all.

    Returns:
        ``out``.

    Raises:
        InputError: ``out`` is no GeoTIFF name, window and overlap do not fit the stack, or another
            process is making this map.
        LayerMissingError: The stack has no such modality.
        NoModalityError: ``modalities`` is empty.
        OutputError: Writing failed; nothing stands under ``out`` that was not there before.
        ValueError: ``predict`` returned another shape, or something that is no probability.
    """
    out = Path(out)
    if out.suffix.lower() not in {'.tif', '.tiff'}:
        raise InputError(f'{out}: the probability map is a GeoTIFF; name it .tif')
    if batch_size < 1:
        raise InputError(f'a batch needs at least one window, got batch_size={batch_size}')
    names = checked_modalities(stack, modalities)
    windows = plan(stack.grid.shape, window, overlap, stack.coarsest)
    blender = BandBlender(cols=stack.grid.cols, side=window, overlap=windows.overlap)
    all_tags = {
        'fusionls_version': fusionls.__version__,
        'scene': stack.name,
        'simulated': str(stack.simulated).lower(),
        'modalities': ' '.join(names),
        'window': str(window),
        'overlap': str(windows.overlap),
        **({} if screening is None else {'screen_threshold': f'{screening.threshold:g}'}),
        **(tags or {}),
    }
    if job is not None:
        job = ' '.join([job, *(f'{k}={v}' for k, v in all_tags.items()), f'batch={batch_size}'])
    with (
        rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES),
        said_of_output(out),
        unfinished(out, job, stack.grid.cols) as made,
    ):
        counted = _Counts(screening)
        if made.rows:
            _resume(made.found(), blender, counted)
        done = 0
        for band, end in windows.bands():
            if end > made.rows:
                for batch in read_batches(stack, names, band, batch_size):
                    chosen = batch if screening is None else _candidates(blender, screening, batch)
                    if chosen:
                        _predict_into(blender, predict, chosen)
                rows = blender.finish(end)
                made.add(rows, {**blender.state(), **counted.state()})
            done += len(band)
            if progress is not None:
                progress(done, len(windows))
        _write_cog(out, stack.grid, all_tags, made)
    return out


Read = tuple[Window, dict[str, tuple[FloatArray, BoolArray]], BoolArray]
"""A window, what every modality has there, and where any of them is valid."""


def checked_modalities(stack: LayerStack, modalities: Sequence[str] | None) -> list[str]:
    """The modalities to read, all of the stack where none are named; see :func:`map_scene`."""
    names = list(stack.modalities if modalities is None else modalities)
    if not names:
        raise NoModalityError(
            f'{stack.folder}: no modality was asked for; have {", ".join(stack.modalities)}'
        )
    missing = [name for name in names if name not in stack.modalities]
    if missing:
        raise LayerMissingError(
            f'{stack.folder}: has no modality {", ".join(map(repr, missing))}; '
            f'{nearest_names(missing[0], stack.modalities)}'
        )
    return names


def read_batches(
    stack: LayerStack, names: Sequence[str], band: Sequence[Window], batch_size: int
) -> Iterator[list[Read]]:
    """Read the windows of a row; those without a valid pixel are left out."""
    samples = ((area, stack.read(area, names)) for area in band)
    masked = ((area, s, any_valid(s, (area.height, area.width))) for area, s in samples)
    filled = (read for read in masked if read[2].any())
    while batch := list(islice(filled, batch_size)):
        yield batch


def stacked(batch: Sequence[Read]) -> Batch:
    """Windows that were read, as the batch that models are given."""
    return {
        name: (
            np.stack([sample[name][0] for _, sample, _ in batch]),  # (N, C, h, w)
            np.stack([sample[name][1] for _, sample, _ in batch]),  # (N, h, w)
        )
        for name in batch[0][1]
    }


def _candidates(blender: BandBlender, screening: Screening, batch: Sequence[Read]) -> list[Read]:
    """The windows to map; the others are left out of the blend."""
    kept = screening.candidates(stacked(batch))
    for (area, _, union), candidate in zip(batch, kept, strict=True):
        if not candidate:
            blender.leave_out(union, area)
    return [read for read, candidate in zip(batch, kept, strict=True) if candidate]


def _predict_into(blender: BandBlender, predict: Predict, batch: Sequence[Read]) -> None:
    valid = np.stack([union for _, _, union in batch])  # (N, H, W)
    probability = predict(stacked(batch))
    if probability.shape != valid.shape:
        raise ValueError(
            f'predict returned {probability.shape}; expected one probability per base pixel, '
            f'{valid.shape}'
        )
    low = probability.min(where=valid, initial=1.0)
    high = probability.max(where=valid, initial=0.0)
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # False for NaN as well; half precision rounds
        raise ValueError(
            f'predict returned values from {low} to {high} on valid pixels of '
            f'{batch[0][0]} ... {batch[-1][0]}; expected probabilities from 0 to 1'
        )
    for (area, _, union), values in zip(batch, probability, strict=True):
        blender.add(np.clip(values, 0, 1), union, area)


class _Counts:
    """What a screening counts of this map, also where another run began it."""

    def __init__(self, screening: Screening | None) -> None:
        self._screening = screening
        self._before = (0, 0) if screening is None else (screening.looked, screening.kept)

    def state(self) -> State:
        if self._screening is None:
            return {}
        now = (self._screening.looked, self._screening.kept)
        return {'screened': np.subtract(now, self._before)}

    def resume(self, state: State) -> None:
        if self._screening is not None:
            looked, kept = state['screened'].tolist()
            self._screening.looked += looked
            self._screening.kept += kept


def _resume(state: State, blender: BandBlender, counted: _Counts) -> None:
    """Go on where the run was that left this; a function, so that the state does not outlive it."""
    blender.resume(state)
    counted.resume(state)


def _write_cog(out: Path, grid: Grid, tags: Mapping[str, str], made: UnfinishedMap) -> None:
    """Write the rows as a tiled file, and that as a Cloud Optimized GeoTIFF under its name."""
    rows_file, whole = made.folder / 'rows.tif', made.folder / 'whole.tif'
    try:
        with new_geotiff(rows_file, grid, [BAND_NAME], tags=dict(tags)) as writer:
            for row, values in made.strips(BLOCK_ROWS):  # whole blocks: none is read back
                writer.write(values, Window(row, 0, *values.shape), 1)
    except OutputError as error:
        # the hidden file's name means nothing to the reader
        raise OutputError(str(error).replace(str(rows_file), str(out))) from error
    _copy_as_cog(rows_file, whole)
    os.replace(whole, out)


def _copy_as_cog(source: Path, target: Path) -> None:
    try:
        rasterio.shutil.copy(
            source,
            target,
            driver='COG',
            compress='deflate',
            predictor='floating_point',
            blocksize=512,
            overview_resampling='average',
            bigtiff='if_safer',
        )
        with rasterio.open(target) as written:  # a lost flush shows only on reading back
            *_, (_, last) = written.block_windows(1)
            written.read(1, window=last)
    except (RasterioError, CPLE_BaseError, SystemError) as error:
        # rasterio raises SystemError where GDAL failed and left no message, as on a full disk
        raise OSError(f'the overviews or the final file ({error})') from error
