"""A card on each kind of reader, and two readers at two EVSEs under each selection rule.

The host as it runs, in this process, so that libraries can be given devices that this machine does not have; the
central system is the embedded one, over real sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from station.config import from_mapping
from station.csms import EmbeddedCsms
from station.host.host import Host
from tests.support.acr122u_usb import acr122u
from tests.support.doubles.reader_serial import rdm6300
from tests.support.pn532_chip import TypeA
from tests.support.reader_desk import charging, until
from tests.support.serial_line import SerialLine, serial_line

VERSIONS = ["1.6", "2.0.1"]
UID = "04A1B2C3"
EM_CARD = "0600123456"
GAP_S = 0.2

Show = Callable[[bool], None]
"""Puts the card on the reader (True), or lifts it."""


@contextlib.contextmanager
def usb() -> Iterator[tuple[dict[str, Any], Show, str]]:
    with acr122u() as reader:
        yield {"driver": "acr122u"}, lambda there: reader.chip.put(*([TypeA(UID)] if there else [])), UID


def sends_once(form: str, frame: bytes, token: str) -> contextlib.AbstractContextManager[tuple[Any, Show, str]]:
    """A reader that sends a frame when a card comes."""

    @contextlib.contextmanager
    def made() -> Iterator[tuple[dict[str, Any], Show, str]]:
        with serial_line() as line:
            yield _serial(line, form), lambda there: there and line.write(frame) and None, token

    return made()


@contextlib.contextmanager
def twn4() -> Iterator[tuple[dict[str, Any], Show, str]]:
    there = False

    def show(now: bool) -> None:
        nonlocal there
        there = now

    with serial_line() as line:
        line.serve(lambda asked: f"0001802004{UID}\r".encode() if there else b"0000\r")
        yield _serial(line, "twn4"), show, UID


def _serial(line: SerialLine, form: str) -> dict[str, Any]:
    return {"driver": "serial", "port": line.path, "format": form}


READERS: dict[str, Callable[[], contextlib.AbstractContextManager[tuple[Any, Show, str]]]] = {
    "acr122u": usb,
    "id12la": lambda: sends_once("id12la", rdm6300(EM_CARD)[:-1] + b"\r\n\x03", EM_CARD),
    "wiegand": lambda: sends_once("wiegand", b"123,45678\r\n", "7BB26E"),
    "twn4": twn4,
}


@contextlib.asynccontextmanager
async def charger(version: str, auth: dict[str, Any]) -> AsyncIterator[tuple[Host, EmbeddedCsms]]:
    """A station of two EVSEs with these readers, connected."""
    csms = EmbeddedCsms()
    await csms.start()
    profile = {
        "station": {"id": "CP-1"},
        "csms": {"url": csms.base_url, "versions": [f"ocpp{version}"]},
        "evses": [{"id": 1}, {"id": 2}],
        "auth": auth,
        "store": "memory",
        "control": "off",
    }
    host = Host(from_mapping(profile, Path("/nonexistent"), env={}).profile)
    try:
        assert await host.open_hardware(lambda: False) == []
        host.start()
        await host.execute("connect", {}).done
        yield host, csms
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(host.stop(), 10)
        await csms.stop()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", list(READERS))
def test_a_card_starts_a_session_and_stops_it(kind: str, version: str) -> None:
    async def scenario(options: dict[str, Any], show: Show, token: str) -> None:
        async with charger(version, {"readers": [{**options, "gap": f"{GAP_S}s"}]}) as (host, csms):
            await host.execute("plug_in", {"connector": 1}).done
            show(True)
            await until(lambda: charging(host.status()["evses"][0]), "it charges")
            assert host.status()["evses"][0]["transaction"]["token"] == token
            await asyncio.sleep(2 * GAP_S)
            assert charging(host.status()["evses"][0]), "a card that is held stops nothing"
            show(False)
            await asyncio.sleep(2 * GAP_S)
            show(True)
            await until(lambda: [one.ended for one in csms.stations["CP-1"].transactions] == [True], "it has ended")
            [transaction] = csms.stations["CP-1"].transactions
            assert (transaction.token, transaction.reason) == (token, "Local")

    with READERS[kind]() as (options, show, token):
        asyncio.run(scenario(options, show, token))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("rule", "choices", "first"),
    [
        ("PlugEvents", (0, 0), 2),
        ("PlugEventsLIFO", (0, 0), 1),
        ("FindFirst", (0, 0), 2),
        ("UserInput", (1, 2), 1),
    ],
)
def test_two_readers_for_two_evses(rule: str, choices: tuple[int, int], first: int, version: str) -> None:
    """EVSE 2 is plugged in before EVSE 1; each of the readers serves both, and each card stops its own session."""
    second = 3 - first

    async def scenario(left: SerialLine, right: SerialLine) -> None:
        readers = [{**_serial(line, "line"), "gap": f"{GAP_S}s"} for line in (left, right)]
        async with charger(version, {"readers": readers, "selection": rule}) as (host, csms):

            def evse(number: int) -> dict[str, Any]:
                found: dict[str, Any] = host.status()["evses"][number - 1]
                return found

            for number in (2, 1):
                await host.execute("plug_in", {"connector": number}).done
            turns = ((left, "LEFT", choices[0], first), (right, "RIGHT", choices[1], second))
            for line, card, choice, goes_to in turns:
                if choice:
                    await host.execute("select_evse", {"connector": choice}).done
                line.write(f"{card}\r".encode())
                await until(lambda number=goes_to: charging(evse(number)), f"{card} charges at {goes_to}")
            assert [evse(number)["transaction"]["token"] for number in (first, second)] == ["LEFT", "RIGHT"]
            await asyncio.sleep(2 * GAP_S)
            left.write(b"RIGHT\r")
            await until(lambda: not charging(evse(second)), "a card stops its session at either reader")
            assert charging(evse(first))
            right.write(b"LEFT\r")
            told = csms.stations["CP-1"].transactions
            await until(lambda: [one.ended for one in told] == [True, True], "both are told")
            assert {one.token for one in told} == {"LEFT", "RIGHT"}

    with serial_line(name="left") as left, serial_line(name="right") as right:
        asyncio.run(scenario(left, right))
