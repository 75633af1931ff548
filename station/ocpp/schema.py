"""The JSON schemas of OCPP 1.6, 2.0.1 and 2.1: does a payload obey, and which fault counts if it does not.

The schemas are those that the ``ocpp`` package ships, compiled once per process when first needed and shared by all
stations. A compiled validator (``jsonschema_rs``, else ``fastjsonschema``) says yes or no in microseconds; on a no the
walker in this module looks for the fault that counts, so the answer does not depend on which library is installed.
The walker has the last word: a step of 0.1 that a validator refuses because of float arithmetic is accepted. Where
the texts say more than the files, the schemas are amended (``station.ocpp.amendments``).

Not here: the error codes (``station.ocpp.rules``), the mapping to dataclasses (``station.ocpp.payload``).
Called by ``station.ocpp.rpc`` and by tests.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal, get_args

import orjson

from station.ocpp.amendments import GREATEST_INTEGER, LEAST_INTEGER, amended

Version = Literal["1.6", "2.0.1", "2.1"]
"""An OCPP version, as the documents write it."""

Kind = Literal["request", "response"]
"""Which of the two payloads of an action."""

VERSIONS: Final[tuple[Version, ...]] = get_args(Version)

_PACKAGES: Final[Mapping[Version, str]] = {"1.6": "ocpp.v16", "2.0.1": "ocpp.v201", "2.1": "ocpp.v21"}


class FaultKind(StrEnum):
    """What is wrong with a payload. The order is the priority when there are several faults."""

    SYNTAX = "syntax"
    """NaN, Infinity or something beyond the limits; found by ``station.ocpp.frames``, not here."""
    MISSING = "missing"
    """A required member is missing, or an array has too few or too many elements (occurrence)."""
    EXTRA = "extra"
    """A member that the schema does not know."""
    TYPE = "type"
    """A value of the wrong JSON type."""
    VALUE = "value"
    """An unknown enum value, a text too long, a number out of range or off its step, no date-time, no URI."""


_PRIORITY: Final = {kind: rank for rank, kind in enumerate(FaultKind)}


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault that counts.

    Attributes:
        kind: which rule is broken.
        path: the member, as in ``csChargingProfiles.chargingSchedule.chargingSchedulePeriod[3].limit``; empty for the
            payload itself.
        description: path and rule in words; never a value of the payload.
    """

    kind: FaultKind
    path: str
    description: str


class UnknownSchemaError(LookupError):
    """The version has no such action, or the action has no such payload."""


@dataclass(frozen=True, slots=True)
class _Checker:
    is_valid: Callable[[Any], bool]
    schema: dict[str, Any]
    whole_floats: bool
    """Whether 1.0 is an integer: yes from draft 6 on, no in draft 4 (most of 1.6).

    An integer beyond 64 bits is parsed as a float and stays one that is out of range.
    """


def check(version: Version, action: str, kind: Kind, payload: Any) -> Fault | None:
    """Check a payload against its schema.

    Args:
        version: the OCPP version.
        action: the name of the message without "Request" or "Response".
        kind: the request or the response.
        payload: JSON values. Enum members that are strings count as strings.

    Returns:
        None, or the fault that counts: missing before extra before type before value, then the first in order.

    Raises:
        UnknownSchemaError: the version does not know the action, or the action has no such payload.
    """
    checker = _checker(version, action, kind)
    try:
        if checker.is_valid(payload):
            return None
    except ValueError:
        pass  # a Python object that is no JSON value: the walker names the member
    return min(_faults(checker, checker.schema, payload, ""), key=_rank, default=None)


@cache
def known_actions(version: Version) -> frozenset[str]:
    """Name all actions of a version that are called and answered, in both directions.

    The security extensions of 1.6 are among them; NotifyPeriodicEventStream of 2.1, which is sent without an answer,
    is not.
    """
    return frozenset(stem.removesuffix("Response") for stem in _stems(version) if stem.endswith("Response"))


