"""Counting, in plain numpy: pixels and objects, pooled over tiles or scenes.

Imports neither torch nor mm*; ``fusionls.evaluation.metrics`` puts it into mmengine.
"""
