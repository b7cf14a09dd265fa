"""Mosaic MMLSv2 tiles into a stack: tools/datasets/mosaic_mars_mmls_v2.py OUT --columns 20 30."""

from __future__ import annotations

import argparse

from fusionls.console import run_tool
from fusionls.datasets.places import data_set_folder
from fusionls.datasets.public import MarsMmlsV2
from fusionls.stack.layer_stack import LayerStack


def main() -> None:
    """Parse arguments, mosaic, say what was written."""
    parser = argparse.ArgumentParser(
        description='Mosaic the tiles of some cell columns into one scene. Cells that were not '
        'published stay invalid.'
    )
    parser.add_argument('out', help='folder of the stack')
    parser.add_argument(
        '--columns',
        type=int,
        nargs=2,
        default=(20, 30),
        metavar=('FIRST', 'END'),
        help='half-open range of cell columns (default: the first validation block, 20 30)',
    )
    parser.add_argument(
        '--root',
        default='mars_mmls_v2',
        help='folder with images and masks; looked for under $FUSIONLS_REAL_DATA and data/ too',
    )
    args = parser.parse_args()
    scene = MarsMmlsV2(data_set_folder(args.root))
    stack = LayerStack.open(scene.write_stack(args.out, tuple(args.columns)))
    print(f'wrote {stack.folder}: {stack.grid}; {", ".join(stack.modalities)}')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
