"""Ways up from a coarse map to the size of the finer one it is joined with.

Each takes the coarse map and the skip, and has ``channels``, those of what it makes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionls.models.precision import single_at_least
from fusionls.registry import MODELS


def resized(x: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """A map (N, C, h, w) at another size, bilinear; as it is where it has that size."""
    if tuple(x.shape[2:]) == tuple(size):
        return x
    return F.interpolate(x, size=tuple(size), mode='bilinear', align_corners=False)


@MODELS.register_module()
class BilinearUpsampling(nn.Module):
    """Bilinear interpolation.

    Args:
        in_channels: Channels of the coarse map, which are kept.
        skip_channels: Channels of the skip.

    Shapes:
        - input: (N, in_channels, h, w) and the skip (N, skip_channels, H, W)
        - output: (N, channels, H, W)
    """

    def __init__(self, *, in_channels: int, skip_channels: int) -> None:
        del skip_channels
        super().__init__()
        self.channels = in_channels

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Interpolate; see the class for shapes."""
        return resized(x, skip.shape[2:])


@MODELS.register_module()
class TransposedUpsampling(nn.Module):
    """A transposed 2 x 2 convolution to twice the size and the channels of the skip.

    Source: Ronneberger et al. 2015, fig. 1, the "up-convolution". Where the skip has not twice
    the size, interpolated to its size.

    Args and shapes: as :class:`BilinearUpsampling`.
    """

    def __init__(self, *, in_channels: int, skip_channels: int) -> None:
        super().__init__()
        self.channels = skip_channels
        self.convolution = nn.ConvTranspose2d(in_channels, skip_channels, 2, 2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Convolve to twice the size."""
        return resized(self.convolution(x), skip.shape[2:])


@MODELS.register_module()
class DataDependentUpsampling(nn.Module):
    """A learned linear map from each pixel to the four that it becomes (DUpsampling).

    Source: Tian et al. 2019, "Decoders Matter for Semantic Segmentation: Data-Dependent Decoding
    Enables Flexible Feature Aggregation", eq. 3, with a factor of two.
    Differs: the map is learned with the network; the authors learn it first, from labels. Where
    the skip has not twice the size, interpolated to its size.

    Args and shapes: as :class:`BilinearUpsampling`; ``channels`` are those of the skip.
    """

    def __init__(self, *, in_channels: int, skip_channels: int) -> None:
        super().__init__()
        self.channels = skip_channels
        self.project = nn.Conv2d(in_channels, 4 * skip_channels, 1, bias=False)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map every pixel to four."""
        return resized(F.pixel_shuffle(self.project(x), 2), skip.shape[2:])


@MODELS.register_module()
class FlowAlignment(nn.Module):
    """The coarse map, each pixel fetched from where a flow, seen from both maps, says.

    Source: Li et al. 2020, "Semantic Flow for Fast and Accurate Scene Parsing", sec. 3.2, eq. 1
    to 3: both maps side by side give a flow in pixels of the skip, by which the coarse map is
    sampled.
    Differs: pixels lie at their centres and beyond the rim the map goes on, so that a flow of
    zero is bilinear interpolation, which it starts as.

    Args:
        in_channels: Channels of the coarse map, which are kept.
        skip_channels: Channels of the skip.
        hidden: Channels that each map has when the flow is found.

    Shapes: as :class:`BilinearUpsampling`.
    """

    def __init__(self, *, in_channels: int, skip_channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.channels = in_channels
        self.coarse = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.fine = nn.Conv2d(skip_channels, hidden, 1, bias=False)
        self.flow = nn.Conv2d(2 * hidden, 2, 3, padding=1)
        nn.init.zeros_(self.flow.weight)
        nn.init.zeros_(torch.as_tensor(self.flow.bias))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Find the flow and fetch."""
        wide = resized(self.coarse(x), skip.shape[2:])
        flow = self.flow(torch.cat([wide, self.fine(skip)], 1))  # (N, 2, H, W): right, down
        return warped(x, flow)


def warped(x: Tensor, flow: Tensor) -> Tensor:
    """What lies in ``x`` at every pixel of a finer grid, moved by a flow.

    Args:
        x: (N, C, h, w) of the same ground as ``flow``.
        flow: (N, 2, H, W): right and down, pixels of its own grid.

    Returns:
        (N, C, H, W).
    """
    rows, cols = flow.shape[2:]
    # half precision cannot tell the places of a map of a hundred pixels apart
    exact = single_at_least(x)
    down = (2 * torch.arange(rows, device=x.device, dtype=exact.dtype) + 1) / rows - 1
    right = (2 * torch.arange(cols, device=x.device, dtype=exact.dtype) + 1) / cols - 1
    at = torch.stack(torch.meshgrid(right, down, indexing='xy'), -1)  # (H, W, 2), in -1 to 1
    place = at + flow.permute(0, 2, 3, 1).to(exact) * at.new_tensor([2 / cols, 2 / rows])
    found = F.grid_sample(exact, place, mode='bilinear', padding_mode='border', align_corners=False)
    return found.to(x.dtype)
