"""What files a Sentinel-2 image consists of: a SAFE folder, band files, or one stacked raster.

Flow: files -> [here: band by band, and the product's metadata] -> sources.optical.sentinel2.
Source: ESA Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD), physical format of
Level-1C and Level-2A; PROCESSING_BASELINE 04.00 and later write
``reflectance = (count + add offset) / quantification value``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from fusionls.errors import (
    BandCountError,
    FileMissingError,
    InputError,
    ProductError,
    raise_together,
)
from fusionls.geo.raster_io import opened
from fusionls.sources.optical.bands import Band

BAND_LAYERS = {
    'B01': 'optical_coastal',
    'B02': 'optical_blue',
    'B03': 'optical_green',
    'B04': 'optical_red',
    'B05': 'optical_rededge1',
    'B06': 'optical_rededge2',
    'B07': 'optical_rededge3',
    'B08': 'optical_nir',
    'B8A': 'optical_nir_narrow',
    'B09': 'optical_watervapour',
    'B10': 'optical_cirrus',
    'B11': 'optical_swir1',
    'B12': 'optical_swir2',
}
"""Layer of each band; the order is that of ``band_id`` in the metadata, from 0."""
SCENE_CLASSES = 'SCL'
SKIP = 'skip'
_IMAGE = re.compile(
    r'(?:^|[_.\-])(B0?[1-9]|B1[0-2]|B8A|SCL)(?:_(\d\d)m)?\.(?:jp2|tiff?)$', re.IGNORECASE
)
_LANDSAT = re.compile(r'L[COTEM]0\d_', re.IGNORECASE)
_NAMED_DATE = re.compile(r'_(\d{4})(\d\d)(\d\d)T\d{6}')


@dataclass(frozen=True)
class Metadata:
    """What the product's own XML says.

    Attributes:
        path: The XML.
        level: ``L1C`` or ``L2A``.
        baseline: Processing baseline, such as ``'04.00'``; empty where it does not say.
        quantification: Counts per unit of reflectance.
        offsets: Counts to add before dividing, by band.
        said: The rest, for the record.
    """

    path: Path
    level: str
    baseline: str
    quantification: float
    offsets: Mapping[str, float]
    said: Mapping[str, str]


@dataclass(frozen=True)
class Image:
    """The files of one image.

    Attributes:
        path: As it was named.
        form: ``SAFE``, ``band files`` or ``stacked raster``.
        bands: Where each band is stored, by its name.
        scene_classes: The scene classification, or None.
        cloud_classes: Level-1C's raster of opaque clouds, cirrus and snow, or None.
        metadata: Where the product brings it.
        date: ``2019-12-08`` where names or metadata tell, else empty.
    """

    path: Path
    form: str
    bands: Mapping[str, Band]
    scene_classes: Band | None = None
    cloud_classes: Path | None = None
    metadata: Metadata | None = None
    date: str = ''
    files: tuple[Path, ...] = field(default=())


def found_image(path: Path, names: Sequence[str] | None) -> Image:
    """The files of an image.

    Args:
        path: A SAFE folder (or the XML in it), a folder of band files, or a raster.
        names: Band of each raster band; None where the file names them itself.

    Raises:
        FileMissingError: There is nothing of this name.
        ProductError: It is none of these, or its metadata cannot be used.
        BandCountError: ``names`` names another number of bands than there are.
    """
    if not path.exists():
        raise FileMissingError(f'{path}: no such file or folder; check the path')
    if path.suffix.lower() in ('.zip', '.tar', '.gz'):
        raise ProductError(f'{path}: is packed; unpack it and name the .SAFE folder inside')
    if path.suffix.lower() == '.xml':
        path = path.parent
    if path.is_dir():
        if names is not None:
            raise InputError(
                f'{path}: bands names the bands of one raster; files in a folder carry their '
                'band in their name (B04.tif)'
            )
        return (
            _safe(path) if (path / 'GRANULE').is_dir() or _metadata_files(path) else _folder(path)
        )
    return _stacked(path, names)


def _safe(path: Path) -> Image:
    granules = sorted(p for p in (path / 'GRANULE').glob('*') if (p / 'IMG_DATA').is_dir())
    if len(granules) != 1:
        found = ', '.join(p.name for p in granules) or 'none'
        raise ProductError(
            f'{path}: expected one granule with IMG_DATA under GRANULE, found {found}. A tile a '
            'source: name the IMG_DATA folder of one of them, with scale and offset.'
        )
    images = sorted(p for p in (granules[0] / 'IMG_DATA').rglob('*') if p.is_file())
    bands, classes = _by_band(path, images)
    if not bands:
        raise ProductError(f'{path}: holds no band file such as *_B04_10m.jp2 or *_B04.jp2')
    listed = _metadata_files(path)
    metadata = _read_metadata(listed[0]) if listed else None
    clouds = granules[0] / 'QI_DATA' / 'MSK_CLASSI_B00.jp2'
    date = metadata.said.get('sensed', '')[:10] if metadata else ''
    return Image(
        path,
        'SAFE',
        bands,
        classes,
        clouds if clouds.is_file() else None,
        metadata,
        date or _date_in([path.name, *(p.name for p in images)]),
        tuple(listed[:1]),
    )


def _metadata_files(path: Path) -> list[Path]:
    """The product's XML: MTD_MSIL2A.xml, or as it was called before December 2016."""
    return sorted(path.glob('MTD_MSIL*.xml')) or sorted(path.glob('S2*_MTD_SAFL*.xml'))


