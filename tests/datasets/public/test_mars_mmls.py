"""MMLS, first release: pages are rows; real patches are those of the second release."""

import csv

import numpy as np
import pytest

from fusionls.datasets import MarsMmlsDataset
from fusionls.datasets.public import MarsMmlsV2
from fusionls.datasets.public.mars_mmls import PLACES, find_mars_mmls
from fusionls.geo.raster_io import opened, read_bands
from fusionls.geo.window import Window
from fusionls.testing.layouts import made_up_tile, write_mars_mmls

LAYERS = {modality: list(places) for modality, places in PLACES.items()}


def test_gdal_reads_one_row_of_the_picture_where_the_adapter_reads_all(tmp_path):
    write_mars_mmls(tmp_path)
    tile = next(t for t in find_mars_mmls(tmp_path).tiles if t.name == 'train/Image_patch_0_7')
    values, _ = made_up_tile(7, (128, 128), 50 * len('train'))
    with opened(tile.image) as dataset:
        by_gdal, _ = read_bands(dataset, [1])
    np.testing.assert_array_equal(by_gdal[0], values[:, 0].T)  # (columns, bands) of row 0
    inputs = tile.load(list(PLACES))
    for modality, places in PLACES.items():
        np.testing.assert_array_equal(inputs[modality][0], values[list(places.values())])


def test_splits_follow_the_names(tmp_path):
    write_mars_mmls(tmp_path, train=3, test=2)
    found = [
        len(MarsMmlsDataset(root=tmp_path, layers=LAYERS, split=split).scenes)
        for split in ('train', 'test', 'all')
    ]
    assert found == [3, 2, 5]


@pytest.mark.real_data
def test_the_real_patches_are_those_of_the_second_release(real_data):
    root, second = real_data / 'mars_mmls_hwc', real_data / 'mars_mmls_v2'
    if not (root.is_dir() and second.is_dir()):
        pytest.skip('not both releases of MMLS among the public data sets')
    finding = find_mars_mmls(root)
    assert finding.problems == []
    assert [tile.split for tile in finding.tiles].count('test') == 3
    labels = [tile.load_labels() for tile in finding.tiles]
    assert np.mean(labels) == pytest.approx(0.411, abs=5e-4)
    places = {
        row['file'].removesuffix('.tif'): (float(row['ulx_m']), float(row['uly_m']))
        for row in csv.DictReader((root / 'recovered_positions.csv').open())
    }
    scene = MarsMmlsV2(second)
    likeness: dict[str, list[dict[str, float]]] = {}
    for tile in finding.tiles:
        east, north = places[tile.name.partition('/')[2]]
        row = round((scene.grid.north - north) / scene.grid.pixel_height)
        col = round((east - scene.grid.west) / scene.grid.pixel_width)
        known = scene.read(Window(row, col, 128, 128))
        both = known['terrain'][1]
        assert both.sum() > 4000
        theirs = {
            f'{layer}_scaled': known[modality][0][number][both]
            for modality in known
            for number, layer in enumerate(scene.modalities[modality].layers)
        }
        for modality, (values, _) in tile.load(list(PLACES)).items():
            for layer, plane in zip(PLACES[modality], values, strict=True):
                like = {n: float(np.corrcoef(plane[both], v)[0, 1]) for n, v in theirs.items()}
                likeness.setdefault(layer, []).append(like)
    for layer, found in likeness.items():  # the order of bands is not published: this is why
        mean = {name: np.mean([like[name] for like in found]) for name in found[0]}
        assert max(mean, key=mean.__getitem__) == layer
        assert mean[layer] > 0.65
    assert (
        min(like['terrain_elevation_scaled'] for like in likeness['terrain_elevation_scaled'])
        > 0.99
    )
