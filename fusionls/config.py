"""Configs as every tool reads them: options put over, misspelt names refused, modalities chosen.

Flow: configs/*.py -> [here] -> apis (the verbs) -> mmengine's Runner.
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusionls.errors import (
    FileMissingError,
    InputError,
    LayerMissingError,
    nearest_names,
    raise_together,
)

if TYPE_CHECKING:
    from mmengine.config import Config

RUNNER_KEYS = (
    'model',
    'work_dir',
    'train_dataloader',
    'val_dataloader',
    'test_dataloader',
    'train_cfg',
    'val_cfg',
    'test_cfg',
    'auto_scale_lr',
    'optim_wrapper',
    'param_scheduler',
    'val_evaluator',
    'test_evaluator',
    'default_hooks',
    'custom_hooks',
    'custom_imports',
    'data_preprocessor',
    'load_from',
    'resume',
    'launcher',
    'env_cfg',
    'log_processor',
    'log_level',
    'visualizer',
    'default_scope',
    'randomness',
    'experiment_name',
    'model_wrapper_cfg',
    'sync_bn',
    'find_unused_parameters',
    'compile',
    'cfg',
)
"""Names mmengine's Runner reads; it ignores all others, a misspelt one included."""


def load_config(path: str | Path, options: Mapping[str, Any] | None = None) -> Config:
    """Read a config, put options over it; its ``stacks`` and ``modalities`` count everywhere.

    ``stacks``, a list of folders by a line of the config or as an option, is what every loader
    reads whose data set takes stacks.

    ``modalities`` is a list of names, by a line of the config or as an option: ``layers``,
    ``factors``, ``branches`` and every other mapping or list of modalities or of layers is cut down
    to them, wherever it stands. ``modalities = ['optical']`` is a config of one modality.

    Args:
        path: A new-style python config.
        options: Dotted keys and values, e.g. ``{'train_cfg.max_epochs': 3}``.

    Raises:
        FileMissingError: There is no such file.
        InputError: A top-level name or an option looks like a misspelt one.
        LayerMissingError: ``modalities`` names one that the config does not have.
    """
    from mmengine.config import Config
    from mmengine.utils import import_modules_from_strings

    import fusionls.registry  # noqa: F401, as it serves mmcv's operators: a config imports mmdet

    path = Path(path)
    if not path.is_file():
        raise FileMissingError(f'{path}: no such config; see configs/ for those that ship')
    config = Config.fromfile(str(path))
    if config.get('custom_imports'):  # mmengine imports them for text-style configs only
        import_modules_from_strings(**config.custom_imports)
    for name, value in config.items():
        # closer than nearest_names looks: `optimizer` and `norm_cfg` are fine names of one's own
        near = difflib.get_close_matches(name, RUNNER_KEYS, n=1, cutoff=0.85)
        if isinstance(value, dict) and name not in RUNNER_KEYS and near:
            raise InputError(
                f'{path}: {name!r} is nothing the runner reads; did you mean {near[0]}?'
            )
    for dotted in options or {}:
        _check_option(config, dotted)
    others = dict(options or {})
    if 'stacks' in others:
        config.stacks = others.pop('stacks')
    if config.get('stacks') is not None:
        _read_stacks(config, path)
    config.merge_from_dict(others)  # afterwards, so that what one loader is told stands
    if config.get('modalities') is not None:
        _narrow(config, path)
    if config.get('work_dir') is None:
        config.work_dir = str(Path('work_dirs') / path.stem)
    return config


def leaf_configs(root: str | Path) -> list[Path]:
    """Every config of a checkout that can be run, in order."""
    found = Path(root).glob('configs/*/*.py')
    return sorted(path for path in found if path.parent.name != '_base_')


def chosen_leaves(root: str | Path, words: Collection[str]) -> list[Path]:
    """The configs of a checkout that any of some words means: a path, or a part of a name.

    Raises:
        FileMissingError: A word means none; all such words are named.
    """
    leaves = leaf_configs(root)
    found: set[Path] = set()
    problems = []
    for word in words:
        meant = [p for p in leaves if word in p.stem or Path(word).resolve() == p.resolve()]
        if not meant:
            near = nearest_names(word, [path.stem for path in leaves])
            problems.append(f'{word}: no config has that in its name; {near}')
        found.update(meant)
    raise_together(FileMissingError, 'there are no such configs', problems)
    return sorted(found) if words else leaves


