"""Sen12Landslides: time series of Sentinel-1 and Sentinel-2 around landslides, as NetCDF.

Flow: NetCDF-4 files (HDF5) -> [here] -> datasets.loose_tile_dataset.
Source of the layout: see :data:`CARD`.
Differs: a series becomes two looks, before and after the event, each the median of the clear
images nearest to it; so that models of single images can read it. Variables are stored with the
axes (time, x, y); here rows run south and columns east, by the names of the axes.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fusionls.datasets.hdf5_files import opened_file, variable
from fusionls.datasets.loose_tile_dataset import LooseTileDataset
from fusionls.datasets.loose_tiles import (
    BINARY,
    Finding,
    Inputs,
    Labels,
    LooseTile,
    TileModality,
    check_same_shape,
    decoded_labels,
    masked,
)
from fusionls.datasets.netcdf_patches import in_order, numbers, patch_grid
from fusionls.datasets.public.card import WRITTEN, DataSetCard
from fusionls.errors import InputError
from fusionls.geo.grid import Grid
from fusionls.geo.raster import BoolArray, FloatArray
from fusionls.registry import DATASETS

S2_BANDS = {
    'B02': 'blue',
    'B03': 'green',
    'B04': 'red',
    'B05': 'rededge1',
    'B06': 'rededge2',
    'B07': 'rededge3',
    'B08': 'nir',
    'B8A': 'nir_narrow',
    'B11': 'swir1',
    'B12': 'swir2',
}
SENSORS = {'optical': 's2', 'radar_asc': 's1asc', 'radar_dsc': 's1dsc'}
"""Folder of each modality that has one."""
WHEN = ('pre', 'post')
UNCLEAR = (0, 1, 3, 8, 9, 10, 255)
"""Scene classes that are not the ground: no data, saturated, shadow, clouds; 255 is undefined."""
VOIDS = (-9999, -32768)
"""Elevations that are none."""
NAME = re.compile(r'(?P<region>.+)_(?P<sensor>s1asc|s1dsc|s2)_(?P<number>\d+)')
PIXEL = 10.0


def _layers(modality: str) -> dict[str, str]:
    """Variable of the file by layer."""
    if modality == 'optical':
        return {f'optical_{name}_{w}': band for w in WHEN for band, name in S2_BANDS.items()}
    orbit = modality.removeprefix('radar_')
    return {
        f'radar_backscatter_{band.lower()}_{orbit}_{w}': band for w in WHEN for band in ('VV', 'VH')
    }


VARIABLES = {
    **{modality: _layers(modality) for modality in SENSORS},
    'terrain': {'terrain_elevation': 'DEM'},
}
"""Variable by layer and modality; the end of a layer's name says which look it is of."""
MODALITIES = {modality: TileModality(tuple(layers)) for modality, layers in VARIABLES.items()}

CARD = DataSetCard(
    name='sen12landslides',
    title='Sen12Landslides',
    dataset='Sen12LandslidesDataset',
    about='Fifteen images of Sentinel-2 and of each orbit of Sentinel-1 around landslides of '
    'fifteen regions, with elevation. Here: a look before and one after the event.',
    layers={
        modality: {
            name: f'`{SENSORS.get(modality, "any")}`, `{variable_}`'
            for name, variable_ in layers.items()
        }
        for modality, layers in VARIABLES.items()
    },
    pixel='10 m',
    size='128 x 128',
    nodata='scene classes 0, 1, 3, 8, 9, 10 and 255 (no data, saturated, shadow, clouds, '
    'undefined), NaN, elevations of -9999 and -32768',
    counts={},
    balance='about 3 % of the pixels of annotated tiles; half of the 13,628 tiles of Sentinel-2 '
    'are annotated',
    splits='Published with the code: `tasks/S12LS-LD/splits_aligned.json` (tiles that all sensors '
    'have); found in the folder or beside it. Regions are groups for `held_out`.',
    tree="""sen12landslides/
  s2/italy_s2_6982.nc   s1asc/italy_s1asc_6982.nc   s1dsc/italy_s1dsc_6982.nc
  tasks/S12LS-LD/splits_aligned.json
Files may lie deeper below s2, s1asc, s1dsc, and all of it below data/.""",
    traps='Axes are (time, x, y), not rows and columns. The mask is the same at all times. '
    '`center_lat` and `center_lon` are metres. Patches of several events have several pairs of '
    'dates: images between the first and the last are of neither look. Patches without an event '
    'are cut in the middle of their series. Raw and harmonised releases differ by 1000 counts '
    'since 2022: do not mix them.',
    licence='CC BY 4.0',
    citation='Höhn et al. (2025), Sen12Landslides: a spatio-temporal dataset for '
    'satellite-based landslide and anomaly detection, Sci. Data, doi 10.1038/s41597-025-06167-2',
    download='https://huggingface.co/datasets/paulhoehn/Sen12Landslides',
    layout_from='README and loader (src/data/datasets.py) of PaulH97/Sen12Landslides',
    tested_on=WRITTEN,
)


