"""A frozen teacher: it is read from its file, not trained, not saved, and says nothing of holes."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.structures import PixelData
from mmseg.models import EncoderDecoder, FCNHead
from mmseg.structures import SegDataSample
from torch import nn

from fusionls import apis
from fusionls.engine import RefitNorms
from fusionls.errors import (
    CheckpointMismatchError,
    FileMissingError,
    InputError,
    UnsafeCheckpointError,
)
from fusionls.models import FusionDataPreprocessor
from fusionls.models.data_preprocessor import IGNORED_LABEL
from fusionls.models.encoders import StackedEncoder, UNetEncoder
from fusionls.models.heads import UNetHead
from fusionls.models.segmentors import DistilledSegmentor
from fusionls.registry import MODELS

LAYERS = dict(optical=['optical_red', 'optical_nir'], terrain=['terrain_slope'])
ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / 'configs'


def parts(width, layers=LAYERS):
    return dict(
        data_preprocessor=dict(type=FusionDataPreprocessor, layers=layers),
        backbone=dict(
            type=StackedEncoder,
            channels={m: len(names) for m, names in layers.items()},
            encoder=dict(type=UNetEncoder, widths=[width, 2 * width]),
        ),
        decode_head=dict(
            type=UNetHead,
            in_channels=[width, 2 * width],
            widths=[width],
            num_classes=2,
            dropout_ratio=0.0,
        ),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )


def teacher(width=6, layers=LAYERS):
    return dict(type=EncoderDecoder, **parts(width, layers))


def made(width=4, of=None, **options):
    torch.manual_seed(0)
    options = {'untrained_teacher': 'checkpoint' not in options, **options}
    return DistilledSegmentor(teacher=of or teacher(), **parts(width), **options)


def batch(seed=1, side=16):
    torch.manual_seed(seed)
    inputs = {
        name: (torch.randn(3, len(n), side, side), torch.rand(3, 1, side, side) > 0.2)
        for name, n in LAYERS.items()
    }
    samples = []
    for i in range(3):
        sample = SegDataSample(metainfo=dict(img_shape=(side, side), ori_shape=(side, side)))
        sample.gt_sem_seg = PixelData(data=(inputs['optical'][0][i, :1] > 0).long())
        samples.append(sample)
    return inputs, samples


def ready(**options):
    model = made(**options)
    model.init_weights()
    return model


@pytest.fixture
def trained(tmp_path):
    """The file of a teacher, as a run leaves it."""
    torch.manual_seed(7)
    model = MODELS.build(teacher())
    model.data_preprocessor.set_statistics(
        {n: (i + 1.0, i + 2.0) for i, n in enumerate(n for own in LAYERS.values() for n in own)}
    )
    path = tmp_path / 'epoch_6.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, path)
    return model, str(path)


def test_what_is_the_teacher_alike_loses_nothing_and_learns_nothing():
    model = ready(width=6)
    model.load_state_dict(model.teacher.state_dict())
    model.train(False)  # so that both use the same statistics
    inputs, samples = batch()
    loss = model.loss(inputs, samples)['distill.loss']
    assert loss.item() == pytest.approx(0, abs=1e-6)
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() < 1e-6, name
    with torch.no_grad():
        model.decode_head.conv_seg.bias[0] += 1.0
    assert float(model.loss(inputs, samples)['distill.loss']) > 0.01


def test_a_copy_made_before_training_has_the_teacher_of_the_original():
    model = made()
    averaged = copy.deepcopy(model)  # as EMAHook makes it, before the runner calls init_weights
    model.init_weights()
    assert averaged.teacher is model.teacher
    assert averaged.decode_head is not model.decode_head
    assert all(a is not b for a, b in zip(averaged.parameters(), model.parameters(), strict=True))
    averaged.loss(*batch())


def test_it_is_trained_to_the_end_by_the_runner(tmp_path):
    """With averaged weights and norms that are measured anew, as its config has it."""
    config = Config.fromfile(ROOT / 'tests/configs/tiny.py')
    config.merge_from_dict(dict(work_dir=str(tmp_path / 'run'), train_cfg=dict(max_epochs=1)))
    model = dict(config.model)
    student = {k: v for k, v in model.items() if k != 'type'}
    config.model = dict(
        type=DistilledSegmentor, teacher=model, untrained_teacher=True, **copy.deepcopy(student)
    )
    config.custom_hooks = [
        *config.get('custom_hooks', []),
        dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.1),
        dict(type=RefitNorms, batches=2),
    ]
    runner = apis.train(config)
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()
    assert runner.epoch == 1


def test_its_losses_are_those_of_the_labels_and_of_the_teacher():
    model = ready(distill_weight=0.5, temperature=2.0)
    inputs, samples = batch()
    found = model.loss(inputs, samples)
    assert set(found) == {'decode.loss_ce', 'decode.acc_seg', 'distill.loss'}
    total, _ = model.parse_losses(found)
    torch.testing.assert_close(total, found['decode.loss_ce'] + found['distill.loss'])
    logits = model(inputs, mode='tensor')
    labels = torch.stack([s.gt_sem_seg.data for s in samples])
    torch.testing.assert_close(
        found['distill.loss'], 0.5 * model.divergence(inputs, logits, labels)
    )
    p, q = ((z / 2).softmax(1) for z in (model.teacher(inputs, mode='tensor'), logits))
    seen = inputs['optical'][1][:, 0] | inputs['terrain'][1][:, 0]
    by_hand = 4 * (p * (p / q).log()).sum(1)[seen].mean()
    torch.testing.assert_close(2 * found['distill.loss'], by_hand)


def test_an_auxiliary_head_learns_from_labels():
    auxiliary = dict(
        type=FCNHead, in_channels=8, in_index=1, channels=4, num_classes=2, num_convs=1
    )
    assert 'aux.loss_ce' in ready(auxiliary_head=auxiliary).loss(*batch())


def test_what_the_teacher_says_where_nobody_mapped_or_nothing_is_valid_does_not_count():
    model = ready()
    inputs, samples = batch()
    labels = torch.stack([s.gt_sem_seg.data for s in samples])
    logits = torch.randn(3, 2, 16, 16)
    dark = {m: (v, ok.clone()) for m, (v, ok) in inputs.items()}
    for _, valid in dark.values():
        valid[..., :8, :] = False
    unmapped = labels.clone()
    unmapped[..., 8:, :5] = IGNORED_LABEL
    found = model.divergence(dark, logits, unmapped)
    changed = logits.clone()
    changed[..., :8, :] += torch.randn(3, 2, 8, 16)
    changed[..., 8:, :5] += torch.randn(3, 2, 8, 5)
    torch.testing.assert_close(model.divergence(dark, changed, unmapped), found)
    changed[:, 0, 12, 12] += 1
    assert model.divergence(dark, changed, unmapped) != found
    assert float(model.divergence(dark, logits, torch.full_like(labels, IGNORED_LABEL))) == 0


def test_answers_of_other_sizes_are_compared_at_the_size_of_the_labels():
    model = ready()
    inputs, samples = batch()
    labels = torch.stack([s.gt_sem_seg.data for s in samples])
    coarse = torch.randn(3, 2, 4, 4)
    fine = nn.functional.interpolate(coarse, (16, 16), mode='bilinear')
    torch.testing.assert_close(
        model.divergence(inputs, coarse, labels), model.divergence(inputs, fine, labels)
    )


def test_the_teacher_is_not_trained_not_saved_and_not_put_into_training():
    model = ready()
    alone = MODELS.build(dict(type=EncoderDecoder, **parts(4)))
    assert set(model.state_dict()) == set(alone.state_dict())
    assert len(list(model.parameters())) == len(list(alone.parameters()))
    before = {n: v.clone() for n, v in model.teacher.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    assert not any(module.training for module in model.teacher.modules())
    for _ in range(2):
        total, _ = model.parse_losses(model.loss(*batch()))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    assert all(p.grad is None for p in model.teacher.parameters())
    after = model.teacher.state_dict()
    assert all(torch.equal(before[name], value) for name, value in after.items())


def test_the_teacher_goes_where_the_student_goes():
    model = ready().double()
    assert {p.dtype for p in model.teacher.parameters()} == {torch.float64}


def test_a_copy_has_a_teacher_of_its_own():
    """As the average of weights makes one."""
    model = ready()
    twin = copy.deepcopy(model)
    assert twin.teacher is not model.teacher


def test_weights_and_statistics_come_from_the_file(trained):
    source, path = trained
    model = ready(checkpoint=path)
    own = model.teacher.state_dict()
    assert all(torch.equal(own[name], value) for name, value in source.state_dict().items())
    assert bool(model.data_preprocessor.fitted)
    assert model.data_preprocessor.mean_terrain.tolist() == [3.0]


def test_to_predict_takes_no_teacher(tmp_path):
    model = made(checkpoint=str(tmp_path / 'gone.pth'))
    inputs, _ = batch()
    assert model(inputs, mode='tensor').shape == (3, 2, 16, 16)
    with pytest.raises(InputError, match=r'the teacher is not there yet; call init_weights\(\)'):
        model.loss(*batch())


def test_a_missing_file_is_named_with_the_way_to_make_it(tmp_path):
    with pytest.raises(FileMissingError, match=r'gone\.pth: no such.*--cfg-options model\.check'):
        ready(checkpoint=str(tmp_path / 'gone.pth'))
    with pytest.raises(InputError, match=r'has no checkpoint\. Train the model it names first'):
        ready(untrained_teacher=False)


def test_a_file_of_another_model_or_with_code_in_it_is_refused(trained, tmp_path):
    _, path = trained
    with pytest.raises(CheckpointMismatchError, match='does not fit the model'):
        ready(of=teacher(width=5), checkpoint=path)
    torch.save({'state_dict': {}, 'meta': BaseModule()}, tmp_path / 'code.pth')
    with pytest.raises(UnsafeCheckpointError):
        ready(checkpoint=str(tmp_path / 'code.pth'))


def test_a_teacher_of_other_layers_is_refused():
    other = teacher(layers={**LAYERS, 'terrain': ['terrain_elevation']})
    with pytest.raises(InputError, match=r'(?s)layers: the teacher.*terrain_elevation.*narrow'):
        ready(of=other)


@pytest.mark.parametrize(
    'options', [{'temperature': 0.5}, {'temperature': float('nan')}, {'distill_weight': -1.0}]
)
def test_numbers_that_make_no_sense_are_refused(options):
    with pytest.raises(InputError, match='expected 1 or more'):
        made(**options)


def test_the_teacher_of_the_config_is_the_model_of_the_run_it_names():
    folder = 'compensating/compensating_lite0_opttertherm_1xb8_6e_mars_t96.py'
    ours = CONFIGS / 'distilled/distilled_seaformertiny_opttertherm_1xb8_6e_mars_t64.py'
    assert folder in ours.read_text()
    named = apis.load_config(CONFIGS / folder).model.to_dict()
    assert apis.load_config(ours).model.teacher.to_dict() == named
