"""Contract checks for parts of your own, and small scenes in memory to try them on."""

from fusionls.testing.fusion_contract import FusionContractError, check_fusion, registered_fusions
from fusionls.testing.scenes import ArrayScene, ArraySceneDataset, made_up_scene

__all__ = [
    'ArrayScene',
    'ArraySceneDataset',
    'FusionContractError',
    'check_fusion',
    'made_up_scene',
    'registered_fusions',
]
