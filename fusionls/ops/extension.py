"""The module ``mmcv._ext``, found where no compiled one is.

:func:`serve` puts a finder behind all others on ``sys.meta_path``, so that a compiled
``mmcv._ext`` always comes first and Python's own import does the rest (``importlib``,
``pkgutil`` and ``mmcv.utils.ext_loader`` all see a proper module with a proper spec).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torchvision

from fusionls.errors import OperatorNotServedError
from fusionls.ops import attention, deform, focal, nms, roi

NAME = 'mmcv._ext'

_CURE = (
    'Install an mmcv with compiled operators; it then takes their place by itself: '
    'pip install --force-reinstall --no-deps --no-build-isolation --no-binary onedl-mmcv '
    'onedl-mmcv (needs a C++ compiler, setuptools and ninja, about 20 CPU minutes; '
    'FORCE_CUDA=1 before it for GPUs).'
)


def get_compiler_version() -> str:
    """Text that mmcv reports as the compiler of its operators."""
    return f'none: served by fusionls over torchvision {torchvision.__version__}'


def get_compiling_cuda_version() -> str:
    """Text that mmcv reports as the CUDA release its operators were compiled with."""
    return 'not available'


SERVED: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        get_compiler_version,
        get_compiling_cuda_version,
        nms.nms,
        nms.softnms,
        roi.roi_align_forward,
        roi.roi_align_backward,
        roi.roi_pool_forward,
        roi.roi_pool_backward,
        deform.deform_conv_forward,
        deform.deform_conv_backward_input,
        deform.deform_conv_backward_parameters,
        deform.modulated_deform_conv_forward,
        deform.modulated_deform_conv_backward,
        focal.sigmoid_focal_loss_forward,
        focal.sigmoid_focal_loss_backward,
        focal.softmax_focal_loss_forward,
        focal.softmax_focal_loss_backward,
        attention.ms_deform_attn_forward,
        attention.ms_deform_attn_backward,
    )
}


def serve() -> bool:
    """Let ``mmcv._ext`` be found, unless mmcv has a compiled one.

    May be called any number of times. Imports neither mmcv nor anything built on it.

    Returns:
        Whether ``mmcv._ext`` is ours.
    """
    loaded = sys.modules.get(NAME)
    if loaded is not None:
        return isinstance(loaded, ServedOperators)
    if _found_elsewhere():
        return False
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
    return True


class ServedOperators(ModuleType):
    """Stand-in for ``mmcv._ext``: every operator has a callable, some say they are missing.

    mmcv asks for each operator's name as it is imported, long before any is called.
    """

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # Python and its tools probe modules for private names, which must be absent.
        if name.startswith('_'):
            raise AttributeError(f'module {NAME!r} has no attribute {name!r}')

        def not_served(*args: Any, **kwargs: Any) -> Any:
            raise OperatorNotServedError(
                f'mmcv operator {name!r} was called, but this mmcv has no compiled operators '
                f'and fusionls serves only {", ".join(sorted(SERVED))}. {_CURE}'
            )

        not_served.__name__ = name
        return not_served

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *SERVED})


class _Finder(MetaPathFinder, Loader):
    """Finds ``mmcv._ext``, and loads it, where no finder before it does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, origin='fusionls.ops') if fullname == NAME else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return ServedOperators(spec.name, 'Operators of mmcv, served by fusionls.ops.')

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(SERVED)


def _found_elsewhere() -> bool:
    """Whether any other finder has ``mmcv._ext``; looks without importing mmcv."""
    mmcv = _spec('mmcv', None)
    if mmcv is None or mmcv.submodule_search_locations is None:
        return False
    return _spec(NAME, mmcv.submodule_search_locations) is not None


def _spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find_spec = getattr(finder, 'find_spec', None)
        if find_spec is None or isinstance(finder, _Finder):
            continue
        spec = find_spec(name, path, None)
        if spec is not None:
            return spec
    return None
