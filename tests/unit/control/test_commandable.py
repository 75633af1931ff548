"""station.control.commandable: the events that may be chosen are those that the documents name."""

import re
from pathlib import Path

from station.control.commandable import EVENT_TYPES, WIRE

CONTROL = Path(__file__).parents[3] / "docs/control.md"


def test_every_documented_event_can_be_chosen() -> None:
    table = CONTROL.read_text(encoding="utf-8").partition("\n## Events\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| (\w+) \|", table, re.MULTILINE)) - {"event"}
    assert named == {*EVENT_TYPES, WIRE}
