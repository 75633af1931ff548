"""Templates of identities and passwords."""

import pytest

from station.config.errors import ValueRefusedError
from station.fleet.id_template import check_id_template, check_password_template, fill_password


@pytest.mark.parametrize("template", ["LT-{:05d}", "{}", "{:04}-x", "a{{b{:x}", "CP*{:02X}@site"])
def test_one_number(template: str) -> None:
    check_id_template(template, 100)
    assert template.format(1) != template.format(2)


def test_a_single_station_needs_no_number() -> None:
    check_id_template("CP-1", 1)


@pytest.mark.parametrize(
    "template",
    ["LT", "", "{}{}", "{:s}", "{:.3f}", "{0}", "{n}", "{.x}", "{!r}", "{:{}}", "{", "}", "a:{}", "{:0100d}", "{:+d}"],
)
def test_what_gives_no_ids(template: str) -> None:
    with pytest.raises(ValueRefusedError):
        check_id_template(template, 100)


@pytest.mark.parametrize(("template", "filled"), [("pw", "pw"), ("{id}-x", "A-x"), ("{:04d}{id}", "0007A")])
def test_passwords(template: str, filled: str) -> None:
    check_password_template(template)
    assert fill_password(template, "A", 7) == filled


@pytest.mark.parametrize("template", ["{ids}", "{id.real}", "{id:9}", "{}{}", "{", "{!r}", "{:s}"])
def test_what_gives_no_passwords(template: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        check_password_template(f"secret{template}")
    assert "secret" not in str(caught.value) + caught.value.suggestion
