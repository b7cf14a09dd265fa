"""Test a checkpoint: tools/test.py CONFIG CHECKPOINT."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import DictAction

from fusionls import apis
from fusionls.console import run_tool
from fusionls.evaluation.functional.calibration import Temperature


def main() -> None:
    """Parse arguments, test and write scores, tables and pictures."""
    parser = argparse.ArgumentParser(
        description='Score a checkpoint on the test tiles of its config.'
    )
    parser.add_argument('config', help='the config the checkpoint was trained with')
    parser.add_argument('checkpoint')
    parser.add_argument('--work-dir', help='where logs, metrics.json, tables and pictures go')
    parser.add_argument(
        '--modalities', nargs='+', metavar='NAME', help='show the model only these modalities'
    )
    parser.add_argument(
        '--temperature',
        metavar='FILE',
        help='scale the probabilities; tools/analysis/fit_temperature.py writes the file',
    )
    parser.add_argument(
        '--missing-protocol',
        action='store_true',
        help='score every subset of the modalities, holes and noise: missing_data.json, .md, .png',
    )
    parser.add_argument('--launcher', choices=['none', 'pytorch'], default='none')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    args = parser.parse_args()
    config = apis.load_config(args.config, args.cfg_options)
    if args.work_dir:
        config.work_dir = args.work_dir
    if args.missing_protocol:
        if args.modalities:
            parser.error('--missing-protocol shows every subset itself; leave --modalities out')
        apis.evaluate_missing_data(
            config, args.checkpoint, launcher=args.launcher, out=config.work_dir
        )
        print((Path(config.work_dir) / 'missing_data.md').read_text())
        print(f'wrote {Path(config.work_dir) / "missing_data"}.json, .md and .png')
        return
    fitted = Temperature.read(args.temperature) if args.temperature else None
    stem = '_'.join(['metrics', *(args.modalities or [])])
    scores = apis.evaluate(
        config,
        args.checkpoint,
        modalities=args.modalities,
        launcher=args.launcher,
        temperature=fitted.temperature if fitted else None,
        out=config.work_dir,
        stem=stem,
    )
    for key, value in scores.items():
        print(f'{key:36s} {value:.4f}')
    print(f'wrote {Path(config.work_dir) / stem}.json, .md, _blocks.npz and pictures')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
