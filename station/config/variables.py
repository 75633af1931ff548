"""The block `variables`, and the keys of other blocks that are short names for variables.

Addresses are taken apart and characteristics checked against each other; whether a name exists, and whether a value
suits it, is the catalogue's business. Called by `station.config.build`.
"""

import re
from typing import Final

from station.config.address import VariableAddress, parse_address
from station.config.context import Context
from station.config.errors import Problem, ValueRefusedError
from station.config.model import VariableBlock
from station.config.nodes import Path, find, key_position, to_plain
from station.config.profile import ShortName, VariableSetting
from station.config.secret import Secret

SHORT_NAMES: Final = (
    "csms.security.profile",
    "csms.security.password",
    "csms.call_timeout",
    "csms.ping",
    "csms.reconnect.wait",
    "csms.reconnect.random",
    "csms.reconnect.doubles",
    "auth.master_group",
    "transactions.after_power_loss",
    "metering.sample",
    "metering.aligned",
    "metering.measurands",
)


def variables(context: Context) -> tuple[VariableSetting, ...]:
    """What the profile says of variables, in its order."""
    built: list[VariableSetting] = []
    seen: dict[VariableAddress, str] = {}
    for text, written in context.model.variables.items():
        steps = ("variables", text)
        position = key_position(context.root, steps)
        try:
            address = parse_address(text)
        except ValueRefusedError as error:
            context.problems.append(Problem(position, f"variables: {error.message}", error.suggestion))
            continue
        if address in seen:
            message = f"variables: '{text}' and '{seen[address]}' are the same"
            context.problems.append(Problem(position, message, "keep one of them"))
        seen[address] = text
        if isinstance(written, VariableBlock):
            _check(context, written, steps)
            values = None if written.values is None else tuple(written.values)
            built.append(
                VariableSetting(
                    text,
                    address,
                    written.value,
                    position,
                    type=written.type,
                    mutability=written.mutability,
                    min=written.min,
                    max=written.max,
                    values=values,
                    pattern=written.pattern,
                    reboot=written.reboot,
                )
            )
        else:
            value = ",".join(written) if isinstance(written, list) else written
            built.append(VariableSetting(text, address, value, position))
    return tuple(built)


def _check(context: Context, block: VariableBlock, steps: Path) -> None:
    if block.min is not None and block.max is not None and block.min > block.max:
        context.fault((*steps, "min"), "min is more than max")
    if block.pattern is not None:
        try:
            re.compile(block.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            context.fault((*steps, "pattern"), f"not a regular expression: {error}")


def short_names(context: Context) -> tuple[ShortName, ...]:
    """The short names that somebody wrote, in the file or as a flag, with their values and positions."""
    found: list[ShortName] = []
    for path in SHORT_NAMES:
        steps = tuple(path.split("."))
        node = find(context.root, steps)
        if node is None or to_plain(node) is None:
            continue
        value: object = context.model
        for step in steps:
            value = getattr(value, step)
        if isinstance(value, list):
            value = tuple(value)
        assert isinstance(value, float | int | str | tuple | Secret)
        found.append(ShortName(path, value, key_position(context.root, steps)))
    return tuple(found)
