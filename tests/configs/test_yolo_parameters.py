"""YOLO configs weigh what their sources say, at the three channels of a picture."""

from pathlib import Path

import mmdet
import pytest
import timm
from mmengine.config import Config
from mmengine.registry import MODELS

from fusionls import apis
from fusionls.models.heads import IouYoloHead
from fusionls.models.necks import SppPanet

CONFIGS = Path(__file__).parents[2] / 'configs'
PEERS = Path(mmdet.__file__).parent / '.mim' / 'configs'


def weight(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def parts_of(name):
    """Encoder as for a picture, neck and head of a config."""
    (path,) = CONFIGS.glob(f'*/{name}_opttertherm_*.py')
    model = apis.load_config(path).model
    return [MODELS.build(part) for part in (model.backbone.encoder, model.neck, model.bbox_head)]


@pytest.mark.parametrize(
    ('name', 'peer'),
    [
        ('yolov3_darknet53', 'yolo/yolov3_d53_8xb8-320-273e_coco.py'),
        ('yolox_cspdarknettiny', 'yolox/yolox_tiny_8xb8-300e_coco.py'),
    ],
)
def test_as_heavy_as_the_model_of_mmdet(name, peer):
    model = Config.fromfile(PEERS / peer).model
    model.bbox_head.num_classes = 1
    built = [MODELS.build(dict(p, _scope_='mmdet')) for p in (model.backbone, model.neck)]
    assert weight(*parts_of(name)) == weight(
        *built, MODELS.build(dict(model.bbox_head, _scope_='mmdet'))
    )


def test_yolo_sa_weighs_1_47_million():
    assert weight(*parts_of('yolo_sa_ghostdarknet')) == pytest.approx(1.47e6, rel=0.02)


def test_the_light_yolov4_is_four_fifths_lighter_than_yolov4():
    """Li and Li (2022) say 83.59 %; YOLOv4 is put together here of timm's encoder and our parts."""
    parts = parts_of('yolov4_light_mobilenetv3')
    widths = [128, 256, 512]
    encoder = timm.create_model('cspdarknet53', features_only=True, out_indices=(3, 4, 5))
    neck = SppPanet(in_channels=[256, 512, 1024], widths=widths, kind='dense')
    (path,) = CONFIGS.glob('yolov4_light/*_opttertherm_*.py')
    head = apis.load_config(path).model.bbox_head
    heavy = IouYoloHead(**{k: v for k, v in head.items() if k != 'type'} | {'bridge': 'dense'})
    whole = weight(encoder, neck, heavy)
    assert whole == pytest.approx(63.9e6, rel=0.02)  # YOLOv4 of one class
    assert weight(*parts) == pytest.approx((1 - 0.8359) * whole, rel=0.02)
