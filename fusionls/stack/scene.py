"""A scene description (``SCENE.yaml``): which products make up a scene, and what they hold.

Flow: SCENE.yaml -> [here: its form, all mistakes at once] -> stack.align (the files it names).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
)

FACTORS = (1, 2, 4, 8, 16, 32)
"""Pixel sides of a modality in base pixels: powers of two, so that each divides the larger ones."""
_NAME = re.compile(r'[a-z][a-z0-9_]*')


@dataclass(frozen=True)
class SceneSource:
    """One raster file of a modality; see ``sources.SourceRaster.open`` for the fields."""

    file: Path
    layers: tuple[str | None, ...]
    unit: str | dict[str, str] | None = None
    nodata: float | None = None
    kind: str | None = None
    mask_below: float | None = None


@dataclass(frozen=True)
class SceneModality:
    """One modality of a scene.

    Attributes:
        name: ``optical``, ``terrain``, ...
        sources: Files it comes from.
        derive: Layers to derive.
        factor: Pixel side in base pixels; None to choose by the sources' pixels.
        keep: Layers to keep in the stack; None for all.
    """

    name: str
    sources: tuple[SceneSource, ...]
    derive: tuple[str, ...] = ()
    factor: int | None = None
    keep: tuple[str, ...] | None = None

    @property
    def source_layers(self) -> tuple[str, ...]:
        """Layers the files hold."""
        return tuple(
            layer for source in self.sources for layer in source.layers if layer is not None
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers of the stack, in band order."""
        every = self.source_layers + self.derive
        return every if self.keep is None else tuple(n for n in every if n in self.keep)


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

    @property
    def files(self) -> list[Path]:
        """Every file it names, in order, once."""
        named = [source.file for modality in self.modalities for source in modality.sources]
        if self.landslides is not None:
            labels = self.landslides
            named += [p for p in (labels.file, labels.raster, labels.mapped_area) if p is not None]
        return list(dict.fromkeys(named))

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
    layers = SceneModality(name, sources).source_layers
    default = [
        layer
        for layer in (f'{name}_slope', f'{name}_hillshade')
        if name == 'terrain' and 'terrain_elevation' in layers and layer not in layers
    ]
    derive = section.take('derive', texts, 'a list of layer names', tuple(default))
    factor = section.take('factor', _factor, f'one of {", ".join(map(str, FACTORS))}')
    keep = section.take('keep', texts, 'a list of layer names')
    modality = SceneModality(name, sources, derive, factor, keep)
    if section.raw('sources') == []:
        section.note('sources is empty; expected a list of {file, layers, ...}')
    if len(sources) < len(listed) or not listed:
        return modality  # what follows would only repeat what is noted already
    for layer in sorted({n for n in layers + derive if (layers + derive).count(n) > 1}):
        section.note(f'layer {layer!r} comes from more than one place; expected one')
    for layer in derive:
        try:
            needs = sources_for([layer], layers)
        except FusionlsError as error:
            section.note(f'derive: {error}')
            continue
        missing = [need for need in needs if need not in layers]
        if missing:
            section.note(f'derive: {layer} needs {", ".join(missing)}, which no source holds')
    for layer in keep or ():
        if layer not in layers + derive:
            section.note(f'keep: no layer {layer!r}; {nearest_names(layer, layers + derive)}')
    if not modality.layers:
        section.note('no layer is left')
    return modality


def _source(content: Any, where: str, folder: Path, problems: list[str]) -> SceneSource | None:
    before = len(problems)
    section = Section(content, where, 'file layers unit nodata kind mask_below', problems)
    file = section.need('file', text, 'the name of a raster', '')
    kind = section.take('kind', lambda v: Kind(v).value, f'one of {", ".join(Kind)}')
    layers = section.need(
        'layers', _layers, 'a list with the layer of each band (null skips a band)', ()
    )
    for layer in layers:
        if layer is not None and (kind == Kind.LIT or _is_lit(layer)):
            section.note(f'layers: {layer} is derived from elevation (derive: ...), never read')
    source = SceneSource(
        folder / file,
        layers,
        section.take('unit', _unit, 'a unit, or a mapping from layer to unit'),
        section.take('nodata', number, 'a number'),
        kind,
        section.take('mask_below', number, "a number in the layer's canonical unit"),
    )
    return source if len(problems) == before else None


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


def _unit(value: Any) -> str | dict[str, str]:
    if isinstance(value, Mapping):
        return {text(layer): text(unit) for layer, unit in value.items()}
    return text(value)


def _factor(value: Any) -> int:
    if value not in FACTORS or isinstance(value, bool):
        raise ValueError
    return int(value)


def _bounds(value: Any) -> tuple[float, float, float, float]:
    west, south, east, north = (number(item) for item in sequence(value))
    if not (west < east and south < north):
        raise ValueError
    return west, south, east, north
