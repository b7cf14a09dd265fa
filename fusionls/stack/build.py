"""From a scene description to a stack on disk.

Flow: SCENE.yaml -> stack.scene -> stack.align -> [here, window by window] -> stack.store.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fusionls.errors import AllInvalidError, OutputError, SceneError, raise_together
from fusionls.geo.grid import Grid
from fusionls.geo.vector_io import with_sidecars
from fusionls.geo.window import Window
from fusionls.stack.align import aligned
from fusionls.stack.aligned import AlignedLabels, AlignedModality, AlignedScene
from fusionls.stack.coregistration import coregistration
from fusionls.stack.layer_stack import LayerStack
from fusionls.stack.manifest import InputRecord, input_record
from fusionls.stack.scene import Scene
from fusionls.stack.store import StackWriter, check_can_write, new_stack

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what is being done."""

WINDOW_ROWS, WINDOW_COLS = 256, 4096
"""Pixels of a modality held at once, whatever the scene's size; multiples of the files' tiles."""


def build_stack(
    scene_yaml: str | Path,
    out: str | Path,
    overwrite: bool = False,
    progress: Progress | None = None,
    fix_shift: bool = False,
) -> LayerStack:
    """Co-register the products of a scene and write them as a stack, whole or not at all.

    Args:
        scene_yaml: Scene description.
        out: Folder of the stack.
        overwrite: Whether a stack that stands there may be replaced, at the end.
        progress: Told how far it is.
        fix_shift: Whether modalities that lie beside the others are moved onto them; their
            shifts are measured and stated in ``stack.json`` in any case.

    Raises:
        FileMissingError: There is no such scene description.
        SceneError: The description, or files it names, cannot be used; every problem at once.
        AllInvalidError: Layers have no valid pixel in the scene.
        OutputError: The stack cannot be written; what stood there before is unchanged.
    """
    check_can_write(out, overwrite)
    scene, problems = Scene.parsed(scene_yaml)
    ready = aligned(scene, problems)
    raise_together(SceneError, f'{scene_yaml}: cannot be made into a stack', problems)
    if ready is None:
        raise SceneError(f'{scene_yaml}: names no source to take the grid from')
    _check_space(ready, Path(out))
    files = _files(scene, ready)
    count = _Counter(len(files), ready, progress)
    with new_stack(out, ready.grid, overwrite=overwrite) as writer:
        inputs = []
        for path in files:
            count.say(f'checksum of {path.name}')
            inputs.append(_recorded(path, scene.path.parent))
            count.step()
        empty: list[str] = []
        for modality in ready.modalities:
            empty += _write_modality(writer, modality, count)
        raise_together(
            AllInvalidError,
            f'{scene_yaml}: layers without a valid pixel',
            empty,
            'Check nodata and mask_below, and that the file holds data where the scene lies; or '
            'name the `layers` of the source that you want.',
        )
        count.say('co-registration')
        report = coregistration(writer.so_far(scene.name))
        shifts = {'measured': report.to_json()}
        if fix_shift and report.moves:
            shifts |= _moved(writer, scene, report.moves, count)
        count.step()
        if ready.labels is not None:
            _write_labels(writer, ready.labels, count)
        parameters = {
            'scene': _plain(scene.content),
            'factors': {m.name: m.factor for m in ready.modalities},
            'sources': {m.name: _plain(_records(m)) for m in ready.modalities},
        }
        writer.finish(
            scene.name,
            inputs=inputs,
            parameters=parameters,
            coregistration=_plain(shifts),
            simulated=scene.simulated,
        )
    return LayerStack.open(out)


def _files(scene: Scene, ready: AlignedScene) -> list[Path]:
    """Every file the stack is made from, in order, once."""
    files = [f for m in ready.modalities for source in m.sources for f in source.files]
    if scene.landslides is not None:
        said = scene.landslides
        for path in (said.file, said.raster, said.mapped_area):
            files += [] if path is None else with_sidecars(path)
    return list(dict.fromkeys(files))


