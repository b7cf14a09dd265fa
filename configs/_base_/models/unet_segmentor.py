"""mmseg's encoder-decoder with the U-Net's decoder, two classes. Owns: model.

A leaf adds data_preprocessor, backbone and the decoder's in_channels.
"""

from mmseg.models import CrossEntropyLoss, EncoderDecoder

from fusionls.models.heads import UNetHead
from fusionls.models.losses import LandslideDiceLoss

model = dict(
    type=EncoderDecoder,
    decode_head=dict(
        type=UNetHead,
        widths=[128, 64, 48, 32],
        num_classes=2,
        dropout_ratio=0.1,
        loss_decode=[
            dict(type=CrossEntropyLoss, avg_non_ignore=True),
            dict(type=LandslideDiceLoss),
        ],
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
