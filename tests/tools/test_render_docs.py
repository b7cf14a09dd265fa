from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_pages_are_those_of_the_catalogue_and_the_readers():
    done = subprocess.run(
        [sys.executable, ROOT / 'tools/dev/render_docs.py', '--check'],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f'{done.stdout}run tools/dev/render_docs.py'


def test_every_derived_layer_states_formula_and_source():
    from fusionls.layers.catalog import CATALOG

    silent = [
        name
        for name, spec in CATALOG.items()
        if spec.derivation is not None and not (spec.formula and spec.source)
    ]
    assert silent == []


def test_every_option_of_every_product_is_explained():
    import importlib.util

    spec = importlib.util.spec_from_file_location('render_docs', ROOT / 'tools/dev/render_docs.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    from fusionls.sources.products import PRODUCTS

    silent = [
        f'{product.name}.{option}'
        for product in PRODUCTS.values()
        for option in product.options
        if not tool._told(product)[1].get(option)
    ]
    assert silent == []
