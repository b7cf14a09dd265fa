"""The plain baseline of the Mars table: a stacked U-Net of segmentation_models.pytorch.

Not ours on purpose: its library, its defaults, a bare PyTorch loop. ResNet-18 encoder from
scratch, seven stacked channels normalised by mean and deviation, single 128-pixel tiles without
context or augmentation, cross-entropy, Adam with one-cycle, 30 epochs, the last weights. Only the
tiles and the split are those of ``MarsMmlsV2Dataset``, and the counting is that of fusionls.

Run: python benchmarks/mars/plain_unet.py --out work_dirs/mars/plain_unet
Needs: pip install -e '.[benchmark]'
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch
from torch import nn

from fusionls.datasets import MarsMmlsV2Dataset
from fusionls.datasets.public.mars_mmls_v2 import BANDS
from fusionls.evaluation.functional.confusion import Counts, count_pixels
from fusionls.evaluation.functional.objects import ObjectCounts, count_objects

LEAST_PIXELS = 9  # as in LandslideMetric


def tiles(root: str, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """All tiles of a split: (T, 7, 128, 128) float32 and labels (T, 128, 128) uint8."""
    layers = {modality: list(bands) for modality, bands in BANDS.items()}
    data = MarsMmlsV2Dataset(root=root, layers=layers, split=split)
    values, labels = [], []
    for index in range(len(data)):
        info = data.get_data_info(index)
        inputs, label = data.read_tile(info['scene'], info['window'])
        values.append(np.concatenate([v for v, _ in inputs.values()]))
        labels.append(label)
    return torch.from_numpy(np.stack(values)), torch.from_numpy(np.stack(labels))


def main() -> None:
    """Train, test, write metrics.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--root', default='mars_mmls_v2')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--epochs', type=int, default=30)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    x, y = tiles(args.root, 'train')
    test_x, test_y = tiles(args.root, 'val')
    mean, deviation = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), keepdim=True)
    x, test_x = (x - mean) / deviation, (test_x - mean) / deviation
    net = smp.Unet('resnet18', encoder_weights=None, in_channels=x.shape[1], classes=2)
    loss_of = nn.CrossEntropyLoss(ignore_index=255)
    batch, rate = 16, 1e-3
    steps = args.epochs * -(-len(x) // batch)
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    wall, cpu = time.monotonic(), time.process_time()
    for epoch in range(args.epochs):
        total = 0.0
        for index in torch.randperm(len(x)).split(batch):
            loss = loss_of(net(x[index]), y[index].long())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(index)
        print(f'epoch {epoch + 1}: loss {total / len(x):.4f}', flush=True)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu

    net.train(False)
    pixels, objects = Counts(), ObjectCounts()
    with torch.no_grad():
        for index in torch.arange(len(test_x)).split(batch):
            for predicted, truth in zip(net(test_x[index]).argmax(1), test_y[index], strict=True):
                pixels += count_pixels(predicted.numpy(), truth.numpy())
                objects += count_objects(predicted.numpy(), truth.numpy(), min_pixels=LEAST_PIXELS)
    scores = {f'landslide/{k}': v for k, v in {**pixels.scores(), **objects.scores()}.items()}
    scores |= {
        'parameters': sum(p.numel() for p in net.parameters()),
        'train_wall_s': wall,
        'train_cpu_s': cpu,
        'train_tiles': len(x),
        'test_tiles': len(test_x),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / 'metrics.json').write_text(json.dumps(scores, indent=2) + '\n')
    print(json.dumps(scores, indent=2))


if __name__ == '__main__':
    main()
