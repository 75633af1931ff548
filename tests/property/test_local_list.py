"""Whatever is sent, and whatever fails meanwhile: the list is what the last accepted update made of it, also after a
power cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import events as ev
from station.core.values import IdToken, TokenInfo, TokenStatus
from tests.support.core_world import V16, World

TOKENS = st.sampled_from([IdToken(text) for text in ("A", "a", "B", "C", "DD", "E")])
INFOS = st.builds(TokenInfo, st.sampled_from([TokenStatus.ACCEPTED, TokenStatus.BLOCKED]))
UPDATES = st.tuples(
    st.just("update"),
    st.integers(-1, 12),
    st.booleans(),
    st.lists(st.tuples(TOKENS, st.none() | INFOS), max_size=5),
)
STEPS = st.one_of(UPDATES, UPDATES, st.tuples(st.sampled_from(["store fails", "store works", "power cut"])))
MOST = 4


def expected(
    model: dict[str, TokenInfo], known: int, version: int, full: bool, entries: list[tuple[IdToken, TokenInfo | None]]
) -> tuple[str, dict[str, TokenInfo]]:
    """What an update comes to where it can be stored: OCPP 2.0.1 D01."""
    if not full and version <= known:
        return "VersionMismatch", model
    keys = [token.key for token, _ in entries]
    after = {} if full else dict(model)
    for token, info in entries:
        if info is None:
            after.pop(token.key, None)
        else:
            after[token.key] = info
    fits = version > 0 and len(set(keys)) == len(keys) and len(keys) <= MOST
    if not fits or (full and any(info is None for _, info in entries)):
        return "Failed", model
    return "Accepted", after


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=12))
def test_the_list_is_what_was_accepted(steps: list[tuple[object, ...]]) -> None:
    world = World(settings={**V16, "LocalAuthListCtrlr.ItemsPerMessage": str(MOST)})
    model: dict[str, TokenInfo] = {}
    version = 0
    for number, (step, *what) in enumerate(steps):
        if step == "power cut":
            world.power_cycle()
        elif step == "update":
            sent, full, entries = what
            world.send(ev.SendLocalList(number, sent, full, tuple(entries)))
            status = world.replies()[number].status
            wanted, after = expected(model, version, sent, full, entries)
            changes = (after, sent) != (model, version)
            if wanted == "Accepted" and changes and not world.store_works:
                assert status == "Rejected"
            else:
                assert status == wanted
                if wanted == "Accepted":
                    model, version = after, sent
        else:
            world.store_works = step == "store works"
            world.run(10 if world.store_works else 0)
        listed = world.station.tokens.local_list
        assert (listed.version, listed.count) == (version, len(model))
        assert {token: listed.find(IdToken(token)) for token in ("A", "B", "C", "DD", "E")} == {
            token: model.get(IdToken(token).key) for token in ("A", "B", "C", "DD", "E")
        }
    if world.store_works:
        world.run(10)
        assert world.station.snapshot() == world.stored()
