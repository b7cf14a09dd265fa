r"""Make a landslide inventory from a probability map.

python tools/make_inventory.py work_dirs/valley/probability.tif landslides.gpkg \
        --stack work_dirs/valley/stack
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fusionls.console import run_tool
from fusionls.inventory import make_inventory
from fusionls.stack.layer_stack import LayerStack


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        description='Make a landslide inventory from a probability map: one polygon per '
        'landslide, with area, shape, probability, slope, relief, aspect, InSAR velocity and the '
        'share that each modality saw. A GeoPackage opens in QGIS with its style.'
    )
    found.add_argument(
        'probability', type=Path, metavar='PROBABILITY', help='map written by predict_scene.py'
    )
    found.add_argument(
        'out', type=Path, metavar='OUT', help='file to write: .gpkg, .geojson or .parquet'
    )
    found.add_argument(
        '--stack',
        type=Path,
        help='stack the map was made from; without it the fields on ground, '
        'motion and modalities stay empty',
    )
    found.add_argument(
        '--support',
        type=Path,
        help='how much each modality carried the decision, written by predict_scene.py --support; '
        'without it these fields are left out',
    )
    found.add_argument(
        '--threshold',
        type=float,
        default=0.5,
        help='least probability of a landslide pixel (default: %(default)s)',
    )
    found.add_argument(
        '--min-area', type=float, metavar='M2', help='drop smaller landslides (default: 4 pixels)'
    )
    found.add_argument(
        '--fill-area',
        type=float,
        metavar='M2',
        help='fill holes up to this area; 0 fills none (default: 4 pixels)',
    )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the inventory and say what was written."""
    given = parser().parse_args(arguments)
    frame = make_inventory(
        given.probability,
        given.out,
        stack=None if given.stack is None else LayerStack.open(given.stack),
        support=given.support,
        threshold=given.threshold,
        min_area_m2=given.min_area,
        fill_area_m2=given.fill_area,
    )
    if frame.empty:
        print(f'{given.out}: no landslide (no pixel reaches {given.threshold:g}, or all too small)')
        return
    areas = frame['area_m2']
    print(
        f'{given.out}: {len(frame)} landslide{"s" * (len(frame) > 1)}, '
        f'{areas.sum():,.0f} m2 in all, the largest {areas.max():,.0f} m2'
    )


if __name__ == '__main__':
    sys.exit(run_tool(main))
