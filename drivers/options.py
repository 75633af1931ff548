"""Options of drivers: frozen dataclasses, and a small converter that fills them from a profile's mapping.

A field says with ``option`` how it is called in a profile, its unit and its range; ``parse`` turns text such as
``0.5s``, ``16A`` or ``yes`` into the field's type. It knows no driver and reads no file.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from drivers.api import OptionError

Unit = Literal["s", "A", "V", "W", "Wh", "%"]

SCALES: dict[Unit, dict[str, float]] = {
    "s": {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0},
    "A": {"mA": 0.001, "A": 1.0},
    "V": {"V": 1.0},
    "W": {"W": 1.0, "kW": 1000.0},
    "Wh": {"Wh": 1.0, "kWh": 1000.0},
    "%": {"%": 1.0},
}
TRUE_WORDS = frozenset({"on", "yes", "true"})
FALSE_WORDS = frozenset({"off", "no", "false"})

_QUANTITY = re.compile(r"([+-]?\d{1,15}(?:\.\d{1,15})?)\s*([A-Za-z%]*)")
_INTEGER = re.compile(r"[+-]?\d{1,18}|0x[0-9A-Fa-f]{1,16}")

T = TypeVar("T")
Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Spec:
    """One option: ``key`` in the profile, ``name`` and ``annotation`` of the field, unit, range, and a sentence."""

    key: str
    name: str
    annotation: Any
    required: bool
    unit: Unit | None
    minimum: float | None
    maximum: float | None
    convert: Converter | None
    about: str


def option(
    default: Any = dataclasses.MISSING,
    *,
    key: str | None = None,
    unit: Unit | None = None,
    between: tuple[float | None, float | None] = (None, None),
    convert: Converter | None = None,
    about: str = "",
) -> Any:
    """A dataclass field that a profile can fill.

    Args:
        default: left out, the option is required.
        key: the name in the profile, where it differs from the field's name (``gap`` for ``gap_s``).
        unit: the unit of the field; a profile may use its multiples (``500ms``).
        between: lowest and highest value allowed, in the field's unit.
        convert: makes the value instead of the field's type; raises ValueError.
        about: one sentence for the person who writes the profile.
    """
    metadata = {"key": key, "unit": unit, "between": between, "convert": convert, "about": about}
    return dataclasses.field(default=default, metadata=metadata)


def specs(options: type[Any]) -> tuple[Spec, ...]:
    """The options of a dataclass, in order."""
    hints = typing.get_type_hints(options)
    found = []
    for field in dataclasses.fields(options):
        low, high = field.metadata.get("between", (None, None))
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        found.append(
            Spec(
                key=field.metadata.get("key") or field.name,
                name=field.name,
                annotation=hints[field.name],
                required=required,
                unit=field.metadata.get("unit"),
                minimum=low,
                maximum=high,
                convert=field.metadata.get("convert"),
                about=field.metadata.get("about", ""),
            )
        )
    return tuple(found)


def parse(options: type[T], mapping: Mapping[str, Any], prefix: str = "") -> T:
    """Fill an options dataclass from a profile's mapping.

    Args:
        options: the dataclass.
        mapping: keys as in the profile; values as text with units, or already of the field's type.
        prefix: put before the keys in errors, for nested mappings.

    Raises: OptionError: unknown or missing key, bad value.
    """
    known = {spec.key: spec for spec in specs(options)}
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        spec = known.get(key)
        if spec is None:
            raise OptionError(f"{prefix}{key}", "unknown option", suggestion(str(key), known))
        values[spec.name] = _convert(spec, value, f"{prefix}{key}")
    for spec in known.values():
        if spec.required and spec.name not in values:
            raise OptionError(f"{prefix}{spec.key}", "is needed", spec.about)
    try:
        return options(**values)
    except ValueError as error:
        raise OptionError(prefix.rstrip("."), str(error)) from error


def checked(options: T) -> T:
    """Options that a program made itself, by the rules of ``parse``: text becomes the field's type, ranges count.

    What is of its type already stays as it is.

    Raises: OptionError: bad value.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(options)}  # type: ignore[arg-type]
    values = {}
    for spec in specs(type(options)):
        value = getattr(options, spec.name)
        # A converter takes what stands in a profile, and not always what it made of it.
        made = spec.convert is not None and not isinstance(value, (str, Mapping))
        if value is not defaults[spec.name] and not made:
            values[spec.name] = _convert(spec, value, spec.key)
    if all(value == getattr(options, name) for name, value in values.items()):
        return options
    try:
        return dataclasses.replace(options, **values)  # type: ignore[type-var]
    except ValueError as error:
        raise OptionError("", str(error)) from error


