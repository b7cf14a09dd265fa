"""mmpretrain's classifier: the mean over the last map, a linear layer, two classes. Owns: model.

A leaf adds data_preprocessor, backbone and the head's in_channels.
"""

from mmpretrain.models import (
    CrossEntropyLoss,
    GlobalAveragePooling,
    ImageClassifier,
    LinearClsHead,
)

model = dict(
    type=ImageClassifier,
    neck=dict(type=GlobalAveragePooling),
    head=dict(type=LinearClsHead, num_classes=2, loss=dict(type=CrossEntropyLoss)),
)
