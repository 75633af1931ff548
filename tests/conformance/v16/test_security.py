"""Basic authentication and the security profile, by what the station dials with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.rig import Rig, virtual

OLD, NEW = "0123456789abcdef0123", "fedcba9876543210fedc"


def secured(**security: Any) -> dict[str, Any]:
    """A profile with security settings."""
    url = "ws://csms.test/ocpp"
    return {"csms": {"url": url, "versions": ["ocpp1.6"], "ping": "0s", "security": security}}


async def change(rig: Rig, key: str, value: str) -> str:
    """ChangeConfiguration; the status of the answer."""
    status: str = (await rig.call("ChangeConfiguration", {"key": key, "value": value}))["status"]
    return status


@pytest.mark.case("TC_085_CS", "1.6")
@pytest.mark.spec("Security WP A00.FR.202", "Security WP A00.FR.203", "Security WP A00.FR.204")
@virtual
async def test_tc_085_basic_authentication() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        auth = rig.targets[0].basic_auth
        assert auth is not None
        assert (auth.user, auth.password) == ("CP-1", OLD)
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        assert rig.targets[1].basic_auth == auth
        shown = await rig.call("GetConfiguration", {"key": ["SecurityProfile", "AuthorizationKey"]})
        assert shown["configurationKey"][0]["value"] == "1"
        assert shown["unknownKey"] == ["AuthorizationKey"]


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A01.FR.02", "Security WP A01.FR.03")
@virtual
async def test_tc_073_update_of_the_password() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        assert await change(rig, "AuthorizationKey", NEW) == "Accepted"
        await rig.until(lambda: len(rig.targets) == 2)
        auth = rig.targets[1].basic_auth
        assert auth is not None
        assert auth.password == NEW
        await rig.wait(5)
        assert len(rig.heard_all("BootNotification")) == 1
        await rig.do("power_cycle")
        await rig.until(lambda: len(rig.targets) == 3)
        assert rig.targets[2].basic_auth == auth


@pytest.mark.case("TC_073_CS", "1.6")
@pytest.mark.spec("Security WP A01.FR.02")
@pytest.mark.parametrize("password", ["", "short", "x" * 41])
@virtual
async def test_tc_073_a_password_of_the_wrong_length_is_rejected(password: str) -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        assert await change(rig, "AuthorizationKey", password) == "Rejected"
        await rig.wait(5)
        assert len(rig.targets) == 1


@pytest.mark.case("TC_084_CS", "1.6")
@pytest.mark.spec("Security WP A05.FR.01")
@virtual
async def test_tc_084_downgrade_of_the_security_profile_is_rejected() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        assert await change(rig, "SecurityProfile", "0") == "Rejected"
        await rig.wait(5)
        assert len(rig.targets) == 1


@pytest.mark.spec("Security WP A01.FR.06")
@virtual
async def test_the_password_is_never_told() -> None:
    async with Rig(profile=secured(password=OLD)) as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {})
        assert OLD not in str(answer)
        assert OLD not in str(rig.host.status())
        assert OLD not in str(rig.events)
