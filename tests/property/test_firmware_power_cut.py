"""Cut the power anywhere in a firmware update: it comes to one end, and no status arises twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import effects as ef
from station.core import events as ev
from station.core import updates as up
from station.core.journal import JOURNAL
from station.core.records import Put
from tests.support.core_world import EPOCH, PowerCut, World

REPORTS: dict[type, Any] = {
    up.CheckSigner: up.SignerChecked("Accepted"),
    up.Download: up.Arrived("file"),
    up.VerifySignature: up.SignatureChecked(True),
    up.Install: up.Installed("2.0"),
}
ENDS = {"Installed", "InstallationFailed"}


class Update:
    """A world whose jobs end after a second, and that boots again when it is asked to."""

    def __init__(self, request: up.FirmwareRequest) -> None:
        self.world = World()
        self.request = request
        self.told: dict[tuple[int, float, str], str] = {}
        self.world.observe = self._saw

    def _saw(self, effect: Any) -> None:
        if isinstance(effect, ef.Work):
            self.world.later(1.0, ev.JobReported(effect.job, REPORTS[type(effect.task)]))
        elif isinstance(effect, ef.Commit):
            for record in effect.records:
                if isinstance(record, Put) and record.table == JOURNAL and record.row["kind"] == "firmware":
                    fact = record.row["fact"]
                    stamp, status = fact["stamp"], fact["status"]
                    self.told[stamp["boot"], stamp["at_s"], status] = status

    def step(self, cut_after: int | None) -> bool:
        """Go on until the power goes; False once it does not."""
        self.world.cut_after = cut_after
        try:
            if self.world.station.firmware.update is None and not self.told:
                self.world.send(ev.UpdateFirmware(1, self.request))
            for _ in range(40):
                self.world.run(5.0)
                if self.world.station.reset.rebooting:
                    self.world.power_cycle()
        except PowerCut:
            self.world.power_cycle()
            return True
        return False


@pytest.mark.spec("L01.FR.01", "Security WP ed.3 L01")
@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 60), max_size=3),
    signed=st.booleans(),
    retrieve=st.sampled_from([-1, 1]),
    install=st.sampled_from([None, -1, 2]),
)
def test_an_update_comes_to_one_end(cuts: list[int], signed: bool, retrieve: int, install: int | None) -> None:
    update = Update(
        up.FirmwareRequest(
            "https://files.test/a",
            EPOCH + timedelta(minutes=retrieve),
            None if install is None else EPOCH + timedelta(minutes=install),
            request_id=3,
            certificate="PEM" if signed else None,
            signature="c2ln" if signed else None,
        )
    )
    for cut in cuts:
        update.step(cut)
    update.step(None)
    world = update.world
    told = list(update.told.values())
    if not told:
        assert cuts, "without a cut an update begins"
        return
    assert told[-1] in ENDS, told
    if not cuts:
        assert told[-1] == "Installed"
    assert len(set(told)) == len(told), told
    left = world.station.firmware.update
    assert left is None or left.state == "ended"
    assert world.station.snapshot() == world.stored()