@dataclass(frozen=True, kw_only=True)
class SeriesTile(LooseTile):
    """A place with one file a sensor.

    Attributes:
        series: File by sensor.
        looks: Images that a median is made of, at most.
    """

    series: Mapping[str, Path]
    looks: int = 4

    def load(self, modalities: Sequence[str]) -> Inputs:
        """See :class:`LooseTile`."""
        inputs: Inputs = {}
        for modality in modalities:
            with opened_file(self._file(modality)) as file:
                inputs[modality] = (
                    _terrain(file) if modality == 'terrain' else self._both_looks(file, modality)
                )
        return inputs

    def load_labels(self) -> Labels:
        """See :class:`LooseTile`."""
        path = self._file('terrain')
        with opened_file(path) as file:
            return decoded_labels(in_order(file, 'MASK')[0], BINARY, path)

    def _file(self, modality: str) -> Path:
        sensor = SENSORS.get(modality)
        return next(iter(self.series.values())) if sensor is None else self.series[sensor]

    def _both_looks(self, file: h5py.File, modality: str) -> tuple[FloatArray, BoolArray]:
        bands = list(dict.fromkeys(VARIABLES[modality].values()))
        values = np.stack([numbers(file, band) for band in bands])  # (C, T, h, w), NaN invalid
        if modality == 'optical':
            unclear = np.isin(in_order(file, 'SCL'), UNCLEAR)
            values[:, unclear] = np.nan
        before, after = looks_of(event_of(file), values.shape[1], self.looks)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', RuntimeWarning)  # nowhere clear: stays NaN
            both = [np.nanmedian(values[:, look], axis=1) for look in (before, after)]
        return masked(np.concatenate(both))


@DATASETS.register_module()
class Sen12LandslidesDataset(LooseTileDataset):
    """Tiles of Sen12Landslides.

    Args:
        task: Folder of the published split below ``tasks``.
        looks: Images that the median of a look is made of, at most.
        **options: Those of ``LooseTileDataset``.
    """

    def __init__(self, *, task: str = 'S12LS-LD', looks: int = 4, **options: Any) -> None:
        self.task = task
        self.looks = looks
        super().__init__(**options)

    def find_tiles(self, root: Path) -> Finding:
        """See ``LooseTileDataset``."""
        return find_sen12landslides(root, self.task, self.looks)


def find_sen12landslides(root: Path, task: str = 'S12LS-LD', looks: int = 4) -> Finding:
    """Every place, with the sensors that have a file of it."""
    finding = Finding()
    base = root / 'data' if (root / 'data').is_dir() else root
    places: dict[str, dict[str, Path]] = {}
    for sensor in SENSORS.values():
        for path in sorted((base / sensor).rglob('*.nc')):
            named = NAME.fullmatch(path.stem)
            if named is None or named['sensor'] != sensor:
                finding.problems.append(f'{path}: its name is not <region>_{sensor}_<number>.nc')
                continue
            places.setdefault(f'{named["region"]}_{named["number"]}', {})[sensor] = path
    if not places:
        finding.problems.append(
            f'{base}: holds no .nc file in {", ".join(SENSORS.values())}; unpack the archives'
        )
    with finding.noting():
        splits = _published_splits(root, task)
        gone = sorted(set(splits) - set(places))
        if gone:
            finding.doubts.append(
                f'{base}: {len(gone)} of {len(splits)} places of the published splits are not '
                f'there, {gone[0]} first'
            )
        for name, series in places.items():
            with finding.noting():
                finding.tiles.append(_tile(name, series, splits.get(name), looks))
    return finding


