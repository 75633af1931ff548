"""Parameters of commands: their kinds, and the one check that lines, HTTP and CLI share.

No commands stand here (`station.control.registry` has the table), and nothing is looked up: whether a connector or a
card exists is the station's business.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from station.control.commandable import CommandRefused

MAX_TEXT: Final = 10_000
"""Longest text in characters; the longest that OCPP carries in a variable is shorter."""

MAX_INTEGER: Final = 2**31 - 1
_MAX_NUMBER: Final = 1e15


class Kind(StrEnum):
    """What a parameter holds; the values are the type names of JSON schema."""

    TEXT = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter.

    Args:
        name: as on the wire of the control face.
        doc: one line with the unit.
        default: what stands in for a parameter left out; None: the command does without.
        choices: the texts allowed, case matters; empty: any.
        minimum: least number.
        maximum: greatest number.
        from_scalar: a number or a boolean is taken as its JSON text (values of configuration keys).
        may_be_empty: whether the empty text is a value.
        flag: another spelling on the command line.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    from_scalar: bool = False
    may_be_empty: bool = False
    flag: str | None = None

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the value."""
        schema: dict[str, Any] = {"type": self.kind.value, "description": self.doc}
        if self.from_scalar:
            schema["type"] = [Kind.TEXT.value, Kind.NUMBER.value, Kind.BOOLEAN.value]
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.minimum is not None:
            schema["minimum"] = self.minimum
        if self.maximum is not None:
            schema["maximum"] = self.maximum
        if self.kind is Kind.TEXT:
            schema["maxLength"] = MAX_TEXT
            if not self.may_be_empty:
                schema["minLength"] = 1
        if self.default is not None:
            schema["default"] = self.default
        return schema

    def checked(self, value: Any) -> Any:
        """The value in its normal form.

        Raises:
            CommandRefused: wrong type, or out of range.
        """
        match self.kind:
            case Kind.TEXT:
                return self._text(value)
            case Kind.INTEGER | Kind.NUMBER:
                return self._number(value)
            case Kind.BOOLEAN:
                if not isinstance(value, bool):
                    raise self._wrong(value, "true or false")
                return value
            case Kind.OBJECT:
                if not isinstance(value, dict):
                    raise self._wrong(value, "an object")
                return value

    def _text(self, value: Any) -> str:
        if self.from_scalar and isinstance(value, bool | int | float):
            value = json.dumps(value)
        if not isinstance(value, str):
            raise self._wrong(value, "a text")
        if not value and not self.may_be_empty:
            raise CommandRefused(f"{self.name} is empty")
        if len(value) > MAX_TEXT:
            raise CommandRefused(f"{self.name} is longer than {MAX_TEXT} characters")
        if self.choices and value not in self.choices:
            message = f"{self.name} cannot be {shown(value)}{nearest(value, self.choices)}"
            raise CommandRefused(message, f"one of {', '.join(self.choices)}")
        return value

    def _number(self, value: Any) -> int | float:
        whole = self.kind is Kind.INTEGER
        wanted = "a whole number" if whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MAX_NUMBER:
            raise self._wrong(value, wanted)
        if whole and value != int(value):
            raise self._wrong(value, wanted)
        if self.minimum is not None and value < self.minimum:
            raise CommandRefused(f"{self.name} is {value:g}, and must be at least {self.minimum:g}")
        if self.maximum is not None and value > self.maximum:
            raise CommandRefused(f"{self.name} is {value:g}, and must be at most {self.maximum:g}")
        return int(value) if whole else float(value)

    def _wrong(self, value: Any, wanted: str) -> CommandRefused:
        return CommandRefused(f"{self.name} must be {wanted}, not {shown(value)}")


def checked_params(command: str, known: Mapping[str, Param], given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a command in their normal form; what is left out and has no default stays out.

    Raises:
        CommandRefused: unknown, missing, wrong type, out of range.
    """
    params: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            takes = ", ".join(known) or "nothing"
            raise CommandRefused(f"{command} has no parameter {shown(name)}{nearest(name, known)}", f"it takes {takes}")
        # null is how many programs spell "not given".
        if value is not None:
            params[name] = known[name].checked(value)
    for param in known.values():
        if param.name in params:
            continue
        if param.required:
            raise CommandRefused(f"{command} needs {param.name}: {param.doc}")
        if param.default is not None:
            params[param.name] = param.default
    return params


def shown(value: Any) -> str:
    """A stranger's value, short enough and fit for one line."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}…"


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'tap'?`, or nothing."""
    folded = {_folded(candidate): candidate for candidate in known}
    near = difflib.get_close_matches(_folded(word[:80]), folded, n=1, cutoff=0.6)
    return f"; did you mean '{folded[near[0]]}'?" if near else ""


def _folded(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")
