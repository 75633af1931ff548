"""What the cases of OCPP 2.0.1 have in common: a booted station for a test, states to bring it to, and questions to it.

The "reusable states" of part 6 are ``charging``, ``stopped`` and the commands of the rig themselves. Every test that
runs under ``station`` ends with the check that nothing unparsable was sent and that sequence numbers have no gaps.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.rig import CARD, Rig
from tests.support.virtual_loop import run_virtual

OTHER_CARD = "0B0B0B0B"
GROUP = "FLEET-7"
TWO_EVSES = {"evses": [{"id": 1}, {"id": 2}]}
FIXED_CABLE = {"evses": [{"id": 1, "connectors": [{"id": 1, "cable": "fixed"}]}]}
SOCKET = {"evses": [{"id": 1, "connectors": [{"id": 1, "cable": "socket", "lock": True}]}]}

Payload = dict[str, Any]


def station(*, boots: bool = True, **rig_args: Any) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Run a test with a station in virtual time, by default booted and told; ``rig_args`` are those of ``Rig``."""

    def decorate(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        def run(**params: Any) -> None:
            async def main() -> None:
                async with Rig("2.0.1", **rig_args) as rig:
                    if boots:
                        await rig.boot()
                    await test(rig, **params)
                    await rig.quiet()
                    assert not rig.csms.unparsed
                    check_sequence_numbers(rig)

            run_virtual(main())

        signature = inspect.signature(test)
        run.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        return run

    return decorate


# Answers of the CSMS


def id_info(status: str, group: str | None = None, **more: Any) -> Payload:
    """The answer to Authorize or TransactionEvent that says this of the token."""
    info: Payload = {"status": status, **more}
    if group is not None:
        info["groupIdToken"] = {"idToken": group, "type": "Central"}
    return {"idTokenInfo": info}


def token(value: str = CARD, kind: str = "ISO14443") -> Payload:
    """An IdTokenType."""
    return {"idToken": value, "type": kind}


# States


async def charging(rig: Rig, card: str = CARD, evse: int = 1, **params: Any) -> str:
    """Plug in, show the card, wait for energy. Answers the transaction's id. Spec: part 6, EnergyTransferStarted."""
    await rig.do("plug_in", evse=evse, **params)
    await rig.do("tap", tagId=card, evse=evse)
    await rig.until(lambda: evse_status(rig, evse)["state"] == "charging")
    await rig.quiet()
    identity: str = evse_status(rig, evse)["transaction"]["id"]
    return identity


async def stopped(rig: Rig, card: str = CARD, evse: int = 1) -> None:
    """Show the card again and pull the cable. Spec: part 6, StopAuthorized to EVDisconnected."""
    await rig.do("tap", tagId=card, evse=evse)
    await rig.quiet()
    await rig.do("unplug", evse=evse)
    await rig.quiet()


async def cached(rig: Rig, card: str = CARD, status: str = "Accepted", group: str | None = None) -> None:
    """Have the card in the authorization cache as the CSMS's answer would put it there."""
    rig.csms.once("Authorize", id_info(status, group))
    await rig.do("authorize", tagId=card)
    await rig.quiet()
    rig.csms.clear()


async def offline(rig: Rig, seconds: float = 1.0) -> None:
    """The connection breaks off and dials are refused."""
    rig.refuse_with(503)
    rig.lose_connection()
    await rig.wait(seconds)


async def online(rig: Rig) -> None:
    """Dials succeed again; wait until the station is back and has told what it had."""
    rig.refuse = None
    await rig.until(lambda: rig.host.status()["online"], 1000)
    await rig.quiet()


async def rebooted(rig: Rig, boots: int = 2) -> None:
    """Wait until the CSMS has heard this many BootNotifications and what follows the last one."""
    await rig.until(lambda: len(rig.heard_all("BootNotification")) >= boots)
    await rig.quiet()


# Looking


def evse_status(rig: Rig, evse: int = 1) -> Payload:
    """The status of an EVSE on the control face."""
    return next(one for one in rig.host.status()["evses"] if one["evse"] == evse)


def is_charging(rig: Rig, evse: int = 1) -> bool:
    """Whether energy flows."""
    return evse_status(rig, evse)["contactor"] == "closed"


def events(rig: Rig) -> list[Payload]:
    """All TransactionEvents, repeated ones included."""
    return rig.transaction_events()


def last_event(rig: Rig) -> Payload:
    """The last TransactionEvent."""
    assert events(rig), f"no TransactionEvent in {rig.csms.actions()}"
    return events(rig)[-1]


def of(rig: Rig, **wanted: Any) -> list[Payload]:
    """The TransactionEvents with these members; those of ``transactionInfo`` count as the event's own."""
    return [event for event in events(rig) if wanted.items() <= (event | event["transactionInfo"]).items()]


def one(rig: Rig, **wanted: Any) -> Payload:
    """The only TransactionEvent with these members."""
    found = of(rig, **wanted)
    assert len(found) == 1, f"{len(found)} events with {wanted} among {story(rig)}"
    return found[0]


def story(rig: Rig) -> list[tuple[str, str, str | None]]:
    """The TransactionEvents in short: type, trigger and charging state."""
    return [(e["eventType"], e["triggerReason"], e["transactionInfo"].get("chargingState")) for e in events(rig)]


def statuses(rig: Rig) -> list[tuple[int, int, str]]:
    """The StatusNotifications: EVSE, connector and status."""
    return [(s["evseId"], s["connectorId"], s["connectorStatus"]) for s in rig.heard_all("StatusNotification")]


def contexts(event: Payload) -> list[str]:
    """The contexts of an event's (or a MeterValues') values."""
    return [sample["context"] for value in event.get("meterValue", ()) for sample in value["sampledValue"]]


def moments(rig: Rig, action: str) -> list[str]:
    """The timestamps of all messages of an action."""
    return [payload["timestamp"] for payload in rig.heard_all(action)]


def check_sequence_numbers(rig: Rig) -> None:
    """Each transaction counts from its first number that was heard without a gap; a repeated number says the same."""
    seen: dict[str, dict[int, Payload]] = {}
    for event in events(rig):
        own = seen.setdefault(event["transactionInfo"]["transactionId"], {})
        content = {name: value for name, value in event.items() if name != "offline"}
        known = own.setdefault(event["seqNo"], content)
        assert known == content, f"the same number with another content: {known} and {content}"
        assert event["seqNo"] == max(own) and event["seqNo"] - min(own) == len(own) - 1, story(rig)


# The device model


def variable(name: str, **more: Any) -> Payload:
    """Component and variable of ``Component.Variable[Instance]`` as the wire has them."""
    component, _, rest = name.partition(".")
    plain, _, instance = rest.rstrip("]").partition("[")
    named: Payload = {"name": plain} | ({"instance": instance} if instance else {})
    return {"component": {"name": component}, "variable": named, **more}


async def set_variables(rig: Rig, **values: str) -> list[Payload]:
    """SetVariables with ``Component__Variable="value"``; answers the results."""
    data = [variable(name.replace("__", "."), attributeValue=value) for name, value in values.items()]
    results: list[Payload] = (await rig.call("SetVariables", {"setVariableData": data}))["setVariableResult"]
    return results


async def get_variable(rig: Rig, name: str, **more: Any) -> Payload:
    """GetVariables of one; answers its result."""
    answer = await rig.call("GetVariables", {"getVariableData": [variable(name, **more)]})
    result: Payload = answer["getVariableResult"][0]
    return result


async def report(rig: Rig, action: str, **members: Any) -> list[Payload]:
    """GetBaseReport or GetReport and the NotifyReports that follow; checks their numbering; answers all lines."""
    rig.csms.clear()
    answer = await rig.call(action, {"requestId": 42, **members})
    assert answer["status"] == "Accepted", answer
    await rig.until(lambda: any(not part.get("tbc", False) for part in rig.heard_all("NotifyReport")))
    await rig.quiet()
    parts = rig.heard_all("NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part.get("tbc", False) for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {part["requestId"] for part in parts} == {42} and all(part["generatedAt"] for part in parts)
    return [line for part in parts for line in part["reportData"]]
