"""Placeholder of the co-registration helper: replace whole."""

from __future__ import annotations

from typing import Any

from fusionls.stack.layer_stack import LayerStack


class CoregistrationReport:
    """Nothing measured."""

    moves: dict[str, tuple[float, float]] = {}

    def to_json(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def coregistration(stack: LayerStack) -> CoregistrationReport:
    """Nothing measured."""
    return CoregistrationReport()
