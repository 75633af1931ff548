"""What every test of the OCPP 1.6 dialect does: look at a payload and hold it against its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from station.ocpp.dialect import Answer, Defer, Inbound, OutCall, View
from station.ocpp.schema import check
from station.ocpp.v16 import DIALECT


def sent(call: object, action: str) -> dict[str, Any]:
    """The payload of a call, after it passed the schema of ``action``."""
    assert isinstance(call, OutCall), call
    assert call.action == action
    assert check("1.6", action, "request", call.payload) is None
    return call.payload


def receive(view: View, action: str, **payload: Any) -> Inbound:
    """What the dialect does with a call of the CSMS that passed its schema."""
    assert check("1.6", action, "request", payload) is None, payload
    result = DIALECT.inbound(action, payload, 7, view)
    if isinstance(result, Answer):
        valid(action, result.payload)
    return result


def answered(view: View, action: str, **payload: Any) -> dict[str, Any]:
    """The answer that a call gets at once."""
    result = receive(view, action, **payload)
    assert isinstance(result, Answer), result
    return result.payload


def deferred(view: View, action: str, **payload: Any) -> object:
    """The event that a call is handed to the core as."""
    result = receive(view, action, **payload)
    assert isinstance(result, Defer), result
    return result.event


def worded(view: View, action: str, outcome: object, payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a deferred call."""
    result = DIALECT.reply(action, payload or {}, outcome, view)
    assert isinstance(result, Answer), result
    return valid(action, result.payload)


def valid(action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload of an answer, after it passed its schema."""
    assert check("1.6", action, "response", payload) is None, payload
    return payload
