"""A report as JUnit XML for build servers: a test case for the run, and one for each threshold.

All figures are properties of the suite, by the names that lead to them in the report's JSON.
"""

from __future__ import annotations

from xml.etree import ElementTree

from station.fleet.report import Report, flat

_SUITE = "station fleet"


def to_xml(report: Report) -> str:
    """The document; ends with a newline."""
    run = report.run
    failures = sum(not verdict.passed for verdict in report.verdicts) + (run.end in ("nobody", "failed"))
    suite = ElementTree.Element(
        "testsuite",
        name=_fit(f"{_SUITE} {run.name}".strip()),
        tests=str(1 + len(report.verdicts)),
        failures=str(failures),
        errors="0",
        skipped="0",
        time=f"{run.duration_s:.3f}",
    )
    if run.began:
        suite.set("timestamp", _fit(run.began))
    _properties(suite, report)
    _run_case(suite, report)
    for verdict in report.verdicts:
        case = _case(suite, verdict.threshold.text)
        if not verdict.passed:
            failure = ElementTree.SubElement(case, "failure", type="threshold", message=_fit(verdict.shown))
            failure.text = _fit(str(verdict))
    whole = ElementTree.Element("testsuites")
    whole.append(suite)
    ElementTree.indent(whole)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(whole, encoding="unicode")}\n'


def _case(suite: ElementTree.Element, name: str, time_s: float = 0.0) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname="station.fleet", name=_fit(name), time=f"{time_s:.3f}")


def _run_case(suite: ElementTree.Element, report: Report) -> None:
    case = _case(suite, "run", report.run.duration_s)
    if report.run.end == "nobody":
        failures = ", ".join(f"{count} {kind}" for kind, count in report.totals.named("dial.failed.").items())
        failure = ElementTree.SubElement(case, "failure", type="run", message="no station was accepted")
        failure.text = _fit(failures or "no connection failed, no boot was accepted")
    elif report.run.end == "failed":
        ElementTree.SubElement(case, "failure", type="run", message="no worker was left")
    if report.generator == "saturated":
        out = ElementTree.SubElement(case, "system-out")
        out.text = "the generator was saturated: its times are its own, not those of the CSMS"


def _properties(suite: ElementTree.Element, report: Report) -> None:
    run = report.run
    named = {"csms": run.csms, "ocpp": " ".join(run.versions), "seed": run.seed, **dict(flat(report.to_json()))}
    every = ElementTree.SubElement(suite, "properties")
    for name, value in named.items():
        text = "" if value is None else str(value)
        ElementTree.SubElement(every, "property", name=_fit(name), value=_fit(text))


def _fit(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)
