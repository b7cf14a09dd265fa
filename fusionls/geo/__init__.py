"""WHERE PIXELS ARE: grids, windows, rasters, and reading and writing them.

Knows nothing of landslides and imports neither torch nor mm*.
"""
