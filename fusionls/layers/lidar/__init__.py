"""Layers derived from point clouds."""
