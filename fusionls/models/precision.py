"""Numbers that half precision cannot hold: counts of pixels, and places on a map."""

from __future__ import annotations

import torch
from torch import Tensor


def single_at_least(x: Tensor) -> Tensor:
    """The same in float32 where it has fewer digits than that; double stays double."""
    return x.float() if torch.finfo(x.dtype).bits < torch.finfo(torch.float32).bits else x
