"""Facts, notices and queries on the wire of OCPP 1.6, and what answers to them mean."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from station.core.catalogue import Address
from station.core.effects import AuthorizeQuery, BootQuery, HeartbeatQuery, RawQuery
from station.core.events import BootAnswered, Delivered, HeartbeatAnswered, TokenAnswered
from station.core.facts import MeterNotice, Phase, ReservationFact, SecurityFact, TransactionFact
from station.core.meter_value import MeterValue, Sample
from station.core.values import (
    NO_TOKEN,
    BootReason,
    Context,
    IdToken,
    RegistrationStatus,
    SignedData,
    Stamp,
    StopReason,
    TokenInfo,
    TokenStatus,
    TriggerReason,
)
from station.core.variables import Setting
from station.ocpp.dialect import NOT_READY, Identity
from station.ocpp.schema import check
from station.ocpp.v16 import DIALECT
from tests.support.fake_view import EPOCH, FakeEvse, FakeView
from tests.support.wire16 import sent

CARD = IdToken("04A1B2C3")


def fact(phase: Phase = Phase.STARTED, **members: Any) -> TransactionFact:
    values: dict[str, Any] = {"seq_no": 0, "stamp": Stamp(10.5, 1), "trigger": TriggerReason.AUTHORIZED}
    values |= {"evse": 1, "connector": 1, "meter_wh": 1000.0}
    return TransactionFact(phase, "tx-1", **{**values, **members})


def known(wire_id: str = "42", **more: Any) -> FakeView:
    view = FakeView(**more)
    view.wire_ids["tx-1"] = wire_id
    return view


def value(*samples: Sample) -> MeterValue:
    return MeterValue.of(Stamp(60.0, 1), samples)


class TestStart:
    def test_has_all_that_the_specification_asks_for(self) -> None:
        """OCPP 1.6 §6.45."""
        view = FakeView(FakeEvse(1, (1, 2)), FakeEvse(2, (1,)))
        started = fact(id_token=CARD, evse=2, reservation_id=5, meter_wh=1000.9)
        assert sent(DIALECT.render(started, view), "StartTransaction") == {
            "connectorId": 3,
            "idTag": "04A1B2C3",
            "meterStart": 1000,
            "timestamp": "2026-01-01T00:00:10.500Z",
            "reservationId": 5,
        }

    @pytest.mark.parametrize(
        ("meter_wh", "told"), [(None, 0), (0.0, 0), (29.999999996, 30), (29.9, 29), (1e9 + 0.5, 10**9)]
    )
    def test_tells_whole_watt_hours(self, meter_wh: float | None, told: int) -> None:
        payload = sent(DIALECT.render(fact(id_token=CARD, meter_wh=meter_wh), FakeView()), "StartTransaction")
        assert payload["meterStart"] == told
        assert type(payload["meterStart"]) is int

    @pytest.mark.parametrize("token", [None, NO_TOKEN])
    def test_free_charging_has_a_tag_of_its_own(self, token: IdToken | None) -> None:
        payload = sent(DIALECT.render(fact(id_token=token), FakeView()), "StartTransaction")
        assert payload["idTag"] == "NoAuthorization"

    def test_a_token_of_another_version_fits(self) -> None:
        payload = sent(DIALECT.render(fact(id_token=IdToken("X" * 36)), FakeView()), "StartTransaction")
        assert payload["idTag"] == "X" * 20

    def test_needs_no_transaction_id(self) -> None:
        assert DIALECT.render(fact(id_token=CARD), FakeView()) is not NOT_READY


class TestUpdate:
    def test_without_meter_values_is_not_told(self) -> None:
        assert DIALECT.render(fact(Phase.UPDATED), known()) is None
        assert DIALECT.render(fact(Phase.UPDATED), FakeView()) is None

    def test_waits_for_the_transaction_id(self) -> None:
        updated = fact(Phase.UPDATED, meter_values=(value(Sample(1.0)),))
        assert DIALECT.render(updated, FakeView()) is NOT_READY

    @pytest.mark.parametrize("wire_id", ["42", "0", "-1", "-7", "2147483647"])
    def test_tells_meter_values_of_the_transaction(self, wire_id: str) -> None:
        """0 and negative ids are ids like any other (errata 3.54)."""
        updated = fact(Phase.UPDATED, meter_values=(value(Sample(1234.5)),))
        assert sent(DIALECT.render(updated, known(wire_id)), "MeterValues") == {
            "connectorId": 1,
            "transactionId": int(wire_id),
            "meterValue": [
                {
                    "timestamp": "2026-01-01T00:01:00.000Z",
                    "sampledValue": [
                        {
                            "value": "1234",
                            "context": "Sample.Periodic",
                            "measurand": "Energy.Active.Import.Register",
                            "unit": "Wh",
                        }
                    ],
                }
            ],
        }

    def test_an_id_of_another_version_is_told_as_unknown(self) -> None:
        updated = fact(Phase.UPDATED, meter_values=(value(Sample(1.0)),))
        assert sent(DIALECT.render(updated, known("9f0c-ab")), "MeterValues")["transactionId"] == -1


class TestSamples:
    def sampled(self, sample: Sample, view: FakeView | None = None) -> dict[str, str]:
        updated = fact(Phase.UPDATED, meter_values=(value(sample),))
        payload = sent(DIALECT.render(updated, view or known()), "MeterValues")
        told: dict[str, str] = payload["meterValue"][0]["sampledValue"][0]
        return told

    @pytest.mark.parametrize(
        ("reading", "text"),
        [(0.0, "0"), (-0.0, "0"), (0.1 + 0.2, "0.3"), (12345.0, "12345"), (1.2345, "1.234"), (1e15, "1000000000000000"),
         (-0.0001, "0"), (230.1, "230.1"), (-5.5, "-5.5")],
    )  # fmt: skip
    def test_numbers_have_no_float_noise(self, reading: float, text: str) -> None:
        assert self.sampled(Sample(reading, "Current.Import", unit="A"))["value"] == text

    @pytest.mark.parametrize(
        ("reading", "text"),
        [(0.0, "0"), (2.9999999, "3"), (2.9996, "3"), (2.9994, "2"), (2.999, "2"), (1e12, "1000000000000")],
    )
    def test_a_register_counts_complete_wh_like_meter_stop(self, reading: float, text: str) -> None:
        assert self.sampled(Sample(reading))["value"] == text

    @pytest.mark.parametrize("context", list(Context))
    def test_every_context_has_its_word(self, context: Context) -> None:
        assert self.sampled(Sample(1.0, context=context))["context"] == context.value

    @pytest.mark.parametrize(
        ("sample", "members"),
        [
            (Sample(50.0, "Frequency", unit="Hz"), {"measurand": "Frequency"}),
            (Sample(55.0, "SoC", unit="Percent", location="EV"), {"unit": "Percent", "location": "EV"}),
            (Sample(230.0, "Voltage", phase="L1-N", unit="V"), {"phase": "L1-N", "unit": "V"}),
            (Sample(16.0, "Current.Import", phase="L3", unit="A"), {"phase": "L3", "unit": "A"}),
            (Sample(1.0, "Power.Factor", unit=None), {"measurand": "Power.Factor"}),
        ],
    )
    def test_members(self, sample: Sample, members: dict[str, str]) -> None:
        told = self.sampled(sample)
        assert members.items() <= told.items()
        assert set(told) == {"value", "context", "measurand"} | set(members)

    def test_measurands_that_1_6_does_not_know_are_left_out(self) -> None:
        foreign = Sample(1.0, "Energy.Active.Net")
        updated = fact(Phase.UPDATED, meter_values=(value(foreign, Sample(2.0)), value(foreign)))
        payload = sent(DIALECT.render(updated, known()), "MeterValues")
        assert [len(one["sampledValue"]) for one in payload["meterValue"]] == [1]
        assert DIALECT.render(fact(Phase.UPDATED, meter_values=(value(foreign),)), FakeView()) is None

    @pytest.mark.parametrize(
        ("policy", "context", "has_key"),
        [
            ("Never", Context.BEGIN, False),
            ("OncePerTransaction", Context.BEGIN, True),
            ("OncePerTransaction", Context.END, False),
            ("EveryMeterValue", Context.END, True),
        ],
    )
    def test_signed_data_stand_in_the_place_of_the_value(self, policy: str, context: Context, has_key: bool) -> None:
        """Signed Meter Values 1.0 §3.2.1."""
        address = Address("OCPPCommCtrlr", None, None, None, "PublicKeyWithSignedMeterValue")
        view = known(features=frozenset({"signed_meter_values"}), settings=(Setting(address, policy),))
        signed = SignedData("OCMF|{}|{}", public_key="oca:base16:asn1:30")
        told = self.sampled(Sample(1.0, context=context, signed=signed), view)
        assert told["format"] == "SignedData"
        inner = json.loads(told["value"])
        assert base64.b64decode(inner.pop("signedMeterData")) == b"OCMF|{}|{}"
        assert base64.b64decode(inner.pop("publicKey")) == (b"oca:base16:asn1:30" if has_key else b"")
        assert inner == {"signingMethod": "", "encodingMethod": "OCMF"}

    def test_signed_data_that_do_not_fit_leave_the_plain_value(self) -> None:
        told = self.sampled(Sample(7.0, signed=SignedData("x" * 2000)))
        assert told["value"] == "7"
        assert "format" not in told


class TestStop:
    def test_waits_for_the_transaction_id(self) -> None:
        assert DIALECT.render(fact(Phase.ENDED), FakeView()) is NOT_READY

    def test_ended_by_a_card(self) -> None:
        """OCPP 1.6 §6.49."""
        ended = fact(Phase.ENDED, id_token=CARD, meter_wh=2000.4, stop_reason=StopReason.LOCAL)
        assert sent(DIALECT.render(ended, known()), "StopTransaction") == {
            "transactionId": 42,
            "idTag": "04A1B2C3",
            "meterStop": 2000,
            "timestamp": "2026-01-01T00:00:10.500Z",
            "reason": "Local",
        }

    @pytest.mark.parametrize("token", [None, NO_TOKEN])
    def test_ended_without_a_card_has_no_tag(self, token: IdToken | None) -> None:
        ended = fact(Phase.ENDED, id_token=token, stop_reason=StopReason.EV_DISCONNECTED)
        payload = sent(DIALECT.render(ended, known()), "StopTransaction")
        assert "idTag" not in payload
        assert payload["reason"] == "EVDisconnected"

    @pytest.mark.parametrize("reason", [*StopReason, None])
    def test_every_reason_has_a_word(self, reason: StopReason | None) -> None:
        sent(DIALECT.render(fact(Phase.ENDED, stop_reason=reason), known()), "StopTransaction")

    @pytest.mark.parametrize(
        ("reason", "word"),
        [
            (StopReason.DEAUTHORIZED, "DeAuthorized"),
            (StopReason.EMERGENCY_STOP, "EmergencyStop"),
            (StopReason.HARD_RESET, "HardReset"),
            (StopReason.SOFT_RESET, "SoftReset"),
            (StopReason.POWER_LOSS, "PowerLoss"),
            (StopReason.REBOOT, "Reboot"),
            (StopReason.REMOTE, "Remote"),
            (StopReason.UNLOCK_COMMAND, "UnlockCommand"),
            (StopReason.MASTER_PASS, "Local"),
            (StopReason.GROUND_FAULT, "Other"),
            (StopReason.TIMEOUT, "Other"),
            (None, "Local"),
        ],
    )
    def test_reasons(self, reason: StopReason | None, word: str) -> None:
        payload = sent(DIALECT.render(fact(Phase.ENDED, stop_reason=reason), known()), "StopTransaction")
        assert payload["reason"] == word

    def test_carries_the_transaction_data(self) -> None:
        values = (value(Sample(1.0, context=Context.BEGIN)), value(Sample(2.0, context=Context.END)))
        payload = sent(DIALECT.render(fact(Phase.ENDED, meter_values=values), known()), "StopTransaction")
        contexts = [one["sampledValue"][0]["context"] for one in payload["transactionData"]]
        assert contexts == ["Transaction.Begin", "Transaction.End"]

    def test_after_a_start_that_was_given_up(self) -> None:
        """Errata 3.18."""
        given_up = DIALECT.dropped(1, fact(id_token=CARD), FakeView())
        assert given_up == Delivered(1, dropped=True, wire_id="-1")
        assert given_up.wire_id is not None
        assert (
            sent(DIALECT.render(fact(Phase.ENDED), known(given_up.wire_id)), "StopTransaction")["transactionId"] == -1
        )


def test_a_reservation_that_ended_by_itself_is_told_by_the_status_alone() -> None:
    assert DIALECT.render(ReservationFact(7, "Expired", Stamp(0, 1)), FakeView()) is None


class TestSecurityEvents:
    def test_are_told_in_full(self) -> None:
        view = FakeView(features=frozenset({"security"}))
        payload = sent(
            DIALECT.render(SecurityFact("T" * 60, Stamp(0, 1), "i" * 300), view), "SecurityEventNotification"
        )
        assert payload == {"type": "T" * 50, "timestamp": "2026-01-01T00:00:00.000Z", "techInfo": "i" * 255}

    def test_without_info(self) -> None:
        view = FakeView(features=frozenset({"security"}))
        payload = sent(DIALECT.render(SecurityFact("ResetOrReboot", Stamp(0, 1)), view), "SecurityEventNotification")
        assert "techInfo" not in payload

    def test_are_not_told_without_the_extension(self) -> None:
        assert DIALECT.render(SecurityFact("ResetOrReboot", Stamp(0, 1)), FakeView()) is None


class TestDelivered:
    @pytest.mark.parametrize("transaction_id", [1, 0, -1, -99])
    def test_the_start_learns_its_id(self, transaction_id: int) -> None:
        conf = {"transactionId": transaction_id, "idTagInfo": {"status": "Accepted"}}
        assert DIALECT.delivered(3, fact(id_token=CARD), conf, FakeView()) == Delivered(
            3, token=CARD, info=TokenInfo(TokenStatus.ACCEPTED), wire_id=str(transaction_id)
        )

    @pytest.mark.parametrize("status", ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"])
    def test_every_status_is_known(self, status: str) -> None:
        told = DIALECT.delivered(3, fact(), {"transactionId": 1, "idTagInfo": {"status": status}}, FakeView())
        assert told.info == TokenInfo(TokenStatus(status))

    def test_the_stop_says_something_of_its_card(self) -> None:
        conf = {"idTagInfo": {"status": "Blocked", "parentIdTag": "FLEET"}}
        told = DIALECT.delivered(3, fact(Phase.ENDED, id_token=CARD), conf, FakeView())
        assert told == Delivered(3, token=CARD, info=TokenInfo(TokenStatus.BLOCKED, IdToken("FLEET")))

    def test_an_empty_answer_says_nothing(self) -> None:
        assert DIALECT.delivered(3, fact(Phase.ENDED), {}, FakeView()) == Delivered(3)
        assert DIALECT.delivered(3, fact(Phase.UPDATED), {}, FakeView()) == Delivered(3)
        assert DIALECT.delivered(3, SecurityFact("X", Stamp(0, 1)), {}, FakeView()) == Delivered(3)

    def test_only_a_lost_start_has_consequences(self) -> None:
        assert DIALECT.dropped(3, fact(Phase.UPDATED), FakeView()) == Delivered(3, dropped=True)
        assert DIALECT.dropped(3, fact(Phase.ENDED), FakeView()) == Delivered(3, dropped=True)


class TestRetry:
    def test_follows_the_keys(self) -> None:
        view = FakeView()
        assert DIALECT.retry(fact(), view) == (3, 60.0)
        view.variables.set("OCPPCommCtrlr.MessageAttempts[TransactionEvent]", "5")
        view.variables.set("OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]", "7")
        assert DIALECT.retry(fact(), view) == (5, 7.0)

    def test_security_events_are_more_persistent(self) -> None:
        assert DIALECT.retry(SecurityFact("X", Stamp(0, 1)), FakeView())[0] > 3


class TestNotices:
    def test_meter_values_outside_a_transaction_have_no_id(self) -> None:
        (call,) = DIALECT.notice(MeterNotice(1, 1, (value(Sample(1.0)),)), FakeView())
        payload = sent(call, "MeterValues")
        assert payload["connectorId"] == 1
        assert "transactionId" not in payload

    def test_the_main_meter_is_connector_0(self) -> None:
        (call,) = DIALECT.notice(MeterNotice(0, 0, (value(Sample(1.0)),)), FakeView())
        assert sent(call, "MeterValues")["connectorId"] == 0

    def test_nothing_to_tell(self) -> None:
        assert list(DIALECT.notice(MeterNotice(1, 1), FakeView())) == []


class TestQueries:
    def test_boot_keeps_to_the_lengths(self) -> None:
        """OCPP 1.6 §6.3."""
        long = "x" * 99
        view = FakeView()
        view.identity = Identity(long, long, long, long, long, long, long, long)
        payload = sent(DIALECT.ask(BootQuery(BootReason.POWER_UP), view), "BootNotification")
        assert {name: len(text) for name, text in payload.items()} == {
            "chargePointVendor": 20,
            "chargePointModel": 20,
            "chargePointSerialNumber": 25,
            "firmwareVersion": 50,
            "iccid": 20,
            "imsi": 20,
            "meterSerialNumber": 25,
            "meterType": 25,
        }

    def test_boot_leaves_out_what_is_unknown(self) -> None:
        view = FakeView()
        view.identity = Identity("Acme", "Wallbox-22")
        payload = sent(DIALECT.ask(BootQuery(BootReason.POWER_UP), view), "BootNotification")
        assert payload == {"chargePointVendor": "Acme", "chargePointModel": "Wallbox-22"}

    def test_heartbeat_authorize_and_the_owners_own(self) -> None:
        assert sent(DIALECT.ask(HeartbeatQuery(), FakeView()), "Heartbeat") == {}
        assert sent(DIALECT.ask(AuthorizeQuery(CARD), FakeView()), "Authorize") == {"idTag": "04A1B2C3"}
        raw = DIALECT.ask(RawQuery("DataTransfer", {"vendorId": "x"}, 1), FakeView())
        assert sent(raw, "DataTransfer") == {"vendorId": "x"}

    def test_an_unknown_query_is_named(self) -> None:
        with pytest.raises(TypeError, match="str"):
            DIALECT.ask("?", FakeView())
        with pytest.raises(TypeError, match="str"):
            DIALECT.answered("?", {}, FakeView())


class TestAnswers:
    def test_boot(self) -> None:
        conf = {"status": "Pending", "currentTime": "2026-01-01T01:00:00+01:00", "interval": 30}
        assert check("1.6", "BootNotification", "response", conf) is None
        told = DIALECT.answered(BootQuery(BootReason.POWER_UP), conf, FakeView())
        assert told == BootAnswered(RegistrationStatus.PENDING, 30.0, EPOCH)

    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2026-01-01T00:00:00Z", EPOCH),
            ("2026-01-01t00:00:00.500z", EPOCH + timedelta(seconds=0.5)),
            ("2026-01-01T00:00:00", EPOCH),
            ("2026-01-01T00:00:00.1234567Z", datetime(2026, 1, 1, 0, 0, 0, 123456, UTC)),
            ("222222017-01-01T00:00:00Z", None),
            ("0001-01-01T00:00:00+14:00", None),
            ("", None),
        ],
    )
    def test_heartbeat_brings_the_time(self, text: str, utc: datetime | None) -> None:
        assert DIALECT.answered(HeartbeatQuery(), {"currentTime": text}, FakeView()) == HeartbeatAnswered(utc)

    @pytest.mark.parametrize(
        ("info", "expected"),
        [
            ({"status": "Accepted"}, TokenInfo(TokenStatus.ACCEPTED)),
            ({"status": "ConcurrentTx"}, TokenInfo(TokenStatus.CONCURRENT_TX)),
            ({"status": "Accepted", "parentIdTag": "P"}, TokenInfo(TokenStatus.ACCEPTED, IdToken("P"))),
            (
                {"status": "Accepted", "expiryDate": "2026-01-01T00:00:01Z"},
                TokenInfo(TokenStatus.ACCEPTED, expires=EPOCH + timedelta(seconds=1)),
            ),
            (
                {"status": "Accepted", "expiryDate": "2026-01-01T00:00:00Z"},
                TokenInfo(TokenStatus.EXPIRED, expires=EPOCH),
            ),
            (
                {"status": "Blocked", "expiryDate": "2025-01-01T00:00:00Z"},
                TokenInfo(TokenStatus.BLOCKED, expires=datetime(2025, 1, 1, tzinfo=UTC)),
            ),
        ],
    )
    def test_authorize(self, info: dict[str, str], expected: TokenInfo) -> None:
        told = DIALECT.answered(AuthorizeQuery(CARD), {"idTagInfo": info}, FakeView())
        assert told == TokenAnswered(CARD, expected)
