"""nfcpy at the moment it is needed: missing pieces say what to type, its log lines stay where they were asked for."""

from __future__ import annotations

import logging
from typing import Any

from drivers.api import DriverMissing, vendor


class Quiet(logging.LoggerAdapter[logging.Logger]):
    """nfcpy calls each time-out an error; what comes of it is told once, by whoever polls. All of it at DEBUG."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """At DEBUG or below, whatever the level."""
        super().log(min(level, logging.DEBUG), msg, *args, **kwargs)


_LOUD = ("nfc.clf.acr122", "nfc.clf.transport")
"""Modules of nfcpy that take no logger."""

LOG = Quiet(logging.getLogger(__name__), {})


def load(module: str) -> Any:
    """A module of nfcpy. Raises: DriverMissing: it, or libusb, is not installed."""
    for name in _LOUD:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:  # whoever wants to hear them has said so
            logger.setLevel(logging.CRITICAL)
    try:
        return vendor(module, extra="nfc")
    except OSError as error:  # nfcpy needs libusb, whatever the reader hangs on
        raise DriverMissing(f"libusb is not installed: {error}", "sudo apt install libusb-1.0-0") from error
