from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from drivers.api import OptionError
from drivers.options import option, parse, quantity
from drivers.uid import UidPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    pin: int = option(about="number of the pin")
    gap_s: float = option(0.5, key="gap", unit="s", between=(0, 60))
    limit_a: float | None = option(None, key="limit", unit="A")
    power_w: float = option(0.0, key="power", unit="W")
    active: Literal["high", "low"] = option("high")
    inverted: bool = option(False)
    label: str = option("")
    file: Path | None = option(None)  # noqa: RUF009 - makes a field
    technologies: tuple[str, ...] = option(("106A",))
    factor: float = option(1.0)
    uid: UidPolicy = option(UidPolicy())  # noqa: RUF009 - makes a field

    def __post_init__(self) -> None:
        if self.pin == 13:
            raise ValueError("pin 13 is taken")


@pytest.mark.parametrize(
    ("mapping", "field", "value"),
    [
        ({"pin": "0x11"}, "pin", 17),
        ({"gap": "250ms"}, "gap_s", 0.25),
        ({"gap": "1m"}, "gap_s", 60.0),
        ({"gap": "0"}, "gap_s", 0.0),
        ({"gap": 2}, "gap_s", 2.0),
        ({"limit": "16A"}, "limit_a", 16.0),
        ({"limit": None}, "limit_a", None),
        ({"power": "11 kW"}, "power_w", 11000.0),
        ({"active": "low"}, "active", "low"),
        ({"inverted": "On"}, "inverted", True),
        ({"inverted": "off"}, "inverted", False),
        ({"label": "00123456"}, "label", "00123456"),
        ({"file": "a/b.yaml"}, "file", Path("a/b.yaml")),
        ({"technologies": ["106A", "106B"]}, "technologies", ("106A", "106B")),
        ({"technologies": "106B"}, "technologies", ("106B",)),
        ({"factor": "1.5"}, "factor", 1.5),
        ({"factor": 2}, "factor", 2.0),
        ({"uid": {"order": "reversed"}}, "uid", UidPolicy(order="reversed")),
    ],
)
def test_values_become_the_type_of_their_field(mapping: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(parse(Options, {"pin": 17} | mapping), field) == value


@pytest.mark.parametrize(
    ("mapping", "key", "message"),
    [
        ({}, "pin", "is needed"),
        ({"pin": 1, "gpa": "1s"}, "gpa", "unknown option"),
        ({"pin": "seventeen"}, "pin", "no whole number"),
        ({"pin": True}, "pin", "no whole number"),
        ({"pin": 1, "gap": "5"}, "gap", "needs a unit"),
        ({"pin": 1, "gap": "5A"}, "gap", "needs a unit"),
        ({"pin": 1, "gap": "2h"}, "gap", "out of range"),
        ({"pin": 1, "gap": "soon"}, "gap", "no number"),
        ({"pin": 1, "gap": float("nan")}, "gap", "finite"),
        ({"pin": 1, "gap": "9" * 1000 + "s"}, "gap", "no number"),
        ({"pin": 1, "gap": None}, "gap", "no number"),
        ({"pin": 1, "active": "medium"}, "active", "none of high, low"),
        ({"pin": 1, "inverted": "perhaps"}, "inverted", "neither yes nor no"),
        ({"pin": 1, "label": 123456}, "label", "put it in quotes"),
        ({"pin": 1, "uid": {"order": "random"}}, "uid.order", "none of as-read, reversed"),
        ({"pin": 1, "uid": {"ordre": "reversed"}}, "uid.ordre", "unknown option"),
        ({"pin": 1, "factor": "2A"}, "factor", "no number"),
        ({"pin": 1, "uid": "reversed"}, "uid", "no mapping"),
        ({"pin": 13}, "", "pin 13 is taken"),
    ],
)
def test_bad_values_name_their_key(mapping: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        parse(Options, mapping)
    assert caught.value.key == key


def test_unknown_key_is_suggested() -> None:
    with pytest.raises(OptionError) as caught:
        parse(Options, {"pin": 1, "tecnologies": "106A"})
    assert caught.value.hint == "did you mean 'technologies'?"


def test_long_values_are_cut_in_errors() -> None:
    with pytest.raises(OptionError) as caught:
        parse(Options, {"pin": "x" * 10_000})
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(("text", "wh"), [("52kWh", 52000.0), ("500Wh", 500.0), ("0.5 kWh", 500.0)])
def test_energy(text: str, wh: float) -> None:
    assert quantity(text, "Wh") == wh
