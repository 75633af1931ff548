from dataclasses import replace
from datetime import UTC, datetime

import pytest

from station.core.effects import AuthorizeQuery, BootQuery, HeartbeatQuery, RawQuery
from station.core.events import BootAnswered, Delivered, HeartbeatAnswered, TokenAnswered
from station.core.facts import MeterNotice, Phase, ReservationFact, SecurityFact, TransactionFact
from station.core.meter_value import MeterValue, Sample
from station.core.values import (
    NO_TOKEN,
    BootReason,
    ChargingState,
    Context,
    IdToken,
    RegistrationStatus,
    Stamp,
    StopReason,
    TokenInfo,
    TokenStatus,
    TriggerReason,
)
from station.ocpp.dialect import Identity, OutCall
from station.ocpp.schema import known_actions
from station.ocpp.v201 import DIALECT
from tests.support.fake_view import FakeEvse, FakeTransaction, FakeView
from tests.support.wire201 import obeys

CARD = IdToken("04A1B2C3D4E5F6")


def fact(phase=Phase.UPDATED, trigger=TriggerReason.CHARGING_STATE_CHANGED, **more):
    return TransactionFact(phase, "9f0c2d7e", 4, Stamp(61.5, 1), trigger, 1, 2, **more)


def told(a_fact):
    call = DIALECT.render(a_fact, FakeView())
    assert isinstance(call, OutCall)
    return obeys(call)


@pytest.mark.spec("E01.FR.07", "E01.FR.16", "E02.FR.13")
def test_transaction_event_carries_what_happened():
    assert told(
        fact(
            Phase.STARTED,
            TriggerReason.CABLE_PLUGGED_IN,
            charging_state=ChargingState.EV_CONNECTED,
            id_token=CARD,
            remote_start_id=12,
            reservation_id=5,
            cable_limit_a=31.9,
            phases_used=3,
        )
    ) == {
        "eventType": "Started",
        "timestamp": "2026-01-01T00:01:01.500Z",
        "triggerReason": "CablePluggedIn",
        "seqNo": 4,
        "transactionInfo": {"transactionId": "9f0c2d7e", "chargingState": "EVConnected", "remoteStartId": 12},
        "evse": {"id": 1, "connectorId": 2},
        "idToken": {"idToken": "04A1B2C3D4E5F6", "type": "ISO14443"},
        "cableMaxCurrent": 31,
        "numberOfPhasesUsed": 3,
        "reservationId": 5,
    }


def test_transaction_event_without_details_is_short():
    assert set(told(fact())) == {"eventType", "timestamp", "triggerReason", "seqNo", "transactionInfo", "evse"}


def test_meter_values_have_the_time_at_which_they_were_taken():
    event = fact()
    of_the_event = MeterValue.of(event.stamp, (Sample(1.0),))
    earlier = MeterValue.of(Stamp(60.0, 1), (Sample(1.0),))
    (with_it,) = told(replace(event, meter_values=(of_the_event,)))["meterValue"]
    before, _ = told(replace(event, meter_values=(earlier, of_the_event)))["meterValue"]
    assert (with_it["timestamp"], before["timestamp"]) == ("2026-01-01T00:01:01.500Z", "2026-01-01T00:01:00.000Z")


def test_evse_is_left_out_while_unknown():
    unknown = TransactionFact(Phase.STARTED, "t", 0, Stamp(0.0, 1), TriggerReason.AUTHORIZED, 0, 0)
    assert "evse" not in told(unknown)


@pytest.mark.spec("E11.FR.02", "E12.FR.02")
def test_offline_is_told_where_it_was():
    assert told(fact(offline=True))["offline"] is True
    assert "offline" not in told(fact())


@pytest.mark.spec("C02.FR.01")
def test_start_without_authorization_has_an_empty_token():
    assert told(fact(id_token=NO_TOKEN))["idToken"] == {"idToken": "", "type": "NoAuthorization"}


