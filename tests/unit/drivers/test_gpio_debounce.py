"""Contacts that bounce."""

from __future__ import annotations

import pytest

from drivers.gpio.debounce import Debounce

ON, OFF = True, False


def counted(*edges: tuple[float, bool], lasts_s: float = 0.01) -> list[float]:
    debounce = Debounce(lasts_s)
    began = [debounce.edge(at_s, active) for at_s, active in edges]
    return [at_s for at_s in began if at_s is not None]


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([(0.0, ON), (0.03, OFF)], [0.0]),
        ([(0.0, ON), (0.005, OFF)], []),
        ([(0.0, ON), (0.001, OFF), (0.002, ON), (0.03, OFF)], [0.002]),
        ([(0.0, ON), (0.03, OFF), (0.031, ON), (0.032, OFF)], [0.0]),
        ([(0.0, ON), (0.02, OFF), (0.0201, ON), (0.05, OFF)], [0.0]),
        ([(0.0, ON), (0.03, OFF), (0.06, ON), (0.09, OFF)], [0.0, 0.06]),
        ([(0.0, OFF), (0.03, ON), (0.06, OFF)], [0.03]),
        ([(0.0, ON), (0.03, ON), (0.06, OFF)], [0.0]),
    ],
    ids=["pulse", "spike", "bounces closing", "bounces opening", "dip within", "two", "began before", "an edge missed"],
)
def test_what_counts(edges: list[tuple[float, bool]], expected: list[float]) -> None:
    assert counted(*edges) == expected


def test_who_looks_need_not_wait_for_the_next_edge() -> None:
    debounce = Debounce(0.01)
    debounce.edge(0.0, ON)
    assert debounce.look(0.009) is None
    assert not debounce.steady
    assert debounce.look(0.01) == 0.0
    assert debounce.steady
    assert debounce.look(0.02) is None
    assert debounce.edge(0.05, OFF) is None


def test_an_edge_that_changes_nothing_does_not_begin_anew() -> None:
    contact = Debounce(0.05)
    assert contact.edge(1.0, False) is None
    assert contact.edge(2.0, True) is None
    assert contact.edge(2.03, True) is None
    assert contact.edge(2.06, False) == 2.0
