"""Checkpoints are data, never programs: read with ``weights_only``, checked against the model.

mmengine tries ``weights_only=True`` first and, when that fails, loads the file with full pickle,
which runs whatever code is in it; from the web it loads with full pickle at once; and when it
resumes, it runs the text of the config in the checkpoint's ``meta`` as a python program.
:func:`close_pickle_door` replaces its loaders, so that ``load_from``, ``resume`` and every tool
refuse such files by name, and that text never reaches it.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_checkpoint
from numpy._core import multiarray
from torch import nn

from fusionls.errors import (
    CheckpointMismatchError,
    FileMissingError,
    UnsafeCheckpointError,
    raise_together,
)

META_KEY = 'fusionls'
"""Where our part of a checkpoint's ``meta`` lies: layers per modality, and our version."""

_DTYPES = {type(np.dtype(kind)) for kind in ('f8', 'f4', 'i8', 'i4', 'u1', '?')}
SAFE_GLOBALS: list[Any] = [
    HistoryBuffer,  # mmengine's log, in every training checkpoint
    HistoryBuffer.min,
    HistoryBuffer.max,
    HistoryBuffer.mean,
    HistoryBuffer.current,
    np.ndarray,
    np.dtype,
    multiarray._reconstruct,
    multiarray.scalar,
    # as numpy 1 names them in what it wrote
    (multiarray._reconstruct, 'numpy.core.multiarray._reconstruct'),
    (multiarray.scalar, 'numpy.core.multiarray.scalar'),
    *_DTYPES,
]


def _history_method(owner: Any, name: str) -> Any:
    """What ``getattr`` may do inside a checkpoint: name a method of ``HistoryBuffer``."""
    if owner is not HistoryBuffer or name.startswith('_'):
        raise pickle.UnpicklingError(f'getattr of {owner!r}.{name}')
    return getattr(owner, name)


SAFE_GLOBALS.append((_history_method, 'builtins.getattr'))  # it pickles its methods by name


def read_checkpoint(path: str | Path, map_location: Any = 'cpu') -> dict[str, Any]:
    """Read a checkpoint or a file of weights without running anything in it.

    Raises:
        FileMissingError: There is no such file.
        UnsafeCheckpointError: The file holds more than tensors, numbers, texts and containers.
        CheckpointMismatchError: It is no torch file at all, or is damaged.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileMissingError(f'{path}: no such checkpoint; check the path and its spelling')
    try:
        with torch.serialization.safe_globals(SAFE_GLOBALS):
            loaded = torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as error:
        first = _reason(error)
        if _is_pickle(path):
            raise UnsafeCheckpointError(
                f'{path}: holds objects that run code when loaded ({first}); expected tensors, '
                'numbers and texts only. It was not loaded. If you trust its maker, have them '
                'save the state dict alone.'
            ) from error
        raise CheckpointMismatchError(f'{path}: is no checkpoint ({first})') from error
    except (
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:  # what bytes that are no pickle make an unpickler do
        raise CheckpointMismatchError(
            f'{path}: cannot be read as a checkpoint ({error}); it is damaged or incomplete'
        ) from error
    if not isinstance(loaded, dict):
        raise CheckpointMismatchError(f'{path}: holds a {type(loaded).__name__}, expected a dict')
    return loaded


def _is_pickle(path: Path) -> bool:
    """Whether a file is a torch archive or a pickle, rather than something else altogether."""
    with path.open('rb') as stream:
        return stream.read(2) in (b'PK', b'\x80\x02', b'\x80\x03', b'\x80\x04', b'\x80\x05')


def _reason(error: Exception) -> str:
    """The line of torch's long text that says what was found."""
    around = ('Weights only load failed', 'Please file an issue', 'Check the documentation')
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith(around)]
    return (telling or [type(error).__name__])[0]


def _without_program(loaded: Any) -> Any:
    """Take out the config's text: mmengine's ``resume`` would run it."""
    if isinstance(loaded, dict) and isinstance(loaded.get('meta'), dict):
        loaded['meta'].pop('config', None)
    return loaded


def _load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    loaded: dict[str, Any] = _without_program(read_checkpoint(filename, map_location or 'cpu'))
    return loaded


