"""CAS Landslide: sub-sets by folder, whichever way they were unpacked; regions held out."""

import pytest

from fusionls.datasets import CasLandslideDataset
from fusionls.datasets.public.cas_landslide import CARD, SUBSETS, find_cas
from fusionls.errors import InputError
from fusionls.testing.layouts import write_cas_landslide

LAYERS = {'optical': ['optical_red']}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('cas')
    write_cas_landslide(root)
    return root


def test_the_published_numbers_add_up():
    # 20,865 pictures, sixteen sub-sets and nine regions are what the paper says
    assert sum(CARD.counts.values()) == 20_865
    assert len(SUBSETS) == 16
    assert len({subset.region for subset in SUBSETS.values()}) == 9


def test_folders_are_known_however_they_were_unpacked(root):
    finding = find_cas(root)
    assert finding.problems == []
    assert {tile.name.partition('/')[0] for tile in finding.tiles} == {
        'palu',
        'longxi river (uav)',  # unpacked twice deep, brackets of full width
        'moxitaidi (uav-0.6m)',  # masks end in _mask
    }
    assert {tile.pixel for tile in finding.tiles} == {5, 0.5, 0.6}


@pytest.mark.parametrize(
    ('sensor', 'regions'), [('satellite', {'Palu'}), ('uav', {'Longxi', 'Moxi'})]
)
def test_one_kind_of_sensor_can_be_chosen(root, sensor, regions):
    assert {tile.group for tile in find_cas(root, sensor).tiles} == regions


def test_regions_are_held_out_whole(root):
    groups = {'val': ['Palu'], 'test': ['Moxi']}
    found = {
        split: {
            scene.group
            for scene, _ in CasLandslideDataset(
                root=root, layers=LAYERS, split=split, held_out=groups
            ).scenes
        }
        for split in ('train', 'val', 'test')
    }
    assert found == {'train': {'Longxi'}, 'val': {'Palu'}, 'test': {'Moxi'}}


def test_an_unknown_sensor_is_refused(root):
    with pytest.raises(InputError, match='did you mean uav'):
        CasLandslideDataset(root=root, layers=LAYERS, sensor='uva')
