"""Profiles as a whole: what they become, what is refused, and how flags win."""

import pickle
import re
from pathlib import Path

import pytest

from station.config import (
    CarConfig,
    ConfigError,
    Loaded,
    Overrides,
    Secret,
    explain,
    from_mapping,
    load,
    template,
)

ENV = {"HOME": "/home/user", "CSMS_PASSWORD": "0123456789abcdef"}
ROOT = Path(__file__).parents[3]

# A profile with a key of every block.
EXAMPLE = """\
# yaml-language-server: $schema=./station.schema.json
station: {id: CP-0042, vendor: Acme, model: Wallbox-22, serial: "00123456", firmware: 1.4.2, max_current: 63A}
csms:                                    # a mapping, or `none`
  url: wss://csms.example/ocpp/{id}
  versions: [ocpp2.0.1, ocpp1.6]
  security: {profile: 3, password: "${CSMS_PASSWORD}", ca: csms-ca.pem, cert: station.pem, key: station.key, host_name: check, fall_back_after: 20s}
  call_timeout: 30s
  ping: 60s                              # 0s sends none
  reconnect: {wait: 10s, random: 10s, doubles: 5}
  compression: off
certificates: {csms: [more-roots.pem], manufacturer: [fw-root.pem], v2g: [v2g-root.pem], mo: [mo-root.pem], v2g_leaf: {chain: [secc.pem, sub2.pem], key: secc.key, key_password: !file secc.pass}}
store: /var/lib/ocpp-station/CP-0042.db
state: /var/lib/ocpp-station/CP-0042.d
control: {listen: 127.0.0.1:0, token: !file token}
evses:
  - id: 1
    max_current: 32A
    phases: 3
    connectors: [{id: 1, type: cType2, cable: socket, lock: true}]
    hardware:
      pilot: {driver: openevse, port: /dev/ttyAMA1}
      contactor: {driver: gpio, pin: 17, feedback_pin: 27}
      meter: {driver: modbus, model: sdm630, port: /dev/ttyUSB1, unit: 1}
auth:
  selection: PlugEvents
  remote_start_without_evse: select
  readers: [{driver: acr122u, device: "usb:072f:2200", evses: [1], uid: {order: as-read, format: hex, case: upper}}, {driver: keyboard}]
  local: {allow: [04A1B2C3D4E5F6, 00123456]}
  master_group: SERVICE
transactions: {after_power_loss: stop}
car: {battery: 52kWh, soc: 35%, max_power: 11kW, phases: 3, plugged: no, plugs_in: after 2s, taps: 04A1B2C3, stays: 30m}
metering: {sample: 10s, aligned: 15m, record: 5s, measurands: [Energy.Active.Import.Register, Power.Active.Import, SoC]}
firmware: {signed: off, installer: simulated, takes: 2s, reboot: yes}
reboot: {takes: 3s, real: no}
variables:
  HeartbeatInterval: 300
  OCPPCommCtrlr.OfflineThreshold: 10
  OCPPCommCtrlr.MessageTimeout[Default]: 30
  EVSE@1.Power#MaxSet: 22000
  AcmeLightMode: {value: soft, type: string, values: [soft, bright]}
"""  # noqa: E501


def write(folder: Path, text: str) -> Path:
    path = folder / "profile.yaml"
    path.write_text(text)
    return path


def loaded(folder: Path, text: str, flags: Overrides | None = None) -> Loaded:
    return load(write(folder, text), flags, env=ENV)


