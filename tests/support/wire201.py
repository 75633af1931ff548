"""Checks of OCPP 2.0.1 messages against their schemas, and requests as the CSMS would send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from station.ocpp.dialect import Answer, Defer, Inbound, OutCall
from station.ocpp.schema import check
from station.ocpp.v201 import DIALECT
from tests.support.fake_view import FakeView

REPLY = 7


def obeys(call: OutCall) -> dict[str, Any]:
    """The payload of a call that obeys its schema."""
    assert check("2.0.1", call.action, "request", call.payload) is None, call
    return call.payload


def receive(action: str, payload: Mapping[str, Any], view: FakeView) -> Inbound:
    """What the dialect does with a legal request; an answer and the calls that follow it obey their schemas."""
    assert check("2.0.1", action, "request", payload) is None, "the test's own request is wrong"
    result = DIALECT.inbound(action, payload, REPLY, view)
    if isinstance(result, Answer):
        answered(action, result)
    return result


def answered(action: str, answer: Any) -> dict[str, Any]:
    """The payload of an answer that obeys its schema."""
    assert isinstance(answer, Answer), answer
    assert check("2.0.1", action, "response", answer.payload) is None, answer.payload
    for call in answer.calls:
        obeys(call)
    return answer.payload


def reply(action: str, payload: Mapping[str, Any], outcome: Any, view: FakeView) -> dict[str, Any]:
    """The worded answer to a deferred request."""
    return answered(action, DIALECT.reply(action, payload, outcome, view))


def deferred(action: str, payload: Mapping[str, Any], view: FakeView) -> Any:
    """The event that a request becomes."""
    result = receive(action, payload, view)
    assert isinstance(result, Defer), result
    return result.event
