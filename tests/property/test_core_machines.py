"""The state machines are total: every trigger is legal in every state, and their tables name only what exists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import charging, contactor, registration
from station.core.blueprint import Blueprint

BLUEPRINTS = [charging.BLUEPRINT, contactor.BLUEPRINT, registration.BLUEPRINT]


class Subject:
    """An object of a machine: answers every condition with ``yes`` and takes every callback."""

    def __init__(self, state: str, yes: bool) -> None:
        self.state = state
        self.yes = yes
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name in ("ev", "seen_closed"):
            return self.yes
        return lambda *_: self.called.append(name)


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=lambda blueprint: blueprint.name)
@pytest.mark.parametrize("yes", [False, True])
def test_every_trigger_in_every_state_leads_to_a_state(blueprint: Blueprint, yes: bool) -> None:
    for state in blueprint.states:
        for trigger in blueprint.triggers:
            subject = Subject(state, yes)
            moved = blueprint.fire(subject, trigger)
            assert subject.state in blueprint.states
            assert moved or subject.state == state


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=lambda blueprint: blueprint.name)
@pytest.mark.parametrize("yes", [False, True])
def test_firing_does_what_the_library_does(blueprint: Blueprint, yes: bool) -> None:
    for state in blueprint.states:
        for trigger in blueprint.triggers:
            ours, theirs = Subject(state, yes), Subject(state, yes)
            assert blueprint.fire(ours, trigger) == bool(blueprint.machine.events[trigger].trigger(theirs))
            assert (ours.state, ours.called) == (theirs.state, theirs.called)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(contactor.BLUEPRINT.triggers), st.booleans()), max_size=30))
def test_a_contactor_never_counts_as_closed_without_being_commanded(steps: list[tuple[str, bool]]) -> None:
    subject = Subject("open", True)
    commanded = False
    for trigger, yes in steps:
        subject.yes = yes
        if contactor.BLUEPRINT.fire(subject, trigger):
            commanded = {"close": True, "open": False}.get(trigger, commanded)
            commanded = commanded and subject.state != "stuck_open"
        assert subject.state not in ("closing", "closed") or commanded
