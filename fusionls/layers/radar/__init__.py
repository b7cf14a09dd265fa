"""Layers derived from radar backscatter."""
