"""Landsat 4 to 9, Collection 2, Level 1 and Level 2 -> reflectance, clouds by QA_PIXEL.

Flow: a folder of band files -> [here] -> stack.align.
Source: USGS LSDS-1328 and LSDS-1618 (Level 2: reflectance = 0.0000275 count - 0.2), LSDS-1822
(Level 1: top-of-atmosphere reflectance = (M count + A) / sin(sun elevation), with M and
A of the MTL file); QA_PIXEL bits as stated there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from fusionls.errors import (
    FileMissingError,
    InputError,
    ProductError,
    raise_together,
)
from fusionls.sources.optical.bands import (
    SATURATED,
    Band,
    checked_choice,
    chosen_layers,
    qualified,
    sources_by_grid,
)
from fusionls.sources.optical.clear import CLEAR, ClearSource, clear_of_codes, without_bits
from fusionls.sources.source import Source

CLOUDS = ('product', 'keep')
QA_BITS = {
    'fill': 0,
    'dilated_cloud': 1,
    'cirrus': 2,
    'cloud': 3,
    'cloud_shadow': 4,
    'snow': 5,
    'water': 7,
}
"""Bits of QA_PIXEL, Collection 2."""
MASKED_FLAGS = ('fill', 'dilated_cloud', 'cirrus', 'cloud', 'cloud_shadow')
SURFACE_SCALE, SURFACE_OFFSET = 0.0000275, -0.2
_OLI = {
    '1': 'coastal',
    '2': 'blue',
    '3': 'green',
    '4': 'red',
    '5': 'nir',
    '6': 'swir1',
    '7': 'swir2',
    '8': 'pan',
    '9': 'cirrus',
}
_TM = {'1': 'blue', '2': 'green', '3': 'red', '4': 'nir', '5': 'swir1', '7': 'swir2'}
_SENSORS = {
    'LC08': ('Landsat 8', _OLI),
    'LC09': ('Landsat 9', _OLI),
    'LO08': ('Landsat 8', _OLI),
    'LO09': ('Landsat 9', _OLI),
    'LE07': ('Landsat 7', {**_TM, '8': 'pan'}),
    'LT05': ('Landsat 5', _TM),
    'LT04': ('Landsat 4', _TM),
}
_NOT_BY_DEFAULT = ('optical_pan', 'optical_cirrus')
_NAME = re.compile(
    r'(?P<scene>(?P<sensor>L[A-Z]\d\d)_(?P<level>L[12][A-Z]{2})_\d{6}_(?P<date>\d{8})_\d{8}_'
    r'(?P<collection>\d\d)_[A-Z0-9]{2})_(?P<part>.+)\.(?P<type>TIFF?|TXT)',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Scene:
    """A Landsat scene in a folder.

    Attributes:
        name: Its product identifier.
        sensor: ``LC08``, ``LE07``, ...
        level: ``L2SP``, ``L1TP``, ...
        date: ``2020-08-01``.
        parts: File by the end of its name: ``SR_B2``, ``QA_PIXEL``, ``MTL``.
    """

    name: str
    sensor: str
    level: str
    date: str
    parts: Mapping[str, Path]


def open_landsat(
    file: Path,
    *,
    layers: Sequence[str] | None = None,
    qualifier: str | None = None,
    clouds: str = 'product',
    masked: Sequence[str] = MASKED_FLAGS,
) -> tuple[Source, ...]:
    """A Landsat scene of Collection 2, as surface (Level 2) or top-of-atmosphere reflectance.

    Args:
        file: The folder its files were unpacked to, or one of them.
        layers: Layers to read; by default all reflective bands of 30 m.
        qualifier: End of the layer names: ``post`` gives ``optical_nir_post``.
        clouds: ``product`` masks by QA_PIXEL, ``keep`` masks nothing.
        masked: Flags of QA_PIXEL that are invalid, of :data:`QA_BITS`.

    Returns:
        One source per pixel size (the panchromatic band has its own), then the cloud mask.
        Counts of 0 (fill) and 65535 (saturated) are invalid.

    Raises:
        ProductError: It is no such scene, or files or entries of the MTL are missing.
        InputError: An option makes no sense, or files cannot be used.
    """
    suffix = qualified(file, qualifier)
    checked_choice(file, 'clouds', clouds, CLOUDS)
    if isinstance(masked, str) or not set(masked) <= set(QA_BITS):
        raise InputError(f'{file}: masked is {masked!r}; expected flags of {", ".join(QA_BITS)}')
    scene = _found(file)
    satellite, numbers = _SENSORS[scene.sensor]
    surface = scene.level.startswith('L2')
    prefix = 'SR_B' if surface else 'B'
    known = {
        f'optical_{band}': f'{prefix}{number}'
        for number, band in numbers.items()
        if not (surface and f'optical_{band}' in _NOT_BY_DEFAULT)
    }
    stored = {layer: part for layer, part in known.items() if part in scene.parts}
    if not stored:
        raise ProductError(
            f'{file}: {scene.name} has none of its bands here ({", ".join(known.values())}); '
            f'it holds {", ".join(sorted(scene.parts))}'
        )
    names = chosen_layers(file, layers, stored, known, suffix)
    if layers is None:
        names = [name for name in names if name not in _NOT_BY_DEFAULT] or names
    bands = {name: Band(scene.parts[stored[name]]) for name in names}
    clear = _clear(file, scene, masked, f'{CLEAR}{suffix}') if clouds == 'product' else None
    record: dict[str, Any] = {
        'product': f'{satellite} Collection 2 {scene.level}',
        'scene': scene.name,
        'date': scene.date,
        'clouds': dict(clear.record) if clear else 'kept',
    }
    if surface:
        bands = {
            name: replace(band, scale=SURFACE_SCALE, offset=SURFACE_OFFSET)
            for name, band in bands.items()
        }
        record['scaling_from'] = 'USGS Collection 2 Level 2'
    else:
        bands, sun = _top_of_atmosphere(scene, bands, stored)
        record |= {'scaling_from': scene.parts['MTL'].name, 'sun_elevation_degrees': sun}
    record['scaling'] = {stored[name]: [band.scale, band.offset] for name, band in bands.items()}
    used_metadata = () if surface else (scene.parts['MTL'],)
    sources = sources_by_grid(
        file,
        {f'{name}{suffix}': band for name, band in bands.items()},
        nodata=0.0,
        saturated=SATURATED,
        clear=clear,
        record=record,
    )
    found = [
        replace(s, files=(*(band.path for band in s.bands.values()), *used_metadata))
        for s in sources
    ]
    return (*found, clear) if clear is not None else tuple(found)


def _found(file: Path) -> _Scene:
    if not file.exists():
        raise FileMissingError(f'{file}: no such file or folder; check the path')
    if file.suffix.lower() in ('.tar', '.gz', '.zip'):
        raise ProductError(f'{file}: is packed; unpack it and name the folder')
    folder = file if file.is_dir() else file.parent
    matches = [(path, _NAME.fullmatch(path.name)) for path in sorted(folder.iterdir())]
    named = [(path, match) for path, match in matches if match is not None]
    own = _NAME.fullmatch(file.name)
    if own is not None and not file.is_dir():
        named = [(path, match) for path, match in named if match['scene'] == own['scene']]
    scenes = sorted({match['scene'] for _, match in named})
    if len(scenes) != 1:
        what = f'{len(scenes)} scenes ({", ".join(scenes)})' if scenes else 'no Landsat scene'
        raise ProductError(
            f'{file}: holds {what}; expected one of Collection 2, with files such as '
            'LC08_L2SP_195027_20200801_20200914_02_T1_SR_B4.TIF. Give each scene a folder of '
            'its own, or name its MTL file.'
        )
    match = named[0][1]
    sensor = match['sensor'].upper()
    problems = []
    if sensor not in _SENSORS:
        problems.append(f'sensor {sensor}; known: {", ".join(_SENSORS)} (MSS has other bands)')
    if match['collection'] != '02':
        problems.append(
            f'Collection {match["collection"]}, whose scales and quality bits are others; fetch '
            'Collection 2'
        )
    raise_together(ProductError, f'{file}: {scenes[0]} cannot be read', problems)
    day = match['date']
    return _Scene(
        scenes[0],
        sensor,
        match['level'].upper(),
        f'{day[:4]}-{day[4:6]}-{day[6:]}',
        {found['part'].upper(): path for path, found in named},
    )


def _clear(file: Path, scene: _Scene, masked: Sequence[str], layer: str) -> ClearSource:
    quality = scene.parts.get('QA_PIXEL')
    if quality is None:
        raise ProductError(
            f'{file}: {scene.name}_QA_PIXEL.TIF is missing, so clouds cannot be masked; fetch '
            'it, or say clouds: keep'
        )
    bits = sum(1 << QA_BITS[flag] for flag in set(masked))
    record = {'mask': 'QA_PIXEL', 'masked_flags': sorted(set(masked), key=list(QA_BITS).index)}
    return clear_of_codes(quality, [1], layer, partial(without_bits, bits=bits), record)


def _top_of_atmosphere(
    scene: _Scene, bands: Mapping[str, Band], stored: Mapping[str, str]
) -> tuple[dict[str, Band], float]:
    """Bands scaled by the MTL file, and the sun's elevation in degrees."""
    path = scene.parts.get('MTL')
    if path is None:
        raise ProductError(
            f'{scene.name}: its _MTL.txt, which says the scales of Level 1, is missing; fetch it'
        )
    said = _entries(path, 'LEVEL1_RADIOMETRIC_RESCALING') | _entries(path, 'IMAGE_ATTRIBUTES')
    problems: list[str] = []

    def number(key: str) -> float:
        try:
            return float(said[key])
        except KeyError:
            problems.append(f'{key} is missing')
        except ValueError:
            problems.append(f'{key} is {said[key]!r}, no number')
        return 90.0

    sun = number('SUN_ELEVATION')
    if not 0 < sun <= 90:
        problems.append(f'SUN_ELEVATION is {sun:g} degrees: the sun was down')
        sun = 90.0
    light = math.sin(math.radians(sun))
    scaled = {}
    for layer, band in bands.items():
        which = stored[layer].removeprefix('B')
        scaled[layer] = replace(
            band,
            scale=number(f'REFLECTANCE_MULT_BAND_{which}') / light,
            offset=number(f'REFLECTANCE_ADD_BAND_{which}') / light,
        )
    raise_together(
        ProductError, f'{path}: counts cannot be turned into reflectance', problems, 'Fetch it.'
    )
    return scaled, sun


def _entries(path: Path, group: str) -> dict[str, str]:
    """Entries of one group of an MTL file; Level 2 repeats the keys of Level 1 in another."""
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise ProductError(f'{path}: is no readable MTL file ({error})') from error
    found: dict[str, str] = {}
    inside = False
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition('='))
        if key in ('GROUP', 'END_GROUP') and value == group:
            inside = key == 'GROUP'
        elif inside and value:
            found[key] = value.strip('"')
    return found
