"""Line-of-sight geometry, and the motion of the ground behind it."""
