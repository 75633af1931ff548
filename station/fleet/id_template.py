"""Templates of identities (``LT-{:05d}``) and of passwords (``pw-{id}``): one number, or one identity, and no more.

Python's ``str.format`` does the work; what else it could do (attributes, other types, widths without end) is refused
here. Called by ``plan_file``; ``population`` fills templates in.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import Final

from station.config.errors import ValueRefusedError
from station.config.urls import check_station_id

_NUMBER: Final = re.compile(r"0?[0-9]{0,2}[dxX]?", re.ASCII)
_EXAMPLE: Final = "write it like LT-{:05d}"


def check_id_template(template: str, count: int | None) -> None:
    """Refuse what does not give each of ``count`` stations an identity of its own.

    Args:
        count: None where it is not known: what is wrong with any number of stations.

    Raises:
        ValueRefusedError: no field, more than one, a field that is no number, or ids that are none
            (``station.config.urls.check_station_id``).
    """
    fields = _fields(template)
    if not fields:
        if count in (1, None):
            check_station_id(template.format())
            return
        raise ValueRefusedError(f"no field for the number: all {count} stations would be {template[:60]!r}", _EXAMPLE)
    if len(fields) > 1:
        raise ValueRefusedError("more than one field", _EXAMPLE)
    name, spec = fields[0]
    if name or not _NUMBER.fullmatch(spec):
        raise ValueRefusedError(f"'{_spelled(name, spec)}' is no field for the number", _EXAMPLE)
    for number in (1, count or 1):
        check_station_id(template.format(number))


def check_password_template(template: str) -> None:
    """Refuse what ``fill_password`` could not fill in.

    Raises:
        ValueRefusedError: a field that is neither ``{id}`` nor the station's number.
    """
    for name, spec in _fields(template):
        if not ((name == "id" and not spec) or (not name and _NUMBER.fullmatch(spec))):
            # The template is a secret: its field is not.
            raise ValueRefusedError(f"'{_spelled(name, spec)}' is no field", "write {id}, or {:05d} for the number")
    try:
        fill_password(template, "", 1)
    except IndexError:
        raise ValueRefusedError("more than one field for the number", "write one") from None


def fill_password(template: str, station_id: str, number: int) -> str:
    """The password of a station.

    Args:
        number: of the station, from 1.
    """
    return template.format(number, id=station_id)


def _fields(template: str) -> list[tuple[str, str]]:
    """Name and format of each field."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueRefusedError("a brace without its partner", "write {{ for the character {") from None
    fields = [(name, spec or "", conversion) for _, name, spec, conversion in parts if name is not None]
    if any(conversion for _, _, conversion in fields):
        raise ValueRefusedError("a conversion (!) cannot stand here", _EXAMPLE)
    return [(name, spec) for name, spec, _ in fields]


def _spelled(name: str, spec: str) -> str:
    return f"{{{name}{':' if spec else ''}{spec}}}"[:40]
