"""Dataclasses of the ocpp package to wire objects and back."""

from __future__ import annotations

import dataclasses
import importlib

import pytest
from ocpp.v16 import call as call16
from ocpp.v16 import datatypes as datatypes16
from ocpp.v16 import enums as enums16
from ocpp.v201 import call as call201
from ocpp.v201 import datatypes as datatypes201
from ocpp.v201 import enums as enums201

from station.ocpp.payload import decode, encode
from station.ocpp.schema import VERSIONS, Kind, Version, check, known_actions, schema_of
from tests.support.schema_samples import ALL_PAYLOADS, PACKAGES, full_sample, member_names, payload_class


@pytest.mark.parametrize(("version", "action", "kind"), ALL_PAYLOADS)
def test_every_member_of_every_schema_survives(version: Version, action: str, kind: Kind) -> None:
    sample = full_sample(schema_of(version, action, kind))
    cls = payload_class(version, action, kind)
    decoded = decode(cls, sample)
    assert isinstance(decoded, cls)
    again = encode(decoded)
    assert again == sample
    assert member_names(again) == member_names(sample)
    assert check(version, action, kind, again) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_of_every_datatype_is_a_member_of_some_schema(version: Version) -> None:
    module = importlib.import_module(f"{PACKAGES[version]}.datatypes")
    spelt = set()
    for action in known_actions(version):
        for kind in ("request", "response"):
            spelt |= member_names(full_sample(schema_of(version, action, kind)))  # type: ignore[arg-type]
    for cls in vars(module).values():
        if isinstance(cls, type) and dataclasses.is_dataclass(cls):
            blank = object.__new__(cls)
            vars(blank).update({field.name: "x" for field in dataclasses.fields(cls)})
            assert set(encode(blank)) <= spelt, cls


def test_nested_objects_enums_and_none() -> None:
    event = call201.TransactionEvent(
        event_type=enums201.TransactionEventEnumType.started,
        timestamp="2026-01-01T00:00:00Z",
        trigger_reason=enums201.TriggerReasonEnumType.authorized,
        seq_no=0,
        transaction_info=datatypes201.TransactionType(transaction_id="tx"),
        meter_value=[
            datatypes201.MeterValueType(
                timestamp="2026-01-01T00:00:00Z", sampled_value=[datatypes201.SampledValueType(value=1.5)]
            )
        ],
        offline=False,
        evse=datatypes201.EVSEType(id=1, connector_id=1),
        custom_data={"vendorId": "v", "associated_id": 1, "soc_limit": None},
    )
    wire = {
        "eventType": "Started",
        "timestamp": "2026-01-01T00:00:00Z",
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "tx"},
        "meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": 1.5}]}],
        "offline": False,
        "evse": {"id": 1, "connectorId": 1},
        "customData": {"vendorId": "v", "associated_id": 1, "soc_limit": None},
    }
    assert encode(event) == wire
    assert type(encode(event)["eventType"]) is str
    decoded = decode(call201.TransactionEvent, wire)
    assert decoded == event
    assert isinstance(decoded.event_type, enums201.TransactionEventEnumType)


def test_vendor_data_is_not_touched() -> None:
    vendor = {"associated_id": {"evse_id": [1, {"soc_x": None}]}}
    message = call201.DataTransfer(vendor_id="v", data=vendor)
    assert encode(message) == {"vendorId": "v", "data": vendor}
    assert decode(call201.DataTransfer, {"vendorId": "v", "data": vendor}).data is vendor


def test_custom_data_of_nested_types_without_a_field_for_it_is_kept() -> None:
    wire = {"idToken": {"idToken": "A", "type": "Central", "customData": {"vendorId": "v"}}}
    decoded = decode(call201.Authorize, wire)
    assert decoded.id_token.id_token == "A"
    assert encode(decoded) == wire


def test_dicts_where_the_package_leaves_the_class_open() -> None:
    wire = {"connectorId": 1, "meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": "1"}]}]}
    assert decode(call16.MeterValues, wire).meter_value == wire["meterValue"]
    typed = call16.MeterValues(
        connector_id=1,
        meter_value=[
            datatypes16.MeterValue(
                timestamp="2026-01-01T00:00:00Z", sampled_value=[datatypes16.SampledValue(value="1")]
            )
        ],
    )
    assert encode(typed) == wire


def test_an_annotated_alternative_becomes_its_class() -> None:
    wire = full_sample(schema_of("1.6", "SetChargingProfile", "request"))
    profile = decode(call16.SetChargingProfile, wire).cs_charging_profiles
    assert isinstance(profile, datatypes16.ChargingProfile)
    assert profile.charging_profile_kind is enums16.ChargingProfileKindType.relative


def test_an_absent_field_that_the_class_demands_is_none() -> None:
    decoded = decode(call16.SecurityEventNotification, {"type": "x", "timestamp": "2026-01-01T00:00:00Z"})
    assert decoded.tech_info is None


def test_a_whole_float_becomes_an_integer() -> None:
    decoded = decode(call201.UnlockConnector, {"evseId": 2.0, "connectorId": 1})
    assert isinstance(decoded.evse_id, int)


def test_an_enum_value_that_the_package_lacks_stays_text() -> None:
    assert decode(call201.Reset, {"type": "Later"}).type == "Later"


@pytest.mark.parametrize("odd", [7, {"a": 1}, pytest.Cache])
def test_other_objects_are_refused(odd: object) -> None:
    with pytest.raises(TypeError):
        encode(odd)
    with pytest.raises(TypeError):
        decode(type(odd), {})
