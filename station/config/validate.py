"""From a tree to a `ProfileModel`: pydantic's findings become problems with positions and suggestions.

Called by `station.config.profile_file`, and by `station.config.hardware` for blocks that depend on a driver's name.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from station.config.errors import ConfigError, Problem, did_you_mean
from station.config.model import ProfileModel, inner_block
from station.config.nodes import MapNode, Node, Path, key_position, spell, to_plain, value_position
from station.config.types import EMPTY, MISSING, PROBLEM, kind_of

T = TypeVar("T")

_adapter: TypeAdapter[ProfileModel] = TypeAdapter(ProfileModel)


def validate(root: MapNode) -> ProfileModel:
    """The model of a profile's tree.

    Raises:
        ConfigError: with every problem that was found.
    """
    return checked(_adapter, to_plain(root), root, ())


def checked(adapter: TypeAdapter[T], plain: object, root: Node, path: Path, top: type[BaseModel] = ProfileModel) -> T:
    """Validate what stands at a path of the tree.

    Args:
        top: the block at the tree's root, for suggestions.

    Raises:
        ConfigError: with every problem that was found.
    """
    try:
        return adapter.validate_python(plain)
    except ValidationError as error:
        details = error.errors(include_url=False)
    raise ConfigError(_problem(detail, root, path, top) for detail in details) from None


def wrong_paths(error: ValidationError) -> set[Path]:
    """Where something is wrong; of a key that is missing, where it should be."""
    return {_real_path(detail["loc"]) for detail in error.errors(include_url=False)}


def _problem(detail: ErrorDetails, root: Node, prefix: Path, top: type[BaseModel]) -> Problem:
    path = (*prefix, *_real_path(detail["loc"]))
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        parent = spell(path[:-1])
        message = f"unknown key '{str(path[-1])[:60]}'" + (f" in {parent}" if parent else "")
        return Problem(key_position(root, path), message, did_you_mean(str(path[-1]), _known_keys(detail, path, top)))
    if kind == PROBLEM:
        message, suggestion = context["message"], context["suggestion"]
    elif kind == "missing":
        where = spell(path[:-1])
        return Problem(value_position(root, path[:-1]), f"{where}: the key '{path[-1]}' is missing")
    else:
        message = _words(kind, context, detail.get("input"))
        suggestion = "write it in brackets: [A, B]" if kind == "list_type" and message != MISSING else ""
    position = key_position(root, path) if message == MISSING and path else value_position(root, path)
    return Problem(position, f"{spell(path)}: {message}" if path else message, suggestion)


def _real_path(location: Sequence[int | str]) -> Path:
    """Without the tags of unions, which are no keys."""
    return tuple(
        step for step in location if not (isinstance(step, str) and step.startswith("<") and step.endswith(">"))
    )


def _words(kind: str, context: dict[str, Any], value: object) -> str:
    if value is None or value is EMPTY:
        return MISSING
    limits = {
        "greater_than_equal": ("ge", "at least"),
        "less_than_equal": ("le", "at most"),
        "greater_than": ("gt", "more than"),
        "less_than": ("lt", "less than"),
    }
    if kind in limits:
        key, words = limits[kind]
        return f"must be {words} {context[key]}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{kind_of(value)} stands where a mapping belongs"
    if kind == "list_type":
        return f"{kind_of(value)} stands where a list belongs"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    return f"{kind_of(value)} cannot stand here"


def _known_keys(detail: ErrorDetails, path: Path, top: type[BaseModel]) -> list[str]:
    """The keys of the block in which an unknown one stood."""
    block: type[BaseModel] | None = top if len(path) == len(_real_path(detail["loc"])) else None
    for step in path[:-1]:
        if isinstance(step, int) or block is None:
            continue
        block = block_of(block, str(step))
    return [field.alias or name for name, field in block.model_fields.items()] if block is not None else []


def block_of(block: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The block that stands under a key (in a list or a union too), or None."""
    field = block.model_fields.get(key)
    if field is None:
        # A mapping with free keys (`variables`) is typed by its values.
        return block
    return inner_block(field.annotation)
