"""What the options of the Modbus drivers have in common: converters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.api import OptionError
from drivers.modbus import meter_map
from drivers.modbus.wire import Line

PORT_ABOUT = "path of the line, such as /dev/ttyUSB1, or tcp://host:port"
MAP_ABOUT = "a register map of your own: a YAML file (docs/register-maps.md)"


def port(value: object) -> str:
    """A path or ``tcp://host:port``. Raises: ValueError, OptionError: neither."""
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("is no path and no tcp://host:port")
    _ = Line(str(value)).endpoint  # raises where it begins like an address and is none
    return str(value)


def map_file(load: Callable[[Path], Any]) -> Callable[[object], Path]:
    """A converter: the path of a map that can be loaded."""

    def convert(value: object) -> Path:
        if not isinstance(value, (str, Path)):
            raise ValueError("is no path")
        path = Path(value)
        _at("map", lambda: load(path))
        return path

    return convert


def model(kind: str) -> Callable[[object], str]:
    """A converter: the name of a map that comes along."""

    def convert(value: object) -> str:
        name = str(value)
        meter_map.model_file(name, kind)
        return name

    return convert


def chosen(model_name: str | None, path: Path | str | None, kind: str) -> Path:
    """The file of the map. Raises: ValueError: none is named, or two are."""
    if (model_name is None) == (path is None):
        raise ValueError("name a model, or a map of your own, and not both")
    return meter_map.model_file(model_name, kind) if model_name is not None else Path(str(path))


def _at(key: str, act: Callable[[], object]) -> None:
    """Have an error in a file name the option that names the file."""
    try:
        act()
    except OptionError as error:
        raise OptionError(key, error.message, error.hint) from error
