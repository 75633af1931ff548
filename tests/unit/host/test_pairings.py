"""What a reader sees that is no token: QR codes that choose an EVSE, and random UIDs; and whose tokens are whose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Card
from station.config import from_mapping
from station.core.events import EvseSelected, TokenPresented
from station.core.values import IdToken
from station.host.pairings import Pairings
from station.host.readers import Readers

PROFILE = {
    "station": {"id": "CP 1"},
    "evses": [{"id": 1, "connectors": [{"id": 1}, {"id": 2}]}, {"id": 2}],
    "auth": {
        "readers": [
            {"driver": "keyboard"},
            {"driver": "keyboard", "evses": [2]},
            {"driver": "keyboard", "name": "lobby", "prevalidated": "yes"},
        ]
    },
}


@dataclass(frozen=True)
class NfcOptions:
    """Of a reader that sees UIDs."""

    random_uid: str = "refuse"


class Desk:
    """The readers of a station, without the station."""

    def __init__(self, options: Any = None) -> None:
        profile = from_mapping(PROFILE, Path("/nonexistent"), env={}).profile
        configs = profile.auth.readers
        if options is not None:
            configs = tuple(replace(one, part=replace(one.part, parsed=options)) for one in configs)
        self.fed: list[Any] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        pairings = Pairings(profile.station.id, profile.evses)
        self.readers = Readers(
            configs, (1, 2), self.fed.append, lambda *told: self.told.append(told), lambda call: call(), pairings
        )

    def read(self, text: str, reader: int = 0) -> None:
        self.readers.card(reader, Card(b"", "QR", text=text))


@pytest.mark.parametrize(("connector", "evse"), [(1, 1), (2, 1), (3, 2)])
def test_a_qr_code_chooses_the_evse_of_its_connector_and_is_no_token(connector: int, evse: int) -> None:
    desk = Desk()
    desk.read(f"ocpp://CP%201?connector={connector}")
    assert desk.fed == [EvseSelected(evse)]
    assert [event for event, _ in desk.told] == ["card"]


@pytest.mark.parametrize(
    ("text", "reader", "reason"),
    [
        ("ocpp://CP%202?connector=1", 0, "UnknownStation"),
        ("ocpp://CP%201?connector=4", 0, "NoSuchConnector"),
        ("ocpp://CP%201?connector=0", 0, "BadConnector"),
        ("OCPP://CP%201?connector=1", 0, "Malformed"),
        ("ocpp://CP%201?connector=1", 1, "NotServed"),
    ],
)
def test_a_qr_code_that_chooses_nothing_never_reaches_the_csms(text: str, reader: int, reason: str) -> None:
    desk = Desk()
    desk.read(text, reader)
    assert desk.fed == []
    event, data = desk.told[-1]
    assert (event, data["tagId"], data["result"], data["reason"]) == ("token", text, "REJECTED", reason)
    assert text not in repr(data["trace"])
    assert [step["step"] for step in data["trace"]] == ["presented", "result"]


def test_a_random_uid_is_refused_by_policy_and_told() -> None:
    desk = Desk(NfcOptions())
    desk.readers.card(0, Card(bytes.fromhex("08aabbcc"), "106A", random=True))
    assert desk.fed == []
    assert desk.told == [
        ("card", {"reader": "keyboard", "tagId": "08AABBCC", "technology": "106A", "random": True}),
        (
            "token",
            {
                "tagId": "08AABBCC",
                "result": "REJECTED",
                "reason": "RandomUid",
                "trace": [
                    {
                        "step": "presented",
                        "provider": "keyboard",
                        "type": "ISO14443",
                        "technology": "106A",
                        "token": "***CC",
                    },
                    {"step": "result", "result": "REJECTED", "reason": "RandomUid", "evse": None},
                ],
            },
        ),
    ]
    desk.readers.card(0, Card(bytes.fromhex("04aabbcc"), "106A"))
    assert [event.token for event in desk.fed] == [IdToken("04AABBCC")]


@pytest.mark.parametrize("options", [NfcOptions("accept"), None])
def test_a_random_uid_is_shown_where_the_owner_wants_that(options: Any) -> None:
    desk = Desk(options)
    desk.readers.card(0, Card(bytes.fromhex("08aabbcc"), "106A", random=True))
    assert [event.token.value for event in desk.fed] == ["08AABBCC"]


def test_two_readers_of_one_driver_are_told_apart() -> None:
    desk = Desk()
    for reader in range(3):
        desk.read("04A1B2C3", reader)
    assert [data["reader"] for _, data in desk.told] == ["keyboard", "keyboard-2", "lobby"]
    assert desk.fed == [
        TokenPresented(IdToken("04A1B2C3"), "keyboard", (1, 2), technology="QR"),
        TokenPresented(IdToken("04A1B2C3"), "keyboard-2", (2,), technology="QR"),
        TokenPresented(IdToken("04A1B2C3"), "lobby", (1, 2), technology="QR", prevalidated=True),
    ]
