import pytest

from station.core.effects import STORE_FAILED, Outcome
from station.core.events import ResetRequested
from station.core.values import BootReason, StopReason
from station.core.variables import Address, Setting
from tests.support.fake_view import FakeEvse, FakeTransaction, FakeView
from tests.support.wire201 import REPLY, deferred, receive, reply

ALLOWED = (Setting(Address("EVSE", None, 1, None, "AllowReset"), "true"),)


@pytest.mark.spec("B11.FR.01", "B12.FR.01", "B12.FR.02")
@pytest.mark.parametrize(
    ("kind", "running", "boot"),
    [
        ("Immediate", False, BootReason.REMOTE_RESET),
        ("Immediate", True, BootReason.REMOTE_RESET),
        ("OnIdle", False, BootReason.REMOTE_RESET),
        ("OnIdle", True, BootReason.SCHEDULED_RESET),
    ],
)
def test_reset_of_the_station(kind, running, boot):
    view = FakeView(FakeEvse(transaction=FakeTransaction() if running else None))
    event = deferred("Reset", {"type": kind}, view)
    assert event == ResetRequested(REPLY, kind == "OnIdle", StopReason.IMMEDIATE_RESET, 0, boot)


@pytest.mark.spec("B11.FR.09", "B12.FR.09")
@pytest.mark.parametrize(("evse", "reason"), [(1, "UnsupportedRequest"), (2, "UnknownEvse"), (0, "UnknownEvse")])
def test_reset_of_an_evse_is_refused_unless_allowed(evse, reason):
    answer = receive("Reset", {"type": "Immediate", "evseId": evse}, FakeView()).payload
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": reason}}


@pytest.mark.spec("B11.FR.08", "B11.FR.10")
def test_reset_of_an_evse_where_allowed():
    event = deferred("Reset", {"type": "OnIdle", "evseId": 1}, FakeView(settings=ALLOWED))
    assert (event.evse, event.on_idle, event.boot_reason) == (1, True, BootReason.REMOTE_RESET)


@pytest.mark.parametrize("status", ["Accepted", "Scheduled", "Rejected"])
def test_outcome_of_a_reset(status):
    assert reply("Reset", {"type": "OnIdle"}, Outcome(status), FakeView()) == {"status": status}


def test_reset_that_could_not_be_stored():
    answer = reply("Reset", {"type": "Immediate"}, STORE_FAILED, FakeView())
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "InternalError")
