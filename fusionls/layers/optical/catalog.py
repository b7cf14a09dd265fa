"""Layers of optical images: what sources hold, and what is derived from it."""

from __future__ import annotations

from fusionls.layers.spec import LayerSpec, measured

OPTICAL_LAYERS: tuple[LayerSpec, ...] = (
    measured('optical_red', 'digital_number', 'red, as delivered (reflectance or counts)'),
    measured('optical_green', 'digital_number', 'green, as delivered'),
    measured('optical_blue', 'digital_number', 'blue, as delivered'),
    measured('optical_nir', 'digital_number', 'near infrared, as delivered'),
    measured('optical_grey', 'digital_number', 'panchromatic or grey image, as delivered'),
)
