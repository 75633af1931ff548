"""ClearCache (OCPP 1.6 §5.4)."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call_result
from ocpp.v16.enums import ClearCacheStatus

from station.core.events import ClearCache
from station.ocpp.dialect import Defer, Inbound, View
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status


def _clear_cache(_payload: Payload, reply: int, view: View) -> Inbound:
    """Without a cache the answer is Rejected (errata 3.23)."""
    if "auth_cache" not in view.features:
        return answer(call_result.ClearCache(ClearCacheStatus.rejected))
    return Defer(ClearCache(reply))


REQUESTS: Final = {
    "ClearCache": Request(
        _clear_cache,
        by_status(call_result.ClearCache, {"Accepted": ClearCacheStatus.accepted}, ClearCacheStatus.rejected),
    ),
}
