"""The same script gives the same transactions in both versions, where 2.0.1 is told to start them as 1.6 does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.support.play import NETWORK, Play, Script, scripts
from tests.support.rig import run_virtual

AS_IN_16 = {"TxCtrlr.TxStartPoint": "PowerPathClosed", "TxCtrlr.TxStopPoint": "EVConnected,Authorized"}


def _seconds(start: dict[str, Any], stop: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(payload["timestamp"]) for payload in (start, stop))
    return (ended - began).total_seconds()


async def _played(version: str, script: Script) -> list[tuple[Any, ...]]:
    """Card, energy, reason and duration of each transaction."""
    variables = AS_IN_16 if version == "2.0.1" else {}
    async with Play(version, {"metering": {"sample": "10s"}}, variables) as rig:
        await rig.boot()
        await rig.perform(script)
        await rig.finish()
        rig.assert_told_well()
        stopped = rig.told("transaction_stopped")
        assert len(stopped) == len(rig.rules.transactions)
        return [
            (told.token, int(told.readings_wh[0]), int(told.readings_wh[-1]), made["reason"],
             round(made["energy_wh"], 3), round(_seconds(told.start, told.stop or {}), 1))
            for told, made in zip(rig.rules.transactions, stopped, strict=True)
        ]  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts(link=NETWORK))
def test_the_same_script_gives_the_same_transactions(script: Script) -> None:
    assert run_virtual(_played("1.6", script)) == run_virtual(_played("2.0.1", script))


def test_a_session_of_each_kind() -> None:
    card = "04A1B2C3"
    script: Script = (
        ("plug_in",), ("tap", card), ("run", 90.0), ("tap", card), ("unplug",), ("run", 2.0),
        ("tap", card), ("run", 2.0), ("plug_in",), ("run", 15.0), ("ev_suspend",), ("run", 15.0), ("unplug",),
        ("run", 2.0),
        ("go_offline",), ("charge", card), ("run", 90.0), ("stop",), ("come_online",), ("run", 2.0), ("unplug",),
    )  # fmt: skip
    transactions = run_virtual(_played("1.6", script))
    assert [(one[0], one[3]) for one in transactions] == [(card, "Local"), (card, "EVDisconnected"), (card, "Local")]
    assert [one[5] for one in transactions] == [90.0, 30.0, 90.0]
    assert run_virtual(_played("2.0.1", script)) == transactions
