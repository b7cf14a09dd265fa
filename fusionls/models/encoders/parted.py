"""A fused backbone in which one modality may be read by several encoders.

Flow: models.data_preprocessor -> [here: layers shared out] -> models.encoders.multi_branch.
A hillshade is a picture and an elevation is a number, yet both are layers of the terrain, with one
valid mask: networks that give each an encoder of its own take them from one modality here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from fusionls.datasets.sample import FusedInputs
from fusionls.errors import InputError, raise_together
from fusionls.models.encoders.multi_branch import MultiBranchEncoder
from fusionls.models.encoders.presence import presence
from fusionls.registry import MODELS


@MODELS.register_module()
class PartedEncoder(MultiBranchEncoder):
    """A :class:`MultiBranchEncoder` with branches for parts of modalities.

    Args:
        branches: Per modality, keyword arguments of :class:`Branch`; or ``channels``, ``factor``
            and ``parts``: by name, keyword arguments of :class:`Branch` and ``reads``, the places
            of the layers that it sees. Its branch is called ``<modality>_<part>``.
        **options: Those of :class:`MultiBranchEncoder`.

    Raises:
        InputError: Parts read layers that are not there, or leave some unread.

    Example:
        >>> encoder = dict(type='TimmEncoder', name='resnet18')
        >>> parts = dict(dem=dict(reads=[0, 1], encoder=encoder),
        ...              hillshade=dict(reads=[2], encoder=encoder))
        >>> backbone = PartedEncoder(branches=dict(terrain=dict(channels=3, parts=parts)),
        ...                          fusion=dict(type='ConcatFusion'))
        >>> list(backbone.branches)
        ['terrain_dem', 'terrain_hillshade']
    """

    def __init__(self, *, branches: Mapping[str, Mapping[str, Any]], **options: Any) -> None:
        reads: dict[str, tuple[str, list[int] | None]] = {}
        flat: dict[str, dict[str, Any]] = {}
        problems = []
        for modality, given in branches.items():
            if 'parts' not in given:
                reads[modality], flat[modality] = (modality, None), dict(given)
                continue
            seen = set()
            for name, part in given['parts'].items():
                own = list(part['reads'])
                seen.update(own)
                reads[f'{modality}_{name}'] = (modality, own)
                flat[f'{modality}_{name}'] = {
                    **{key: value for key, value in part.items() if key != 'reads'},
                    'channels': len(own),
                    'factor': given.get('factor', 1),
                }
            if seen != set(range(given['channels'])):
                problems.append(
                    f'{modality}: its parts read layers {sorted(seen)}, expected all of '
                    f'0 to {given["channels"] - 1}'
                )
        raise_together(InputError, 'PartedEncoder cannot share out layers', problems)
        super().__init__(branches=flat, **options)
        self._reads = reads

    def forward(self, inputs: FusedInputs) -> tuple[Tensor, ...]:
        """Encode and fuse; see :class:`MultiBranchEncoder`."""
        presence(inputs, {modality for modality, _ in self._reads.values()})
        return super().forward(
            {
                name: (values if own is None else values[:, own], valid)
                for name, (modality, own) in self._reads.items()
                if modality in inputs
                for values, valid in [inputs[modality]]
            }
        )