def _folder(path: Path) -> Image:
    images = sorted(p for p in path.iterdir() if p.is_file())
    bands, classes = _by_band(path, images)
    if not bands:
        held = ', '.join(p.name for p in images[:8]) or 'nothing'
        raise ProductError(
            f'{path}: is no Sentinel-2 image. Expected a .SAFE folder (with GRANULE), or band '
            f'files whose names end in a band (B04.tif, T43PFM_B04_10m.jp2); it holds {held}'
        )
    return Image(path, 'band files', bands, classes, date=_date_in([p.name for p in images]))


def _by_band(path: Path, images: Sequence[Path]) -> tuple[dict[str, Band], Band | None]:
    """Band files of the finest pixels there are, in band order; and the scene classification."""
    landsat = [image.name for image in images if _LANDSAT.match(image.name)]
    if landsat:
        raise ProductError(
            f'{path}: holds {landsat[0]}, a file of Landsat, whose bands have other numbers; '
            'read it as product: landsat'
        )
    found: dict[str, dict[int, list[Path]]] = {}
    for image in images:
        match = _IMAGE.search(image.name)
        if match is None:
            continue
        band = _band_name(match[1])
        found.setdefault(band, {}).setdefault(int(match[2] or 0), []).append(image)
    finest = {band: sizes[min(sizes)] for band, sizes in found.items()}
    twice = [
        f'{band}: {", ".join(p.name for p in files)}'
        for band, files in sorted(finest.items())
        if len(files) > 1
    ]
    raise_together(
        ProductError,
        f'{path}: bands come more than once',
        twice,
        'Give each date and each tile a folder of its own.',
    )
    classes = finest.pop(SCENE_CLASSES, None)
    bands = {name: Band(finest[name][0]) for name in BAND_LAYERS if name in finest}
    return bands, Band(classes[0]) if classes else None


def _band_name(said: str) -> str:
    """``b4``, ``B4`` and ``B04`` are ``B04``."""
    name = said.strip().upper()
    return f'B0{name[1]}' if re.fullmatch(r'B[1-9]', name) else name


def _date_in(names: Sequence[str]) -> str:
    for name in names:
        match = _NAMED_DATE.search(name)
        if match:
            return '-'.join(match.groups())
    return ''


