"""The map of rooms, kept by the imports: data flows one way, and the first rooms stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'fusionls'
ROOMS = [
    'geo',
    'layers',  # before sources, which name what they read by its catalogue
    'sources',
    'stack',
    'datasets',
    'models',
    'engine',
    'evaluation',
    'inference',
    'inventory',
    'visualization',
    'simulation',
    'testing',
    'config',
    'apis',
]
ROOT = {'errors', 'quantities', 'registry', 'ops', 'console', '__init__', '__version__'}
"""Modules every room may import."""
LIGHT = {'geo', 'sources', 'layers', 'stack', 'inventory', 'evaluation.functional'}
"""Rooms that work where torch and the mm packages are not installed."""
HEAVY = ('torch', 'timm', 'mm')  # torch, torchvision, timm, and mmengine, mmcv, mmseg, ...


def modules() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob('*.py'))


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' and len(parts) > 1 else parts)


def imports(path: Path) -> set[str]:
    """Everything a module imports, wherever in it, with ``from a import b`` as ``a.b``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f'{path}: relative import; name the room in full')
    return found


def is_in(module: str, room: str) -> bool:
    return module == room or module.startswith(room + '.')


def ours(path: Path) -> set[str]:
    return {
        name.removeprefix('fusionls.') for name in imports(path) if name.startswith('fusionls.')
    }


@pytest.mark.parametrize('room', sorted(LIGHT))
def test_a_light_room_imports_neither_torch_nor_mm(room):
    heavy = {
        f'{dotted(path)} imports {name}'
        for path in modules()
        if is_in(dotted(path), room)
        for name in imports(path)
        if (name.startswith(HEAVY) and name != 'mmap')
        or is_in(name, 'fusionls.registry')
        or is_in(name, 'fusionls.ops')
    }
    assert heavy == set()


def test_importing_the_light_rooms_loads_no_torch():
    names = ', '.join(f'fusionls.{room}' for room in sorted(LIGHT))
    done = subprocess.run(
        [sys.executable, '-c', f'import sys, {names}; print(*sys.modules)'],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition('.')[0] for name in done.stdout.split()}
    assert 'fusionls' in loaded
    assert {name for name in loaded if name.startswith(HEAVY)} - {'mmap'} == set()


def test_a_room_imports_only_from_rooms_above_it():
    upward = set()
    for path in modules():
        module = dotted(path)
        room = module.partition('.')[0]
        if room in ROOT:
            continue
        assert room in ROOMS, f'{module} stands in no room; add it to the map'
        for name in ours(path):
            source = name.partition('.')[0]
            if source in ROOT or source == room:
                continue
            if source not in ROOMS or ROOMS.index(source) > ROOMS.index(room):
                upward.add(f'{module} imports {name}')
    assert upward == set()


def test_the_root_imports_from_no_room():
    rooms = {
        f'{dotted(path)} imports {name}'
        for path in modules()
        if dotted(path).partition('.')[0] in ROOT
        for name in ours(path)
        if name.partition('.')[0] in ROOMS
    }
    assert rooms == set()
