"""Losses that mmseg does not have, or has with ignored pixels counted."""

from fusionls.models.losses.boundary import LandslideBoundaryLoss
from fusionls.models.losses.dice import LandslideDiceLoss
from fusionls.models.losses.focal import LandslideFocalLoss
from fusionls.models.losses.lovasz import LandslideLovaszLoss

__all__ = [
    'LandslideBoundaryLoss',
    'LandslideDiceLoss',
    'LandslideFocalLoss',
    'LandslideLovaszLoss',
]
