"""The merged profile, value by value, with where each came from; for `station check --explain`.

Secrets are masked, and so is every value of a variable that came from a file or the environment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from station.config.context import absolute
from station.config.nodes import ListNode, Node, Path, ScalarNode, find, spell
from station.config.profile_file import Loaded
from station.config.secret import Secret
from station.config.types import IsFile, Unit

_MASK = "***"


@dataclass(frozen=True, slots=True)
class Explained:
    """One value: its path in the profile, as text, and its source (`profile.yaml:3:8`, `--csms`, `default`, …)."""

    path: str
    value: str
    source: str


def explain(loaded: Loaded) -> list[Explained]:
    """Every value of a profile in the order of the blocks; what is left out and has no default is not listed."""
    entries = list(_block(loaded, loaded.model, ()))
    if not loaded.profile.csms.security.check_chain:
        entries.append(Explained("csms.security.verify", "neither chain nor host name", "--insecure"))
    if loaded.profile.control.stdio:
        entries.append(Explained("control.lines", "stdio", "--control"))
    return entries


def _block(loaded: Loaded, block: BaseModel, path: Path) -> Iterator[Explained]:
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        if any(isinstance(item, IsFile) for item in _metadata(field)):
            value = _in_full(loaded, value)
        yield from _value(loaded, value, (*path, name), _unit(field))


def _value(loaded: Loaded, value: object, path: Path, unit: str) -> Iterator[Explained]:
    derived = loaded.derived.get(spell(path))
    if value is None:
        if derived is not None:
            yield Explained(spell(path), derived[0], f"default: {derived[1]}")
        return
    if isinstance(value, BaseModel):
        yield from _block(loaded, value, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _value(loaded, item, (*path, key), "")
    elif isinstance(value, list) and any(isinstance(item, BaseModel | dict) for item in value):
        for index, item in enumerate(value):
            yield from _value(loaded, item, (*path, index), "")
    else:
        node = find(loaded.root, path)
        text = _MASK if path[0] == "variables" and _hides(node) else _text(value, unit)
        yield Explained(spell(path), text, _source(node))


def _hides(node: Node | None) -> bool:
    if isinstance(node, ListNode):
        return any(_hides(item) for item in node.items)
    return isinstance(node, ScalarNode) and bool(node.origin)


def _source(node: Node | None) -> str:
    if node is None:
        return "default"
    origin = node.origin if isinstance(node, ScalarNode) else ""
    return f"{node.position} ({origin})" if origin else str(node.position)


def _text(value: object, unit: str) -> str:
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.12g} {unit}".strip()
    if isinstance(value, list):
        return "[" + ", ".join(_text(item, unit) for item in value) + "]"
    text = str(value)
    address, question, _ = text.partition("?")
    return f"{address}?…" if question and "://" in address else text  # tokens live in the query


def _in_full(loaded: Loaded, value: object) -> object:
    if isinstance(value, list):
        return [_in_full(loaded, item) for item in value]
    if not isinstance(value, str) or value == "memory":
        return value
    return str(absolute(value, loaded.profile.base))


def _unit(field: FieldInfo) -> str:
    return next((item.symbol for item in _metadata(field) if isinstance(item, Unit)), "")


def _metadata(field: FieldInfo) -> list[Any]:
    return [*field.metadata, *_nested(field.annotation)]


def _nested(annotation: Any) -> list[Any]:
    """The metadata inside a union such as `Current | None`."""
    found: list[Any] = list(getattr(annotation, "__metadata__", ()))
    for argument in get_args(annotation):
        if hasattr(argument, "__metadata__"):
            found.extend(argument.__metadata__)
    return found
