"""Pixels are drawn where somebody mapped; what a pixel lacks stands at the mean, with its mask."""

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from fusionls.errors import InputError
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders.pixel_features import PixelFeatures
from fusionls.models.heads.forest_head import ForestHead
from fusionls.models.segmentors.pixel_classifier import PixelClassifier

LAYERS = {'optical': ['optical_red', 'optical_nir'], 'insar': ['insar_velocity_los']}
FACTORS = {'optical': 1, 'insar': 4}


def model(**options):
    made = PixelClassifier(
        data_preprocessor=dict(type=FusionDataPreprocessor, layers=LAYERS, factors=FACTORS),
        backbone=dict(
            type=PixelFeatures, channels={m: len(n) for m, n in LAYERS.items()}, factors=FACTORS
        ),
        decode_head=dict(type=ForestHead, trees=5, leaves=16),
        train_cfg=dict(),
        test_cfg=ConfigDict(mode='whole'),
        **options,
    )
    statistics = {'optical_red': (10.0, 2.0), 'optical_nir': (5.0, 1.0)}
    made.data_preprocessor.set_statistics({**statistics, 'insar_velocity_los': (0.0, 0.5)})
    return made


def batch(count=2, side=32, seed=0):
    rng = np.random.default_rng(seed)
    inputs, samples = [], []
    for _ in range(count):
        red = rng.normal(10, 2, (1, side, side))
        optical = np.concatenate([red, rng.normal(5, 1, red.shape)]).astype(np.float32)
        velocity = rng.normal(0, 0.5, (1, side // 4, side // 4)).astype(np.float32)
        inputs.append(
            {
                'optical': (torch.from_numpy(optical), torch.ones(1, side, side) > 0),
                'insar': (torch.from_numpy(velocity), torch.ones(1, side // 4, side // 4) > 0),
            }
        )
        labels = torch.from_numpy((red > 10).astype(np.int64))
        labels[:, :4] = 255
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(data=labels)
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}


def test_only_labelled_pixels_are_drawn_each_once_with_their_own_label():
    given = batch()
    drawn = model(pixels_per_tile=10**6).drawn(given)
    assert drawn.features.shape == (2 * 28 * 32, 5)
    red = drawn.features[:, 0] * 2 + 10
    np.testing.assert_array_equal(drawn.labels, red > 10)
    expected = np.concatenate([one['optical'][0][0, 4:].flatten() for one in given['inputs']])
    np.testing.assert_allclose(np.sort(red), np.sort(expected), rtol=1e-5)


def test_each_tile_gives_as_many_pixels_as_are_asked_for():
    drawn = model(pixels_per_tile=7).drawn(batch(count=3))
    assert drawn.features.shape == (21, 5)


def test_a_missing_value_is_the_mean_of_its_layer_and_its_mask_says_so():
    given = batch(count=1)
    values, valid = given['inputs'][0]['optical']
    values[:, 8:12], valid[:, 8:12] = torch.nan, False
    del given['inputs'][0]['insar']
    (features,) = model().extract_feat(model().data_preprocessor(given)['inputs'])
    red, nir, seen, velocity, measured = features[0]
    assert not red[8:12].any()
    assert not nir[8:12].any()
    assert not seen[8:12].any()
    assert seen[:8].all()
    assert not velocity.any()
    assert not measured.any()


def test_a_coarse_modality_is_repeated_to_the_base_grid():
    given = batch(count=1)
    (features,) = model().extract_feat(model().data_preprocessor(given)['inputs'])
    coarse = given['inputs'][0]['insar'][0][0] / 0.5
    torch.testing.assert_close(
        features[0, 3], coarse.repeat_interleave(4, 0).repeat_interleave(4, 1)
    )


def test_a_step_fits_the_pixels_of_its_batch_and_the_map_follows_the_labels():
    made = model(pixels_per_tile=2000)
    given = batch()
    loss = made.train_step(given, None)['loss']
    assert loss < 0.2 < np.log(2)
    made.eval()
    for sample in made.test_step(batch()):
        labels = sample.gt_sem_seg.data
        right = (sample.pred_sem_seg.data == labels)[labels != 255]
        assert right.float().mean() > 0.95
    labelled = made.loss(*(made.data_preprocessor(batch())[k] for k in ('inputs', 'data_samples')))
    torch.testing.assert_close(labelled['loss'], loss)


def test_drawing_nothing_is_refused():
    with pytest.raises(InputError, match='pixels_per_tile is 0'):
        model(pixels_per_tile=0)
