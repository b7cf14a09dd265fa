"""Layers of optical images: what sources hold, and what is derived from it."""

from __future__ import annotations

from fusionls.layers.optical.change import change_family, change_magnitude_family
from fusionls.layers.optical.indices import (
    bare_soil_family,
    brightness_family,
    difference_index_family,
)
from fusionls.layers.optical.texture import texture_family, window_reach
from fusionls.layers.spec import Derivation, LayerSpec, Parameter, measured
from fusionls.quantities import Kind, Quantity

_BANDS = {
    'red': 'red (about 665 nm), as delivered (reflectance or counts)',
    'green': 'green (about 560 nm), as delivered',
    'blue': 'blue (about 490 nm), as delivered',
    'nir': 'near infrared (about 840 nm), as delivered',
    'grey': 'panchromatic or grey image, as delivered',
    'coastal': 'coastal aerosol (about 443 nm), as delivered',
    'green_i': 'green I of PlanetScope (531 nm), as delivered',
    'yellow': 'yellow of PlanetScope (610 nm), as delivered',
    'rededge1': 'first red edge (about 705 nm), as delivered',
    'rededge2': 'second red edge (about 740 nm), as delivered',
    'rededge3': 'third red edge (about 783 nm), as delivered',
    'nir_narrow': 'narrow near infrared (about 865 nm), as delivered',
    'watervapour': 'water vapour absorption (about 945 nm), as delivered',
    'cirrus': 'cirrus (about 1375 nm), as delivered',
    'swir1': 'short-wave infrared (about 1610 nm), as delivered',
    'swir2': 'short-wave infrared (about 2190 nm), as delivered',
    'pan': 'panchromatic band of a multispectral sensor, as delivered',
}
_SCALED = (
    *('coastal', 'blue', 'green', 'red', 'rededge1', 'rededge2', 'rededge3', 'nir'),
    *('watervapour', 'cirrus', 'swir1', 'swir2', 'grey'),
)
"""Bands that public sets of tiles hold in numbers of their publisher's making."""
_NO_OFFSET = 'of reflectances (counts with an offset, as of Sentinel-2 since 2022, give it wrong)'
_CHANGE_BANDS = ('blue', 'green', 'red', 'nir')


def _index(name: str, meaning: str, formula: str, source: str, derivation: Derivation) -> LayerSpec:
    return LayerSpec(
        f'optical_{name}',
        Quantity('1'),
        f'{meaning}, {_NO_OFFSET}',
        -1,
        1,
        f'{formula}; below 0 counts as 0, invalid where all are 0',
        source,
        derivation,
    )


def _difference_index(name: str, first: str, second: str, meaning: str, source: str) -> LayerSpec:
    return _index(
        name,
        meaning,
        f'({first} - {second}) / ({first} + {second})',
        source,
        Derivation((f'optical_{first}', f'optical_{second}'), difference_index_family),
    )


def _change(name: str, unit: str, meaning: str, most: float | None) -> LayerSpec:
    layer = f'optical_{name}'
    return LayerSpec(
        f'{layer}_change',
        Quantity(unit),
        meaning,
        None if most is None else -most,
        most,
        f'{name}_post - {name}_pre',
        'image differencing, Singh (1989), Int. J. Remote Sensing 10(6)',
        Derivation((f'{layer}_post', f'{layer}_pre'), change_family),
    )


OPTICAL_LAYERS: tuple[LayerSpec, ...] = (
    *(measured(f'optical_{band}', 'digital_number', text) for band, text in _BANDS.items()),
    *(
        measured(
            f'optical_{band}_scaled',
            '1',
            f'{_BANDS[band].partition(",")[0]}, scaled by its publisher: neither reflectance nor '
            'counts, so indices of it mean nothing',
        )
        for band in _SCALED
    ),
    measured(
        'optical_clear',
        '1',
        'neither cloud nor cloud shadow, by the mask of the product or a stated spectral rule',
        1,
        1,
        Kind.CATEGORICAL,
    ),
    _difference_index('ndvi', 'nir', 'red', 'vegetation index', 'Rouse et al. (1974), NASA SP-351'),
    _difference_index('ndwi', 'green', 'nir', 'open water index', 'McFeeters (1996), eq. 1'),
    _difference_index(
        'ndmi', 'nir', 'swir1', 'moisture index of vegetation', 'Wilson and Sader (2002)'
    ),
    _difference_index(
        'nbr', 'nir', 'swir2', 'burn ratio, falls where cover is lost', 'Key and Benson (2006)'
    ),
    _index(
        'bsi',
        'bare soil index',
        '((swir1 + red) - (nir + blue)) / ((swir1 + red) + (nir + blue))',
        'Rikimaru, Roy and Miyatake (2002)',
        Derivation(
            tuple(f'optical_{band}' for band in ('swir1', 'red', 'nir', 'blue')), bare_soil_family
        ),
    ),
    LayerSpec(
        'optical_brightness',
        Quantity('digital_number'),
        'mean of the visible bands, in their unit',
        formula='(red + green + blue) / 3',
        source='intensity of the HSI model',
        derivation=Derivation(
            tuple(f'optical_{band}' for band in ('red', 'green', 'blue')), brightness_family
        ),
    ),
    LayerSpec(
        'optical_texture',
        Quantity('digital_number'),
        'standard deviation of brightness around a pixel, in the unit of the bands',
        0,
        formula='standard deviation in a square of 2 round(r / pixel) + 1 pixels, valid ones only',
        source='Haralick (1979), first order',
        derivation=Derivation(
            ('optical_brightness',),
            texture_family,
            window_reach,
            {'r': Parameter(30, 'half the side of the window, metres', 0.1, 1000)},
        ),
    ),
    _change('ndvi', '1', 'change of the vegetation index; falls where cover is lost', 2),
    _change('bsi', '1', 'change of the bare soil index; rises where cover is lost', 2),
    _change('brightness', 'digital_number', 'change of brightness', None),
    LayerSpec(
        'optical_change_magnitude',
        Quantity('digital_number'),
        'length of the change vector of blue, green, red and nir, in their unit',
        0,
        formula='sqrt(sum (post - pre)^2)',
        source='Malila (1980)',
        derivation=Derivation(
            tuple(f'optical_{band}_{when}' for when in ('post', 'pre') for band in _CHANGE_BANDS),
            change_magnitude_family,
        ),
    ),
)
