"""Landslide mapping by fusing what different sensors see.

Importing ``fusionls`` imports nothing heavy; take what you need from its rooms
(``fusionls.geo``, ``fusionls.stack``, ``fusionls.models``, ...) or use the verbs in
``fusionls.apis``.
"""

__version__ = '0.1.0'