def _tile(name: str, series: Mapping[str, Path], split: str | None, looks: int) -> SeriesTile:
    grids: dict[Path, Grid] = {}
    for sensor, path in series.items():
        with opened_file(path) as file:
            grids[path] = patch_grid(file)
            for needed in ('MASK', 'DEM', *_needed(sensor)):
                variable(file, needed)
            event_of(file)
    shape = check_same_shape({path: grid.shape for path, grid in grids.items()})
    first = next(iter(grids.values()))
    moved = [str(path) for path, grid in grids.items() if not grid.is_same_as(first)]
    if moved:
        raise InputError(f'{", ".join(moved)}: do not lie where {next(iter(grids))} lies')
    present = {m for m, sensor in SENSORS.items() if sensor in series} | {'terrain'}
    return SeriesTile(
        name=name,
        shape=shape,
        modalities=MODALITIES,
        present=frozenset(present),
        pixel=PIXEL,
        split=split,
        group=name.rpartition('_')[0],
        place=first,
        files=tuple(series.values()),
        series=dict(series),
        looks=looks,
    )


def _needed(sensor: str) -> tuple[str, ...]:
    return (*S2_BANDS, 'SCL') if sensor == 's2' else ('VV', 'VH')


def _published_splits(root: Path, task: str) -> dict[str, str]:
    """Split by name, of the file that the authors publish; empty where it is not there."""
    for folder in (root, root.parent):
        path = folder / 'tasks' / task / 'splits_aligned.json'
        if path.is_file():
            try:
                raw = json.loads(path.read_text(encoding='utf-8'))
                return {entry['id']: split for split, entries in raw.items() for entry in entries}
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise InputError(
                    f'{path}: cannot be read as the published splits ({error!r}); expected '
                    '{"train": [{"id": "italy_6982", ...}], ...}'
                ) from error
    return {}


def event_of(file: h5py.File) -> list[tuple[int, int]]:
    """Pairs of the last image before an event and the first after it; empty without event.

    Raises:
        InputError: They cannot be read.
    """
    told = file.attrs.get('pre_post_dates')
    text = told.decode() if isinstance(told, bytes) else '' if told is None else str(told)
    if text.strip().lower() in ('', 'none', 'nan', '[]', '{}'):
        return []
    try:
        found = ast.literal_eval(text)
        pairs = [found] if isinstance(found, dict) else list(found)
        return [(int(pair['pre']), int(pair['post'])) for pair in pairs]
    except (ValueError, SyntaxError, TypeError, KeyError) as error:
        raise InputError(
            f'{file.filename}: pre_post_dates is {text!r}; expected {{"pre": 7, "post": 8}}'
        ) from error


def looks_of(events: Sequence[tuple[int, int]], length: int, looks: int) -> tuple[slice, slice]:
    """Images of the looks before and after.

    Args:
        events: Pairs of images, see :func:`event_of`; none cuts the series in the middle.
        length: Of the series.
        looks: Images of a look at most.
    """
    last = min((pre for pre, _ in events), default=length // 2 - 1)
    first = max((post for _, post in events), default=length // 2)
    last, first = max(last, 0), min(first, length - 1)
    return slice(max(last - looks + 1, 0), last + 1), slice(first, min(first + looks, length))


def _terrain(file: h5py.File) -> tuple[FloatArray, BoolArray]:
    elevation = numbers(file, 'DEM')[:1]
    return masked(elevation, ~np.isin(elevation, VOIDS))
