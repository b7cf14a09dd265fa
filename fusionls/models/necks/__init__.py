"""Necks: what mixes the levels of an encoder before a head reads them."""

from fusionls.models.necks.bifpn import BiFPN
from fusionls.models.necks.grid_pooling import GridPooling
from fusionls.models.necks.spp_panet import SppPanet

__all__ = [
    'BiFPN',
    'GridPooling',
    'SppPanet',
]
