"""DataTransfer from the CSMS (OCPP 1.6 §4.3, §5.6): by vendor, unknown ones are refused."""

from __future__ import annotations

from collections.abc import Mapping

from ocpp.v16 import call_result
from ocpp.v16.enums import DataTransferStatus

from station.core.effects import Outcome
from station.ocpp.dialect import Answer, Inbound, Refuse, View
from station.ocpp.v16.inbound.request import Payload, Request, answer

Vendor = Request
"""The handler of one vendorId: gets the whole payload, says UnknownMessageId itself."""


def data_transfer(vendors: Mapping[str, Vendor]) -> Request:
    """The handler of DataTransfer for these vendorIds."""

    def receive(payload: Payload, reply: int, view: View) -> Inbound:
        vendor = vendors.get(payload["vendorId"])
        if vendor is None:
            return answer(call_result.DataTransfer(DataTransferStatus.unknown_vendor_id))
        return vendor.receive(payload, reply, view)

    def word(payload: Payload, outcome: Outcome, view: View) -> Answer | Refuse:
        vendor = vendors.get(payload["vendorId"])
        if vendor is None or vendor.word is None:
            return answer(call_result.DataTransfer(DataTransferStatus.rejected))
        return vendor.word(payload, outcome, view)

    return Request(receive, word)
