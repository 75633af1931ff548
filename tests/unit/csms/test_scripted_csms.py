"""The scripted central system, which other tests rely on: each kind of answer, both versions' defaults."""

import json

import pytest

from tests.support.scripted_csms import HOLD, SILENCE, Also, CallError, Delay, Frame, Raw, ScriptedCsms


def call(action: str, payload: dict | None = None, message_id: str = "m1") -> str:
    return json.dumps([2, message_id, action, payload or {}])


def answers(csms: ScriptedCsms, text: str) -> list:
    return [json.loads(answer) for answer in csms.receive(text)]


@pytest.mark.parametrize("version", ["1.6", "ocpp2.0.1"])
def test_it_accepts_a_boot_by_default(version):
    csms = ScriptedCsms(version)
    [[kind, message_id, payload]] = answers(csms, call("BootNotification", {"x": 1}))
    assert (kind, message_id, payload["status"], payload["interval"]) == (3, "m1", "Accepted", 300)
    assert payload["currentTime"].endswith("Z")
    assert csms.last("BootNotification") == {"x": 1}


def test_16_transactions_are_numbered():
    csms = ScriptedCsms("1.6")
    given = [answers(csms, call("StartTransaction"))[0][2]["transactionId"] for _ in range(2)]
    assert given == [1, 2]


def test_201_transaction_event_answers_a_token_only_if_there_is_one():
    csms = ScriptedCsms("2.0.1")
    assert answers(csms, call("TransactionEvent")) == [[3, "m1", {}]]
    assert answers(csms, call("TransactionEvent", {"idToken": {}}))[0][2] == {"idTokenInfo": {"status": "Accepted"}}


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        ({"a": 1}, [[3, "m1", {"a": 1}]]),
        (CallError("GenericError", "why"), [[4, "m1", "GenericError", "why", {}]]),
        (SILENCE, []),
        (Raw('[3,"{id}",{}]'), [[3, "m1", {}]]),
        (Frame(4, ({"idTagInfo": {}},)), [[4, "m1", {"idTagInfo": {}}]]),
        (Also(({"a": 1}, {"a": 1})), [[3, "m1", {"a": 1}]] * 2),
        (lambda payload: {"seen": payload["v"]}, [[3, "m1", {"seen": 7}]]),
        (lambda payload: CallError("X"), [[4, "m1", "X", "", {}]]),
    ],
)
def test_each_kind_of_answer(answer, sent):
    csms = ScriptedCsms("1.6")
    csms.answer("Authorize", answer)
    assert answers(csms, call("Authorize", {"v": 7})) == sent


def test_sequences_end_in_their_last_answer_and_once_returns_to_what_stands():
    csms = ScriptedCsms("1.6")
    csms.answer("Heartbeat", {"n": 1}, {"n": 2})
    csms.once("Heartbeat", {"n": 0})
    assert [answers(csms, call("Heartbeat"))[0][2]["n"] for _ in range(4)] == [0, 1, 2, 2]


def test_changed_keeps_the_rest_of_the_default():
    csms = ScriptedCsms("1.6")
    csms.changed("BootNotification", status="Pending", currentTime=None)
    assert answers(csms, call("BootNotification")) == [[3, "m1", {"status": "Pending", "interval": 300}]]


def test_a_held_answer_comes_on_release():
    csms = ScriptedCsms("1.6")
    csms.once("Authorize", HOLD)
    assert csms.receive(call("Authorize")) == []
    assert [json.loads(text)[0] for text in csms.release("Authorize")] == [3]
    assert csms.release() == []


def test_a_delayed_answer_is_collected_by_the_transport():
    csms = ScriptedCsms("1.6")
    csms.once("Authorize", Delay(2.5, CallError("GenericError")))
    assert csms.receive(call("Authorize")) == []
    [delayed] = csms.take_delayed()
    assert delayed.seconds == 2.5
    assert json.loads(delayed.text)[2] == "GenericError"
    assert csms.take_delayed() == []


def test_its_own_calls_and_their_answers():
    csms = ScriptedCsms("1.6")
    message_id, text = csms.call("Reset", {"type": "Soft"})
    assert json.loads(text) == [2, message_id, "Reset", {"type": "Soft"}]
    assert csms.receive(json.dumps([3, message_id, {"status": "Accepted"}])) == []
    assert csms.result(message_id) == {"status": "Accepted"}
    refused, _ = csms.call("Nonsense")
    csms.receive(json.dumps([4, refused, "NotImplemented", "", {}]))
    assert csms.error(refused) == "NotImplemented"
    with pytest.raises(AssertionError):
        csms.result(refused)


def test_what_is_no_frame_is_kept_and_not_answered():
    csms = ScriptedCsms("1.6")
    assert [csms.receive(text) for text in ("{", "[]", "[" * 100_000)] == [[], [], []]
    assert len(csms.unparsed) == 3


def test_clear_forgets_the_log_and_keeps_the_script():
    csms = ScriptedCsms("1.6")
    csms.answer("Authorize", SILENCE)
    csms.receive(call("Authorize"))
    csms.clear()
    assert csms.actions() == []
    assert csms.receive(call("Authorize")) == []
