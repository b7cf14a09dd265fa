"""What is packed is what was read: layers in the config's order, labels where something is seen."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpretrain.models import CrossEntropyLoss
from scipy import ndimage

from fusionls.datasets.transforms import (
    FixLabels,
    LoadTile,
    PackClassifiedTile,
    PackInstanceTile,
    PackTile,
)
from fusionls.testing import ArraySceneDataset

LAYERS = {'optical': ['optical_nir', 'optical_red'], 'insar': ['insar_coherence']}
SCENE_LAYERS = {
    'optical': ['optical_red', 'optical_green', 'optical_nir'],
    'insar': ['insar_coherence'],
    'terrain': ['terrain_slope'],
}


def dataset(*transforms, **options):
    return ArraySceneDataset(
        layers=LAYERS,
        scene_layers=SCENE_LAYERS,
        factors={'insar': 4},
        tile=32,
        shape=(96, 96),
        pipeline=[LoadTile(), *transforms],
        **options,
    )


def with_labels(labels):
    """A tile with these labels, valid everywhere."""
    data = dataset()
    results = data[0]
    results['labels'] = np.asarray(labels, np.uint8)
    shape = results['labels'].shape
    results['inputs'] = {'optical': (np.ones((3, *shape), np.float32), np.ones(shape, bool))}
    return results


def test_layers_come_in_the_order_of_the_config():
    data = dataset()
    raw = data[4]['inputs']
    packed = PackTile().transform(data[4])['inputs']
    assert set(packed) == {'optical', 'insar'}
    values, valid = packed['optical']
    np.testing.assert_array_equal(values, raw['optical'][0][[2, 0]])
    np.testing.assert_array_equal(valid[0], raw['optical'][1])
    assert packed['insar'][0].shape == (1, 8, 8)


def test_labels_do_not_count_where_no_modality_is_valid():
    data = dataset()
    results = data[4]
    optical, insar = results['inputs']['optical'][1], results['inputs']['insar'][1]
    optical[:16], optical[16:] = False, True
    insar[:], insar[0, 0] = False, True
    plain = results['labels'].copy()
    label = PackTile().transform(results)['data_samples'].gt_sem_seg.data[0].numpy()
    seen = np.zeros((32, 32), bool)
    seen[16:] = seen[:4, :4] = True
    assert (label[~seen] == 255).all()
    np.testing.assert_array_equal(label[seen], plain[seen])
    assert label.dtype == np.int64


def test_a_modality_that_is_invalid_everywhere_is_left_out():
    data = dataset()
    results = data[0]
    results['inputs']['insar'][1][:] = False
    assert set(PackTile().transform(results)['inputs']) == {'optical'}


def test_the_sample_says_where_it_is_from():
    sample = dataset(PackTile())[5]['data_samples']
    assert sample.scene == 'made_up_0'
    assert sample.window == (32, 64, 32, 32)
    assert tuple(sample.img_shape) == tuple(sample.ori_shape) == (32, 32)


masks = st.builds(
    lambda seed, sigma, share: _blobs(seed, sigma, share),
    st.integers(0, 10**6),
    st.floats(0.5, 4.0),
    st.floats(0.02, 0.6),
)


def _blobs(seed, sigma, share):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(32, 32)), sigma)
    return noise > np.quantile(noise, 1 - share)


@given(mask=masks, least=st.integers(1, 40))
def test_instances_are_the_connected_landslides_and_boxes_their_bounds(mask, least):
    sample = PackInstanceTile(least_pixels=least).transform(with_labels(mask))['data_samples']
    together = np.zeros((32, 32), int)
    for instances, wanted in ((sample.gt_instances, True), (sample.ignored_instances, False)):
        assert len(instances.bboxes) == len(instances.masks) == len(instances.labels)
        assert (instances.labels == 0).all()
        for box, piece in zip(instances.bboxes, instances.masks.masks, strict=True):
            rows, cols = np.nonzero(piece)
            bounds = [cols.min(), rows.min(), cols.max() + 1, rows.max() + 1]
            assert box.tolist() == bounds
            assert (piece.sum() >= least) == wanted
            assert ndimage.label(piece, np.ones((3, 3)))[1] == 1
            together += piece
    np.testing.assert_array_equal(together, mask)


def test_pieces_that_touch_at_a_corner_are_one_landslide():
    mask = np.zeros((8, 8))
    mask[1:4, 1:4] = mask[4:7, 4:7] = 1
    sample = PackInstanceTile(least_pixels=1).transform(with_labels(mask))['data_samples']
    assert sample.gt_instances.bboxes.tolist() == [[1, 1, 7, 7]]


def test_a_tile_without_landslides_has_no_instance():
    sample = PackInstanceTile().transform(with_labels(np.zeros((8, 8))))['data_samples']
    assert sample.gt_instances.bboxes.shape == (0, 4)
    assert sample.gt_instances.masks.masks.shape == (0, 8, 8)
    assert sample.gt_instances.labels.dtype == torch.long


def test_unmapped_ground_is_no_landslide():
    labels = np.full((8, 8), 255)
    labels[2:6, 2:6] = 1
    sample = PackInstanceTile(least_pixels=1).transform(with_labels(labels))['data_samples']
    assert sample.gt_instances.masks.masks.sum() == 16


def test_single_landslides_of_an_inventory_overlap_and_small_ones_are_ignored():
    results = with_labels(np.ones((32, 32)))
    instances = np.zeros((4, 32, 32), bool)
    instances[0, 2:12, 3:20] = True
    instances[1, 8:18, 10:30] = True  # over the first
    instances[2, 20:22, 20:22] = True  # where nothing is seen
    instances[3, 25:31, 1:9] = True  # under the inventory's least size
    results['instances'] = instances
    results['instances_ignored'] = np.array([False, False, False, True])
    results['inputs']['optical'][1][:, 16:] = False
    sample = PackInstanceTile(least_pixels=5).transform(results)['data_samples']
    assert sample.gt_instances.bboxes.tolist() == [[3, 2, 16, 12], [10, 8, 16, 18]]
    assert sample.ignored_instances.bboxes.tolist() == [[1, 25, 9, 31]]
    np.testing.assert_array_equal(
        sample.gt_instances.masks.masks[0], instances[0] & (np.arange(32) < 16)
    )


def test_landslides_of_an_inventory_stay_whole_once_labels_are_fixed():
    results = with_labels(np.ones((32, 32)))
    results['instances'] = np.zeros((1, 32, 32), bool)
    results['instances'][0, 2:12, 3:20] = True
    results['instances_ignored'] = np.array([False])
    results['inputs']['optical'][1][:, 18:] = False  # seen by nothing when that is decided
    fixed = FixLabels().transform(results)
    fixed['inputs']['optical'][1][:, 8:] = False  # hidden afterwards, as a test does
    sample = PackInstanceTile(least_pixels=5).transform(fixed)['data_samples']
    assert sample.gt_instances.bboxes.tolist() == [[3, 2, 18, 12]]


def test_boxes_alone_are_those_with_masks():
    mask = _blobs(0, 1.5, 0.3)
    whole, boxes = (
        PackInstanceTile(masks=masks).transform(with_labels(mask))['data_samples']
        for masks in (True, False)
    )
    assert 'masks' not in boxes.gt_instances
    assert torch.equal(whole.gt_instances.bboxes, boxes.gt_instances.bboxes)
    assert len(boxes.gt_instances) == 3


def test_a_tile_is_classified_by_the_pixels_that_are_seen():
    labels = np.zeros((8, 8))
    labels[:2] = 1
    results = with_labels(labels)
    pack = PackClassifiedTile(least_share=0.25)
    assert int(pack.transform(dict(results))['data_samples'].gt_label) == 1
    _, valid = results['inputs']['optical']
    valid[0] = False  # half of the landslide is under a hole: 8 of 56 pixels are left
    assert int(pack.transform(dict(results))['data_samples'].gt_label) == 0
    valid[2:] = False  # and now 8 of 8
    assert int(pack.transform(dict(results))['data_samples'].gt_label) == 1


def test_a_tile_without_labels_has_no_class_and_no_loss():
    packed = PackClassifiedTile().transform(with_labels(np.full((8, 8), 255)))
    label = packed['data_samples'].gt_label
    logits = torch.tensor([[3.0, -1.0]], requires_grad=True)
    loss = CrossEntropyLoss()(logits, label)
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()
