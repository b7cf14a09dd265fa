"""Map a scene: tools/predict_scene.py CONFIG CHECKPOINT STACK OUT.tif."""

from __future__ import annotations

import argparse

from mmengine.config import DictAction

from fusionls import apis
from fusionls.console import add_scene_arguments, progress_bar, run_tool, scene_options
from fusionls.evaluation.functional.calibration import Temperature


def main() -> None:
    """Parse arguments, map, say where the map is."""
    parser = argparse.ArgumentParser(
        description='Write the landslide probability of every pixel of a stack as a GeoTIFF.',
        epilog='Memory does not grow with the height of the scene. '
        'A run that was killed goes on when it is started again with the same arguments; of one '
        'nobody goes on with, the hidden folder .OUT.tif.unfinished may be deleted. '
        'Next: tools/make_inventory.py OUT.tif INVENTORY.gpkg --stack STACK',
    )
    add_scene_arguments(parser, 'GeoTIFF to write')
    parser.add_argument(
        '--turns', type=int, choices=[1, 8], default=1, help='8: mean over turned and mirrored'
    )
    parser.add_argument(
        '--temperature',
        metavar='FILE',
        help='scale the probabilities; tools/analysis/fit_temperature.py writes the file',
    )
    parser.add_argument(
        '--support',
        metavar='FILE',
        help='also write how much each modality carried the decision (a map of every subset)',
    )
    parser.add_argument(
        '--screen',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='map only windows that this tile classifier takes for landslides; 0 elsewhere',
    )
    parser.add_argument(
        '--screen-threshold', type=float, metavar='P', help='map windows from this probability on'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    args = parser.parse_args()
    config = apis.load_config(args.config, args.cfg_options)
    fitted = Temperature.read(args.temperature) if args.temperature else None
    screen = (apis.load_config(args.screen[0]), args.screen[1]) if args.screen else None
    counts: list[str] = []
    with progress_bar('mapping') as bar:
        out = apis.predict_scene(
            config,
            args.checkpoint,
            args.stack,
            args.out,
            turns=args.turns,
            temperature=fitted.temperature if fitted else 1.0,
            **scene_options(args),
            support=args.support,
            screen=screen,
            screen_threshold=args.screen_threshold,
            screened=lambda kept, looked: counts.append(f'mapped {kept} of {looked} windows'),
            progress=lambda done, total: bar.report(done, total, 'mapping'),
        )
    for line in counts:
        print(line)
    print(f'wrote {out}' + (f' and {args.support}' if args.support else ''))


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
