"""Dataclasses of the core as JSON rows and back, by their annotations.

Only what the vocabulary uses: dataclasses, enumerations, datetimes, tuples, optionals and JSON scalars. Defaults are
left out of rows, so that a field added later reads as its default from rows written before. A class whose rows are not
its members has ``as_row`` and the class method ``of_row``.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

_SCALARS = frozenset({type(None), bool, int, float, str})
"""What JSON has too. Exactly these types: an enumeration's member may be a string as well."""


def to_row(value: Any) -> Any:
    """The JSON value of a dataclass, enumeration, datetime, tuple or scalar."""
    kind: Any = type(value)
    return value if kind in _SCALARS else _encoder(kind)(value)


@cache
def _encoder(kind: Any) -> Callable[[Any], Any]:
    """How values of exactly this type are written."""
    if hasattr(kind, "as_row"):
        return cast(Callable[[Any], Any], kind.as_row)
    if issubclass(kind, Enum):
        return attrgetter("_value_")
    if issubclass(kind, datetime):
        return datetime.isoformat
    if issubclass(kind, (tuple, list)):
        return lambda value: [to_row(item) for item in value]
    return _row_of(kind)


def _row_of(cls: Any) -> Callable[[Any], dict[str, Any]]:
    members = tuple(
        (f.name, f.default if f.default is not MISSING else (() if f.default_factory is tuple else _NEVER))
        for f in fields(cls)
    )
    read = attrgetter(*(name for name, _ in members))
    single = len(members) == 1

    def row_of(value: Any) -> dict[str, Any]:
        row = {}
        for (name, default), item in zip(members, (read(value),) if single else read(value), strict=True):
            if item is not default and item != default:
                kind: Any = type(item)
                row[name] = item if kind in _SCALARS else _encoder(kind)(item)
        return row

    return row_of


def from_row(cls: type[T], row: Any) -> T:
    """The dataclass that ``to_row`` wrote; members that the class does not know are ignored.

    Raises:
        ValueError, TypeError, KeyError: the row was not written for this class.
    """
    return cast(T, _decoder(cast(Any, cls))(row))


_NEVER = object()
_PLAIN: Any = {bool: bool, int: int, float: (int, float), str: str}


@cache
def _decoder(annotation: Any) -> Callable[[Any], Any]:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = _decoder(next(arg for arg in get_args(annotation) if arg is not type(None)))
        return lambda row: None if row is None else inner(row)
    if origin is tuple:
        item = _decoder(get_args(annotation)[0])
        return lambda row: tuple(item(entry) for entry in _checked(row, (list, tuple)))
    if annotation is datetime:
        return datetime.fromisoformat
    if annotation in _PLAIN:
        # Somebody may have written into the store: a text where a number belongs must not turn up later.
        return lambda row: _checked(row, _PLAIN[annotation])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    if hasattr(annotation, "of_row"):
        return cast(Callable[[Any], Any], annotation.of_row)
    if is_dataclass(annotation):
        return _record(annotation)
    return lambda row: row


def _checked(row: Any, kinds: Any) -> Any:
    if not isinstance(row, kinds) or (isinstance(row, bool) and kinds is not bool):
        raise TypeError(f"a {type(row).__name__} stands where something else belongs")
    return row


def _record(cls: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(cls)
    readers = {f.name: _decoder(hints[f.name]) for f in fields(cls)}

    def read(row: Any) -> Any:
        if not isinstance(row, dict):
            raise TypeError(f"a row of {cls.__name__} is no object")
        return cls(**{name: readers[name](item) for name, item in row.items() if name in readers})

    return read
