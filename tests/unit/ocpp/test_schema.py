"""Payloads against the schemas of all versions, with both validators."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from station.ocpp import schema as schema_module
from station.ocpp.schema import (
    VERSIONS,
    FaultKind,
    Kind,
    UnknownSchemaError,
    Version,
    check,
    is_date_time,
    is_uri,
    known_actions,
    schema_of,
)
from tests.support.schema_samples import ALL_PAYLOADS, full_sample

PROFILE: dict[str, Any] = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "validFrom": "2026-01-01T00:00:00Z",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
        },
    },
}


@pytest.fixture(params=["rust", "python"])
def validator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a test with each of the two compilers."""
    if request.param == "python":
        pytest.importorskip("fastjsonschema")
        monkeypatch.setattr(schema_module, "_compile", schema_module._compile_python)
    schema_module._checker.cache_clear()
    yield request.param
    schema_module._checker.cache_clear()


def changed(payload: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Copy a payload with one member replaced; ``...`` removes it."""
    result = copy.deepcopy(payload)
    *parents, last = path.split(".")
    target: Any = result
    for name in parents:
        target = target[int(name) if name.isdigit() else name]
    key = int(last) if last.isdigit() else last
    if value is ...:
        del target[key]
    else:
        target[key] = value
    return result


def test_without_the_compiled_library_the_other_one_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(schema: dict[str, Any]) -> None:
        raise ImportError("no wheel")

    monkeypatch.setattr(schema_module, "_compile_rust", missing)
    schema_module._checker.cache_clear()
    assert check("1.6", "Heartbeat", "request", {}) is None
    assert check("1.6", "Heartbeat", "request", {"a": 1}) is not None
    schema_module._checker.cache_clear()


def test_the_actions_of_all_versions_are_known() -> None:
    assert {version: len(known_actions(version)) for version in VERSIONS} == {"1.6": 39, "2.0.1": 64, "2.1": 90}
    security = {"SignedUpdateFirmware", "ExtendedTriggerMessage", "InstallCertificate", "GetLog", "SignCertificate"}
    assert security <= known_actions("1.6")
    assert "BootNotification" in known_actions("1.6") & known_actions("2.0.1") & known_actions("2.1")


@pytest.mark.parametrize(("version", "action", "kind"), ALL_PAYLOADS)
def test_a_payload_with_every_member_obeys(version: Version, action: str, kind: Kind) -> None:
    assert check(version, action, kind, full_sample(schema_of(version, action, kind))) is None


def test_what_2_1_sends_without_an_answer_has_a_request_only() -> None:
    sample = full_sample(schema_of("2.1", "NotifyPeriodicEventStream", "request"))
    assert check("2.1", "NotifyPeriodicEventStream", "request", sample) is None
    assert "NotifyPeriodicEventStream" not in known_actions("2.1")


@pytest.mark.parametrize(
    ("version", "action", "kind"),
    [
        ("1.6", "TransactionEvent", "request"),
        ("2.0.1", "StartTransaction", "request"),
        ("2.1", "NotifyPeriodicEventStream", "response"),
        ("1.6", "../../v201/schemas/Reset", "request"),
        ("1.6", "", "request"),
    ],
)
def test_an_unknown_schema_is_told(version: Version, action: str, kind: Kind) -> None:
    with pytest.raises(UnknownSchemaError):
        check(version, action, kind, {})


CSP = "csChargingProfiles"
PERIOD = f"{CSP}.chargingSchedule.chargingSchedulePeriod"


@pytest.mark.parametrize(
    ("path", "value", "kind", "where"),
    [
        ("connectorId", ..., FaultKind.MISSING, "connectorId"),
        (
            f"{CSP}.chargingSchedule.chargingRateUnit",
            ...,
            FaultKind.MISSING,
            f"{CSP}.chargingSchedule.chargingRateUnit",
        ),
        (f"{PERIOD}.0.limit", ..., FaultKind.MISSING, f"{PERIOD}[0].limit"),
        ("extra", 1, FaultKind.EXTRA, "extra"),
        (f"{CSP}.extra", 1, FaultKind.EXTRA, f"{CSP}.extra"),
        ("se cret", 1, FaultKind.EXTRA, "(unnamed)"),
        ("connectorId", "1", FaultKind.TYPE, "connectorId"),
        ("connectorId", 1.5, FaultKind.TYPE, "connectorId"),
        ("connectorId", 1.0, FaultKind.TYPE, "connectorId"),
        ("connectorId", True, FaultKind.TYPE, "connectorId"),
        ("connectorId", None, FaultKind.TYPE, "connectorId"),
        (CSP, [], FaultKind.TYPE, CSP),
        (f"{PERIOD}.0", 7, FaultKind.TYPE, f"{PERIOD}[0]"),
        (f"{CSP}.chargingProfileKind", 7, FaultKind.TYPE, f"{CSP}.chargingProfileKind"),
        (f"{CSP}.chargingProfileKind", "absolute", FaultKind.VALUE, f"{CSP}.chargingProfileKind"),
        (f"{CSP}.validFrom", "2026-01-01", FaultKind.VALUE, f"{CSP}.validFrom"),
        (f"{PERIOD}.0.limit", 16.05, FaultKind.VALUE, f"{PERIOD}[0].limit"),
    ],
)
def test_a_fault_names_member_and_rule(validator: str, path: str, value: object, kind: FaultKind, where: str) -> None:
    fault = check("1.6", "SetChargingProfile", "request", changed(PROFILE, path, value))
    assert fault is not None
    assert (fault.kind, fault.path) == (kind, where)
    assert fault.description.startswith(f"{where}: ")


@pytest.mark.parametrize(
    ("version", "action", "payload", "kind"),
    [
        ("2.0.1", "Authorize", {"idToken": {"idToken": "x" * 37, "type": "Central"}}, FaultKind.VALUE),
        ("2.0.1", "GetVariables", {"getVariableData": []}, FaultKind.MISSING),
        ("2.0.1", "Reset", {"type": "Immediate", "customData": {}}, FaultKind.MISSING),
        ("2.0.1", "UnlockConnector", {"evseId": "1", "connectorId": 1}, FaultKind.TYPE),
        ("2.1", "SetDefaultTariff", {"evseId": -1}, FaultKind.MISSING),
        ("1.6", "UpdateFirmware", {"location": "no uri", "retrieveDate": "2026-01-01T00:00:00Z"}, FaultKind.VALUE),
        ("1.6", "Heartbeat", [], FaultKind.TYPE),
        ("1.6", "Heartbeat", None, FaultKind.TYPE),
        ("1.6", "DataTransfer", {"vendorId": object()}, FaultKind.TYPE),
        ("2.0.1", "Reset", {"type": "Immediate", "evseId": float("nan")}, FaultKind.TYPE),
    ],
)
def test_other_faults(validator: str, version: Version, action: str, payload: Any, kind: FaultKind) -> None:
    fault = check(version, action, "request", payload)
    assert fault is not None
    assert fault.kind == kind


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 1e19, 1e300, -1e300])
@pytest.mark.parametrize(("version", "action"), [("1.6", "CancelReservation"), ("2.0.1", "CancelReservation")])
def test_an_integer_beyond_64_bits_is_out_of_range(
    validator: str, version: Version, action: str, number: float
) -> None:
    fault = check(version, action, "request", {"reservationId": number})
    assert fault is not None
    assert fault.kind is FaultKind.VALUE


def test_the_greatest_integer_obeys(validator: str) -> None:
    for number in (2**63 - 1, -(2**63)):
        assert check("1.6", "CancelReservation", "request", {"reservationId": number}) is None


def test_a_schedule_of_1_6_has_a_period(validator: str) -> None:
    fault = check("1.6", "SetChargingProfile", "request", changed(PROFILE, PERIOD, []))
    assert fault is not None
    assert fault.kind is FaultKind.MISSING


def test_of_several_faults_the_priority_decides(validator: str) -> None:
    payload = changed(PROFILE, f"{CSP}.validFrom", "soon")
    for path, value, kind in (
        (f"{PERIOD}.0.limit", "16", FaultKind.TYPE),
        (f"{PERIOD}.0.extra", 1, FaultKind.EXTRA),
        (f"{PERIOD}.0.startPeriod", ..., FaultKind.MISSING),
    ):
        payload = changed(payload, path, value)
        fault = check("1.6", "SetChargingProfile", "request", payload)
        assert fault is not None
        assert fault.kind == kind


def test_no_value_is_told() -> None:
    for path in ("connectorId", f"{CSP}.validFrom", f"{CSP}.chargingProfileKind", f"{PERIOD}.0.limit"):
        fault = check("1.6", "SetChargingProfile", "request", changed(PROFILE, path, "Sesame"))
        assert fault is not None
        assert "Sesame" not in fault.description


def test_every_step_of_a_tenth_is_a_limit_and_no_other(validator: str) -> None:
    payload = changed(PROFILE, "connectorId", 1)
    period = payload[CSP]["chargingSchedule"]["chargingSchedulePeriod"][0]
    for tenths in range(3201):
        period["limit"] = tenths / 10
        assert check("1.6", "SetChargingProfile", "request", payload) is None, tenths
    for tenths in range(0, 3201, 50):
        period["limit"] = tenths / 10 + 0.05
        assert check("1.6", "SetChargingProfile", "request", payload) is not None, tenths


def test_custom_data_takes_anything_and_stays(validator: str) -> None:
    custom = {"vendorId": "x", "associated_id": {"a": [1, None, {"b": 1.5}]}}
    payload = {"type": "Immediate", "customData": custom}
    before = copy.deepcopy(payload)
    assert check("2.0.1", "Reset", "request", payload) is None
    assert payload == before


def test_defaults_of_the_schema_are_not_filled_in(validator: str) -> None:
    payload: dict[str, Any] = {"sampledValue": [{"value": 1}], "timestamp": "2026-01-01T00:00:00Z"}
    before = copy.deepcopy(payload)
    assert check("2.0.1", "MeterValues", "request", {"evseId": 1, "meterValue": [payload]}) is None
    assert payload == before


def test_from_draft_6_on_a_whole_float_is_an_integer(validator: str) -> None:
    assert check("2.0.1", "UnlockConnector", "request", {"evseId": 1.0, "connectorId": 1}) is None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-01-01T00:00:00Z", True),
        ("2026-01-01t00:00:00.123456789123z", True),
        ("2026-01-01T00:00:00+05:30", True),
        ("2026-01-01T00:00:00", False),
        ("2026-01-01 00:00:00Z", False),
        ("2026-02-30T00:00:00Z", False),
        ("2026-01-01T24:00:00Z", False),
        ("2026-01-01T00:00:00+24:00", False),
        ("2026-01-01T00:00:00+0100", False),
        ("222222017-01-01T00:00:00Z", False),
        ("0000-01-01T00:00:00Z", False),
        ("٢026-01-01T00:00:00Z", False),
        ("", False),
    ],
)
def test_date_times(validator: str, text: str, good: bool) -> None:
    assert is_date_time(text) is good
    assert (check("1.6", "Heartbeat", "response", {"currentTime": text}) is None) is good
    if good:
        assert datetime.fromisoformat(text.upper()).tzinfo is not None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://user:pass@host:8080/a/b?c=d#e", True),
        ("ftp://host/%20", True),
        ("file:///etc/passwd", True),
        ("http://[::1]/", True),
        ("urn:x", True),
        ("//host", False),
        ("path", False),
        ("http://a b", False),
        ("http://a/%zz", False),
        ("http://a/ü", False),
        ("http://a\n", False),
        ("", False),
    ],
)
def test_uris(validator: str, text: str, good: bool) -> None:
    assert is_uri(text) is good
    assert (check("1.6", "GetDiagnostics", "request", {"location": text}) is None) is good
