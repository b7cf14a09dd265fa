"""Co-register the products of a scene into a stack.

Example:
    python tools/build_stack.py work_dirs/valley/SCENE.yaml work_dirs/valley/stack
"""

from __future__ import annotations

import argparse
import sys

from fusionls.console import progress_bar, run_tool
from fusionls.stack import LayerStack, build_stack


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Co-register optical, terrain, InSAR and LiDAR rasters of one scene, and the '
        'landslides mapped there, into a stack: one GeoTIFF per modality at its own pixel size, '
        'with valid masks. Nothing is written under OUT before everything is done.'
    )
    parser.add_argument('scene', metavar='SCENE.yaml', help='description of the scene')
    parser.add_argument('out', metavar='OUT', help='folder of the stack')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace a stack that stands in OUT'
    )
    parser.add_argument('--quiet', action='store_true', help='show no progress bar')
    return parser.parse_args(arguments)


def report(stack: LayerStack) -> str:
    """What was written, one line per modality."""
    lines = [f'{stack.folder}: {stack.name}{" (simulated)" if stack.simulated else ""}']
    lines.append(f'  base grid  {stack.grid}')
    width = max(len(name) for name in stack.modalities)
    for name, modality in stack.modalities.items():
        share = stack.manifest.modalities[name].valid_share
        lines.append(
            f'  {name:{width}}  pixel {modality.grid.pixel:g} m (factor {modality.factor}), '
            f'valid {share:.1%}: {", ".join(modality.layers)}'
        )
    if stack.has_labels:
        lines.append(f'  {"labels":{width}}  {stack.manifest.labels}')
    return '\n'.join(lines)


def main() -> int:
    """Build a stack and say what it holds."""
    arguments = parsed()
    with progress_bar('looking at the files', shown=not arguments.quiet) as bar:
        stack = build_stack(arguments.scene, arguments.out, arguments.overwrite, bar.report)
    print(report(stack))
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
