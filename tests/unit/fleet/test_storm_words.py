"""The words of a plan's events: what is taken, and what is said of mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from station.control import registry
from station.fleet.plan import Network
from station.fleet.storm_words import WORDS, Lasting, StormRefused, check

SAMPLES: dict[str, Any] = {
    "tagId": "04A1",
    "status": "Accepted",
    "key": "HeartbeatInterval",
    "value": "60",
    "action": "DataTransfer",
    "kind": "none",
}
COMMANDS = sorted(name for name, word in WORDS.items() if not word.compound)


@pytest.mark.parametrize("name", COMMANDS)
def test_words_that_are_commands_are_those_of_a_station(name: str) -> None:
    word = WORDS[name]
    known = registry.COMMANDS[name].by_name
    assert set(word.params) <= set(known)
    params = check(name, {need: SAMPLES[need] for need in word.needs})
    if name not in ("tap", "start_transaction", "authorize"):  # these take the station's own card
        registry.checked(name, params)
    if word.ends is not None:
        ending, fixed = word.ends
        shared = {key: value for key, value in params.items() if key in WORDS[ending].params}
        registry.checked(ending, {**shared, **fixed})


@pytest.mark.parametrize("name", sorted(set(WORDS)))
def test_a_duration_is_taken_where_something_ends(name: str) -> None:
    word = WORDS[name]
    params = {need: SAMPLES[need] for need in word.needs} | ({"drop": "1%"} if name == "network" else {})
    if word.lasting is Lasting.NEVER:
        with pytest.raises(StormRefused, match="takes no duration"):
            check(name, params, 5.0)
    else:
        check(name, params, 5.0)
    if word.lasting is Lasting.MUST:
        with pytest.raises(StormRefused, match="needs its duration"):
            check(name, params)


def test_texts_of_a_plan_become_values() -> None:
    assert check("plug_in", {"connector": "2", "ready": "no", "soc": "35%"}) == {
        "connector": 2,
        "ready": False,
        "soc": 35.0,
    }
    assert check("set_config", {"key": "X", "value": True}) == {"key": "X", "value": "true"}
    assert check("blackout", {"reason": "powerloss"}, 5.0) == {"reason": "PowerLoss"}
    network = check("network", {"latency": "200ms", "jitter": 0.1, "drop": "1%", "reset": 0.02})
    assert Network(**network) == Network(0.2, 0.1, 0.01, 0.02)


@pytest.mark.parametrize(
    ("do", "params", "message"),
    [
        ("blckout", {}, "did you mean 'blackout'"),
        ("go-offline", {}, "did you mean 'go_offline'"),
        ("fault", {"errorCode": "Broken"}, "errorCode: no such word"),
        ("fault", {"errorcode": "OtherError"}, "no parameter 'errorcode'; did you mean 'errorCode'"),
        ("fault", {"connector": 0}, "connector: counted from 1"),
        ("fault", {"connector": "one"}, "connector: not a whole number"),
        ("network", {"latency": "200W"}, "latency: a power, not a duration"),
        ("network", {"latency": -1}, "latency: not a duration"),
        ("network", {"drop": "101%"}, "drop: more than 100 %"),
        ("network", {"drop": 2}, "drop: more than 100 %"),
        ("network", {"drop": "0.1"}, "drop: a number without its unit"),
        ("network", {"latency": "40"}, "latency: a number without its unit"),
        ("network", {}, "network does nothing as it stands"),
        ("send_ocpp", {}, "send_ocpp needs action"),
        ("send_ocpp", {"action": "X", "payload": "{}"}, "payload: not a mapping"),
        ("power_cycle", {"reason": "Boredom"}, "reason: no stop reason"),
        ("tap", {"tagId": ""}, "tagId: not a text"),
        ("lock_failure", {"on": []}, "on: neither on nor off"),
    ],
)
def test_mistakes_are_said_with_what_would_do(do: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(StormRefused) as caught:
        check(do, params)
    assert message in caught.value.message
    if do in ("blckout", "go-offline"):
        assert caught.value.hint is not None
        assert caught.value.hint.startswith("known: reconnect_storm")
