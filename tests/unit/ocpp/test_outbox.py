"""The queue: who leaves when, what counts as an attempt, and what a lost connection leaves behind."""

from __future__ import annotations

from station.core.effects import HeartbeatQuery
from station.core.facts import Fact, Phase, SecurityFact, TransactionFact
from station.core.values import IdToken, Stamp, TriggerReason
from station.ocpp.dialect import OutCall
from station.ocpp.outbox import PLAIN, FactRef, Outbox, Outgoing, QueryRef
from station.ocpp.v16 import DIALECT as V16
from station.ocpp.v201 import DIALECT as V201
from tests.support.fake_view import FakeView

RETRY = (3, 10.0)


def fact(phase: Phase = Phase.STARTED, seq_no: int = 0, *, offline: bool = False, transaction: str = "t-1") -> Fact:
    token = IdToken("04A1B2C3")
    trigger = TriggerReason.AUTHORIZED
    return TransactionFact(phase, transaction, seq_no, Stamp(1.0, 1), trigger, 1, 1, id_token=token, offline=offline)


class Post:
    """An outbox with its dialect, at a time."""

    def __init__(self, version: str = "2.0.1") -> None:
        self.outbox = Outbox()
        self.dialect = V201 if version == "2.0.1" else V16
        self.view = FakeView()
        self.now = 0.0

    def next(self, *, accepted: bool = True) -> Outgoing | None:
        return self.outbox.next(self.now, accepted, self.dialect, self.view)

    def key(self) -> int | None:
        outgoing = self.next()
        return outgoing[0].key if outgoing is not None and isinstance(outgoing[0], FactRef) else None

    def fail(self, cause: str, *, alive: bool = True, key: int = 1) -> bool:
        return self.outbox.failed(FactRef(key, fact()), cause, RETRY, self.now, alive)


def test_facts_leave_one_after_the_other() -> None:
    post = Post()
    for key in (1, 2, 3):
        post.outbox.add_fact(key, fact(seq_no=key))
    assert post.key() == 1
    assert post.next() is None
    assert post.outbox.queued == 3
    post.outbox.answered(FactRef(1, fact()))
    assert post.key() == 2
    post.outbox.answered(FactRef(2, fact()))
    assert (post.key(), post.outbox.queued) == (3, 1)
    post.outbox.answered(FactRef(3, fact()))
    assert post.outbox.empty


def test_calls_overtake_facts_that_arose_offline() -> None:
    post = Post()
    post.outbox.add_fact(1, fact(offline=True))
    post.outbox.add_call(PLAIN, OutCall("StatusNotification", {}))
    post.outbox.add_call(QueryRef(HeartbeatQuery()), OutCall("BootNotification", {}), urgent=True)
    assert [post.next()[1].action for _ in range(3)] == [  # type: ignore[index]
        "BootNotification", "StatusNotification", "TransactionEvent",
    ]  # fmt: skip


def test_what_arises_online_keeps_its_order() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    post.outbox.add_call(PLAIN, OutCall("StatusNotification", {}))
    assert [post.next()[1].action for _ in range(2)] == ["TransactionEvent", "StatusNotification"]  # type: ignore[index]


def test_before_the_boot_is_accepted_only_what_was_asked_for_leaves() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    post.outbox.add_call(PLAIN, OutCall("StatusNotification", {}))
    assert post.next(accepted=False) is None
    post.outbox.add_call(PLAIN, OutCall("NotifyReport", {}), requested=True)
    outgoing = post.next(accepted=False)
    assert outgoing is not None and outgoing[1].action == "NotifyReport"
    assert post.next(accepted=False) is None


def test_attempts_wait_longer_each_time_and_end() -> None:
    """OCPP 1.6 §3.7.1; 2.0.1 E13.FR.02-04."""
    post = Post()
    post.outbox.add_fact(1, fact())
    post.outbox.add_fact(2, fact(seq_no=1))
    for wait_s in (10.0, 20.0):
        assert post.key() == 1
        assert post.fail("CallError") is False
        assert post.outbox.next_deadline(post.now) == post.now + wait_s
        post.now += wait_s - 0.1
        assert post.next() is None
        post.now += 0.1
    assert post.key() == 1
    assert post.fail("CallError") is True
    assert post.key() == 2


def test_a_lost_connection_is_no_attempt() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    for _ in range(10):
        assert post.key() == 1
        assert post.fail("Disconnected") is False
        post.outbox.disconnected()
    assert post.outbox.queued == 1


def test_a_time_out_counts_once_the_connection_proves_alive() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    for number in range(1, 4):
        post.now += 1000.0
        assert post.key() == 1
        assert post.fail("Timeout", alive=False) is False
        given_up = post.outbox.heard()
        assert [ref.key for ref in given_up] == ([1] if number == 3 else [])
    assert post.outbox.empty


def test_time_outs_over_dead_connections_never_count() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    for _ in range(10):
        post.now += 1000.0
        assert post.key() == 1
        post.fail("Timeout", alive=False)
        post.outbox.disconnected()
        assert post.outbox.heard() == []
    assert post.outbox.queued == 1


def test_a_lost_connection_makes_facts_offline_and_drops_calls() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    query = QueryRef(HeartbeatQuery())
    post.outbox.add_call(query, OutCall("Heartbeat", {}))
    post.outbox.add_call(PLAIN, OutCall("StatusNotification", {}))
    assert post.outbox.disconnected() == [query, PLAIN]
    outgoing = post.next()
    assert outgoing is not None and isinstance(outgoing[0], FactRef) and outgoing[0].fact.offline
    assert outgoing[1].payload["offline"] is True


def test_security_events_have_a_lane_of_their_own() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    post.outbox.add_fact(2, SecurityFact("StartupOfTheDevice", Stamp(1.0, 1)))
    assert post.key() == 1
    assert post.fail("CallError") is False
    assert post.key() == 2
    assert post.outbox.awaits("t-1") and not post.outbox.awaits("t-2")


def test_what_has_no_id_yet_waits_and_is_stuck_without_its_start() -> None:
    """OCPP 1.6 errata 3.18: what depends on a start that nobody answered."""
    post = Post("1.6")
    post.outbox.add_fact(1, fact())
    post.outbox.add_fact(2, fact(Phase.ENDED, 1))
    assert post.key() == 1
    assert post.outbox.stuck(post.view, post.dialect) is None
    post.outbox.answered(FactRef(1, fact()))
    assert post.next() is None
    assert post.outbox.stuck(post.view, post.dialect) == fact(Phase.ENDED, 1)
    post.view.wire_ids["t-1"] = "42"
    assert post.key() == 2


def test_a_late_answer_to_what_was_given_up_takes_nothing_away() -> None:
    post = Post()
    post.outbox.add_fact(1, fact())
    post.outbox.add_fact(2, fact(seq_no=1))
    assert post.key() == 1
    post.outbox.answered(FactRef(1, fact()))
    assert post.key() == 2
    post.outbox.answered(FactRef(1, fact()))
    assert post.outbox.queued == 1
    assert post.next() is None
