"""mmseg's encoder-decoder with a decoder like the U-Net's, two classes, as the papers have it,
but for mmseg's dropout of a tenth of the channels before the classifier.

Owns: model. A leaf adds data_preprocessor and backbone, and to the decoder in_channels and widths;
unet_segmentor is what does best here: with leaky ReLU and a second loss.
"""

from mmseg.models import CrossEntropyLoss, EncoderDecoder
from torch.nn import ReLU

from fusionls.models.heads import UNetHead

model = dict(
    type=EncoderDecoder,
    decode_head=dict(
        type=UNetHead,
        num_classes=2,
        act_cfg=dict(type=ReLU),
        loss_decode=dict(type=CrossEntropyLoss, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
