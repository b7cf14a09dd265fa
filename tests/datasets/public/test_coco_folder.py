"""Pictures with annotations: splits by file, chosen categories, landslides one by one."""

import json

import numpy as np
import pytest

from fusionls.datasets import CocoFolderDataset
from fusionls.datasets.transforms import LoadTile, PackInstanceTile
from fusionls.geo.window import Window
from fusionls.testing.layouts import made_up_tile, write_coco_folder

BANDS = {'optical': {'optical_red': 1, 'optical_green': 2, 'optical_blue': 3}}
OPTIONS = {'bands': BANDS, 'layers': {'optical': ['optical_red']}}


@pytest.fixture
def root(tmp_path):
    write_coco_folder(tmp_path)
    return tmp_path


def test_polygons_become_the_mask_they_were_drawn_around(root):
    data = CocoFolderDataset(root=root, **OPTIONS)
    for number, (scene, _) in enumerate(data.scenes):
        _, mask = made_up_tile(3, (96, 96), number)
        labels = scene.load_labels()
        np.testing.assert_array_equal(labels == 1, mask == 1)
        assert (labels == 255).sum() == (96 * 6 if number % 2 else 0)
        assert (labels[:, 90:] == 255).all() == bool(number % 2)


def test_one_file_a_split(root):
    document = json.loads((root / 'annotations.json').read_text())
    for split, chosen in (('train', (0, 1, 2)), ('val', (3,))):
        part = {
            **document,
            'images': [i for i in document['images'] if i['id'] in chosen],
            'annotations': [a for a in document['annotations'] if a['image_id'] in chosen],
        }
        (root / f'{split}.json').write_text(json.dumps(part))
    files = {'train': 'train.json', 'val': 'val.json'}
    found = {
        split: [
            scene.name
            for scene, _ in CocoFolderDataset(
                root=root, annotations=files, split=split, **OPTIONS
            ).scenes
        ]
        for split in files
    }
    assert found == {'train': ['tile0', 'tile1', 'tile2'], 'val': ['tile3']}


def test_other_categories_are_no_landslides(root):
    path = root / 'annotations.json'
    document = json.loads(path.read_text())
    document['categories'].append({'id': 5, 'name': 'road'})
    document['annotations'][0]['category_id'] = 5
    path.write_text(json.dumps(document))
    data = CocoFolderDataset(root=root, categories=['landslide'], **OPTIONS)
    shares = [(scene.load_labels() == 1).mean() for scene, _ in data.scenes]
    assert shares[0] == 0
    assert min(shares[1:]) > 0


def test_touching_landslides_stay_two(root):
    path = root / 'annotations.json'
    document = json.loads(path.read_text())
    left, right = ([10, 10, 20, 10, 20, 30, 10, 30], [20, 10, 40, 10, 40, 30, 20, 30])
    entry = {'image_id': 0, 'category_id': 3, 'iscrowd': 0}
    document['annotations'] = [
        {**entry, 'id': 1, 'segmentation': [left]},
        {**entry, 'id': 2, 'segmentation': [right]},
    ]
    path.write_text(json.dumps(document))
    data = CocoFolderDataset(
        root=root, pipeline=[LoadTile(instances=True), PackInstanceTile()], **OPTIONS
    )
    sample = data[0]['data_samples']
    assert sample.gt_instances.bboxes.tolist() == [[10, 10, 20, 30], [20, 10, 40, 30]]
    masks, ignored = data.scenes[0][0].read_instances(Window(0, 30, 96, 96))
    assert masks.shape == (1, 96, 96)  # the other one is not in this window
    assert masks.sum() == 10 * 20
    assert not ignored.any()
