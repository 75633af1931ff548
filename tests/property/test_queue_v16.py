"""The queue of transaction messages of OCPP 1.6, whatever network, power and CSMS do.

Each transaction message comes in order, each start before what depends on it, none more often than allowed, none is
lost unless its attempts are used up, and -1 stands only for a start that was given up (§3.7, §3.7.1, errata 3.18).
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station.host.execution import CommandRefused
from tests.support.rig import CARD, Rig
from tests.support.scripted_csms import SILENCE, CallError
from tests.support.virtual_loop import run_virtual

ATTEMPTS = 2
QUEUED = ("StartTransaction", "MeterValues", "StopTransaction")
MOODS = ("ok", "ok", "ok", "error", "error", "silent", "cut")
ACTS = ("start", "start", "stop", "stop", "offline", "online", "power", "cut", "short", "long")


class Judge:
    """A CSMS in changing moods that remembers every transaction message and what it did about it."""

    def __init__(self, rig: Rig, moods: list[str]) -> None:
        self.rig = rig
        self.moods = moods
        self.sent: list[tuple[str, str]] = []
        """Message and mood, one for each transmission."""
        self.sent_in: list[tuple[str, str, int]] = []
        """The same with the number of the boot: how often something was tried is forgotten with the power."""
        self.given: dict[str, int] = {}
        """StartTransaction -> the number that was told."""
        for action in QUEUED:
            rig.csms.answer(action, lambda payload, action=action: self._answer(action, payload))

    @property
    def boots(self) -> set[int]:
        """The boots in which something was sent."""
        return {boot for _, _, boot in self.sent_in}

    def _answer(self, action: str, payload: dict[str, Any]) -> Any:
        mood = self.moods.pop(0) if self.moods else "ok"
        message = f"{action} {json.dumps(payload, sort_keys=True)}"
        self.sent.append((message, mood))
        self.sent_in.append((message, mood, len(self.rig.heard_all("BootNotification"))))
        if mood == "error":
            return CallError("InternalError")
        if mood == "silent":
            return SILENCE
        if mood == "cut":
            self.rig.loop.call_soon(self.rig.lose_connection)
            return SILENCE
        if action != "StartTransaction":
            return {}
        number = self.given.setdefault(message, 100 + len(self.given))
        return {"transactionId": number, "idTagInfo": {"status": "Accepted"}}


async def act(rig: Rig, what: str) -> None:
    """One thing that happens; what is impossible at the moment does not happen."""
    with contextlib.suppress(CommandRefused):
        if what == "start":
            await rig.do("start_transaction", connector=1, tagId=CARD, timeout_s=20.0)
        elif what == "stop":
            await rig.do("stop_transaction", connector=1, timeout_s=20.0)
            await rig.do("unplug")
        elif what == "offline":
            await rig.do("go_offline")
        elif what == "online":
            await rig.do("come_online")
        elif what == "power":
            await rig.do("power_cycle")
            await rig.wait(4)
        elif what == "cut":
            rig.lose_connection()
    await rig.wait({"short": 3.0, "long": 70.0}.get(what, 0.4))


async def set_right(rig: Rig) -> None:
    """Everything works again and all is told."""
    await rig.wait(10)
    await rig.do("come_online")
    await rig.until(lambda: rig.host.status()["online"], 600)
    await act(rig, "stop")
    await act(rig, "stop")
    await rig.until(lambda: rig.host.status()["queue"] == 0, 3000)
    await rig.quiet()


def check(rig: Rig, judge: Judge) -> None:
    """The obligations of §3.7 and §3.7.1, from what the CSMS saw and what observers were told."""
    order = list(dict.fromkeys(message for message, _ in judge.sent))
    fate = {message: [mood for one, mood in judge.sent if one == message] for message in order}
    for message, moods in fate.items():
        assert moods.count("ok") <= 1 and "ok" not in moods[:-1], (message, moods)
        failures = sum(mood in ("error", "silent") for mood in moods)
        for boot in judge.boots:
            refused = [mood for one, mood, number in judge.sent_in if (one, number) == (message, boot)]
            assert refused.count("error") <= ATTEMPTS, (message, moods)
        assert moods[-1] == "ok" or failures >= ATTEMPTS, ("lost", message, moods)
    # No message is begun before the one before it has its end.
    runs = [
        message for index, (message, _) in enumerate(judge.sent) if index == 0 or judge.sent[index - 1][0] != message
    ]
    assert runs == order, "chronological, one after the other"
    times = [_time(message) for message in order]
    assert times == sorted(times), times
    _check_transactions(rig, judge, order, fate)


def _check_transactions(rig: Rig, judge: Judge, order: list[str], fate: dict[str, list[str]]) -> None:
    started = {told["id"] for told in rig.told("transaction_started")}
    stopped = {told["id"] for told in rig.told("transaction_stopped")}
    assert started == stopped
    starts = [message for message in order if message.startswith("StartTransaction")]
    stops = [message for message in order if message.startswith("StopTransaction")]
    assert len(starts) == len(started), "every start was told"
    assert len(stops) == len(stopped), "every end was told"
    known: set[int] = set()
    given_up = 0
    for message in order:
        action, _, text = message.partition(" ")
        payload = json.loads(text)
        if action == "StartTransaction":
            delivered = fate[message][-1] == "ok"
            known |= {judge.given[message]} if delivered else set()
            given_up += not delivered
        elif "transactionId" in payload:
            number = payload["transactionId"]
            assert number in known or (number == -1 and given_up), message
    ends = [json.loads(stop.partition(" ")[2])["transactionId"] for stop in stops]
    assert ends == [judge.given[start] if fate[start][-1] == "ok" else -1 for start in starts]


def _time(message: str) -> str:
    payload = json.loads(message.partition(" ")[2])
    return str(payload.get("timestamp") or payload["meterValue"][0]["timestamp"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(ACTS), max_size=14),
    st.lists(st.sampled_from(MOODS), max_size=14),
    st.booleans(),
)
def test_the_queue_keeps_its_promises(acts: list[str], moods: list[str], resumes: bool) -> None:
    variables = {
        "AllowOfflineTxForUnknownId": "true",
        "TransactionMessageAttempts": ATTEMPTS,
        "TransactionMessageRetryInterval": 5,
        "MessageTimeout": 10,
        "MeterValueSampleInterval": 20,
        "HeartbeatInterval": 30,
    }

    async def main() -> None:
        policy = {"transactions": {"after_power_loss": "resume" if resumes else "stop"}}
        async with Rig(variables=variables, profile=policy) as rig:
            judge = Judge(rig, list(moods))
            await rig.boot()
            for what in acts:
                await act(rig, what)
            judge.moods.clear()
            await set_right(rig)
            check(rig, judge)

    run_virtual(main())
