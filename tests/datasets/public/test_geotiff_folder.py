"""GeoTIFFs with polygons: windows of the files, polygons of any CRS, ground nobody looked at."""

import geopandas
import numpy as np
import pytest
import rasterio
import shapely

from fusionls.datasets import GeoTiffFolderDataset
from fusionls.datasets.transforms import LoadTile, PackInstanceTile
from fusionls.geo.window import Window
from fusionls.testing.layouts import CRS, write_geotiff_folder

BANDS = {'optical': {'optical_blue': 3, 'optical_red': 1}}
OPTIONS = {'bands': BANDS, 'layers': {'optical': ['optical_red']}}
SIDE = 192


@pytest.fixture
def root(tmp_path):
    write_geotiff_folder(tmp_path)
    return tmp_path


def first(root, **options):
    return GeoTiffFolderDataset(root=root, **{**OPTIONS, **options}).scenes[0][0]


def test_a_window_is_that_part_of_the_file_and_void_beyond(root):
    tile = first(root)
    with rasterio.open(root / 'images/site0.tif') as dataset:
        blue, _, red = dataset.read([3, 2, 1]).astype(np.float32)
    whole = tile.load(['optical'])['optical'][0]
    np.testing.assert_array_equal(whole, [blue, red])
    values, valid = tile.read(Window(-5, SIDE - 20, 40, 30))['optical']
    np.testing.assert_array_equal(values[:, 5:, :20], whole[:, :35, -20:])
    assert valid[5:, :20].all()
    assert valid.sum() == 35 * 20
    assert values[:, ~valid].sum() == 0
    values, valid = tile.read(Window(SIDE + 3, 0, 8, 8))['optical']
    assert values.shape == (2, 8, 8)
    assert not valid.any()


def test_labels_of_a_window_are_those_of_the_whole(root):
    tile = first(root)
    whole = tile.load_labels()
    assert 0 < whole.mean() < 0.1
    window = Window(30, 50, 60, 70)
    np.testing.assert_array_equal(tile.read_labels(window), whole[window.slices])
    assert (tile.read_labels(Window(-4, 0, 4, 9)) == 255).all()


def test_polygons_are_brought_to_the_crs_of_the_image(root):
    expected = first(root).load_labels()
    path = root / 'polygons/site0.gpkg'
    degrees = geopandas.read_file(path).to_crs(4326)
    path.unlink()
    degrees.to_file(path)
    found = first(root).load_labels()
    assert (found != expected).mean() < 2e-3  # straight sides bend by less than a pixel


def test_one_file_of_polygons_serves_all_images(root):
    expected = first(root).load_labels()
    frames = [geopandas.read_file(path) for path in sorted((root / 'polygons').iterdir())]
    for path in (root / 'polygons').iterdir():
        path.unlink()
    shapes = [shape for frame in frames for shape in frame.geometry]
    geopandas.GeoDataFrame(geometry=shapes, crs=CRS).to_file(root / 'polygons.geojson')
    np.testing.assert_array_equal(first(root).load_labels(), expected)


def test_ground_nobody_looked_at_does_not_count(root):
    (root / 'mapped').mkdir()
    grid = first(root).grid
    west, south, east, north = grid.bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    geopandas.GeoDataFrame(geometry=[half], crs=CRS).to_file(root / 'mapped/site0.gpkg')
    labels = first(root).load_labels()
    assert (labels[:, SIDE // 2 :] == 255).all()
    assert (labels[:, : SIDE // 2] != 255).all()


def test_declared_and_given_nodata_are_invalid(root):
    path = root / 'images/site0.tif'
    with rasterio.open(path, 'r+') as dataset:
        red = dataset.read(1)
        red[3, 4], red[5, 6] = 0, 77
        red[red == 77] = 78
        red[5, 6] = 77
        dataset.write(red, 1)
    _, valid = first(root).load(['optical'])['optical']
    assert np.argwhere(~valid).tolist() == [[3, 4]]
    _, valid = first(root, nodata=77).load(['optical'])['optical']
    assert not valid[5, 6]


def test_tiles_carry_single_landslides_to_the_detector(root):
    data = GeoTiffFolderDataset(
        root=root, tile=96, pipeline=[LoadTile(instances=True), PackInstanceTile()], **OPTIONS
    )
    sample = data[0]['data_samples']
    assert len(sample.gt_instances) == 1
    labels = data.scenes[0][0].read_labels(Window(0, 0, 96, 96))
    np.testing.assert_array_equal(sample.gt_instances.masks.masks[0], labels == 1)


def test_each_file_is_a_group_that_can_be_held_out(root):
    held_out = {'val': ['site1']}
    data = GeoTiffFolderDataset(root=root, split='val', held_out=held_out, **OPTIONS)
    assert [scene.name for scene, _ in data.scenes] == ['site1']
