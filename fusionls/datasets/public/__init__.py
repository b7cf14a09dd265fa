"""Public landslide data sets, one file each, over the layout as published."""

from fusionls.datasets.public.mars_mmls_v2 import MarsMmlsV2, MarsMmlsV2Dataset

__all__ = ['MarsMmlsV2', 'MarsMmlsV2Dataset']
