"""What a handler of a call of the CSMS is made of. The handlers of 1.6 stand in the sister modules, by topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from station.core.effects import Outcome
from station.ocpp.dialect import Answer, Inbound, Refuse, View
from station.ocpp.payload import encode

Payload = Mapping[str, Any]
Receive = Callable[[Payload, int, View], Inbound]
Word = Callable[[Payload, Outcome, View], Answer | Refuse]


@dataclass(frozen=True, slots=True)
class Request:
    """How a call is received (payload, reply token, station), and how the outcome of a deferred one is worded."""

    receive: Receive
    word: Word | None = None


def answer(conf: object) -> Answer:
    """An answer with nothing after it, from a dataclass of ``ocpp.v16.call_result``."""
    return Answer(encode(conf))


def by_status(conf: Callable[[Any], object], statuses: Mapping[str, str], otherwise: str) -> Word:
    """Word an outcome by its status alone; what the table does not name (a refusal, a full disk) is ``otherwise``."""

    def word(_payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
        return answer(conf(statuses.get(outcome.status, otherwise)))

    return word
