"""A station's variables as a CSMS, a command, the core and a store see them."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from station.core.catalogue import FEATURES, Address, DataType, Layout, Mutability, build_catalogue
from station.core.records import Delete, Put
from station.core.variables import Hand, Keeper, Model, Refusal, Setting, VariableError, Variables, Wanted

CATALOGUE = build_catalogue(FEATURES - {"optional"})
LAYOUT = Layout(((1, (1,)), (2, (1, 2))))
OFFLINE = "OCPPCommCtrlr.OfflineThreshold"


def at(text: str) -> Address:
    return Address.parse(text)[0]


def setting(text: str, value: str | None = None, **more: Any) -> Setting:
    address, attribute = Address.parse(text)
    return Setting(address, value, attribute, **more)


def fresh(*settings: Setting) -> Variables:
    return Variables(CATALOGUE, settings, LAYOUT)


class Hears(Keeper):
    def __init__(self, heard: list[tuple[str, str, str]]) -> None:
        self.heard = heard

    def variable_changed(self, address: Address, old: str, new: str) -> None:
        self.heard.append((str(address), old, new))


class Superstitious(Keeper):
    def variable_refusal(self, address: Address, value: str, hand: Hand) -> Refusal | None:
        return Refusal("InvalidValue", hand) if address == at(OFFLINE) and value == "13" else None


class Computes(Keeper):
    def __init__(self, compute: Callable[[Address], str | None]) -> None:
        self.compute = compute

    def variable_value(self, address: Address) -> str | None:
        return self.compute(address)


LEGAL = {
    DataType.STRING: "text",
    DataType.DECIMAL: "1.5",
    DataType.INTEGER: "2",
    DataType.DATE_TIME: "2026-01-01T00:00:00Z",
    DataType.BOOLEAN: "true",
}
SPECIAL = {"BasicAuthPassword": "0123456789abcdef", "PhaseRotation": "RST", "TimeOffset": "+01:00", "Currency": "USD"}
SPECIAL["CountryName"] = "DE"
ILLEGAL = {
    DataType.STRING: "x" * 1001,
    DataType.DECIMAL: "1,5",
    DataType.INTEGER: "01",
    DataType.DATE_TIME: "yesterday",
    DataType.BOOLEAN: "True",
    DataType.OPTION_LIST: "Nothing",
    DataType.MEMBER_LIST: "Nothing",
    DataType.SEQUENCE_LIST: "Nothing",
}
MODEL = Model(CATALOGUE, (), LAYOUT)


@pytest.mark.parametrize("address", MODEL.addresses, ids=str)
def test_every_variable_is_read_and_written_as_its_mutability_says(address: Address) -> None:
    variables = Variables(MODEL)
    definition = variables.definition(address)
    assert definition is not None
    answer = variables.get(address)
    assert answer.status == ("Rejected" if definition.mutability is Mutability.WRITE_ONLY else "Accepted")
    legal = SPECIAL.get(address.variable) or LEGAL.get(definition.type) or definition.values[0]
    illegal = variables.set(address, ILLEGAL[definition.type])
    assert illegal.status == "Rejected"
    outcome = variables.set(address, legal)
    if definition.mutability is Mutability.READ_ONLY:
        assert (outcome.status, outcome.reason_code, outcome.records) == ("Rejected", "ReadOnly", ())
    else:
        assert outcome.status == "Accepted", outcome.detail
        assert outcome.records == (Put("variables", str(address), legal),)
        assert variables.text(address) == legal


@pytest.mark.spec("B05.FR.04", "B05.FR.05", "B05.FR.06", "B06.FR.06", "B06.FR.07", "B06.FR.08", "B06.FR.15")
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("UnknownComponent.OfflineThreshold", "UnknownComponent"),
        ("OCPPCommCtrlr.UnknownVariable", "UnknownVariable"),
        ("OCPPCommCtrlr.MessageTimeout", "UnknownVariable"),
        ("EVSE@3.Available", "UnknownComponent"),
        ("EVSE.Available", "UnknownComponent"),
        ("OCPPCommCtrlr.OfflineThreshold#Target", "NotSupportedAttributeType"),
        ("NetworkConfiguration[3].OcppCsmsUrl", "UnknownComponent"),
        ("nonsense", "UnknownComponent"),
    ],
)
def test_unknown_things_are_named(text: str, status: str) -> None:
    name, _, attribute = text.partition("#")
    variables = fresh()
    assert variables.get(name, attribute or "Actual").status == status
    assert variables.set(name, "1", attribute or "Actual").status == status
    assert variables.delete(name, attribute or "Actual").status == status


def test_names_are_compared_without_case() -> None:
    variables = fresh()
    assert variables.set("ocppcommctrlr.offlinethreshold", "7").accepted
    assert variables.integer(OFFLINE) == 7
    assert variables.get("OCPPCommCtrlr.messagetimeout[default]").value == "30"
    assert variables.get(at(OFFLINE)._replace(variable_instance="")).status == "Accepted"


@pytest.mark.spec("B05.FR.07", "B05.FR.08")
@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        (OFFLINE, "-1", "ValueOutOfRange"),
        (OFFLINE, "+1", "InvalidValue"),
        (OFFLINE, "1.0", "InvalidValue"),
        (OFFLINE, "", "InvalidValue"),
        (OFFLINE, "4294967296", "ValueOutOfRange"),
        (OFFLINE, "٣", "InvalidValue"),
        ("OCPPCommCtrlr.HeartbeatInterval", "0", "ValueOutOfRange"),
        ("SmartChargingCtrlr.LimitChangeSignificance", "1.1234567", "InvalidValue"),
        ("SmartChargingCtrlr.LimitChangeSignificance", "101", "ValueOutOfRange"),
        ("ClockCtrlr.NextTimeOffsetTransitionDateTime", "2026-13-01T00:00:00Z", "InvalidValue"),
        ("ClockCtrlr.NextTimeOffsetTransitionDateTime", "2026-01-01", "InvalidValue"),
        ("TxCtrlr.TxStartPoint", "", "ValueOutOfRange"),
        ("TxCtrlr.TxStartPoint", "Authorized,Authorized", "InvalidValue"),
        ("TxCtrlr.TxStartPoint", "Authorized,,EVConnected", "InvalidValue"),
        ("TxCtrlr.TxStartPoint", "authorized", "InvalidValue"),
        ("OCPPCommCtrlr.NetworkConfigurationPriority", "1,3", "InvalidValue"),
        ("AuthCtrlr.MasterPassGroupId", "x" * 37, "ValueOutOfRange"),
        ("SecurityCtrlr.OrganizationName", "x" * 1001, "TooLargeElement"),
    ],
)
def test_illegal_values_are_refused_with_a_reason(text: str, value: str, reason: str) -> None:
    variables = fresh()
    before = variables.text(text)
    outcome = variables.set(text, value)
    assert (outcome.status, outcome.reason_code, outcome.records) == ("Rejected", reason, ())
    assert variables.check(text, value).reason_code == reason
    assert variables.text(text) == before


def test_lists_lose_blanks_and_may_be_empty() -> None:
    variables = fresh()
    assert variables.set("TxCtrlr.TxStartPoint", "Authorized, EVConnected").accepted
    assert variables.items("TxCtrlr.TxStartPoint") == ("Authorized", "EVConnected")
    assert variables.set("SampledDataCtrlr.TxEndedMeasurands", "").accepted
    assert variables.items("SampledDataCtrlr.TxEndedMeasurands") == ()


def test_checking_changes_nothing() -> None:
    variables = fresh()
    outcome = variables.check(OFFLINE, "5")
    variables.undo(outcome)
    assert outcome.accepted
    assert variables.rows() == {}


@pytest.mark.spec("B06.FR.09")
def test_a_password_can_be_written_but_not_read() -> None:
    variables = fresh()
    assert variables.set("SecurityCtrlr.BasicAuthPassword", "0123456789abcdef").accepted
    answer = variables.get("SecurityCtrlr.BasicAuthPassword")
    assert (answer.status, answer.value) == ("Rejected", None)
    assert variables.text("SecurityCtrlr.BasicAuthPassword") == "0123456789abcdef"
    told = [line for line in variables.report("FullInventory") if line.address.variable == "BasicAuthPassword"]
    assert [attribute.value for line in told for attribute in line.attributes] == [None]


def test_a_secret_does_not_show_itself() -> None:
    password = "0123456789abcdef"
    given = setting("SecurityCtrlr.BasicAuthPassword", password)
    outcome = fresh(given).set("SecurityCtrlr.BasicAuthPassword", password)
    assert password not in repr((given, outcome))
    with pytest.raises(VariableError) as error:
        fresh(setting("SecurityCtrlr.BasicAuthPassword", "§" * 50))
    assert "§" not in str(error.value)


def test_the_manufacturer_writes_what_the_csms_may_only_read() -> None:
    variables = fresh()
    assert variables.set("OCPPCommCtrlr.MessageTimeout[Default]", "45").reason_code == "ReadOnly"
    assert variables.set("OCPPCommCtrlr.MessageTimeout[Default]", "45", hand="manufacturer").accepted
    assert (
        variables.set("OCPPCommCtrlr.MessageTimeout[Default]", "x", hand="manufacturer").reason_code == "InvalidValue"
    )
    assert variables.set("EVSE@1.AvailabilityState", "Faulted", hand="manufacturer").reason_code == "ReadOnly"


def test_a_change_wins_over_the_profile_until_it_is_deleted() -> None:
    profile = setting(OFFLINE, "20")
    variables = fresh(profile)
    assert variables.integer(OFFLINE) == 20
    variables.set(OFFLINE, "30")
    later = fresh(setting(OFFLINE, "40"))
    assert later.restore(variables.rows()) == ()
    assert later.integer(OFFLINE) == 30
    assert later.delete(OFFLINE).records == (Delete("variables", OFFLINE),)
    assert later.integer(OFFLINE) == 40
    assert later.rows() == {}


def test_rows_that_say_nothing_here_are_named_and_ignored() -> None:
    variables = fresh()
    rows = {OFFLINE: "many", "Gone.Variable": "1", "": "1", "ClockCtrlr.DateTime": "2026-01-01T00:00:00Z"}
    assert variables.restore({**rows, "TxCtrlr.EVConnectionTimeOut": "9"}) == tuple(rows)
    assert variables.integer("TxCtrlr.EVConnectionTimeOut") == 9
    assert variables.integer(OFFLINE) == 60


def test_a_value_that_needs_a_reboot_is_stored_now_and_effective_then() -> None:
    variables = fresh(setting(OFFLINE, "20", reboot=True))
    heard: list[tuple[str, str, str]] = []
    variables.keep_with(Hears(heard))
    outcome = variables.set(OFFLINE, "30")
    assert outcome.status == "RebootRequired"
    assert outcome.records == (Put("variables", OFFLINE, "30"),)
    assert variables.integer(OFFLINE) == 20
    rows = variables.rows()
    assert rows == {OFFLINE: "30"}
    assert heard == []
    variables.restore(rows)
    assert variables.integer(OFFLINE) == 30
    assert variables.delete(OFFLINE).status == "RebootRequired"
    assert variables.integer(OFFLINE) == 30
    variables.restore(variables.rows())
    assert variables.integer(OFFLINE) == 20


def test_a_change_can_be_taken_back() -> None:
    variables = fresh()
    variables.set(OFFLINE, "10")
    outcome = variables.set(OFFLINE, "20")
    variables.undo(outcome)
    assert variables.integer(OFFLINE) == 10
    variables.undo(variables.set(OFFLINE, "many"))
    assert variables.integer(OFFLINE) == 10


def test_keepers_hear_changes_of_what_is_in_effect() -> None:
    variables = fresh()
    heard: list[tuple[str, str, str]] = []
    variables.keep_with(Hears(heard))
    variables.keep_with(Hears(heard))
    variables.set(OFFLINE, "60")
    assert heard == []
    variables.set(OFFLINE, "61")
    variables.set("TxCtrlr.EVConnectionTimeOut", "1")
    assert heard == [(OFFLINE, "60", "61")] * 2 + [("TxCtrlr.EVConnectionTimeOut", "60", "1")] * 2


def test_a_guard_can_refuse() -> None:
    variables = fresh()
    variables.keep_with(Superstitious())
    assert variables.set(OFFLINE, "13").reason_code == "InvalidValue"
    assert variables.set(OFFLINE, "13", hand="csms_key").detail == "csms"
    assert variables.set(OFFLINE, "14").accepted


def test_computed_variables_are_read_at_the_time() -> None:
    variables, state = fresh(), ["Available"]
    variables.keep_with(Computes(lambda address: state[0] if address.evse == 2 else None))
    state[0] = "Occupied"
    assert variables.text("EVSE@2.AvailabilityState") == "Occupied"
    assert variables.text("ChargingStation.AvailabilityState") == "Available"


def test_typed_reading_of_what_is_not_there() -> None:
    variables = Variables(build_catalogue(frozenset()))
    assert variables.text("ReservationCtrlr.Enabled") is None
    assert not variables.flag("ReservationCtrlr.Enabled")
    assert variables.integer("SmartChargingCtrlr.PeriodsPerSchedule", 3) == 3
    assert variables.number("SmartChargingCtrlr.LimitChangeSignificance", 0.5) == 0.5
    assert variables.items("SmartChargingCtrlr.RateUnit") == ()


# The profile --------------------------------------------------------------------------------------------------------


def test_a_profile_replaces_value_mutability_and_limits() -> None:
    variables = fresh(
        setting(OFFLINE, "20", mutability=Mutability.READ_ONLY),
        setting("TxCtrlr.EVConnectionTimeOut", "20", minimum=10, maximum=30),
    )
    assert variables.set(OFFLINE, "30").reason_code == "ReadOnly"
    assert variables.set("TxCtrlr.EVConnectionTimeOut", "31").reason_code == "ValueOutOfRange"
    assert variables.set("TxCtrlr.EVConnectionTimeOut", "30").accepted


def test_a_profile_defines_vendor_variables_and_attributes() -> None:
    variables = fresh(
        setting("AcmeCtrlr.Mode", "soft", type=DataType.OPTION_LIST, values=("soft", "bright")),
        setting("AcmeCtrlr@1.Name", None, type=DataType.STRING, pattern="[a-z]*", maximum=3),
        setting("EVSE@1.Power#MaxSet", "22000"),
    )
    assert variables.get("AcmeCtrlr.Mode").value == "soft"
    assert variables.get("AcmeCtrlr@1.Name").value == ""
    assert variables.set("AcmeCtrlr@1.Name", "ABC").reason_code == "InvalidValue"
    assert variables.get("EVSE@1.Power", "MaxSet").value == "22000"
    assert variables.set("EVSE@1.Power", "11000", "MaxSet").records == (
        Put("variables", "EVSE@1.Power#MaxSet", "11000"),
    )
    assert variables.get("EVSE@2.Power", "MaxSet").status == "NotSupportedAttributeType"
    names = [str(line.address) for line in variables.report("FullInventory")]
    assert names[-2:] == ["AcmeCtrlr.Mode", "AcmeCtrlr@1.Name"]


def test_a_profile_brings_in_standard_variables_without_a_type() -> None:
    variables = fresh(setting("EVSE@1.Temperature", "21.5"), setting("ClockCtrlr.TimeZone", "Europe/Oslo"))
    assert variables.number("EVSE@1.Temperature") == 21.5
    definition = variables.definition("EVSE@1.Temperature")
    assert definition is not None
    assert definition.unit == "Celsius"
    assert variables.set("ClockCtrlr.TimeZone", "Asia/Singapore").accepted


def test_network_slots_follow_the_priority_list() -> None:
    variables = fresh(
        setting("OCPPCommCtrlr.NetworkConfigurationPriority", "0", values=("0", "1", "2")),
        setting("NetworkConfiguration[2].OcppCsmsUrl", "wss://second.example"),
    )
    assert variables.get("NetworkConfiguration[0].OcppCsmsUrl").value == ""
    assert variables.get("NetworkConfiguration[2].OcppCsmsUrl").value == "wss://second.example"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (setting("OCPPCommCtrlr.OfflineTreshold", "1"), "did you mean OCPPCommCtrlr.OfflineThreshold"),
        (setting(OFFLINE, "soon"), "not an integer"),
        (setting(OFFLINE, "5", minimum=6), "below 6"),
        (setting("EVSE@1.AvailabilityState", "Faulted"), "computed"),
        (setting("EVSE@7.Power#MaxSet", "1"), "no such EVSE"),
        (setting("AcmeCtrlr.Mode", "soft", type=DataType.OPTION_LIST), "needs its values"),
        (setting("AcmeCtrlr.Mode", "soft", type=DataType.STRING, pattern="["), "pattern"),
    ],
)
def test_settings_that_cannot_be_are_errors(given: Setting, message: str) -> None:
    with pytest.raises(VariableError, match=message):
        fresh(given)


def test_a_function_that_is_left_out_has_no_variables_to_set() -> None:
    bare = build_catalogue(frozenset())
    with pytest.raises(VariableError, match="belongs to reservation"):
        Variables(bare, (setting("ReservationCtrlr.Enabled", "true"),))
    Variables(bare, (setting("ReservationCtrlr.Enabled", "true", default=True),))


# Reports ------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("B07.FR.08", "B07.FR.11", "B08.FR.12")
def test_the_full_inventory_is_complete_and_plausible() -> None:
    variables = fresh()
    lines = list(variables.report("FullInventory"))
    addresses = [line.address for line in lines]
    assert len(set(addresses)) == len(addresses)
    assert {at("EVSE@2.Power"), at("Connector@2.2.ConnectorType"), at("NetworkConfiguration[2].OcppCsmsUrl")} <= set(
        addresses
    )
    for line in lines:
        kind = line.characteristics.data_type
        if kind in (DataType.OPTION_LIST, DataType.MEMBER_LIST, DataType.SEQUENCE_LIST):
            assert line.characteristics.values_list
        for attribute in line.attributes:
            assert (attribute.value is None) == (attribute.mutability is Mutability.WRITE_ONLY)
    power = next(line for line in lines if line.address == at("EVSE@1.Power"))
    assert power.characteristics.max_limit == 22000


@pytest.mark.spec("B07.FR.07")
def test_the_configuration_inventory_holds_what_can_be_set() -> None:
    lines = list(fresh().report("ConfigurationInventory"))
    assert all(any(one.mutability is not Mutability.READ_ONLY for one in line.attributes) for line in lines)
    assert at(OFFLINE) in [line.address for line in lines]


@pytest.mark.spec("B07.FR.09")
def test_the_summary_holds_states_and_problems() -> None:
    variables = fresh()
    states = [str(line.address) for line in variables.report("SummaryInventory")]
    assert states[0] == "ChargingStation.AvailabilityState"
    assert len(states) == 1 + 2 + 3
    variables.keep_with(Computes(lambda address: "true" if str(address) == "EVSE@2.Problem" else None))
    assert "EVSE@2.Problem" in [str(line.address) for line in variables.report("SummaryInventory")]
    with pytest.raises(ValueError, match="Inventory"):
        list(variables.report("Everything"))


@pytest.mark.spec("B08.FR.05", "B08.FR.08", "B08.FR.10", "B08.FR.20", "B08.FR.21", "B08.FR.22", "B08.FR.23")
@pytest.mark.parametrize(
    ("criteria", "wanted", "expected"),
    [
        (["Available"], Wanted("EVSE", evse=1, variable="AvailabilityState"), ["EVSE@1.AvailabilityState"]),
        (["Problem"], Wanted("EVSE", evse=1, variable="AvailabilityState"), []),
        ([], Wanted("EVSE", variable="Power"), ["EVSE@1.Power", "EVSE@2.Power"]),
        ([], Wanted("connector", evse=2, variable="available"), ["Connector@2.1.Available", "Connector@2.2.Available"]),
        (
            [],
            Wanted("DeviceDataCtrlr", variable="ItemsPerMessage"),
            [f"DeviceDataCtrlr.ItemsPerMessage[{name}]" for name in ("GetReport", "GetVariables", "SetVariables")],
        ),
        (
            [],
            Wanted("DeviceDataCtrlr", variable="ItemsPerMessage", variable_instance="GetReport"),
            ["DeviceDataCtrlr.ItemsPerMessage[GetReport]"],
        ),
        ([], Wanted("NetworkConfiguration", "2", variable="OcppCsmsUrl"), ["NetworkConfiguration[2].OcppCsmsUrl"]),
        ([], Wanted("Nothing"), []),
    ],
)
def test_custom_reports(criteria: list[str], wanted: Wanted, expected: list[str]) -> None:
    assert [str(line.address) for line in fresh().select(criteria, [wanted])] == expected


@pytest.mark.spec("B08.FR.07", "B08.FR.09", "B08.FR.13")
def test_criteria_take_components_without_the_variable_too() -> None:
    variables = fresh()
    variables.set("ReservationCtrlr.Enabled", "false")
    enabled = {line.address.component for line in variables.select(["Enabled"])}
    assert "ReservationCtrlr" not in enabled
    assert {"TxCtrlr", "SampledDataCtrlr"} <= enabled
    assert {line.address.component for line in variables.select(["Enabled", "Available"])} >= {"ReservationCtrlr"}
    assert variables.select(["Problem"]) == []


def test_a_station_without_deviations_costs_next_to_nothing() -> None:
    Variables(MODEL).text(OFFLINE)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        fleet = [Variables(MODEL) for _ in range(1000)]
        for variables in fleet:
            variables.integer(OFFLINE)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert used / len(fleet) < 200
