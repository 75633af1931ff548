"""Values with units: text in, plain numbers out (seconds, amperes, watts, watt-hours, percent).

Not a calculator: one number, one unit. A number without a unit takes the one that is obvious from the key (seconds,
amperes, watts, watt-hours, percent) where the caller allows it; 0 is the same in all of them. Called by the types of
profiles and plans and usable for the options of drivers.
"""

import re
from decimal import Decimal
from typing import Final

from station.config.errors import ValueRefusedError

DURATION: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
CURRENT: Final = {"A": Decimal(1)}
POWER: Final = {"W": Decimal(1), "kW": Decimal(1000)}
ENERGY: Final = {"Wh": Decimal(1), "kWh": Decimal(1000)}
PERCENT: Final = {"%": Decimal(1)}

_KINDS: Final = {
    "duration": (DURATION, "30s"),
    "current": (CURRENT, "16A"),
    "power": (POWER, "11kW"),
    "energy": (ENERGY, "52kWh"),
    "percentage": (PERCENT, "35%"),
}
_NUMBER: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})\s*([A-Za-z%]*)\Z", re.ASCII)
TRUE_WORDS: Final = frozenset({"on", "yes", "true"})
FALSE_WORDS: Final = frozenset({"off", "no", "false"})


def parse_quantity(text: str, kind: str, *, bare: bool = True) -> float:
    """A number with a unit of one kind: duration, current, power, energy, percentage.

    Args:
        bare: whether a number other than 0 may stand without its unit.

    Returns:
        Seconds, amperes, watts, watt-hours or percent; never negative.

    Raises:
        ValueRefusedError: no number, a unit of another kind, one that is unknown, or none where it is needed.
    """
    units, example = _KINDS[kind]
    match = _NUMBER.match(text.strip())
    if match is None:
        raise ValueRefusedError(f"not a {kind}", f"write it like {example}")
    number, unit = match[1], match[2]
    if not unit:
        if not bare and Decimal(number):
            raise ValueRefusedError("a number without its unit", _with_units(Decimal(number), kind))
        return float(Decimal(number))
    if unit in units:
        return float(Decimal(number) * units[unit])
    for other, (others, _) in _KINDS.items():
        if unit in others:
            raise ValueRefusedError(f"a {other}, not a {kind}", f"write it like {example}")
    for known in units:
        if known.casefold() == unit.casefold():
            raise ValueRefusedError(f"unknown unit '{unit}'", f"did you mean '{known}'?")
    raise ValueRefusedError(f"unknown unit '{unit}'", f"known: {', '.join(units)}")


def _with_units(number: Decimal, kind: str) -> str:
    """What somebody may have meant who left the unit out."""
    units = _KINDS[kind][0]
    meant = [f"{number:f}{unit}" for unit in units]
    if kind == "percentage" and number <= 1:
        # A fraction of one, as programs write shares.
        meant.insert(0, f"{(number * 100).normalize():f}%")
    return f"write {', '.join(meant[:-1])} or {meant[-1]}" if len(meant) > 1 else f"write {meant[0]}"


def parse_duration(text: str, *, bare: bool = True) -> float:
    """Seconds: `ms`, `s`, `m`, `h`, `d`; a plain number, where it may stand (`bare`), is seconds."""
    return parse_quantity(text, "duration", bare=bare)


def parse_bool(text: str) -> bool:
    """`on`, `yes`, `true` or `off`, `no`, `false`, whatever the case.

    Raises:
        ValueRefusedError: any other word.
    """
    word = text.strip().casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueRefusedError("neither on nor off", "write on or off")


def parse_int(text: str) -> int:
    """A whole number of at most 12 decimal digits.

    Raises:
        ValueRefusedError: anything else.
    """
    if re.fullmatch(r"-?[0-9]{13,}", text.strip(), re.ASCII) is not None:
        raise ValueRefusedError("beyond what a number can be here", f"write one of at most 12 digits: {'9' * 12}")
    if re.fullmatch(r"-?[0-9]{1,12}", text.strip(), re.ASCII) is None:
        raise ValueRefusedError("not a whole number")
    return int(text)


def parse_number(text: str) -> float:
    """A decimal number without a unit.

    Raises:
        ValueRefusedError: anything else.
    """
    if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", text.strip(), re.ASCII) is None:
        raise ValueRefusedError("not a number")
    return float(text)
