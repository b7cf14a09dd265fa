"""Write the pages of docs/ that the catalogue, the readers and the data sets say themselves.

Example:
    python tools/dev/render_docs.py [--check]
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path

from fusionls.datasets.public import CARDS, DataSetCard
from fusionls.layers.catalog import CATALOG, layer_spec, modality_of
from fusionls.layers.spec import LayerSpec, Parameter
from fusionls.sources.products import PRODUCTS, RASTER, Product

DOCS = Path(__file__).parents[2] / 'docs'
LAYERS_HEAD = """# Layers

Made from `fusionls/layers/*/catalog.py` by `tools/dev/render_docs.py`; do not edit.

A name is `<modality>_<quantity>[_<parameter>...][_<qualifier>]`. A parameter is a number in the
name: `terrain_hillshade_az90`, `terrain_tpi_r50`, `_r2p5` for 2.5. A qualifier (`_asc`, `_2021`)
tells layers of one kind apart; the layers that one is derived from carry it too. *Kind* says how a
layer answers resampling and flips (see [conventions](conventions.md)). A layer that is derived
is named under `derive:` of its modality; what it is derived from may belong to another modality.
"""


PRODUCTS_HEAD = """# Products

Made from the readers in `fusionls/sources` by `tools/dev/render_docs.py`; do not edit.

A source of a scene description is one product:

```yaml
modalities:
  insar:
    sources:
      - {product: mintpy, file: velocity.h5, geometry: geometryGeo.h5, track: asc}
```

Without `product` it is a raster. `file` names its file or folder; `files` several of them, or
patterns such as `tiles/*.laz`. Everything else is an option of the product. Whatever a product
counts in, a stack holds metres, degrees, metres per year, and motion that is positive toward the
satellite.
"""


DATASETS_HEAD = """# Data sets

Made from the cards in `fusionls/datasets/public` by `tools/dev/render_docs.py`; do not edit.

Each set is one base in `configs/_base_/datasets`. `root` is looked for as given, under
`$FUSIONLS_REAL_DATA` and under `data/`. A download is checked by

    python tools/datasets/prepare.py NAME [ROOT] [--checksums FILE]

which counts the tiles, reads every file, and says at once what is missing, damaged or does not fit.
Labels are 1 landslide, 0 none, 255 does not count, whatever a mask holds (`codes`). Without
`split_file`, `held_out` or `folds` the split is the published one. Layers called `_scaled` hold
numbers of their publisher's making.

"""


def layers_page() -> str:
    """docs/layers.md as it should be."""
    by_modality: dict[str, list[LayerSpec]] = {}
    for spec in CATALOG.values():
        by_modality.setdefault(modality_of(spec.name), []).append(spec)
    lines = [LAYERS_HEAD]
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


def products_page() -> str:
    """docs/products.md as it should be."""
    lines = [PRODUCTS_HEAD]
    for product in PRODUCTS.values():
        summary, arguments = _told(product)
        files = '`files`' if product.takes_files else '`file`'
        if product.name == RASTER:
            files += ', or `files` of the same layers side by side (the first on top)'
        lines += [f'## {product.name}', '', f'{summary} Read from {files}.', '']
        lines += ['| option | type | default | meaning |', '|---|---|---|---|']
        for name, parameter in inspect.signature(product.reader).parameters.items():
            if name not in product.options:
                continue
            default = parameter.default
            shown = '' if default is parameter.empty else f'`{default!r}`'
            if default is None:
                shown = ''
            kind = product.expects(name).replace('|', r'\|')
            meaning = arguments.get(name, '').replace('|', r'\|')
            lines.append(f'| `{name}` | {kind} | {shown} | {meaning} |')
        lines.append('')
    return '\n'.join(lines)


def datasets_page() -> str:
    """docs/datasets.md as it should be."""
    head = [
        '| set | adapter | tiles | pixel | landslide | tested on |',
        '|---|---|---|---|---|---|',
    ]
    rows = []
    for card in CARDS.values():
        count = sum(card.counts.values())
        cells = (
            f'[{card.title}](#{card.name})',
            f'`{card.dataset}`',
            f'{count:,}' if count else '',
            card.pixel,
            card.balance,
            card.tested_on,
        )
        rows.append(f'| {" | ".join(cells)} |')
    parts = ['\n'.join(_section(card)) for card in CARDS.values()]
    return DATASETS_HEAD + '\n'.join([*head, *rows, '']) + '\n' + '\n'.join(parts)


def _section(card: DataSetCard) -> list[str]:
    """Everything a card says."""
    counts = ', '.join(f'`{name}` {count:,}' for name, count in card.counts.items() if name)
    told = {
        'Tiles': f'{card.size}, pixels of {card.pixel}',
        'Published numbers': counts,
        'Nodata': card.nodata,
        'Landslide': card.balance,
        'Splits': card.splits,
        'Taken care of': card.traps,
        'Licence': card.licence,
        'Cite': card.citation,
        'From': card.download,
        'Layout taken from': card.layout_from,
        'Tested on': card.tested_on,
    }
    layers = [
        f'| {modality} | `{name}` | {_unit(name)} | {place} |'
        for modality, names in card.layers.items()
        for name, place in names.items()
    ]
    return [
        f'## {card.name}',
        '',
        f'{card.title}. {card.about}',
        '',
        '```',
        card.tree,
        '```',
        '',
        *(f'- **{name}.** {text}' for name, text in told.items() if text not in ('', '-')),
        '',
        '| modality | layer | unit | in the files |',
        '|---|---|---|---|',
        *layers,
        '',
    ]


def _unit(layer: str) -> str:
    return '' if layer.startswith('(') else layer_spec(layer).quantity.unit


def _told(product: Product) -> tuple[str, dict[str, str]]:
    """What a reader's docstring says: its first paragraph, and each argument."""
    text = inspect.getdoc(product.reader) or ''
    summary = ' '.join(text.partition('\n\n')[0].split())
    listed = re.search(r'^Args:\n(.*?)(?:\n\n\S|\Z)', text, re.S | re.M)
    arguments: dict[str, str] = {}
    name = ''
    for line in listed[1].splitlines() if listed else ():
        found = re.match(r' {4}(\w+): (.*)', line)
        if found:
            name = found[1]
            arguments[name] = found[2].strip()
        elif name:
            arguments[name] += ' ' + line.strip()
    return summary, arguments


PAGES = {'layers.md': layers_page, 'products.md': products_page, 'datasets.md': datasets_page}


def main() -> int:
    """Write the pages; with --check only say whether they are as they should be."""
    parser = argparse.ArgumentParser(
        description='Write the pages of docs/ that are made from code.'
    )
    parser.add_argument('--check', action='store_true', help='write nothing; 1 if out of date')
    check = parser.parse_args().check
    stale = 0
    for name, render in PAGES.items():
        page, path = render(), DOCS / name
        if not check:
            path.write_text(page, encoding='utf-8')
        elif not path.is_file() or path.read_text(encoding='utf-8') != page:
            print(f'docs/{name} is out of date')
            stale = 1
    return stale


if __name__ == '__main__':
    sys.exit(main())
