"""What the station says about the protocols by which it moves files."""

from __future__ import annotations

import pytest

from station.net.transfer.files import protocols
from tests.support.rig import Rig, virtual


@pytest.mark.spec("OCPP 1.6 errata 3.90")
@virtual
async def test_supported_file_transfer_protocols() -> None:
    async with Rig("1.6") as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {"key": ["SupportedFileTransferProtocols"]})
        (row,) = answer["configurationKey"]
        assert row["readonly"] is True
        assert set(row["value"].split(",")) == {"FTP", "FTPS", "HTTP", "HTTPS"}


@pytest.mark.spec("OCPP 2.0.1 part 2 §2.1.4")
@virtual
async def test_file_transfer_protocols() -> None:
    async with Rig("2.0.1") as rig:
        await rig.boot()
        asked = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "FileTransferProtocols"}}
        answer = await rig.call("GetVariables", {"getVariableData": [asked]})
        (result,) = answer["getVariableResult"]
        assert result["attributeStatus"] == "Accepted"
        assert set(result["attributeValue"].split(",")) == set(protocols())
