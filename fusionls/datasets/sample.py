"""The shape of a sample, from the loader to the fused backbone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from torch import Tensor

ModalityInput: TypeAlias = tuple[Tensor, Tensor]
"""Values (..., C, H/f, W/f) float and valid (..., 1, H/f, W/f) bool of one modality."""

FusedInputs: TypeAlias = Mapping[str, ModalityInput]
"""One :data:`ModalityInput` per modality that is present."""
