"""Masks of a padded tile lie where they were predicted."""

import pytest
import torch
from mmdet.models import YOLACTProtonet
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from fusionls.models.heads import PaddedProtonet


def predicted(kind):
    """The mask of a tile of 64 x 48 pixels, padded to 64 x 64, whose left 32 columns are 1."""
    head = kind(num_classes=1, test_cfg=ConfigDict(mask_thr=0.5, mask_thr_binary=0.5))
    masks = torch.zeros(16, 16, 1)
    masks[:, :8] = 1
    meta = {
        'img_shape': (64, 48),
        'ori_shape': (64, 48),
        'batch_input_shape': (64, 64),
        'scale_factor': (1.0, 1.0),
    }
    box = InstanceData(bboxes=torch.tensor([[0.0, 0.0, 48.0, 64.0]]), scores=torch.ones(1))
    (found,) = head.predict_by_feat(
        [masks], None, results_list=[box], batch_img_metas=[meta], rescale=True
    )
    return found.masks


@pytest.mark.parametrize(('kind', 'width'), [(PaddedProtonet, 32), (YOLACTProtonet, 24)])
def test_a_mask_is_as_wide_as_it_was_and_mmdet_squeezes_it(kind, width):
    masks = predicted(kind)
    assert masks.shape == (1, 64, 48)
    assert masks[0].sum(1).unique().tolist() == [width]
