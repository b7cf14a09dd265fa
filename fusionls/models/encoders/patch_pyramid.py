"""A pyramid of patch embeddings: an encoder for branches whose features are made elsewhere.

Source: the auxiliary modalities of CMNeXt (Zhang et al. 2023, "Delivering Arbitrary-Modal Semantic
Segmentation", sec. 3.1), which have the overlapping patch embeddings of SegFormer (Xie et al. 2021,
sec. 3.1) and no blocks: the hub between the stages has them (``models.fusion.hub``).
Differs: every modality has embeddings of its own, as each has its own number of layers; the
authors share one among all auxiliary modalities, which are pictures of three channels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mmengine.model import BaseModule, ModuleList
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from fusionls.registry import MODELS


@MODELS.register_module()
class PatchPyramid(BaseModule):
    """Overlapping patch embeddings, one after the other.

    Args:
        widths: Channels per level.
        stride: Input pixels per pixel of the first level; each further level has half as many.

    Shapes:
        - input: (N, 3, H, W)
        - output: tuple of (N, C_l, H / s_l, W / s_l)

    Example:
        >>> import torch
        >>> [f.shape[1:] for f in PatchPyramid(widths=[8, 16])(torch.zeros(1, 3, 32, 32))]
        [torch.Size([8, 8, 8]), torch.Size([16, 4, 4])]
    """

    def __init__(self, *, widths: Sequence[int], stride: int = 4) -> None:
        super().__init__()
        side = 2 * stride - 1
        first = nn.Conv2d(3, widths[0], side, stride, side // 2)
        others = [nn.Conv2d(width, wider, 3, 2, 1) for width, wider in itertools.pairwise(widths)]
        self.embeddings = ModuleList(
            nn.Sequential(convolution, LayerNorm2d(convolution.out_channels))
            for convolution in (first, *others)
        )

    def stages(self) -> list[nn.Module]:
        """One embedding per level; see ``models.encoders.staged``."""
        return list(self.embeddings)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Yield the levels, fine to coarse."""
        levels = []
        for embedding in self.embeddings:
            x = embedding(x)
            levels.append(x)
        return tuple(levels)
