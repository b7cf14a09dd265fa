"""What one line or one option says to the whole config: its stacks, its modalities."""

import subprocess
import sys
from pathlib import Path

import pytest

from fusionls import apis
from fusionls.config import chosen_leaves, config_digest, leaf_configs, load_config
from fusionls.errors import FileMissingError, InputError, LayerMissingError

CONFIGS = Path(__file__).parents[1] / 'configs'
SCENES = next(CONFIGS.glob('compensating/compensating_lite0_*_scenes_t128.py'))
FUSED = next(CONFIGS.glob('gated/gated_lite0_opttertherm_1xb8_6e_mars_t96.py'))


def mentions(place, words):
    """Every place below that is, or is called by, one of some words."""
    if isinstance(place, dict):
        for key, value in place.items():
            yield from [key] if key in words else []
            yield from mentions(value, words)
    elif isinstance(place, list | tuple):
        for value in place:
            yield from mentions(value, words)
    elif isinstance(place, str) and place in words:
        yield place


def test_a_narrowed_config_names_the_other_modalities_nowhere():
    whole = load_config(FUSED)
    others = {'terrain', 'thermal', *whole.layers.terrain, *whole.layers.thermal}
    assert set(mentions(whole.to_dict(), others)) == others
    narrowed = load_config(FUSED, {'modalities': ['optical']})
    assert not list(mentions(narrowed.to_dict(), others))
    assert narrowed.train_dataloader.dataset.layers == {'optical': whole.layers.optical}
    assert set(narrowed.model.backbone.branches) == {'optical'}


def test_all_modalities_narrow_nothing():
    whole = load_config(FUSED)
    same = load_config(FUSED, {'modalities': ['thermal', 'terrain', 'optical']})
    assert same.pop('modalities') == list(whole.layers)  # in the order of the config
    assert same.to_dict() == whole.to_dict()


def test_a_narrowed_config_that_was_written_out_is_read_as_it_is(tmp_path):
    narrowed = load_config(FUSED, {'modalities': 'terrain'})
    narrowed.dump(tmp_path / 'dumped.py')
    again = load_config(tmp_path / 'dumped.py')
    assert again.model.to_dict() == narrowed.model.to_dict()
    assert again.modalities == ['terrain']


@pytest.mark.parametrize(
    ('wanted', 'told'),
    [
        (['opticl'], 'did you mean optical'),
        ([], 'modalities = \\[\\]'),
    ],
)
def test_modalities_that_are_not_there_are_refused(wanted, told):
    with pytest.raises(LayerMissingError, match=told):
        load_config(FUSED, {'modalities': wanted})


def test_modalities_without_layers_are_refused(tmp_path):
    path = tmp_path / 'bare.py'
    path.write_text("modalities = ['optical']\n")
    with pytest.raises(InputError, match='no `layers` to choose from'):
        load_config(path)


def stacks_of(config):
    return [config[f'{name}_dataloader'].dataset.stacks for name in ('train', 'val', 'test')]


def test_one_option_names_the_stacks_of_every_loader():
    assert stacks_of(load_config(SCENES)) == [['stacks/my_scene']] * 3
    assert stacks_of(load_config(SCENES, {'stacks': ['a', 'b']})) == [['a', 'b']] * 3
    assert stacks_of(load_config(SCENES, {'stacks': 'a'})) == [['a']] * 3


def test_what_one_loader_is_told_stands():
    options = {'test_dataloader.dataset.stacks': ['elsewhere'], 'stacks': ['here']}
    assert stacks_of(load_config(SCENES, options)) == [['here'], ['here'], ['elsewhere']]


def test_a_line_of_a_config_of_ones_own_names_the_stacks(tmp_path):
    path = tmp_path / 'mine.py'
    load_config(SCENES, {'stacks': ['a']}).dump(path)
    path.write_text(path.read_text() + "\nstacks = ['b']\n")
    assert stacks_of(load_config(path)) == [['b']] * 3


@pytest.mark.parametrize(('config', 'stacks', 'told'), [
    (SCENES, [], 'names none'), (FUSED, ['a'], 'no loader of the config reads stacks'),
])  # fmt: skip
def test_stacks_that_nothing_reads_are_refused(config, stacks, told):
    with pytest.raises(InputError, match=told):
        load_config(config, {'stacks': stacks})


def test_the_verbs_read_configs_here():
    assert apis.load_config is load_config


def test_the_digest_tells_whether_a_config_changed_and_nothing_else():
    first, second = load_config(FUSED), load_config(FUSED, {'work_dir': 'elsewhere'})
    assert config_digest(first) == config_digest(second)
    assert config_digest(load_config(FUSED, {'epochs': 7})) != config_digest(first)
    assert config_digest(load_config(FUSED, {'modalities': ['optical']})) != config_digest(first)


def test_leaves_are_the_configs_that_are_no_bases():
    leaves = leaf_configs(CONFIGS.parent)
    assert FUSED in leaves
    assert leaves == sorted(leaves)
    assert not [path for path in leaves if '_base_' in path.parts]
    assert {path.parent.parent for path in leaves} == {CONFIGS}


def test_leaves_are_chosen_by_path_or_by_a_part_of_their_name(monkeypatch):
    root = CONFIGS.parent
    monkeypatch.chdir(root)
    assert chosen_leaves(root, []) == leaf_configs(root)
    assert chosen_leaves(root, [f'configs/gated/{FUSED.name}']) == [FUSED]
    both = chosen_leaves(root, [FUSED.stem, 'concat_lite0'])
    assert FUSED in both
    assert {path.parent.name for path in both} == {'gated', 'concat'}
    with pytest.raises(FileMissingError, match='gatd') as caught:
        chosen_leaves(root, ['gatd_lite0', 'concat', 'no_such'])
    assert 'no_such' in str(caught.value)


def test_a_config_that_reads_mmdet_before_anything_else_is_read_in_a_new_process():
    path = CONFIGS / 'ssd' / 'ssd_vgg16_opt_1xb8_6e_mars_t128.py'
    code = f'from fusionls import apis; print(apis.load_config({str(path)!r}).model.type.__name__)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == 'SingleStageDetector'
