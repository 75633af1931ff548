"""The local authorization list of the program itself: what was accepted is there after a SIGKILL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.station_process import StationProcess
from tests.support.strict_csms import StrictCsms

CARD = "04A1B2C3"
PROFILE = """
station: {{id: CP-1, vendor: Acme, model: Wallbox}}
csms: {{url: "{url}", versions: [ocpp{version}], reconnect: {{wait: 1s, random: 0s, doubles: 1}}}}
store: {store}
control: off
variables: {{LocalPreAuthorize: true}}
"""


def update(version: str, number: int, card: str) -> dict[str, Any]:
    """A full list of a thousand cards, the last of them ``card``."""
    cards = [f"CARD{n:05}" for n in range(999)] + [card]
    if version == "1.6":
        entries = [{"idTag": one, "idTagInfo": {"status": "Accepted"}} for one in cards]
        return {"listVersion": number, "updateType": "Full", "localAuthorizationList": entries}
    tokens = [{"idToken": one, "type": "ISO14443"} for one in cards]
    listed = [{"idToken": token, "idTokenInfo": {"status": "Accepted"}} for token in tokens]
    return {"versionNumber": number, "updateType": "Full", "localAuthorizationList": listed}


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_the_list_outlives_a_kill(tmp_path: Path, version: str) -> None:
    async def scenario() -> None:
        async with StrictCsms() as csms:
            path = tmp_path / "CP-1.yaml"
            path.write_text(PROFILE.format(url=csms.url, version=version, store=tmp_path / "station.db"))
            async with StationProcess(tmp_path, str(path), "--control", "stdio") as cp:
                await cp.do("connect")
                answer = await csms.call("CP-1", "SendLocalList", update(version, 3, CARD))
                assert answer == {"status": "Accepted"}
                await cp.kill()
                csms.rules["CP-1"].restarted()
                await cp.start()
                await cp.do("connect")
                told = await csms.call("CP-1", "GetLocalListVersion", {})
                assert list(told.values()) == [3]
                await cp.do("start_transaction", connector=1, tagId=CARD)
                assert csms.requests("Authorize") == []
                await cp.do("stop_transaction", connector=1)
                assert await cp.stop() == 0
            csms.assert_clean()

    asyncio.run(scenario())
