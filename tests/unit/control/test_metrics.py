"""``/metrics``: what Prometheus reads."""

from __future__ import annotations

import asyncio

from station.control.metrics import LoopLag, render
from tests.support.virtual_loop import run_virtual

STATUS = {
    "id": "CP-SECRET",
    "online": True,
    "queue": 3,
    "boot": "Accepted",
    "evses": [
        {"evse": 1, "connector": 1, "plugged": True, "power_w": 10900.0, "meter_wh": None, "limit_a": 16.0},
        {"evse": 2, "connector": 2, "plugged": False, "faults": ["OtherError"], "transaction": {"id": "a"}},
    ],
}


def test_each_sample_has_its_help_and_its_type_and_ids_are_no_labels() -> None:
    text = render(STATUS, 0.25)
    assert "# TYPE station_queue gauge\nstation_queue 3\n" in text
    assert 'station_evse_power_watts{evse="1",connector="1"} 10900\n' in text
    assert 'station_evse_faults{evse="2",connector="2"} 1\n' in text
    assert 'station_evse_transaction{evse="2",connector="2"} 1\n' in text
    assert "station_boot_accepted 1\n" in text
    assert "station_loop_lag_seconds 0.25\n" in text
    assert "CP-SECRET" not in text
    assert text.endswith("\n")


def test_what_is_unknown_is_left_out() -> None:
    text = render({"online": False, "boot": None, "evses": []}, 0.0)
    assert "station_online 0\n" in text
    assert "station_boot_accepted 0\n" in text
    assert "meter" not in text
    assert "station_queue" not in text


def test_the_lag_is_the_greatest_of_late() -> None:
    async def scenario() -> float:
        lag = LoopLag()
        lag.start()
        await asyncio.sleep(1)
        lag.stop()
        return lag.max_s

    assert run_virtual(scenario()) < 0.05


def test_readers_count_their_errors_and_losses() -> None:
    reader = {"reader": 'de"sk', "lost": True, "reason": "unplugged", "cards": 7, "errors": 3, "losses": 1}
    text = render({**STATUS, "readers": [reader]}, 0.0)
    assert 'station_reader_errors{reader="de\\"sk"} 3\n' in text
    assert 'station_reader_losses{reader="de\\"sk"} 1\n' in text
    assert 'station_reader_lost{reader="de\\"sk"} 1\n' in text
    assert "unplugged" not in text
