"""mmcv's compiled operators, served by torchvision and torch where mmcv has none.

mmdet, and parts of mmseg, import ``mmcv._ext`` as they are imported; the wheels of mmcv that
install without a compiler have no such module. :func:`serve` puts ours in its place.
"""

from fusionls.ops.extension import serve

__all__ = ['serve']
