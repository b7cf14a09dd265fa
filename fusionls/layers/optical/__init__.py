"""Layers derived from optical bands."""
