from __future__ import annotations

import argparse
import inspect

import pytest

from fusionls import apis
from fusionls.console import add_scene_arguments, progress_bar, run_tool, scene_options
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


@pytest.mark.parametrize('verb', [apis.predict_scene, apis.detect_scene])
def test_options_of_a_scene_are_those_of_the_verbs_with_their_defaults(verb):
    parser = argparse.ArgumentParser()
    add_scene_arguments(parser, 'file to write')
    options = scene_options(parser.parse_args(['a.py', 'a.pth', 'valley', 'out']))
    taken = inspect.signature(verb).parameters
    assert options == {name: taken[name].default for name in options}
    assert len(options) == 5
