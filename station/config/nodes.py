"""The tree between text and meaning: scalars stay text, and everything knows where it was written.

Not YAML's own types: `00123456`, `12:30:45` and `off` are texts here until the type that receives them says otherwise.
The loader makes these trees, flags are laid over them, pydantic reads them through `to_plain`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from station.config.errors import ConfigError, Position

_EMPTY: Final = frozenset({"", "~"})
_MAX_DEPTH: Final = 32


@dataclass(slots=True)
class ScalarNode:
    """A text.

    Args:
        plain: written without quotes, so that nothing at all means "left out".
        origin: where the text really came from (`environment CSMS_PASSWORD`, `file token`); such a value is never
            shown in an error.
    """

    text: str
    position: Position
    plain: bool = True
    origin: str = ""


@dataclass(slots=True)
class ListNode:
    """A list of nodes."""

    items: list["Node"]
    position: Position


@dataclass(slots=True)
class MapNode:
    """A mapping; `keys` holds the position of each key, `values` the nodes. A key whose value is not known for a
    mistake in it (a secret that is missing) has a position and no node."""

    position: Position
    values: dict[str, "Node"] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)

    def put(self, key: str, position: Position, value: "Node") -> None:
        """Set a key, replacing what was there."""
        self.values[key] = value
        self.keys[key] = position


Node = ScalarNode | ListNode | MapNode
Path = tuple[str | int, ...]


class Text(str):
    """A scalar on its way through pydantic; `hidden` keeps it out of error messages."""

    hidden: bool = False


def to_plain(node: Node) -> object:
    """Dicts, lists and texts for pydantic; a scalar that was left empty is None."""
    if isinstance(node, MapNode):
        return {key: to_plain(value) for key, value in node.values.items()}
    if isinstance(node, ListNode):
        return [to_plain(item) for item in node.items]
    if node.plain and node.text in _EMPTY and not node.origin:
        return None
    text = Text(node.text)
    text.hidden = bool(node.origin)
    return text


def from_plain(value: object, position: Position, depth: int = 0) -> Node:
    """A tree of what a program or another YAML file hands over; a tree is passed through.

    Raises:
        ConfigError: for something that is neither mapping, list, text, number, bool nor None, or too deep.
    """
    if isinstance(value, ScalarNode | ListNode | MapNode):
        return value
    if depth > _MAX_DEPTH:
        raise ConfigError.at(position, f"nested more than {_MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        mapping = MapNode(position)
        for key, item in value.items():
            mapping.put(str(key), position, from_plain(item, position, depth + 1))
        return mapping
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ListNode([from_plain(item, position, depth + 1) for item in value], position)
    return _scalar(value, position)


def _scalar(value: object, position: Position) -> ScalarNode:
    if value is None:
        return ScalarNode("", position)
    if isinstance(value, bool):
        return ScalarNode("yes" if value else "no", position)
    if isinstance(value, str):
        return ScalarNode(value, position, plain=False)
    if isinstance(value, int | float):
        return ScalarNode(str(value), position)
    raise ConfigError.at(position, f"a {type(value).__name__} cannot stand in a profile")


def find(root: Node, path: Path) -> Node | None:
    """The node at a path, or None."""
    node: Node | None = root
    for step in path:
        if isinstance(node, MapNode):
            node = node.values.get(str(step))
        elif isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def key_position(root: Node, path: Path) -> Position:
    """Where the key at the end of a path was written; the nearest thing around it where it was not."""
    for length in range(len(path), 0, -1):
        parent = find(root, path[: length - 1])
        step = path[length - 1]
        if isinstance(parent, MapNode) and str(step) in parent.keys:
            return parent.keys[str(step)]
        if isinstance(parent, ListNode) and isinstance(step, int) and step < len(parent.items):
            return parent.items[step].position
    return root.position


def value_position(root: Node, path: Path) -> Position:
    """Where the value at a path was written; the nearest thing around it where it was not."""
    for length in range(len(path), -1, -1):
        node = find(root, path[:length])
        if node is not None:
            return node.position
    return root.position


def spell(path: Path) -> str:
    """`evses[0].hardware.pilot`, as messages and `--explain` write a path."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
