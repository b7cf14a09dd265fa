"""Sentinel-2 images, as SAFE folders, band files or one stacked raster -> reflectance.

Flow: files -> sentinel2_files -> [here: scale, offset, clouds] -> stack.align.
Source: ESA Sentinel-2 products specification; the offset of processing baseline 04.00: -1000
counts, so that reflectance = (count - 1000) / 10000. Forest read without it has an NDVI of 0.53
in place of 0.8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fusionls.errors import AllInvalidError, InputError, ProductError
from fusionls.geo.raster import FloatArray
from fusionls.geo.raster_io import opened
from fusionls.sources.optical.bands import (
    SATURATED,
    Band,
    BandSource,
    checked_choice,
    checked_scaling,
    chosen_layers,
    grids_of,
    qualified,
    sampled_counts,
    sources_by_grid,
)
from fusionls.sources.optical.clear import (
    CLEAR,
    FMASK_BANDS,
    FMASK_MARGIN,
    ClearSource,
    clear_of_codes,
    fmask_clear,
    none_set,
    not_of_classes,
)
from fusionls.sources.optical.sentinel2_files import (
    BAND_LAYERS,
    OFFSET_SINCE,
    Image,
    Metadata,
    baseline_number,
    found_image,
)
from fusionls.sources.source import Source

CLOUDS = ('product', 'spectral', 'keep')
MASKED_CLASSES = (0, 1, 3, 8, 9, 10)
"""Scene classes: no data, saturated or defective, cloud shadow, clouds (medium, high), cirrus."""
COUNTS_PER_UNIT = 10000.0
_OFFSET = -0.1
"""-1000 counts, in reflectance."""
_SURELY_WITHOUT_OFFSET = 900.0
"""Counts; where one pixel in a hundred is darker in some band, no 1000 counts were added."""
_LARGEST_REFLECTANCE = 2.0
"""Median of a band beyond which floats are counts."""
_TOO_DARK = -0.02
"""Median reflectance of a visible band below which an offset was taken off twice."""
_VISIBLE = ('optical_blue', 'optical_green', 'optical_red')
_TELLING = (*_VISIBLE, 'optical_nir', 'optical_swir2')
"""Bands that are dark somewhere in nearly every scene."""
_WITHOUT_GROUND = ('optical_cirrus', 'optical_watervapour', 'optical_coastal')
_KEPT = 'kept: the files hold no cloud mask'


@dataclass(frozen=True)
class _Told:
    """What the caller says of the counts; None where nothing is said."""

    scale: float | None
    offset: float | None
    baseline: str | None


def open_sentinel2(
    file: Path,
    *,
    layers: Sequence[str] | None = None,
    qualifier: str | None = None,
    clouds: str = 'product',
    masked: Sequence[int] = MASKED_CLASSES,
    bands: Sequence[str] | None = None,
    baseline: str | None = None,
    scale: float | None = None,
    offset: float | None = None,
) -> tuple[Source, ...]:
    """A Sentinel-2 image of Level-1C or Level-2A, as reflectance.

    Args:
        file: A ``.SAFE`` folder; a folder of files whose names end in their band (``B04.tif``,
            ``..._B04_10m.jp2``); or one raster.
        layers: Layers to read, such as ``optical_nir``; by default all of the finest pixels
            there are (of a SAFE folder the four bands of 10 m).
        qualifier: End of the layer names: ``post`` gives ``optical_nir_post``.
        clouds: ``product`` masks by the scene classification (Level-2A) or the cloud raster
            (Level-1C since 04.00), where there is one; ``spectral`` by step 1 of Fmask, grown by
            three pixels, which finds opaque clouds but no shadows; ``keep`` masks nothing.
        masked: Scene classes that are invalid.
        bands: Band of each raster band, where the file itself does not name them;
            ``skip`` skips one.
        baseline: Processing baseline of files that come without metadata, such as ``05.09``.
        scale: Reflectance = scale * count + offset, in place of what the product says.
        offset: The same.

    Returns:
        One source per pixel size, the finest first, then the cloud mask. Counts of 0 (no data)
        and 65535 (saturated) are invalid.

    Raises:
        ProductError: It is no Sentinel-2 image, bands are missing, or nothing tells whether
            an offset was added to its counts.
        InputError: An option makes no sense, or files cannot be used.
    """
    suffix = qualified(file, qualifier)
    checked_choice(file, 'clouds', clouds, CLOUDS)
    checked_scaling(file, scale, offset)
    _check_classes(file, masked)
    image = found_image(file, bands)
    stored = {BAND_LAYERS[band]: band for band in image.bands}
    names = chosen_layers(
        file, layers, stored, {layer: band for band, layer in BAND_LAYERS.items()}, suffix
    )
    told = _Told(scale, offset, baseline)
    wanted = dict.fromkeys([*names, *_needed_for(file, clouds, stored)])
    scaled, record = _scaled(image, [stored[layer] for layer in wanted], told)
    clear = _clear(image, clouds, masked, scaled, f'{CLEAR}{suffix}')
    record |= {
        'product': f'Sentinel-2 {image.metadata.level if image.metadata else ""}'.strip(),
        'form': image.form,
        'clouds': dict(clear.record) if clear else _KEPT if clouds == 'product' else 'kept',
    }
    record |= {'date': image.date} if image.date else {}
    record |= dict(image.metadata.said) if image.metadata else {}
    sources = sources_by_grid(
        file,
        {f'{layer}{suffix}': scaled[stored[layer]] for layer in names},
        nodata=_nodata(image),
        saturated=SATURATED,
        clear=clear,
        record=record,
    )
    if layers is None:
        sources = sources[:1]
    found = [_with_files(source, image) for source in sources]
    return (*found, clear) if clear is not None else tuple(found)


def _with_files(source: BandSource, image: Image) -> BandSource:
    stored = [band.path for band in source.bands.values()]
    return replace(source, files=tuple(dict.fromkeys([*stored, *image.files])))


def _check_classes(file: Path, masked: Sequence[int]) -> None:
    whole = not isinstance(masked, str) and all(
        isinstance(value, int) and not isinstance(value, bool) for value in masked
    )
    if not whole or not set(masked) <= set(range(12)):
        raise InputError(f'{file}: masked is {masked!r}; expected scene classes from 0 to 11')


def _needed_for(file: Path, clouds: str, stored: Mapping[str, str]) -> list[str]:
    """Layers that the spectral rule looks at."""
    if clouds != 'spectral':
        return []
    needed = [f'optical_{band}' for band in FMASK_BANDS]
    missing = [layer for layer in needed if layer not in stored]
    if missing:
        raise ProductError(
            f'{file}: clouds: spectral looks at {", ".join(needed)}; the image holds no '
            f'{", ".join(missing)}. Fetch them, or say clouds: keep.'
        )
    return needed


def _nodata(image: Image) -> float | None:
    """Zero in counts; floats mark what is missing by NaN, and zero is a reflectance."""
    first = next(iter(image.bands.values()))
    return None if _is_float(first) else 0.0


def _is_float(band: Band) -> bool:
    with opened(band.path) as dataset:
        return str(dataset.dtypes[band.number - 1]).startswith('float')


def _scaled(
    image: Image, names: Sequence[str], told: _Told
) -> tuple[dict[str, Band], dict[str, Any]]:
    """Bands with the scale and offset that lead to reflectance, and where these come from."""
    metadata = image.metadata
    plain = {name: image.bands[name] for name in names}
    if told.baseline is not None:
        _check_baseline(image, told.baseline)
    if told.scale is None and told.offset is None:
        if metadata is not None:
            scaled = _by_metadata(metadata, plain)
            return scaled, _said(scaled, metadata.path.name) | {'baseline': metadata.baseline}
        if image.form == 'SAFE':
            raise ProductError(
                f'{image.path}: has no MTD_MSIL1C.xml or MTD_MSIL2A.xml, which says scale and '
                'offset; fetch it, or say scale: 0.0001 and offset: -0.1 (0 before baseline 04.00)'
            )
        declared = _declared(plain)
        if declared is not None:
            return declared, _said(declared, 'the scale declared in the files')
    scale, offset, why = _decided(image, plain, told)
    scaled = {name: replace(band, scale=scale, offset=offset) for name, band in plain.items()}
    if offset < 0:
        _check_not_twice(image.path, scaled)
    return scaled, _said(scaled, why)


def _by_metadata(metadata: Metadata, bands: Mapping[str, Band]) -> dict[str, Band]:
    offsets = metadata.offsets or dict.fromkeys(bands, 0.0)
    missing = [name for name in bands if name not in offsets]
    if missing:
        raise ProductError(
            f'{metadata.path}: gives an add offset for {", ".join(offsets)}, but none for '
            f'{", ".join(missing)}. Fetch it again, or say scale: 0.0001 and offset: -0.1.'
        )
    unit = metadata.quantification
    return {
        name: replace(band, scale=1 / unit, offset=offsets[name] / unit)
        for name, band in bands.items()
    }


def _said(scaled: Mapping[str, Band], why: str) -> dict[str, Any]:
    return {
        'scaling': {name: [band.scale, band.offset] for name, band in scaled.items()},
        'scaling_from': why,
    }


def _check_baseline(image: Image, baseline: str) -> None:
    number, metadata = baseline_number(image.path, baseline), image.metadata
    if metadata is None or not metadata.baseline:
        return
    if baseline_number(metadata.path, metadata.baseline) != number:
        raise InputError(
            f'{image.path}: baseline is {baseline}, but {metadata.path.name} says '
            f'{metadata.baseline}; leave it out'
        )


def _declared(bands: Mapping[str, Band]) -> dict[str, Band] | None:
    """Bands scaled as the files themselves declare; None where they do not."""
    found = {}
    for name, band in bands.items():
        with opened(band.path) as dataset:
            index = band.number - 1
            found[name] = replace(band, scale=dataset.scales[index], offset=dataset.offsets[index])
    plain = all((band.scale, band.offset) == (1.0, 0.0) for band in found.values())
    return None if plain else found


def _decided(image: Image, bands: Mapping[str, Band], told: _Told) -> tuple[float, float, str]:
    """Scale, offset and why, of files without metadata."""
    if told.scale is not None and told.offset is not None:
        return told.scale, told.offset, 'as told'
    counts = _looked_at(image.path, bands)
    medians = [float(np.median(values)) for values in counts.values() if values.size]
    if not medians:
        raise AllInvalidError(f'{image.path}: holds no valid pixel')
    are_counts = not _is_float(next(iter(bands.values()))) or max(medians) > _LARGEST_REFLECTANCE
    usual = 1 / COUNTS_PER_UNIT if are_counts else 1.0
    if told.scale is not None or told.offset is not None:
        return told.scale or usual, told.offset or 0.0, 'as told'
    if not are_counts:
        if told.baseline is not None:
            raise InputError(
                f'{image.path}: baseline speaks of counts, but the values (median '
                f'{max(medians):.3g}) are reflectances already; leave it out'
            )
        return 1.0, 0.0, 'its values, which are reflectances'
    if told.baseline is not None:
        since = baseline_number(image.path, told.baseline) >= OFFSET_SINCE
        return usual, _OFFSET if since else 0.0, f'baseline {told.baseline}, as told'
    darkest = {
        layer: float(np.percentile(values, 1))
        for layer, values in counts.items()
        if values.size and layer not in _WITHOUT_GROUND
    }
    if darkest and min(darkest.values()) >= _SURELY_WITHOUT_OFFSET:
        shown = ', '.join(f'{layer} {value:.0f}' for layer, value in darkest.items())
        raise ProductError(
            f'{image.path}: nothing says whether 1000 was added to its counts (processing '
            f'baseline 04.00 and later), and its darkest pixels (one in a hundred: {shown}) allow '
            'both. Say offset: 0, offset: -0.1, or the baseline.'
        )
    return usual, 0.0, 'its values: counts this dark have no 1000 added'


def _looked_at(path: Path, bands: Mapping[str, Band]) -> dict[str, FloatArray]:
    """Valid counts of some windows, by layer; of the telling bands where there are any."""
    plain = {BAND_LAYERS[name]: replace(b, scale=1.0, offset=0.0) for name, b in bands.items()}
    plain = {layer: plain[layer] for layer in _TELLING if layer in plain} or plain
    found: dict[str, FloatArray] = {}
    for source in sources_by_grid(path, plain, nodata=0.0, saturated=SATURATED):
        found |= sampled_counts(source)
    return found


def _check_not_twice(path: Path, scaled: Mapping[str, Band]) -> None:
    visible = {n: band for n, band in scaled.items() if BAND_LAYERS[n] in _VISIBLE}
    if not visible:
        return
    dark = []
    for layer, counts in _looked_at(path, visible).items():
        band = next(band for name, band in visible.items() if BAND_LAYERS[name] == layer)
        middle = float(np.median(counts)) * band.scale + band.offset if counts.size else 0.0
        if middle < _TOO_DARK:
            dark.append(f'{layer} {middle:.3f}')
    if dark:
        raise ProductError(
            f'{path}: half of its pixels would reflect less than nothing ({", ".join(dark)}): '
            'the offset has been taken off these counts before (harmonised archives do so). Say '
            'offset: 0.'
        )


def _clear(
    image: Image, clouds: str, masked: Sequence[int], scaled: Mapping[str, Band], layer: str
) -> ClearSource | None:
    if clouds == 'keep':
        return None
    if clouds == 'spectral':
        return _spectral(image, scaled, layer)
    if image.scene_classes is not None:
        return clear_of_codes(
            image.scene_classes.path,
            [image.scene_classes.number],
            layer,
            partial(not_of_classes, masked=frozenset(masked)),
            {'mask': 'scene classification', 'masked_classes': sorted(set(masked))},
        )
    if image.cloud_classes is not None:
        return clear_of_codes(
            image.cloud_classes,
            [1, 2],
            layer,
            none_set,
            {'mask': 'MSK_CLASSI', 'masked_classes': ['opaque clouds', 'cirrus']},
        )
    if image.metadata is not None and image.metadata.level == 'L2A':
        raise ProductError(
            f'{image.path}: has no scene classification (*_SCL_20m.jp2), so clouds cannot be '
            'masked; fetch it, or say clouds: spectral or clouds: keep'
        )
    return None


def _spectral(image: Image, scaled: Mapping[str, Band], layer: str) -> ClearSource:
    by_layer = {BAND_LAYERS[name]: band for name, band in scaled.items()}
    parts = tuple(
        sources_by_grid(
            image.path,
            {f'optical_{band}': by_layer[f'optical_{band}']},
            nodata=_nodata(image),
            saturated=None,
        )[0]
        for band in FMASK_BANDS
    )
    grids = grids_of(image.path, {by_layer[f'optical_{band}'].path for band in FMASK_BANDS})
    coarsest = max(grids.values(), key=lambda grid: grid.pixel_width)
    return ClearSource(
        image.path,
        coarsest,
        layer,
        parts,
        fmask_clear,
        FMASK_MARGIN,
        tuple(grids),
        {'mask': 'spectral: Fmask step 1, without shadows', 'grown_by_pixels': FMASK_MARGIN},
    )