def _load_from_url(url: str, *args: Any, **options: Any) -> Any:
    """Stand-in for the loader of mmengine's schemes that fetch from the web."""
    with torch.serialization.safe_globals(SAFE_GLOBALS):
        loaded = torch.hub.load_state_dict_from_url(url, *args, **options, weights_only=True)
    return _without_program(loaded)


def _strict_load(file: Any, map_location: Any = None, weights_only: Any = None) -> Any:
    """Stand-in for mmengine's loader with the pickle fallback (other schemes use it)."""
    with torch.serialization.safe_globals(SAFE_GLOBALS):
        loaded = torch.load(file, map_location=map_location, weights_only=True)
    return _without_program(loaded)


def close_pickle_door() -> None:
    """Make mmengine read every checkpoint without full pickle; safe to call again."""
    CheckpointLoader.register_scheme(prefixes='', loader=_load_from_local, force=True)
    mmengine_checkpoint.load_url = _load_from_url
    if hasattr(mmengine_checkpoint, '_safe_torch_load'):
        mmengine_checkpoint._safe_torch_load = _strict_load


def check_fits(
    checkpoint: Mapping[str, Any], model: nn.Module, source: str | Path, *, tensors: bool = True
) -> None:
    """Refuse a checkpoint that was made for other modalities, layers or another model.

    mmengine only warns about missing and misshapen tensors and goes on with random weights.

    Args:
        checkpoint: As read.
        model: What it is meant for.
        source: How to name it in the error.
        tensors: Whether all tensors must fit too, not only the names of the layers.

    Raises:
        CheckpointMismatchError: With everything that differs.
    """
    meta = checkpoint.get('meta')
    told = meta.get(META_KEY) if isinstance(meta, dict) else None
    ours = told if isinstance(told, dict) else {}
    given_layers = ours.get('layers')
    preprocessor = getattr(model, 'data_preprocessor', None)
    own_layers = getattr(preprocessor, 'layers', None)
    problems = []
    if given_layers and own_layers:
        for modality in sorted(set(given_layers) | set(own_layers)):
            given = tuple(given_layers.get(modality, ()))
            own = tuple(own_layers.get(modality, ()))
            if given != own:
                problems.append(
                    f'{modality}: the checkpoint has layers {list(given) or "none"}, '
                    f'the config {list(own) or "none"}'
                )
        given_codes = _codes(ours.get('categories'))
        own_codes = _codes(getattr(preprocessor, 'categories', None))
        if given_codes != own_codes:
            problems.append(
                f'the checkpoint tells classes {given_codes or "of no layer"} apart, the config '
                f'{own_codes or "of no layer"}'
            )
    if tensors:
        problems += _misfits(checkpoint.get('state_dict', checkpoint), model.state_dict())
    raise_together(
        CheckpointMismatchError,
        f'{source} does not fit the model',
        problems,
        'Use the config the checkpoint was trained with (it lies beside it in the work folder).',
    )


def _codes(categories: Mapping[str, Sequence[int]] | None) -> dict[str, list[int]]:
    """Class codes by layer; a checkpoint of old says nothing of them."""
    return {name: list(codes) for name, codes in (categories or {}).items()}


def _misfits(weights: Any, expected: Mapping[str, torch.Tensor]) -> list[str]:
    """What of a state dict does not fit."""
    if not isinstance(weights, Mapping):
        return [f'state_dict is a {type(weights).__name__}, expected tensors by name']
    problems = []
    missing = [name for name in expected if name not in weights]
    extra = [name for name in weights if name not in expected]
    for words, names in (('lacks', missing), ('has in excess', extra)):
        if names:
            problems.append(f'{words} {len(names)} tensors (first: {names[0]})')
    found = {
        name: tuple(getattr(weights[name], 'shape', ())) for name in expected if name in weights
    }
    shapes = [
        f'{name}: shape {shape}, expected {tuple(expected[name].shape)}'
        for name, shape in found.items()
        if shape != tuple(expected[name].shape)
    ]
    return problems + shapes[:5] + [f'{len(shapes) - 5} more shapes differ'] * (len(shapes) > 5)
