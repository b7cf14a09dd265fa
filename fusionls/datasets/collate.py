"""Samples into a batch as two lists: mmengine's own collating needs equal keys in all samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fusionls.registry import FUNCTIONS


@FUNCTIONS.register_module()
def sample_list(samples: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Keep each sample's dict of modalities as it is; modalities may differ between samples."""
    return {key: [sample[key] for sample in samples] for key in samples[0]}