def schema_of(version: Version, action: str, kind: Kind) -> dict[str, Any]:
    """Read a JSON schema from its file.

    Raises:
        UnknownSchemaError: the version does not know the action, or the action has no such payload.
    """
    # 1.6 has X.json and XResponse.json, 2.x XRequest.json and XResponse.json, and X.json for what has no answer.
    for stem in (f"{action}Response",) if kind == "response" else (f"{action}Request", action):
        if stem in _stems(version):
            # Some of the files begin with a byte order mark.
            raw = (_folder(version) / f"{stem}.json").read_bytes().removeprefix(b"\xef\xbb\xbf")
            schema: dict[str, Any] = orjson.loads(raw)
            return schema
    raise UnknownSchemaError(f"OCPP {version} has no such {kind}")


@cache
def _stems(version: Version) -> frozenset[str]:
    names = (entry.name for entry in _folder(version).iterdir())
    return frozenset(name.removesuffix(".json") for name in names if name.endswith(".json"))


def _folder(version: Version) -> Traversable:
    return files(_PACKAGES[version]) / "schemas"


@cache
def _checker(version: Version, action: str, kind: Kind) -> _Checker:
    schema = amended(schema_of(version, action, kind), lists_of_16=version == "1.6" and kind == "request")
    return _Checker(_compile(schema), schema, "draft-04" not in schema.get("$schema", ""))


def is_date_time(text: object) -> bool:
    """Tell whether a text is a date-time of RFC 3339, with its offset, that exists in the calendar.

    Whatever passes, ``datetime.fromisoformat`` reads; a leap second and the year 0 therefore do not pass.
    """
    if not isinstance(text, str) or not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def is_uri(text: object) -> bool:
    """Tell whether a text is a URI of RFC 3986 (with a scheme). It says nothing about what may be done with it."""
    return isinstance(text, str) and _URI.fullmatch(text) is not None


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,18})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*+:(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+"
    r"(?:#(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+)?"
)
_FORMATS: Final[Mapping[str, Callable[[object], bool]]] = {"date-time": is_date_time, "uri": is_uri}


def _compile(schema: dict[str, Any]) -> Callable[[Any], bool]:
    """Compile with the best library there is."""
    try:
        return _compile_rust(schema)
    except ImportError:
        return _compile_python(schema)


def _compile_rust(schema: dict[str, Any]) -> Callable[[Any], bool]:
    rust = importlib.import_module("jsonschema_rs")
    made = rust.validator_for(_with_usual_moments(schema), formats=dict(_FORMATS), validate_formats=True)
    is_valid: Callable[[Any], bool] = made.is_valid
    return is_valid


USUAL_MOMENT: Final = (
    "^[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,18})?Z$"
)
"""Date-times of UTC that are in every calendar: the validator knows them by itself. A third of checking a reading was
the way back into Python for its time."""


def _with_usual_moments(schema: Any) -> Any:
    """The same schema, in which a date-time is a usual one, or one that ``is_date_time`` accepts."""
    if isinstance(schema, list):
        return [_with_usual_moments(element) for element in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _with_usual_moments(value) for key, value in schema.items()}
    if made.get("format") == "date-time":
        made["anyOf"] = [{"pattern": USUAL_MOMENT}, {"format": made.pop("format")}]
    return made


def _compile_python(schema: dict[str, Any]) -> Callable[[Any], bool]:
    fast = importlib.import_module("fastjsonschema")
    validate = fast.compile(schema, formats=dict(_FORMATS), use_default=False)

    def is_valid(payload: Any) -> bool:
        try:
            validate(payload)
        except (fast.JsonSchemaValueException, TypeError, OverflowError):
            return False
        return True

    return is_valid


def _rank(fault: Fault) -> int:
    return _PRIORITY[fault.kind]


def _fault(kind: FaultKind, path: str, rule: str) -> Fault:
    return Fault(kind, path, f"{path}: {rule}" if path else rule)


