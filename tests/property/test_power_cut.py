"""Cut the power anywhere: whatever was going on, the central system hears of each transaction once, whole and in order.

The rules (`tests.support.strict_rules`) are those of a strict central system: one start, one stop, contiguous numbers,
no register that falls, no time that runs backwards, the boot first, no message id twice.
"""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.play import Play, Script, scripts
from tests.support.rig import virtual

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VERSIONS = st.sampled_from(["1.6", "2.0.1"])
PROFILE = {"reboot": {"takes": "1s"}, "metering": {"sample": "10s"}}


@virtual
async def play(version: str, before: Script, cut: tuple[str, int, bool], resume: bool, after: Script) -> None:
    how, moment, keeps_last = cut
    async with Play(version, PROFILE) as rig:
        if before[0] != ("go_offline",):
            await rig.boot()
        else:
            rig.host.start(offline=True)
        off = asyncio.Event()

        def cut_now() -> None:
            if not off.is_set():
                off.set()
                rig.power_off()

        rig.store.on_cut = cut_now
        rig.store.keeps_last = keeps_last
        if how == "batch":
            rig.store.cut_at = moment
        performing = asyncio.ensure_future(rig.perform(before))
        if how == "time":
            rig.loop.call_later(moment / 10.0, cut_now)
        await asyncio.wait([performing, asyncio.ensure_future(off.wait())], return_when=asyncio.FIRST_COMPLETED)
        performing.cancel()
        cut_now()
        rig.store.cut_at = None
        if how == "killed":
            await rig.new_process()
        else:
            rig.power_on(resume)
        await asyncio.sleep(3.0)
        await rig.perform(after)
        await rig.finish()
        rig.assert_told_well()


CUTS = st.one_of(
    st.tuples(st.just("batch"), st.integers(0, 40), st.booleans()),
    st.tuples(st.just("time"), st.integers(0, 400), st.booleans()),
    st.tuples(st.just("killed"), st.just(0), st.booleans()),
)


@SETTINGS
@given(VERSIONS, scripts(), CUTS, st.booleans(), scripts(size=6))
def test_whatever_was_going_on(
    version: str, before: Script, cut: tuple[str, int, bool], resume: bool, after: Script
) -> None:
    play(version, before, cut, resume, after)


CHARGING: Script = (("plug_in",), ("tap", "04A1B2C3"), ("run", 2.0), ("run", 15.0), ("tap", "04A1B2C3"), ("unplug",))


@settings(SETTINGS, max_examples=80)
@given(VERSIONS, st.integers(0, 45), st.booleans(), st.booleans(), st.booleans())
def test_at_every_batch_of_a_session(version: str, batch: int, keeps_last: bool, resume: bool, offline: bool) -> None:
    before = (("go_offline",), *CHARGING) if offline else CHARGING
    play(version, before, ("batch", batch, keeps_last), resume, (("run", 15.0),))
