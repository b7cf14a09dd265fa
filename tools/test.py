"""Test a checkpoint: tools/test.py CONFIG CHECKPOINT."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmengine.config import DictAction

from fusionls import apis
from fusionls.console import run_tool


def main() -> None:
    """Parse arguments, test and write the scores."""
    parser = argparse.ArgumentParser(
        description='Score a checkpoint on the test tiles of its config.'
    )
    parser.add_argument('config', help='the config the checkpoint was trained with')
    parser.add_argument('checkpoint')
    parser.add_argument('--work-dir', help='where logs and metrics.json go')
    parser.add_argument(
        '--modalities', nargs='+', metavar='NAME', help='show the model only these modalities'
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch'], default='none')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    args = parser.parse_args()
    config = apis.load_config(args.config, args.cfg_options)
    if args.work_dir:
        config.work_dir = args.work_dir
    scores = apis.evaluate(
        config, args.checkpoint, modalities=args.modalities, launcher=args.launcher
    )
    name = 'metrics.json' if not args.modalities else f'metrics_{"_".join(args.modalities)}.json'
    out = Path(config.work_dir) / name
    out.write_text(json.dumps(scores, indent=2) + '\n')
    for key, value in scores.items():
        print(f'{key:32s} {value:.4f}')
    print(f'wrote {out}')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
