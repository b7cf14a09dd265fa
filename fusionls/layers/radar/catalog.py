"""Layers of radar backscatter (Sentinel-1 and its like): measured, in decibels, changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusionls.geo.cell_size import Cell
from fusionls.layers.spec import Derivation, LayerSpec, Plane, Wanted, measured
from fusionls.quantities import Quantity

_POLARISATIONS = {
    'vv': 'sent and received vertically',
    'vh': 'sent vertically, received horizontally',
    'hh': 'sent and received horizontally',
    'hv': 'sent horizontally, received vertically',
}


def decibel_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Ten times the logarithm of a linear power; invalid where it is not above zero."""
    ((power, valid),) = parts
    sound = valid & (power > 0)
    return [_decibels(power, sound) for _ in wanted]


def ratio_family(parts: Sequence[Plane], wanted: Sequence[Wanted], cell: Cell) -> list[Plane]:
    """Ratio of two linear powers in decibels, the first over the second."""
    (first, above), (second, below) = parts
    sound = above & below & (first > 0) & (second > 0)
    one, other = (_decibels(power, sound)[0] for power in (first, second))
    return [(one - other, sound) for _ in wanted]


def _decibels(power: np.ndarray, sound: np.ndarray) -> Plane:
    return np.float32(10) * np.log10(np.where(sound, power, np.float32(1))), sound


def _of_polarisation(name: str, meaning: str) -> tuple[LayerSpec, ...]:
    power = f'radar_backscatter_{name}'
    return (
        measured(power, '1', f'backscatter as linear power, {meaning}', 0),
        LayerSpec(
            f'{power}_db',
            Quantity('dB'),
            f'backscatter in decibels, {meaning}',
            formula=f'10 log10 {name}',
            source='level of a power quantity, ISO 80000-1:2009, annex C',
            derivation=Derivation((power,), decibel_family),
        ),
        LayerSpec(
            f'{power}_change',
            Quantity('dB'),
            f'change of backscatter between two images, {meaning}',
            formula=f'10 log10 ({name}_post / {name}_pre)',
            source='log ratio, Mondini (2017), Remote Sensing 9(6)',
            derivation=Derivation((f'{power}_post', f'{power}_pre'), ratio_family),
        ),
    )


RADAR_LAYERS: tuple[LayerSpec, ...] = (
    *(spec for item in _POLARISATIONS.items() for spec in _of_polarisation(*item)),
    LayerSpec(
        'radar_cross_ratio',
        Quantity('dB'),
        'cross-polarised over co-polarised backscatter, falls where vegetation is lost',
        formula='10 log10 (vh / vv)',
        source='Vreugdenhil et al. (2018), Remote Sensing 10(9)',
        derivation=Derivation(('radar_backscatter_vh', 'radar_backscatter_vv'), ratio_family),
    ),
)
