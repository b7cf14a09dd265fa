"""PlanetScope analytic images of four or eight bands -> reflectance, clouds by UDM2.

Flow: a GeoTIFF with its UDM2 and XML beside it -> [here] -> stack.align.
Source: Planet, PlanetScope product specifications: surface reflectance is count / 10000; of
radiance, count * reflectanceCoefficient of the XML is top-of-atmosphere reflectance; UDM2 bands
are clear, snow, shadow, light haze, heavy haze, cloud, confidence, unusable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from fusionls.errors import InputError, ProductError, raise_together
from fusionls.geo.raster_io import opened
from fusionls.sources.optical.bands import (
    Band,
    checked_choice,
    checked_scaling,
    chosen_layers,
    qualified,
    sources_by_grid,
)
from fusionls.sources.optical.clear import CLEAR, ClearSource, any_set, clear_of_codes
from fusionls.sources.source import Source

CLOUDS = ('product', 'keep')
SURFACE_SCALE = 0.0001
_FOUR = ('blue', 'green', 'red', 'nir')
_EIGHT = ('coastal_blue', 'blue', 'green_i', 'green', 'yellow', 'red', 'rededge', 'nir')
_LAYERS = {
    'coastal_blue': 'optical_coastal',
    'blue': 'optical_blue',
    'green_i': 'optical_green_i',
    'green': 'optical_green',
    'yellow': 'optical_yellow',
    'red': 'optical_red',
    'rededge': 'optical_rededge1',
    'nir': 'optical_nir',
}
UDM2_BANDS = ('clear', 'snow', 'shadow', 'light_haze', 'heavy_haze', 'cloud')
SEEN = ('clear', 'snow')
"""Bands of UDM2 in which the ground, or snow on it, is seen."""
_SCENE = re.compile(r'(?P<scene>(?P<date>\d{8})_\d{6}.*?_[13][AB])_(?P<asset>.+)\.tiff?', re.I)


def open_planetscope(
    file: Path,
    *,
    layers: Sequence[str] | None = None,
    qualifier: str | None = None,
    clouds: str = 'product',
    seen: Sequence[str] = SEEN,
    udm2: Path | None = None,
    metadata: Path | None = None,
    scale: float | None = None,
) -> tuple[Source, ...]:
    """A PlanetScope analytic image, as reflectance.

    Args:
        file: The analytic GeoTIFF (``..._3B_AnalyticMS_SR_8b_harmonized_clip.tif``).
        layers: Layers to read; all by default.
        qualifier: End of the layer names: ``post`` gives ``optical_nir_post``.
        clouds: ``product`` masks by UDM2, ``keep`` masks nothing.
        seen: Bands of UDM2 in which a pixel is valid, of :data:`UDM2_BANDS`.
        udm2: The usable data mask; by default the one of the same scene beside the image.
        metadata: The XML of a radiance image; by default the one beside it.
        scale: Reflectance = scale * count, in place of what name and XML say.

    Returns:
        The bands, then the cloud mask. Counts of 0 are invalid.

    Raises:
        ProductError: It is no such image, or UDM2 or XML is missing.
        InputError: An option makes no sense, or files cannot be used.
    """
    suffix = qualified(file, qualifier)
    checked_choice(file, 'clouds', clouds, CLOUDS)
    checked_scaling(file, scale, None)
    if isinstance(seen, str) or not seen or not set(seen) <= set(UDM2_BANDS):
        raise InputError(f'{file}: seen is {seen!r}; expected some of {", ".join(UDM2_BANDS)}')
    numbers = _numbers(file)
    stored = {_LAYERS[name]: name for name in numbers}
    known = {_LAYERS[name]: name for name in _EIGHT}
    names = chosen_layers(file, layers, stored, known, suffix)
    match = _SCENE.fullmatch(file.name)
    scales, source, used = _scales(file, match, numbers, metadata, scale)
    clear = None
    if clouds == 'product':
        clear = _clear(file, match, udm2, seen, f'{CLEAR}{suffix}')
    record: dict[str, Any] = {
        'product': f'PlanetScope {len(numbers)} bands',
        'scaling': {name: [value, 0.0] for name, value in scales.items()},
        'scaling_from': source,
        'clouds': dict(clear.record) if clear else 'kept',
    }
    if match is not None:
        day = match['date']
        record |= {'scene': match['scene'], 'date': f'{day[:4]}-{day[4:6]}-{day[6:]}'}
    bands = {
        f'{layer}{suffix}': Band(file, numbers[stored[layer]], scales[stored[layer]])
        for layer in names
    }
    found = sources_by_grid(
        file, bands, nodata=0.0, clear=clear, files=(file, *used), record=record
    )
    return (*found, clear) if clear is not None else found


def _numbers(file: Path) -> dict[str, int]:
    """Band number by Planet's name of the band, in the file's order."""
    with opened(file) as dataset:
        count, described = dataset.count, list(dataset.descriptions)
    if all(described):
        names = tuple(str(name).strip().lower().replace(' ', '_') for name in described)
        problems = [
            f'band {n} is called {name!r}' for n, name in enumerate(names, 1) if name not in _LAYERS
        ]
        problems += [f'{name} comes twice' for name in _EIGHT if names.count(name) > 1]
        raise_together(
            ProductError,
            f'{file}: its bands are not those of PlanetScope',
            problems,
            f'Known are {", ".join(_EIGHT)}. For another image: product: raster, layers: [...].',
        )
        return {name: number for number, name in enumerate(names, start=1)}
    by_count = {len(names): names for names in (_FOUR, _EIGHT)}
    if count not in by_count:
        raise ProductError(
            f'{file}: holds {count} bands without names; expected 4 (blue, green, red, nir) or 8. '
            'A visual image is product: rgb; others are product: raster with layers: [...].'
        )
    return {name: number for number, name in enumerate(by_count[count], start=1)}


def _scales(
    file: Path,
    match: re.Match[str] | None,
    numbers: dict[str, int],
    metadata: Path | None,
    scale: float | None,
) -> tuple[dict[str, float], str, tuple[Path, ...]]:
    """Reflectance per count by band, where that comes from, and the files that say so."""
    if scale is not None:
        return dict.fromkeys(numbers, scale), 'as told', ()
    asset = match['asset'] if match else ''
    if metadata is None and re.search(r'_sr(?=_|$)', f'_{asset}', re.IGNORECASE):
        return dict.fromkeys(numbers, SURFACE_SCALE), 'surface reflectance, by its name', ()
    xml = metadata or _beside(file, match, '*metadata*.xml')
    if xml is None:
        raise ProductError(
            f'{file}: its name does not say surface reflectance (..._AnalyticMS_SR.tif), and no '
            'XML beside it gives the reflectance coefficients. Name it: metadata: FILE.xml; or '
            'say scale: 0.0001 if it is surface reflectance.'
        )
    coefficients = _coefficients(xml)
    missing = [f'{name} (band {n})' for name, n in numbers.items() if n not in coefficients]
    if missing:
        raise ProductError(f'{xml}: gives no reflectance coefficient for {", ".join(missing)}')
    return {name: coefficients[number] for name, number in numbers.items()}, xml.name, (xml,)


def _coefficients(xml: Path) -> dict[int, float]:
    try:
        root = ElementTree.parse(xml).getroot()
    except (ElementTree.ParseError, OSError, UnicodeDecodeError) as error:
        raise ProductError(f'{xml}: is no readable XML ({error})') from error
    found = {}
    for element in root.iter():
        if element.tag.rpartition('}')[2] != 'bandSpecificMetadata':
            continue
        said = {child.tag.rpartition('}')[2]: (child.text or '').strip() for child in element}
        try:
            found[int(said['bandNumber'])] = float(said['reflectanceCoefficient'])
        except (KeyError, ValueError) as error:
            raise ProductError(
                f'{xml}: a bandSpecificMetadata lacks bandNumber or reflectanceCoefficient, or '
                f'they are no numbers (found {said})'
            ) from error
    return found


def _beside(file: Path, match: re.Match[str] | None, ending: str) -> Path | None:
    """The one file of the same scene whose name ends so."""
    if match is None:
        return None
    wanted = match['scene'].lower()
    found = [p for p in sorted(file.parent.glob(ending)) if p.name.lower().startswith(wanted)]
    if len(found) > 1:
        raise ProductError(
            f'{file}: {len(found)} files of its scene end in {ending.strip("*")}: '
            f'{", ".join(p.name for p in found)}; name the one to use'
        )
    return found[0] if found else None


def _clear(
    file: Path, match: re.Match[str] | None, udm2: Path | None, seen: Sequence[str], layer: str
) -> ClearSource:
    path = udm2 or _beside(file, match, '*udm2*.tif')
    if path is None:
        raise ProductError(
            f'{file}: no UDM2 (..._udm2.tif) of its scene lies beside it, so clouds cannot be '
            'masked; name it: udm2: FILE.tif, or say clouds: keep'
        )
    with opened(path) as dataset:
        count = dataset.count
    if count < len(UDM2_BANDS):
        raise ProductError(
            f'{path}: holds {count} bands; expected a UDM2 of 8 (the older UDM of one band is '
            'another product)'
        )
    bands = [UDM2_BANDS.index(name) + 1 for name in dict.fromkeys(seen)]
    return clear_of_codes(path, bands, layer, any_set, {'mask': 'UDM2', 'seen': list(seen)})
