"""Bijie: pictures of differing sizes, the published tree and a flat copy of real ones."""

import numpy as np
import pytest
from rasterio.features import rasterize
from shapely.geometry import Polygon

from fusionls.datasets import BijieDataset
from fusionls.datasets.public.bijie import find_bijie, read_boundary
from fusionls.errors import SplitLeakageWarning
from fusionls.testing.layouts import write_bijie


@pytest.fixture
def root(tmp_path):
    write_bijie(tmp_path)
    return tmp_path


def test_places_without_landslide_count_as_free_of_them(root):
    finding = find_bijie(root)
    assert finding.problems == []
    others = [tile for tile in finding.tiles if tile.name.startswith('non-landslide/')]
    assert len(others) == 3
    assert all((tile.load_labels() == 0).all() for tile in others)
    slides = [tile for tile in finding.tiles if tile.name.startswith('landslide/')]
    assert all(0 < tile.load_labels().mean() < 0.5 for tile in slides)
    assert len({tile.shape for tile in finding.tiles}) > 2


def test_elevation_is_a_modality_of_its_own_and_may_be_missing(root):
    tile = find_bijie(root).tiles[0]
    values, valid = tile.load(['terrain'])['terrain']
    assert values.shape == (1, *tile.shape)
    assert valid.all()
    for dem in sorted(root.rglob('dem')):
        dem.rename(dem.with_name('dem_gone'))
    finding = find_bijie(root)
    assert finding.problems == []
    assert {tile.shown for tile in finding.tiles} == {frozenset({'optical'})}


def test_counties_can_be_held_out(root):
    options = {'layers': {'optical': ['optical_red']}, 'root': root}
    groups = {'val': ['dafang']}
    train, val = (BijieDataset(**options, split=s, held_out=groups) for s in ('train', 'val'))
    assert {scene.group for scene, _ in train.scenes} == {'qianxi'}
    assert {scene.group for scene, _ in val.scenes} == {'dafang'}


def test_a_boundary_encloses_the_landslide_of_its_mask(root):
    tile = find_bijie(root).tiles[0]
    path = root / 'Bijie-landslide-dataset/landslide/polygon_coordinate'
    corners = read_boundary(path / f'{tile.name.rpartition("/")[2]}.txt')
    # corners are pixels, so that the outermost of them belong to the landslide
    drawn = rasterize([Polygon(corners + 0.5).buffer(0.1)], tile.shape)
    np.testing.assert_array_equal(drawn, tile.load_labels())


@pytest.mark.real_data
def test_the_real_pictures_are_as_their_folder_says(real_data):
    if not (real_data / 'bijie_rgb').is_dir():
        pytest.skip('no bijie_rgb among the public data sets')
    finding = find_bijie(real_data / 'bijie_rgb')
    assert finding.problems == []
    slides, others = (
        [tile for tile in finding.tiles if tile.name.startswith(kind)]
        for kind in ('landslide/', 'non-landslide/')
    )
    assert (len(slides), len(others)) == (44, 20)
    shares = [tile.load_labels().mean() for tile in (*slides, *others)]
    assert np.mean(shares) == pytest.approx(0.059, abs=5e-4)  # counted by those who chose them
    assert all(share > 0 for share in shares[:44])
    assert not any(shares[44:])
    values, valid = slides[0].load(['optical'])['optical']
    assert valid.all()
    assert 20 < values.mean() < 235
    with pytest.warns(SplitLeakageWarning):
        data = BijieDataset(
            root=real_data / 'bijie_rgb',
            layers={'optical': ['optical_red']},
            tile=128,
            folds=4,
            split='train',
        )
    assert len(data.scenes) == 48
