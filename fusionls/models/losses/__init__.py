"""Losses that mmseg does not have, or has with ignored pixels counted."""

from fusionls.models.losses.dice import LandslideDiceLoss

__all__ = ['LandslideDiceLoss']
