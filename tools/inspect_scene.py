"""Say what is in the files of a scene and what is wrong with them, before a stack is built.

Example:
    python tools/inspect_scene.py SCENE.yaml
    python tools/inspect_scene.py dem.tif sentinel2/ velocity.tif
"""

from __future__ import annotations

import argparse
import json
import sys

from fusionls.console import run_tool
from fusionls.errors import InputError
from fusionls.stack.inspection import inspect_files, inspect_scene
from fusionls.stack.inspection.table import inspection_table


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Look at the files of a scene: CRS, pixel, extent, overlap, share and '
        'declaration of nodata, values against units, band order, layout, sign and reference of '
        'InSAR, shift between files. Give one scene description, or rasters and folders as they '
        'are. Exit code 0: nothing is wrong; 1: faults are listed with a cure for each; 2: there '
        'is nothing to look at.'
    )
    parser.add_argument('paths', nargs='+', metavar='PATH', help='SCENE.yaml, or files and folders')
    parser.add_argument('--json', action='store_true', help='print JSON instead of tables')
    parser.add_argument('--faults', action='store_true', help='leave out what is no fault')
    return parser.parse_args(arguments)


def main() -> int:
    """Inspect and print."""
    arguments = parsed()
    described = [p for p in arguments.paths if p.endswith(('.yaml', '.yml'))]
    if described and len(arguments.paths) > 1:
        raise InputError(
            f'{", ".join(arguments.paths)}: give one scene description, or files and folders'
        )
    inspection = inspect_scene(described[0]) if described else inspect_files(arguments.paths)
    if arguments.json:
        print(json.dumps(inspection.to_json(), indent=1))
    else:
        print(inspection_table(inspection, notes=not arguments.faults), end='')
    return inspection.exit_code


if __name__ == '__main__':
    sys.exit(run_tool(main))
