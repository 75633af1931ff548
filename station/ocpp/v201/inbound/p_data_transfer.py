"""Block P, data transfer: this station has no vendor-specific messages (P01.FR.05)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.ocpp.dialect import Inbound, View
from station.ocpp.v201.vocabulary import Handler, Payload, answer


def data_transfer(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """UnknownVendorId, whoever the vendor is."""
    return answer(call_result.DataTransfer(status="UnknownVendorId"))


HANDLERS: Final[Mapping[str, Handler]] = {"DataTransfer": data_transfer}
