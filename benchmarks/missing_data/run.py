"""Train configs one after the other and test each under every pattern of missing data.

A run is done once: where its ``missing_data.json`` stands it is skipped, so that the script can be
killed and started again. Tiles are read once for all runs of the process.

Run: python benchmarks/missing_data/run.py OUT CONFIG [CONFIG ...] [--seeds 0 1 2]
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
from pathlib import Path
from typing import Any

import torch

from fusionls import apis
from fusionls.datasets.public import mars_mmls_v2
from fusionls.evaluation.records import run_cost
from fusionls.geo.raster_io import written_whole
from fusionls.visualization.missing_data import pattern_records


def run(
    config_path: str, folder: Path, seed: int, options: dict[str, Any], only: list[str] | None
) -> dict[str, Any]:
    """Train and test one config; what it scored and what it cost."""
    config = apis.load_config(config_path, {'randomness.seed': seed, **options})
    config.train_dataloader.dataset.seed = seed
    config.work_dir = str(folder)
    config.log_level = 'WARNING'
    with run_cost(torch.get_num_threads()) as cost:
        runner = apis.train(config)
    parameters = sum(p.numel() for p in runner.model.parameters())
    checkpoint = folder / f'epoch_{runner.epoch}.pth'
    loop = apis.evaluate_missing_data(config, checkpoint, only=only)
    return {
        'config': Path(config_path).stem,
        'seed': seed,
        'epochs': runner.epoch,
        'parameters': parameters,
        **cost,
        'patterns': pattern_records(loop.patterns, loop.results),
    }


def main() -> None:
    """Run what is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('out', type=Path)
    parser.add_argument('configs', nargs='+')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument('--patterns', nargs='+', help='names of patterns; all by default')
    parser.add_argument('--options', nargs='*', default=[], metavar='KEY=VALUE')
    args = parser.parse_args()
    torch.set_num_threads(1)
    mars_mmls_v2.MarsMmlsV2 = functools.cache(mars_mmls_v2.MarsMmlsV2)
    options = dict(option.split('=', 1) for option in args.options)
    for seed in args.seeds:
        for config in args.configs:
            folder = args.out / f'{Path(config).stem}_s{seed}'
            file = folder / 'missing_data.json'
            if file.exists():
                continue
            found = run(config, folder, seed, dict(options), args.patterns)
            with written_whole(file) as beside:
                beside.write_text(json.dumps(found, indent=2) + '\n')
            full = found['patterns']['all']['scores']['landslide/f1']
            print(f'{folder.name}: F1 {full:.4f}, {found["train_cpu_s"] / 60:.1f} min', flush=True)
            gc.collect()


if __name__ == '__main__':
    main()
