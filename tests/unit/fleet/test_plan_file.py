"""A fleet's plan: what its keys and the flags come to, and every mistake with its place."""

import math
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from station.config import ConfigError, Secret
from station.fleet.plan import Card, Network, Plan, Stage
from station.fleet.plan_file import FleetOverrides, LoadedPlan, load_plan
from station.fleet.population import Population

URL = "ws://csms.test/ocpp"
FLEETS = sorted((Path(__file__).parents[3] / "profiles" / "fleets").glob("*.yaml"))


class Place:
    """A folder with a plan."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def load(self, text: str, **flags: Any) -> LoadedPlan:
        flags.setdefault("csms", URL)
        return load_plan(self.write("plan.yaml", text), FleetOverrides(**flags), {})

    def plan(self, text: str, **flags: Any) -> Plan:
        return self.load(text, **flags).plan

    def problems(self, text: str, **flags: Any) -> list[str]:
        """Each line, without the folder."""
        with pytest.raises(ConfigError) as caught:
            self.load(text, **flags)
        return [line.replace(f"{self.folder}/", "") for line in str(caught.value).splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# Without a file


def test_without_a_plan_stations_charge_and_pause() -> None:
    loaded = load_plan(None, FleetOverrides(count=100, csms=URL, run_for="1m"), {})
    plan = loaded.plan
    (group,) = plan.groups
    assert loaded.warnings == ()
    assert (plan.count, plan.name, plan.id_template) == (100, "fleet", "LT-{:05d}")
    assert plan.stages == (Stage(100, 1.0, 60.0),)
    assert (group.name, group.weight, group.behaviour.pattern) == ("stations", 1.0, "paced")
    assert (group.behaviour.session_s, group.behaviour.pause_s, group.profile.metering.sample_s) == (30, 30, 5)


def test_without_a_duration_it_goes_on_until_it_is_told_to_end() -> None:
    plan = load_plan(None, FleetOverrides(csms=URL), {}).plan
    assert plan.count == 10
    assert plan.duration_s == math.inf


def test_a_virtual_fleet_needs_no_csms_and_runs_a_day() -> None:
    plan = load_plan(None, FleetOverrides(count=5, virtual=True), {}).plan
    assert plan.duration_s == 86_400
    assert plan.groups[0].profile.csms.mode == "url"


def test_a_fleet_needs_a_csms() -> None:
    with pytest.raises(ConfigError, match=r"^--csms: no CSMS is named; station fleet --csms URL"):
        load_plan(None, FleetOverrides(count=5), {})


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"count": 0}, "-n: 0 stations; write 1 to 1000000"),
        ({"id": "LT"}, "--id: 'LT': no field for the number: all 10 stations would be 'LT'; write it like LT-{:05d}"),
        ({"id": "LT-{:04d}:"}, "--id: 'LT-{:04d}:': the id holds a colon"),
        ({"id": "{}-{}"}, "--id: '{}-{}': more than one field"),
        ({"id": "{0.real}"}, "--id: '{0.real}': '{0.real}' is no field for the number"),
        ({"id": "{:999d}"}, "is no field for the number"),
        ({"id": "{:060d}"}, "the id has 60 characters; OCPP allows 48"),
        ({"id": "{"}, "--id: '{': a brace without its partner"),
        ({"ramp": "30x"}, "--ramp: '30x': unknown unit 'x'; known: ms, s, m, h, d"),
        ({"run_for": "0s"}, "--for: '0s': must be more than 0"),
        ({"run_for": "60"}, "--for: '60': a number without its unit; write 60ms, 60s, 60m, 60h or 60d"),
        ({"thresholds": ("boot.95<2s",)}, "--threshold: threshold 'boot.95<2s': boot has no '95'; did you mean 'p95'?"),
        ({"csms": "http://csms.test"}, "--csms: csms.url: .* must begin with ws:// or wss://"),
        ({"ocpp": "1.7"}, "--ocpp: csms.versions.* 'ocpp1.7' is not allowed here"),
        ({"password_file": Path("/nowhere")}, "--password-file: /nowhere: no such file"),
        ({"stations": Path("/nowhere.csv")}, "--stations: /nowhere.csv: cannot be read: No such file or directory"),
        ({"cards": Path("/nowhere.csv")}, "--cards: /nowhere.csv: cannot be read: No such file or directory"),
    ],
)
def test_a_flag_that_cannot_be_used_is_named(flags: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_plan(None, FleetOverrides(**{"csms": URL, **flags}), {})  # type: ignore[arg-type]
    text = str(caught.value)
    start, _, end = problem.partition(".*")
    assert start in text
    assert end.strip() in text
    assert len(caught.value.problems) == 1


# What the keys come to


@pytest.mark.parametrize(
    ("behaviour", "session_s"),
    [
        ("pattern: highway", 1800.0),
        ("pattern: highway, day: 10m", 12.5),
        ("pattern: rush-hour, day: 1h", 150.0),
        ("pattern: rush-hour, day: 1h, session: 10s", 10.0),
        ("pattern: paced", 30.0),
    ],
)
def test_in_a_short_day_stays_are_as_short(place: Place, behaviour: str, session_s: float) -> None:
    plan = place.plan(f"stations: {{count: 1}}\ngroups: [{{behaviour: {{{behaviour}}}}}]\n", csms=URL)
    assert plan.groups[0].behaviour.session_s == pytest.approx(session_s)


def test_every_key_has_its_meaning(place: Place) -> None:
    place.write("cards.csv", "idTag,type\nA1,ISO15693\nB2,\n")
    plan = place.plan(
        """
        plan:
          {name: big, seed: 7, ramp: 30s, for: 2m, ocpp: "1.6", speed: 2, begins: "06:30", end_patience: 5s,
           thresholds: ["boot.p95<2s"], network: {latency: 10ms}}
        csms: {url: "wss://csms.test/ocpp/{id}/x", ping: 5m, security: {password: 0123456789abcdef}}
        stations: {id: "X-{:03d}", count: 10}
        cards: cards.csv
        groups:
          - {name: a, share: 40%, ocpp: 2.0.1, behaviour: {pattern: back-to-back, samples: 3, stop: unplug}}
          - name: b
            station: {csms: {ping: 1m, call_timeout: 5s}}
            behaviour: {pattern: paced, session: 1m, pause: 5s, sample: 2s, start: at once, answers_remote: no}
            network: {drop: 1%, reset: 0.5%, jitter: 1ms}
        events:
          - {at: 1m, do: go_offline, share: 20%, for: 30s, group: b, spread: 2s}
          - {at: 2m, do: network, for: 5s, params: {latency: 100ms, drop: 5%}}
        """,
        csms=None,
    )
    a, b = plan.groups
    assert (plan.name, plan.seed, plan.speed, plan.begins_s, plan.end_patience_s) == ("big", 7, 2.0, 23_400.0, 5.0)
    assert plan.stages == (Stage(10, 30.0, 120.0),)
    assert plan.cards == (Card("A1", "ISO15693"), Card("B2"))
    assert [group.weight for group in plan.groups] == pytest.approx([0.4, 0.6])
    assert (a.profile.csms.versions, b.profile.csms.versions) == (("ocpp2.0.1",), ("ocpp1.6",))
    assert (a.behaviour.samples, a.behaviour.stop, a.network) == (3, "unplug", Network(latency_s=0.01))
    assert b.network == Network(jitter_s=0.001, drop=0.01, reset=0.005)
    assert (b.behaviour.sample_s, b.behaviour.start, b.behaviour.answers_remote) == (2.0, "at once", False)
    # The plan's csms wins key by key, and what it does not name stays.
    assert (b.profile.csms.ping_s, b.profile.csms.call_timeout_s) == (300.0, 5.0)
    assert b.profile.csms.security.password == Secret("0123456789abcdef")
    first, second = plan.storms
    assert (first.at_s, first.do, first.share, first.for_s, first.group) == (60, "go_offline", 0.2, 30, "b")
    assert (second.do, dict(second.params)) == ("network", {"latency_s": 0.1, "drop": 0.05})
    assert Population(plan).member(0).profile().station_url == "wss://csms.test/ocpp/X-001/x"


def test_flags_win_over_the_plan(place: Place) -> None:
    text = """
        plan: {seed: 3, ramp: 30s, for: 2m, ocpp: "1.6"}
        csms: {url: ws://elsewhere.test}
        stations: {id: "X-{}"}
        groups: [{name: a, count: 30}, {name: b, count: 10, ocpp: "1.6"}]
        """
    plan = place.plan(text, count=100, id="Y-{}", ramp="0s", run_for="5m", ocpp="2.0.1", seed=9, speed=3.0)
    assert (plan.count, plan.id_template, plan.seed, plan.speed) == (100, "Y-{}", 9, 3.0)
    assert plan.stages == (Stage(100, 0.0, 300.0),)
    assert [group.weight for group in plan.groups] == [0.75, 0.25]
    assert {group.profile.csms.versions for group in plan.groups} == {("ocpp2.0.1",)}
    assert {group.profile.csms.url for group in plan.groups} == {URL}


def test_a_station_keeps_everything_to_itself(place: Place) -> None:
    place.write("station.yaml", "store: /var/lib/x.db\nstate: /var/lib/x.d\ncontrol: {listen: 0.0.0.0:80}\n")
    profile = place.plan("groups: [{count: 1, station: station.yaml}]").groups[0].profile
    assert (profile.store, profile.state, profile.control.http) == (None, None, False)


def test_the_interface_document_reads(place: Place) -> None:
    place.write("wallbox.yaml", "evses: [{max_current: 32A}]\n")
    place.write("cards.csv", "idTag,type\nA,\n")
    plan = place.plan(
        """
        plan: {seed: 1, ramp: 60s, for: 10m, ocpp: "1.6", thresholds: ["boot.p95<2s", "call.errors<0.1%"]}
        stations: {id: "LT-{:05d}"}
        cards: cards.csv
        groups:
          - {name: busy, count: 100, station: wallbox.yaml, behaviour: {pattern: back-to-back, samples: 10}}
          - {name: town, share: 30%, station: {metering: {sample: 1m}}, behaviour: {pattern: commuter}}
        events:
          - {at: 3m, do: go_offline, share: 20%, for: 30s}
        """
    )
    # 100 stations are the 70 % that the shares leave.
    assert plan.count == 143
    assert sum(Population(plan).member(index).group.name == "busy" for index in range(143)) == 100


@pytest.mark.parametrize(
    ("groups", "flags", "count", "weights"),
    [
        ("[{count: 3}, {count: 1}]", {}, 4, [0.75, 0.25]),
        ("[{count: 3}, {count: 1}]", {"count": 8}, 8, [0.75, 0.25]),
        ("[{share: 25%}, {share: 75%}]", {"count": 8}, 8, [0.25, 0.75]),
        ("[{count: 2}, {}]", {"count": 8}, 8, [0.25, 0.75]),
        ("[{share: 20%}, {}, {}]", {"count": 10}, 10, [0.2, 0.4, 0.4]),
    ],
)
def test_counts_and_shares(
    place: Place, groups: str, flags: dict[str, object], count: int, weights: list[float]
) -> None:
    plan = place.plan(f"groups: {groups}", **flags)
    assert plan.count == count
    assert [group.weight for group in plan.groups] == pytest.approx(weights)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("groups: [{name: a}]", "plan.yaml:1:9: groups: how many stations is not said"),
        ("groups: [{share: 50%}, {share: 30%}]\nstations: {count: 10}", "80 % of the 10 stations (8), and nobody has"),
        ("groups: [{share: 60%}, {share: 50%}]\nstations: {count: 10}", "110 % of the 10 stations (11) already"),
        ("groups: [{count: 10}, {}]\nstations: {count: 10}", "100 % of the 10 stations (10) already"),
        ("groups: [{count: 10}, {share: 100%}]", "the shares are 100%, and there are groups with a count besides"),
        ("groups: [{count: 10, share: 10%}]\nstations: {count: 10}", ":1:22: groups[0].share: a group has a count or"),
        ("groups: []", "plan.yaml:1:9: groups: the list is empty"),
        ("groups: [{name: a, count: 1}, {name: a, count: 1}]", "1:38: groups[1].name: 'a' is the name of another"),
    ],
)
def test_numbers_that_do_not_fit(place: Place, text: str, problem: str) -> None:
    (said,) = place.problems(text)
    assert problem in said


def test_stages(place: Place) -> None:
    text = """
        plan: {ramp: 10s, for: 1m}
        stations: {count: 100}
        stages: [{share: 50%}, {stations: 100, ramp: 0s, for: 5m}]
        """
    assert place.plan(text).stages == (Stage(50, 10.0, 60.0), Stage(100, 0.0, 300.0))
    assert place.plan(text, count=1000).stages == (Stage(500, 10.0, 60.0), Stage(1000, 0.0, 300.0))
    loaded = place.load(text, run_for="3m")
    assert loaded.plan.stages == (Stage(100, 10.0, 180.0),)
    assert loaded.warnings == ("--for: the plan's stages give way to a single one of all stations",)


@pytest.mark.parametrize(
    ("stages", "problem"),
    [
        ("[{stations: 200, for: 1m}]", "plan.yaml:2:21: stages[0].stations: 200 stations, and there are 100"),
        ("[{for: 1m}]", "plan.yaml:2:10: stages[0]: a stage has stations or a share of all, one of them"),
        ("[{share: 10%}, {share: 20%, for: 1m}]", "plan.yaml:2:10: stages[0]: how long it is held is missing"),
    ],
)
def test_stages_that_cannot_be(place: Place, stages: str, problem: str) -> None:
    (said,) = place.problems(f"stations: {{count: 100}}\nstages: {stages}")
    assert said.startswith(problem)


# Mistakes


def test_all_mistakes_are_told_in_one_run_each_with_its_place(place: Place) -> None:
    said = place.problems(
        """
        plan: {sed: 1, ramp: 60x, ocpp: "1.7", begins: 25:00}
        stations: {id: "LT", cont: 5}
        cards: [{idTag: A, type: ISO1}, "B"]
        groups:
          - {name: busy, count: 100, station: nowhere.yaml, behaviour: {patern: idle, samples: -1}}
          - {name: town, share: 130%, station: {evses: [{max_curent: 3A}]}, behaviour: {pattern: comuter}}
        events:
          - {at: 3m, do: go-offlin, share: 20%}
          - {at: 3m, do: fault, params: {errorCode: Foo}, share: 101%}
          - {at: 1m, do: csms_restart, group: bus}
        """
    )
    assert said == [
        "plan.yaml:1:8: unknown key 'sed' in plan; did you mean 'seed'?",
        "plan.yaml:1:22: plan.ramp: '60x': unknown unit 'x'; known: ms, s, m, h, d",
        "plan.yaml:1:33: plan.ocpp: '1.7' is no version; known: 1.6, 2.0.1, several with commas",
        "plan.yaml:1:48: plan.begins: '25:00': not a time of the day; write it like 06:30",
        "plan.yaml:2:22: unknown key 'cont' in stations; did you mean 'count'?",
        "plan.yaml:3:26: cards[0].type: 'ISO1' is not allowed here; did you mean 'ISO15693'?",
        "plan.yaml:5:39: groups[0].station: nowhere.yaml is no file; the path is relative to the plan",
        "plan.yaml:5:65: unknown key 'patern' in groups[0].behaviour; did you mean 'pattern'?",
        "plan.yaml:5:88: groups[0].behaviour.samples: must be at least 0",
        "plan.yaml:6:25: groups[1].share: '130%': more than 100 %",
        "plan.yaml:6:50: unknown key 'max_curent' in evses[0]; did you mean 'max_current'?",
        "plan.yaml:6:90: groups[1].behaviour.pattern: 'comuter' is not allowed here; did you mean 'commuter'?",
        "plan.yaml:8:18: events[0].do: nothing is called 'go-offlin'; did you mean 'go_offline'?",
        *[line for line in said if line.startswith("plan.yaml:9:")],
        "plan.yaml:10:18: events[2]: csms_restart needs its duration; for: 30s",
        "plan.yaml:10:39: events[2].group: there is no group 'bus'; did you mean 'busy'?",
    ]
    assert [line.split(": ", 1)[0] for line in said if ":9:" in line] == ["plan.yaml:9:34", "plan.yaml:9:58"]


def test_what_is_sound_is_looked_at_however_much_is_not(place: Place) -> None:
    said = place.problems(
        """
        plan: {ocpp: "1.7", thresholds: [{a: 1}, boot]}
        stations: {id: "LT-{:05x", count: "${NONE}"}
        groups: [3, {share: 0.3, name: b}, {name: b, station: {meterin: {}}}]
        events:
          - {do: blackout}
          - {at: 1s, do: {}, group: nobody}
          - 7
          - {at: x, do: fault, for: y, params: {errorCode: Nope, bogus: 1, connector: 0}}
          - {at: 1s, do: reboot, for: 3s, params: {type: Firm}}
          - {at: 1s, do: send_ocpp, params: {action: "${NONE}"}}
          - {at: 1s, do: contactor_fault, params: {connector: 1}}
        stages: [{ramp: 5}, {}]
        cards: [{type: Central}, [A]]
        """,
        count=1,
    )
    assert [line.split(": ", 1)[0].removeprefix("plan.yaml:") for line in said] == [
        *("1:14", "1:34", "1:42"),
        *("2:16", "2:35"),
        *("3:10", "3:21", "3:43", "3:56"),
        *("5:5", "5:10"),
        "6:18",
        "7:5",
        *("8:10", "8:29", "8:41", "8:58", "8:68"),
        *("9:31", "9:44"),
        "10:46",
        "11:18",
        *("12:10", "12:10", "12:17", "12:21"),
        *("13:9", "13:26"),
    ], "\n".join(said)


def test_blocks_of_a_station_are_looked_at_however_many_are_wrong(place: Place) -> None:
    place.write("own.yaml", "meterin: {}\nevses: [{phases: 4}]\nreboot: {real: yes}\n")
    said = place.problems(
        """
        csms: {url: "http://h"}
        groups:
          - {station: {meterin: {}, variables: {Foo: 1}, reboot: {real: yes}, auth: {local: {allow: [A, A]}}}}
          - {station: {metering: {sample: 1x}, evses: [{hardware: {contactor: {driver: gpio, pin: 17}}}]}}
          - {station: own.yaml}
        """,
        count=3,
        csms=None,
    )
    assert [line.split(": ", 1)[0] for line in said] == [
        *(f"plan.yaml:{place}" for place in ("1:13", "3:16", "3:41", "3:65", "3:93", "4:35", "4:71")),
        *("own.yaml:1:1", "own.yaml:2:18", "own.yaml:3:16"),
    ], "\n".join(said)


def test_rows_of_a_csv_are_looked_at_however_many_are_wrong(place: Place) -> None:
    place.write("bad.pem", "no certificate")
    place.write("s.csv", "id,cert,key\nA,none.pem,none.key\nB,bad.pem,\nB:,,\nC,bad.pem,bad.pem\nD,,,\n")
    said = place.problems("stations: s.csv\nplan: {ocpp: 3}", csms="wss://csms.test/ocpp")
    assert [line.split(": ", 1)[0] for line in said] == [
        *("plan.yaml:2:14", "s.csv:2:3", "s.csv:3:3", "s.csv:4:1", "s.csv:5:3", "s.csv:6:5"),
    ]


def test_a_group_without_a_station_is_a_warning(place: Place) -> None:
    loaded = place.load("stations: {count: 20}\ngroups: [{name: a, share: 0.3%}, {name: b}]")
    assert [line.partition("plan.yaml:")[2] for line in loaded.warnings] == [
        "2:10: group 'a' has no station: 0.3 % of 20; raise its share, or take more"
    ]
    assert place.load("stations: {count: 20}\ngroups: [{name: a, share: 5%}, {name: b}]").warnings == ()


def test_a_connector_that_only_some_stations_have_is_theirs(place: Place) -> None:
    event = "events: [{at: 1s, do: plug_in, params: {connector: 2}}]"
    groups = "groups: [{name: a}, {name: b, station: {evses: [{}, {}]}}]"
    assert place.plan(f"{groups}\n{event}", count=2).storms[0].params == {"connector": 2}
    (said,) = place.problems(f"{groups}\n{event.replace('do:', 'group: a, do:')}", count=2)
    assert "connector 2: these stations have 1" in said
    place.write("s.csv", "id,connectors\nA,2\n")
    assert place.plan(f"stations: s.csv\n{event}").storms[0].params == {"connector": 2}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "plan.yaml:1:1: the file is empty; plans to begin with are in profiles/fleets"),
        ("- 1", "plan.yaml:1:1: a plan is a mapping of blocks"),
        ("plan: 3", "plan.yaml:1:7: plan: '3' stands where a mapping belongs"),
        ("plan: {seed: 1, seed: 2}", "plan.yaml:1:17: key 'seed' stands here twice"),
        ("groups: {name: a}", "plan.yaml:1:9: groups: a mapping stands where a list belongs"),
        ("events: [{do: go_offline}]", "plan.yaml:1:10: events[0]: the key 'at' is missing"),
        ("events: [{at: 1s, do: reboot, for: 3s}]", "1:36: events[0]: reboot takes no duration"),
        ("events: [{at: 1s, do: reboot, params: {typ: Soft}}]", "1:40: events[0]: reboot has no parameter 'typ'"),
        ("events: [{at: 1s, do: reboot, params: 3}]", "1:39: events[0].params: '3' stands where a mapping belongs"),
        ("stations: {csv: a.csv}", "plan.yaml:1:17: a.csv: cannot be read: No such file"),
        ("stations: a.csv", "plan.yaml:1:11: a.csv: cannot be read: No such file"),
        ("cards: b.csv", "plan.yaml:1:8: b.csv: cannot be read: No such file"),
        ("cards: ['12345678901234567890123456789012345678']", "1:9: cards[0]: '"),
        ('stations: {password: "a{x}"}', "1:22: stations.password: '{x}' is no field; write {id}, or {:05d}"),
        ("plan: {ramp: 60}", "1:14: plan.ramp: '60': a number without its unit; write 60ms, 60s, 60m, 60h or 60d"),
        ("plan: {begins: 6}", "1:16: plan.begins: '6': not a time of the day; write it like 06:30"),
        ("plan: {network: {drop: 0.1}}", "1:24: plan.network.drop: '0.1': a number without its unit; write 10% or"),
        ("groups: [{share: 0.3}, {}]", "1:18: groups[0].share: '0.3': a number without its unit; write 30% or 0.3%"),
        ("events: [{at: 0, do: reboot, share: 0.5}]", "1:37: events[0].share: '0.5': a number without its unit"),
        (
            "events: [{at: 1s, do: network, params: {latency: 40}}]",
            "1:41: events[0]: network: latency: a number without its unit; write 40ms, 40s",
        ),
        ("plan: {seed: 99999999999999999999999}", "1:14: plan.seed: '99999999999999999999999': beyond what"),
        ("events: [{at: 1s, do: plug_in, params: {connector: 7}}]", "1:52: events[0]: connector 7: these stations"),
        (
            "events: [{at: 1s, do: plug_in, params: {evse: 2}}]",
            "1:47: events[0]: evse 2: these stations have 1; write 1",
        ),
        ('events: [{at: 1s, do: blackout, for: "${NONE}"}]', "1:38: the environment variable NONE is not set"),
        ("events: [{at: 1s, do: blackout, for: 30}]", "1:38: events[0].for: '30': a number without its unit"),
        ("stages: [{for: 3x, stations: 1}, {stations: 0}]\nplan: {for: 1s}", "1:16: stages[0].for: '3x': unknown"),
        ("groups: [{name: a, station: [1]}]", "1:29: groups[0].station: "),
        ("stations: {password: '${NONE}'}", "1:22: the environment variable NONE is not set; export NONE=…"),
        ("groups: [{station: {csms: none}}]", "1:27: csms: a fleet needs a CSMS, and this station has none"),
        ("groups: [{station: 3}]", "1:20: groups[0].station: 3 is no file"),
        ("groups: [{station: {variables: {Foo: 1}}}]", "1:33: Foo: no standard knows this name"),
        (
            "groups: [{station: {evses: [{hardware: {contactor: {driver: gpio, pin: 17}}}]}}]",
            "1:52: contactor: a fleet's stations have no real hardware (gpio); leave it out: then it is simulated",
        ),
        (
            "groups: [{station: {auth: {readers: [{driver: pn532, device: /dev/x}]}}}]",
            "1:38: reader: a fleet's stations have no readers of their own (pn532); leave it out: the drivers of a",
        ),
        ("groups: [{station: {reboot: {real: yes}}}]", "1:36: reboot.real: a real reboot would end the whole fleet"),
        ("plan: {thresholds: [boot]}", "1:21: threshold 'boot': not NAME.STAT<VALUE"),
    ],
)
def test_a_mistake_and_its_place(place: Place, text: str, problem: str) -> None:
    flags: dict[str, Any] = {"csms": None} if "csms: none" in text else {}
    said = place.problems(text, count=1, **flags)
    assert len(said) == 1
    assert problem in said[0]


def test_mistakes_of_a_station_stand_in_its_file(place: Place) -> None:
    place.write("wallbox.yaml", "evses:\n  - {max_curent: 32A}\n")
    groups = "[{name: a, station: wallbox.yaml}, {name: b, station: wallbox.yaml}]"
    assert place.problems(f"groups: {groups}", count=10) == [
        "wallbox.yaml:2:6: unknown key 'max_curent' in evses[0]; did you mean 'max_current'?"
    ]


def test_keys_that_say_nothing_to_a_pattern_are_a_warning(place: Place) -> None:
    loaded = place.load("groups: [{behaviour: {pattern: idle, pause: 3s}}]", count=1)
    assert loaded.warnings[0].endswith("plan.yaml:1:38: pause says nothing to the pattern idle; it is for paced")


def test_a_payload_keeps_its_types(place: Place) -> None:
    text = """
        events:
          - at: 1s
            do: send_ocpp
            params: {action: DataTransfer, payload: {vendorId: "1", n: 5, x: 1.5, on: true, tag: 007, l: [1, a]}}
        """
    (storm,) = place.plan(text, count=1).storms
    assert storm.params["payload"] == {"vendorId": "1", "n": 5, "x": 1.5, "on": True, "tag": "007", "l": [1, "a"]}


# Identities


def test_stations_of_a_csv(place: Place) -> None:
    place.write("s.csv", "id,password,connectors,url\nA,pw-of-A,2,\nB,,1,wss://b.test/{id}\nC,,,\n")
    plan = place.plan("stations: {csv: s.csv, password: 'pw-{id}-{:02d}'}\ngroups: [{name: g}]")
    population = Population(plan)
    a, b, c = (population.member(index).profile() for index in range(3))
    assert (population.size, plan.rows[1].line) == (3, 3)
    assert [profile.station.id for profile in (a, b, c)] == ["A", "B", "C"]
    assert [len(profile.evses) for profile in (a, b, c)] == [2, 1, 1]
    assert a.csms.security.password == Secret("pw-of-A")
    assert b.csms.security.password == Secret("pw-B-02")
    assert (a.csms.security.profile, b.csms.security.profile) == (1, 2)
    assert (b.station_url, c.station_url) == ("wss://b.test/B", f"{URL}/C")
    assert population.index_of("C") == 2
    assert "pw-of" not in repr(plan)
    assert "pw-of" not in repr(population.member(0))


def test_stations_of_as_many_evses_share_a_group(place: Place) -> None:
    place.write("s.csv", "id,connectors\nA,2\nB,2\nC,1\n")
    population = Population(place.plan("stations: s.csv\ngroups: [{name: g}]"))
    assert population.member(0).group is population.member(1).group
    assert population.member(2).group is population.plan.groups[0]


def test_more_stations_than_rows(place: Place) -> None:
    place.write("s.csv", "id\nA\nB\n")
    assert place.problems("stations: s.csv", count=3) == ["-n: 3 stations, and the CSV has 2; write -n 2, or add rows"]
    assert place.plan("stations: s.csv", count=1).rows[0].id == "A"


def test_a_csv_has_ids_of_its_own(place: Place) -> None:
    place.write("s.csv", "id\nA\n")
    (said,) = place.problems('stations: {csv: s.csv, id: "X-{}"}')
    assert said == "plan.yaml:1:28: stations.id: the CSV has ids of its own; leave one of them out"
    (said,) = place.problems("stations: s.csv", id="X-{}")
    assert said.startswith("--id: the stations are those of a CSV")


def test_variables_have_to_suit_the_evses_of_every_row(place: Place) -> None:
    place.write("s.csv", "id,connectors\nA,2\nB,1\n")
    station = '{evses: [{}, {}], variables: {"EVSE@2.Power#MaxSet": 11000}}'
    (said,) = place.problems(f"stations: s.csv\ngroups: [{{station: {station}}}]")
    assert said.startswith("plan.yaml:2:")
    assert "with 1 EVSEs: " in said


# Plans that are shipped


@pytest.mark.parametrize("path", FLEETS, ids=lambda path: path.stem)
def test_a_shipped_plan_loads(path: Path, tmp_path: Path) -> None:
    from scripts.make_certs import laboratory, write

    write(tmp_path, laboratory("localhost", "CP-1", "Example"), "localhost", "CP-1")
    loaded = load_plan(path, FleetOverrides(csms="ws://csms.test/ocpp"), {"FLEET_CA": str(tmp_path)})
    assert loaded.plan.thresholds
    assert [warning for warning in loaded.warnings if "no group connects with TLS" not in warning] == []
    assert Population(loaded.plan).member(loaded.plan.count - 1).profile()
