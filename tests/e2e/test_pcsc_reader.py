"""The `pcsc` reader with the real library and the real service, on a virtual reader. Skipped where they are missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from drivers.api import Card, DeviceMissing, DriverLost, DriverUnsupported
from drivers.discovery import find, problems
from drivers.readers.pcsc import GET_UID, PcscOptions, PcscReader, reader_names
from tests.support import virtual_card
from tests.support.virtual_card import Service, VirtualCard

pytest.importorskip("smartcard.scard")
pytestmark = pytest.mark.skipif(not virtual_card.available(), reason="needs pcscd, vsmartcard-vpcd and root")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with virtual_card.service() as running:
        yield running


def until(reader: PcscReader, cards: list[Card], deadline_s: float = 5.0) -> None:
    end_s = time.monotonic() + deadline_s
    while (seen := reader.poll()) != cards:
        assert time.monotonic() < end_s, f"sees {seen}"
        time.sleep(0.02)


def test_cards_come_and_go(service: Service) -> None:
    reader = PcscReader(PcscOptions(reader="virtual picc 00 00"))
    until(reader, [])
    card = VirtualCard(service.port, "04A1B2C3")
    until(reader, [Card(bytes.fromhex("04A1B2C3"), "106A")])
    for _ in range(5):
        assert reader.poll() == [Card(bytes.fromhex("04A1B2C3"), "106A")]
    assert card.asked == [bytes(GET_UID)], "a card that lies there is asked once"
    card.take_away()
    until(reader, [])
    phone = VirtualCard(service.port, "08112233", atr=bytes.fromhex("3B80800101"))
    until(reader, [Card(bytes.fromhex("08112233"), "ISO14443", random=True)])
    phone.take_away()
    until(reader, [])
    contact = VirtualCard(service.port, "", status=b"\x6a\x81")
    until(reader, [])
    contact.take_away()
    reader.release()


def test_readers_are_listed_and_found_by_number(service: Service) -> None:
    names = reader_names()
    assert names and all("Virtual PICC" in name for name in names)
    PcscReader(PcscOptions(reader="0")).release()
    PcscReader(PcscOptions()).release()
    with pytest.raises(DriverUnsupported, match="2 PC/SC readers"):
        PcscReader(PcscOptions(reader="virtual"))
    with pytest.raises(DeviceMissing, match="Virtual PICC"):
        PcscReader(PcscOptions(reader="ACR122"))
    found = [device for device in find() if device.kind == "pcsc"]
    assert [device.where for device in found] == names
    assert [problem for problem in problems(found) if problem.where in names] == []


def test_no_call_keeps_other_threads_from_running(service: Service) -> None:
    """An event loop runs beside the reader's thread: the library must not hold the interpreter for long."""
    reader, done = PcscReader(PcscOptions()), threading.Event()

    def poll() -> None:
        card = VirtualCard(service.port, "04A1B2C3")
        until(reader, [Card(bytes.fromhex("04A1B2C3"), "106A")])
        card.take_away()
        until(reader, [])
        done.set()

    thread = threading.Thread(target=poll)
    thread.start()
    longest_s, last_s = 0.0, time.perf_counter()
    while not done.is_set():
        done.wait(0.001)
        now_s = time.perf_counter()
        longest_s, last_s = max(longest_s, now_s - last_s), now_s
    thread.join()
    reader.release()
    assert longest_s < 0.2, f"stalled for {longest_s:.3f} s"


def test_the_service_ends_and_comes_back(service: Service) -> None:
    reader = PcscReader(PcscOptions())
    service.stop()
    try:
        with pytest.raises(DriverLost):
            reader.poll()
        with pytest.raises(DeviceMissing) as caught:
            PcscReader(PcscOptions())
        assert "pcscd" in caught.value.hint
    finally:
        reader.release()
        service.start()
    again = PcscReader(PcscOptions())
    card = VirtualCard(service.port, "04A1B2C3D4E5F6")
    until(again, [Card(bytes.fromhex("04A1B2C3D4E5F6"), "106A")])
    card.take_away()
    again.release()
