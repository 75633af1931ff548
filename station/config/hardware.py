"""EVSEs, their parts, and card readers: drivers are looked up and their options checked, nothing is opened.

Called by `station.config.build`.
"""

from typing import Any, cast

from pydantic import TypeAdapter

from drivers import options as driver_options
from drivers.api import OptionError
from drivers.uid import UidPolicy
from station.config import parts, reader_names
from station.config.context import Context
from station.config.errors import ConfigError
from station.config.model import EvseBlock
from station.config.nodes import Path, spell, value_position
from station.config.profile import (
    ConnectorConfig,
    EvseConfig,
    HardwareConfig,
    PartConfig,
    ReaderConfig,
)
from station.config.types import Whole, kind_of
from station.config.validate import checked

_FILE_OPTIONS = frozenset({"file", "map"})
_READER_KEYS = frozenset({"evses", "uid", "name", "prevalidated"})
_evse_list: TypeAdapter[list[int]] = TypeAdapter(list[Whole])


def evses(context: Context) -> tuple[EvseConfig, ...]:
    """The EVSEs in the order of their ids; their ids and those of connectors run from 1 without gaps."""
    blocks = context.model.evses
    ids = [block.id or index + 1 for index, block in enumerate(blocks)]
    _check_ids(context, ("evses",), ids)
    built: list[EvseConfig] = []
    number = 1
    for index in sorted(range(len(blocks)), key=lambda place: ids[place]):
        built.append(_evse(context, blocks[index], index, ids[index], number))
        number += len(blocks[index].connectors)
    return tuple(built)


def _check_ids(context: Context, steps: Path, ids: list[int]) -> None:
    if sorted(ids) != list(range(1, len(ids) + 1)):
        listed = ", ".join(str(number) for number in ids)
        context.fault(steps, f"the ids are {listed}; they must run from 1 without gaps and repeats", "leave them out")


def _evse(context: Context, block: EvseBlock, index: int, evse_id: int, first_number: int) -> EvseConfig:
    steps: Path = ("evses", index)
    ids = [connector.id or place + 1 for place, connector in enumerate(block.connectors)]
    _check_ids(context, (*steps, "connectors"), ids)
    ordered = sorted(zip(ids, block.connectors, strict=True), key=lambda pair: pair[0])
    connectors = tuple(
        ConnectorConfig(
            id=connector_id,
            number=first_number + place,
            type=connector.type,
            cable=connector.cable,
            lock=connector.cable == "socket" if connector.lock is None else connector.lock,
        )
        for place, (connector_id, connector) in enumerate(ordered)
    )
    if block.id is None:
        context.derived[spell((*steps, "id"))] = (str(evse_id), "its place")
    for place, connector in enumerate(block.connectors):
        where: Path = (*steps, "connectors", place)
        if connector.id is None:
            context.derived[spell((*where, "id"))] = (str(ids[place]), "its place")
        if connector.lock is None:
            context.derived[spell((*where, "lock"))] = _default_lock(connector.cable)
    hardware = _hardware(context, block, steps)
    return EvseConfig(evse_id, block.max_current, block.phases, connectors, hardware)


def _default_lock(cable: str) -> tuple[str, str]:
    return ("on", "a socket locks") if cable == "socket" else ("off", "a fixed cable does not lock")


def _hardware(context: Context, block: EvseBlock, steps: Path) -> HardwareConfig:
    found: dict[str, PartConfig] = {}
    for name in ("pilot", "contactor", "meter", "lock", "indicator", "button"):
        written: dict[str, Any] | None = getattr(block.hardware, name)
        where = (*steps, "hardware", name)
        found[name] = _part(context, name, {"driver": "sim"} if written is None else written, where)
    pilot = found["pilot"]
    by_pilot = block.hardware.contactor is None and not pilot.simulated
    _warn_of_mixture(context, block, steps, pilot)
    return HardwareConfig(
        pilot=pilot,
        contactor=None if by_pilot else found["contactor"],
        meter=found["meter"],
        lock=found["lock"],
        indicator=found["indicator"],
        button=found["button"],
    )


def _warn_of_mixture(context: Context, block: EvseBlock, steps: Path, pilot: PartConfig) -> None:
    contactor = block.hardware.contactor
    where = (*steps, "hardware")
    if contactor is not None and contactor.get("driver") != "sim" and pilot.simulated:
        context.warn(where, "the contactor is real, but the pilot is simulated: nothing real says that a car is there")
    if not pilot.simulated and block.hardware.meter is None:
        context.warn(where, "the pilot is real, but the meter is simulated: the energy is made up")


def _part(context: Context, part: str, written: dict[str, Any], where: Path) -> PartConfig:
    position = value_position(context.root, where)
    name = written.get("driver")
    options = {str(key): _native(value) for key, value in written.items() if key != "driver"}
    if not isinstance(name, str) or not name:
        context.fault(where, "the driver is missing", f"known: {', '.join(parts.known_drivers(part))}")
        return PartConfig(part, "sim", {}, None, position)
    for key in _FILE_OPTIONS & options.keys():
        if isinstance(options[key], str):
            options[key] = str(context.file(options[key]))
    parsed, faults = parts.parse(part, str(name), options)
    for key, message, suggestion in faults:
        context.fault((*where, key) if key else where, message, suggestion, key=bool(key) and key != "driver")
    return PartConfig(part, str(name), options, parsed, position)


def _native(value: object) -> Any:
    """Plain texts only: drivers compare types, and profiles travel between processes."""
    if isinstance(value, dict):
        return {str(key): _native(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_native(item) for item in value]
    return str(value) if isinstance(value, str) else value


def readers(context: Context, written: list[dict[str, Any]], evse_ids: tuple[int, ...]) -> tuple[ReaderConfig, ...]:
    """The card readers; one that does not say which EVSEs it serves, serves all."""
    built: list[ReaderConfig] = []
    for index, options in enumerate(written):
        where: Path = ("auth", "readers", index)
        served = _served(context, options.get("evses"), (*where, "evses"), evse_ids)
        uid = _uid(context, options.get("uid"), (*where, "uid"))
        rest = {key: value for key, value in options.items() if key not in _READER_KEYS}
        part = _part(context, "reader", rest, where)
        name = reader_names.name_of(context, options.get("name"), where, part.driver, {one.name for one in built})
        vouches = reader_names.vouches(context, options.get("prevalidated"), where)
        built.append(ReaderConfig(part, served, uid, name, vouches))
    return tuple(built)


def _served(context: Context, written: object, where: Path, evse_ids: tuple[int, ...]) -> tuple[int, ...]:
    if written is None:
        return evse_ids
    try:
        served = checked(_evse_list, written, context.root, where)
    except ConfigError as error:
        context.problems.extend(error.problems)
        return evse_ids
    for place, evse_id in enumerate(served):
        if evse_id not in evse_ids:
            known = ", ".join(str(number) for number in evse_ids)
            context.fault((*where, place), f"there is no EVSE {evse_id}", f"known: {known}")
    if not served:
        context.fault(where, "the list is empty", "leave it out for a reader that serves all EVSEs")
    return tuple(served)


def _uid(context: Context, written: object, where: Path) -> UidPolicy | None:
    if written is None:
        return None
    if not isinstance(written, dict):
        context.fault(where, f"{kind_of(written)} stands where a mapping belongs", "write it like {case: lower}")
        return None
    try:
        return driver_options.parse(UidPolicy, cast("dict[str, Any]", _native(written)))
    except OptionError as error:
        key = error.key.partition(".")[0]
        steps = (*where, key) if key in written else where
        context.fault(steps, error.message, error.hint, key=key in written)
        return None
