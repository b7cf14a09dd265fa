"""Train a model: tools/train.py CONFIG."""

from __future__ import annotations

import argparse

from mmengine.config import DictAction

from fusionls import apis
from fusionls.console import run_tool


def main() -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(
        description='Train the model of a config by the mmengine runner.',
        epilog='Several GPUs: torchrun --nproc_per_node=N tools/train.py CONFIG --launcher pytorch',
    )
    parser.add_argument('config', help='a python config, e.g. one below configs/')
    parser.add_argument('--work-dir', help='where logs and checkpoints go (work_dirs/<config>)')
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='CHECKPOINT',
        help='go on from CHECKPOINT, or from the newest of the work folder',
    )
    parser.add_argument(
        '--amp', action='store_true', help='mixed precision (float16 on CUDA, bfloat16 on CPU)'
    )
    parser.add_argument(
        '--allow-leakage',
        action='store_true',
        help='train although training tiles leak into validation or test; leakage.json says so',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch'], default='none')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change the config, e.g. train_cfg.max_epochs=3 randomness.seed=1',
    )
    args = parser.parse_args()
    config = apis.load_config(args.config, args.cfg_options)
    if args.work_dir:
        config.work_dir = args.work_dir
    apis.train(
        config,
        resume=args.resume,
        amp=args.amp,
        launcher=args.launcher,
        allow_leakage=args.allow_leakage,
    )
    print(f'wrote checkpoints and logs to {config.work_dir}')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
