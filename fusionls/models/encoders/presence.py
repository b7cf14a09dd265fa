"""Which samples of a batch have which modality."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import LayerMissingError, NoModalityError, nearest_names


def presence(inputs: FusedInputs, known: Collection[str]) -> dict[str, Tensor]:
    """Which samples have at least one valid pixel of each modality.

    Args:
        inputs: A batch.
        known: The modalities of the model.

    Returns:
        (N,) bool per modality of ``inputs``.

    Raises:
        LayerMissingError: A modality is not among ``known``.
        NoModalityError: The batch has no modality, or a sample has no valid pixel in any.
    """
    unknown = sorted(set(inputs) - set(known))
    if unknown:
        raise LayerMissingError(
            f'no branch for {", ".join(unknown)}; {nearest_names(unknown[0], known)}'
        )
    if not inputs:
        raise NoModalityError(f'no modality was given; expected at least one of {", ".join(known)}')
    present = {m: valid.flatten(1).any(1) for m, (_, valid) in inputs.items()}
    some = torch.stack(list(present.values())).any(0)  # (N,)
    if not bool(some.all()):
        empty = (~some).nonzero().flatten().tolist()
        raise NoModalityError(
            f'samples {empty} of the batch have no valid pixel in any of '
            f'{", ".join(inputs)}; leave such tiles out'
        )
    return present


def random_presence(inputs: FusedInputs, drop: float) -> Tensor:
    """Which modalities of which samples stay when each goes at random.

    Args:
        inputs: A batch.
        drop: Probability that a modality goes.

    Returns:
        (N, M) bool, modalities in the order of ``inputs``; every sample keeps at least one that
        it has.
    """
    present = torch.stack([valid.flatten(1).any(1) for _, valid in inputs.values()], 1)
    keep = torch.rand(present.shape, device=present.device) >= drop
    lone = ~(keep & present).any(1)
    order = torch.rand(present.shape, device=present.device).masked_fill(~present, -1.0)
    keep[lone, order[lone].argmax(1)] = True
    return keep
