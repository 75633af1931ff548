"""Signed meter values in OCPP 1.6: the signed text stands in the place of the plain value.

Spec: OCA "Signed Meter Values in OCPP" v1.0, chapter 3.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from tests.conformance.v16.flows import configure, plug_and_tap, rebooted, tap_and_unplug
from tests.support.rig import Rig, virtual


def meter(signed: Any) -> dict[str, Any]:
    """A profile with a meter that signs."""
    return {"evses": [{"id": 1, "hardware": {"meter": {"driver": "sim", "signed": signed}}}]}


def given(known: str) -> dict[str, Any]:
    """A profile with given texts."""
    return meter({"begin": "first|text", "end": "last|text", "begin_known": known})


def samples(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All samples of meter values."""
    return [sample for value in values for sample in value["sampledValue"]]


def texts(values: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Context and signed text of each sample; None where it is plain."""
    return [(sample["context"], text(sample)) for sample in samples(values)]


def text(sample: dict[str, Any]) -> str | None:
    """What the meter signed."""
    if sample.get("format") != "SignedData":
        return None
    return b64decode(json.loads(sample["value"])["signedMeterData"]).decode()


@pytest.mark.spec("Signed Meter Values 3.1.4", "Signed Meter Values 3.2.1", "Signed Meter Values 3.3.3")
@pytest.mark.parametrize("known", ["at once", "at end"])
@virtual
async def test_stop_transaction_has_the_signed_texts_as_handed_out(known: str) -> None:
    async with Rig(profile=given(known), variables={"MeterValueSampleInterval": 30}) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.wait(70)
        await tap_and_unplug(rig)
        (stop,) = rig.heard_all("StopTransaction")
        assert texts(stop["transactionData"]) == [
            ("Transaction.Begin", "first|text"),
            ("Transaction.End", "last|text"),
        ]
        for sample in samples(stop["transactionData"]):
            signed = json.loads(sample["value"])
            assert (signed["signingMethod"], signed["encodingMethod"], signed["publicKey"]) == ("", "OCMF", "")
        told = rig.heard_all("MeterValues")
        assert len(told) == 2
        assert all(signed is None for values in told for _, signed in texts(values["meterValue"]))


@pytest.mark.spec("Signed Meter Values 3.3.3", "Signed Meter Values 3.3.6")
@virtual
async def test_which_values_are_signed_is_configured() -> None:
    async with Rig(profile=meter(True), variables={"MeterValueSampleInterval": 30}) as rig:
        await rig.boot()
        await configure(rig, SampledDataSignUpdatedReadings="true")
        await plug_and_tap(rig)
        await rig.wait(40)
        assert [text(s) is not None for v in rig.heard_all("MeterValues") for s in samples(v["meterValue"])] == [True]
        await tap_and_unplug(rig)
        await configure(rig, SampledDataSignReadings="false")
        rig.csms.clear()
        await plug_and_tap(rig)
        await rig.wait(40)
        await tap_and_unplug(rig)
        (stop,) = rig.heard_all("StopTransaction")
        assert "transactionData" not in stop
        assert all(text(s) is None for v in rig.heard_all("MeterValues") for s in samples(v["meterValue"]))


@pytest.mark.spec("Signed Meter Values 3.1.4")
@virtual
async def test_the_signed_begin_survives_a_power_cut() -> None:
    async with Rig(profile=given("at once")) as rig:
        await rig.boot()
        await plug_and_tap(rig)
        await rig.do("power_cycle")
        await rebooted(rig)
        (stop,) = rig.heard_all("StopTransaction")
        assert texts(stop["transactionData"])[0] == ("Transaction.Begin", "first|text")


@pytest.mark.spec("Signed Meter Values 3.3.1", "Signed Meter Values 3.3.2")
@virtual
async def test_the_public_key_is_a_key_and_goes_along_where_wanted() -> None:
    async with Rig(profile=meter(True)) as rig:
        await rig.boot()
        answer = await rig.call("GetConfiguration", {"key": ["MeterPublicKey1", "MeterPublicKey2"]})
        (row,) = answer["configurationKey"]
        assert (row["key"], row["readonly"], answer["unknownKey"]) == ("MeterPublicKey1", True, ["MeterPublicKey2"])
        change = await rig.call("ChangeConfiguration", {"key": "MeterPublicKey1", "value": "x"})
        assert change["status"] == "Rejected"
        await configure(rig, PublicKeyWithSignedMeterValue="EveryMeterValue")
        await plug_and_tap(rig)
        await tap_and_unplug(rig)
        (stop,) = rig.heard_all("StopTransaction")
        keys = [json.loads(sample["value"])["publicKey"] for sample in samples(stop["transactionData"])]
        assert [b64decode(key).decode() for key in keys] == [row["value"]] * 2


KEYS = {
    "AlignedDataSignReadings",
    "AlignedDataSignUpdatedReadings",
    "MeterPublicKey1",
    "PublicKeyWithSignedMeterValue",
    "SampledDataSignReadings",
    "SampledDataSignUpdatedReadings",
}


@pytest.mark.spec("Signed Meter Values 3.3")
@pytest.mark.parametrize("signs", [False, True])
@virtual
async def test_only_a_station_that_signs_has_the_keys_of_signing(signs: bool) -> None:
    async with Rig(profile=meter(signs)) as rig:
        await rig.boot()
        names = {row["key"] for row in (await rig.call("GetConfiguration", {}))["configurationKey"]}
        assert names & KEYS == (KEYS if signs else set())
