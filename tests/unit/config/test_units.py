"""Values with units."""

import pytest

from station.config.errors import ValueRefusedError
from station.config.units import parse_bool, parse_duration, parse_int, parse_number, parse_quantity


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10ms", 0.01), ("30s", 30), ("15m", 900), ("0.5h", 1800), ("1d", 86400), ("2", 2), ("0.1 s", 0.1), (".5s", 0.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("16A", "current", 16),
        ("16", "current", 16),
        ("11kW", "power", 11000),
        ("7.4 kW", "power", 7400),
        ("52kWh", "energy", 52000),
        ("35%", "percentage", 35),
        ("0.07%", "percentage", 0.07),
    ],
)
def test_quantities(text: str, kind: str, number: float) -> None:
    assert parse_quantity(text, kind) == number


@pytest.mark.parametrize(
    ("text", "kind", "message", "suggestion"),
    [
        ("22kW", "current", "a power, not a current", "16A"),
        ("11KW", "power", "unknown unit 'KW'", "did you mean 'kW'?"),
        ("5 parsecs", "duration", "unknown unit", "ms, s, m, h, d"),
        ("-5s", "duration", "not a duration", "30s"),
        ("12:30:45", "duration", "not a duration", "30s"),
        ("1e9s", "duration", "not a duration", ""),
        ("", "power", "not a power", ""),
        ("٣s", "duration", "not a duration", ""),
        ("9" * 40, "duration", "not a duration", ""),
    ],
)
def test_what_is_refused(text: str, kind: str, message: str, suggestion: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        parse_quantity(text, kind)
    assert message in caught.value.message
    assert suggestion in caught.value.suggestion


@pytest.mark.parametrize(
    ("text", "kind", "suggestion"),
    [
        ("40", "duration", "write 40ms, 40s, 40m, 40h or 40d"),
        ("0.3", "percentage", "write 30% or 0.3%"),
        ("30", "percentage", "write 30%"),
        ("1", "percentage", "write 100% or 1%"),
    ],
)
def test_a_number_that_needs_its_unit(text: str, kind: str, suggestion: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        parse_quantity(text, kind, bare=False)
    assert (caught.value.message, caught.value.suggestion) == ("a number without its unit", suggestion)
    assert parse_quantity("0", kind, bare=False) == 0


def test_a_whole_number_beyond_the_range_is_said_to_be_one() -> None:
    with pytest.raises(ValueRefusedError) as caught:
        parse_int("9" * 23)
    assert "999999999999" in caught.value.suggestion


def test_switches_numbers() -> None:
    assert [parse_bool(word) for word in ("on", "Yes", "TRUE", "off", "no", "False")] == [True] * 3 + [False] * 3
    assert parse_int("-7") == -7
    assert parse_number("0.5") == 0.5
    for parse, text in ((parse_bool, "1"), (parse_int, "1.5"), (parse_int, "1_000"), (parse_number, "nan")):
        with pytest.raises(ValueRefusedError):
            parse(text)
