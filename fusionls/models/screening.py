"""Does a tile hold a landslide? What a screen is asked before a segmentor maps the ground.

Flow: a batch of windows -> [here: cut to tiles, classified] -> models.segmentors.screened and
inference.model_screen.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from fusionls.datasets.sample import FusedInputs, ModalityInput

LANDSLIDE = 1
"""Class index of landslide tiles."""


def cut_tiles(x: Tensor, side: int, outside: float = 0) -> Tensor:
    """Cut into square tiles, row by row; the last ones are filled up to the right and below.

    Args:
        x: (..., h, w).
        side: Side of a tile, pixels of ``x``.
        outside: What fills up.

    Returns:
        (K, ..., side, side).

    Example:
        >>> cut_tiles(torch.zeros(3, 40, 64), 32).shape
        torch.Size([4, 3, 32, 32])
    """
    height, width = x.shape[-2:]
    padding = (0, -width % side, 0, -height % side)
    x = F.pad(x.to(torch.uint8) if x.dtype == torch.bool else x, padding, value=outside).to(x.dtype)
    cut = x.unfold(-2, side, side).unfold(-2, side, side)  # (..., rows, cols, side, side)
    cut = cut.movedim((-4, -3), (0, 1))  # (rows, cols, ..., side, side)
    return cut.flatten(0, 1)


def cut_inputs(inputs: FusedInputs, side: int, factors: dict[str, int]) -> dict[str, ModalityInput]:
    """Tiles of ``side`` base pixels of a sample, or of a batch, with the tiles in front.

    Returns:
        ``{modality: (values (K, ...), valid (K, ...))}``; what is filled up is invalid.
    """
    return {
        modality: (
            cut_tiles(values, side // factors[modality]),
            cut_tiles(valid, side // factors[modality]),
        )
        for modality, (values, valid) in inputs.items()
    }


def tile_logits(classifier: Any, inputs: FusedInputs) -> tuple[Tensor, Tensor]:
    """Ask a classifier about the tiles that show anything.

    Args:
        classifier: mmpretrain's ``ImageClassifier`` over a fused backbone.
        inputs: A batch of tiles, normalised.

    Returns:
        Logits (n, 2), and which of the N tiles these are: (N,) bool.
    """
    valid = torch.stack([valid.flatten(1).any(1) for _, valid in inputs.values()])  # (M, N)
    seen = valid.any(0)
    if not bool(seen.any()):
        like = next(iter(inputs.values()))[0]
        return like.new_zeros((0, 2)), seen
    shown = {m: (values[seen], ok[seen]) for m, (values, ok) in inputs.items()}
    logits: Tensor = classifier(shown, mode='tensor')
    return logits, seen


def tile_probability(classifier: Any, inputs: FusedInputs) -> Tensor:
    """(N,) probability that each tile of a batch is a landslide tile; 0 where it shows nothing."""
    logits, seen = tile_logits(classifier, inputs)
    found = logits.new_zeros(len(seen))
    found[seen] = logits.softmax(1)[:, LANDSLIDE]
    return found
