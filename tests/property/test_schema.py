"""Spoilt payloads: no exception, and the verdict does not depend on the compiled library."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.ocpp import schema as schema_module
from station.ocpp.payload import decode, encode
from station.ocpp.schema import Kind, Version, check, schema_of
from tests.support.schema_samples import ALL_PAYLOADS, full_sample, payload_class

fastjsonschema = pytest.importorskip("fastjsonschema")

ODD: list[Any] = [
    *(None, True, 0, -1, 1.0, 0.1, 0.15, 1e300, 1e19, 2.0**63, 2**63, 2**40),
    *("", "x", "x" * 3000, "\0", "2026-01-01T00:00:00Z", "2026"),
    *([], [1], [[]], {}, {"a": 1}, {"customData": {}}, "http://x", "Accepted"),
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """List every container of a JSON value with each of its keys."""
    if isinstance(value, dict):
        return [place for key, member in value.items() for place in [(value, key), *places(member)]]
    if isinstance(value, list):
        return [place for key, member in enumerate(value) for place in [(value, key), *places(member)]]
    return []


def spoil(payload: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Remove, replace or add a few members."""
    spoilt = copy.deepcopy(payload)
    for _ in range(chance.randrange(4)):
        found = places(spoilt)
        if not found:
            break
        container, key = chance.choice(found)
        match chance.randrange(3):
            case 0:
                del container[key]
            case 1:
                container[key] = copy.deepcopy(chance.choice(ODD))
            case _ if isinstance(container, dict):
                container[chance.choice(["extra", "a b", "customData"])] = copy.deepcopy(chance.choice(ODD))
            case _:
                container.append(copy.deepcopy(chance.choice(ODD)))
    return spoilt


@settings(deadline=None)  # The first one of a schema compiles it.
@given(st.sampled_from(ALL_PAYLOADS), st.integers(0, 2**32))
def test_both_validators_and_the_walker_agree(place: tuple[Version, str, Kind], seed: int) -> None:
    payload = spoil(full_sample(schema_of(*place)), random.Random(seed))
    checker = schema_module._checker(*place)
    walked = next(schema_module._faults(checker, checker.schema, payload, ""), None)
    assert checker.is_valid(payload) is (walked is None)
    assert not schema_module._compile_python(checker.schema)(payload) or walked is None
    fault = check(*place, payload)
    assert (fault is None) is (walked is None)


@settings(deadline=None)  # The first one of a schema compiles it.
@given(st.sampled_from(ALL_PAYLOADS), st.integers(0, 2**32))
def test_what_passes_is_decoded_and_encoded_unchanged(place: tuple[Version, str, Kind], seed: int) -> None:
    payload = spoil(full_sample(schema_of(*place)), random.Random(seed))
    if check(*place, payload) is None:
        assert encode(decode(payload_class(*place), payload)) == payload


@given(st.from_regex(schema_module.USUAL_MOMENT))
def test_what_the_validator_takes_for_a_date_time_by_itself_is_one(text: str) -> None:
    assert schema_module.is_date_time(text.removesuffix("\n"))


@given(
    st.from_regex(r"[0-9]{3,4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,19})?([Zz]|[+-]00:00)?\n?")
)
def test_near_misses_of_a_date_time_are_judged_as_ever(text: str) -> None:
    fault = check("1.6", "Heartbeat", "response", {"currentTime": text})
    assert (fault is None) is schema_module.is_date_time(text)
