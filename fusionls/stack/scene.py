"""A scene description (``SCENE.yaml``): which products make up a scene, and what they hold.

Flow: SCENE.yaml -> [here: its form, all mistakes at once] -> stack.align (the files it names).
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyproj
import yaml

from fusionls.errors import (
    FileMissingError,
    FusionlsError,
    LayerUnknownError,
    SceneError,
    nearest_names,
    raise_together,
)
from fusionls.layers.catalog import layer_spec
from fusionls.layers.derivation import sources_for
from fusionls.quantities import Kind
from fusionls.sources.products import PRODUCTS, RASTER, Product
from fusionls.sources.source import Source
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
class SceneSource:
    """One product of a modality: the files it consists of, and how to read them.

    Attributes:
        files: Its files; several rasters of the same layers are a mosaic, the first on top.
        layers: Layer of each band of a raster (null skips a band); None where the product
            itself says what it holds.
        product: Name in ``sources.products.PRODUCTS``.
        options: What its reader is told beside the files.
    """

    files: tuple[Path, ...]
    layers: tuple[str | None, ...] | None
    product: str = RASTER
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stated_layers(self) -> tuple[str, ...] | None:
        """Layers it holds, as far as the description alone tells."""
        if self.layers is None or 'incidence' in self.options:
            return None  # a line of sight comes beside the layers that are named
        return tuple(layer for layer in self.layers if layer is not None)

    def open(self) -> tuple[Source, ...]:
        """Open it; raises what the product's reader raises."""
        layers = {} if self.layers is None else {'layers': self.layers}
        return PRODUCTS[self.product].open(self.files, {**self.options, **layers})


@dataclass(frozen=True)
class SceneModality:
    """One modality of a scene.

    Attributes:
        name: ``optical``, ``terrain``, ...
        sources: Products it comes from.
        derive: Layers to derive; None for the usual ones.
        factor: Pixel side in base pixels; None to choose by the sources' pixels.
        keep: Layers to keep in the stack; None for all.
        complete: Whether all of its sources could be read; the layers of one that is not are
            not judged, which would only repeat what is noted.
    """

    name: str
    sources: tuple[SceneSource, ...]
    derive: tuple[str, ...] | None = None
    factor: int | None = None
    keep: tuple[str, ...] | None = None
    complete: bool = True

    @property
    def stated_layers(self) -> tuple[tuple[str, ...], ...] | None:
        """Layers of each source as the description names them; None where a product says so."""
        stated = [source.stated_layers for source in self.sources]
        return None if None in stated else tuple(layers for layers in stated if layers is not None)

    def derived_from(self, layers: Collection[str]) -> tuple[str, ...]:
        """Layers to derive where the sources hold ``layers``."""
        if self.derive is not None:
            return self.derive
        usual = (f'{self.name}_slope', f'{self.name}_hillshade')
        if self.name != 'terrain' or 'terrain_elevation' not in layers:
            return ()
        return tuple(layer for layer in usual if layer not in layers)

    def kept_of(self, layers: Sequence[str], hidden: Collection[str] = ()) -> tuple[str, ...]:
        """Layers of the stack, in band order, where the sources hold ``layers``."""
        every = tuple(dict.fromkeys(layers)) + self.derived_from(layers)
        if self.keep is None:
            return tuple(layer for layer in every if layer not in hidden)
        return tuple(layer for layer in every if layer in self.keep)


def layer_problems(
    modality: SceneModality,
    sources: Sequence[Sequence[str]],
    elsewhere: Collection[str],
    hidden: Collection[str] = (),
) -> list[str]:
    """What is wrong with the layers of a modality, once it is known what its sources hold.

    Args:
        modality: What the description says.
        sources: Layers of each source.
        elsewhere: Layers that sources of other modalities hold.
        hidden: Layers that are left out of the stack unless they are asked for.
    """
    problems = []
    layers = [layer for source in sources for layer in source]
    derive = modality.derived_from(layers)
    every = [*layers, *derive]
    for layer in sorted({n for n in every if every.count(n) > 1}):
        problems.append(
            f'layer {layer!r} comes from more than one place; expected one. Rasters that lie '
            'side by side are one source: files: [...]'
        )
    for layer in derive:
        try:
            needs = sources_for([layer], [*layers, *elsewhere])
        except FusionlsError as error:
            problems.append(f'derive: {error}')
            continue
        missing = [need for need in needs if need not in layers and need not in elsewhere]
        if missing:
            problems.append(f'derive: {layer} needs {", ".join(missing)}, which no source holds')
    for layer in modality.keep or ():
        if layer not in every:
            problems.append(f'keep: no layer {layer!r}; {nearest_names(layer, every)}')
    if not modality.kept_of(layers, hidden):
        problems.append('no layer is left')
    return [f'modalities.{modality.name}: {problem}' for problem in problems]


@dataclass(frozen=True)
class SceneGrid:
    """What the description says of the base grid; None where it leaves the choice.

    Attributes:
        crs: Projected CRS.
        pixel: Pixel side, CRS units.
        bounds: West, south, east, north, CRS units.
    """

    crs: pyproj.CRS | None = None
    pixel: float | None = None
    bounds: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class SceneLandslides:
    """Mapped landslides of a scene.

    Attributes:
        file: Polygons, or None.
        layer: Layer of ``file``; the first by default.
        raster: A mask instead of polygons, or None.
        value: What a landslide pixel of ``raster`` holds; by default its one value beside 0.
        mapped_area: Polygons of where somebody has looked; everywhere by default.
    """

    file: Path | None = None
    layer: str | None = None
    raster: Path | None = None
    value: float | None = None
    mapped_area: Path | None = None


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
    grid: SceneGrid = SceneGrid()
    landslides: SceneLandslides | None = None
    simulated: bool = False
    content: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> Scene:
        """Read a scene description.

        Args:
            path: YAML; files in it are relative to its folder.

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
    top = Section(content, '', 'name simulated grid modalities landslides', problems)
    folder = path.parent
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
