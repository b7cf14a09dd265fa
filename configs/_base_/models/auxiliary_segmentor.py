"""mmseg's encoder-decoder with an FCN head beside on the third level, two classes.

Owns: norm, model. A leaf adds data_preprocessor, backbone and decode_head; the head beside is for
a ResNet-50 as it stands. It helps in training and is not used in prediction.
"""

from mmseg.models import CrossEntropyLoss, EncoderDecoder, FCNHead
from torch.nn import BatchNorm2d

norm = dict(type=BatchNorm2d)
model = dict(
    type=EncoderDecoder,
    auxiliary_head=dict(
        type=FCNHead,
        in_channels=1024,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        num_classes=2,
        norm_cfg=norm,
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True, loss_weight=0.4),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
