"""A strict YAML file: every value is text with a place, unknown and double keys are errors.

Register maps are read with it; it knows no registers. `yaml` is imported when a file is read, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from drivers.api import OptionError, vendor
from drivers.options import suggestion

LARGEST = 65536

T = TypeVar("T")
Converter = Callable[[str], T]


class Place:
    """A value in a file."""

    def __init__(self, path: Path, node: Any) -> None:
        self.path = path
        self.node = node

    def fault(self, message: str, hint: str = "") -> OptionError:
        """What is wrong here, with file, line and column."""
        mark = self.node.start_mark
        return OptionError("", f"{self.path}:{mark.line + 1}:{mark.column + 1}: {message}", hint)

    def text(self) -> str:
        """A plain value. Raises: OptionError: it is a list or a mapping."""
        if not isinstance(self.node.value, str):
            raise self.fault("a plain value belongs here")
        return self.node.value

    def items(self) -> list[Place]:
        """The entries of a list; anything else is a list of one."""
        if self.node.id == "sequence":
            return [Place(self.path, node) for node in self.node.value]
        return [self]

    def mapping(self) -> Block:
        """A mapping. Raises: OptionError: it is none, or has a key twice."""
        if self.node.id != "mapping":
            raise self.fault("a mapping belongs here")
        return Block(self.path, self.node)

    def convert(self, converter: Converter[T]) -> T:
        """A plain value as something else. Raises: OptionError: what the converter's ValueError says."""
        text = self.text()
        try:
            return converter(text)
        except ValueError as error:
            raise self.fault(str(error)) from error


class Block(Place):
    """A mapping whose keys are taken one by one; `finish` complains about those that nobody took."""

    def __init__(self, path: Path, node: Any) -> None:
        super().__init__(path, node)
        self._values: dict[str, Place] = {}
        self._keys: dict[str, Place] = {}
        self._known: list[str] = []
        for key, value in node.value:
            place = Place(path, key)
            name = place.text()
            if name in self._values:
                raise place.fault(f"{name} stands here twice")
            self._values[name], self._keys[name] = Place(path, value), place

    def take(self, name: str) -> Place | None:
        """The value of a key, or None."""
        self._known.append(name)
        return self._values.get(name)

    def need(self, name: str) -> Place:
        """The value of a key. Raises: OptionError: it is missing."""
        found = self.take(name)
        if found is None:
            raise self.fault(f"{name} is missing")
        return found

    def get(self, name: str, converter: Converter[T], default: T) -> T:
        """The value of a key, converted; without it the default."""
        found = self.take(name)
        return default if found is None else found.convert(converter)

    def names(self) -> list[str]:
        """The keys, in the order of the file."""
        return list(self._values)

    def finish(self) -> None:
        """Raises: OptionError: there are keys that nobody has taken."""
        for name, place in self._keys.items():
            if name not in self._known:
                raise place.fault(f"unknown key {name}", suggestion(name, self._known))


def only(block: Block, names: tuple[str, ...]) -> Block:
    """A mapping of some of a mapping's keys, at the same place; they count as taken from it."""
    part = Block(block.path, _Part(block.node, names))
    for name in names:
        block.take(name)
    return part


class _Part:
    """A mapping node with some of its entries."""

    id = "mapping"

    def __init__(self, node: Any, names: tuple[str, ...]) -> None:
        self.start_mark = node.start_mark
        self.value = [(key, value) for key, value in node.value if key.value in names]


def read(path: Path) -> Block:
    """The mapping that a file holds. Raises: OptionError: it cannot be read, or is no such file."""
    yaml = vendor("yaml")
    try:
        data = path.read_bytes()
        if len(data) > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes")
        node = yaml.compose(data.decode(), yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise OptionError("", f"{path}{where}: {error.problem or 'no YAML'}") from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise OptionError("", f"{path} cannot be read: {reason}") from error
    if node is None:
        raise OptionError("", f"{path} is empty")
    return Place(path, node).mapping()