def test_token_type_of_another_version_still_obeys_the_schema():
    assert told(fact(id_token=IdToken("WVWZZZ1JZXW000001", "VIN")))["idToken"]["type"] == "Central"


@pytest.mark.spec("E06.FR.08", "E07.FR.05", "B12.FR.04")
@pytest.mark.parametrize("reason", list(StopReason))
def test_every_stop_reason_has_a_word(reason):
    payload = told(fact(Phase.ENDED, TriggerReason.STOP_AUTHORIZED, stop_reason=reason, time_spent_charging_s=90))
    expected = {
        StopReason.HARD_RESET: "ImmediateReset",
        StopReason.SOFT_RESET: "ImmediateReset",
        StopReason.UNLOCK_COMMAND: "Other",
    }.get(reason, reason.value)
    assert payload["transactionInfo"]["stoppedReason"] == expected
    assert payload["transactionInfo"]["timeSpentCharging"] == 90


@pytest.mark.parametrize("trigger", list(TriggerReason))
def test_every_trigger_reason_has_a_word(trigger):
    assert told(fact(trigger=trigger))["triggerReason"] == trigger.value


@pytest.mark.parametrize("state", list(ChargingState))
def test_every_charging_state_has_a_word(state):
    assert told(fact(charging_state=state))["transactionInfo"]["chargingState"] == state.value


@pytest.mark.spec("A04.FR.01")
def test_security_event_is_cut_to_the_schema():
    payload = told(SecurityFact("FirmwareUpdated", Stamp(0.0, 1), "x" * 300))
    assert payload == {
        "type": "FirmwareUpdated",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "techInfo": "x" * 255,
    }
    assert "techInfo" not in told(SecurityFact("StartupOfTheDevice", Stamp(0.0, 1)))


@pytest.mark.spec("H04.FR.01", "H01.FR.16")
@pytest.mark.parametrize("status", ["Expired", "Removed"])
def test_a_reservation_that_ended_by_itself(status):
    payload = told(ReservationFact(7, status, Stamp(0.0, 1)))
    assert payload == {"reservationId": 7, "reservationUpdateStatus": status}


ANSWER = {
    "idTokenInfo": {
        "status": "Blocked",
        "cacheExpiryDateTime": "2026-02-01T02:00:00+02:00",
        "groupIdToken": {"idToken": "FLEET", "type": "Central"},
        "evseId": [1, 2],
    },
    "totalCost": 1.5,
}
BLOCKED = TokenInfo(TokenStatus.BLOCKED, IdToken("FLEET", "Central"), datetime(2026, 2, 1, tzinfo=UTC), (1, 2))


@pytest.mark.spec("E01.FR.12", "C01.FR.20")
def test_answer_to_a_transaction_event_tells_of_its_token():
    delivered = DIALECT.delivered(3, fact(id_token=CARD), ANSWER, FakeView())
    assert delivered == Delivered(3, token=CARD, info=BLOCKED)


@pytest.mark.spec("E05.FR.09")
def test_late_refusal_is_of_the_transactions_token():
    evse = FakeEvse(transaction=FakeTransaction(token=CARD))
    assert DIALECT.delivered(3, fact(), ANSWER, FakeView(evse)) == Delivered(3, token=CARD, info=BLOCKED)


@pytest.mark.parametrize("what", [fact(id_token=CARD), SecurityFact("FirmwareUpdated", Stamp(0.0, 1))])
def test_empty_answer_only_delivers(what):
    assert DIALECT.delivered(3, what, {}, FakeView()) == Delivered(3)


def test_expiry_outside_the_calendar_is_none():
    answer = {"idTokenInfo": {"status": "Accepted", "cacheExpiryDateTime": "0001-01-01T00:00:00+14:00"}}
    delivered = DIALECT.delivered(3, fact(id_token=CARD), answer, FakeView())
    assert delivered.info == TokenInfo(TokenStatus.ACCEPTED)


@pytest.mark.spec("E13.FR.04")
def test_dropped_fact_changes_nothing():
    assert DIALECT.dropped(3, fact(), FakeView()) == Delivered(3, dropped=True)


