"""The same seed gives the same frames, byte for byte; another seed gives other ids."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.play import RecordingPlay, Script, scripts
from tests.support.rig import run_virtual


async def _frames(version: str, script: Script, seed: str | None) -> list[str]:
    async with RecordingPlay(version, seed=seed) as rig:
        await rig.boot()
        await rig.perform(script)
        await rig.finish()
        return rig.csms.texts


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["1.6", "2.0.1"]), scripts(size=10))
def test_the_same_seed_gives_the_same_frames(version: str, script: Script) -> None:
    assert run_virtual(_frames(version, script, "a")) == run_virtual(_frames(version, script, "a"))


def _ids(texts: list[str]) -> set[Any]:
    return {json.loads(text)[1] for text in texts}


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_another_seed_and_none_at_all_give_other_ids(version: str) -> None:
    script: Script = (("charge", "04A1B2C3"), ("run", 90.0), ("stop",))
    runs = [_ids(run_virtual(_frames(version, script, seed))) for seed in ("a", "b", None, None)]
    assert all(not one & other for number, one in enumerate(runs) for other in runs[number + 1 :])
    assert all(len(one) > 5 for one in runs)