def config_digest(config: Config) -> str:
    """A short hash of all that a config says; work folder and place of the file do not count."""
    said = {name: value for name, value in config.items() if name != 'work_dir'}
    # a class or function by its name: what str() gives holds an address
    text = json.dumps(said, sort_keys=True, default=lambda v: getattr(v, '__name__', str(v)))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _check_option(config: Any, dotted: str) -> None:
    """Refuse an option whose place does not exist; arguments that a type takes may be new."""
    place: Any = dict.fromkeys((*RUNNER_KEYS, 'modalities', 'stacks')) | dict(config.items())
    for key in dotted.split('.'):
        if isinstance(place, list | tuple):
            if not key.isdecimal() or int(key) >= len(place):
                raise InputError(
                    f'option {dotted!r}: {key!r} is no place in a list of {len(place)}; '
                    f'use 0 to {len(place) - 1}'
                )
            place = place[int(key)]
            continue
        names = set(place) if isinstance(place, dict) else set()
        taken = _arguments(place['type']) if 'type' in names else set()
        if key not in names and taken is not None and key not in taken:
            raise InputError(
                f'option {dotted!r}: there is no {key!r} in the config; '
                f'{nearest_names(key, names | taken)}'
            )
        place = place.get(key)


def _arguments(kind: Any) -> set[str] | None:
    """Names of the arguments a class or function takes; None where nobody can say."""
    if not callable(kind):
        return None
    names: set[str] = set()
    for owner in kind.__mro__[:-1] if inspect.isclass(kind) else (kind,):
        if inspect.isclass(owner) and '__init__' not in vars(owner):
            continue
        try:
            arguments = inspect.signature(owner).parameters.values()
        except ValueError:  # built in, without a signature to look at
            return None
        names |= {a.name for a in arguments if a.kind in (a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY)}
        if not any(a.kind is a.VAR_KEYWORD for a in arguments):
            return names  # what a class does not take itself it hands to its base
    return None


def _read_stacks(config: Config, path: Path) -> None:
    """Let every loader read the stacks the config names."""
    stacks = [config.stacks] if isinstance(config.stacks, str) else list(config.stacks)
    loaders = [config.get(f'{name}_dataloader') or {} for name in ('train', 'val', 'test')]
    readers = [d for d in (loader.get('dataset') or {} for loader in loaders) if 'stacks' in d]
    if not stacks or not readers:
        raise InputError(
            f'{path}: stacks = {config.stacks!r}, but '
            + ('no loader of the config reads stacks' if stacks else 'that names none')
        )
    for dataset in readers:
        dataset['stacks'] = list(stacks)
    config.stacks = stacks


def _narrow(config: Config, path: Path) -> None:
    """Cut the config down to the modalities it asks for."""
    wanted, layers = config.modalities, config.get('layers')
    if not isinstance(layers, Mapping):
        raise InputError(
            f'{path}: modalities = {wanted!r}, but the config has no `layers` to choose from; '
            'expected a mapping of layer names by modality'
        )
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    unknown = [name for name in names if name not in layers]
    if unknown or not names:
        raise LayerMissingError(
            f'{path}: modalities = {wanted!r}: not among the layers of the config; '
            f'{nearest_names((unknown or [""])[0], layers)}'
        )
    kept = [name for name in layers if name in names]
    kept_layers = [layer for name in kept for layer in layers[name]]
    every_layer = [layer for own in layers.values() for layer in own]
    _cut(config._cfg_dict, [(set(layers), kept), (set(every_layer), kept_layers)])
    config.modalities = kept


def _cut(place: Any, choices: Collection[tuple[set[str], Collection[str]]]) -> None:
    """Cut mappings and lists that name nothing but what is chosen among, in place."""
    children = list(place.values() if isinstance(place, dict) else place)
    named = [name for name in place if isinstance(name, str)]
    for known, kept in choices:
        if named and len(named) == len(place) and known.issuperset(named):
            gone = [name for name in named if name not in kept]
            if isinstance(place, dict):
                for name in gone:
                    place.pop(name)
            else:
                place[:] = [name for name in place if name in kept]
    for child in children:
        if isinstance(child, dict | list):
            _cut(child, choices)
