"""A name for everything that decides a map, so that a later run knows whether it makes the same.

Flow: stack, checkpoints, settings -> [here] -> inference.scene_predictor, which goes on where a run
of the same name was killed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import fusionls

if TYPE_CHECKING:
    from fusionls.stack.layer_stack import LayerStack


def job_name(stack: LayerStack, models: Sequence[str | Path], said: Mapping[str, object]) -> str:
    """Name a map by its stack, its models, its settings and the code that makes it.

    Args:
        stack: What is mapped; its files count by size and time of change.
        models: Checkpoints, which count by their bytes.
        said: Settings; they count by their text.

    Returns:
        20 hexadecimal digits.
    """
    of_stack = [stack.manifest.to_json()]
    of_stack += [_stamp(stack.folder / name) for name in sorted(stack.manifest.files)]
    weights = []
    for path in models:
        with Path(path).open('rb') as file:
            weights.append(hashlib.file_digest(file, 'sha256').hexdigest())
    package = Path(fusionls.__file__).parent
    code = [_stamp(path) for path in sorted(package.rglob('*.py'))]  # who edits it starts anew
    settings = {name: str(value) for name, value in said.items()}
    text = json.dumps([of_stack, weights, settings, code], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _stamp(path: Path) -> str:
    known = path.stat()
    return f'{path.name} {known.st_size} {known.st_mtime_ns}'
