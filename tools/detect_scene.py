"""Find landslides as boxes: tools/detect_scene.py CONFIG CHECKPOINT STACK OUT.gpkg."""

from __future__ import annotations

import argparse

from mmengine.config import DictAction

from fusionls import apis
from fusionls.console import add_scene_arguments, progress_bar, run_tool, scene_options
from fusionls.inference.active_deformation import Verdict


def main() -> None:
    """Parse arguments, detect, say what was found."""
    parser = argparse.ArgumentParser(
        description='Write a box around every landslide of a stack, with what InSAR says of it.',
        epilog='The rule stands in the config: --cfg-options active_deformation.least_speed=0.02',
    )
    add_scene_arguments(parser, '.gpkg, .geojson or .parquet to write')
    parser.add_argument(
        '--least-score', type=float, default=0.05, help='leave out boxes the detector doubts more'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    args = parser.parse_args()
    with progress_bar('detecting') as bar:
        found = apis.detect_scene(
            apis.load_config(args.config, args.cfg_options),
            args.checkpoint,
            args.stack,
            args.out,
            least_score=args.least_score,
            **scene_options(args),
            progress=lambda done, total: bar.report(done, total, 'detecting'),
        )
    counts = ', '.join(f'{(found["verdict"] == verdict).sum()} {verdict}' for verdict in Verdict)
    print(f'wrote {args.out}: {counts}')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
