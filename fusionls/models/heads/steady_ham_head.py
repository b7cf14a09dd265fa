"""SegNeXt's decoder, whose prediction of a tile is the same every time.

Source: Guo et al. 2022, "SegNeXt", sec. 3.2, the hamburger of Geng et al. 2021, "Is Attention
Better Than Matrix Decomposition?", sec. 2.2; all of it mmseg's.
Differs: the factorisation starts from random bases, in mmseg in prediction too: the same tile is
then mapped in another way each time, and a scene that was cut short does not resume to the same
bytes. Here prediction starts from bases that were drawn once and are saved with the weights.
(mmseg's ``rand_init=False`` draws them in the first forward pass, so no checkpoint brings them.)
"""

from __future__ import annotations

from typing import Any

from mmseg.models.decode_heads import LightHamHead
from torch import Tensor

from fusionls.registry import MODELS


@MODELS.register_module()
class SteadyHamHead(LightHamHead):
    """mmseg's ``LightHamHead`` with bases drawn anew in training only.

    Args:
        **options: Those of ``LightHamHead``.

    Shapes: as ``LightHamHead``.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        ham = self.hamburger.ham
        bases = ham._build_bases(1, ham.S, self.ham_channels // ham.S, ham.R, device='cpu')
        ham.register_buffer('bases', bases)

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Decode; see the class for shapes."""
        self.hamburger.ham.rand_init = self.training
        logits: Tensor = super().forward(inputs)
        return logits
