"""A scene description (``SCENE.yaml``): which products make up a scene, and what they hold.

Flow: SCENE.yaml -> [here: its form, all mistakes at once] -> stack.align (the files it names).
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fusionls.errors import (
    FileMissingError,
    LayerUnknownError,
    SceneError,
    nearest_names,
    raise_together,
)
from fusionls.layers.catalog import layer_spec
from fusionls.quantities import Kind
from fusionls.sources.products import PRODUCTS, RASTER, Product
from fusionls.stack.scene_parts import (
    SceneGrid,
    SceneLandslides,
    SceneModality,
    SceneSource,
    layer_problems,
)
from fusionls.stack.yaml_section import (
    Section,
    StrictLoader,
    number,
    positive,
    reference_system,
    sequence,
    text,
    texts,
    truth,
    whole,
)

FACTORS = (1, 2, 4, 8, 16, 32)
"""Pixel sides of a modality in base pixels: powers of two, so that each divides the larger ones."""
_NAME = re.compile(r'[a-z][a-z0-9_]*')


@dataclass(frozen=True)
class Scene:
    """A whole scene description.

    Attributes:
        path: The file it was read from.
        name: Name of the scene.
        modalities: In the file's order.
        grid: The base grid, as far as it is said.
        landslides: Mapped landslides, or None.
        simulated: Whether the scene was made up by a simulation.
        content: What the file says, for the record.
    """

    path: Path
    name: str
    modalities: tuple[SceneModality, ...]
    grid: SceneGrid = field(default_factory=SceneGrid)
    landslides: SceneLandslides | None = None
    simulated: bool = False
    content: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> Scene:
        """Read a scene description.

        Args:
            path: YAML; files in it are relative to ``folder``, and that to the file's own.

        Raises:
            FileMissingError: There is no such file.
            SceneError: Its form is wrong; every mistake at once.
        """
        scene, problems = cls.parsed(path)
        raise_together(SceneError, f'{path}: cannot be used', problems)
        return scene

    @classmethod
    def parsed(cls, path: str | Path) -> tuple[Scene, list[str]]:
        """Read what can be read of a scene description, and say what is wrong with the rest.

        Raises:
            FileMissingError: There is no such file.
            SceneError: It is no YAML.
        """
        path = Path(path)
        if not path.is_file():
            raise FileMissingError(f'{path}: no such scene description')
        try:
            content = yaml.load(path.read_text(encoding='utf-8'), Loader=StrictLoader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise SceneError(f'{path}: is not readable as YAML: {error}') from error
        problems: list[str] = []
        return _scene(path, content, problems), problems


def _scene(path: Path, content: Any, problems: list[str]) -> Scene:
    top = Section(content, '', 'name simulated folder grid modalities landslides', problems)
    folder = top.take('folder', lambda value: _folder(path, value), 'a folder', path.parent)
    modalities: list[SceneModality] = []
    named = top.raw('modalities')
    if isinstance(named, Mapping) and named:
        for name, said in named.items():
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                top.note(f'modality {name!r}: a name is lower-case letters, digits and _')
                continue
            modalities.append(_modality(name, said, folder, problems))
    else:
        top.note(f'modalities: expected a mapping of at least one modality; got {named!r}')
    if all(modality.stated_layers is not None and modality.complete for modality in modalities):
        for modality in modalities:
            stated = modality.stated_layers or ()
            elsewhere = [
                layer
                for other in modalities
                for source in other.stated_layers or ()
                for layer in source
                if other is not modality
            ]
            problems += layer_problems(modality, stated, elsewhere)
    landslides = top.raw('landslides')
    return Scene(
        path=path,
        name=top.take('name', text, 'a text', path.stem),
        modalities=tuple(modalities),
        grid=_grid(top.raw('grid'), problems),
        landslides=None if landslides is None else _landslides(landslides, folder, problems),
        simulated=top.take('simulated', truth, 'true or false', False),
        content=dict(content) if isinstance(content, Mapping) else {},
    )


def _folder(path: Path, value: Any) -> Path:
    """Where the files of a scene lie; ``$NAME`` and ``${NAME}`` stand for the environment's."""
    named = os.path.expandvars(text(value))
    if '$' in named:
        raise SceneError(
            f'{named!r} names an environment variable that is not set; set it, or write the folder'
        )
    return path.parent / named


def _grid(content: Any, problems: list[str]) -> SceneGrid:
    if content is None:
        return SceneGrid()
    section = Section(content, 'grid', 'crs pixel bounds', problems)
    crs = section.take('crs', reference_system, 'a CRS such as EPSG:32643')
    if crs is not None and not crs.is_projected:
        section.note(f'crs: {crs.name} is not projected; expected one in metres such as UTM')
    pixel = section.take('pixel', positive, 'a pixel side > 0 in CRS units')
    bounds = section.take(
        'bounds', _bounds, '[west, south, east, north], west < east, south < north'
    )
    return SceneGrid(crs, pixel, bounds)


