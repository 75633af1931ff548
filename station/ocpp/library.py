"""The ``ocpp`` library's payloads without its ``ChargePoint``.

``import ocpp.v16`` makes that class and with it imports ``jsonschema`` and its company: 7 MB and a tenth of a second
that stations never use, since they have a wire and validators of their own. Here the packages of the versions are made
known without that; whoever asks one of them for ``ChargePoint`` (the embedded CSMS, a script) gets it then. Called by
``station.ocpp`` before anything of it imports the library.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

_PACKAGES: Final = ("ocpp.v16", "ocpp.v201")
_LATE: Final = "ChargePoint"


def lighten() -> None:
    """Make the packages known; one that was imported already stays as it is."""
    for name in _PACKAGES:
        if name not in sys.modules:
            _make_known(name)


def _make_known(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    package = importlib.util.module_from_spec(spec)

    def late(attribute: str) -> Any:
        if attribute != _LATE:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}", name=attribute, obj=package)
        _execute(package)
        return getattr(package, attribute)

    package.__getattr__ = late  # type: ignore[method-assign]  # PEP 562
    sys.modules[name] = package
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, package)


def _execute(package: ModuleType) -> None:
    spec = package.__spec__
    assert spec is not None
    assert spec.loader is not None
    del package.__getattr__
    spec.loader.exec_module(package)
