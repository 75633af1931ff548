"""Every request of both versions, spoilt member by member: exactly one answer, with the code that the rules name."""

from __future__ import annotations

import json

import pytest

from station.ocpp.rpc import Rpc, Send
from station.ocpp.rules import RULES
from station.ocpp.schema import FaultKind, Version, known_actions, schema_of
from tests.support.bad_payloads import bad_payloads

SPOKEN: tuple[Version, ...] = ("1.6", "2.0.1")
ACTIONS: list[tuple[Version, str]] = [
    (version, action) for version in SPOKEN for action in sorted(known_actions(version))
]


@pytest.mark.parametrize(("version", "action"), ACTIONS)
def test_a_spoilt_payload_gets_one_answer_and_its_code(version: Version, action: str) -> None:
    rules = RULES[version]
    rpc = Rpc(rules, lambda: "mine")
    rpc.connected()
    for bad in bad_payloads(schema_of(version, action, "request")):
        if not bad.text.startswith("{"):
            continue
        events = rpc.receive(f'[2,"x","{action}",{bad.text}]')
        assert len(events) == 1, bad.name
        assert isinstance(events[0], Send), bad.name
        answer = json.loads(events[0].text)
        assert answer[:3] == [4, "x", rules.code(rules.payload_faults[FaultKind(bad.rule)])], bad.name
        assert len(answer[3]) <= 255
        assert answer[4] == {}
    assert rpc.unanswered == 0
