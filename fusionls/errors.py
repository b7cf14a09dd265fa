"""Every error fusionls raises on purpose: named for the fact, with the cure in its text.

Each class also inherits the standard class a caller would expect (``ValueError``,
``OSError``, ...). Where several things are wrong, :func:`raise_together` says all of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class FusionlsError(Exception):
    """Root of the tree: something fusionls can explain."""


class InputError(FusionlsError, ValueError):
    """What was given cannot be used; the text says why and what to do."""


class SceneError(InputError):
    """A scene description (``SCENE.yaml``) or the files it names cannot become a stack."""


class FileMissingError(InputError, FileNotFoundError):
    """A file that was named does not exist."""


class NotARasterError(InputError, OSError):
    """A file that should be a raster cannot be opened as one."""


class CrsMissingError(InputError):
    """A raster or a polygon file does not say where it is."""


class RotatedRasterError(InputError):
    """A raster whose rows do not run west to east (rotated, sheared or south-up)."""


class ProductError(InputError):
    """A file is not of the product it is said to be, or lacks what that product must hold."""


class RadarCoordinatesError(ProductError):
    """An InSAR product that was not geocoded: its pixels are in radar range and azimuth."""


class PointCloudError(InputError):
    """A point cloud that cannot be read, or holds nothing of use."""


class GridMismatchError(InputError):
    """Layers that should lie on one grid do not."""


class NoOverlapError(InputError):
    """A layer has no pixel inside the scene."""


class AllInvalidError(InputError):
    """A layer has no valid pixel inside the scene."""


class BandCountError(InputError):
    """A file holds another number of bands than was declared."""


class UnitUnknownError(InputError):
    """A unit fusionls does not know, or that does not fit the layer."""


class LayerUnknownError(InputError):
    """A layer name that is not in the catalogue and was not declared."""


class LayerMissingError(InputError, KeyError):
    """A layer or modality that was asked for is not there."""

    __str__ = Exception.__str__  # KeyError would print the repr, with escaped line breaks


class LabelError(InputError):
    """A mask or label raster holds what a mask cannot hold."""


class SplitError(InputError):
    """Tiles cannot be split as asked (an empty side, or a leak between the sides)."""


class SplitLeakageError(SplitError):
    """Ground or pictures of training are in validation or test too."""


class SplitLeakageWarning(UserWarning):
    """A split from which scores come out too good; used knowingly."""


class DataSetError(InputError):
    """Files of a data set are missing, damaged, or do not fit each other; all are named."""


class DataSetWarning(UserWarning):
    """The numbers in the files of a data set speak against what was said of them."""


class StackError(InputError):
    """A folder is not a stack, or its parts do not agree."""


class NoModalityError(InputError):
    """A sample or a scene has no modality at all, so nothing can be predicted."""


class CheckpointMismatchError(InputError):
    """A checkpoint was made for other modalities, layers or another model."""


class UnsafeCheckpointError(FusionlsError):
    """A checkpoint would run code when loaded."""


class ExtraMissingError(FusionlsError, ModuleNotFoundError):
    """An optional package is needed that is not installed."""


class OutputError(FusionlsError, OSError):
    """A result could not be written; nothing stands under its final name."""


class OperatorNotServedError(FusionlsError, NotImplementedError):
    """A compiled mmcv operator was called that fusionls has no substitute for."""


def raise_together(
    kind: type[FusionlsError], headline: str, problems: Sequence[str], cure: str = ''
) -> None:
    """Raise one ``kind`` that lists every problem; do nothing where there is none.

    Args:
        kind: The error class to raise.
        headline: What was being tried, without a full stop.
        problems: One text per problem: what was found and what was expected.
        cure: What to do about it, if one sentence serves all problems.

    Raises:
        FusionlsError: ``kind``, if ``problems`` is not empty.
    """
    if not problems:
        return
    lines = [f'{headline} ({len(problems)} problem{"s" * (len(problems) > 1)}):']
    lines += [f'  - {problem}' for problem in problems]
    if cure:
        lines.append(cure)
    raise kind('\n'.join(lines))


def nearest_names(name: str, known: Iterable[str]) -> str:
    """Name the known names closest to ``name``, or all of them, for an error text."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f'did you mean {", ".join(close)}?' if close else f'known: {", ".join(known)}'
