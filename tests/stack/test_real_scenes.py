"""Stacks of public data: real CRS, pixels, extents and holes."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest

from fusionls.geo.raster_io import opened, read_bands, read_grid
from fusionls.stack import LayerStack, build_stack

pytestmark = pytest.mark.real_data


def folder_of(real_data: Path, name: str) -> Path:
    if not (real_data / name).is_dir():
        pytest.skip(f'{name} is not among the public data sets')
    return real_data / name


def built(tmp_path: Path, text: str) -> LayerStack:
    (tmp_path / 'SCENE.yaml').write_text(text)
    return build_stack(tmp_path / 'SCENE.yaml', tmp_path / 'stack')


SCENES = Path(__file__).parents[2] / 'demo' / 'scenes'


@pytest.mark.parametrize(
    ('scene', 'folder', 'layers', 'valid'),
    [
        ('puthumala', 'puthumala_s2_s1_dem', 38, {'optical': 0.8, 'radar': 0.99, 'terrain': 0.7}),
        ('kashmir', 'kashmir_dem_inventory', 5, {'terrain': 0.99, 'geology': 0.9}),
        ('rocky_mountains', 'rmnp_rgb_dem', 6, {'optical': 0.9, 'terrain': 0.35}),
    ],
)
def test_a_scene_of_the_demo_becomes_a_stack_from_its_raw_files(
    tmp_path, real_data, monkeypatch, scene, folder, layers, valid
):
    folder_of(real_data, folder)
    monkeypatch.setenv('FUSIONLS_REAL_DATA', str(real_data))
    stack = build_stack(SCENES / f'{scene}.yaml', tmp_path / 'stack')
    assert sum(len(m.layers) for m in stack.modalities.values()) >= layers
    found = stack.read(stack.grid.window)
    for name, least in valid.items():
        values, sound = found[name]
        assert sound.mean() > least
        assert np.isfinite(values).all()
        dead = [
            layer
            for layer, plane in zip(stack.modalities[name].layers, values, strict=True)
            if plane[sound].std() == 0
        ]
        assert dead == []
    measured = stack.manifest.coregistration['measured']
    assert measured['warnings'] == []  # these lie on each other, or it cannot be told


def test_rocky_mountains_rgb_and_dem_of_unequal_extent_in_degrees(tmp_path, real_data):
    data = folder_of(real_data, 'rmnp_rgb_dem')
    stack = built(
        tmp_path,
        f"""
        grid: {{crs: EPSG:32613, pixel: 150}}
        modalities:
          optical:
            sources:
              - file: {data}/rmnp-rgb.tif
                layers: [optical_red, optical_green, optical_blue]
          terrain:
            sources: [{{file: {data}/rmnp-dem.tif, layers: [terrain_elevation], unit: m}}]
        """,
    )
    found = stack.read(stack.grid.window)
    assert stack.modalities['terrain'].factor == 1
    assert found['optical'][1].mean() > 0.9
    # an oblong window of 35 x 44 km inside 62 x 62: the DEM ends before the image does
    elevation, slope, _ = found['terrain'][0]
    valid = found['terrain'][1]
    area = valid.sum() * 0.150**2
    assert area == pytest.approx(35.4 * 43.8, rel=0.02)
    assert 2281 <= elevation[valid].min() < elevation[valid].max() <= 4261
    assert 5 < slope[valid].mean() < 25
    assert slope[valid].max() < 70
    # each pixel of the DEM, taken where it lies, equals the stack there to a part of its relief
    dem_grid = read_grid(data / 'rmnp-dem.tif')
    with opened(data / 'rmnp-dem.tif') as dataset:
        dem = read_bands(dataset, [1])[0][0]
    rows, cols = np.mgrid[5 : dem_grid.rows - 5, 5 : dem_grid.cols - 5]
    to_utm = pyproj.Transformer.from_crs(dem_grid.crs, stack.grid.crs, always_xy=True)
    east, north = to_utm.transform(
        dem_grid.west + (cols + 0.5) * dem_grid.pixel_width,
        dem_grid.north - (rows + 0.5) * dem_grid.pixel_height,
    )
    there = elevation[
        ((stack.grid.north - north) / 150).astype(int), ((east - stack.grid.west) / 150).astype(int)
    ]
    difference = there - dem[5:-5, 5:-5]
    assert abs(np.median(difference)) < 1.0
    assert np.percentile(np.abs(difference), 90) < 60  # half a pixel of 75 m on steep ground


def test_kashmir_landslides_lie_on_its_steep_ground(tmp_path, real_data):
    data = folder_of(real_data, 'kashmir_dem_inventory')
    stack = built(
        tmp_path,
        f"""
        modalities:
          terrain:
            sources: [{{file: {data}/AW3D30.tif, layers: [terrain_elevation], unit: m}}]
          geology:
            sources:
              - {{file: {data}/Geology.tif, layers: [geology_class], unit: '1', kind: categorical}}
        landslides: {{file: {data}/landslides.shp}}
        """,
    )
    assert stack.grid.shape == (849, 546)
    found = stack.read(stack.grid.window)
    labels = stack.read_labels(stack.grid.window)
    values, valid = found['terrain']
    assert 0.0145 <= (labels == 1).mean() < 0.0175  # 1.45 %, and those smaller than a pixel
    # the data's own description: 40 degrees inside polygons, 33 outside
    assert values[1][valid & (labels == 1)].mean() == pytest.approx(40, abs=1)
    assert values[1][valid & (labels == 0)].mean() == pytest.approx(33, abs=1)
    # every one of the inventory's polygons leaves a pixel
    polygons = geopandas.read_file(stack.folder / 'landslides.gpkg')
    points = polygons.representative_point()
    rows = ((stack.grid.north - points.y) / stack.grid.pixel).astype(int)
    cols = ((points.x - stack.grid.west) / stack.grid.pixel).astype(int)
    inside = (rows >= 0) & (rows < 849) & (cols >= 0) & (cols < 546)
    assert inside.sum() > 2000
    assert (labels[rows[inside], cols[inside]] == 1).all()
    # origins that differ by 1e-4 m are the same grid: classes come through untouched
    with opened(data / 'Geology.tif') as dataset:
        classes, known = read_bands(dataset, [1])
    assert np.array_equal(found['geology'][0], classes)
    assert np.array_equal(found['geology'][1], known[0])


def test_puthumala_scar_lies_in_the_valley(tmp_path, real_data):
    data = folder_of(real_data, 'puthumala_s2_s1_dem')
    bands = {'B04': 'red', 'B03': 'green', 'B02': 'blue', 'B08': 'nir'}
    optical = '\n'.join(
        f'              - {{file: {data}/sentinel2/{band}.tif, layers: [optical_{name}]}}'
        for band, name in bands.items()
    )
    stack = built(
        tmp_path,
        f"""
        modalities:
          optical:
            sources:
{optical}
          terrain:
            sources: [{{file: {data}/Copernicus_DEM_30m.tif, layers: [terrain_elevation]}}]
        """,
    )
    assert {name: m.factor for name, m in stack.modalities.items()} == {'optical': 1, 'terrain': 2}
    found = stack.read(stack.grid.window)
    assert found['terrain'][1].mean() > 0.93
    red, _, _, nir = found['optical'][0]
    ndvi = (nir - red) / np.maximum(nir + red, 1)
    scar = np.zeros(red.shape, bool)
    scar[60:140, 340:575] = ((ndvi < 0.35) & (red < 2500))[60:140, 340:575]
    assert scar.sum() > 500
    # the runout follows the valley floor: lower than the ground within 250 m around it
    elevation = found['terrain'][0][0].repeat(2, axis=0).repeat(2, axis=1)
    valid = found['terrain'][1].repeat(2, axis=0).repeat(2, axis=1)
    from scipy import ndimage

    near = ndimage.binary_dilation(scar, iterations=25) & ~scar & valid
    assert np.median(elevation[scar & valid]) < np.median(elevation[near])
