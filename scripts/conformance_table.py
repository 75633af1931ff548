"""Prints how far the certification cases are covered, from the tests themselves.

    python -m scripts.conformance_table [--json] [--cases]

Runs tests/conformance and sorts every case of the two lists into passed, failed, not yet built (no test names it) and
not applicable (a test shows which feature is absent). Exit code 1 when a test failed.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTS = {"1.6": ROOT / "tests/conformance/cases_16.csv", "2.0.1": ROOT / "tests/conformance/cases_201.csv"}
STATES = ("passed", "failed", "not yet built", "not applicable")


@dataclass
class Collector:
    """A pytest plugin: the outcome of every case, and the reasons of those that do not apply."""

    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    _cases: dict[str, list[tuple[tuple[str, str], str]]] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Remember which test shows which case."""
        for item in items:
            for marker in item.iter_markers("case"):
                case_id, version = marker.args
                self._cases.setdefault(item.nodeid, []).append(((version, case_id), ""))
            for marker in item.iter_markers("not_applicable"):
                case_id, version, reason = marker.args
                self._cases.setdefault(item.nodeid, []).append(((version, case_id), reason))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the outcome; a case with several tests passes when all of them do."""
        if report.when != "call" and not report.failed:
            return
        for key, reason in self._cases.get(report.nodeid, []):
            if report.failed:
                self.outcomes[key] = "failed"
            elif reason:
                self.outcomes.setdefault(key, "not applicable")
                self.reasons[key] = reason
            elif self.outcomes.get(key) != "failed":
                self.outcomes[key] = "passed"


def main(arguments: list[str] | None = None) -> int:
    """Run the tests and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--cases", action="store_true", help="every case with its state")
    options = parser.parse_args(arguments)
    collector = Collector()
    code = pytest.main([str(ROOT / "tests/conformance"), "-q", "--no-header", "-p", "no:cacheprovider"], [collector])
    result = _sorted(collector)
    if options.json:
        print(json.dumps(result))
    else:
        _print(result, options.cases)
    return 1 if code not in (0, 5) else 0


def _sorted(collector: Collector) -> dict[str, list[dict[str, str]]]:
    out: dict[str, list[dict[str, str]]] = {}
    for version, path in LISTS.items():
        with path.open(encoding="utf-8", newline="") as stream:
            out[version] = [
                {
                    "case": row["id"],
                    "title": row["title"],
                    "profile": row["profile"],
                    "state": collector.outcomes.get((version, row["id"]), "not yet built"),
                    "reason": collector.reasons.get((version, row["id"]), ""),
                }
                for row in csv.DictReader(stream)
            ]
    return out


def _print(result: dict[str, list[dict[str, str]]], cases: bool) -> None:
    for version, rows in result.items():
        print(f"\nOCPP {version}")
        print(f"  {'profile':<28}" + "".join(f"{state:>16}" for state in STATES))
        for profile in dict.fromkeys(row["profile"] for row in rows):
            counts = Counter(row["state"] for row in rows if row["profile"] == profile)
            print(f"  {profile:<28}" + "".join(f"{counts[state]:>16}" for state in STATES))
        if cases:
            for row in rows:
                reason = f"  ({row['reason']})" if row["reason"] else ""
                print(f"    {row['case']:<14} {row['state']:<15} {row['title']}{reason}")


if __name__ == "__main__":
    sys.exit(main())
