"""Train a config, test its last checkpoint, and write metrics.json with what the training cost.

Run: python benchmarks/mars/timed.py WORK_DIR CONFIG [KEY=VALUE ...]
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import torch

from fusionls import apis


def main(work_dir: str, config_path: str, *options: str) -> None:
    """Train and test."""
    config = apis.load_config(config_path, dict(option.split('=', 1) for option in options))
    config.work_dir = work_dir
    wall, cpu = time.monotonic(), time.process_time()
    runner = apis.train(config)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    checkpoint = Path(work_dir) / f'epoch_{runner.epoch}.pth'
    scores = apis.evaluate(config, checkpoint)
    scores |= {
        'parameters': sum(p.numel() for p in runner.model.parameters()),
        'train_wall_s': wall,
        'train_cpu_s': cpu,
        'peak_memory_gb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        'threads': torch.get_num_threads(),
    }
    (Path(work_dir) / 'metrics.json').write_text(json.dumps(scores, indent=2) + '\n')
    print(json.dumps(scores, indent=2))


if __name__ == '__main__':
    main(*sys.argv[1:])
