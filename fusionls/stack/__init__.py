"""EVERYTHING CO-REGISTERED: build a stack from a scene description, and read it.

Imports neither torch nor mm*.
"""

from fusionls.sources.mapped_landslides import UNMAPPED
from fusionls.stack.build import build_stack
from fusionls.stack.layer_stack import LayerStack, StackModality
from fusionls.stack.store import ModalityArrays, write_stack

__all__ = [
    'UNMAPPED',
    'LayerStack',
    'ModalityArrays',
    'StackModality',
    'build_stack',
    'write_stack',
]