def _stacked(path: Path, names: Sequence[str] | None) -> Image:
    with opened(path) as dataset:
        count, described = dataset.count, list(dataset.descriptions)
    if isinstance(names, str):
        raise InputError(f'{path}: bands is {names!r}; expected a list such as [B02, B03, B04]')
    if names is None:
        if not all(described):
            raise ProductError(
                f'{path}: {described.count(None)} of its {count} bands say no name, and their '
                'order is not guessed; say it: bands: [B02, B03, B04, B08] (skip skips one)'
            )
        names = described
    if len(names) != count:
        raise BandCountError(
            f'{path}: holds {count} bands, but bands names {len(names)}: {", ".join(names)}'
        )
    known = {*BAND_LAYERS, SCENE_CLASSES, SKIP.upper()}
    read = [_band_name(str(name)) for name in names]
    problems = [
        f'band {number} is called {names[number - 1]!r}'
        for number, name in enumerate(read, start=1)
        if name not in known
    ]
    problems += [
        f'{name} comes {read.count(name)} times'
        for name in dict.fromkeys(read)
        if name != SKIP.upper() and read.count(name) > 1
    ]
    raise_together(
        ProductError,
        f'{path}: its bands are not those of Sentinel-2',
        problems,
        f'Say them in order: bands: [...] of {", ".join(BAND_LAYERS)}, SCL, or skip.',
    )
    placed = {name: Band(path, number) for number, name in enumerate(read, start=1)}
    return Image(
        path,
        'stacked raster',
        {name: placed[name] for name in BAND_LAYERS if name in placed},
        placed.get(SCENE_CLASSES),
        date=_date_in([path.name]),
    )


def _read_metadata(path: Path) -> Metadata:
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, UnicodeDecodeError) as error:
        raise ProductError(f'{path}: is no readable XML ({error}); fetch it again') from error
    level = 'L2A' if '2A' in path.name or 'SAFL2A' in path.name else 'L1C'
    named = [
        ('L2A', 'BOA_QUANTIFICATION_VALUE'),
        ('L2A', 'L2A_BOA_QUANTIFICATION_VALUE'),
        ('L1C', 'QUANTIFICATION_VALUE'),
    ]
    said = {
        key: text
        for key, tag in (
            ('sensed', 'DATATAKE_SENSING_START'),
            ('spacecraft', 'SPACECRAFT_NAME'),
            ('name', 'PRODUCT_URI'),
        )
        if (text := next(_texts(root, tag), ''))
    }
    problems: list[str] = []
    values = [text for of, tag in named if of == level for text in _texts(root, tag)]
    quantification = _number(values[0], 'quantification value', problems) if values else 0.0
    if not quantification > 0:
        problems.append(f'no quantification value above 0 (found {", ".join(values) or "none"})')
    baseline = next(_texts(root, 'PROCESSING_BASELINE'), '')
    tag = 'BOA_ADD_OFFSET' if level == 'L2A' else 'RADIO_ADD_OFFSET'
    offsets = _offsets(root, tag, problems)
    if not offsets and baseline and baseline_number(path, baseline) >= OFFSET_SINCE:
        problems.append(f'processing baseline {baseline} adds an offset, but no {tag} says which')
    raise_together(
        ProductError,
        f'{path}: counts cannot be turned into reflectance',
        problems,
        'Fetch the metadata again, or say scale: 0.0001 and offset: -0.1 (0 before 04.00).',
    )
    return Metadata(path, level, baseline, quantification, offsets, said)


OFFSET_SINCE = 4.0
"""Processing baseline from which -1000 counts are added (25 January 2022; reprocessed archives)."""


def baseline_number(path: Path, baseline: str) -> float:
    """``'05.09'`` as a number; raises InputError where it is none."""
    try:
        return float(baseline)
    except ValueError as error:
        raise InputError(
            f'{path}: processing baseline {baseline!r} is no number such as 04.00'
        ) from error


def _texts(root: ElementTree.Element, tag: str) -> Iterator[str]:
    """Texts of all elements of this name, whatever their namespace."""
    for element in _named(root, tag):
        if element.text and element.text.strip():
            yield element.text.strip()


def _named(root: ElementTree.Element, tag: str) -> Iterator[ElementTree.Element]:
    return (element for element in root.iter() if element.tag.rpartition('}')[2] == tag)


def _offsets(root: ElementTree.Element, tag: str, problems: list[str]) -> dict[str, float]:
    names = list(BAND_LAYERS)
    found: dict[str, float] = {}
    for element in _named(root, tag):
        band = element.get('band_id', '')
        if not band.isdecimal() or int(band) >= len(names):
            problems.append(f'{tag} of band_id {band!r}; expected 0 to {len(names) - 1}')
            continue
        found[names[int(band)]] = _number(element.text or '', f'{tag} of {band}', problems)
    return found


def _number(text: str, what: str, problems: list[str]) -> float:
    try:
        return float(text)
    except ValueError:
        problems.append(f'{what} is {text!r}, no number')
        return 1.0
