"""The ``ocpp`` package's dataclasses to wire objects and back, with the member names that the schemas have.

Names are mapped once per class and come from the JSON schemas, never from a regular expression: ``evse_id`` is found
as ``evseId``, ``price_schedule_id`` as ``priceScheduleID`` where the schema has it so. Plain dicts (customData, vendor
data, members whose class the package leaves open) pass untouched in both directions.

Not here: validation (``station.ocpp.schema``; decode only what passed it). Called by the dialects.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from station.ocpp.schema import Kind, Version, known_actions, schema_of

T = TypeVar("T")

_Decoder = Callable[[Any], Any]

_EXTRA: Final = "_wire_extra"
"""Where a decoded object keeps members that its class has no field for: customData of nested types in 2.0.1."""

_PLAIN: Final = frozenset({str, int, float, bool})
_VERSIONS: Final[Mapping[str, Version]] = {"v16": "1.6", "v201": "2.0.1", "v21": "2.1"}
_KINDS: Final[Mapping[str, Kind]] = {"call": "request", "call_result": "response"}


def encode(obj: object) -> dict[str, Any]:
    """Turn a dataclass of the ``ocpp`` package into a payload.

    Members that are None are left out; nested dataclasses, lists and enums are converted; dicts stay as they are.

    Args:
        obj: an instance from ``ocpp.v16``, ``ocpp.v201`` or ``ocpp.v21`` (``call``, ``call_result``, ``datatypes``).

    Raises:
        TypeError: the object is no such dataclass, or has a field that no schema names.
    """
    values = vars(obj)
    payload: dict[str, Any] = {}
    for attribute, name in _names(type(obj)):
        value = values[attribute]
        if value is None:
            continue
        payload[name] = value if type(value) in _PLAIN else _encode_value(value)
    extra = values.get(_EXTRA)
    if extra is not None:
        payload.update(extra)
    return payload


def _encode_value(value: Any) -> Any:
    if type(value) in _PLAIN or isinstance(value, dict):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_encode_value(element) for element in value]
    if is_dataclass(value):
        return encode(value)
    return value


def decode(cls: type[T], payload: Mapping[str, Any]) -> T:
    """Turn a payload that passed its schema into a dataclass of the ``ocpp`` package.

    Nested objects become dataclasses where the annotation names one, and stay dicts where it does not: in 1.6
    ``DeleteCertificate.certificate_hash_data``, ``GetLog.log``, ``SendLocalList.local_authorization_list``,
    ``SignedUpdateFirmware.firmware``, ``MeterValues.meter_value``, ``StopTransaction.transaction_data``, and in answers
    ``GetInstalledCertificateIds.certificate_hash_data``, ``GetCompositeSchedule.charging_schedule``,
    ``GetConfiguration.configuration_key``; in all versions DataTransfer's data and customData of the message itself.
    Members that a class has no field for are kept aside and written again by ``encode``. A field that is absent is None
    even if the class wants it (the package demands some that the schemas leave optional).
    Enums become members of the annotated enum, or stay text if it lacks the value; integers written as 1.0 become 1.

    Args:
        cls: a class from ``ocpp.v16``, ``ocpp.v201`` or ``ocpp.v21``.
        payload: an object that ``station.ocpp.schema.check`` found no fault with.

    Raises:
        TypeError: the class is no such dataclass, or has a field that no schema names.
    """
    plan = _plan(cls)
    values: dict[str, Any] = dict.fromkeys(plan.attributes)
    extra: dict[str, Any] | None = None
    for name, value in payload.items():
        step = plan.steps.get(name)
        if step is None:
            extra = {} if extra is None else extra
            extra[name] = value
            continue
        attribute, decoder = step
        values[attribute] = value if decoder is None else decoder(value)
    if extra is not None:
        values[_EXTRA] = extra
    obj = object.__new__(cls)
    vars(obj).update(values)
    return obj


@dataclass(frozen=True, slots=True)
class _Plan:
    attributes: tuple[str, ...]
    steps: Mapping[str, tuple[str, _Decoder | None]]
    """Member name -> attribute and how to convert its value (None: as it is)."""


_plans: dict[type, _Plan] = {}


def _plan(cls: type) -> _Plan:
    plan = _plans.get(cls)
    if plan is None:
        names = _names(cls)
        hints = get_type_hints(cls)
        steps = {name: (attribute, _decoder(hints[attribute])) for attribute, name in names}
        plan = _plans[cls] = _Plan(tuple(attribute for attribute, _ in names), steps)
    return plan


def _decoder(hint: Any) -> _Decoder | None:
    """Find how a value is converted, from its annotation; of a union, the first member that converts decides."""
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        found = (_decoder(member) for member in get_args(hint) if member is not type(None))
        return next((decoder for decoder in found if decoder is not None), None)
    if origin is list:
        return _list_decoder(hint)
    if not isinstance(hint, type):
        return None
    if is_dataclass(hint):
        return _object_decoder(hint)
    if issubclass(hint, Enum):
        return _enum_decoder(hint)
    return _whole if hint is int else None


def _list_decoder(hint: Any) -> _Decoder | None:
    inner = _decoder(get_args(hint)[0]) if get_args(hint) else None
    if inner is None:
        return None

    def decode_list(value: Any) -> Any:
        return [inner(element) for element in value] if isinstance(value, list) else value

    return decode_list


def _object_decoder(cls: type) -> _Decoder:
    def decode_object(value: Any) -> Any:
        return decode(cls, value) if isinstance(value, dict) else value

    return decode_object


def _enum_decoder(cls: type[Enum]) -> _Decoder:
    members = {member.value: member for member in cls}

    def decode_enum(value: Any) -> Any:
        return members.get(value, value) if isinstance(value, str) else value

    return decode_enum


def _whole(value: Any) -> Any:
    """Make 1.0 what draft 6 schemas take it for: the integer 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Names = tuple[tuple[str, str], ...]
