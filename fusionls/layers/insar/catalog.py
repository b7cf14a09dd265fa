"""Layers of radar interferometry: what sources hold, and what is derived from it."""

from __future__ import annotations

from fusionls.layers.spec import LayerSpec, measured

INSAR_LAYERS: tuple[LayerSpec, ...] = (
    measured('insar_velocity_los', 'm/yr', 'line-of-sight velocity, positive toward the satellite'),
    measured('insar_coherence', '1', 'temporal or interferometric coherence', 0, 1),
)