def _faults(checker: _Checker, schema: dict[str, Any], value: Any, path: str) -> Iterator[Fault]:
    """Find all faults of a value, parents before children."""
    schema = _resolved(checker, schema)
    expected = schema.get("type")
    if expected is not None and not _has_type(value, expected, checker.whole_floats):
        yield _fault(FaultKind.TYPE, path, f"must be of type {expected}")
        return
    rule = _broken_rule(schema, value)
    if rule is not None:
        yield _fault(FaultKind.VALUE, path, rule)
    if isinstance(value, dict):
        yield from _object_faults(checker, schema, value, path)
    elif isinstance(value, list):
        yield from _array_faults(checker, schema, value, path)


def _resolved(checker: _Checker, schema: dict[str, Any]) -> dict[str, Any]:
    """Follow ``#/definitions/X``, the only kind of reference in these schemas."""
    while (ref := schema.get("$ref")) is not None:
        schema = checker.schema["definitions"][ref.rpartition("/")[2]]
    return schema


def _object_faults(checker: _Checker, schema: dict[str, Any], value: dict[str, Any], path: str) -> Iterator[Fault]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield _fault(FaultKind.MISSING, _member(path, name), "is required")
    if schema.get("additionalProperties") is False:
        for name in value:
            if name not in properties:
                yield _fault(FaultKind.EXTRA, _member(path, name), "is not known here")
    for name, member in value.items():
        if name in properties:
            yield from _faults(checker, properties[name], member, _member(path, name))


def _array_faults(checker: _Checker, schema: dict[str, Any], value: list[Any], path: str) -> Iterator[Fault]:
    if len(value) < schema.get("minItems", 0):
        yield _fault(FaultKind.MISSING, path, f"needs at least {schema['minItems']} element(s)")
    if len(value) > schema.get("maxItems", math.inf):
        yield _fault(FaultKind.MISSING, path, f"takes at most {schema['maxItems']} element(s)")
    items = schema.get("items")
    if items is not None:
        for index, element in enumerate(value):
            yield from _faults(checker, items, element, f"{path}[{index}]")


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}", re.ASCII)


def _member(path: str, name: object) -> str:
    """Name a member; a peer's invented name appears only if it looks like a name."""
    shown = name if isinstance(name, str) and _NAME.fullmatch(name) else "(unnamed)"
    return f"{path}.{shown}" if path else shown


def _has_type(value: Any, expected: str, whole_floats: bool) -> bool:
    if expected == "integer":
        if isinstance(value, float):
            return value.is_integer() and (whole_floats or not LEAST_INTEGER <= value <= GREATEST_INTEGER)
        return isinstance(value, int) and not isinstance(value, bool)
    if expected == "number":
        if isinstance(value, bool):
            return False
        return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return isinstance(value, _TYPES[expected])


_TYPES: Final[Mapping[str, type]] = {"object": dict, "array": list, "string": str, "boolean": bool}


def _broken_rule(schema: dict[str, Any], value: Any) -> str | None:
    if isinstance(value, str):
        return _broken_text_rule(schema, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _broken_number_rule(schema, value)
    return None


def _broken_text_rule(schema: dict[str, Any], value: str) -> str | None:
    if "enum" in schema and value not in schema["enum"]:
        return "is not one of the allowed values"
    if len(value) > schema.get("maxLength", math.inf):
        return f"is longer than {schema['maxLength']} characters"
    test = _FORMATS.get(schema.get("format", ""))
    if test is not None and not test(value):
        return f"is no {schema['format']}"
    return None


def _broken_number_rule(schema: dict[str, Any], value: float) -> str | None:
    if value < schema.get("minimum", -math.inf):
        return f"is less than {schema['minimum']}"
    if value > schema.get("maximum", math.inf):
        return f"is more than {schema['maximum']}"
    step = schema.get("multipleOf")
    if step is not None and not _is_multiple(value, step):
        return f"is no multiple of {step}"
    return None


def _is_multiple(value: float, step: float) -> bool:
    """Compare as written: 0.3 is three steps of 0.1, whatever the binary fractions say."""
    quotient = Decimal(str(value)) / Decimal(str(step))
    return quotient == quotient.to_integral_value()
