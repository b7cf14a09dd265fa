"""Public data sets in small, in the layout as published, with numbers made up.

For tests of adapters and configs where the real files are not at hand. Nothing in them is like
real ground, but each has a bright patch where its mask has a landslide.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas
import h5py
import numpy as np
import rasterio
import shapely
import tifffile
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from fusionls.datasets.public.sen12landslides import S2_BANDS

Array = NDArray[Any]
CRS = 'EPSG:32632'


def write_picture(
    path: Path, values: Array, transform: Affine | None = None, **profile: Any
) -> Path:
    """Write bands (C, h, w) or (h, w) by rasterio alone, format by suffix."""
    values = np.atleast_3d(values.T).T if values.ndim == 2 else values
    path.parent.mkdir(parents=True, exist_ok=True)
    driver = 'PNG' if path.suffix == '.png' else 'GTiff'
    with (
        warnings.catch_warnings(action='ignore', category=NotGeoreferencedWarning),
        rasterio.open(
            path,
            'w',
            driver=driver,
            dtype=values.dtype,
            count=len(values),
            height=values.shape[1],
            width=values.shape[2],
            transform=transform or Affine(1, 0, 0, 0, -1, 0),
            **profile,
        ) as dataset,
    ):
        dataset.write(values)
    for beside in path.parent.glob(f'{path.name}.aux.xml'):
        beside.unlink()
    return path


def made_up_tile(
    bands: int, shape: tuple[int, int], seed: int, slide: bool = True
) -> tuple[Array, Array]:
    """Bands (C, h, w) float32, 0.2 to 0.9, and a mask (h, w) of 0 and 1 with a bright patch."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, np.uint8)
    if slide:
        mask[shape[0] // 4 : shape[0] // 2, shape[1] // 3 : shape[1] // 2 + 1] = 1
    values = rng.uniform(0.2, 0.5, (bands, *shape)) + 0.4 * mask
    return values.astype(np.float32), mask


def _bytes(values: Array) -> Array:
    return np.round(values * 255).astype(np.uint8)


def write_bijie(root: Path, slides: int = 4, others: int = 3) -> None:
    """Pictures of differing sizes, elevation and boundaries; masks of 0 and 255."""
    base = root / 'Bijie-landslide-dataset'
    for number in range(slides + others):
        slide = number < slides
        folder = base / ('landslide' if slide else 'non-landslide')
        shape = (64 + 8 * (number % 3), 72 + 4 * (number % 2))
        values, mask = made_up_tile(4, shape, number, slide)
        name = f'{("dafang", "qianxi")[number % 2]}{number:03d}'
        write_picture(folder / 'image' / f'{name}.png', _bytes(values[:3]))
        write_picture(folder / 'dem' / f'{name}.png', _bytes(values[3]))
        if slide:
            write_picture(folder / 'mask' / f'{name}.png', 255 * mask)
            rows, cols = np.nonzero(mask)
            corners = [
                (cols.min(), rows.min()),
                (cols.max(), rows.min()),
                (cols.max(), rows.max()),
                (cols.min(), rows.max()),
            ]
            boundary = folder / 'polygon_coordinate' / f'{name}.txt'
            boundary.parent.mkdir(parents=True, exist_ok=True)
            lines = [name, str(len(corners)), *(f'{col} {row}' for col, row in corners)]
            boundary.write_text('\n'.join(lines) + '\n')


def write_hr_gldd(root: Path, count: int = 4, order: str = 'rgbn') -> None:
    """Arrays of three splits, in which bare ground stands out most in red."""
    root.mkdir(parents=True, exist_ok=True)
    for split, seed in (('train', 0), ('val', 100), ('test', 200)):
        tiles = [made_up_tile(4, (128, 128), seed + i) for i in range(count)]
        values = np.stack([v for v, _ in tiles])  # (N, 4, 128, 128) as red, green, blue, nir
        masks = np.stack([m for _, m in tiles])
        values[:, 2] -= 0.3 * masks
        if order == 'bgrn':
            values = values[:, [2, 1, 0, 3]]
        np.save(root / f'{split}X.npy', np.moveaxis(values, 1, -1))
        np.save(root / f'{split}Y.npy', masks[..., None].astype(np.float32))


def write_cas_landslide(root: Path, count: int = 2) -> None:
    """Three sub-sets: one plain, one unpacked twice deep with full-width brackets, one by drone."""
    folders = {
        'palu': ('Palu', ''),
        'Longxi River\uff08UAV\uff09/Longxi River\uff08UAV\uff09': ('longxi', ''),
        'Moxitaidi (UAV-0.6m)': ('mx', '_mask'),
    }
    for place, (folder, (prefix, end)) in enumerate(folders.items()):
        for number in range(count):
            values, mask = made_up_tile(3, (512, 512), 10 * place + number)
            name = f'{prefix}{number:04d}'
            write_picture(root / folder / 'img' / f'{name}.tif', _bytes(values), compress='deflate')
            write_picture(root / folder / 'mask' / f'{name}{end}.tif', mask, compress='deflate')
            write_picture(root / folder / 'label' / f'{name}.tif', 255 * mask, compress='deflate')


def write_landslide4sense(root: Path, counts: Mapping[str, int] | None = None) -> None:
    """HDF5 files of the published tree."""
    counts = counts or {'TrainData': 4, 'ValidData': 2, 'TestData': 2}
    for seed, (folder, count) in enumerate(counts.items()):
        for number in range(1, count + 1):
            values, mask = made_up_tile(14, (128, 128), 100 * seed + number)
            image = np.moveaxis(values, 0, -1).astype(np.float64)
            write_hdf5(root / folder / 'img' / f'image_{number}.h5', {'img': image})
            write_hdf5(root / folder / 'mask' / f'mask_{number}.h5', {'mask': mask})


def write_hdf5(path: Path, arrays: Mapping[str, Array]) -> Path:
    """Write data sets of an HDF5 file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w') as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def write_mars_mmls(root: Path, train: int = 6, test: int = 2) -> None:
    """Channels-last TIFFs of 128 pages, as tifffile writes them."""
    for part, letter, count in (('train', '', train), ('test', 'T', test)):
        for number in range(count):
            values, mask = made_up_tile(7, (128, 128), 50 * len(part) + number)
            name = f'{letter}_patch_{number}_7.tif'
            images, masks = (root / f'{part}_partition' / kind for kind in ('images', 'masks'))
            for folder in (images, masks):
                folder.mkdir(parents=True, exist_ok=True)
            pages = np.moveaxis(values, 0, -1)
            tifffile.imwrite(images / f'Image{name}', pages, photometric='minisblack')
            tifffile.imwrite(masks / f'Mask{name}', mask.astype(np.float32))


def write_sen12landslides(root: Path, count: int = 4, side: int = 64, times: int = 8) -> None:
    """Series of three sensors with published splits; the last place lacks a radar orbit."""
    splits: dict[str, list[dict[str, str]]] = {'train': [], 'val': [], 'test': []}
    for number in range(count):
        region = ('italy', 'nepal')[number % 2]
        for sensor in ('s2', 's1asc', 's1dsc'):
            if sensor == 's1dsc' and number == count - 1:
                continue
            path = root / sensor / f'{region}_{sensor}_{number}.nc'
            write_series(path, sensor, seed=number, side=side, times=times)
        split = ('train', 'train', 'val', 'test')[number % 4]
        splits[split].append({'id': f'{region}_{number}'})
    path = root / 'tasks' / 'S12LS-LD' / 'splits_aligned.json'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(splits))


def write_series(
    path: Path,
    sensor: str,
    *,
    seed: int = 0,
    side: int = 64,
    times: int = 8,
    event: str = "{'pre': 3, 'post': 4}",
) -> Path:
    """One NetCDF-4 file with axes (time, x, y) and coordinates attached, as xarray writes it."""
    rng = np.random.default_rng(seed)
    _, mask = made_up_tile(1, (side, side), seed)  # rows run south, columns east
    after = (np.arange(times) >= times // 2)[:, None, None]
    arrays: dict[str, Array] = {}
    for band in S2_BANDS if sensor == 's2' else ('VV', 'VH'):
        ground = rng.uniform(0.1, 0.2, (times, side, side)) + 0.3 * mask * after
        arrays[band] = (
            np.round(1e4 * ground).astype(np.int16) if sensor == 's2' else ground.astype(np.float32)
        )
    if sensor == 's2':
        arrays['SCL'] = np.full((times, side, side), 4, np.int16)
        arrays['SCL'][0] = 255
        arrays['SCL'][-1, : side // 2] = 9
    arrays['DEM'] = np.broadcast_to(
        np.linspace(900, 400, side).round().astype(np.int16)[:, None], (times, side, side)
    )
    arrays['MASK'] = np.broadcast_to(mask, (times, side, side))
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w') as file:
        west, north = 700_000.0 + 10_000 * seed, 4_900_000.0
        file['x'] = west + 10.0 * np.arange(side) + 5
        file['y'] = north - 10.0 * np.arange(side) - 5
        file['time'] = np.arange(times, dtype=np.int64) * 12
        for axis in ('time', 'x', 'y'):
            file[axis].make_scale(axis)
        for name, array in arrays.items():
            file[name] = array.transpose(0, 2, 1)  # (time, x, y)
            for place, axis in enumerate(('time', 'x', 'y')):
                file[name].dims[place].attach_scale(file[axis])
        file.attrs.update({'pre_post_dates': event, 'crs': CRS, 'annotated': 'True'})
    return path


def write_geotiff_folder(root: Path, count: int = 3, side: int = 192) -> None:
    """GeoTIFFs of 10 m pixels with a file of polygons each, in another CRS."""
    for number in range(count):
        values, mask = made_up_tile(3, (side, side), number)
        west, north = 500_000.0 + 10_000 * number, 5_000_000.0
        transform = Affine(10, 0, west, 0, -10, north)
        image = root / 'images' / f'site{number}.tif'
        write_picture(image, _bytes(values), transform, crs=CRS, nodata=0)
        rows, cols = np.nonzero(mask)
        box = shapely.box(
            west + 10 * cols.min(),
            north - 10 * (rows.max() + 1),
            west + 10 * (cols.max() + 1),
            north - 10 * rows.min(),
        )
        polygons = root / 'polygons' / f'site{number}.gpkg'
        polygons.parent.mkdir(parents=True, exist_ok=True)
        geopandas.GeoDataFrame(geometry=[box], crs=CRS).to_file(polygons)


def write_picture_folder(root: Path, count: int = 6) -> None:
    """RGBA pictures and masks of 0 and 255, as the RGB copy of Landslide4Sense has them."""
    for number in range(count):
        values, mask = made_up_tile(3, (128, 128), number)
        opaque = np.full((1, 128, 128), 255, np.uint8)
        white = np.broadcast_to(255 * mask, (3, 128, 128))
        image = root / 'images' / f'image_{number}.png'
        write_picture(image, np.concatenate([_bytes(values), opaque]))
        write_picture(root / 'masks' / f'mask_{number}.png', np.concatenate([white, opaque]))


def write_coco_folder(root: Path, count: int = 4) -> None:
    """Pictures with one polygon each, two of them with a crowd region beside."""
    images, annotations = [], []
    for number in range(count):
        values, mask = made_up_tile(3, (96, 96), number)
        name = f'tile{number}.png'
        write_picture(root / 'images' / name, _bytes(values))
        images.append({'id': number, 'file_name': name, 'height': 96, 'width': 96})
        rows, cols = np.nonzero(mask)
        west, east, top, low = cols.min(), cols.max() + 1, rows.min(), rows.max() + 1
        corners = [west, top, east, top, east, low, west, low]
        entry = {'id': number, 'image_id': number, 'category_id': 3, 'iscrowd': 0}
        annotations.append({**entry, 'segmentation': [[float(value) for value in corners]]})
        if number % 2:
            runs = {'size': [96, 96], 'counts': [96 * 90, 96 * 6]}  # the six columns on the right
            annotations.append({**entry, 'id': 100 + number, 'iscrowd': 1, 'segmentation': runs})
    document = {
        'images': images,
        'annotations': annotations,
        'categories': [{'id': 3, 'name': 'landslide'}],
    }
    (root / 'annotations.json').write_text(json.dumps(document))


LAYOUTS: dict[str, Callable[[Path], None]] = {
    'bijie': write_bijie,
    'cas_landslide': write_cas_landslide,
    'coco_folder': write_coco_folder,
    'geotiff_folder': write_geotiff_folder,
    'hr_gldd': write_hr_gldd,
    'landslide4sense': write_landslide4sense,
    'landslide4sense_rgb': write_picture_folder,
    'mars_mmls': write_mars_mmls,
    'sen12landslides': write_sen12landslides,
}
"""By the name of the config in ``configs/_base_/datasets``, which is that of the folder too."""
