"""Learning from stacks that nobody has mapped yet."""

from fusionls.models.pretraining.masked_reconstruction import MaskedReconstruction

__all__ = ['MaskedReconstruction']
