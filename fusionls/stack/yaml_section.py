"""Take a YAML mapping apart and note everything that is wrong with it, with its place.

Flow: SCENE.yaml -> [here] -> stack.scene.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pyproj
import yaml

from fusionls.errors import FusionlsError, nearest_names


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping of the file; raises where a key stands twice."""
        seen: set[Any] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'key {key.value!r} stands twice', key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class Section:
    """A mapping of the file that is taken apart; notes what is wrong with it."""

    def __init__(self, content: Any, where: str, known: str, problems: list[str]) -> None:
        self.where = where
        self._problems = problems
        self._content: Mapping[Any, Any] = content if isinstance(content, Mapping) else {}
        if not isinstance(content, Mapping):
            self.note(f'expected a mapping with {known.replace(" ", ", ")}; got {content!r}')
        for key in self._content:
            if key not in known.split():
                self.note(f'key {key!r} is unknown; {nearest_names(str(key), known.split())}')

    def note(self, problem: str) -> None:
        """Note a problem with its place."""
        self._problems.append(f'{self.where}: {problem}' if self.where else problem)

    def take(self, key: str, read: Callable[[Any], Any], expected: str, default: Any = None) -> Any:
        """The value of ``key``, read; ``default`` where it is absent, null or wrong."""
        value = self._content.get(key)
        if value is None:
            return default
        try:
            return read(value)
        except FusionlsError as error:
            self.note(f'{key}: {error}')
        except (TypeError, ValueError):
            self.note(f'{key}: got {value!r}, expected {expected}')
        return default

    def need(self, key: str, read: Callable[[Any], Any], expected: str, default: Any) -> Any:
        """As :meth:`take`; that it is absent is noted."""
        if self._content.get(key) is None:
            self.note(f'{key} is missing; expected {expected}')
        return self.take(key, read, expected, default)

    def raw(self, key: str) -> Any:
        """The value of ``key`` as it stands, or None."""
        return self._content.get(key)


def text(value: Any) -> str:
    """A text; a number is taken as written."""
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value == '':
        raise TypeError
    return str(value)


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(text(item) for item in sequence(value))


def sequence(value: Any) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise TypeError
    return value


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def number(value: Any) -> float:
    """A number; YAML reads 1e-3 as a text."""
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def whole(value: Any) -> int:
    """A whole number."""
    found = number(value)
    if found != int(found):
        raise ValueError
    return int(found)


def positive(value: Any) -> float:
    """A number > 0."""
    found = number(value)
    if not 0 < found < float('inf'):
        raise ValueError
    return found


def reference_system(value: Any) -> pyproj.CRS:
    """A coordinate reference system."""
    try:
        return pyproj.CRS.from_user_input(value)
    except pyproj.exceptions.CRSError as error:
        raise ValueError from error
