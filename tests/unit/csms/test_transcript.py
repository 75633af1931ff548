"""The lines of `station csms serve`."""

import json

from station.cli.csms import Transcript


def wire(transcript, direction, frame):
    text = frame if isinstance(frame, str) else json.dumps(frame)
    return transcript.line("wire", "CP-1", {"direction": direction, "text": text}).partition(" ")[2]


def test_an_answer_carries_the_action_of_its_call():
    transcript = Transcript(as_json=False)
    assert wire(transcript, "<", [2, "m", "Heartbeat", {}]) == "CP-1 < Heartbeat {}"
    assert wire(transcript, ">", [3, "m", {"a": "ü"}]) == 'CP-1 > Heartbeat {"a":"ü"}'
    assert wire(transcript, ">", [4, "m", "GenericError", "", {}]) == "CP-1 > Heartbeat CALLERROR GenericError"


def test_answers_to_unknown_calls_and_garbage_get_a_line_too():
    transcript = Transcript(as_json=False)
    assert wire(transcript, "<", [3, "m", {}]) == "CP-1 < ? {}"
    assert wire(transcript, "<", "[" * 100_000).startswith("CP-1 < (no OCPP message) [[")


def test_a_station_that_never_gets_answers_costs_no_memory():
    transcript = Transcript(as_json=False)
    for number in range(1000):
        wire(transcript, "<", [2, str(number), "Heartbeat", {}])
    assert wire(transcript, ">", [3, "0", {}]) == "CP-1 > ? {}"
    assert wire(transcript, ">", [3, "999", {}]) == "CP-1 > Heartbeat {}"


def test_events_that_repeat_a_message_have_no_line():
    assert Transcript(as_json=True).line("authorize", "CP-1", {"token": "AA"}) is None
    line = Transcript(as_json=True).line("refused", "", {"status": 404, "reason": "x"})
    assert json.loads(line)["data"] == {"station": "", "status": 404, "reason": "x"}


def test_a_station_cannot_break_a_line_or_reach_the_terminal():
    transcript = Transcript(as_json=False)
    assert wire(transcript, "<", [2, "m", "Evil\n\x1b[2J", {}]) == "CP-1 < Evil??[2J {}"
    assert "\x1b" not in wire(transcript, "<", "\x1b[2J")
