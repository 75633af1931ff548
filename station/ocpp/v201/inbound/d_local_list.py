"""Block D, local authorization list, of a station that takes none from the CSMS: every request is refused in its words.

Spec: OCPP 2.0.1 D01.FR.02, D02.FR.03.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.ocpp.dialect import Inbound, View
from station.ocpp.v201.vocabulary import Handler, Payload, answer, status_info


def send_local_list(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """Failed: there is no list to update."""
    return answer(call_result.SendLocalList(status="Failed", status_info=status_info("UnsupportedRequest")))


def get_local_list_version(_payload: Payload, _reply: int, _view: View) -> Inbound:
    """Version 0: there is no local authorization list (D02.FR.03)."""
    return answer(call_result.GetLocalListVersion(version_number=0))


HANDLERS: Final[Mapping[str, Handler]] = {
    "SendLocalList": send_local_list,
    "GetLocalListVersion": get_local_list_version,
}
