"""Is a text a legal value of a variable, and how is it written? Functions of the text and the definition alone.

Called by ``station.core.variables`` for what a profile gives, what a CSMS or a command sets, and what a store brings
back. The formats are those of OCPP 2.0.1 part 2, 2.1.4 "Primitive datatypes".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from station.core.device_model import DataType, Definition, Mutability

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,9})")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_INTEGER_BITS = 31


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value is not taken: a reason code of OCPP 2.0.1 appendix 5, and a sentence for people.

    The sentence never contains the value of a secret.
    """

    reason_code: str
    detail: str


def normalized(definition: Definition, text: str) -> str | Refusal:
    """The value as it is kept, or why it cannot be.

    Lists lose the blanks around their items; everything else is kept as given. An empty text unsets a list, a text,
    or a dateTime.

    Spec: OCPP 2.0.1 B05.FR.07, B05.FR.08.
    """
    match definition.type:
        case DataType.INTEGER | DataType.DECIMAL:
            return _number(definition, text)
        case DataType.BOOLEAN:
            return text if text in ("true", "false") else _invalid(definition, text, "true or false")
        case DataType.DATE_TIME:
            return text if not text or _is_date_time(text) else _invalid(definition, text, "an RFC 3339 date and time")
        case DataType.OPTION_LIST:
            return _option(definition, text)
        case DataType.MEMBER_LIST | DataType.SEQUENCE_LIST:
            return _list(definition, text)
        case DataType.STRING:
            return _text(definition, text)


@lru_cache(maxsize=1024)
def split(text: str) -> tuple[str, ...]:
    """The items of a comma separated list; none of an empty text."""
    return tuple(item.strip() for item in text.split(",")) if text.strip() else ()


def _invalid(definition: Definition, text: str, wanted: str) -> Refusal:
    hidden = definition.secret or definition.mutability is Mutability.WRITE_ONLY
    shown = "the value" if hidden else repr(text[:40])
    return Refusal("InvalidValue", f"{shown} is not {wanted}")


def _number(definition: Definition, text: str) -> str | Refusal:
    whole = definition.type is DataType.INTEGER
    if not (_INTEGER if whole else _DECIMAL).fullmatch(text):
        return _invalid(definition, text, "an integer" if whole else "a decimal with up to six decimal places")
    number = float(text)
    if whole and not -(2**_INTEGER_BITS) <= number < 2**_INTEGER_BITS:
        return Refusal("ValueOutOfRange", f"{text} does not fit into 31 bits")
    return _in_range(definition, number, text, text)


def _in_range(definition: Definition, measure: float, text: str, shown: str) -> str | Refusal:
    if definition.minimum is not None and measure < definition.minimum:
        return Refusal("ValueOutOfRange", f"{shown} is below {definition.minimum:g}")
    if definition.maximum is not None and measure > definition.maximum:
        return Refusal("ValueOutOfRange", f"{shown} is above {definition.maximum:g}")
    return text


def _is_date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def _option(definition: Definition, text: str) -> str | Refusal:
    if definition.values and text not in definition.values:
        return _invalid(definition, text, f"one of {', '.join(definition.values)}")
    return text


def _list(definition: Definition, text: str) -> str | Refusal:
    items = split(text)
    if definition.values:
        for item in items:
            if item not in definition.values:
                return _invalid(definition, item, f"one of {', '.join(definition.values)}")
    if "" in items or len(set(items)) < len(items):
        return Refusal("InvalidValue", "the list has an empty item or the same item twice")
    joined = ",".join(items)
    return _in_range(definition, len(joined), joined, f"a length of {len(joined)}")


def _text(definition: Definition, text: str) -> str | Refusal:
    if definition.values and text not in definition.values:
        return _invalid(definition, text, f"one of {', '.join(definition.values)}")
    if definition.pattern is not None and not re.fullmatch(definition.pattern, text):
        return _invalid(definition, text, "of the form that is asked for")
    return _in_range(definition, len(text), text, f"a length of {len(text)}")
