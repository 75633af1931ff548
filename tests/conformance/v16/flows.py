"""Flows that many cases of OCPP 1.6 share. Not a test module; imported by those beside it."""

from __future__ import annotations

from typing import Any

from tests.support.rig import CARD, Rig

OTHER_CARD = "0499AABBCCDD01"


async def plug_and_tap(rig: Rig, card: str = CARD) -> int:
    """Plug in, show the card, charge; the CSMS's transactionId."""
    await rig.do("plug_in")
    await rig.do("tap", tagId=card)
    await charging(rig)
    return transaction_id(rig)


async def status_is(rig: Rig, status: str, timeout_s: float = 120.0) -> None:
    """Wait until this is the last status that the CSMS was told of the (first) connector, and all is quiet."""
    await rig.until(lambda: (rig.statuses() or [""])[-1] == status, timeout_s)
    await rig.quiet()


async def charging(rig: Rig) -> None:
    """Wait until the CSMS knows that the car charges."""
    await status_is(rig, "Charging")


async def tap_and_unplug(rig: Rig, card: str = CARD) -> None:
    """Stop with the card and drive away."""
    await rig.do("tap", tagId=card)
    await rig.do("unplug")
    await rig.quiet()


async def configure(rig: Rig, **keys: str) -> None:
    """Set keys as the CSMS does."""
    for key, value in keys.items():
        answer = await rig.call("ChangeConfiguration", {"key": key, "value": value})
        assert answer["status"] == "Accepted", (key, answer)


async def offline_for(rig: Rig, seconds: float) -> None:
    """Cut off for so long, then back."""
    await rig.do("go_offline")
    await rig.wait(seconds)
    await online(rig)


async def online(rig: Rig) -> None:
    """Come back and tell everything."""
    await rig.do("come_online")
    await rig.until(lambda: rig.connected and rig.host.status()["queue"] == 0)
    await rig.quiet()


async def rebooted(rig: Rig, boots: int = 2) -> None:
    """Wait until the station has booted so many times, and told its statuses."""
    await rig.until(lambda: len(rig.heard_all("BootNotification")) == boots)
    await rig.quiet()


def transaction_id(rig: Rig) -> Any:
    """The number of the running transaction, None without."""
    running = rig.status["transaction"]
    return None if running is None else running["transactionId"]


def stop(rig: Rig) -> dict[str, Any]:
    """The only StopTransaction."""
    stops = rig.heard_all("StopTransaction")
    assert len(stops) == 1, stops
    return stops[0]


def since(rig: Rig, mark: int) -> list[str]:
    """The actions that the station sent since ``mark = len(rig.csms.actions())``."""
    return rig.csms.actions()[mark:]


def order(rig: Rig, *wanted: str) -> bool:
    """Whether these came in this order, others between them."""
    heard = iter(rig.csms.actions())
    return all(action in heard for action in wanted)


def connector_statuses(rig: Rig, connector: int) -> list[str]:
    """The statuses told of one connector; 0 is the station."""
    return [told["status"] for told in rig.heard_all("StatusNotification") if told["connectorId"] == connector]


def sampled(message: dict[str, Any]) -> list[dict[str, Any]]:
    """All SampledValues of a MeterValues."""
    return [sample for value in message["meterValue"] for sample in value["sampledValue"]]
