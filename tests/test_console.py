from __future__ import annotations

import pytest

from fusionls.console import progress_bar, run_tool
from fusionls.errors import SceneError


def test_an_error_we_explain_ends_in_its_text_and_exit_code_2(capsys):
    def fails() -> int:
        raise SceneError('a.tif: no such file')

    assert run_tool(fails) == 2
    assert capsys.readouterr().err == 'error: a.tif: no such file\n'


def test_an_error_we_do_not_explain_keeps_its_traceback():
    def fails() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_tool(fails)


def test_an_interrupt_ends_in_exit_code_130():
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert run_tool(interrupted) == 130


def test_the_exit_code_of_the_tool_is_kept_and_none_means_0():
    assert run_tool(lambda: 7) == 7
    assert run_tool(lambda: None) == 0


def test_progress_is_shown_on_standard_error_only(capsys):
    with progress_bar('mapping', 2) as bar:
        bar.advance()
        bar.report(4, 4, 'writing')
    shown = capsys.readouterr()
    assert shown.out == ''
    assert 'writing' in shown.err
    assert '4/4' in shown.err
