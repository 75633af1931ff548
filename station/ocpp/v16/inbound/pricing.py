"""Prices and costs by DataTransfer: SetUserPrice, RunningCost and FinalCost.

The data is JSON in a string. What cannot be read is Rejected, as is what belongs to no transaction or session here.
Called by ``data_transfer`` for its vendorId.

Spec: OCA "OCPP & California Pricing Requirements" v3, 3.1 (messages), 3.2 (languages).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ocpp.v16 import call_result
from ocpp.v16.enums import DataTransferStatus

from station.core import names
from station.core.costs import ChargingPrice, FinalCost, IdlePrice, MeterTriggers, NextPeriod, PriceText, RunningCost
from station.core.effects import Outcome
from station.core.events import CostTold, PriceTold
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.times import moment
from station.ocpp.v16 import vocabulary as words
from station.ocpp.v16.inbound.request import Payload, Request, answer

_STATES: Final = {"Charging": False, "Idle": True}
_PHASES: Final[Mapping[str, frozenset[str]]] = {
    "Available": frozenset({"idle"}),
    "Preparing": frozenset({"plugged", "awaiting", "EVConnected", "Idle"}),
    "Charging": frozenset({"Charging"}),
    "SuspendedEVSE": frozenset({"SuspendedEVSE"}),
    "SuspendedEV": frozenset({"SuspendedEV", "interrupted"}),
    "Finishing": frozenset({"finishing"}),
}
"""The statuses at which a meter value may be wanted, as phases of a session."""

_MAX_TEXT: Final = 4096
_MAX_TEXTS: Final = 50
_TOO_MUCH: Final = 10**12
_Reader = Callable[[Mapping[str, Any], int], PriceTold | CostTold]


class _Unfit(Exception):
    """The data is not what the message says."""


def _receive(payload: Payload, reply: int, view: View) -> Inbound:
    if not view.variables.flag(names.COST_MESSAGES):
        return answer(call_result.DataTransfer(DataTransferStatus.unknown_vendor_id))
    reader = _READERS.get(payload.get("messageId", ""))
    if reader is None:
        return answer(call_result.DataTransfer(DataTransferStatus.unknown_message_id))
    try:
        return Defer(reader(_parsed(payload.get("data")), reply))
    except (_Unfit, ArithmeticError, ValueError):
        return answer(call_result.DataTransfer(DataTransferStatus.rejected))


def _word(_payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    accepted = outcome.status == "Accepted"
    return answer(call_result.DataTransfer(DataTransferStatus.accepted if accepted else DataTransferStatus.rejected))


def _parsed(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, str):
        raise _Unfit
    try:
        return _object(json.loads(data, parse_float=Decimal, parse_constant=_no_number))
    except RecursionError:
        raise _Unfit from None


def _no_number(_text: str) -> Any:
    raise _Unfit


# The messages


def _user_price(data: Mapping[str, Any], reply: int) -> PriceTold:
    """SetUserPrice: a text for whoever shows this card."""
    token = _text(data, "idToken")
    if len(token) > words.TOKEN_LENGTH:
        raise _Unfit
    return PriceTold(reply, words.id_token(token), _texts(data))


def _running(data: Mapping[str, Any], reply: int) -> CostTold:
    cost = RunningCost(
        at=_time(data, "timestamp"),
        meter_wh=float(_number(data, "meterValue")),
        cost=_number(data, "cost"),
        idle=_idles(data),
        charging=_charging(data.get("chargingPrice")),
        idling=_idle(data.get("idlePrice")),
        following=_following(data.get("nextPeriod")),
        triggers=_triggers(data.get("triggerMeterValue")),
    )
    return CostTold(reply, _transaction(data), cost)


def _final(data: Mapping[str, Any], reply: int) -> CostTold:
    qr_code = _text(data, "qrCodeText") if data.get("qrCodeText") is not None else ""
    texts = _texts(data) if data.get("priceText") is not None else ()
    return CostTold(reply, _transaction(data), FinalCost(_number(data, "cost"), texts, qr_code))


_READERS: Final[Mapping[str, _Reader]] = {"SetUserPrice": _user_price, "RunningCost": _running, "FinalCost": _final}


# Their members


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value or len(value) > _MAX_TEXT:
        raise _Unfit
    value.encode()  # half a surrogate pair, which JSON can spell, raises ValueError
    return value


def _texts(data: Mapping[str, Any]) -> tuple[PriceText, ...]:
    """``priceText`` and, in other languages, ``priceTextExtra``."""
    extra = data.get("priceTextExtra", [])
    if not isinstance(extra, list) or len(extra) > _MAX_TEXTS:
        raise _Unfit
    own = PriceText(_text(data, "priceText"))
    return (own, *(PriceText(_text(_object(one), "content"), _text(one, "language")) for one in extra))


def _number(data: Mapping[str, Any], name: str) -> Decimal:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise _Unfit
    amount = Decimal(value)
    if abs(amount) >= _TOO_MUCH:
        raise _Unfit
    return amount


def _amount(data: Mapping[str, Any], name: str) -> Decimal:
    return _number(data, name) if data.get(name) is not None else Decimal(0)


def _transaction(data: Mapping[str, Any]) -> str:
    value = data.get("transactionId")
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _TOO_MUCH:
        raise _Unfit
    return str(value)


def _time(data: Mapping[str, Any], name: str) -> datetime:
    value = data.get(name)
    time = moment(value) if isinstance(value, str) else None
    if time is None:
        raise _Unfit
    return time


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Unfit
    return value


def _idles(data: Mapping[str, Any]) -> bool:
    state = data.get("state")
    if not isinstance(state, str) or state not in _STATES:
        raise _Unfit
    return _STATES[state]


def _charging(value: Any) -> ChargingPrice:
    """Left out after the stop, where only standing costs something."""
    prices = _object(value) if value is not None else {}
    return ChargingPrice(_amount(prices, "kWhPrice"), _amount(prices, "hourPrice"), _amount(prices, "flatFee"))


def _idle(value: Any) -> IdlePrice | None:
    if value is None:
        return None
    prices = _object(value)
    return IdlePrice(_amount(prices, "hourPrice"), float(_amount(prices, "graceMinutes")) * 60.0)


def _following(value: Any) -> NextPeriod | None:
    if value is None:
        return None
    period = _object(value)
    return NextPeriod(_time(period, "atTime"), _charging(period.get("chargingPrice")), _idle(period.get("idlePrice")))


def _triggers(value: Any) -> MeterTriggers | None:
    if value is None:
        return None
    wanted = _object(value)
    statuses = wanted.get("atCPStatus", [])
    if not isinstance(statuses, list) or not all(isinstance(one, str) for one in statuses):
        raise _Unfit
    return MeterTriggers(
        at=_time(wanted, "atTime") if wanted.get("atTime") is not None else None,
        energy_wh=float(_number(wanted, "atEnergykWh")) * 1000.0 if wanted.get("atEnergykWh") is not None else None,
        power_w=float(_number(wanted, "atPowerkW")) * 1000.0 if wanted.get("atPowerkW") is not None else None,
        phases=frozenset().union(*(_PHASES.get(one, frozenset()) for one in statuses)),
    )


VENDOR: Final = Request(_receive, _word)
