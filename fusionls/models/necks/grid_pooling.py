"""A fixed number of cells from a map of any size, for classifiers with fully connected layers.

Source: AlexNet's 6 x 6 cells before its first fully connected layer (Krizhevsky et al. 2012,
sec. 3.5), pooled to that size from pictures of other sizes, as torchvision does it.
"""

from __future__ import annotations

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from fusionls.registry import MODELS


@MODELS.register_module()
class GridPooling(BaseModule):
    """Mean over each cell of a grid, cells laid side by side.

    Args:
        cells: Cells along each side. Where a map has fewer pixels, cells share them.

    Shapes:
        - input: tuple of (N, C_l, h, w)
        - output: a tuple of one (N, C_last x cells x cells)

    Example:
        >>> import torch
        >>> GridPooling(cells=6)((torch.zeros(2, 256, 3, 3),))[0].shape
        torch.Size([2, 9216])
    """

    def __init__(self, *, cells: int) -> None:
        super().__init__()
        self.cells = cells

    def forward(self, levels: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Pool the last level; see the class for shapes."""
        return (F.adaptive_avg_pool2d(levels[-1], self.cells).flatten(1),)
