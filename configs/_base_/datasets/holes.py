"""Holes that training cuts into its tiles: of the shapes sensors leave, and scattered pixels.

Owns: holes, for a pipeline before its PackTile.
"""

from fusionls.datasets.transforms import DropBlocks, DropPixels

holes = [
    dict(type=DropBlocks, probability=0.2),
    dict(type=DropPixels, probability=0.2, share=(0.2, 0.7)),
]
