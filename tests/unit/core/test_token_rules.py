"""What the variables say of tokens: read anew when one of them changes, and for that station only."""

from __future__ import annotations

from typing import Any

import pytest

from station.core import names
from station.core.catalogue import FEATURES, Address, Layout, build_catalogue
from station.core.token_rules import token_rules
from station.core.variables import Model, Variables

MODEL = Model(build_catalogue(FEATURES), (), Layout(((1, (1,)),)))


@pytest.mark.parametrize(
    ("address", "value", "changed"),
    [
        (names.AUTH_ENABLED, "false", {"needed": False}),
        (names.DISABLE_REMOTE_AUTHORIZATION, "true", {"asks": False}),
        (names.LOCAL_PRE_AUTHORIZE, "true", {"pre_authorizes": True}),
        (names.LOCAL_AUTHORIZE_OFFLINE, "false", {"offline": False}),
        (names.OFFLINE_TX_FOR_UNKNOWN, "true", {"unknown_offline": True}),
        (names.LOCAL_LIST_ENABLED, "false", {"listed": False}),
        (names.CACHE_ENABLED, "false", {"cached": False}),
        (names.CACHE_LIFE_TIME, "60", {"cache_life_s": 60.0}),
    ],
    ids=lambda one: str(one) if isinstance(one, Address) else "",
)
def test_a_variable_that_changes_changes_its_rule_and_no_other(
    address: Address, value: str, changed: dict[str, Any]
) -> None:
    variables, others = Variables(MODEL), Variables(MODEL)
    opposite = {"true": "false", "false": "true"}.get(value, "0")
    variables.set(address, opposite, hand="manufacturer")
    before = variables.derived(token_rules)
    delivered = others.derived(token_rules)
    assert variables.set(address, value, hand="manufacturer").accepted
    after = variables.derived(token_rules)
    assert {
        name: getattr(after, name) for name in after.__slots__ if getattr(after, name) != getattr(before, name)
    } == (changed)
    assert others.derived(token_rules) is delivered


def test_a_price_is_awaited_only_where_costs_are_told() -> None:
    variables = Variables(MODEL)
    variables.set(names.USER_PRICE_WAIT_MS, "2500", hand="manufacturer")
    assert variables.set(names.COST_MESSAGES, "false", hand="manufacturer").accepted
    rules = variables.derived(token_rules)
    assert (rules.priced, rules.price_wait_s) == (False, 0.0)
    assert variables.set(names.COST_MESSAGES, "true", hand="manufacturer").accepted
    rules = variables.derived(token_rules)
    assert (rules.priced, rules.price_wait_s) == (True, 2.5)
