"""Block A as far as it stands: Basic authentication and its password."""

from __future__ import annotations

import pytest

from tests.conformance.v201.flows import get_variable, report, set_variables, station, statuses
from tests.support.rig import Rig

OLD = "0123456789abcdef"
NEW = "fedcba9876543210"
BASIC = {
    "csms": {
        "url": "ws://csms.test/ocpp",
        "versions": ["ocpp2.0.1"],
        "ping": "0s",
        "security": {"password": OLD},
    }
}


def credentials(rig: Rig) -> tuple[str, str]:
    """User and password of the last upgrade request."""
    basic = rig.targets[-1].basic_auth
    assert basic is not None
    return basic.user, str(basic.password)


@pytest.mark.case("TC_A_01_CS", "2.0.1")
@pytest.mark.spec("A00.FR.202", "A00.FR.203", "A00.FR.204", "A00.FR.205")
@station(profile=BASIC)
async def test_tc_a_01_basic_authentication(rig: Rig) -> None:
    assert rig.targets[-1].url.endswith("/CP-1")
    assert credentials(rig) == ("CP-1", OLD)
    assert statuses(rig) == [(1, 1, "Available")]


@pytest.mark.case("TC_A_09_CS", "2.0.1")
@pytest.mark.spec("A01.FR.01", "A01.FR.11", "A01.FR.12")
@station(profile=BASIC)
async def test_tc_a_09_new_password_is_used_from_then_on(rig: Rig) -> None:
    results = await set_variables(rig, SecurityCtrlr__BasicAuthPassword=NEW)
    assert results[0]["attributeStatus"] == "Accepted"
    await rig.until(lambda: len(rig.targets) == 2)
    assert credentials(rig) == ("CP-1", NEW)
    await rig.until(lambda: rig.host.status()["online"])
    assert len(rig.heard_all("BootNotification")) == 1


@pytest.mark.case("TC_A_10_CS", "2.0.1")
@pytest.mark.spec("A01.FR.01", "A01.FR.11", "A01.FR.12")
@station(profile=BASIC)
async def test_tc_a_10_short_password_is_rejected(rig: Rig) -> None:
    results = await set_variables(rig, SecurityCtrlr__BasicAuthPassword="short")
    assert results[0]["attributeStatus"] == "Rejected"
    rig.lose_connection()
    await rig.until(lambda: len(rig.targets) == 2)
    assert credentials(rig) == ("CP-1", OLD)


@pytest.mark.spec("B06.FR.09", "B08.FR.12")
@station(profile=BASIC)
async def test_the_password_cannot_be_read(rig: Rig) -> None:
    assert (await get_variable(rig, "SecurityCtrlr.BasicAuthPassword"))["attributeStatus"] == "Rejected"
    lines = await report(rig, "GetBaseReport", reportBase="FullInventory")
    mine = next(line for line in lines if line["variable"]["name"] == "BasicAuthPassword")
    assert mine["variableAttribute"][0]["mutability"] == "WriteOnly"
    assert "value" not in mine["variableAttribute"][0]
