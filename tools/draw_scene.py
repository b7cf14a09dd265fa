"""Draw a scene: tools/draw_scene.py STACK OUT.png --probability MAP.tif --inventory FILE.gpkg."""

from __future__ import annotations

import argparse

from fusionls.console import run_tool
from fusionls.stack.layer_stack import LayerStack
from fusionls.visualization import draw_panels


def main() -> None:
    """Parse arguments, draw, say where the picture is."""
    parser = argparse.ArgumentParser(
        description='Draw what each sensor saw, the mapped and the predicted landslides.'
    )
    parser.add_argument('stack', help='folder written by tools/build_stack.py')
    parser.add_argument('out', help='PNG to write')
    parser.add_argument('--probability', help='map written by tools/predict_scene.py')
    parser.add_argument('--inventory', help='inventory written by tools/make_inventory.py')
    parser.add_argument(
        '--panels',
        nargs='+',
        metavar='NAME',
        help='optical, hillshade, velocity, truth, probability, prediction, or a layer of the '
        'stack (default: all there is)',
    )
    parser.add_argument('--columns', type=int, default=3, help='panels side by side')
    args = parser.parse_args()
    out = draw_panels(
        LayerStack.open(args.stack),
        args.out,
        probability=args.probability,
        inventory=args.inventory,
        panels=args.panels,
        columns=args.columns,
    )
    print(f'wrote {out}')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
