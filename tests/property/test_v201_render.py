"""Whatever the core tells, the 2.0.1 dialect words it as the schema wants it."""

from hypothesis import given
from hypothesis import strategies as st
from ocpp.v201 import enums

from station.core.facts import Phase, SecurityFact, TransactionFact
from station.core.meter_value import MeterValue, Sample
from station.core.values import (
    ChargingState,
    Context,
    IdToken,
    SignedData,
    Stamp,
    StopReason,
    TriggerReason,
)
from station.ocpp.v201 import DIALECT
from tests.support.fake_view import FakeView
from tests.support.wire201 import obeys

VIEW = FakeView(features=frozenset({"signed_meter_values"}))
VIEW.variables.set("OCPPCommCtrlr.PublicKeyWithSignedMeterValue", "EveryMeterValue")

numbers = st.integers(0, 2**31 - 1)
stamps = st.builds(Stamp, st.floats(0, 1e9), st.integers(1, 9))
tokens = st.builds(
    IdToken, st.text(max_size=36), st.sampled_from([*(kind.value for kind in enums.IdTokenEnumType), "VIN", "?"])
)
samples = st.builds(
    Sample,
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([*(kind.value for kind in enums.MeasurandEnumType), "Temperature", "RPM"]),
    st.sampled_from(Context),
    st.none() | st.sampled_from([phase.value for phase in enums.PhaseEnumType]),
    st.none() | st.sampled_from(["Wh", "W", "A", "V", "Percent", ""]),
    st.sampled_from([place.value for place in enums.LocationEnumType]),
    st.none() | st.builds(SignedData, st.text(max_size=3000), st.text(max_size=80), st.text(max_size=80), st.text()),
)
facts = st.builds(
    TransactionFact,
    st.sampled_from(Phase),
    st.text(min_size=1, max_size=36),
    numbers,
    stamps,
    st.sampled_from(TriggerReason),
    st.integers(0, 99),
    st.integers(0, 9),
    charging_state=st.none() | st.sampled_from(ChargingState),
    id_token=st.none() | tokens,
    remote_start_id=st.none() | numbers,
    reservation_id=st.none() | numbers,
    meter_values=st.lists(st.builds(MeterValue.of, stamps, st.lists(samples, max_size=3).map(tuple)), max_size=3).map(
        tuple
    ),
    stop_reason=st.none() | st.sampled_from(StopReason),
    time_spent_charging_s=st.none() | numbers,
    cable_limit_a=st.none() | st.floats(0, 1000),
    phases_used=st.none() | st.integers(0, 3),
    offline=st.booleans(),
)


@given(facts | st.builds(SecurityFact, st.text(max_size=80), stamps, st.text(max_size=400)))
def test_every_fact_becomes_a_legal_message(fact):
    obeys(DIALECT.render(fact, VIEW))
