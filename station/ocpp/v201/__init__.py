"""OCPP 2.0.1: the core's facts, notices and queries as calls, and the CSMS's calls as events.

``DIALECT`` is all that others need. Called by the host's engine through ``station.ocpp.dialect.Dialect``.
"""

from __future__ import annotations

from typing import Final

from station.ocpp.dialect import Dialect
from station.ocpp.v201.dialect import HANDLERS, WORDINGS, Dialect2x

__all__ = ["DIALECT"]

DIALECT: Final[Dialect] = Dialect2x("2.0.1", "ocpp2.0.1", HANDLERS, WORDINGS)
"""The one dialect object of a process."""
