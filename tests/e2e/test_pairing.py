"""A QR code at the station's own reader picks the EVSE of the card that follows at another one; real processes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.station_process import StationProcess, verb

CARD = "04A1B2C3D4E5F6"
PROFILE = """
station: {{id: CP 7}}
csms: {{versions: [{version}]}}
store: memory
evses: [{{id: 1}}, {{id: 2}}]
auth:
  selection: UserInput
  readers:
    - {{driver: replay, name: camera, file: {codes}}}
    - {{driver: replay, name: cards, file: {cards}}}
"""


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
def test_a_code_then_a_card(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        codes, cards, profile = tmp_path / "codes.jsonl", tmp_path / "cards.jsonl", tmp_path / "station.yaml"
        pairs = [(5, "ocpp://CP%208?connector=1"), (6, "ocpp://CP%207?connector=2")]
        codes.write_text("\n".join(json.dumps({"at": f"{at}s", "text": text, "for": "0.5s"}) for at, text in pairs))
        cards.write_text(json.dumps({"at": "8s", "uid": CARD, "for": "1s"}))
        profile.write_text(PROFILE.format(version=version, codes=codes, cards=cards))
        async with StationProcess(tmp_path, str(profile), "--control", "stdio") as station:
            assert (await station.ask("connect"))["ok"] is True
            for connector in (1, 2):
                assert (await station.ask("plug_in", connector=connector))["ok"] is True
            made = await verb(tmp_path, "pair", "--to", "CP 7", "--json")
            assert [one["text"] for one in json.loads(made.stdout)["pairings"]] == [
                "ocpp://CP%207?connector=1",
                "ocpp://CP%207?connector=2",
            ]
            refused = await station.event("token", lambda data: data["tagId"] == pairs[0][1])
            assert (refused["result"], refused["reason"]) == ("REJECTED", "UnknownStation")
            used = await station.event("token", lambda data: data["tagId"] == CARD)
            assert (used["result"], used["trace"][0]["provider"]) == ("USED_TO_START", "cards")
            selection = next(step for step in used["trace"] if step["step"] == "selection")
            assert selection == {
                "step": "selection",
                "rule": "UserInput",
                "candidates": [1, 2],
                "by": "choice",
                "evse": 2,
            }
            status = await station.holds(lambda status: status["evses"][1]["contactor"] == "closed")
            assert status["evses"][0]["contactor"] == "open"
            assert await station.stop() == 0

    asyncio.run(scenario())
