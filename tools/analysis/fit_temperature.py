"""Fit the temperature of a checkpoint: tools/analysis/fit_temperature.py CONFIG CHECKPOINT."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import DictAction

from fusionls import apis
from fusionls.console import run_tool


def main() -> None:
    """Parse arguments, fit on the validation tiles and write the temperature."""
    parser = argparse.ArgumentParser(
        description='Fit one temperature, by which log-odds are divided, on validation tiles.'
    )
    parser.add_argument('config', help='the config the checkpoint was trained with')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', help='default: temperature.json in the work folder')
    parser.add_argument('--launcher', choices=['none', 'pytorch'], default='none')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    args = parser.parse_args()
    config = apis.load_config(args.config, args.cfg_options)
    fitted = apis.fit_temperature(config, args.checkpoint, launcher=args.launcher)
    out = fitted.write(args.out or Path(config.work_dir) / 'temperature.json')
    print(
        f'temperature {fitted.temperature:.3f} from {fitted.pixels} pixels: mean log loss '
        f'{fitted.loss_before:.4f} before, {fitted.loss_after:.4f} after'
    )
    print(f'fitted on {fitted.fitted_on}')
    print(f'wrote {out}; give it to tools/test.py --temperature')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
