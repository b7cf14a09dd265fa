"""Airborne laser scanning: point clouds as delivered, gridded on any pixels."""