def suggestion(word: str, known: Iterable[str]) -> str:
    """``did you mean 'gap'?``, or the list of what exists."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none exist"


def quantity(value: object, unit: Unit) -> float:
    """A number in ``unit``: a number as it is, or text with a unit (``0.5s``, ``11kW``).

    Raises: ValueError: no number, no unit, or a unit of something else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError("is no finite number")
        return float(value)
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    scales = SCALES[unit]
    if match is None:
        raise ValueError(f"{_shown(value)} is no number with a unit ({', '.join(scales)})")
    number, word = float(match[1]), match[2]
    if word in scales:
        return number * scales[word]
    if not word and number == 0:
        return 0.0
    raise ValueError(f"{_shown(value)} needs a unit: {', '.join(scales)}")


def boolean(value: object) -> bool:
    """True or False from ``on yes true off no false`` in any case. Raises: ValueError."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in TRUE_WORDS or word in FALSE_WORDS:
        return word in TRUE_WORDS
    raise ValueError(f"{_shown(value)} is neither yes nor no")


def _convert(spec: Spec, value: Any, key: str) -> Any:
    try:
        converted = spec.convert(value) if spec.convert else _as_type(spec.annotation, value, spec, key)
    except ValueError as error:
        raise OptionError(key, str(error), spec.about) from error
    if isinstance(converted, (int, float)) and not isinstance(converted, bool):
        low, high = spec.minimum, spec.maximum
        if (low is not None and converted < low) or (high is not None and converted > high):
            span = f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}{spec.unit or ''}"
            raise OptionError(key, f"{_shown(value)} is out of range ({span.strip()})", spec.about)
    return converted


def _as_type(annotation: Any, value: Any, spec: Spec, key: str) -> Any:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _as_union(annotation, value, spec, key)
    if origin is Literal:
        return _as_choice(typing.get_args(annotation), value)
    if origin is tuple:
        items = value if isinstance(value, (list, tuple)) else [value]
        return tuple(_as_type(typing.get_args(annotation)[0], item, spec, key) for item in items)
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        if isinstance(value, annotation):
            return value
        if not isinstance(value, Mapping):
            raise ValueError("is no mapping")
        return parse(annotation, value, f"{key}.")
    return _as_scalar(annotation, value, spec)


def _as_union(annotation: Any, value: Any, spec: Spec, key: str) -> Any:
    members = [member for member in typing.get_args(annotation) if member is not type(None)]
    if value is None and len(members) < len(typing.get_args(annotation)):
        return None
    return _as_type(members[0], value, spec, key)


def _as_choice(choices: tuple[Any, ...], value: Any) -> Any:
    if value in choices:
        return value
    raise ValueError(f"{_shown(value)} is none of {', '.join(str(choice) for choice in choices)}")


def _as_scalar(annotation: Any, value: Any, spec: Spec) -> Any:
    if annotation is bool:
        return boolean(value)
    if annotation is int:
        return _integer(value)
    if annotation is float:
        return quantity(value, spec.unit) if spec.unit else _number(value)
    if not isinstance(value, (str, Path)):
        raise ValueError(f"{_shown(value)} is no text; put it in quotes")
    return Path(value) if annotation is Path else str(value)


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        text = value.strip()
        return int(text, 16) if text.startswith("0x") else int(text)
    raise ValueError(f"{_shown(value)} is no whole number")


def _number(value: object) -> float:
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match and not match[2]:
        return float(match[1])
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ValueError(f"{_shown(value)} is no number")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
