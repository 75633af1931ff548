from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drivers import registry
from drivers.api import DriverLost, OptionError, Reading, SessionMeter, SignedReading
from drivers.sim import Bay, BayOptions, CarOptions, GivenTexts, MeterOptions
from tests.support.driver_clock import HandClock

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def _bay(start_wh: float = 0.0, **options: Any) -> tuple[Bay, HandClock]:
    clock = HandClock()

    def utc() -> datetime:
        return START + timedelta(seconds=clock.now() - 1000)

    bay = Bay(BayOptions(meter=MeterOptions(**options)), clock, utc=utc, start_wh=start_wh)
    bay.plug_in()
    bay.pilot.offer(16)
    bay.contactor.set_power(True)
    clock.advance(0.1)
    bay.poll()
    return bay, clock


def _verified(signed: SignedReading) -> dict[str, Any]:
    head, payload, signature = signed.text.split("|")
    assert head == "OCMF"
    marker, encoding, content, key_hex = signed.public_key.split(":")
    assert (marker, encoding, content) == ("oca", "base16", "asn1")
    key = serialization.load_der_public_key(bytes.fromhex(key_hex))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    section = json.loads(signature)
    assert section["SA"] == "ECDSA-secp256r1-SHA256"
    key.verify(bytes.fromhex(section["SD"]), payload.encode(), ec.ECDSA(hashes.SHA256()))
    document: dict[str, Any] = json.loads(payload)
    return document


def test_a_lifetime_register_goes_on_from_where_it_was() -> None:
    bay, clock = _bay(start_wh=12_345)
    clock.advance(3600)
    assert bay.meter.read().energy_wh == pytest.approx(23_345)
    assert bay.meter.begin_session().energy_wh == pytest.approx(23_345)


def test_a_session_register_starts_from_zero_at_each_begin() -> None:
    bay, clock = _bay(start_wh=12_345, counts="session")
    assert bay.meter.begin_session().energy_wh == 0
    clock.advance(3600)
    assert bay.meter.end_session().energy_wh == pytest.approx(11_000)
    assert bay.meter.read().energy_wh == pytest.approx(11_000)
    assert bay.meter.begin_session().energy_wh == 0


def test_a_value_can_be_set_even_a_lower_one() -> None:
    bay, clock = _bay(start_wh=500)
    bay.meter.set_value(100)
    clock.advance(360)
    assert bay.meter.read().energy_wh == pytest.approx(1_200)


def test_a_silent_meter_counts_on() -> None:
    bay, clock = _bay()
    bay.meter.set_fault("silent")
    with pytest.raises(DriverLost):
        bay.meter.read()
    clock.advance(3600)
    bay.meter.set_fault("none")
    assert bay.meter.read().energy_wh == pytest.approx(11_000)
    with pytest.raises(OptionError):
        bay.meter.set_fault("loud")  # type: ignore[arg-type]


def test_soc_is_read_while_the_car_is_there() -> None:
    clock = HandClock()
    bay = Bay(BayOptions(car=CarOptions(battery_wh=50_000, soc_percent=35, plugged=True)), clock)
    assert bay.meter.read().soc_percent == 35
    bay.unplug()
    assert bay.meter.read().soc_percent is None


def test_an_unsigned_meter_signs_nothing() -> None:
    bay, _ = _bay()
    assert isinstance(bay.meter, SessionMeter)
    assert bay.meter.public_key == ""
    assert bay.meter.begin_session("04A1B2C3").signed == ()
    assert bay.meter.read_signed().signed == ()
    assert bay.meter.end_session().signed == ()


def test_ocmf_of_a_transaction_verifies() -> None:
    bay, clock = _bay(start_wh=1_000, signed=True, serial="M-7")
    (begin,) = bay.meter.begin_session("04A1B2C3", "ISO14443").signed
    clock.advance(1800)
    (update,) = bay.meter.read_signed().signed
    clock.advance(1800)
    (end,) = bay.meter.end_session().signed
    assert [signed.context for signed in (begin, update, end)] == ["begin", "update", "end"]
    assert {signed.public_key for signed in (begin, update, end)} == {bay.meter.public_key}
    first, middle, last = (_verified(signed) for signed in (begin, update, end))
    assert (first["PG"], middle["PG"], last["PG"]) == ("T1", "T2", "T3")
    assert (last["MS"], last["IS"], last["IT"], last["ID"]) == ("M-7", True, "ISO14443", "04A1B2C3")
    assert [point["TX"] for point in first["RD"] + middle["RD"] + last["RD"]] == ["B", "C", "B", "E"]
    assert last["RD"][0] == first["RD"][0]
    assert last["RD"][0]["RV"] == 1.0
    assert last["RD"][1]["RV"] == pytest.approx(12.0, abs=1e-3)
    assert last["RD"][1]["RU"] == "kWh"
    assert last["RD"][1]["TM"] == "2026-01-01T13:00:00,100+0000 I"
    assert end.encoding == "OCMF"
    assert end.method == ""


def test_a_signed_text_fits_into_its_field() -> None:
    bay, _ = _bay(signed=True)
    bay.meter.begin_session("X" * 255, "no such type")
    (end,) = bay.meter.end_session().signed
    assert len(end.text) * 4 / 3 < 2500
    assert _verified(end)["IT"] == "UNDEFINED"


def test_a_token_cannot_break_out_of_its_section() -> None:
    bay, _ = _bay(signed=True)
    (begin,) = bay.meter.begin_session('A|{"SD":"x"}|"', "LOCAL").signed
    assert _verified(begin)["ID"] == 'A|{"SD":"x"}|"'


def test_outside_a_session_a_value_is_signed_without_a_transaction() -> None:
    bay, _ = _bay(signed=True)
    (signed,) = bay.meter.read_signed().signed
    document = _verified(signed)
    assert document["PG"] == "F1"
    assert "TX" not in document["RD"][0]
    assert bay.meter.end_session().signed == ()


def test_the_key_belongs_to_the_serial_number() -> None:
    first, again, other = (_bay(signed=True, serial=serial)[0].meter.public_key for serial in ("A", "A", "B"))
    assert first == again != other


@pytest.mark.parametrize(
    ("known", "at_begin", "at_end"), [("at once", ["BEGIN"], ["END"]), ("at end", [], ["BEGIN", "END"])]
)
def test_given_texts_are_handed_out_as_they_are(known: str, at_begin: list[str], at_end: list[str]) -> None:
    options = registry.find("meter", "sim").parse(
        {"driver": "sim", "signed": {"begin": "BEGIN", "end": "END", "begin_known": known}}
    )
    assert options == MeterOptions(signed=GivenTexts(begin="BEGIN", end="END", begin_known=known))  # type: ignore[arg-type]
    meter = Bay(BayOptions(meter=options), HandClock()).meter

    def texts(reading: Reading) -> list[str]:
        return [signed.text for signed in reading.signed]

    assert texts(meter.begin_session()) == at_begin
    assert texts(meter.read_signed()) == []
    assert texts(meter.end_session()) == at_end
    assert meter.public_key == ""


@pytest.mark.parametrize(
    ("mapping", "key"),
    [
        ({"signed": "maybe"}, "signed"),
        ({"signed": {"begin": "B"}}, "signed.end"),
        ({"signed": {"begin": "B", "end": "E", "begin_known": "never"}}, "signed.begin_known"),
        ({"counts": "daily"}, "counts"),
    ],
)
def test_bad_options(mapping: dict[str, Any], key: str) -> None:
    with pytest.raises(OptionError) as caught:
        registry.find("meter", "sim").parse(mapping)
    assert caught.value.key == key
