"""The report of a run in all its forms."""

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from prometheus_client.parser import text_string_to_metric_families

from station.fleet import prometheus
from station.fleet.html_page import to_html
from station.fleet.junit import to_xml
from station.fleet.report import Report, flat
from station.fleet.report_csv import tables
from station.fleet.report_files import ReportFiles, ReportNotWritten
from tests.support.fleet_run import HOSTILE, PlayedRun

THRESHOLDS = ("boot.p95<2s", "call.errors<0.1%", "authorize.p99<1s")
CODE = HOSTILE[:40].replace(".", "?")


@pytest.fixture(scope="module")
def report() -> Report:
    return PlayedRun().play().report(*THRESHOLDS)


# JSON


def test_json_has_what_the_interface_promises(report: Report) -> None:
    shown = json.loads(json.dumps(report.to_json()))
    assert (shown["stations"], shown["up"]) == (10, 10)
    assert {"started": 4, "finished": 3, "late": 0}.items() <= shown["sessions"].items()
    values = shown["actions"]["MeterValues"]
    assert (values["count"], values["rate"]) == (93, 10.33)
    assert (values["p50_ms"], values["p95_ms"]) == (pytest.approx(9, abs=0.1), pytest.approx(9, abs=0.1))
    assert (values["p99_ms"], values["max_ms"]) == (900.0, 900.0)
    assert values["errors"] == {"Timeout": 1, CODE: 1}
    assert shown["loop_lag_ms"] == {"p99": 3.0, "max": 3.0}
    assert shown["generator"] == "saturated"
    assert [(each["threshold"], each["ok"]) for each in shown["thresholds"]] == [
        ("boot.p95<2s", True),
        ("call.errors<0.1%", False),
        ("authorize.p99<1s", False),
    ]


def test_json_has_the_rest_of_the_run(report: Report) -> None:
    shown = report.to_json()
    assert shown["total"]["count"] == 103
    assert shown["asked"]["RemoteStartTransaction"]["p99_ms"] == 2.0
    assert shown["times"]["connect"]["p90_ms"] == 4.0
    assert shown["recovery_curve"] == [[1.5002, 1], [2.5, 2]]
    assert shown["energy_kwh"] == 12.345
    assert shown["states"] == {"charging": 5, "faulted": 0}
    assert shown["connections"]["failed"] == {"refused.401": 1}
    assert shown["generator_detail"]["saturated"] == [{"from_s": 6.0, "to_s": 8.0}]
    assert (shown["run"]["seed"], shown["run"]["ocpp"], shown["run"]["end"]) == (7, ["1.6"], "done")


def test_the_actions_come_in_the_order_of_a_stations_day(report: Report) -> None:
    assert list(report.to_json()["actions"]) == ["BootNotification", "MeterValues"]


def test_crossed_means_that_one_was_not_met(report: Report) -> None:
    assert report.crossed
    assert not PlayedRun().play().report("boot.p95<2s").crossed
    assert not PlayedRun().play().report().crossed


# CSV


def rows(report: Report, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(tables(report)[name])))


def test_csv_has_a_row_for_each_action_and_each_second(report: Report) -> None:
    actions = rows(report, "actions.csv")
    assert [(each["side"], each["action"], each["count"]) for each in actions] == [
        ("station", "BootNotification", "10"),
        ("station", "MeterValues", "93"),
        ("csms", "RemoteStartTransaction", "1"),
    ]
    assert len(rows(report, "timeline.csv")) == 12
    assert rows(report, "timeline.csv")[4]["errors"] == "2"
    assert [each["passed"] for each in rows(report, "thresholds.csv")] == ["yes", "no", "no"]
    assert rows(report, "recovery.csv")[-1] == {"after_s": "2.5", "stations": "2"}
    assert {"name": "energy_kwh", "value": "12.345"} in rows(report, "summary.csv")


def test_no_cell_of_the_csv_is_a_formula(report: Report) -> None:
    assert f"'{CODE}" in {each["cause"] for each in rows(report, "errors.csv")}
    for text in tables(report).values():
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in csv.reader(io.StringIO(text)) for cell in row)


# JUnit


