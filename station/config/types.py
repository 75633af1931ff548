"""The types of the profile's values, as pydantic sees them.

Every scalar arrives as text; these types turn it into what the key means, and describe themselves in the JSON schema.
Used by `station.config.model` only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from station.config import units
from station.config.errors import ValueRefusedError, did_you_mean
from station.config.secret import Secret
from station.config.urls import check_station_id, check_url

PROBLEM: Final = "profile_value"
MISSING: Final = "the value is missing"
EMPTY: Final = object()
"""Stands for a value that was left empty; every type refuses it."""


@dataclass(frozen=True, slots=True)
class IsFile:
    """Marks a path: `--explain` writes it in full."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What `--explain` writes behind a number."""

    symbol: str


def problem(message: str, suggestion: str = "") -> PydanticCustomError:
    """An error that keeps our own words through pydantic."""
    return PydanticCustomError(PROBLEM, "{message}", {"message": message, "suggestion": suggestion})


def shown(text: str) -> str:
    """A value as an error may quote it: shortened, none from a file or the environment, no URL with credentials, and
    without its query, where tokens live."""
    if getattr(text, "hidden", False) or ("://" in text and "@" in text):
        return "the value"
    text, question, _ = text.partition("?")
    text += question and "?…"
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"


def kind_of(value: object) -> str:
    """A word for what stands where something else was expected."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return shown(value) if isinstance(value, str) else str(value)


def _scalar(value: object) -> str:
    if value is None or value is EMPTY:
        raise problem(MISSING)
    if not isinstance(value, str):
        raise problem(f"{kind_of(value)} stands where a single value belongs")
    return value


def _converted(parse: Callable[[str], object], value: object) -> object:
    text = _scalar(value)
    try:
        return parse(text)
    except ValueRefusedError as error:
        raise problem(f"{shown(text)}: {error.message}", error.suggestion) from None


def _converter(parse: Callable[[str], object]) -> BeforeValidator:
    return BeforeValidator(partial(_converted, parse))


def _text(text: str) -> str:
    if not text:
        raise ValueRefusedError("the value is empty")
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text):
        raise ValueRefusedError("control characters are not allowed")
    return str(text)


def _possibly_empty(text: str) -> str:
    return _text(text) if text else ""


def _card(text: str) -> str:
    card = _text(text)
    if len(card) > 36:
        raise ValueRefusedError(f"{len(card)} characters; a token has at most 36 (20 in OCPP 1.6)")
    if card != card.strip():
        raise ValueRefusedError("spaces at an end")
    return card


def _station_id(text: str) -> str:
    check_station_id(text)
    return str(text)


def _url(text: str) -> str:
    check_url(text)
    return str(text)


def _listen(text: str) -> str:
    if text.strip().casefold() in units.FALSE_WORDS:
        return "off"
    split_listen(text)
    return str(text)


def split_listen(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[IPV6]:PORT` or `PORT` (then on loopback).

    Raises:
        ValueRefusedError: another form, or a port beyond 65535.
    """
    host, separator, port = text.rpartition(":")
    if not separator:
        host = "127.0.0.1"
    if not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > 65535:
        raise ValueRefusedError("no port", "write it like 127.0.0.1:8080; port 0 is a free one")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueRefusedError("an IPv6 address without brackets", f"write it like [{host}]:{port}")
    if not host or any(character.isspace() for character in host):
        raise ValueRefusedError("no address", "write it like 127.0.0.1:8080")
    return host, int(port)


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    text = _scalar(value)
    if not text:
        raise problem("the secret is empty")
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in text):
        raise problem("the secret holds control characters", "one newline at the end of a file is dropped, not more")
    return Secret(str(text))


def chosen(words: tuple[str, ...], value: object) -> object:
    """One of some words; `off` and `on` may be written with their synonyms."""
    text = _scalar(value)
    folded = text.strip().casefold()
    if "off" in words and folded in units.FALSE_WORDS:
        return "off"
    if "no" in words and folded in units.FALSE_WORDS:
        return "no"
    if "yes" in words and folded in units.TRUE_WORDS:
        return "yes"
    if text in words:
        return str(text)
    raise problem(f"{shown(text)} is not allowed here", did_you_mean(text, words))


