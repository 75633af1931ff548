"""Addresses of variables."""

import pytest

from station.config.address import AddressError, VariableAddress, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HeartbeatInterval", VariableAddress(None, "HeartbeatInterval")),
        ("OCPPCommCtrlr.OfflineThreshold", VariableAddress("OCPPCommCtrlr", "OfflineThreshold")),
        (
            "OCPPCommCtrlr.MessageTimeout[Default]",
            VariableAddress("OCPPCommCtrlr", "MessageTimeout", variable_instance="Default"),
        ),
        ("EVSE@1.Power#MaxSet", VariableAddress("EVSE", "Power", evse=1, attribute="MaxSet")),
        ("Connector@1.2.Available", VariableAddress("Connector", "Available", evse=1, connector=2)),
        (
            "NetworkConfiguration[2].OcppCsmsUrl",
            VariableAddress("NetworkConfiguration", "OcppCsmsUrl", component_instance="2"),
        ),
        (
            "A[b c]@3.4.V[x.y]#Target",
            VariableAddress("A", "V", "b c", "x.y", 3, 4, "Target"),
        ),
    ],
)
def test_forms(text: str, expected: VariableAddress) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["", "A.", ".V", "A.V#Nonsense", "A[.V", "A@x.V", "A.V[]", "a" * 51, "A.B.C", "ä.V"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressError):
        parse_address(text)
