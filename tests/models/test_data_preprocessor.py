"""Samples become a batch: normalised by the statistics, padded as invalid, or refused by name."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from fusionls.errors import (
    BandCountError,
    GridMismatchError,
    InputError,
    LayerMissingError,
)
from fusionls.models import FusionDataPreprocessor

LAYERS = {'optical': ['optical_red', 'optical_nir'], 'insar': ['insar_coherence']}
STATISTICS = {'optical_red': (10.0, 2.0), 'optical_nir': (-5.0, 4.0), 'insar_coherence': (0.5, 0.1)}


def preprocessor(**options):
    made = FusionDataPreprocessor(
        **{'layers': LAYERS, 'factors': {'insar': 4}, 'size_divisor': 16, **options}
    )
    made.set_statistics(STATISTICS)
    return made


def sample(rows=16, cols=16, bands=2):
    return {
        'optical': (torch.full((bands, rows, cols), 12.0), torch.ones(1, rows, cols) > 0),
        'insar': (
            torch.full((1, rows // 4, cols // 4), 0.4),
            torch.ones(1, rows // 4, cols // 4) > 0,
        ),
    }


def test_values_are_counted_in_deviations_from_the_mean():
    inputs = preprocessor()({'inputs': [sample()]})['inputs']
    optical, insar = inputs['optical'][0], inputs['insar'][0]
    assert torch.allclose(optical[0, 0], torch.tensor(1.0))  # (12 - 10) / 2
    assert torch.allclose(optical[0, 1], torch.tensor(4.25))  # (12 + 5) / 4
    assert torch.allclose(insar, torch.tensor(-1.0))
    assert optical.shape == (1, 2, 16, 16)
    assert insar.shape == (1, 1, 4, 4)


def test_wild_values_are_clipped():
    given = sample()
    given['optical'][0][0] = 1e9
    inputs = preprocessor(limit=6.0)({'inputs': [given]})['inputs']
    assert (inputs['optical'][0][0, 0] == 6.0).all()


def test_tiles_of_different_size_are_padded_to_one_and_the_padding_is_invalid():
    inputs = preprocessor()({'inputs': [sample(16, 16), sample(32, 20)]})['inputs']
    values, valid = inputs['optical']
    assert values.shape == (2, 2, 32, 32)
    assert inputs['insar'][0].shape == (2, 1, 8, 8)
    assert valid[0, 0, :16, :16].all()
    assert valid.sum() == 16 * 16 + 32 * 20
    assert (values * ~valid == 0).all()


def labelled(rows, cols, name='data'):
    made = SegDataSample()
    made.gt_sem_seg = PixelData(**{name: torch.ones(1, rows, cols, dtype=torch.long)})
    return made


@pytest.mark.parametrize('name', ['data', 'sem_seg'])
def test_labels_are_padded_as_unmapped_and_once_only(name):
    data = {'inputs': [sample(16, 20)], 'data_samples': [labelled(16, 20, name)]}
    made = preprocessor()
    for _ in range(2):  # a batch that is shown again
        found = made(data)['data_samples'][0]
        label = found.gt_sem_seg.get(name)
        assert label.shape == (1, 16, 32)
        assert (label[..., :20] == 1).all()
        assert (label[..., 20:] == 255).all()
        assert tuple(found.img_shape) == (16, 20)
        assert tuple(found.pad_shape) == (16, 32)
        assert found.img_padding_size == [0, 12, 0, 0]


def test_the_given_tensors_are_left_alone():
    given = sample()
    preprocessor()({'inputs': [given]})
    assert (given['optical'][0] == 12.0).all()


def test_statistics_travel_with_the_weights():
    made = FusionDataPreprocessor(layers=LAYERS)
    made.load_state_dict(preprocessor().state_dict())
    assert bool(made.fitted)
    assert made.mean_optical.tolist() == [10.0, -5.0]


def test_without_statistics_nothing_is_normalised_in_silence():
    with pytest.raises(InputError, match='no layer statistics yet: load a checkpoint, or train'):
        FusionDataPreprocessor(layers=LAYERS)({'inputs': [{'optical': sample()['optical']}]})


def test_a_layer_without_statistics_is_named():
    with pytest.raises(LayerMissingError, match=r"no statistics for \['insar_coherence'\]"):
        FusionDataPreprocessor(layers=LAYERS).set_statistics(
            {name: STATISTICS[name] for name in LAYERS['optical']}
        )


def test_a_band_count_that_does_not_fit_is_refused_with_the_layers_expected():
    with pytest.raises(BandCountError) as caught:
        preprocessor()({'inputs': [sample(bands=4)]})
    assert 'optical: got 4 bands, expected 2 (optical_red, optical_nir)' in str(caught.value)


def test_modalities_of_different_area_are_refused():
    odd = {**sample(16, 16), 'insar': sample(32, 32)['insar']}
    with pytest.raises(GridMismatchError, match='optical 16 x 16, insar 32 x 32'):
        preprocessor()({'inputs': [odd]})


def test_a_mask_that_does_not_fit_its_values_is_refused():
    values, valid = sample()['optical']
    with pytest.raises(GridMismatchError, match=r'optical: valid is \(1, 15, 16\)'):
        preprocessor()({'inputs': [{'optical': (values, valid[:, 1:])}]})


def test_a_divisor_that_cuts_coarse_pixels_is_refused_with_one_that_does_not():
    with pytest.raises(InputError, match=r'size_divisor 18 cuts the pixels of insar.*use 36'):
        preprocessor(size_divisor=18)


def test_a_factor_of_no_modality_is_refused():
    with pytest.raises(InputError, match=r"factors name \['insra'\]; did you mean insar"):
        preprocessor(factors={'insra': 4})


@pytest.mark.parametrize('layers', [{}, {'optical': []}])
def test_a_model_without_layers_is_refused(layers):
    with pytest.raises(InputError, match='at least one layer per modality'):
        FusionDataPreprocessor(layers=layers)


CODED = {'geology': ['geology_class', 'geology_fault_distance', 'landcover_class']}
CODES = {'geology_class': [3, 19, 7], 'landcover_class': [0, 4]}


def coded(**options):
    made = FusionDataPreprocessor(
        **{'layers': CODED, 'categories': CODES, 'size_divisor': 8, **options}
    )
    made.set_statistics({'geology_fault_distance': (1000.0, 500.0)})
    return made


def ground(seed=0):
    """Classes 3, 7, 19 and one that is not listed; covers 0 and 4; holes."""
    generator = torch.Generator().manual_seed(seed)
    unit = torch.tensor([3.0, 7.0, 19.0, 5.0])[torch.randint(4, (8, 8), generator=generator)]
    cover = torch.tensor([0.0, 4.0])[torch.randint(2, (8, 8), generator=generator)]
    distance = 4000 * torch.rand((8, 8), generator=generator)
    valid = torch.rand((1, 8, 8), generator=generator) < 0.8
    return torch.stack([unit, distance, cover]) * valid, valid


def test_a_class_is_one_in_its_own_channel_and_is_never_normalised():
    values, valid = ground()
    given, seen = coded()({'inputs': [{'geology': (values, valid)}]})['inputs']['geology']
    assert coded().widths == {'geology': 3 + 1 + 2}
    assert given.shape == (1, 6, 8, 8)
    expected = torch.stack(
        [
            values[0] == 3, values[0] == 19, values[0] == 7,
            (values[1] - 1000) / 500,
            values[2] == 0, values[2] == 4,
        ]
    ) * valid  # fmt: skip
    assert torch.allclose(given[0], expected)
    assert torch.equal(seen[0], valid)
    unlisted = valid[0] & (values[0] == 5)
    assert unlisted.any()
    assert (given[0, :3, unlisted] == 0).all()


def test_what_stands_under_invalid_pixels_is_no_class():
    values, valid = ground()
    for wild in (float('nan'), 3.0, 0.0, 1e30):
        changed = torch.where(valid, values, torch.tensor(wild))
        one, other = (
            coded()({'inputs': [{'geology': (v, valid)}]})['inputs']['geology'][0]
            for v in (values, changed)
        )
        assert torch.equal(one, other)


def test_without_classes_channels_are_layers():
    assert preprocessor().widths == {'optical': 2, 'insar': 1}
    assert preprocessor().categories == {}


def test_categories_that_cannot_be_used_are_all_named():
    with pytest.raises(InputError) as caught:
        coded(categories={'geology_clas': [1], 'landcover_class': [4, 4], 'geology_class': []})
    text = str(caught.value)
    assert "no layer 'geology_clas'; did you mean geology_class" in text
    assert 'landcover_class: expected one code at least, each once; got [4, 4]' in text
    assert 'geology_class: expected one code at least' in text


def test_layers_of_classes_need_no_statistics_and_others_do():
    made = FusionDataPreprocessor(layers=CODED, categories=CODES)
    with pytest.raises(LayerMissingError, match=r"no statistics for \['geology_fault_distance'\]"):
        made.set_statistics({})


def test_a_classifier_may_hand_over_its_train_cfg_only_where_it_mixes_nothing():
    layers = {'optical': ['optical_red']}
    assert FusionDataPreprocessor(layers=layers, batch_augments=None).layers
    with pytest.raises(InputError, match='tiles of several modalities cannot be mixed'):
        FusionDataPreprocessor(layers=layers, batch_augments={'augments': 'Mixup'})
