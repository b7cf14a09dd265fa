"""Tiles that are screened out are background and never mapped; the others are mapped as ever."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmpretrain.models import GlobalAveragePooling, ImageClassifier, LinearClsHead
from mmseg.models import CrossEntropyLoss, EncoderDecoder, FCNHead
from mmseg.structures import SegDataSample

from fusionls.errors import InputError
from fusionls.models import FusionDataPreprocessor
from fusionls.models.encoders import PlainCnn, StackedEncoder
from fusionls.models.segmentors import ScreenedSegmentor

LAYERS = {'optical': ['optical_red'], 'insar': ['insar_velocity_los']}
FACTORS = {'optical': 1, 'insar': 4}


LOSS = dict(type=CrossEntropyLoss, avg_non_ignore=True)
pytestmark = pytest.mark.filterwarnings('ignore:For binary segmentation')


def backbone():
    return dict(
        type=StackedEncoder,
        channels={'optical': 1, 'insar': 1},
        factors=FACTORS,
        encoder=dict(type=PlainCnn, widths=[8]),
    )


def parts(kind):
    return dict(
        data_preprocessor=dict(type=kind, layers=LAYERS, factors=FACTORS),
        backbone=backbone(),
        decode_head=dict(
            type=FCNHead, in_channels=8, channels=8, num_convs=1, num_classes=2, loss_decode=LOSS
        ),
        train_cfg=dict(),
        test_cfg=ConfigDict(mode='whole'),
    )


def pipeline(**options):
    torch.manual_seed(0)
    screen = dict(
        type=ImageClassifier,
        backbone=backbone(),
        neck=dict(type=GlobalAveragePooling),
        head=dict(type=LinearClsHead, in_channels=8, num_classes=2),
    )
    made = ScreenedSegmentor(
        screen=screen, screen_tile=32, **parts(FusionDataPreprocessor), **options
    )
    made.data_preprocessor.set_statistics({n: (0.0, 1.0) for ns in LAYERS.values() for n in ns})
    return made.eval()


def batch(values=(0.0, 5.0, 0.0, 5.0), side=64):
    """Tiles of 64; the red of one quarter is given, the others are dark."""
    inputs, samples = [], []
    generator = torch.Generator().manual_seed(1)
    for value in values:
        red = 0.1 * torch.rand(1, side, side, generator=generator)
        red[:, 32:, :32] += value
        coarse = side // 4
        inputs.append(
            {
                'optical': (red, torch.ones_like(red) > 0),
                'insar': (torch.zeros(1, coarse, coarse), torch.ones(1, coarse, coarse) > 0),
            }
        )
        sample = SegDataSample(metainfo={'ori_shape': (side, side), 'img_shape': (side, side)})
        sample.gt_sem_seg = PixelData(data=(red > 1).long())
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}


@pytest.fixture(scope='module')
def set_apart():
    """A pipeline whose screen says landslide where a quarter is bright."""
    model = pipeline().train()
    optimizer = torch.optim.Adam(model.screen.parameters(), lr=0.05)
    for _ in range(25):
        data = model.data_preprocessor(batch(), True)
        loss = model.loss(data['inputs'], data['data_samples'])['screen.loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    return model.eval()


def test_a_tile_is_a_candidate_by_its_surest_part_and_the_others_are_background(set_apart):
    model = set_apart
    found = model.test_step(batch())
    assert [sample.metainfo['screen']['kept'] for sample in found] == [False, True, False, True]
    plain = EncoderDecoder(**parts(FusionDataPreprocessor)).eval()
    plain.load_state_dict({n: w for n, w in model.state_dict().items() if 'screen.' not in n})
    for sample, expected in zip(found, plain.test_step(batch()), strict=True):
        if sample.metainfo['screen']['kept']:
            torch.testing.assert_close(sample.seg_logits.data, expected.seg_logits.data)
        else:
            assert not sample.pred_sem_seg.data.any()
            assert (sample.seg_logits.data.softmax(0)[1] < 1e-12).all()


def test_a_threshold_of_zero_maps_everything_and_of_one_nothing():
    for threshold, kept in ((0.0, True), (1.0, False)):
        found = pipeline(threshold=threshold).test_step(batch())
        assert {sample.metainfo['screen']['kept'] for sample in found} == {kept}


def test_what_is_screened_out_is_not_mapped(set_apart, monkeypatch):
    model = set_apart
    model.test_step(batch())  # costs are counted once, by mapping one tile
    mapped = []

    def spied(inputs, metas):
        mapped.append(len(inputs['optical'][0]))
        return torch.zeros(mapped[-1], 2, 64, 64)

    monkeypatch.setattr(model, 'encode_decode', spied)
    model.test_step(batch())
    assert mapped == [2]


def test_the_cost_is_that_of_both_networks_by_hand():
    told = pipeline().test_step(batch())[0].metainfo['screen']
    pixels = 64 * 64
    first = 2 * pixels * 9 * 4 * 8  # 3 x 3 from two layers and two masks to eight
    assert told['screen_cost'] == first + 2 * 4 * 8 * 2  # four tiles, eight features, two classes
    head = 2 * (pixels // 4) * (9 * 8 * 8 + 9 * 16 * 8 + 8 * 2)
    assert told['map_cost'] == first + head


def test_tiles_without_a_label_teach_the_screen_nothing():
    model = pipeline().train()
    data = batch()
    for sample in data['data_samples']:
        sample.gt_sem_seg.data[:] = 255
    data = model.data_preprocessor(data, True)
    loss = model.loss(data['inputs'], data['data_samples'])['screen.loss']
    assert loss == 0


@pytest.mark.parametrize('options', [{'threshold': 1.5}, {'threshold': -0.1}])
def test_a_threshold_that_is_none_is_refused(options):
    with pytest.raises(InputError, match='expected a probability'):
        pipeline(**options)
