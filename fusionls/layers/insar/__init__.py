"""Line-of-sight geometry, and the motion of the ground behind it."""

from fusionls.layers.insar.line_of_sight import (
    displacement_toward,
    los_from_angles,
    los_from_enu,
    los_from_heading,
    los_from_look_vector,
)

__all__ = [
    'displacement_toward',
    'los_from_angles',
    'los_from_enu',
    'los_from_heading',
    'los_from_look_vector',
]
