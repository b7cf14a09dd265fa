"""Write docs/layers.md from the catalogue of layers.

Example:
    python tools/dev/render_layers.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fusionls.layers.catalog import CATALOG, modality_of
from fusionls.layers.spec import LayerSpec, Parameter

PAGE = Path(__file__).parents[2] / 'docs' / 'layers.md'
HEAD = """# Layers

Made from `fusionls/layers/*/catalog.py` by `tools/dev/render_layers.py`; do not edit.

A name is `<modality>_<quantity>[_<parameter>...][_<qualifier>]`. A parameter is a number in the
name: `terrain_hillshade_az90`, `terrain_tpi_r50`, `_r2p5` for 2.5. A qualifier (`_asc`, `_2021`)
tells layers of one kind apart; the layers that one is derived from carry it too. *Kind* says how a
layer answers resampling and flips (see [conventions](conventions.md)). A layer that is derived
is named under `derive:` of its modality; what it is derived from may belong to another modality.
"""


def rendered() -> str:
    """The page as it should be."""
    by_modality: dict[str, list[LayerSpec]] = {}
    for spec in CATALOG.values():
        by_modality.setdefault(modality_of(spec.name), []).append(spec)
    lines = [HEAD]
    for modality, specs in by_modality.items():
        lines += [
            f'## {modality}',
            '',
            '| layer | unit | kind | range | meaning | derived from | formula | source |',
            '|---|---|---|---|---|---|---|---|',
            *(_row(spec) for spec in specs),
            '',
        ]
    return '\n'.join(lines)


def _row(spec: LayerSpec) -> str:
    derivation = spec.derivation
    needs = '' if derivation is None else ', '.join(f'`{need}`' for need in derivation.needs)
    meaning = spec.meaning
    if derivation is not None and derivation.parameters:
        said = '; '.join(_parameter(name, p) for name, p in derivation.parameters.items())
        meaning = f'{meaning} ({said})'
    if derivation is not None and derivation.whole:
        meaning += '; needs the whole scene in memory'
    cells = (
        f'`{spec.name}`',
        spec.quantity.unit,
        spec.quantity.kind.value,
        _range(spec.least, spec.most),
        meaning,
        needs,
        spec.formula,
        spec.source,
    )
    return '| ' + ' | '.join(cell.replace('|', r'\|') for cell in cells) + ' |'


def _parameter(name: str, parameter: Parameter) -> str:
    return f'`{name}`: {parameter.meaning}, {parameter.default:g} by default'


def _range(least: float | None, most: float | None) -> str:
    if least is None and most is None:
        return ''
    low = '' if least is None else f'{least:g}'
    high = '' if most is None else f'{most:g}'
    return f'{low} to {high}'.strip() if low else f'up to {high}'


def main() -> int:
    """Write the page; with --check only say whether it is as it should be."""
    parser = argparse.ArgumentParser(description='Write docs/layers.md from the catalogue.')
    parser.add_argument(
        '--check', action='store_true', help='write nothing; 1 if it is out of date'
    )
    page = rendered()
    if parser.parse_args().check:
        same = PAGE.is_file() and PAGE.read_text(encoding='utf-8') == page
        print(f'{PAGE}: {"as it should be" if same else "out of date"}')
        return 0 if same else 1
    PAGE.write_text(page, encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
