"""Find landslides as boxes: tools/detect_scene.py CONFIG CHECKPOINT STACK OUT.gpkg."""

from __future__ import annotations

import argparse

from mmengine.config import DictAction

from fusionls import apis
from fusionls.console import progress_bar, run_tool
from fusionls.inference.active_deformation import Verdict


def main() -> None:
    """Parse arguments, detect, say what was found."""
    parser = argparse.ArgumentParser(
        description='Write a box around every landslide of a stack, with what InSAR says of it.',
        epilog='The rule stands in the config: --cfg-options active_deformation.least_speed=0.02',
    )
    parser.add_argument('config', help='the config the checkpoint was trained with, of a detector')
    parser.add_argument('checkpoint')
    parser.add_argument('stack', help='folder written by tools/build_stack.py')
    parser.add_argument('out', help='.gpkg, .geojson or .parquet to write')
    parser.add_argument(
        '--modalities',
        nargs='+',
        metavar='NAME',
        help='show the detector only these (default: all that model and stack share)',
    )
    parser.add_argument('--window', type=int, default=512, help='window side, base pixels')
    parser.add_argument('--overlap', type=int, default=128, help='overlap of windows, base pixels')
    parser.add_argument('--batch-size', type=int, default=4, help='windows per forward pass')
    parser.add_argument(
        '--least-score', type=float, default=0.05, help='leave out boxes the detector doubts more'
    )
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ... (default: cuda if there)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    args = parser.parse_args()
    with progress_bar('detecting') as bar:
        found = apis.detect_scene(
            apis.load_config(args.config, args.cfg_options),
            args.checkpoint,
            args.stack,
            args.out,
            modalities=args.modalities,
            window=args.window,
            overlap=args.overlap,
            batch_size=args.batch_size,
            least_score=args.least_score,
            device=args.device,
            progress=lambda done, total: bar.report(done, total, 'detecting'),
        )
    counts = ', '.join(f'{(found["verdict"] == verdict).sum()} {verdict}' for verdict in Verdict)
    print(f'wrote {args.out}: {counts}')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
