"""The OCPP 1.6 dialect as a whole."""

from __future__ import annotations

import pytest

from station.core.catalogue import Address, build_catalogue
from station.core.variables import Setting, Variables
from station.ocpp.dialect import Dialect
from station.ocpp.v16 import DIALECT


def test_is_a_dialect() -> None:
    dialect: Dialect = DIALECT
    assert (dialect.version, dialect.subprotocol, dialect.token_limit()) == ("1.6", "ocpp1.6", 20)


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("TxCtrlr.TxStartPoint", "PowerPathClosed"),
        ("TxCtrlr.TxStopPoint", "EVConnected,Authorized"),
        ("SampledDataCtrlr.TxEndedInterval", "60"),
        ("SampledDataCtrlr.TxStartedMeasurands", ""),
    ],
)
def test_defaults_are_legal_and_those_of_1_6(address: str, value: str) -> None:
    settings = [Setting(Address.parse(name)[0], text, default=True) for name, text in DIALECT.defaults().items()]
    variables = Variables(build_catalogue(frozenset()), settings)
    assert variables.text(address) == value
