"""What tests of models share."""

import pytest
import torch

from fusionls import ops

ops.serve()

from mmseg.models.backbones.unet import InterpConv, UNet  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors here are so small that a second thread only waits for the first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small_unet():
    """The U-Net of mmseg with three levels of 4, 8 and 16 channels, decoder included."""
    torch.manual_seed(0)
    unet = UNet(
        base_channels=4,
        num_stages=3,
        strides=(1, 1, 1),
        enc_num_convs=(2, 2, 2),
        dec_num_convs=(2, 2),
        downsamples=(True, True),
        enc_dilations=(1, 1, 1),
        dec_dilations=(1, 1),
        upsample_cfg=dict(type=InterpConv),
    )
    unet.eval()  # yields None there
    return unet