def test_junit_has_a_case_for_the_run_and_for_each_threshold(report: Report) -> None:
    suite = ElementTree.fromstring(to_xml(report)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("4", "2")
    cases = {case.get("name"): case.find("failure") for case in suite.iter("testcase")}
    assert list(cases) == ["run", *THRESHOLDS]
    assert cases["run"] is None
    assert cases["boot.p95<2s"] is None
    failure = cases["authorize.p99<1s"]
    assert failure is not None and failure.get("message") == "no data"
    assert "saturated" in to_xml(report)


def test_junit_says_that_nobody_was_accepted() -> None:
    document = ElementTree.fromstring(to_xml(PlayedRun().play().report(end="nobody", name="\x00\x1b")))
    failure = document.find(".//testcase[@name='run']/failure")
    assert failure is not None
    assert failure.text == "1 refused.401"


def full_report() -> Report:
    """One with everything that a report may have."""
    run = PlayedRun().play()
    for name, by in {
        "undelivered": 3,
        "messages.lost": 2,
        "storms.struck": 5,
        "network.dropped": 6,
        "lost_connections": 1,
        "sessions.refused": 4,
    }.items():
        run.metrics.count(name, by)
    run.metrics.took("drain", 0.5)
    run.metrics.took("gc_pause", 0.02)
    run.metrics.replied("Reset", 0.0, "NotSupported")
    run.look(13.0, run.snapshot(0), "done")
    run.ticks[-1].snapshot.times["wire.MeterValues"] = run.ticks[5].snapshot.times["call.MeterValues"]
    return run.report(*THRESHOLDS)


def test_every_figure_of_the_json_is_in_the_csv() -> None:
    report = full_report()
    known = report.to_json()
    actions = {(each["side"], each["action"]): each for each in rows(report, "actions.csv")}
    for side, member in (("station", "actions"), ("csms", "asked")):
        for name, figures in known.pop(member).items():
            row = actions[side, name]
            assert float(row.pop("rate")) == pytest.approx(figures.pop("rate"), abs=0.01)
            errors = figures.pop("errors")
            assert {
                each["cause"].removeprefix("'"): int(each["count"])
                for each in rows(report, "errors.csv")
                if (each["side"], each["action"]) == (side, name)
            } == errors
            wire = {f"wire_{key}": value for key, value in figures.pop("wire", {}).items() if key != "answered"}
            assert {key: float(row[key]) for key in figures | wire} == figures | wire
            assert bool(row["wire_p50_ms"]) == bool(wire)
    moments = {each["name"]: each for each in rows(report, "times.csv")}
    for name, figures in known.pop("times").items():
        assert float(moments[name]["count"]) == figures.pop("answered")
        assert {key: float(moments[name][key]) for key in figures} == figures
    for member, file in (("recovery_curve", "recovery.csv"), ("drain_curve", "drain.csv")):
        assert [[float(cell) for cell in each.values()] for each in rows(report, file)] == known.pop(member)
    assert [each["shown"] for each in rows(report, "thresholds.csv")] == [each["shown"] for each in known["thresholds"]]
    events = known["run"].pop("events")
    assert [(float(each["at_s"]), each["what"]) for each in rows(report, "events.csv")] == [
        (each["at_s"], each["text"]) for each in events
    ]
    saturated = known["generator_detail"].pop("saturated")
    assert [{key: float(cell) for key, cell in each.items()} for each in rows(report, "saturated.csv")] == saturated
    summary = {each["name"]: each["value"] for each in rows(report, "summary.csv")}
    assert summary == {name: "" if value is None else str(value) for name, value in flat(known)}
    assert summary["weather.struck"] == "5" and summary["lost_by_generator.messages"] == "2"


def test_every_figure_of_the_json_is_in_junit() -> None:
    report = full_report()
    every = ElementTree.fromstring(to_xml(report)).iter("property")
    properties = {each.get("name"): each.get("value") for each in every}
    assert properties.items() >= {name: str(value) for name, value in flat(report.to_json())}.items()
    assert properties["actions.MeterValues.wire.p95_ms"] == "9.007"


def test_every_figure_of_the_json_is_at_metrics_and_on_the_page() -> None:
    report = full_report()
    samples = samples_of(report)
    assert samples[("station_fleet_wire_seconds_count", ("action", "MeterValues"))] > 0
    assert samples[("station_fleet_weather_total", ("what", "struck"))] == 5
    assert samples[("station_fleet_weather_total", ("what", "dropped"))] == 6
    assert samples[("station_fleet_messages_undelivered_total",)] == 3
    assert samples[("station_fleet_messages_lost_total",)] == 2
    assert samples[("station_fleet_moment_seconds_count", ("name", "gc_pause"))] == 1
    assert samples[("station_fleet_asked_errors_total", ("action", "Reset"), ("cause", "NotSupported"))] == 1
    page = Page(to_html(report))
    assert {"on the wire", "mean", "Drain", "struck 5, dropped 6"} <= set(page.texts)
    assert any("refused 4" in text for text in page.texts)


# The page


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_loads_nothing(report: Report) -> None:
    page = Page(to_html(report))
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "a"} & {tag for tag, _ in page.tags}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {"src", "href", "srcset", "action", "xlink:href"} & names
    assert not [name for name in names if name.startswith("on")]
    text = to_html(report)
    assert not re.findall(r"https?://|url\(|@import|fetch\(|XMLHttpRequest|import\(", text)
    policies = [held["content"] for tag, held in page.tags if held.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    directives = dict(part.strip().split(" ", 1) for part in str(policies[0]).split(";"))
    scripts = directives.pop("script-src")
    none = "'none'"
    others = {"default-src": none, "style-src": "'unsafe-inline'", "base-uri": none, "form-action": none}
    assert directives == others
    script = text[text.index("<script>") + len("<script>") : text.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert scripts == f"'sha256-{digest}'"


def test_what_others_chose_is_escaped_on_the_page(report: Report) -> None:
    page = Page(to_html(report))
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag == "b" and "town" in "".join(page.texts[:3]) for tag, _ in page.tags[:12])
    assert any(CODE in text for text in page.texts)
    assert "town <b>" in page.texts


def test_the_page_shows_the_run(report: Report) -> None:
    page = Page(to_html(report))
    titles = [text for text in page.texts if text in _TITLES]
    assert titles == _TITLES
    assert page.texts.count("PASS") == 1
    assert page.texts.count("FAIL") == 2
    assert "generator saturated" in page.texts
    assert "00:05 disconnect 30 % <b>" in page.texts


_TITLES = [
    "Thresholds",
    "Calls",
    "Stations",
    "Calls",
    "Latency over time",
    "Latency, all calls",
    "Errors",
    "Recovery",
    "Loop lag of the generator",
    "The run",
]


def test_every_chart_is_sound(report: Report) -> None:
    drawings = re.findall(r"<svg.*?</svg>", to_html(report), re.DOTALL)
    assert len(drawings) == 6
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        points = root.get("data-points")
        if points is not None:
            held = json.loads(points)
            assert {len(held["x"]), len(held["at"]), *map(len, held["shown"])} == {len(held["x"])}
        assert "nan" not in drawing and "inf" not in drawing


def test_a_run_in_which_nothing_happened_has_a_page_too() -> None:
    run = PlayedRun()
    run.look(1.0, run.snapshot(0), "ramp")
    report = run.report(end="nobody")
    page = Page(to_html(report))
    assert "nobody was accepted" in page.texts
    assert "failed" in page.texts
    assert to_xml(report) and tables(report) and report.to_json()


def test_the_page_of_a_long_run_stays_small() -> None:
    run = PlayedRun()
    for second in range(1, 3000):
        run.metrics.count("call.Heartbeat")
        run.timeline.look(float(second), run.snapshot(), held=True, wanted=10)
    run.look(3000.0, run.snapshot(0), "done")
    assert len(to_html(run.report())) < 200_000


# Prometheus


def samples_of(report: Report) -> dict[tuple[object, ...], float]:
    text = prometheus.render(report.totals).decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_its_metrics(report: Report) -> None:
    samples = samples_of(report)
    assert samples[("station_fleet_up",)] == 10
    assert samples[("station_fleet_call_seconds_count", ("action", "MeterValues"))] == 91
    assert samples[("station_fleet_call_seconds_bucket", ("action", "MeterValues"), ("le", "0.01"))] == 90
    assert samples[("station_fleet_call_seconds_bucket", ("action", "MeterValues"), ("le", "1.0"))] == 91
    assert samples[("station_fleet_call_errors_total", ("action", "MeterValues"), ("cause", "Timeout"))] == 1
    assert samples[("station_fleet_sessions_total", ("what", "finished"))] == 3
    assert samples[("station_fleet_moment_seconds_count", ("name", "recovery"))] == 2
    assert prometheus.MEDIA_TYPE.startswith("text/plain; version=0.0.4")


def test_no_metric_has_a_label_for_a_station(report: Report) -> None:
    text = prometheus.render(report.totals).decode()
    labels = {
        label for family in text_string_to_metric_families(text) for each in family.samples for label in each.labels
    }
    assert labels == {"state", "what", "kind", "action", "cause", "le", "name"}


# Files


def test_the_files_are_written_where_the_user_wants_them(report: Report, tmp_path: Path) -> None:
    files = ReportFiles(tmp_path / "new" / "report.html", tmp_path / "csv", tmp_path / "junit.xml")
    files.ready()
    written = files.write(report)
    assert {path.name for path in written} >= {"report.html", "junit.xml", "actions.csv", "timeline.csv"}
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert ReportFiles().write(report) == []


def test_that_they_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for files in (
        ReportFiles(html=tmp_path / "file" / "report.html"),
        ReportFiles(html=tmp_path / "folder"),
        ReportFiles(csv=tmp_path / "file"),
        ReportFiles(junit=tmp_path / "folder"),
    ):
        with pytest.raises(ReportNotWritten) as told:
            files.ready()
        assert str(tmp_path) in told.value.message
    with pytest.raises(ReportNotWritten):
        ReportFiles(html=tmp_path / "none" / "report.html").write(PlayedRun().play().report())
