"""What EVerest's Auth module documents and tests, one row a behaviour, shown in OCPP 1.6 and 2.0.1.

The names in brackets are those of EVerest's own tests (modules/Auth, auth_tests.cpp). Where our words differ: EVerest's
ACCEPTED is USED_TO_START, and ACCEPTED here is a token that still waits for its plug; EVerest's
prioritize_authorization_over_stopping_transaction true is ``group_card: start-if-free``, false ``stop-first``; its
plug_in_timeout_enabled is ``after_plug_timeout: replug``. Every row ends with the check that each presentation had
exactly one final result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from drivers.api import Card
from station.host.execution import CommandRefused
from tests.support.rig import Rig
from tests.support.scripted_csms import SILENCE, Delay
from tests.support.virtual_loop import run_virtual

ONE, TWO, THREE = "04A1B2C3", "04FFEE11", "04777777"
"""The first and the third have the same parent."""
BAD, SERVICE, SLOW, NOBODY = "04000BAD", "0455AA55", "04010101", "04DEAD00"
PARENTS = {ONE: "FAMILY", THREE: "FAMILY", SERVICE: "SERVICE"}
TIMEOUT_S = 61.0

Step = Callable[["Stage"], Awaitable[None]]


class Stage:
    """A station with two EVSEs, and who shows what."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.shown = 0
        csms = rig.csms
        csms.answer("Authorize", self._authorize)
        csms.answer("StartTransaction", lambda p: {**_plain(csms, "StartTransaction", p), **self._info(p["idTag"])})
        csms.answer("TransactionEvent", lambda p: self._info(p["idToken"]["idToken"]) if "idToken" in p else {})

    def _authorize(self, payload: dict[str, Any]) -> Any:
        card = payload["idTag"] if self.rig.version == "1.6" else payload["idToken"]["idToken"]
        if card == NOBODY:
            return SILENCE
        return Delay(5.0, self._info(card)) if card == SLOW else self._info(card)

    def _info(self, card: str) -> dict[str, Any]:
        status, parent = "Invalid" if card == BAD else "Accepted", PARENTS.get(card)
        if self.rig.version == "1.6":
            return {"idTagInfo": {"status": status, **({"parentIdTag": parent} if parent else {})}}
        group = {"groupIdToken": {"idToken": parent, "type": "Central"}} if parent else {}
        return {"idTokenInfo": {"status": status, **group}}

    def evse(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.rig.host.status()["evses"][number - 1]
        return found

    def finals(self, card: str) -> list[dict[str, Any]]:
        return [token for token in self.rig.told("token") if token["tagId"] == card]


def _plain(csms: Any, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    return dict(csms.default(action, payload))


# Steps


def plug(*evses: int) -> Step:
    async def step(stage: Stage) -> None:
        for evse in evses:
            await stage.rig.do("plug_in", evse=evse)
            await stage.rig.quiet()

    return step


def unplug(evse: int) -> Step:
    async def step(stage: Stage) -> None:
        await stage.rig.do("unplug", evse=evse)
        await stage.rig.quiet()

    return step


def tap(card: str, result: str, reason: str | None = None, at: int | None = None) -> Step:
    """Show a card, at a reader that serves all EVSEs or this one; what the reader is told of it."""

    async def step(stage: Stage) -> None:
        stage.shown += 1
        answer = await stage.rig.do("tap", tagId=card, timeout_s=120.0, **({"evse": at} if at else {}))
        assert (answer["result"], answer["reason"] if reason is not None else None) == (result, reason), answer
        await stage.rig.quiet()

    return step


def taps(*cards: str) -> Step:
    """Show cards at the same moment."""

    async def step(stage: Stage) -> None:
        for card in cards:
            stage.shown += 1
            stage.rig.host.execute("tap", {"tagId": card})
        await stage.rig.quiet()

    return step


def read(card: str, reader: int = 0) -> Step:
    """A reader of the profile reads a card."""

    async def step(stage: Stage) -> None:
        stage.shown += 1
        stage.rig.host.readers.card(reader, Card(b"", "106A", text=card))
        await stage.rig.quiet()

    return step


def final(card: str, *results: str, reason: str | None = None) -> Step:
    """All final results of a card so far, in order."""

    async def step(stage: Stage) -> None:
        assert tuple(token["result"] for token in stage.finals(card)) == results
        if reason is not None:
            assert stage.finals(card)[-1]["reason"] == reason

    return step


def charging(*evses: int) -> Step:
    """These EVSEs charge, and no other."""

    async def step(stage: Stage) -> None:
        await stage.rig.quiet()
        shown = stage.rig.host.status()["evses"]
        assert tuple(evse["evse"] for evse in shown if evse["contactor"] == "closed") == evses

    return step


def card_at(evse: int, card: str) -> Step:
    async def step(stage: Stage) -> None:
        assert stage.evse(evse)["transaction"]["token"] == card

    return step


def wait(seconds: float = TIMEOUT_S) -> Step:
    async def step(stage: Stage) -> None:
        await stage.rig.wait(seconds)

    return step


def do(command: str, refused: str = "", **params: Any) -> Step:
    async def step(stage: Stage) -> None:
        if refused:
            with pytest.raises(CommandRefused, match=refused):
                await stage.rig.do(command, **params)
        else:
            await stage.rig.do(command, **params)
        await stage.rig.quiet()

    return step


def reserve(evse: int, card: str, parent: str | None = None) -> Step:
    async def step(stage: Stage) -> None:
        rig, until = stage.rig, (stage.rig.utc() + timedelta(minutes=10)).isoformat()
        if rig.version == "1.6":
            payload: dict[str, Any] = {"connectorId": evse, "expiryDate": until, "idTag": card, "reservationId": 7}
            payload |= {"parentIdTag": parent} if parent else {}
        else:
            token = {"idToken": card, "type": "ISO14443"}
            payload = {"id": 7, "expiryDateTime": until, "idToken": token, "evseId": evse}
            payload |= {"groupIdToken": {"idToken": parent, "type": "Central"}} if parent else {}
        assert (await rig.call("ReserveNow", payload))["status"] == "Accepted"
        await rig.quiet()

    return step


def unavailable(evse: int) -> Step:
    async def step(stage: Stage) -> None:
        if stage.rig.version == "1.6":
            answer = await stage.rig.call("ChangeAvailability", {"connectorId": evse, "type": "Inoperative"})
        else:
            payload = {"operationalStatus": "Inoperative", "evse": {"id": evse}}
            answer = await stage.rig.call("ChangeAvailability", payload)
        assert answer["status"] == "Accepted"

    return step


def remote_start(card: str, status: str = "Accepted") -> Step:
    """A remote start that names no EVSE."""

    async def step(stage: Stage) -> None:
        if stage.rig.version == "1.6":
            answer = await stage.rig.call("RemoteStartTransaction", {"idTag": card})
        else:
            payload = {"idToken": {"idToken": card, "type": "Central"}, "remoteStartId": 1}
            answer = await stage.rig.call("RequestStartTransaction", payload)
        assert answer["status"] == status
        stage.shown += status == "Accepted"
        await stage.rig.quiet()

    return step


def asked(*cards: str) -> Step:
    """Of these cards the CSMS was asked, and of no other."""

    async def step(stage: Stage) -> None:
        heard = [p.get("idTag") or p["idToken"]["idToken"] for p in stage.rig.heard_all("Authorize")]
        assert tuple(heard) == cards

    return step


def traced(card: str, name: str, **members: Any) -> Step:
    """The last final result's trace has this step with these members."""

    async def step(stage: Stage) -> None:
        trace = stage.finals(card)[-1]["trace"]
        assert any(line["step"] == name and members.items() <= line.items() for line in trace), trace

    return step


def errors(*messages: str) -> Step:
    async def step(stage: Stage) -> None:
        assert tuple(error["message"] for error in stage.rig.told("error")) == messages

    return step


@dataclass(frozen=True)
class Row:
    """A behaviour: what it is, what happens, and what of the profile differs."""

    name: str
    steps: tuple[Step, ...]
    auth: dict[str, Any] = field(default_factory=dict)
    evses: int = 2


def row(name: str, *steps: Step, evses: int = 2, **auth: Any) -> Row:
    return Row(name, steps, auth, evses)


LIFO, FIRST, BY_HAND = {"selection": "PlugEventsLIFO"}, {"selection": "FindFirst"}, {"selection": "UserInput"}
MASTER = {"master_group": "SERVICE"}
STOP_FIRST, START_FIRST = {"group_card": "stop-first"}, {"group_card": "start-if-free"}

TABLE = [
    # Selection
    row("one EVSE (test_simple_authorization)", plug(1), tap(ONE, "USED_TO_START", at=1), charging(1)),
    row("the one with a car (test_two_referenced_connectors)", plug(2), tap(ONE, "USED_TO_START"), charging(2)),
    row("PlugEvents: the first that was plugged in", plug(2, 1), tap(ONE, "USED_TO_START"), charging(2)),
    row("LIFO: the last that was plugged in", plug(2, 1), tap(ONE, "USED_TO_START"), charging(1), **LIFO),
    row("FindFirst: one with a car", plug(2), tap(ONE, "USED_TO_START"), charging(2), **FIRST),
    row(
        "FindFirst: else the first free one, which waits for its car",
        tap(ONE, "ACCEPTED"), plug(2), charging(), plug(1), charging(1), final(ONE, "USED_TO_START"),
        unplug(2), **FIRST,
    ),
    row(
        "FindFirst passes over the one that is taken",
        plug(1), tap(ONE, "USED_TO_START"), tap(TWO, "ACCEPTED"), plug(2), charging(1, 2), **FIRST,
    ),
    row(
        "UserInput: a car alone chooses nothing, a person does",
        plug(1, 2), tap(ONE, "ACCEPTED"), charging(), do("select_evse", evse=2), charging(2),
        final(ONE, "USED_TO_START"),
        traced(ONE, "selected", evse=2, by="choice"), **BY_HAND,
    ),
    row(
        "UserInput: first the choice, then the card",
        plug(1, 2), do("select_evse", evse=2), tap(ONE, "USED_TO_START"), charging(2),
        traced(ONE, "selection", rule="UserInput", candidates=[1, 2], by="choice", evse=2), **BY_HAND,
    ),
    row(
        "UserInput: a choice serves one card, and not for ever",
        plug(1, 2), do("select_evse", evse=2), tap(ONE, "USED_TO_START"), tap(TWO, "ACCEPTED"),
        do("withdraw", tagId=TWO),
        do("select_evse", evse=1), wait(31), tap(TWO, "ACCEPTED"), charging(2), wait(),
        final(TWO, "WITHDRAWN", "TIMEOUT"),
        **BY_HAND,
    ),
    row(
        "UserInput: the last choice counts, and what cannot be chosen is said",
        do("fault", evse=1), do("select_evse", "cannot be chosen", evse=1), do("clear_fault", evse=1),
        do("select_evse", evse=1), do("select_evse", evse=2), tap(ONE, "ACCEPTED"), plug(2), charging(2), **BY_HAND,
    ),
    row(
        "UserInput: the time-out ends the waiting, and so does taking it back",
        plug(1, 2), tap(ONE, "ACCEPTED"), wait(), final(ONE, "TIMEOUT"), tap(ONE, "ACCEPTED"),
        do("withdraw", tagId=ONE), final(ONE, "TIMEOUT", "WITHDRAWN"), charging(), **BY_HAND,
    ),
    row(
        "UserInput for a remote start without an EVSE",
        plug(1, 2), remote_start(ONE), charging(), do("select_evse", evse=2), charging(2), **BY_HAND,
    ),
    row(
        "with another rule a choice serves only a card that waits",
        do("select_evse", "no card waits", evse=2), tap(ONE, "ACCEPTED"), do("select_evse", evse=2), plug(1),
        charging(),
        plug(2), charging(2),
    ),
    # Card first, car first
    row(
        "card first (test_authorize_first)",
        tap(ONE, "ACCEPTED"), final(ONE), plug(1), charging(1), final(ONE, "USED_TO_START"),
        traced(ONE, "selected", evse=1, by="plug"),
    ),
    row(
        "the card again and again while it waits (test_swipe_multiple_times_with_timeout)",
        tap(ONE, "ACCEPTED"), *[tap(ONE, "ALREADY_IN_PROCESS")] * 3, wait(),
        final(ONE, *["ALREADY_IN_PROCESS"] * 3, "TIMEOUT"), tap(ONE, "ACCEPTED"), plug(2), charging(2),
    ),
    row(
        "after the time-out the card works again (test_authorization_timeout_and_reswipe)",
        tap(ONE, "ACCEPTED"), wait(), final(ONE, "TIMEOUT"), tap(ONE, "ACCEPTED"), plug(1), charging(1),
    ),
    row(
        "granted, but no transaction yet (test_authorization_without_transaction)",
        tap(ONE, "ACCEPTED", at=1), tap(ONE, "ALREADY_IN_PROCESS", at=1), wait(), tap(ONE, "ACCEPTED", at=1), plug(1),
        charging(1),
    ),
    row(
        "a card too late for its car (test_plug_in_time_out)",
        plug(1), wait(), tap(ONE, "NO_CONNECTOR_AVAILABLE", "Replug", at=1), charging(), asked(), unplug(1), plug(1),
        tap(ONE, "USED_TO_START", at=1), charging(1), after_plug_timeout="replug",
    ),
    row(
        "too late for this car, in time for the next",
        plug(1), wait(), tap(ONE, "ACCEPTED"), charging(), plug(2), charging(2), after_plug_timeout="replug",
    ),
    row(
        "a remote start is too late for its car, too",
        plug(1), wait(), remote_start(ONE, "Rejected"), evses=1, after_plug_timeout="replug",
    ),
    row(
        "late, but good enough (test_plug_in_time_out_disabled)",
        plug(1), wait(), tap(ONE, "USED_TO_START", at=1), charging(1),
    ),
    row(
        "a second session (test_complete_event_flow)",
        plug(1), tap(ONE, "USED_TO_START"), tap(ONE, "USED_TO_STOP"), unplug(1), plug(1), tap(ONE, "USED_TO_START"),
        charging(1),
    ),
    # Side by side
    row(
        "two cards, then two cars (test_two_id_tokens)",
        tap(ONE, "ACCEPTED"), tap(TWO, "ACCEPTED"), plug(2, 1), charging(1, 2), card_at(2, ONE), card_at(1, TWO),
    ),
    row(
        "two cars, then two cards (test_two_plugins)",
        plug(1, 2), taps(ONE, TWO), charging(1, 2), card_at(1, ONE), card_at(2, TWO),
    ),
    row(
        "one of two cards is refused (test_two_plugins_with_invalid_rfid)",
        plug(1, 2), taps(ONE, BAD), charging(1), final(BAD, "REJECTED", reason="Invalid"), final(ONE, "USED_TO_START"),
    ),
    row(
        "a card that the CSMS is slow with holds up nobody",
        plug(1, 2), taps(SLOW, TWO), charging(1), card_at(1, TWO), tap(SLOW, "ALREADY_IN_PROCESS"), wait(5),
        charging(1, 2),
        final(SLOW, "ALREADY_IN_PROCESS", "USED_TO_START"), traced(SLOW, "answered", validator="csms", latency_ms=5000),
        traced(SLOW, "answered", validator="allow", answer="Unknown", latency_ms=0), local={"allow": [TWO]},
    ),
    row(
        "no answer authorizes nobody",
        plug(1), tap(NOBODY, "REJECTED", "Timeout"), charging(),
        traced(NOBODY, "failed", validator="csms", cause="Timeout"),
    ),
    row(
        "two sessions, two ends (test_transaction_finish, test_two_transactions_start_stop)",
        plug(1, 2), taps(ONE, TWO), charging(1, 2), tap(TWO, "USED_TO_STOP"), charging(1), tap(ONE, "USED_TO_STOP"),
        charging(),
    ),
    row(
        "a card while another EVSE charges waits for a car of its own",
        plug(1), tap(ONE, "USED_TO_START"), tap(TWO, "ACCEPTED"), charging(1), plug(2), charging(1, 2), card_at(2, TWO),
    ),
    row(
        "the same card at a second EVSE is the CSMS's to judge, and flagged",
        plug(1, 2), tap(TWO, "USED_TO_START", at=1), tap(TWO, "USED_TO_START", at=2), charging(1, 2),
        traced(TWO, "twice", evses=[1]), errors("the same card is in use at EVSE 1 and at EVSE 2"),
    ),
    # Stopping
    row(
        "swiped twice (test_stop_transaction)",
        plug(1), tap(ONE, "USED_TO_START"), tap(ONE, "USED_TO_STOP"), charging(), asked(ONE),
        traced(ONE, "stops", evse=1, by="token"),
    ),
    row("a stranger's card stops nothing", plug(1), tap(ONE, "USED_TO_START"),
        tap(TWO, "NO_CONNECTOR_AVAILABLE"), charging(1), evses=1),
    row(
        "the parent stops first (test_parent_id_finish)",
        plug(1), tap(ONE, "USED_TO_START"), tap(THREE, "USED_TO_STOP"), charging(), traced(THREE, "stops", by="group"),
        **STOP_FIRST,
    ),
    row(
        "the parent stops first, even with a car waiting",
        plug(1), tap(ONE, "USED_TO_START"), plug(2), tap(THREE, "USED_TO_STOP"), charging(), **STOP_FIRST,
    ),
    row(
        "the parent starts where it can (test_parent_id_no_finish)",
        plug(1), tap(ONE, "USED_TO_START"), tap(THREE, "ACCEPTED"), plug(2), charging(1, 2), **START_FIRST,
    ),
    row(
        "the parent stops where nothing is free (test_parent_id_finish_because_no_available_connector)",
        plug(1), tap(ONE, "USED_TO_START"), do("fault", evse=2), tap(THREE, "USED_TO_STOP"), charging(), **START_FIRST,
    ),
    row(
        "as delivered, the parent stops unless a car waits",
        plug(1), tap(ONE, "USED_TO_START"), tap(THREE, "USED_TO_STOP"), charging(),
    ),
    row(
        "as delivered, the parent starts where a car waits",
        plug(1), tap(ONE, "USED_TO_START"), plug(2), tap(THREE, "USED_TO_START"), charging(1, 2),
    ),
    row(
        "the parent waits for its plug already: nothing to stop, no second EVSE",
        tap(ONE, "ACCEPTED"), tap(THREE, "ALREADY_IN_PROCESS"), plug(1), charging(1), card_at(1, ONE), evses=1,
    ),
    # Faults and availability
    row(
        "faulted EVSEs take nobody, and nobody is asked (test_faulted_state)",
        do("fault", evse=1), do("fault", evse=2), taps(ONE, TWO), final(ONE, "NO_CONNECTOR_AVAILABLE"),
        final(TWO, "NO_CONNECTOR_AVAILABLE"), asked(),
    ),
    row(
        "a faulted EVSE is passed over",
        plug(1, 2), do("fault", evse=1), tap(ONE, "USED_TO_START"), charging(2),
    ),
    row(
        "an EVSE out of service is passed over",
        unavailable(1), plug(1, 2), tap(ONE, "USED_TO_START"), charging(2),
    ),
    row(
        "all out of service",
        unavailable(1), unavailable(2), tap(ONE, "NO_CONNECTOR_AVAILABLE"), asked(),
    ),
    row(
        "the last EVSE that it could wait for fails",
        tap(ONE, "ACCEPTED"), do("fault", evse=1), final(ONE), do("fault", evse=2),
        final(ONE, "NO_CONNECTOR_AVAILABLE"),
    ),
    # Reservations
    row(
        "kept for another card (test_reservation_with_authorization)",
        reserve(1, TWO), plug(1), tap(ONE, "REJECTED", "Reserved", at=1), traced(ONE, "reserved", evses=[1]),
        charging(),
        tap(TWO, "USED_TO_START", at=1), charging(1), traced(TWO, "reservation", id=7, evse=1),
    ),
    row(
        "kept for a family (test_reservation_with_parent_id_tag)",
        reserve(1, ONE, "FAMILY"), plug(1), tap(TWO, "REJECTED", "Reserved", at=1), tap(THREE, "USED_TO_START", at=1),
        charging(1), traced(THREE, "reservation", id=7, evse=1),
    ),
    row(
        "who has reserved an EVSE goes there, whoever was plugged in first",
        reserve(2, ONE), plug(1, 2), tap(ONE, "USED_TO_START"), charging(2),
        traced(ONE, "selection", by="reservation", evse=2),
    ),
    # Master pass
    row(
        "the master pass stops all and starts nothing (test_master_pass_group_id)",
        plug(1, 2), taps(ONE, TWO), charging(1, 2), tap(SERVICE, "USED_TO_STOP"), charging(), unplug(1), unplug(2),
        tap(SERVICE, "REJECTED", "MasterPass"), plug(1), charging(), traced(SERVICE, "stops", evses=[], by="master"),
        **MASTER,
    ),
    # Providers
    row(
        "prevalidated: nobody is asked",
        plug(1), read(TWO), charging(1), asked(), final(TWO, "USED_TO_START"), traced(TWO, "presented", provider="fob"),
        traced(TWO, "answered", validator="prevalidated", answer="Accepted"),
        readers=[{"driver": "keyboard", "name": "fob", "prevalidated": "yes"}],
    ),
    row(
        "a reader's cards go to the EVSEs that it serves",
        plug(1, 2), read(ONE, 1), charging(2), traced(ONE, "presented", provider="keyboard-2", technology="106A"),
        readers=[{"driver": "keyboard", "evses": [1]}, {"driver": "keyboard", "evses": [2]}],
    ),
    *[
        row(
            f"two readers and two EVSEs, {rule}: each reader has its own",
            plug(1, 2), read(ONE, 1), charging(2), card_at(2, ONE), read(TWO, 0), charging(1, 2), card_at(1, TWO),
            read(TWO, 1), charging(1, 2), final(TWO, "USED_TO_START", "NO_CONNECTOR_AVAILABLE"), read(TWO, 0),
            charging(2),
            read(ONE, 1), charging(), selection=rule,
            readers=[{"driver": "keyboard", "evses": [1]}, {"driver": "keyboard", "evses": [2]}],
        )
        for rule in ("PlugEvents", "PlugEventsLIFO", "FindFirst", "UserInput")
    ],
    *[
        row(
            f"two readers for both EVSEs, {rule}",
            plug(2, 1), *before, read(ONE, 0), charging(first), read(TWO, 1), *after, charging(1, 2),
            card_at(first, ONE),
            read(ONE, 1), read(TWO, 0), charging(), selection=rule,
            readers=[{"driver": "keyboard", "name": "left"}, {"driver": "keyboard", "name": "right"}],
        )
        for rule, first, before, after in (
            ("PlugEvents", 2, (), ()),
            ("PlugEventsLIFO", 1, (), ()),
            ("FindFirst", 2, (), ()),
            ("UserInput", 1, (do("select_evse", evse=1),), (charging(1), do("select_evse", evse=2))),
        )
    ],
    # Taking it back
    row(
        "withdrawn while it waits for a car",
        tap(ONE, "ACCEPTED"), do("withdraw", tagId=ONE), final(ONE, "WITHDRAWN"), plug(1), charging(),
        do("withdraw", "does not wait", tagId=ONE),
    ),
    row(
        "withdrawn while the CSMS is asked",
        plug(1), taps(SLOW), do("withdraw", tagId=SLOW), final(SLOW, "WITHDRAWN"), wait(10), charging(),
    ),
    row(
        "withdrawn from the EVSE that it had got",
        tap(ONE, "ACCEPTED", at=1), do("withdraw", tagId=ONE), final(ONE, "WITHDRAWN"), plug(1), charging(),
    ),
    row(
        "shown again, it is taken back where the owner wants that",
        tap(ONE, "ACCEPTED"), tap(ONE, "WITHDRAWN"), final(ONE, "WITHDRAWN", "WITHDRAWN"), plug(1), charging(),
        tap(ONE, "USED_TO_START"), charging(1), tap(ONE, "USED_TO_STOP"), reswipe="withdraw",
    ),
    row(
        "shown again at its EVSE, too",
        tap(ONE, "ACCEPTED", at=1), tap(ONE, "WITHDRAWN", at=1), plug(1), charging(), reswipe="withdraw",
    ),
    row(
        "but not while the CSMS is asked",
        plug(1), taps(SLOW), tap(SLOW, "ALREADY_IN_PROCESS"), wait(5), charging(1), reswipe="withdraw",
    ),
]  # fmt: skip


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_auth_as_everest_describes_it(one: Row, version: str) -> None:
    async def main() -> None:
        evses = [{"id": number} for number in range(1, one.evses + 1)]
        async with Rig(version, profile={"evses": evses, "auth": one.auth}) as rig:
            await rig.boot()
            stage = Stage(rig)
            for step in one.steps:
                await step(stage)
            for evse in range(1, one.evses + 1):
                await rig.do("unplug", evse=evse)
            await rig.wait(2 * TIMEOUT_S)
            assert len(rig.told("token")) == stage.shown
            assert not rig.csms.unparsed

    run_virtual(main())


def test_the_text_of_a_qr_code_is_no_card_on_the_control_face_either() -> None:
    async def main() -> None:
        async with Rig("2.0.1") as rig:
            await rig.boot()
            with pytest.raises(CommandRefused, match="select_evse"):
                await rig.do("tap", tagId="ocpp://CP-1?connector=1")
            assert rig.heard_all("Authorize") == []

    run_virtual(main())
