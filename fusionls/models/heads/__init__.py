"""Heads that mmseg, mmdet and mmpretrain do not have."""

from fusionls.models.heads.unet_head import UNetHead

__all__ = ['UNetHead']
