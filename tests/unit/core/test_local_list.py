"""The local authorization list of the bare core: what is stored, taken back and shown while it is not recorded."""

from __future__ import annotations

from typing import Any

from station.core import effects as ef
from station.core import events as ev
from station.core.values import IdToken, TokenInfo, TokenResult, TokenStatus
from tests.support.core_world import CARD, OTHER, V16, World, of

OK = TokenInfo(TokenStatus.ACCEPTED)
BLOCKED = TokenInfo(TokenStatus.BLOCKED)
PRE = {**V16, "AuthCtrlr.LocalPreAuthorize": "true"}


def send(world: World, reply: int, version: int, *entries: tuple[IdToken, TokenInfo | None], full: bool = True) -> Any:
    """An update; what was answered by the end of the turn."""
    world.send(ev.SendLocalList(reply, version, full, entries))
    return world.replies().get(reply)


def unrecorded(world: World) -> list[int]:
    """Hold back what the store says from now on; the numbers of the batches."""
    batches: list[int] = []
    world._commit = lambda effect: batches.append(effect.seq)  # type: ignore[method-assign]
    return batches


def test_rows_follow_the_list_and_come_back() -> None:
    world = World(settings=PRE)
    send(world, 1, 3, (CARD, OK), (OTHER, BLOCKED))
    assert world.rows["local_list"] == {
        CARD.key: {"status": "Accepted"},
        OTHER.key: {"status": "Blocked"},
        "version": 3,
    }
    world.power_cycle()
    listed = world.station.tokens.local_list
    assert (listed.version, listed.count, listed.find(OTHER)) == (3, 2, BLOCKED)
    assert world.station.snapshot() == world.stored()


def test_nothing_is_answered_or_shown_before_it_is_recorded() -> None:
    world = World(settings=PRE)
    send(world, 1, 3, (CARD, OK))
    listed = world.station.tokens.local_list
    batches = unrecorded(world)
    assert send(world, 2, 4, (OTHER, OK), (IdToken("04"), OK)) is None
    assert (listed.version, listed.count) == (3, 1)
    assert listed.find(CARD) is None
    send(world, 3, 5, (CARD, OK))
    world.send(ev.Recorded(batches[-1]))
    assert [world.replies()[n].status for n in (2, 3)] == ["Accepted", "Failed"], "one at a time"
    assert (listed.version, listed.count) == (4, 2)


def test_an_update_that_is_not_recorded_is_taken_back_as_a_whole() -> None:
    world = World(settings=PRE)
    send(world, 1, 3, (CARD, OK), (OTHER, OK))
    before = world.station.snapshot()
    world.store_works = False
    assert send(world, 2, 4, (CARD, BLOCKED), (IdToken("04"), OK)).status == "Rejected"
    assert send(world, 3, 4, (OTHER, None), full=False).status == "Rejected"
    assert world.station.snapshot() == before
    world.store_works = True
    world.run(10)
    assert world.station.snapshot() == world.stored() == before
    assert send(world, 4, 4, (OTHER, None), full=False).status == "Accepted"
    world.power_cycle()
    assert world.station.tokens.local_list.find(OTHER) is None


def test_the_same_list_again_writes_nothing() -> None:
    world = World(settings=PRE)
    entries = [(IdToken(f"{n:08}"), TokenInfo(TokenStatus.ACCEPTED, IdToken("P"))) for n in range(1000)]
    send(world, 1, 3, *entries)
    again = [(token, TokenInfo(TokenStatus.ACCEPTED, IdToken("P"))) for token, _ in entries]
    mark = len(world.log)
    assert send(world, 2, 3, *again).status == "Accepted"
    assert of(world.log[mark:], ef.Commit) == []
    send(world, 3, 4, *again)
    (commit,) = of(world.log[mark:], ef.Commit)
    assert [record.key for record in commit.records] == ["version"]


def test_an_empty_list_counts_as_version_0_where_that_is_the_rule() -> None:
    world = World(settings=PRE)
    send(world, 1, 5)
    world.send(ev.SendLocalList(2, 2, False, ((CARD, OK),)))
    world.send(ev.SendLocalList(3, 2, False, ((CARD, OK),), empty_is_zero=True))
    assert [world.replies()[n].status for n in (2, 3)] == ["VersionMismatch", "Accepted"]


def test_damaged_rows_leave_a_list_without_a_version_until_it_is_sent_in_full() -> None:
    world = World(settings=PRE)
    send(world, 1, 5, (CARD, OK), (OTHER, OK))
    world.rows["local_list"][OTHER.key] = {"status": "Nonsense"}
    world.power_cycle()
    listed = world.station.tokens.local_list
    assert world.station.damaged == [f"local_list/{OTHER.key}"]
    assert (listed.version, listed.find(CARD)) == (0, OK)
    assert send(world, 2, 6, (CARD, BLOCKED), full=False).status == "Failed"
    world.store_works = False
    assert send(world, 3, 6, (CARD, BLOCKED)).status == "Rejected"
    world.store_works = True
    assert send(world, 4, 6, (CARD, BLOCKED)).status == "Accepted"
    assert world.rows["local_list"] == {CARD.key: {"status": "Blocked"}, "version": 6}
    world.power_cycle()
    assert world.station.damaged == []


def test_a_list_taken_back_authorizes_nobody() -> None:
    world = World(settings=PRE)
    world.disconnect()
    world.store_works = False
    send(world, 1, 5, (CARD, OK))
    world.store_works = True
    world.run(10)
    world.charge()
    assert world.results() == [TokenResult.REJECTED]


def test_the_latest_contradiction_stands_until_the_list_changes() -> None:
    world = World(settings=PRE)
    listed = world.station.tokens.local_list
    send(world, 1, 5, (CARD, OK), (OTHER, BLOCKED))
    world.send(ev.TokenAnswered(OTHER, OK))
    assert listed.conflict == "***11: list Blocked, CSMS Accepted"
    world.send(ev.TokenAnswered(CARD, BLOCKED))
    assert listed.conflict == "***C3: list Accepted, CSMS Blocked"
    world.send(ev.TokenAnswered(OTHER, BLOCKED))
    assert listed.conflict
    world.send(ev.TokenAnswered(CARD, OK))
    assert listed.conflict == ""
    world.send(ev.TokenAnswered(CARD, BLOCKED))
    send(world, 2, 6, (CARD, BLOCKED), full=False)
    assert listed.conflict == ""
