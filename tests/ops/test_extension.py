import importlib
import pkgutil
import subprocess
import sys
import textwrap
from types import ModuleType

import pytest
import torch

from fusionls import ops
from fusionls.errors import OperatorNotServedError
from fusionls.ops import extension

served_here = pytest.mark.skipif(not ops.serve(), reason='mmcv has its compiled operators here')


def run_python(code):
    command = [sys.executable, '-c', textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def compiled_mmcv(tmp_path):
    """Folder with an mmcv that has a module ``_ext`` of its own."""
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').write_text('')
    (package / '_ext.py').write_text('maker = "compiler"')
    return tmp_path


def test_a_compiled_mmcv_is_left_alone(compiled_mmcv):
    code = f"""
        import sys
        sys.path.insert(0, {str(compiled_mmcv)!r})
        from fusionls import ops
        print(ops.serve(), 'mmcv' in sys.modules)
        import mmcv._ext
        print(mmcv._ext.maker, ops.serve())
    """
    assert run_python(code) == ['False', 'False', 'compiler', 'False']


@served_here
def test_serving_imports_no_openmmlab_and_a_compiled_mmcv_that_comes_later_comes_first(
    compiled_mmcv,
):
    code = f"""
        import sys
        from fusionls import ops
        print(ops.serve())
        print([name for name in sys.modules if name.startswith(('mmc', 'mmd', 'mms', 'mme'))])
        sys.path.insert(0, {str(compiled_mmcv)!r})
        import mmcv._ext
        print(mmcv._ext.maker, ops.serve())
    """
    assert run_python(code) == ['True', '[]', 'compiler', 'False']


def test_serving_where_mmcv_is_missing_does_no_harm(monkeypatch):
    monkeypatch.setattr(sys, 'meta_path', [])
    monkeypatch.delitem(sys.modules, 'mmcv._ext', raising=False)
    assert ops.serve()
    assert len(sys.meta_path) == 1


def test_a_module_already_loaded_by_another_is_left_alone(monkeypatch):
    compiled = ModuleType('mmcv._ext')
    monkeypatch.setitem(sys.modules, 'mmcv._ext', compiled)
    assert not ops.serve()
    assert sys.modules['mmcv._ext'] is compiled


@served_here
def test_serving_twice_changes_nothing():
    before = importlib.import_module('mmcv._ext')
    finders = list(sys.meta_path)
    assert ops.serve()
    assert ops.serve()
    assert importlib.import_module('mmcv._ext') is before
    assert sys.meta_path == finders


@served_here
def test_python_and_mmcv_find_a_proper_module():
    from mmcv.utils.ext_loader import check_ops_exist, load_ext

    spec = importlib.util.find_spec('mmcv._ext')
    module = importlib.import_module('mmcv._ext')
    assert spec.loader is not None
    assert check_ops_exist()
    assert load_ext('_ext', ['nms', 'any_name_mmcv_may_ask_for']) is module
    assert importlib.reload(module) is module
    assert set(extension.SERVED) <= set(dir(module))
    assert not hasattr(module, '__path__')
    assert 'mmcv._ext' not in [found.name for found in pkgutil.iter_modules(prefix='mmcv.')]


@served_here
def test_an_operator_not_served_names_itself_and_the_cure():
    from mmcv.ops import nms_rotated

    with pytest.raises(OperatorNotServedError) as caught:
        nms_rotated(torch.rand(2, 5), torch.rand(2), 0.5)
    message = str(caught.value)
    assert "'nms_rotated'" in message
    assert 'pip install' in message
    assert 'softnms' in message


@served_here
def test_mmcvs_report_of_its_environment_says_who_serves():
    from mmcv.ops import get_compiler_version, get_compiling_cuda_version

    assert 'fusionls' in get_compiler_version()
    assert get_compiling_cuda_version() == 'not available'
