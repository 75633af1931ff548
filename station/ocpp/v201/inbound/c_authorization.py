"""Block C, authorization: ClearCache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import ClearCache
from station.core.variables import Address
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, status_info, worded

_ENABLED: Final = Address("AuthCacheCtrlr", None, None, None, "Enabled")


def clear_cache(_payload: Payload, reply: int, view: View) -> Inbound:
    """Forget the authorization cache; refused where there is none or where it is switched off (C11.FR.04)."""
    if not view.variables.flag(_ENABLED):
        return answer(call_result.ClearCache(status="Rejected", status_info=status_info("NotEnabled")))
    return Defer(ClearCache(reply))


def cache_cleared(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted or Rejected (C11.FR.03, C11.FR.05)."""
    return worded(call_result.ClearCache, outcome)


HANDLERS: Final[Mapping[str, Handler]] = {"ClearCache": clear_cache}
WORDINGS: Final[Mapping[str, Wording]] = {"ClearCache": cache_cleared}
