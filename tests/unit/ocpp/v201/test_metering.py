from base64 import b64decode

import pytest

from station.core.meter_value import MeterValue, Sample
from station.core.values import Context, SignedData, Stamp
from station.core.variables import Address, Setting
from station.ocpp.v201.metering import meter_values
from tests.support.fake_view import FakeView

KEY_POLICY = Address("OCPPCommCtrlr", None, None, None, "PublicKeyWithSignedMeterValue")
OCMF = SignedData('OCMF|{"FV":"1.0"}|{"SD":"00"}', public_key="oca:base16:asn1:3059")


def view_with(policy="Never"):
    return FakeView(features=frozenset({"signed_meter_values"}), settings=(Setting(KEY_POLICY, policy),))


def written(*samples, view=None):
    values = meter_values((MeterValue.of(Stamp(0.0, 1), samples),), view or FakeView())
    assert values is not None
    return values[0]["sampledValue"]


@pytest.mark.spec("J01.FR.07", "J01.FR.08", "J01.FR.09", "J01.FR.10")
def test_a_sample_is_written_with_its_defaults():
    assert written(Sample(1234.5)) == [
        {
            "value": 1234.5,
            "context": "Sample.Periodic",
            "measurand": "Energy.Active.Import.Register",
            "location": "Outlet",
            "unitOfMeasure": {"unit": "Wh"},
        }
    ]


def test_phase_and_missing_unit():
    (sample,) = written(Sample(0.98, "Power.Factor", Context.TRIGGER, "L1", None))
    assert sample["phase"] == "L1"
    assert "unitOfMeasure" not in sample


def test_unknown_measurands_are_left_out():
    assert [sample["measurand"] for sample in written(Sample(20.0, "Temperature"), Sample(50.0, "SoC"))] == ["SoC"]
    assert meter_values((MeterValue.of(Stamp(0.0, 1), (Sample(20.0, "Temperature"),)),), FakeView()) is None


@pytest.mark.spec("E02.FR.14", "J02.FR.21")
def test_signed_text_is_base64_and_the_key_an_empty_string():
    (sample,) = written(Sample(1.0, signed=OCMF), view=view_with())
    signed = sample["signedMeterValue"]
    assert b64decode(signed["signedMeterData"]).decode() == OCMF.text
    assert (signed["encodingMethod"], signed["signingMethod"], signed["publicKey"]) == ("OCMF", "", "")


@pytest.mark.parametrize(
    ("policy", "context", "sent"),
    [
        ("Never", Context.BEGIN, False),
        ("EveryMeterValue", Context.PERIODIC, True),
        ("OncePerTransaction", Context.BEGIN, True),
        ("OncePerTransaction", Context.PERIODIC, False),
        ("OncePerTransaction", Context.END, False),
    ],
)
def test_public_key_goes_as_configured(policy, context, sent):
    (sample,) = written(Sample(1.0, context=context, signed=OCMF), view=view_with(policy))
    key = b64decode(sample["signedMeterValue"]["publicKey"]).decode()
    assert key == (OCMF.public_key if sent else "")


def test_signature_longer_than_the_message_takes_is_left_out():
    (sample,) = written(Sample(1.0, signed=SignedData("x" * 2000)), view=view_with())
    assert sample["value"] == 1.0
    assert "signedMeterValue" not in sample
