"""Checkpoints are data: programs in them are refused, by whatever way they would be read."""

import os
import pickle
import shutil
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import _load_checkpoint
from torch import nn

from fusionls.errors import CheckpointMismatchError, FileMissingError, UnsafeCheckpointError
from fusionls.models.checkpoints import check_fits, close_pickle_door, read_checkpoint


class Payload:
    """Runs a command when unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f'touch {self.canary}',)


class Getter:
    """Reaches a function by ``getattr``, which checkpoints may use for HistoryBuffer only."""

    def __init__(self, *path):
        self.path = path

    def __reduce__(self):
        return getattr, self.path


@pytest.fixture(autouse=True)
def door():
    close_pickle_door()


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / 'canary'
    yield path
    assert not path.exists()


def raw(protocol):
    def write(content, path):
        path.write_bytes(pickle.dumps(content, protocol))

    return write


def legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


WRITERS = {
    'zip': torch.save,
    'legacy': legacy,
    **{f'pickle{protocol}': raw(protocol) for protocol in (2, 3, 4, 5)},
}
every_writer = pytest.mark.parametrize('write', WRITERS.values(), ids=list(WRITERS))


def test_the_payload_works_where_the_door_is_open(tmp_path):
    path = tmp_path / 'bad.pth'
    torch.save({'state_dict': Payload(tmp_path / 'opened')}, path)
    torch.load(path, weights_only=False)
    assert (tmp_path / 'opened').exists()


@every_writer
def test_a_program_in_a_checkpoint_is_refused_and_never_runs(write, tmp_path, canary):
    path = tmp_path / 'bad.pth'
    write({'state_dict': {'weight': torch.zeros(2)}, 'meta': Payload(canary)}, path)
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth: holds objects that run code'):
        read_checkpoint(path)


@every_writer
def test_mmengine_loads_no_program_either(write, tmp_path, canary):
    path = tmp_path / 'bad.pth'
    write(Payload(canary), path)
    with pytest.raises(UnsafeCheckpointError):
        _load_checkpoint(str(path))
    with pytest.raises(UnsafeCheckpointError):
        load_checkpoint(nn.Linear(1, 1), str(path))
    if hasattr(mmengine_checkpoint, '_safe_torch_load'):  # mmengine 0.10.7 has none
        with pytest.raises(pickle.UnpicklingError):
            mmengine_checkpoint._safe_torch_load(path)


def test_what_comes_from_the_web_is_read_without_pickle_too(tmp_path, canary, monkeypatch):
    torch.save({'state_dict': Payload(canary)}, tmp_path / 'bad.pth')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    cached = tmp_path / 'home' / 'hub' / 'checkpoints' / 'bad.pth'
    cached.parent.mkdir(parents=True)
    shutil.copy(tmp_path / 'bad.pth', cached)  # so that nothing is fetched
    with pytest.raises(pickle.UnpicklingError):
        _load_checkpoint('https://nowhere.invalid/bad.pth')


@pytest.mark.parametrize(
    'getter',
    [
        Getter(HistoryBuffer, '__init__'),
        Getter(HistoryBuffer, '_set_default_statistics'),
        Getter(Getter(HistoryBuffer, 'update'), '__globals__'),
        Getter(OrderedDict, 'fromkeys'),
    ],
)
def test_getattr_reaches_nothing_but_the_methods_of_the_log(getter, tmp_path):
    torch.save({'meta': getter}, tmp_path / 'bad.pth')
    with pytest.raises(UnsafeCheckpointError, match='getattr of'):
        read_checkpoint(tmp_path / 'bad.pth')


def test_the_text_of_the_config_never_reaches_mmengine(tmp_path):
    # Runner.resume hands meta['config'] to Config.fromstring, which runs it
    torch.save({'state_dict': {}, 'meta': {'config': 'print(1)', 'epoch': 3}}, tmp_path / 'a.pth')
    assert _load_checkpoint(str(tmp_path / 'a.pth'))['meta'] == {'epoch': 3}


def test_an_ordinary_training_checkpoint_is_read_whole(tmp_path):
    log = HistoryBuffer([1.0, 2.0, 3.0], [1, 1, 1])
    weight = nn.Parameter(torch.randn(3, 2))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    content = {
        'state_dict': {'weight': weight.detach()},
        'optimizer': optimizer.state_dict(),
        'param_schedulers': [{'last_step': 4, 'base_values': [0.1]}],
        'message_hub': {
            'log_scalars': {'train/loss': log},
            'runtime_info': {'epoch': 1, 'share': np.float64(0.5), 'count': np.int64(3)},
        },
        'meta': {'epoch': 1, 'palette': np.arange(6, dtype=np.uint8).reshape(2, 3)},
    }
    torch.save(content, tmp_path / 'epoch_1.pth')
    read = read_checkpoint(tmp_path / 'epoch_1.pth')
    assert torch.equal(read['state_dict']['weight'], weight)
    assert torch.equal(
        read['optimizer']['state'][0]['exp_avg'], optimizer.state_dict()['state'][0]['exp_avg']
    )
    assert read['message_hub']['log_scalars']['train/loss'].mean() == 2.0
    assert read['message_hub']['runtime_info']['share'] == 0.5
    np.testing.assert_array_equal(read['meta']['palette'], content['meta']['palette'])


def test_arrays_written_under_numpy_1_are_read(tmp_path):
    # numpy 1 names its module numpy.core where numpy 2 says numpy._core
    torch.save({'a': np.arange(3.0), 'b': np.float32(2)}, tmp_path / 'a.pth')
    with zipfile.ZipFile(tmp_path / 'a.pth') as given:
        parts = {name: given.read(name) for name in given.namelist()}
    with zipfile.ZipFile(tmp_path / 'b.pth', 'w') as changed:
        for name, data in parts.items():
            changed.writestr(name, data.replace(b'numpy._core', b'numpy.core'))
    read = read_checkpoint(tmp_path / 'b.pth')
    assert read['a'].tolist() == [0.0, 1.0, 2.0]
    assert read['b'] == 2


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileMissingError, match=r'gone\.pth: no such checkpoint'):
        read_checkpoint(tmp_path / 'gone.pth')


@pytest.mark.parametrize(
    'content',
    [b'', b'hello, I am a text\n', b'II*\x00' + b'\x00' * 40, b'\x89PNG\r\n\x1a\n'],
    ids=['empty', 'text', 'tiff', 'png'],
)
def test_what_is_no_checkpoint_is_refused_as_such(content, tmp_path):
    (tmp_path / 'odd.pth').write_bytes(content)
    with pytest.raises(CheckpointMismatchError, match=r'odd\.pth'):
        read_checkpoint(tmp_path / 'odd.pth')


@pytest.mark.parametrize('share', [0.1, 0.5, 0.95])
def test_a_checkpoint_cut_short_is_refused(share, tmp_path):
    torch.save({'weight': torch.randn(100, 100)}, tmp_path / 'whole.pth')
    data = (tmp_path / 'whole.pth').read_bytes()
    (tmp_path / 'cut.pth').write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointMismatchError, match=r'cut\.pth.*damaged or incomplete'):
        read_checkpoint(tmp_path / 'cut.pth')


def test_a_tensor_alone_is_no_checkpoint(tmp_path):
    torch.save(torch.zeros(3), tmp_path / 'tensor.pth')
    with pytest.raises(CheckpointMismatchError, match='holds a Tensor, expected a dict'):
        read_checkpoint(tmp_path / 'tensor.pth')


class Model(nn.Module):
    def __init__(self, layers, width=3):
        super().__init__()
        self.data_preprocessor = nn.Module()
        self.data_preprocessor.layers = layers
        self.head = nn.Linear(width, 2)


def checkpoint_of(model):
    layers = {m: list(names) for m, names in model.data_preprocessor.layers.items()}
    return {'state_dict': model.state_dict(), 'meta': {'fusionls': {'layers': layers}}}


def test_a_checkpoint_of_the_same_model_fits():
    model = Model({'optical': ('optical_red',)})
    check_fits(checkpoint_of(model), model, 'a.pth')


def test_a_checkpoint_of_other_modalities_is_refused_and_both_are_named():
    made = Model({'optical': ('optical_red',), 'insar': ('insar_coherence',)})
    wanted = Model({'optical': ('optical_nir',), 'lidar': ('lidar_slope',)}, width=4)
    with pytest.raises(CheckpointMismatchError) as caught:
        check_fits(checkpoint_of(made), wanted, 'a.pth')
    text = str(caught.value)
    assert "insar: the checkpoint has layers ['insar_coherence'], the config none" in text
    assert "lidar: the checkpoint has layers none, the config ['lidar_slope']" in text
    assert "optical: the checkpoint has layers ['optical_red'], the config ['optical_nir']" in text
    assert 'head.weight: shape (2, 3), expected (2, 4)' in text
    assert 'a.pth does not fit the model (4 problems)' in text


def test_a_checkpoint_that_tells_other_classes_apart_is_refused():
    made, wanted = (Model({'geology': ('geology_class',)}) for _ in range(2))
    made.data_preprocessor.categories = {'geology_class': (1, 2)}
    wanted.data_preprocessor.categories = {'geology_class': (1, 3)}
    checkpoint = checkpoint_of(made)
    checkpoint['meta']['fusionls']['categories'] = made.data_preprocessor.categories
    check_fits(checkpoint, made, 'a.pth')
    with pytest.raises(CheckpointMismatchError) as caught:
        check_fits(checkpoint, wanted, 'a.pth')
    assert "classes {'geology_class': [1, 2]} apart" in str(caught.value)
    assert "the config {'geology_class': [1, 3]}" in str(caught.value)
    del checkpoint['meta']['fusionls']['categories']  # as written before there were any
    with pytest.raises(CheckpointMismatchError, match='classes of no layer apart'):
        check_fits(checkpoint, wanted, 'a.pth')


def test_layers_in_another_order_are_other_layers():
    made = Model({'terrain': ('terrain_slope', 'terrain_elevation')})
    wanted = Model({'terrain': ('terrain_elevation', 'terrain_slope')})
    with pytest.raises(CheckpointMismatchError, match='terrain: the checkpoint has layers'):
        check_fits(checkpoint_of(made), wanted, 'a.pth')


@pytest.mark.parametrize('meta', [None, 3, {}, {'fusionls': 5}, {'fusionls': {}}])
def test_a_bare_or_odd_state_dict_is_judged_by_its_tensors(meta):
    model = Model({'optical': ('optical_red',)})
    state = model.state_dict()
    check_fits({'state_dict': state, 'meta': meta}, model, 'a.pth')
    check_fits(state, model, 'a.pth')
    with pytest.raises(CheckpointMismatchError, match='lacks 2 tensors'):
        check_fits({'state_dict': {'other': 1}, 'meta': meta}, model, 'a.pth')
    with pytest.raises(CheckpointMismatchError, match='has in excess 1 tensors'):
        check_fits({'state_dict': {**state, 'other': 1}, 'meta': meta}, model, 'a.pth')
    with pytest.raises(CheckpointMismatchError, match='state_dict is a list'):
        check_fits({'state_dict': [1], 'meta': meta}, model, 'a.pth')
