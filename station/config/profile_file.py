"""Reads profiles: a file, no file at all, or a mapping of a fleet's plan, with the flags laid over.

The way in for the CLI, the fleet and tests. Nothing is opened or written but the files that `!file` names, read.
"""

import hashlib
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from station.config.build import build
from station.config.context import Context
from station.config.errors import ConfigError, Position, Problem
from station.config.loader import read_file
from station.config.model import ProfileModel
from station.config.nodes import MapNode, Node, ScalarNode, from_plain
from station.config.overrides import Overrides
from station.config.profile import Profile
from station.config.validate import validate


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile with what is known of its making.

    Args:
        profile: what the rest of the program works with.
        warnings: what works, but perhaps not as it was meant; one line each, with its position.
        root: the merged tree with the position of everything that was written; the source for `explain`.
        model: the validated blocks, defaults filled in.
        derived: values that no one wrote, by path: text and reason.
    """

    profile: Profile
    warnings: tuple[str, ...]
    root: MapNode = field(repr=False)
    model: ProfileModel = field(repr=False)
    derived: Mapping[str, tuple[str, str]]


def load(
    path: Path | None = None,
    overrides: Overrides | None = None,
    *,
    env: Mapping[str, str] | None = None,
) -> Loaded:
    """Read a profile and lay the flags over it.

    Args:
        path: the file; None is a demo station of 11 kW with a random id and its store in memory, so that several on
            one machine do not disturb each other.
        overrides: the flags; they win key by key.
        env: the environment; the process's own when None.

    Raises:
        ConfigError: with every problem that was found, each with its position.
    """
    env = os.environ if env is None else env
    flags = overrides or Overrides()
    if path is None:
        root = MapNode(Position("defaults"))
        position = Position("no profile was named")
        root.put("store", position, ScalarNode("memory", position))
        name = f"CP-{secrets.token_hex(2).upper()}"
        return _loaded(root, _Source(Path.cwd(), name, "random; no profile was named", env), flags, [])
    tree, problems = read_file(path, env)
    reason = "from this machine's name and the profile's path"
    return _loaded(_as_mapping(tree), _Source(path.absolute().parent, _stable_id(path), reason, env), flags, problems)


def from_mapping(
    mapping: Mapping[str, object] | Node,
    base: Path,
    *,
    source: str = "plan",
    overrides: Overrides | None = None,
    env: Mapping[str, str] | None = None,
) -> Loaded:
    """A profile that stands inside something else, such as a fleet's plan.

    Args:
        mapping: plain data, or a tree of `station.config.loader` (then errors have its positions).
        base: the folder to which paths are relative.
        source: how errors call the place, where there are no positions.

    Raises:
        ConfigError: with every problem that was found.
    """
    root = _as_mapping(from_plain(mapping, Position(source)))
    env = os.environ if env is None else env
    place = _Source(base.absolute(), "CP-0001", "each station gets its own", env)
    return _loaded(root, place, overrides or Overrides(), [])


@dataclass(frozen=True, slots=True)
class _Source:
    base: Path
    default_id: str
    id_reason: str
    env: Mapping[str, str]


def _loaded(root: MapNode, source: _Source, flags: Overrides, known: list[Problem]) -> Loaded:
    """Goes on past problems as far as it makes sense, so that one run shows them all."""
    problems = [*known, *flags.apply(root)]
    try:
        model = validate(root)
        context = Context(
            root=root,
            model=model,
            base=source.base,
            env=source.env,
            default_id=source.default_id,
            id_reason=source.id_reason,
        )
        profile = build(context, insecure=flags.insecure, stdio=flags.stdio)
    except ConfigError as error:
        problems.extend(error.problems)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.position.line, problem.position.column)))
    return Loaded(profile, tuple(context.warnings), root, model, context.derived)


def _as_mapping(node: Node) -> MapNode:
    if isinstance(node, MapNode):
        # Flags are laid over the top levels: a tree that is used again must not see them.
        return MapNode(node.position, dict(node.values), dict(node.keys))
    if isinstance(node, ScalarNode) and not node.text:
        raise ConfigError.at(node.position, "the file is empty", "write a commented one with: station init")
    raise ConfigError.at(node.position, "a profile is a mapping of blocks", "write it like station: {id: CP-1}")


def _stable_id(path: Path) -> str:
    seed = f"{socket.gethostname()}\0{path.absolute()}"
    return f"CP-{hashlib.sha256(seed.encode('utf-8', 'surrogateescape')).hexdigest()[:6].upper()}"