def _records(modality: AlignedModality) -> list[dict[str, Any]]:
    """What each source of a modality said of itself."""
    return [
        {'file': source.path.name, 'layers': list(source.layers), **source.record}
        for source in modality.sources
    ]


def _moved(
    writer: StackWriter, scene: Scene, moves: Mapping[str, tuple[float, float]], count: _Counter
) -> dict[str, Any]:
    """Write the modalities that lie beside the others once more, moved; say what is left."""
    ready = aligned(scene, [], moves)
    if ready is None:
        raise SceneError(f'{scene.path}: its files have changed while they were read')
    for modality in ready.modalities:
        if modality.name in moves:
            _write_modality(writer, modality, count)
    return {
        'moved': {name: list(move) for name, move in moves.items()},
        'left': coregistration(writer.so_far(scene.name)).to_json(),
    }


class _Counter:
    """Counts windows, in all and done, and tells the caller."""

    def __init__(self, files: int, ready: AlignedScene, progress: Progress | None) -> None:
        grids = [m.grid for m in ready.modalities] + [ready.grid] * (ready.labels is not None)
        self._total = files + 1 + sum(_window_count(grid) for grid in grids)
        self._done = 0
        self._progress = progress
        self._what = ''

    def say(self, what: str) -> None:
        self._what = what
        self._tell()

    def step(self) -> None:
        self._done += 1
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total, self._what)


def _write_modality(writer: StackWriter, modality: AlignedModality, count: _Counter) -> list[str]:
    """Write one modality; say which of its layers have no valid pixel."""
    count.say(modality.name)
    with writer.modality(modality.name, modality.quantities, modality.factor) as out:
        for window in _windows(modality.grid):
            out.write(*modality.read(window), window)
            count.step()
    files = ', '.join(source.path.name for source in modality.sources)
    empty = [
        f'{layer}: none of {modality.grid.rows * modality.grid.cols} pixels is valid ({files})'
        for layer, valid in zip(modality.layers, out.valid_by_layer, strict=True)
        if not valid
    ]
    if not empty and not out.valid_pixels:
        empty = [f'{modality.name}: no pixel is valid in all of its layers ({files})']
    return empty


def _write_labels(writer: StackWriter, labels: AlignedLabels, count: _Counter) -> None:
    count.say('labels')
    with writer.labels() as out:
        for window in _windows(writer.grid):
            out.write(labels.read(writer.grid, window), window, 1)
            count.step()
    polygons = labels.polygons_within(writer.grid)
    if polygons is not None:
        writer.polygons(polygons)


def _windows(grid: Grid) -> Iterator[Window]:
    for row in range(0, grid.rows, WINDOW_ROWS):
        for col in range(0, grid.cols, WINDOW_COLS):
            height = min(WINDOW_ROWS, grid.rows - row)
            yield Window(row, col, height, min(WINDOW_COLS, grid.cols - col))


def _window_count(grid: Grid) -> int:
    return math.ceil(grid.rows / WINDOW_ROWS) * math.ceil(grid.cols / WINDOW_COLS)


def _check_space(ready: AlignedScene, out: Path) -> None:
    """Refuse at once what would fill the disk an hour later."""
    needed = sum(4 * len(m.layers) * m.grid.rows * m.grid.cols for m in ready.modalities)
    needed += ready.grid.rows * ready.grid.cols * (ready.labels is not None)
    place = next(p for p in (out.absolute(), *out.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise OutputError(
            f'{out}: the stack needs {needed / 1e9:.2f} GB, the disk has {free / 1e9:.2f} GB '
            'free. Free some space, write elsewhere, or choose a larger pixel (grid: pixel).'
        )


def _recorded(path: Path, folder: Path) -> InputRecord:
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    return input_record(path, str(shown))


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: dates and NaN as text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
