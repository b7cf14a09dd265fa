"""A name for everything that decides a map, so that a later run knows whether it makes the same.

Flow: stack, checkpoints, settings -> [here] -> inference.scene_predictor, which goes on where a run
of the same name was killed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import fusionls
from fusionls.stack.manifest import input_record

if TYPE_CHECKING:
    from fusionls.stack.layer_stack import LayerStack

_LIBRARIES = ('torch', 'torchvision', 'timm', 'mmcv', 'mmseg', 'mmdet', 'mmpretrain')


def job_name(stack: LayerStack, models: Sequence[str | Path], said: Mapping[str, object]) -> str:
    """Name a map by its stack, its models, its settings and the software that makes it.

    Modules of a plug-in do not count.

    Args:
        stack: What is mapped; its files count by size and time of change.
        models: Checkpoints, which count by their bytes.
        said: Settings; they count by their text.

    Returns:
        20 hexadecimal digits.
    """
    of_stack = [stack.manifest.to_json()]
    of_stack += [file_stamp(stack.folder / name) for name in sorted(stack.manifest.files)]
    weights = [_checksum(Path(path).expanduser()) for path in models]
    package = sorted(Path(fusionls.__file__).parent.rglob('*.py'))
    code = [_checksum(path) for path in package if path.is_file()]  # who edits it starts anew
    loaded = [sys.modules[name] for name in _LIBRARIES if name in sys.modules]
    versions = [f'{library.__name__} {library.__version__}' for library in loaded]
    settings = {name: str(value) for name, value in said.items()}
    text = json.dumps([of_stack, weights, settings, code, versions], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def file_stamp(path: Path) -> str:
    """Name, size and time of change of a file: what tells it from another at no cost."""
    known = path.stat()
    return f'{path.name} {known.st_size} {known.st_mtime_ns}'


def _checksum(path: Path) -> str:
    return input_record(path, path.name).sha256