def errors(folder: Path, text: str, flags: Overrides | None = None) -> list[str]:
    """The problems, without the folder in front of the file's name."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, flags)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


@pytest.fixture
def example(tmp_path: Path) -> Loaded:
    (tmp_path / "token").write_text("sesame\n")
    (tmp_path / "secc.pass").write_text("open\n")
    return loaded(tmp_path, EXAMPLE)


def test_the_example_of_the_interface(example: Loaded, tmp_path: Path) -> None:
    profile = example.profile
    assert (profile.station.id, profile.station.serial, profile.station.max_current_a) == ("CP-0042", "00123456", 63.0)
    assert profile.station_url == "wss://csms.example/ocpp/CP-0042"
    security = profile.csms.security
    assert (security.profile, security.ca, security.check_host_name) == (3, tmp_path / "csms-ca.pem", True)
    assert security.password is not None
    assert security.password.reveal() == ENV["CSMS_PASSWORD"]
    assert profile.certificates.v2g_leaf is not None
    assert profile.certificates.v2g_leaf.chain == (tmp_path / "secc.pem", tmp_path / "sub2.pem")
    assert profile.control.token == Secret("sesame")
    evse = profile.evses[0]
    assert (evse.max_current_a, evse.phases, evse.connectors[0].lock) == (32.0, 3, True)
    assert evse.hardware.contactor is not None
    assert evse.hardware.contactor.options == {"pin": "17", "feedback_pin": "27"}
    assert evse.hardware.lock.simulated
    assert profile.auth.allow == ("04A1B2C3D4E5F6", "00123456")
    assert [reader.evses for reader in profile.auth.readers] == [(1,), (1,)]
    assert profile.car == CarConfig(52000, 35, 11000, 3, False, 2, "04A1B2C3", 1800)
    assert (profile.metering.aligned_s, len(profile.metering.measurands)) == (900, 3)
    light = profile.variables[-1]
    assert (light.address_text, light.value, light.type, light.values) == (
        "AcmeLightMode",
        "soft",
        "string",
        ("soft", "bright"),
    )
    assert profile.variables[0].value == "300"
    assert profile.uses_hardware


def test_explain_shows_the_example_without_its_secrets(example: Loaded) -> None:
    entries = {entry.path: entry for entry in explain(example)}
    assert entries["station.max_current"].value == "63 A"
    assert entries["station.max_current"].source.endswith("profile.yaml:2:107")
    assert entries["csms.security.password"].value == "***"
    assert entries["csms.security.password"].source.endswith("(environment CSMS_PASSWORD)")
    assert entries["variables.EVSE@1.Power#MaxSet"].value == "22000"
    assert entries["auth.readers[0].uid.case"].value == "upper"
    assert ENV["CSMS_PASSWORD"] not in repr(entries) + repr(example)


def test_profiles_travel_between_processes(example: Loaded) -> None:
    assert pickle.loads(pickle.dumps(example.profile)) == example.profile


def test_no_profile_at_all_is_a_demo_station() -> None:
    one, other = load(env=ENV).profile, load(env=ENV).profile
    assert re.fullmatch(r"CP-[0-9A-F]{4}", one.station.id)
    assert other.evses == one.evses
    assert (one.store, one.state, one.csms.mode, one.csms.security.profile) == (None, None, "embedded", 0)
    assert [(evse.id, evse.max_current_a, evse.phases) for evse in one.evses] == [(1, 16.0, 3)]
    connector = one.evses[0].connectors[0]
    assert (connector.id, connector.number, connector.type, connector.cable, connector.lock) == (
        1,
        1,
        "cType2",
        "socket",
        True,
    )
    assert [reader.part.driver for reader in one.auth.readers] == ["keyboard"]
    assert not one.uses_hardware
    assert one.car == CarConfig()


def test_unknown_keys_get_a_suggestion(tmp_path: Path) -> None:
    text = "evses:\n  - id: 1\n    hardware:\n      pilots: {driver: sim}\nstaton: {id: A}\n"
    assert errors(tmp_path, text) == [
        "profile.yaml:4:7: unknown key 'pilots' in evses[0].hardware; did you mean 'pilot'?",
        "profile.yaml:5:1: unknown key 'staton'; did you mean 'station'?",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("station: {max_current: 22kW}", "1:24: station.max_current: '22kW': a power, not a current"),
        ("station: {id: 'a:b'}", "1:15: station.id: 'a:b': the id holds a colon"),
        ("station: {id: }", "1:11: station.id: the value is missing"),
        ("station: 7", "1:10: station: '7' stands where a mapping belongs"),
        ("station: [a]", "1:10: station: a list stands where a mapping belongs"),
        ("station: {vendor: a long name that goes on}", "1:19: station.vendor: 24 characters"),
        ("csms: noen", "did you mean 'none'?"),
        ("csms: {url: 'http://h/'}", "did you mean 'ws://h/'?"),
        ("csms: {versions: [ocpp2.0]}", "did you mean 'ocpp2.0.1'?"),
        ("csms: {versions: []}", "the list is empty"),
        ("csms: {versions: [ocpp1.6, ocpp1.6]}", "twice"),
        ("csms: {security: {profile: 4}}", "known: 0, 1, 2, 3"),
        ("csms: {url: 'ws://h', security: {profile: 2}}", "1:43: csms.security.profile: security profile 2 needs TLS"),
        ("csms: {call_timeout: 0s}", "more than 0"),
        ("csms: {reconnect: {doubles: -1}}", "at least 0"),
        ("csms: none", "nobody may charge"),
        ("control: {listen: 0.0.0.0:8080}", "1:19: control.listen: 0.0.0.0 can be reached"),
        ("control: {listen: 127.0.0.1:99999}", "no port"),
        ("evses: []", "the list is empty"),
        ("evses: [{id: 2}]", "from 1 without gaps"),
        ("evses: [{id: 1}, {id: 1}]", "the ids are 1, 1"),
        ("evses: [{connectors: [{id: 2}]}]", "evses[0].connectors"),
        ("evses: [{max_current: 0A}]", "more than 0"),
        ("evses: [{phases: 4}]", "must be 1, 2 or 3"),
        ("evses: [{connectors: [{type: cTyp2}]}]", "did you mean 'cType2'?"),
        ("evses: [{connectors: [{lock: perhaps}]}]", "neither on nor off"),
        ("evses: [{hardware: {meter: {driver: simm}}}]", "did you mean 'sim'?"),
        ("evses: [{hardware: {meter: {}}}]", "the driver is missing; known: "),
        ("evses: [{hardware: {meter: sim}}]", "write it like {driver: sim}"),
        ("evses: [{hardware: {meter: {driver: sim, counts: both}}}]", "hardware.meter.counts: driver sim: "),
        ("evses: [{hardware: {meter: {driver: sim, signed: {begun: x}}}}]", "did you mean 'begin'?"),
        ("auth: frea", "did you mean 'free'?"),
        ("auth: {selection: FindLast}", "did you mean 'FindFirst'?"),
        ("auth: {readers: [{driver: keyboard, evses: [2]}]}", "there is no EVSE 2; known: 1"),
        ("auth: {readers: [{driver: keyboard, uid: {case: UPPER}}]}", "auth.readers[0].uid.case"),
        ("auth: {readers: [{driver: acr122}]}", "did you mean 'acr122u'?"),
        ("auth: {local: {allow: ['" + "A" * 37 + "']}}", "at most 36"),
        ("auth: {local: {allow: [A, A]}}", "twice"),
        ("auth: {local: {allow: 00123456}}", "stands where a list belongs; write it in brackets"),
        ("car: {soc: 135%}", "more than 100 %"),
        ("metering: {measurands: [Power.Active.Imports]}", "did you mean 'Power.Active.Import'?"),
        ("firmware: {installer: {exec: }}", "firmware.installer.exec: the value is missing"),
        ("firmware: {installer: {}}", "the key 'exec' is missing"),
        ("reboot: {real: perhaps}", "reboot.real"),
        ("variables: {A.B.C: 1}", "is no address"),
        ("variables: {A.B: 1, 'A.B#Actual': 2}", "are the same"),
        ("variables: {A: {min: 5, max: 4}}", "min is more than max"),
        ("variables: {A: {pattern: '['}}", "not a regular expression"),
        ("variables: {A: {typ: string}}", "did you mean 'type'?"),
        ("variables: {A: {type: strong}}", "did you mean 'string'?"),
        ("[]", "a profile is a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = errors(tmp_path, text)
    assert found.startswith("profile.yaml:1:")
    assert expected in found


def test_problems_of_every_kind_come_together_in_order(tmp_path: Path) -> None:
    text = "station: {id: A, id: B}\ncar: {soc: full}\ncsms:\n  security: {password: '${MISSING}'}\n"
    found = errors(tmp_path, text)
    assert [line.split(":")[1] for line in found] == ["1", "2", "4"]


def test_secrets_do_not_show_in_errors(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim:geheim")
    (found,) = errors(tmp_path, "station: {id: !file secret}")
    assert "geheim" not in found
    (found,) = errors(tmp_path, "csms: {url: 'ws://me:geheim@h'}")
    assert "geheim" not in found
    (found,) = errors(tmp_path, "csms: {url: '${CSMS_PASSWORD}'}")
    assert ENV["CSMS_PASSWORD"] not in found


@pytest.mark.parametrize(
    ("csms", "expected"),
    [
        ("{url: 'ws://h'}", 0),
        ("{url: 'ws://h', security: {password: x}}", 1),
        ("{url: 'wss://h'}", 2),
        ("{url: 'wss://h', security: {password: x}}", 2),
        ("{url: 'wss://h', security: {cert: a, key: b}}", 3),
        ("{url: 'wss://h', security: {cert: a}}", 2),
        ("{url: 'ws://h', security: {cert: a, key: b}}", 0),
        ("{url: 'wss://h', security: {profile: 2, cert: a, key: b}}", 2),
    ],
)
def test_the_security_profile_where_none_is_written(tmp_path: Path, csms: str, expected: int) -> None:
    assert loaded(tmp_path, f"csms: {csms}").profile.csms.security.profile == expected


def test_an_unguarded_charger_is_written_down(tmp_path: Path) -> None:
    real = "evses: [{hardware: {contactor: {driver: gpio, pin: 17}}}]\n"
    assert "needs csms" in errors(tmp_path, real)[0]
    assert "needs csms" in errors(tmp_path, real + "csms: {}\n")[0]
    assert "nobody may charge" in errors(tmp_path, real + "csms: none\n")[0]
    assert loaded(tmp_path, real + "csms: none\nauth: free\n").profile.auth.free
    assert loaded(tmp_path, real + "csms: none\nauth: {local: {allow: [A]}}\n").profile.csms.mode == "none"
    assert loaded(tmp_path, real + "csms: {url: 'ws://h'}\n").profile.csms.mode == "url"


def test_a_real_reader_alone_wants_a_csms_block_too(tmp_path: Path) -> None:
    reader = "auth: {readers: [{driver: acr122u, device: 'usb:072f:2200'}]}\n"
    assert "needs a csms block" in errors(tmp_path, reader)[0]
    assert "needs a csms block" in errors(tmp_path, reader + "csms:\n")[0]
    assert loaded(tmp_path, reader + "csms: {}\n").profile.csms.mode == "embedded"


def test_a_controller_under_pilot_switches_the_contactor(tmp_path: Path) -> None:
    text = "csms: {url: 'ws://h'}\nevses: [{hardware: {pilot: {driver: openevse, port: /dev/ttyAMA1}}}]\n"
    result = loaded(tmp_path, text)
    assert result.profile.evses[0].hardware.contactor is None
    assert any("the energy is made up" in warning for warning in result.warnings)


def test_simulated_meters(tmp_path: Path) -> None:
    text = (
        "evses:\n  - hardware: {meter: {driver: sim, counts: session, signed: yes}}\n"
        "  - hardware: {meter: {driver: sim, signed: {begin: B, end: E, begin_known: at end}}}\n  - {}\n"
    )
    meters = [evse.hardware.meter.parsed for evse in loaded(tmp_path, text).profile.evses]
    assert [(meter.counts, meter.signed is not False) for meter in meters] == [
        ("session", True),
        ("lifetime", True),
        ("lifetime", False),
    ]
    assert (meters[1].signed.begin, meters[1].signed.begin_known) == ("B", "at end")


def test_connectors_are_numbered_through_the_station(tmp_path: Path) -> None:
    text = "evses: [{id: 2, connectors: [{}, {}]}, {id: 1, connectors: [{cable: fixed}, {}]}]"
    evses = loaded(tmp_path, text).profile.evses
    assert [(evse.id, [connector.number for connector in evse.connectors]) for evse in evses] == [
        (1, [1, 2]),
        (2, [3, 4]),
    ]
    assert [connector.lock for connector in evses[0].connectors] == [False, True]


def test_defaults_that_follow_from_other_values(tmp_path: Path) -> None:
    profile = loaded(tmp_path, "station: {id: A/1}\nevses: [{max_current: 32A}, {max_current: 6.5}]\n").profile
    assert profile.station.max_current_a == 38.5
    assert profile.store == Path("/home/user/.local/state/ocpp-station/A%2F1.db")
    assert profile.state == Path("/home/user/.local/state/ocpp-station/A%2F1.d")


def test_the_folder_for_state(tmp_path: Path) -> None:
    path = write(tmp_path, "station: {id: A}")
    assert load(path, env={"XDG_STATE_HOME": "/x", "HOME": "/h"}).profile.store == Path("/x/ocpp-station/A.db")
    env = {"XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/var/lib/ocpp-station:/other"}
    assert load(path, env=env).profile.state == Path("/var/lib/ocpp-station/A.d")
    path = write(tmp_path, "station: {id: A}\nstore: here/my.db\n")
    profile = load(path, env=ENV).profile
    assert (profile.store, profile.state) == (tmp_path / "here/my.db", tmp_path / "here/my.d")
    path = write(tmp_path, "store: memory\nstate: keys\n")
    assert load(path, env=ENV).profile.state == tmp_path / "keys"


def test_a_profile_without_an_id_keeps_one_by_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "car: {soc: 5%}")
    assert load(path, env=ENV).profile.station.id == load(path, env=ENV).profile.station.id


def test_flags_win_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("0123456789abcdef\n")
    flags = Overrides(
        csms="wss://other/ocpp",
        id="CP-7",
        ocpp="1.6",
        password_file=tmp_path / "pw",
        ca=Path("ca.pem"),
        insecure=True,
        control="stdio",
    )
    text = "station: {id: A, vendor: V}\ncsms: {url: 'ws://h', ping: 7s, security: {host_name: any}}\n"
    result = loaded(tmp_path, text, flags)
    profile = result.profile
    assert (profile.station.id, profile.station.vendor) == ("CP-7", "V")
    assert profile.station_url == "wss://other/ocpp/CP-7"
    assert (profile.csms.versions, profile.csms.ping_s) == (("ocpp1.6",), 7.0)
    assert profile.csms.security.password == Secret("0123456789abcdef")
    assert profile.csms.security.ca == Path.cwd() / "ca.pem"
    assert not profile.csms.security.check_chain
    assert (profile.control.stdio, profile.control.http) == (True, True)
    sources = {entry.path: entry.source for entry in explain(result)}
    assert sources["csms.url"] == "--csms"
    assert sources["csms.versions"] == "--ocpp"
    assert sources["csms.security.verify"] == "--insecure"
    assert sources["csms.ping"].endswith("profile.yaml:2:29")


def test_flags_are_checked_like_the_profile(tmp_path: Path) -> None:
    assert errors(tmp_path, "{}", Overrides(csms="http://h"))[0].startswith("--csms: csms.url: ")
    assert "--ocpp" in errors(tmp_path, "{}", Overrides(ocpp="3"))[0]
    assert "--password-file" in errors(tmp_path, "{}", Overrides(password_file=tmp_path / "no"))[0]
    found = errors(tmp_path, "csms: none\nauth: free\n", Overrides(ca=Path("x")))
    assert found == ["--ca: --ca needs a CSMS, and the profile says csms: none"]
    profile = loaded(tmp_path, "csms: none\n", Overrides(csms="ws://h")).profile
    assert profile.csms.mode == "url"
    assert loaded(tmp_path, "{}", Overrides(control="off")).profile.control.http is False


def test_off_and_on_have_synonyms(tmp_path: Path) -> None:
    text = "control: no\nfirmware: {signed: false, reboot: NO}\nreboot: {real: true}\ncsms: {compression: on}\n"
    profile = loaded(tmp_path, text).profile
    assert not profile.control.http
    assert (profile.firmware.signed_required, profile.firmware.reboot) == (False, False)
    assert profile.reboot.real
    assert profile.csms.compression


def test_programs_are_relative_to_the_profile(tmp_path: Path) -> None:
    text = "firmware: {signed: required, installer: {exec: bin/install}}\nreboot: {real: {exec: /sbin/reboot}}\n"
    profile = loaded(tmp_path, text).profile
    assert profile.firmware.installer == tmp_path / "bin/install"
    assert profile.firmware.signed_required
    assert (profile.reboot.real, profile.reboot.program) == (True, Path("/sbin/reboot"))


def test_blocks_with_everything_commented_out_count_as_left_out(tmp_path: Path) -> None:
    text = "station:\ncsms:\n  security:\nevses:\nauth:\n  local:\ncar:\nvariables:\n"
    assert loaded(tmp_path, text).profile.csms.mode == "embedded"


def test_variables_of_every_form(tmp_path: Path) -> None:
    text = "variables:\n  A: off\n  B:\n  C: [1, 2]\n  D: {type: integer, min: 1, max: 9.5, mutability: ReadOnly}\n"
    variables = loaded(tmp_path, text).profile.variables
    assert [variable.value for variable in variables] == ["off", None, "1,2", None]
    assert (variables[3].min, variables[3].max, variables[3].mutability) == (1.0, 9.5, "ReadOnly")
    assert variables[2].position.line == 4


def test_short_names_are_those_that_somebody_wrote(tmp_path: Path) -> None:
    text = "csms: {call_timeout: 20s, reconnect: {doubles: 3}}\nmetering: {measurands: [SoC]}\n"
    names = {short.path: (short.value, short.position.line) for short in loaded(tmp_path, text).profile.short_names}
    assert names == {
        "csms.call_timeout": (20.0, 1),
        "csms.reconnect.doubles": (3, 1),
        "metering.measurands": (("SoC",), 2),
    }


def test_secrets_of_variables_are_masked(tmp_path: Path) -> None:
    result = loaded(tmp_path, 'variables: {AuthorizationKey: "${CSMS_PASSWORD}"}')
    assert [entry.value for entry in explain(result) if entry.path.startswith("variables")] == ["***"]
    assert ENV["CSMS_PASSWORD"] not in repr(result.profile)


def test_copies_for_a_fleet(tmp_path: Path) -> None:
    mapping = {"station": {"vendor": "V"}, "csms": {"url": "ws://h/ocpp", "ping": 5}, "car": {"plugged": True}}
    profile = from_mapping(mapping, tmp_path, env=ENV).profile
    assert (profile.csms.ping_s, profile.car.plugged) == (5.0, True)
    copy = profile.with_identity("LT-00001", password=Secret("0123456789abcdef"))
    assert (copy.station_url, copy.csms.security.profile) == ("ws://h/ocpp/LT-00001", 1)
    assert copy.store == Path("/home/user/.local/state/ocpp-station/LT-00001.db")
    assert copy.evses is profile.evses
    assert profile.with_identity("LT-2").csms is profile.csms
    with pytest.raises(ValueError, match="colon"):
        profile.with_identity("a:b")


def test_a_mapping_of_a_plan_keeps_the_files_positions_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping({"station": {"idd": 5}}, tmp_path, source="plan.yaml group busy", env=ENV)
    assert str(caught.value) == "plan.yaml group busy: unknown key 'idd' in station; did you mean 'id'?"
    with pytest.raises(ConfigError):
        from_mapping({"station": object()}, tmp_path, env=ENV)


def test_the_template_is_a_valid_profile(tmp_path: Path) -> None:
    result = loaded(tmp_path, template())
    assert result.warnings == ()
    assert result.profile.store is None