_names_of: dict[type, _Names] = {}


def _names(cls: type) -> _Names:
    """Pair each attribute of a class with its member name."""
    names = _names_of.get(cls)
    if names is None:
        names = _names_of[cls] = tuple(_find_names(cls))
    return names


def _find_names(cls: type) -> Iterator[tuple[str, str]]:
    version = _version_of(cls)
    own = _own_names(cls, version)
    for field in fields(cast(Any, cls)):
        plain = _plain(field.name)
        name = own.get(plain) or _all_names(version).get(plain)
        if name is None:
            raise TypeError(f"{cls.__module__}.{cls.__qualname__}.{field.name} is in no schema of OCPP {version}")
        yield field.name, name


def _version_of(cls: type) -> Version:
    package = cls.__module__.split(".")
    if len(package) == 3 and package[0] == "ocpp" and package[1] in _VERSIONS and is_dataclass(cls):
        return _VERSIONS[package[1]]
    raise TypeError(f"{cls.__module__}.{cls.__qualname__} is no payload class of the ocpp package")


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _own_names(cls: type, version: Version) -> dict[str, str]:
    """Take the names from the class's own schema: its message, or the definition that bears its name."""
    kind = _KINDS.get(cls.__module__.rpartition(".")[2])
    if kind is None:
        properties: Mapping[str, Any] = _definitions(version).get(cls.__name__, {})
    else:
        properties = schema_of(version, cls.__name__, kind).get("properties", {})
    return {_plain(name): name for name in properties}


@cache
def _definitions(version: Version) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for schema in _schemas(version):
        for name, definition in schema.get("definitions", {}).items():
            found.setdefault(name, {}).update(definition.get("properties", {}))
    return found


@cache
def _all_names(version: Version) -> dict[str, str]:
    """Take the names from all schemas of a version, for the 1.6 types that are defined in place.

    Two names that differ only in case are left out: only a class's own schema can tell which is meant.
    """
    spellings: dict[str, set[str]] = {}
    for schema in _schemas(version):
        for name in _property_names(schema):
            spellings.setdefault(_plain(name), set()).add(name)
    return {plain: next(iter(names)) for plain, names in spellings.items() if len(names) == 1}


def _schemas(version: Version) -> Iterator[dict[str, Any]]:
    kinds: tuple[Kind, ...] = ("request", "response")
    for action in sorted(known_actions(version)):
        for kind in kinds:
            yield schema_of(version, action, kind)


def _property_names(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, member in schema.get("properties", {}).items():
        yield name
        yield from _property_names(member)
    for definition in schema.get("definitions", {}).values():
        yield from _property_names(definition)
    if "items" in schema:
        yield from _property_names(schema["items"])
