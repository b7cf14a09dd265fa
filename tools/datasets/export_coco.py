"""Write a data set of a config for programs that read COCO: tools/datasets/export_coco.py C OUT."""

from __future__ import annotations

import argparse
import json

from fusionls.apis import load_config
from fusionls.console import run_tool
from fusionls.datasets.coco import write_coco
from fusionls.registry import DATASETS


def main() -> None:
    """Parse arguments, write pictures and annotations, say how many."""
    parser = argparse.ArgumentParser(
        description='Write the tiles of one loader of a config as pictures (float32 GeoTIFF) with '
        'COCO annotations; pixels that do not count become crowd regions.'
    )
    parser.add_argument('config', help='a config, or a base of configs/_base_/datasets')
    parser.add_argument('out', help='a new folder')
    parser.add_argument(
        '--loader', choices=('train', 'val', 'test'), default='train', help='whose tiles'
    )
    parser.add_argument(
        '--least-pixels',
        type=int,
        default=1,
        metavar='N',
        help='smaller pieces become crowd regions; 16 is what the detectors of configs/ are '
        'trained and tested with (default: 1, all count)',
    )
    args = parser.parse_args()
    settings = dict(load_config(args.config)[f'{args.loader}_dataloader']['dataset'])
    settings['pipeline'] = []
    written = write_coco(DATASETS.build(settings), args.out, least_pixels=args.least_pixels)
    document = json.loads(written.read_text(encoding='utf-8'))
    count = sum(not entry['iscrowd'] for entry in document['annotations'])
    print(f'wrote {written}: {len(document["images"])} pictures, {count} landslides')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
