"""The barrier: order, exactly once, never before the batch; failures undone, refused and tried again."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core.effects import STORE_FAILED, Ask, Commit, Outcome, Publish, Reboot, Reply, Tell, TokenEnded
from station.core.facts import Phase, TransactionFact
from station.core.journal import LOST, Ledger
from station.core.records import Rows, apply
from station.core.values import BootReason, IdToken, Stamp, TokenResult, TriggerReason


def fact(phase: Phase, identity: str = "tx", seq_no: int = 0) -> TransactionFact:
    return TransactionFact(phase, identity, seq_no, Stamp(0.0, 1), TriggerReason.AUTHORIZED, 1, 1)


def batches(effects: list[Any]) -> list[int]:
    return [effect.seq for effect in effects if isinstance(effect, Commit)]


def records(effects: list[Any]) -> list[Any]:
    return [record for effect in effects if isinstance(effect, Commit) for record in effect.records]


def test_a_promise_without_records_leaves_at_once() -> None:
    ledger = Ledger()
    ledger.promise(Publish("a", {}))
    assert ledger.close_turn() == [Publish("a", {})]
    assert ledger.settled


def test_a_promise_waits_for_the_batch_of_its_turn_and_for_all_before() -> None:
    ledger = Ledger()
    ledger.put("t", "a", 1)
    ledger.promise(Publish("a", {}))
    assert batches(ledger.close_turn()) == [1]
    ledger.promise(Publish("b", {}))
    assert ledger.close_turn() == []
    ledger.recorded(1)
    assert ledger.close_turn() == [Publish("a", {}), Publish("b", {})]


def test_what_is_being_stored_is_known_until_it_is_told() -> None:
    ledger = Ledger()
    began = fact(Phase.STARTED)
    ledger.tell(began)
    ledger.close_turn()
    assert list(ledger.untold) == [began]
    ledger.recorded(ledger.seq)
    assert list(ledger.untold) == []


def test_what_is_emitted_never_waits() -> None:
    ledger = Ledger()
    ledger.put("t", "a", 1)
    ledger.emit(Publish("open", {}))
    assert Publish("open", {}) in ledger.close_turn()


def test_a_later_batch_may_be_reported_for_all_before_it() -> None:
    ledger = Ledger()
    for name in ("a", "b"):
        ledger.put("t", name, 1)
        ledger.promise(Publish(name, {}))
        ledger.close_turn()
    ledger.recorded(2)
    assert ledger.close_turn() == [Publish("a", {}), Publish("b", {})]
    assert ledger.settled


def test_a_refused_request_is_undone_and_not_tried_again() -> None:
    ledger, undone = Ledger(), []
    ledger.put("variables", "x", "2")
    ledger.undo(lambda: undone.append("x"), "variables", "x")
    ledger.promise(Reply(7, Outcome("Accepted")))
    ledger.close_turn()
    ledger.failed(1)
    assert ledger.close_turn() == [Reply(7, STORE_FAILED)]
    assert undone == ["x"]
    assert ledger.settled


def test_what_happened_is_tried_again_and_told_then() -> None:
    ledger = Ledger()
    ledger.tell(fact(Phase.ENDED))
    ledger.close_turn()
    ledger.failed(1)
    assert ledger.close_turn() == []
    assert ledger.failing
    ledger.retry()
    out = ledger.close_turn()
    assert batches(out) == [2]
    assert [record.table for record in records(out)] == ["journal"]
    ledger.recorded(2)
    assert [type(effect) for effect in ledger.close_turn()] == [Tell]
    assert ledger.settled


def test_what_could_not_be_stored_goes_with_the_next_batch() -> None:
    ledger = Ledger()
    ledger.put("t", "a", 1)
    ledger.promise(Publish("a", {}))
    ledger.close_turn()
    ledger.failed(1)
    ledger.close_turn()
    ledger.put("t", "b", 2)
    out = ledger.close_turn()
    assert {(record.key, record.value) for record in records(out)} == {("a", 1), ("b", 2)}
    ledger.recorded(2)
    assert ledger.close_turn() == [Publish("a", {})]


def test_an_older_word_on_a_row_never_overtakes_a_newer_one() -> None:
    ledger = Ledger()
    for value in (1, 2):
        ledger.put("t", "a", value)
        ledger.close_turn()
    ledger.failed(1)
    ledger.close_turn()
    ledger.recorded(2)
    ledger.close_turn()
    ledger.retry()
    assert records(ledger.close_turn()) == []
    assert ledger.settled


def test_success_of_a_later_batch_releases_nothing_that_rests_on_a_lost_one() -> None:
    ledger = Ledger()
    for name in ("a", "b"):
        ledger.put("t", name, 1)
        ledger.promise(Publish(name, {}))
        ledger.close_turn()
    ledger.failed(1)
    assert ledger.close_turn() == []
    ledger.recorded(2)
    assert ledger.close_turn() == []
    ledger.retry()
    assert batches(ledger.close_turn()) == [3]
    ledger.recorded(3)
    assert ledger.close_turn() == [Publish("a", {}), Publish("b", {})]


def test_a_lost_start_leaves_nothing_behind() -> None:
    ledger = Ledger()
    started = ledger.tell(fact(Phase.STARTED))
    ledger.promise(Publish("transaction_started", {"id": "tx"}))
    ledger.promise(TokenEnded(IdToken("A"), TokenResult.USED_TO_START, "Accepted", (), None, True, 1))
    ledger.close_turn()
    updated = ledger.tell(fact(Phase.UPDATED, seq_no=1))
    ledger.close_turn()
    assert ledger.failed(1) == {"tx"}
    out = ledger.close_turn()
    assert [(effect.result, effect.reason) for effect in out if isinstance(effect, TokenEnded)] == [
        (TokenResult.REJECTED, LOST)
    ]
    assert not {started, updated} & set(ledger.facts)
    rows: Rows = {"journal": {f"{updated:012d}": {}}}
    apply(rows, tuple(records(out)))
    assert rows == {"journal": {}}
    ledger.recorded(3)
    assert ledger.close_turn() == []
    assert ledger.settled


def test_a_start_that_is_stored_survives_the_loss_of_a_rewrite() -> None:
    ledger = Ledger()
    key = ledger.tell(fact(Phase.STARTED))
    ledger.close_turn()
    ledger.recorded(1)
    ledger.close_turn()
    ledger.replace(key, fact(Phase.STARTED))
    ledger.close_turn()
    assert ledger.failed(2) == frozenset()
    assert key in ledger.facts


def test_a_refused_reset_does_not_reboot_but_a_promised_one_does() -> None:
    ledger = Ledger()
    ledger.put("t", "a", 1)
    ledger.promise(Reply(1, Outcome("Accepted")))
    ledger.promise(Reboot(BootReason.REMOTE_RESET))
    ledger.close_turn()
    ledger.failed(1)
    assert ledger.close_turn() == [Reply(1, STORE_FAILED)]
    ledger.retry()
    ledger.close_turn()
    ledger.recorded(2)
    assert ledger.close_turn() == []


def test_questions_still_leave_while_the_store_fails() -> None:
    ledger = Ledger()
    ledger.put("t", "a", 1)
    ledger.promise(Ask("first"))
    ledger.close_turn()
    ledger.failed(1)
    assert ledger.close_turn() == [Ask("first")]
    ledger.promise(Ask("second"))
    assert ledger.close_turn() == [Ask("second")]


def test_an_undo_passes_to_the_change_that_went_on_from_it() -> None:
    value, ledger = {"x": 0}, Ledger()

    def change(new: int) -> None:
        before, value["x"] = value["x"], new
        ledger.put("variables", "x", new)
        ledger.undo(lambda: value.__setitem__("x", before), "variables", "x")
        ledger.close_turn()

    change(1)
    change(2)
    ledger.failed(1)
    ledger.close_turn()
    assert value == {"x": 2}
    ledger.failed(2)
    ledger.close_turn()
    assert value == {"x": 0}
    assert ledger.settled


TURNS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abc"), st.booleans()),
        st.tuples(st.just("say"), st.just(""), st.just(False)),
        st.tuples(st.just("result"), st.just(""), st.booleans()),
        st.tuples(st.just("group"), st.just(""), st.just(False)),
        st.tuples(st.just("retry"), st.just(""), st.just(False)),
    ),
    max_size=40,
)


@settings(max_examples=400, deadline=None)
@given(turns=TURNS)
def test_in_order_once_never_early_and_the_store_agrees(turns: list[tuple[str, str, bool]]) -> None:
    ledger = Ledger()
    memory: dict[str, int] = {}
    rows: Rows = {}
    flying: list[Any] = []
    said: list[int] = []
    heard: list[int] = []
    promised: dict[int, dict[str, int]] = {}
    number = 0

    def take(effects: list[Any]) -> None:
        for effect in effects:
            if isinstance(effect, Commit):
                flying.append(effect)
            elif isinstance(effect, Publish):
                assert all(rows.get("t", {}).get(key, -1) >= value for key, value in promised[effect.data["n"]].items())
                heard.append(effect.data["n"])

    def result(ok: bool) -> None:
        batch = flying.pop(0)
        if ok:
            apply(rows, batch.records)
            ledger.recorded(batch.seq)
        else:
            ledger.failed(batch.seq)
        take(ledger.close_turn())

    def write(key: str, undoable: bool) -> None:
        before = memory.get(key)
        memory[key] = number
        ledger.put("t", key, number)
        if undoable:

            def take_back() -> None:
                if before is None:
                    memory.pop(key, None)
                else:
                    memory[key] = before

            ledger.undo(take_back, "t", key)
        else:
            ledger.promise(Publish("said", {"n": number}))
            said.append(number)
            promised[number] = {key: number}
        take(ledger.close_turn())

    for what, key, flag in turns:
        number += 1
        if what == "write":
            write(key, flag)
        elif what == "say":
            said.append(number)
            promised[number] = {}
            ledger.promise(Publish("said", {"n": number}))
            take(ledger.close_turn())
        elif what == "retry":
            ledger.retry()
            take(ledger.close_turn())
        elif flying and what == "result":
            result(flag)
        elif flying:
            for batch in flying:
                apply(rows, batch.records)
            seq = flying[-1].seq
            flying.clear()
            ledger.recorded(seq)
            take(ledger.close_turn())
        assert heard == said[: len(heard)]
    for _ in range(50):
        while flying:
            result(True)
        ledger.retry()
        take(ledger.close_turn())
    assert heard == said
    assert ledger.settled
    assert rows.get("t", {}) == memory
