"""How QGIS draws an inventory: a QML style, graduated by mean probability.

Flow: inventory.schema -> [here] -> inventory.export.
Source: the format is what QGIS 3 itself writes (Layer properties, Style, Save as default); the
properties stand in it twice, as ``Option`` (QGIS 3.26 and later) and as ``prop`` (earlier).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np

from fusionls.inventory.schema import Field

# ColorBrewer YlOrRd, five classes, red green blue
_COLOURS = ((255, 255, 178), (254, 204, 92), (253, 141, 60), (240, 59, 32), (189, 0, 38))
_FILL_ALPHA = 110  # of 255, so that the ground shows through
_OUTLINE = '128,0,38,255'


def qml_style(
    fields: Sequence[Field], threshold: float, attribute: str = 'probability_mean'
) -> str:
    """A QML document for the polygons of an inventory.

    Args:
        fields: Columns, for their aliases.
        threshold: Least probability of a landslide pixel; where the classes start.
        attribute: Field the colour follows, 0 to 1.
    """
    root = ElementTree.Element(
        'qgis', version='3.28.0', styleCategories='Symbology|Fields|Forms', labelsEnabled='0'
    )
    renderer = ElementTree.SubElement(
        root,
        'renderer-v2',
        type='graduatedSymbol',
        attr=attribute,
        graduatedMethod='GraduatedColor',
        symbollevels='0',
        forceraster='0',
        enableorderby='0',
        referencescale='-1',
    )
    ranges = ElementTree.SubElement(renderer, 'ranges')
    symbols = ElementTree.SubElement(renderer, 'symbols')
    steps = np.linspace(threshold, 1, len(_COLOURS) + 1)
    for index, (low, high) in enumerate(itertools.pairwise(steps)):
        ElementTree.SubElement(
            ranges,
            'range',
            # holes that were filled can pull a mean below the threshold
            lower=f'{0 if index == 0 else low:.6f}',
            upper=f'{high:.6f}',
            symbol=str(index),
            label=f'{low:.2f} to {high:.2f}',
            render='true',
        )
        red, green, blue = _COLOURS[index]
        symbols.append(_fill(str(index), f'{red},{green},{blue},{_FILL_ALPHA}'))
    aliases = ElementTree.SubElement(root, 'aliases')
    for index, field in enumerate(fields, start=1):  # 0 is the feature id
        ElementTree.SubElement(
            aliases, 'alias', index=str(index), field=field.name, name=field.alias
        )
    ElementTree.SubElement(root, 'layerGeometryType').text = '2'
    ElementTree.indent(root, ' ')
    body = ElementTree.tostring(root, encoding='unicode')
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{body}\n"


def _fill(name: str, colour: str) -> ElementTree.Element:
    symbol = ElementTree.Element(
        'symbol', type='fill', name=name, alpha='1', clip_to_extent='1', force_rhr='0'
    )
    layer = ElementTree.SubElement(
        symbol, 'layer', {'class': 'SimpleFill', 'enabled': '1', 'locked': '0', 'pass': '0'}
    )
    properties = {
        'color': colour,
        'style': 'solid',
        'outline_color': _OUTLINE,
        'outline_style': 'solid',
        'outline_width': '0.4',
        'outline_width_unit': 'MM',
        'joinstyle': 'round',
    }
    options = ElementTree.SubElement(layer, 'Option', type='Map')
    for key, value in properties.items():
        ElementTree.SubElement(options, 'Option', type='QString', name=key, value=value)
    for key, value in properties.items():
        ElementTree.SubElement(layer, 'prop', k=key, v=value)
    return symbol
