"""nfcpy's own code path from a card over UDP to a ``Card``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.api import Card, DeviceMissing, DriverError, OptionError
from drivers.pump import Pump, ReaderLoop, Sink
from drivers.readers.udp import DRIVER
from tests.support.pn532_chip import FeliCa, TypeA, TypeB
from tests.support.udp_card import UdpField, udp_card


@pytest.fixture
def field() -> Iterator[UdpField]:
    with udp_card() as made:
        yield made


@pytest.mark.parametrize("uid", ["04A1B2C3", "04A1B2C3D4E5F6", "04A1B2C3D4E5F60708AA"])
def test_type_a(field: UdpField, uid: str) -> None:
    reader = DRIVER.open(DRIVER.parse({"device": field.address}))
    field.put(TypeA(uid))
    assert reader.poll() == [Card(bytes.fromhex(uid), "106A")]
    field.lift()
    assert reader.poll() == []
    reader.release()


def test_every_technology_in_one_poll(field: UdpField) -> None:
    reader = DRIVER.open(DRIVER.parse({"device": field.address, "technologies": ["106A", "106B", "212F"]}))
    field.put(FeliCa("0102030405060708"), TypeB("11223344"), TypeA("08A1B2C3", 0x20))
    assert reader.poll() == [
        Card(bytes.fromhex("08A1B2C3"), "106A", random=True),
        Card(bytes.fromhex("11223344"), "106B"),
        Card(bytes.fromhex("0102030405060708"), "212F"),
    ]
    reader.release()


def test_a_poll_of_an_empty_field_stays_below_a_second(field: UdpField) -> None:
    reader = DRIVER.open(DRIVER.parse({"device": field.address, "technologies": ["106A", "106B", "212F", "424F"]}))
    began_s = time.monotonic()
    assert reader.poll() == []
    assert time.monotonic() - began_s < 1
    reader.release()


def test_nfcpy_itself_can_play_the_card() -> None:
    import nfc.clf.udp

    with udp_card() as free:
        port = free.port
    card = nfc.clf.udp.Device("127.0.0.1", port)
    target = nfc.clf.LocalTarget("106A", sens_res=b"\x44\x00", sdd_res=bytes.fromhex("04A1B2C3D4E5F6"), sel_res=b"\x00")
    thread = threading.Thread(target=lambda: card.listen_tta(target, 0.6), daemon=True)
    thread.start()
    reader = DRIVER.open(DRIVER.parse({"device": f"127.0.0.1:{port}"}))
    seen = [reader.poll() for _ in range(3)]
    reader.release()
    thread.join(3)
    card.close()
    assert [Card(bytes.fromhex("04A1B2C3D4E5F6"), "106A")] in seen


@pytest.mark.parametrize("device", ["", "nowhere", "127.0.0.1:", ":1", "127.0.0.1:0", "127.0.0.1:65536", "h:١٢"])
def test_bad_addresses_are_refused(device: str) -> None:
    with pytest.raises(OptionError):
        DRIVER.parse({"device": device})


def test_an_unknown_host_is_missing() -> None:
    with pytest.raises(DeviceMissing):
        DRIVER.open(DRIVER.parse({"device": "no-such-host.invalid:54321"}))


def test_through_the_pump_a_card_is_one_presentation(field: UdpField) -> None:
    cards: list[Card] = []
    arrived = threading.Semaphore(0)

    def take(card: Card) -> None:
        cards.append(card)
        arrived.release()

    options = DRIVER.parse({"device": field.address})
    pump = Pump(ReaderLoop(lambda: DRIVER.open(options), Sink(take, lambda error: None, lambda: None), gap_s=0.1))
    pump.start()
    field.put(TypeA("04A1B2C3"))
    assert arrived.acquire(timeout=5)
    while pump.stats.polls < 20:
        time.sleep(0.005)
    field.lift()
    assert not arrived.acquire(timeout=0.4)
    field.put(TypeA("04A1B2C3"))
    assert arrived.acquire(timeout=5)
    assert pump.stop()
    assert len(cards) == 2
    assert pump.stats.cards == 2


HOSTILE = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda technology, data: technology + b" " + data.hex().encode(),
        st.sampled_from([b"106A", b"106B", b"212F", b"\xff"]),
        st.binary(max_size=24),
    ),
    st.just(b"RFOFF"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(HOSTILE, min_size=1, max_size=8))
def test_any_datagrams_are_a_disturbance_at_most(field: UdpField, answers: list[bytes]) -> None:
    reader = DRIVER.open(DRIVER.parse({"device": field.address}))
    field.put(TypeA("04A1B2C3"))
    field.answers = list(answers)
    try:
        for _ in range(len(answers) + 3):
            if not field.answers:
                break
            for card in reader.poll():
                assert len(card.uid) in (4, 7, 10)
        else:
            raise AssertionError("it asked for nothing")
        assert reader.poll() in ([Card(bytes.fromhex("04A1B2C3"), "106A")], [])
    except DriverError:
        pass
    finally:
        reader.release()
