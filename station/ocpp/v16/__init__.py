"""The OCPP 1.6 dialect: the core's vocabulary in the words of version 1.6."""

from __future__ import annotations

from station.ocpp.v16.dialect import DIALECT

__all__ = ["DIALECT"]
