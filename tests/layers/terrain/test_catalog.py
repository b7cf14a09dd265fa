"""Truths that hold for every terrain layer alike, through the names by which they are asked for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine

from fusionls.geo.cell_size import cell_size
from fusionls.geo.grid import Grid
from fusionls.layers import derivation
from fusionls.layers.catalog import CATALOG
from fusionls.layers.derivation import derive, rederived, step_of
from fusionls.layers.terrain.catalog import TERRAIN_LAYERS
from fusionls.quantities import Kind

PIXEL = 10.0
NAMES = [spec.name for spec in TERRAIN_LAYERS if spec.derivation]
LOCAL = [name for name in NAMES if not CATALOG[name].derivation.whole]
SHORT = [f'{name}_r30' if CATALOG[name].derivation.parameters.get('r') else name for name in LOCAL]
"""Every layer that a window can have, with a radius of three cells where it has one."""


def hills(rows=70, cols=50, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 3, (rows, cols)).cumsum(0).cumsum(1) / 20
    return (500 + noise + 0.7 * np.arange(cols)).astype(np.float32)


def of(dem, names, valid=None, pixel=PIXEL):
    valid = np.ones(dem.shape, bool) if valid is None else valid
    return derive({'terrain_elevation': (dem, valid)}, names, pixel)


@pytest.mark.parametrize('strip_rows', [1, 5, 32])
def test_strips_equal_the_whole_bit_for_bit(monkeypatch, strip_rows):
    dem = hills()
    valid = np.random.default_rng(1).random(dem.shape) > 0.01
    monkeypatch.setattr(derivation, 'strip_rows', lambda cols, reach: 10_000)
    whole = of(dem, SHORT, valid)
    monkeypatch.setattr(derivation, 'strip_rows', lambda cols, reach: strip_rows)
    strips = of(dem, SHORT, valid)
    for name in SHORT:
        assert np.array_equal(strips[name][0], whole[name][0]), name
        assert np.array_equal(strips[name][1], whole[name][1]), name


@pytest.mark.parametrize('name', SHORT)
def test_a_window_of_the_ground_has_the_same_layer_bit_for_bit(name):
    dem = hills()
    reach = step_of(name).reach(PIXEL)
    whole = of(dem, [name])[name]
    part = of(dem[11:60, 7:45].copy(), [name])[name]
    inner = (slice(reach, -reach), slice(reach, -reach))
    assert np.array_equal(part[0][inner], whole[0][11:60, 7:45][inner])


@pytest.mark.parametrize('name', SHORT)
@pytest.mark.parametrize('garbage', [np.nan, np.inf, -9999.0, 3e38])
def test_what_stands_in_a_void_changes_nothing(name, garbage):
    dem = hills(30, 30)
    valid = np.random.default_rng(2).random(dem.shape) > 0.03
    expected = of(np.where(valid, dem, 0).astype(np.float32), [name], valid)[name]
    found = of(np.where(valid, dem, garbage).astype(np.float32), [name], valid)[name]
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])
    assert not found[0][~found[1]].any()


@pytest.mark.parametrize('name', SHORT)
def test_one_void_invalidates_exactly_the_cells_whose_kernel_holds_it(name):
    dem = hills(31, 31)
    valid = np.ones(dem.shape, bool)
    valid[15, 15] = False
    sound = of(dem, [name], valid)[name][1]
    reach = step_of(name).reach(PIXEL)
    rows, cols = np.mgrid[-15:16, -15:16]
    if 'tpi' in name:
        kernel = rows**2 + cols**2 <= (reach + 0.5) ** 2
    elif 'sky' in name or 'openness' in name:
        angle = np.pi / 8 * np.arange(16)
        kernel = np.zeros(dem.shape, bool)
        for length in range(reach + 1):
            # the nearest cells along sixteen rays
            down, right = np.rint(length * np.cos(angle)), np.rint(length * np.sin(angle))
            kernel[15 + down.astype(int), 15 + right.astype(int)] = True
    else:
        kernel = (abs(rows) <= reach) & (abs(cols) <= reach)
    inner = (slice(reach, -reach), slice(reach, -reach))
    assert np.array_equal(~sound[inner], kernel[inner])
    assert not np.delete(sound, np.s_[reach:-reach], axis=0).any()


@pytest.mark.parametrize('name', LOCAL)
@pytest.mark.parametrize('mirror', [False, True])
@pytest.mark.parametrize('quarters', range(4))
def test_layers_of_turned_ground_are_the_turned_layers(name, quarters, mirror):
    from fusionls.datasets.transforms.geometry import turned

    partner = {
        'terrain_aspect_sin': 'terrain_aspect_cos',
        'terrain_normal_east': 'terrain_normal_north',
        'terrain_aspect_cos': 'terrain_aspect_sin',
        'terrain_normal_north': 'terrain_normal_east',
    }.get(name)
    short = name.replace('tpi', 'tpi_r30').replace('relief', 'relief_r30')
    if 'sky' in name or 'openness' in name:
        short = f'{name}_r30'
    names = ['terrain_elevation', short] + ([partner] if partner else [])
    dem = hills(40, 40)

    def layers(ground):
        found = of(ground, names[1:])
        return np.stack([ground, *(found[n][0] for n in names[1:])]), found[short][1]

    values, _ = layers(dem)
    kinds = [CATALOG.get(n, CATALOG[name]).quantity.kind for n in names]
    everywhere = np.ones(dem.shape, bool)
    found, _ = turned(values, everywhere, names, kinds, quarters, mirror, PIXEL)
    expected, sound = layers(np.rot90(dem[:, ::-1] if mirror else dem, quarters).copy())
    assert sound.any()
    assert found[1][sound] == pytest.approx(expected[1][sound], rel=1e-4, abs=2e-4)


@pytest.mark.parametrize('name', SHORT)
def test_deriving_again_on_a_tile_keeps_the_rim_and_equals_deriving_inside(name):
    dem = hills(24, 24)
    valid = np.ones(dem.shape, bool)
    again = rederived([name], {'terrain_elevation': (dem, valid)}, PIXEL)[name]
    values, sound = of(dem, [name])[name]
    assert again[sound] == pytest.approx(values[sound], rel=1e-4, abs=1e-4)
    plane = np.add.outer(-2.0 * np.arange(24), 3.0 * np.arange(24)).astype(np.float32)
    on_plane = rederived([name], {'terrain_elevation': (plane, valid)}, PIXEL)[name]
    assert np.ptp(on_plane) == pytest.approx(0, abs=2e-3)  # the same everywhere, rim included


@pytest.mark.parametrize('latitude', [0, 36, 47, 60, -47])
@pytest.mark.parametrize('azimuth', [0, 90, 180, 270])
def test_a_plane_of_30_degrees_in_degrees_of_longitude_reads_30(latitude, azimuth):
    step = 1 / 3600
    grid = Grid(pyproj.CRS(4326), 8.0, latitude + 10 * step, step, step, 20, 20)
    geod = pyproj.Geod(ellps='WGS84')
    east = geod.inv(8.0, latitude, 8.0 + step, latitude)[2]
    north = geod.inv(8.0, latitude - step / 2, 8.0, latitude + step / 2)[2]
    rows, cols = np.mgrid[:20, :20]
    toward = np.sin(np.radians(azimuth)) * cols * east - np.cos(np.radians(azimuth)) * rows * north
    dem = (1000 - np.tan(np.radians(30)) * toward).astype(np.float32)
    names = ['terrain_slope', 'terrain_slope_zt', 'terrain_aspect_sin', 'terrain_aspect_cos']
    found = of(dem, names, pixel=cell_size(grid))
    inner = (slice(1, -1), slice(1, -1))
    assert found['terrain_slope'][0][inner] == pytest.approx(30, abs=0.05)
    assert found['terrain_slope_zt'][0][inner] == pytest.approx(30, abs=0.05)
    sine, cosine = found['terrain_aspect_sin'][0], found['terrain_aspect_cos'][0]
    assert sine[inner] == pytest.approx(np.sin(np.radians(azimuth)), abs=2e-3)
    assert cosine[inner] == pytest.approx(np.cos(np.radians(azimuth)), abs=2e-3)


GDALDEM = {
    'terrain_slope': (['slope'], 3e-3),
    'terrain_slope_zt': (['slope', '-alg', 'ZevenbergenThorne'], 3e-3),
    'terrain_tpi_r10': (['TPI'], 3e-4),
    'terrain_tri': (['TRI', '-alg', 'Riley'], 1e-4),
    'terrain_roughness': (['roughness'], 1e-6),
}


@pytest.mark.skipif(not shutil.which('gdaldem'), reason='gdaldem is not installed')
@pytest.mark.parametrize('name', [*GDALDEM, 'terrain_hillshade', 'terrain_hillshade_az90_alt30'])
def test_gdaldem_agrees(name, tmp_path):
    dem = hills(200, 150)
    source, out = tmp_path / 'dem.tif', tmp_path / 'out.tif'
    with rasterio.open(
        source, 'w', driver='GTiff', dtype='float32', count=1, height=200, width=150,
        crs='EPSG:32632', transform=Affine(PIXEL, 0, 5e5, 0, -PIXEL, 5e6),
    ) as dataset:  # fmt: skip
        dataset.write(dem, 1)
    arguments, tolerance = GDALDEM.get(name, (['hillshade'], 0.5 + 1e-3))
    options = ['-az', '90', '-alt', '30'] if 'az90' in name else []
    command = ['gdaldem', arguments[0], source, out, *arguments[1:], *options, '-q']
    subprocess.run(command, check=True, timeout=60)
    with rasterio.open(out) as dataset:
        theirs = dataset.read(1).astype(float)[1:-1, 1:-1]
    ours = of(dem, [name])[name][0][1:-1, 1:-1].astype(float)
    if 'hillshade' in name:
        ours = 1 + 254 * ours
    assert np.abs(ours - theirs).max() <= tolerance


@pytest.mark.real_data
def test_the_slope_and_light_of_jiuzhaigou_are_reproduced(real_data):
    folder = real_data / 'jiuzhaigou_dem_terrain'
    if not folder.is_dir():
        pytest.skip('jiuzhaigou_dem_terrain is not among the public data sets')

    def read(name: str) -> np.ndarray:
        with rasterio.open(folder / name) as dataset:
            return dataset.read(1)

    dem = read('DEM_030.tif').astype(np.float32)
    valid = dem > 0  # outside the turned footprint the file holds 0, which it does not declare
    found = of(dem, ['terrain_slope', 'terrain_hillshade'], valid, pixel=30.0)
    slope, sound = found['terrain_slope']
    assert sound.mean() > 0.6
    theirs = read('DEM_030_SLOPE.tif')
    assert np.corrcoef(slope[sound], theirs[sound])[0, 1] > 0.994
    light = found['terrain_hillshade'][0]
    assert np.corrcoef(light[sound], read('DEM_030_HILLSHADE.tif')[sound])[0, 1] > 0.995


@pytest.mark.real_data
@pytest.mark.parametrize('patch', ['image_42', 'image_168', 'image_3645'])
def test_the_slope_band_of_landslide4sense_follows_from_its_elevation_band(real_data, patch):
    import h5py

    path: Path = real_data / 'landslide4sense_h5' / 'img' / f'{patch}.h5'
    if not path.is_file():
        pytest.skip('landslide4sense_h5 is not among the public data sets')
    with h5py.File(path) as file:
        bands = file['img'][...]
    dem = bands[..., 13].astype(np.float32)  # normalised: any vertical scale, so ranks only
    slope, sound = of(dem * 1000, ['terrain_slope'])['terrain_slope']
    sound &= bands[..., 12] > 0
    assert np.corrcoef(slope[sound], bands[..., 12][sound])[0, 1] > 0.7


def test_kinds_tell_components_and_light():
    kinds = {name: CATALOG[name].quantity.kind for name in NAMES}
    assert kinds['terrain_aspect_sin'] is kinds['terrain_normal_east'] is Kind.EAST
    assert kinds['terrain_aspect_cos'] is kinds['terrain_normal_north'] is Kind.NORTH
    assert kinds['terrain_hillshade_multi'] is Kind.LIT
