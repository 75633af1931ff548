"""Strict YAML: text in, a tree of nodes with positions out.

Not a general YAML reader: no implicit types, no merge keys, no tags but `!file`, duplicate keys are errors, and size,
nesting and the number of nodes are bounded, so that no text can take the process with it. `${VAR}` and `!file` are
resolved here. Called by `station.config.profile_file` and by the fleet for its plan.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

import yaml
from yaml.nodes import MappingNode as YamlMapping
from yaml.nodes import Node as YamlNode
from yaml.nodes import ScalarNode as YamlScalar
from yaml.nodes import SequenceNode as YamlSequence

from station.config.errors import ConfigError, Position, Problem
from station.config.nodes import ListNode, MapNode, Node, ScalarNode

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000
MAX_ALIASES: Final = 100
MAX_SECRET_BYTES: Final = 64 * 1024

_STR: Final = "tag:yaml.org,2002:str"
_PLAIN_TAGS: Final = frozenset({_STR, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"})
_VARIABLE: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SURROGATES: Final = "half a character (a surrogate)"
_FAILURES: Final = (yaml.YAMLError, ValueError, OverflowError, IndexError, RecursionError)


def read_file(path: Path, env: Mapping[str, str]) -> tuple[Node, list[Problem]]:
    """The tree of a file, and the problems that left parts of it out.

    Raises:
        ConfigError: the file is missing, unreadable, too long, no UTF-8, empty or no YAML, so that there is no tree.
    """
    name = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError.at(Position(name), f"cannot be read: {reason}") from None
    return read_bytes(data, name, path.parent, env)


def read_bytes(data: bytes, name: str, base: Path, env: Mapping[str, str]) -> tuple[Node, list[Problem]]:
    """The tree of a text, and the problems that left parts of it out (duplicate keys, missing secrets, …).

    Args:
        name: the file's name for messages.
        base: the folder to which `!file` is relative.
        env: the environment for `${VAR}`.

    Raises:
        ConfigError: there is no tree.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError.at(Position(name, 1, 1), f"longer than {MAX_BYTES // 1024} KiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        message = f"byte 0x{data[error.start]:02x} is no UTF-8"
        raise ConfigError.at(_position_after(before, name), message, "save the file as UTF-8") from None
    converter = _Converter(name, base, env)
    return converter.convert(_compose(text, name), 0), converter.problems


class _Composer(yaml.SafeLoader):
    """PyYAML's composer with limits and without implicit types."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape
    depth = 0
    nodes = 0
    aliases = 0

    def compose_node(self, parent: YamlNode | None, index: int) -> YamlNode | None:
        self.depth += 1
        self.nodes += 1
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
        if self.depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"nested more than {MAX_DEPTH} deep", mark)
        if self.nodes > MAX_NODES:
            raise yaml.composer.ComposerError(None, None, f"more than {MAX_NODES} values", mark)
        if self.aliases > MAX_ALIASES:
            raise yaml.composer.ComposerError(None, None, f"more than {MAX_ALIASES} aliases", mark)
        node: YamlNode | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _compose(text: str, name: str) -> YamlNode:
    loader: _Composer | None = None
    try:
        loader = _Composer(text)
        node = loader.get_single_node()
    except _FAILURES as error:
        _raise_syntax(error, loader, text, name)
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(node, YamlNode):
        raise ConfigError.at(Position(name, 1, 1), "the file is empty", "write a commented one with: station init")
    return node


def _raise_syntax(error: Exception, loader: _Composer | None, text: str, name: str) -> NoReturn:
    if isinstance(error, yaml.reader.ReaderError):
        position = _position_after(text[: error.position], name)
        raise ConfigError.at(position, f"character U+{ord(text[error.position]):04X} is not allowed") from None
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None and loader is not None:
        mark = loader.get_mark()
    position = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name, 1, 1)
    message = getattr(error, "problem", None) or "cannot be read as YAML"
    suggestion = ""
    if "'\\t'" in message or _tab_indents(text, position.line):
        message, suggestion = "a tab in the indentation", "indent with spaces"
    elif "single document" in str(error):
        message = "a second document begins here; a profile is one document"
    raise ConfigError.at(position, message, suggestion) from None


def _tab_indents(text: str, line: int) -> bool:
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return False
    row = lines[line - 1]
    return "\t" in row[: len(row) - len(row.lstrip())]


def _position_after(text: str, name: str) -> Position:
    return Position(name, text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1)


class _Converter:
    """From PyYAML's nodes to ours; collects problems instead of stopping at the first."""

    def __init__(self, name: str, base: Path, env: Mapping[str, str]) -> None:
        self._name = name
        self._base = base
        self._env = env
        self._count = 0
        self.problems: list[Problem] = []

    def convert(self, node: YamlNode, depth: int) -> Node:
        """One node; aliases are expanded, so their nodes count each time."""
        position = self._position(node)
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            raise ConfigError.at(position, "aliases that grow without end", "write the values out")
        if isinstance(node, YamlScalar):
            return self._scalar(node, position)
        self._check_tag(node, position)
        if isinstance(node, YamlSequence):
            return ListNode([self.convert(item, depth + 1) for item in node.value], position)
        assert isinstance(node, YamlMapping)
        return self._mapping(node, position, depth)

    def _mapping(self, node: YamlMapping, position: Position, depth: int) -> MapNode:
        result = MapNode(position)
        for key_node, value_node in node.value:
            where = self._position(key_node)
            if not isinstance(key_node, YamlScalar) or key_node.tag != _STR:
                self._problem(where, "a key must be a text")
                continue
            key = key_node.value
            if key == "<<" and key_node.style is None:
                self._problem(where, "merge keys are not supported", "write the values out, or use an alias")
            elif key in result.values:
                first = result.keys[key]
                self._problem(where, f"key '{key[:60]}' stands here twice", f"the first is at line {first.line}")
            elif _has_surrogates(key):
                self._problem(where, _SURROGATES)
            else:
                known = len(self.problems)
                value = self.convert(value_node, depth + 1)
                if not isinstance(value, ScalarNode) or len(self.problems) == known:
                    result.put(key, where, value)
                else:
                    # Written, and its value is not known.
                    result.keys[key] = where
        return result

    def _scalar(self, node: YamlScalar, position: Position) -> ScalarNode:
        text, origin = self._expand(node.value, position)
        if node.tag == "!file":
            return self._secret_file(text, position)
        self._check_tag(node, position)
        if _has_surrogates(text):
            self._problem(position, _SURROGATES)
        plain = node.style is None and node.tag == _STR
        return ScalarNode(text, position, plain, origin)

    def _check_tag(self, node: YamlNode, position: Position) -> None:
        if node.tag not in _PLAIN_TAGS:
            self._problem(position, f"unknown tag '{str(node.tag)[:60]}'", "the only one is !file, before a path")

    def _expand(self, text: str, position: Position) -> tuple[str, str]:
        names: list[str] = []

        def replace(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            name = match[1]
            if name is None or not _VARIABLE_NAME.match(name):
                self._problem(position, "'${' without a name and '}'", "write ${NAME}, or $${ for the characters")
                return ""
            if name not in self._env:
                self._problem(position, f"the environment variable {name} is not set", f"export {name}=…")
                return ""
            names.append(name)
            return self._env[name]

        if "${" not in text:
            return text, ""
        expanded = _VARIABLE.sub(replace, text)
        return expanded, f"environment {', '.join(names)}" if names else ""

    def _secret_file(self, text: str, position: Position) -> ScalarNode:
        node = ScalarNode("", position, plain=False, origin=f"file {text}")
        try:
            node.text = read_secret(self._base / Path(text).expanduser())
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._problem(position, f"!file {text[:120]}: {reason}")
        return node

    def _problem(self, position: Position, message: str, suggestion: str = "") -> None:
        self.problems.append(Problem(position, message, suggestion))

    def _position(self, node: YamlNode) -> Position:
        return Position(self._name, node.start_mark.line + 1, node.start_mark.column + 1)


def _has_surrogates(text: str) -> bool:
    return any(0xD800 <= ord(character) < 0xE000 for character in text)


def read_secret(path: Path) -> str:
    """The text of a file, without one trailing newline.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, too long, or no UTF-8.
    """
    if not path.is_file():
        raise ValueError("no such file" if not path.exists() else "not a regular file")
    with path.open("rb") as stream:
        data = stream.read(MAX_SECRET_BYTES + 1)
    if len(data) > MAX_SECRET_BYTES:
        raise ValueError(f"longer than {MAX_SECRET_BYTES // 1024} KiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("no UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\r\n") else text.removesuffix("\n")