@pytest.mark.spec("E13.FR.01", "A04.FR.02")
@pytest.mark.parametrize("what", [fact(), SecurityFact("FirmwareUpdated", Stamp(0.0, 1))])
def test_retries_follow_the_variables(what):
    view = FakeView()
    assert DIALECT.retry(what, view) == (3, 60.0)
    view.variables.set("OCPPCommCtrlr.MessageAttempts[TransactionEvent]", "5")
    view.variables.set("OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]", "10")
    assert DIALECT.retry(what, view) == (5, 10.0)


@pytest.mark.spec("J01.FR.02")
def test_meter_notice_becomes_meter_values():
    sample = Sample(1234.0, context=Context.CLOCK)
    (call,) = DIALECT.notice(MeterNotice(2, 1, (MeterValue.of(Stamp(0.0, 1), (sample,)),)), FakeView())
    assert call.action == "MeterValues"
    payload = obeys(call)
    assert payload["evseId"] == 2
    assert payload["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"


def test_meter_notice_without_values_is_not_told():
    assert not DIALECT.notice(MeterNotice(1, 1, ()), FakeView())
    unknown = MeterValue.of(Stamp(0.0, 1), (Sample(21.0, "Temperature", unit="Celsius"),))
    assert not DIALECT.notice(MeterNotice(1, 1, (unknown,)), FakeView())


@pytest.mark.spec("B01.FR.01")
@pytest.mark.parametrize("reason", list(BootReason))
def test_boot_notification(reason):
    assert obeys(DIALECT.ask(BootQuery(reason), FakeView())) == {
        "reason": reason.value,
        "chargingStation": {
            "vendorName": "Acme",
            "model": "Wallbox-22",
            "serialNumber": "00123456",
            "firmwareVersion": "1.4.2",
        },
    }


def test_identity_is_cut_to_the_schema():
    view = FakeView()
    view.identity = Identity("v" * 80, "m" * 80, "s" * 80, None, iccid="8" * 30)
    station = obeys(DIALECT.ask(BootQuery(BootReason.POWER_UP), view))["chargingStation"]
    assert [len(station[name]) for name in ("vendorName", "model", "serialNumber")] == [50, 20, 25]
    assert "firmwareVersion" not in station
    assert station["modem"] == {"iccid": "8" * 20}


def test_heartbeat_and_authorize():
    assert DIALECT.ask(HeartbeatQuery(), FakeView()) == OutCall("Heartbeat", {})
    call = DIALECT.ask(AuthorizeQuery(CARD), FakeView())
    assert obeys(call) == {"idToken": {"idToken": CARD.value, "type": "ISO14443"}}


def test_answers_to_questions():
    view = FakeView()
    boot = {"status": "Pending", "interval": 30, "currentTime": "2026-01-01T12:00:00Z"}
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert DIALECT.answered(BootQuery(BootReason.POWER_UP), boot, view) == BootAnswered(
        RegistrationStatus.PENDING, 30.0, noon
    )
    assert DIALECT.answered(HeartbeatQuery(), {"currentTime": "2026-01-01T12:00:00.000Z"}, view) == (
        HeartbeatAnswered(noon)
    )
    assert DIALECT.answered(AuthorizeQuery(CARD), ANSWER, view) == TokenAnswered(CARD, BLOCKED)


def test_a_message_of_the_owner_is_not_for_a_dialect():
    raw = RawQuery("Heartbeat", {}, 1)
    with pytest.raises(TypeError):
        DIALECT.ask(raw, FakeView())
    with pytest.raises(TypeError):
        DIALECT.answered(raw, {}, FakeView())


def test_what_the_dialect_says_of_itself():
    assert (DIALECT.version, DIALECT.subprotocol, DIALECT.token_limit()) == ("2.0.1", "ocpp2.0.1", 36)
    assert DIALECT.defaults() == {}
    assert DIALECT.actions(frozenset()) < known_actions("2.0.1")