def choice(*words: str) -> BeforeValidator:
    """The validator of a `Literal` with these words."""
    return BeforeValidator(partial(chosen, words))


def at_least_one(value: list[Any]) -> list[Any]:
    """Refuse an empty list."""
    if not value:
        raise problem("the list is empty")
    return value


def _scalar_schema(pattern: str | None = None, **more: Any) -> WithJsonSchema:
    schema: dict[str, Any] = {"type": ["string", "number"], **more}
    if pattern:
        schema["pattern"] = pattern
    return WithJsonSchema(schema)


def _quantity(kind: str, *, bare: bool = True) -> BeforeValidator:
    return _converter(lambda text: units.parse_quantity(text, kind, bare=bare))


def _after(text: str) -> float:
    return units.parse_duration(text.strip().removeprefix("after "))


def _percent(text: str, *, bare: bool = True) -> float:
    percent = units.parse_quantity(text, "percentage", bare=bare)
    if percent > 100:
        raise ValueRefusedError("more than 100 %")
    return percent


_NUMBER_PATTERN: Final = r"([0-9]+(\.[0-9]*)?|\.[0-9]+) *"
_DURATION_PATTERN: Final = rf"^{_NUMBER_PATTERN}(ms|s|m|h|d)?$"


def _unit_schema(units_pattern: str) -> WithJsonSchema:
    text = {"type": "string", "pattern": rf"^({_NUMBER_PATTERN}{units_pattern}|0)$"}
    return WithJsonSchema({"anyOf": [text, {"const": 0}]})


Duration = Annotated[float, _quantity("duration"), _scalar_schema(_DURATION_PATTERN), Unit("s")]
Delay = Annotated[float, _converter(_after), _scalar_schema(rf"^(after )?{_DURATION_PATTERN[1:]}"), Unit("s")]
Current = Annotated[float, _quantity("current"), _scalar_schema(rf"^{_NUMBER_PATTERN}A?$"), Unit("A")]
Power = Annotated[float, _quantity("power"), _scalar_schema(rf"^{_NUMBER_PATTERN}(W|kW)?$"), Unit("W")]
Energy = Annotated[float, _quantity("energy"), _scalar_schema(rf"^{_NUMBER_PATTERN}(Wh|kWh)?$"), Unit("Wh")]
Percent = Annotated[float, _converter(_percent), _scalar_schema(rf"^{_NUMBER_PATTERN}%?$"), Unit("%")]
DurationWithUnit = Annotated[float, _quantity("duration", bare=False), _unit_schema("(ms|s|m|h|d)"), Unit("s")]
"""A duration where 40 might be seconds or milliseconds."""
PercentWithUnit = Annotated[float, _converter(partial(_percent, bare=False)), _unit_schema("%"), Unit("%")]
"""A percentage where 0.5 might be a half."""
Switch = Annotated[
    bool,
    _converter(units.parse_bool),
    WithJsonSchema({"enum": [True, False, "on", "off", "yes", "no", "true", "false"]}),
]
Whole = Annotated[int, _converter(units.parse_int), WithJsonSchema({"type": "integer"})]
Number = Annotated[float, _converter(units.parse_number), WithJsonSchema({"type": "number"})]
TextValue = Annotated[str, _converter(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
AnyText = Annotated[str, _converter(_possibly_empty), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Card = Annotated[str, _converter(_card), WithJsonSchema({"type": ["string", "number"], "maxLength": 36})]
FilePath = Annotated[str, _converter(_text), WithJsonSchema({"type": "string"}), IsFile()]
StationId = Annotated[str, _converter(_station_id), _scalar_schema(r"^[^:]{1,48}$")]
Url = Annotated[str, _converter(_url), WithJsonSchema({"type": "string", "pattern": "^wss?://"})]
Listen = Annotated[str, _converter(_listen), WithJsonSchema({"type": ["string", "number", "boolean"]})]
SecretText = Annotated[Secret, BeforeValidator(_secret), WithJsonSchema({"type": ["string", "number"]})]
Phases = Annotated[Literal[1, 2, 3], _converter(units.parse_int), WithJsonSchema({"enum": [1, 2, 3]})]
