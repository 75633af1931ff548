import pytest

from station.ocpp.v201.vocabulary import status_info


@pytest.mark.parametrize(
    ("reason", "info", "wire"),
    [
        ("", "", None),
        ("TxInProgress", "", {"reasonCode": "TxInProgress"}),
        ("ReadOnly", "cannot be set", {"reasonCode": "ReadOnly", "additionalInfo": "cannot be set"}),
        ("NoPlug", "", {"reasonCode": "Unspecified", "additionalInfo": "NoPlug"}),
        ("NoPlug", "at EVSE 1", {"reasonCode": "Unspecified", "additionalInfo": "NoPlug: at EVSE 1"}),
        ("", "busy", {"reasonCode": "Unspecified", "additionalInfo": "busy"}),
    ],
)
def test_status_info(reason, info, wire):
    assert status_info(reason, info) == wire
