"""Any requests of OCPP 1.6 in any order, whatever happens meanwhile: no handler falls over, and the station goes on."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station.host.execution import CommandRefused
from station.ocpp.schema import schema_of
from tests.support.bad_payloads import CSMS_REQUESTS_16, edge_payloads
from tests.support.fake_transfers import FakeTransfers
from tests.support.rig import CARD, Rig
from tests.support.virtual_loop import run_virtual

SENSIBLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1}),
    ("RemoteStartTransaction", {"idTag": CARD}),
    ("RemoteStopTransaction", {"transactionId": 1}),
    ("ReserveNow", {"connectorId": 1, "expiryDate": "2026-01-01T13:00:00Z", "idTag": CARD, "reservationId": 1}),
    ("ReserveNow", {"connectorId": 0, "expiryDate": "2026-01-01T12:01:00Z", "idTag": "OTHER", "reservationId": 2}),
    ("CancelReservation", {"reservationId": 1}),
    ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
    ("ChangeAvailability", {"connectorId": 1, "type": "Operative"}),
    ("UnlockConnector", {"connectorId": 1}),
    ("Reset", {"type": "Soft"}),
    ("Reset", {"type": "Hard"}),
    ("ChangeConfiguration", {"key": "StopTransactionOnEVSideDisconnect", "value": "false"}),
    ("ChangeConfiguration", {"key": "MinimumStatusDuration", "value": "5"}),
    ("ChangeConfiguration", {"key": "ClockAlignedDataInterval", "value": "10"}),
    ("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "0"}),
    ("ClearChargingProfile", {}),
    ("ClearCache", {}),
    ("TriggerMessage", {"requestedMessage": "MeterValues"}),
)
COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("plug_in", {}),
    ("unplug", {}),
    ("unplug", {"side": "ev"}),
    ("tap", {"tagId": CARD}),
    ("tap", {"tagId": "OTHER"}),
    ("ev_suspend", {}),
    ("ev_resume", {}),
    ("fault", {"errorCode": "GroundFailure"}),
    ("clear_fault", {}),
    ("drop_connection", {}),
    ("power_cycle", {}),
)


@cache
def payloads(action: str) -> tuple[dict[str, Any], ...]:
    """Requests at the edge of what their schema allows."""
    return tuple(edge_payloads(schema_of("1.6", action, "request")))


REQUEST = st.one_of(
    st.sampled_from(SENSIBLE),
    st.sampled_from(CSMS_REQUESTS_16).flatmap(
        lambda action: st.tuples(st.just(action), st.sampled_from(payloads(action)))
    ),
)
STEP = st.one_of(
    st.tuples(st.just("call"), REQUEST),
    st.tuples(st.just("do"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("wait"), st.sampled_from((0.0, 0.05, 3.0, 70.0))),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=5, max_size=30))
def test_no_handler_falls_over(steps: list[tuple[str, Any]]) -> None:
    async def main() -> None:
        async with Rig(transfers=FakeTransfers()) as rig:
            await rig.boot()
            for number, (what, how) in enumerate(steps):
                if what == "call":
                    rig.send(json.dumps([2, f"any-{number}", *how]))
                    await rig.wait(0.02)
                elif what == "do":
                    with contextlib.suppress(CommandRefused):
                        await rig.do(how[0], timeout_s=5.0, **how[1])
                else:
                    await rig.wait(how)
            await rig.wait(20)
            for frame in rig.csms.answers.values():
                assert frame[0] == 3 or frame[2] != "InternalError", frame
            assert rig.csms.unparsed == []
            await rig.do("connect", timeout_s=600.0)
            assert (await rig.call("GetConfiguration", {"key": ["NumberOfConnectors"]}))["configurationKey"]

    run_virtual(main())
