"""Addresses of variables: `Component[instance]@evse.connector.Variable[instance]#Attribute`, or a 1.6 key.

Only the form is checked here; which names exist is the catalogue's business. Called for the profile's `variables`.
"""

import re
from dataclasses import dataclass
from typing import Final

from station.config.errors import ValueRefusedError

ATTRIBUTES: Final = ("Actual", "Target", "MinSet", "MaxSet")
_NAME: Final = r"[A-Za-z0-9*\-_=:+| ][A-Za-z0-9*\-_=:+| ]{0,49}"
_INSTANCE: Final = r"(?:\[([^\[\]]{1,50})\])?"
_FULL: Final = re.compile(
    rf"(?P<component>{_NAME}){_INSTANCE}(?:@(?P<evse>[0-9]{{1,6}})(?:\.(?P<connector>[0-9]{{1,6}}))?)?"
    rf"\.(?P<variable>{_NAME}){_INSTANCE}(?:#(?P<attribute>[A-Za-z]+))?",
    re.ASCII,
)
_BARE: Final = re.compile(r"[A-Za-z0-9*\-_=:+|@ ]{1,50}", re.ASCII)


class AddressError(ValueRefusedError):
    """A text that is no address of a variable."""


@dataclass(frozen=True, slots=True)
class VariableAddress:
    """Where a variable lives. `component` is None for a configuration key of 1.6 (then only `variable` is set).

    Args:
        evse: the EVSE from 1, None for the station itself.
        connector: the connector of the EVSE from 1, None for the whole EVSE.
        attribute: Actual, Target, MinSet or MaxSet.
    """

    component: str | None
    variable: str
    component_instance: str | None = None
    variable_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    attribute: str = "Actual"


def parse_address(text: str) -> VariableAddress:
    """The parts of an address.

    Raises:
        AddressError: the text has another form, or an unknown attribute.
    """
    match = _FULL.fullmatch(text)
    if match is None:
        if _BARE.fullmatch(text):
            return VariableAddress(None, text)
        raise AddressError(
            f"'{text[:80]}' is no address of a variable",
            "write a key of 1.6, or Component[instance]@evse.connector.Variable[instance]#Attribute",
        )
    attribute = match["attribute"] or "Actual"
    if attribute not in ATTRIBUTES:
        raise AddressError(f"unknown attribute '{attribute}'", f"known: {', '.join(ATTRIBUTES)}")
    return VariableAddress(
        component=match["component"],
        variable=match["variable"],
        component_instance=match[2],
        variable_instance=match[6],
        evse=int(match["evse"]) if match["evse"] else None,
        connector=int(match["connector"]) if match["connector"] else None,
        attribute=attribute,
    )
