"""One pass over the tiles, from which pixels are drawn; then one fit.

Owns: optim_wrapper, train_cfg, val_cfg, test_cfg.
"""

from mmengine.optim import OptimWrapper
from mmengine.runner import TestLoop, ValLoop
from torch.optim import SGD

from fusionls.engine.fit_pixels_loop import FitPixelsLoop

# mmengine asks for one; a fit takes no steps
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=SGD, lr=0.0))
train_cfg = dict(type=FitPixelsLoop, max_epochs=1, val_interval=1)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
