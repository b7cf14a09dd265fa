"""Print the class codes of a stack as a config has them: tools/datasets/list_classes.py STACK."""

from __future__ import annotations

import argparse

from fusionls.console import run_tool
from fusionls.datasets.class_shares import class_shares
from fusionls.stack.layer_stack import LayerStack


def main() -> None:
    """Parse arguments, count, print."""
    parser = argparse.ArgumentParser(
        description='Count the classes of every layer of class codes, and print those worth a '
        'channel as `categories` of the data preprocessor.'
    )
    parser.add_argument('stack', help='folder of the stack')
    parser.add_argument(
        '--least-share',
        type=float,
        default=0.0,
        metavar='SHARE',
        help='leave classes out that cover less of the valid pixels, 0 to 1',
    )
    args = parser.parse_args()
    for layer, shares in class_shares(LayerStack.open(args.stack)).items():
        for code, share in shares.items():
            print(f'# {layer} {code:6d} {share:8.3%}')
        kept = [code for code, share in shares.items() if share >= args.least_share]
        print(f'categories = dict({layer}={kept})')


if __name__ == '__main__':
    raise SystemExit(run_tool(main))
