"""A store that keeps at once and one that answers later: the same frames, the same rows, whatever happens."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station.core.records import Rows
from tests.support.play import CutStore, RecordingPlay, Script, scripts
from tests.support.rig import run_virtual

Told = tuple[list[str], Rows, Rows]
"""The station's frames; the rows once all was told, as they are stored and as the station would write them."""


class _ImmediateStore(CutStore):
    immediate = True


class _Immediate(RecordingPlay):
    def make_store(self) -> CutStore:
        return _ImmediateStore()


async def _played(kind: type[RecordingPlay], version: str, script: Script) -> Told:
    async with kind(version, {"metering": {"sample": "10s"}}) as rig:
        await rig.boot()
        await rig.perform(script)
        rows = rig.store.load()
        await rig.finish()
        rig.assert_told_well()
        assert rig.store.load() == rig.host.runner.engine.station.snapshot()
        return rig.csms.texts, rows, rig.store.load()


SESSION: Script = (("plug_in",), ("tap", "04A1B2C3"), ("run", 90.0), ("tap", "04A1B2C3"), ("run", 2.0), ("unplug",))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["1.6", "2.0.1"]), st.one_of(st.just(SESSION), scripts(size=12)))
def test_frames_and_rows_are_the_same(version: str, script: Script) -> None:
    later = run_virtual(_played(RecordingPlay, version, script))
    at_once = run_virtual(_played(_Immediate, version, script))
    assert at_once == later
