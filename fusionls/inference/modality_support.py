"""How much each modality carried the decision at a pixel: Shapley values of the log-odds.

Flow: maps of one model from every subset of the modalities -> [here] -> a band per modality,
inventory.attributes.
Source: Shapley 1953, "A value for n-person games", eq. 13; for predictions with parts of the input
missing, Lundberg and Lee 2017 ("A unified approach to interpreting model predictions", sec. 2.4).
Nothing is approximated: a model that works with any subset is asked for each of them.
With v(S) the log-odds of a landslide when only the modalities S are shown, and v = 0 (a probability
of one half) where S shows nothing::

    phi_m = sum over S without m of |S|! (M - |S| - 1)! / M! (v(S with m) - v(S))

The values of a pixel sum to its log-odds on the map: positive ones spoke for a landslide, negative
ones against it. A modality that changes nothing has zero.
"""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import rasterio

from fusionls.errors import InputError
from fusionls.evaluation.functional import curves
from fusionls.geo.raster import FloatArray
from fusionls.geo.raster_io import grid_of, new_geotiff, said_of_output, written_whole
from fusionls.geo.window import row_strips
from fusionls.inference.job import file_stamp
from fusionls.inference.unfinished_map import discard, empty, held

Subset = frozenset[str]
BAND = 'support_'
MOST_MODALITIES = 6
"""Of so many modalities there are 63 subsets, each of which costs a map."""
STRIP_ROWS = 256
_LEAST = 1e-6  # probabilities are kept so far from 0 and 1: log-odds within +-13.8


def subsets(modalities: Sequence[str]) -> list[Subset]:
    """Every subset but the empty one, the whole first.

    Raises:
        InputError: There are none, or too many modalities.
    """
    if not 1 <= len(modalities) <= MOST_MODALITIES:
        raise InputError(
            f'modality support of {len(modalities)} modalities would need '
            f'{2 ** len(modalities) - 1} maps; it is made for 1 to {MOST_MODALITIES}. '
            'Show fewer with `modalities`.'
        )
    return [
        frozenset(names)
        for size in range(len(modalities), 0, -1)
        for names in itertools.combinations(modalities, size)
    ]


def log_odds(probability: FloatArray) -> FloatArray:
    """ln(p / (1 - p)), zero where p is NaN: where nothing is shown, nothing is said."""
    known = np.nan_to_num(np.clip(probability, _LEAST, 1 - _LEAST), nan=0.5)
    return np.asarray(curves.log_odds(known), np.float32)


def shapley_values(
    values: Mapping[Subset, FloatArray], modalities: Sequence[str]
) -> dict[str, FloatArray]:
    """Shapley value of each modality.

    Args:
        values: v(S) for every subset but the empty one, whose value is zero; any shape.
        modalities: All of them.

    Returns:
        An array of that shape per modality; they sum to v of all.
    """
    count = len(modalities)
    total = math.factorial(count)
    found = {}
    for name in modalities:
        others = [m for m in modalities if m != name]
        share = np.zeros_like(values[frozenset(modalities)], dtype=np.float64)
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / total
            for chosen in itertools.combinations(others, size):
                without = values[frozenset(chosen)] if chosen else 0.0
                share += weight * (values[frozenset(chosen) | {name}] - without)
        found[name] = share.astype(np.float32)
    return found


def map_support(
    mapped: Callable[[Subset, Path], Path],
    modalities: Sequence[str],
    out: Path,
    support: Path,
    *,
    job: str,
    keep: Path | None = None,
) -> Path:
    """Map with every subset, and write the support; a run that was killed goes on.

    Args:
        mapped: Writes the map of a subset to a file.
        modalities: All of them.
        out: The map with all.
        support: File to write, as :func:`write_support` does.
        job: Names all that decides a byte of the maps. What a killed run of that name left in a
            hidden folder beside ``support`` is not mapped again.
        keep: Folder for the maps of the other subsets, ``probability_<modality>_....tif``; they are
            thrown away by default.

    Raises:
        InputError: There are none, or too many modalities, or another process writes ``support``.
        OutputError: Writing failed; nothing stands under ``support`` that was not there before.
    """
    whole, *others = subsets(modalities)
    hidden = support.with_name(f'.{support.name}.unfinished')
    with said_of_output(support), held(hidden, support) as folder:
        begun = folder / 'begun'
        if not (out.is_file() and begun.is_file() and begun.read_text() == _stamp(job, out)):
            empty(folder)
            mapped(whole, out)
            begun.write_text(_stamp(job, out))
        maps = {whole: out}
        for subset in others:
            shown = '_'.join(name for name in modalities if name in subset)
            maps[subset] = folder / f'probability_{shown}.tif'
            if not maps[subset].is_file():
                mapped(subset, maps[subset])
        write_support(maps, modalities, support)
        if keep is not None:
            for subset in others:
                with written_whole(keep / maps[subset].name) as beside:
                    shutil.copyfile(maps[subset], beside)
        discard(folder)
    return support


def _stamp(job: str, out: Path) -> str:
    """The job, and that the map with all modalities is the one it made."""
    return f'{job} {out.resolve().parent} {file_stamp(out)}'


def write_support(maps: Mapping[Subset, Path], modalities: Sequence[str], out: Path) -> Path:
    """Write a GeoTIFF with a band ``support_<modality>`` each, in log-odds.

    Args:
        maps: Probability map of every subset, on one grid.
        modalities: All of them, in the order of the bands.
        out: File to write; NaN where no modality is valid.

    Raises:
        OutputError: Writing failed; nothing stands under ``out`` that was not there before.
    """
    with ExitStack() as stack:
        opened = {subset: stack.enter_context(rasterio.open(p)) for subset, p in maps.items()}
        whole = opened[frozenset(modalities)]
        grid = grid_of(whole)
        tags = {**whole.tags(), 'content': 'Shapley values of the log-odds per modality'}
        names = [f'{BAND}{name}' for name in modalities]
        writer = stack.enter_context(new_geotiff(out, grid, names, tags=tags))
        for area in row_strips(grid.rows, grid.cols, STRIP_ROWS):
            window = rasterio.windows.Window(area.col, area.row, area.width, area.height)
            read = {subset: data.read(1, window=window) for subset, data in opened.items()}
            unseen = np.isnan(read[frozenset(modalities)])
            found = shapley_values({s: log_odds(p) for s, p in read.items()}, modalities)
            for band, name in enumerate(modalities, start=1):
                writer.write(np.where(unseen, np.float32(np.nan), found[name]), area, band)
    return out
