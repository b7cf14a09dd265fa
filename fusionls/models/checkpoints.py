"""Checkpoints are data, never programs: read with ``weights_only``, checked against the model.

mmengine tries ``weights_only=True`` first and, when that fails, loads the file with full pickle,
which runs whatever code is in it. :func:`close_pickle_door` replaces that loader, so that
``load_from``, ``resume`` and every tool refuse such files by name.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_checkpoint
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
    np._core.multiarray._reconstruct,
    np._core.multiarray.scalar,
    *_DTYPES,
    getattr,  # replaced below: HistoryBuffer pickles its methods by name
]


def _history_method(owner: Any, name: str) -> Any:
    """What ``getattr`` may do inside a checkpoint: name a method of ``HistoryBuffer``."""
    if owner is not HistoryBuffer or name.startswith('_'):
        raise pickle.UnpicklingError(f'getattr of {owner!r}.{name}')
    return getattr(owner, name)


SAFE_GLOBALS[-1] = (_history_method, 'builtins.getattr')


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
        first = str(error).strip().splitlines()[0]
        if 'Unsupported' in str(error) or 'global' in str(error).lower():
            raise UnsafeCheckpointError(
                f'{path}: holds objects that run code when loaded ({first}); expected tensors, '
                'numbers and texts only. It was not loaded. If you trust its maker, have them '
                'save the state dict alone.'
            ) from error
        raise CheckpointMismatchError(f'{path}: is no checkpoint ({first})') from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise CheckpointMismatchError(
            f'{path}: cannot be read as a checkpoint ({error}); it is damaged or incomplete'
        ) from error
    if not isinstance(loaded, dict):
        raise CheckpointMismatchError(f'{path}: holds a {type(loaded).__name__}, expected a dict')
    return loaded


def _load_from_local(filename: str, map_location: Any = None) -> dict[str, Any]:
    return read_checkpoint(filename, map_location or 'cpu')


def _strict_load(file: Any, map_location: Any = None, weights_only: Any = None) -> Any:
    """Stand-in for mmengine's loader with the pickle fallback (other schemes use it)."""
    with torch.serialization.safe_globals(SAFE_GLOBALS):
        return torch.load(file, map_location=map_location, weights_only=True)


def close_pickle_door() -> None:
    """Make mmengine read every checkpoint without full pickle; safe to call again."""
    CheckpointLoader.register_scheme(prefixes='', loader=_load_from_local, force=True)
    if hasattr(mmengine_checkpoint, '_safe_torch_load'):
        mmengine_checkpoint._safe_torch_load = _strict_load


def check_fits(checkpoint: Mapping[str, Any], model: nn.Module, source: str | Path) -> None:
    """Refuse a checkpoint that was made for other modalities, layers or another model.

    mmengine only warns about missing and misshapen tensors and goes on with random weights.

    Raises:
        CheckpointMismatchError: With everything that differs.
    """
    given_layers = checkpoint.get('meta', {}).get(META_KEY, {}).get('layers')
    own_layers = getattr(getattr(model, 'data_preprocessor', None), 'layers', None)
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
    weights = checkpoint.get('state_dict', checkpoint)
    expected = model.state_dict()
    missing = [name for name in expected if name not in weights]
    extra = [name for name in weights if name not in expected]
    shapes = [
        f'{name}: shape {tuple(weights[name].shape)}, expected {tuple(expected[name].shape)}'
        for name in expected
        if name in weights and weights[name].shape != expected[name].shape
    ]
    for words, names in (('lacks', missing), ('has in excess', extra)):
        if names:
            problems.append(f'{words} {len(names)} tensors (first: {names[0]})')
    problems += shapes[:5] + ([f'{len(shapes) - 5} more shapes differ'] if len(shapes) > 5 else [])
    raise_together(
        CheckpointMismatchError,
        f'{source} does not fit the model',
        problems,
        'Use the config the checkpoint was trained with (it lies beside it in the work folder).',
    )
