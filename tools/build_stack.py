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
        description='Co-register the optical, terrain, InSAR and LiDAR products of one scene, as '
        'they were delivered, and the landslides mapped there, into a stack: one GeoTIFF per '
        'modality at its own pixel size, with valid masks. Nothing is written under OUT before '
        'everything is done.'
    )
    parser.add_argument('scene', metavar='SCENE.yaml', help='description of the scene')
    parser.add_argument('out', metavar='OUT', help='folder of the stack')
    parser.add_argument(
        '--overwrite', action='store_true', help='replace a stack that stands in OUT'
    )
    parser.add_argument(
        '--fix-shift',
        action='store_true',
        help='move modalities that lie beside the others onto them (the shift is measured and '
        'reported in any case)',
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
    found = stack.manifest.coregistration or {}
    for name, (east, north) in found.get('moved', {}).items():
        lines.append(f'  {name:{width}}  moved by {east:+.2f} m east, {north:+.2f} m north')
    return '\n'.join(lines)


def warnings(stack: LayerStack) -> list[str]:
    """What the co-registration check warns of, after moves if there were any."""
    found = stack.manifest.coregistration or {}
    return list(found.get('left', found.get('measured', {})).get('warnings', []))


def main() -> int:
    """Build a stack and say what it holds."""
    arguments = parsed()
    with progress_bar('looking at the files', shown=not arguments.quiet) as bar:
        stack = build_stack(
            arguments.scene,
            arguments.out,
            arguments.overwrite,
            bar.report,
            fix_shift=arguments.fix_shift,
        )
    print(report(stack))
    for text in warnings(stack):
        print(f'warning: {text}', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(run_tool(main))