def _modality(name: str, content: Any, folder: Path, problems: list[str]) -> SceneModality:
    where = f'modalities.{name}'
    section = Section(content, where, 'sources derive factor keep', problems)
    listed = section.need('sources', sequence, 'a list of {file, layers, ...}', [])
    read = [
        _source(said, f'{where}.sources[{i}]', folder, problems) for i, said in enumerate(listed)
    ]
    sources = tuple(source for source in read if source is not None)
    derive = section.take('derive', texts, 'a list of layer names')
    factor = section.take('factor', _factor, f'one of {", ".join(map(str, FACTORS))}')
    keep = section.take('keep', texts, 'a list of layer names')
    if section.raw('sources') == []:
        section.note('sources is empty; expected a list of {file, layers, ...}')
    complete = len(sources) == len(listed) > 0
    return SceneModality(name, sources, derive, factor, keep, complete)


def _source(content: Any, where: str, folder: Path, problems: list[str]) -> SceneSource | None:
    before = len(problems)
    said = content.get('product', RASTER) if isinstance(content, Mapping) else RASTER
    product = PRODUCTS.get(said) if isinstance(said, str) else None
    if product is None:
        problems.append(
            f'{where}: product {said!r} is unknown; {nearest_names(str(said), PRODUCTS)}'
        )
        return None
    section = Section(
        content, where, ' '.join(('product', 'file', 'files', *product.options)), problems
    )
    files = _files(section, product, folder)
    options = _options(section, product, folder)
    layers = None
    if product.name == RASTER:
        layers = section.need(
            'layers', _layers, 'a list with the layer of each band (null skips a band)', ()
        )
        for layer in layers:
            if layer is not None and (options.get('kind') == Kind.LIT or _is_lit(layer)):
                section.note(f'layers: {layer} is derived from elevation (derive: ...), never read')
    return SceneSource(files, layers, product.name, options) if len(problems) == before else None


_EXPECTED: dict[str, tuple[Callable[[Any], Any], str]] = {
    'float': (number, 'a number'),
    'int': (whole, 'a whole number'),
    'bool': (truth, 'true or false'),
    'str': (text, 'a text'),
    'Sequence[str]': (texts, 'a list of texts'),
    'Kind': (lambda value: Kind(value).value, f'one of {", ".join(Kind)}'),
}
"""How an option is read, by the type its reader states; others are handed on as they stand."""


def _options(section: Section, product: Product, folder: Path) -> dict[str, Any]:
    found = {}
    for name in product.options:
        expects = product.expects(name)
        if (product.name == RASTER and name == 'layers') or section.raw(name) is None:
            continue
        if expects == 'Path':
            found[name] = section.take(name, lambda v: folder / text(v), 'the name of a file')
        elif expects in _EXPECTED:
            found[name] = section.take(name, *_EXPECTED[expects])
        else:
            found[name] = section.raw(name)
    return {name: value for name, value in found.items() if value is not None}


def _files(section: Section, product: Product, folder: Path) -> tuple[Path, ...]:
    """The files of a source; ``files`` is a list of names, or patterns such as ``*.laz``."""
    one, several = section.raw('file'), section.raw('files')
    if (one is None) == (several is None):
        if one is None:
            section.note('file is missing; expected the name of a file, or files: [...]')
        else:
            section.note('file and files are both given; expected one of them')
        return ()
    if one is not None:
        return (folder / section.take('file', text, 'the name of a file', ''),)
    names = section.take(
        'files',
        lambda v: texts([v] if isinstance(v, str) else v),
        'a list of files or patterns',
        (),
    )
    found: list[Path] = []
    for name in names:
        matching = (
            sorted(glob.glob(str(folder / name))) if glob.has_magic(name) else [folder / name]
        )
        if not matching:
            section.note(f'files: nothing is called {name!r} in {folder}')
        found += [Path(path) for path in matching]
    if len(found) > 1 and not product.takes_files and product.name != RASTER:
        section.note(f'files: {product.name} is read one file at a time; got {len(found)}')
    if not found and names == ():
        section.note('files is empty; expected at least one')
    return tuple(found)


def _is_lit(layer: str) -> bool:
    try:
        return layer_spec(layer).quantity.kind is Kind.LIT
    except LayerUnknownError:
        return False


def _landslides(content: Any, folder: Path, problems: list[str]) -> SceneLandslides:
    section = Section(content, 'landslides', 'file layer raster value mapped_area', problems)

    def path(value: Any) -> Path:
        return folder / text(value)

    landslides = SceneLandslides(
        section.take('file', path, 'the name of a polygon file'),
        section.take('layer', text, 'the name of a layer'),
        section.take('raster', path, 'the name of a mask raster'),
        section.take('value', number, 'a number'),
        section.take('mapped_area', path, 'the name of a polygon file'),
    )
    if (section.raw('file') is None) == (section.raw('raster') is None):
        section.note('expected either file (polygons) or raster (a mask)')
    return landslides


def _layers(value: Any) -> tuple[str | None, ...]:
    found = tuple(None if item is None else text(item) for item in sequence(value))
    if not found or any(name is not None and not _NAME.fullmatch(name) for name in found):
        raise ValueError
    return found


def _factor(value: Any) -> int:
    if value not in FACTORS or isinstance(value, bool):
        raise ValueError
    return int(value)


def _bounds(value: Any) -> tuple[float, float, float, float]:
    west, south, east, north = (number(item) for item in sequence(value))
    if not (west < east and south < north):
        raise ValueError
    return west, south, east, north
