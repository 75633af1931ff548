"""The page of a load test in a real browser: what it shows, and that it loads and runs nothing but itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import CHROMIUM, Page, browser
from tests.support.fleet_csms import fleet_csms
from tests.support.fleet_run import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "<script>document.title='owned'</script>"
NAME = f'town "x" \'y\' </title>{SCRIPT}<img src="http://csms.test/i.png" onerror="document.title=\'owned\'">'
OPTIONS = ["--ocpp", "1.6", "--for", "2s", "--json", "--csms"]
GROUP = f"busy</svg>{SCRIPT}<b>"

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (apt install chromium)"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a short run in which others chose bad words: whoever wrote the plan, and the CSMS."""
    folder = tmp_path_factory.mktemp("page")
    plan: dict[str, Any] = {
        "plan": {"name": NAME, "end_patience": "1s", "thresholds": ["boot.p95<60s", "call.errors<=0"]},
        "groups": [{"name": GROUP, "behaviour": {"pattern": "back-to-back", "samples": 2}}],
        "events": [{"at": "1s", "do": "drop_connection", "share": "30%"}],
    }
    (folder / "plan.yaml").write_text(json.dumps(plan))
    page = folder / "report.html"
    with fleet_csms(errors=["StatusNotification"], error_code=HOSTILE) as csms:
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "station",
                "fleet",
                str(folder / "plan.yaml"),
                "-n",
                "20",
                *OPTIONS,
                csms.url,
                "--html",
                str(page),
            ],
            capture_output=True,
            text=True,
            timeout=90,
            cwd=ROOT,
            check=False,
        )
    assert run.returncode == 99, run.stderr
    return page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(chromium: Page, report: Path) -> Page:
    """The page, just opened."""
    chromium.size(1200, 900)
    chromium.open(report.as_uri())
    return chromium


def test_it_loads_nothing_and_complains_of_nothing(page: Page, report: Path) -> None:
    assert page.value("document.readyState") == "complete"
    assert page.requests == [report.as_uri()]
    assert page.complaints == []


def test_the_words_of_others_are_words(page: Page) -> None:
    assert page.value("document.title") == f"{NAME}: load test"
    assert page.value("document.querySelector('h1').textContent") == NAME
    text = page.value("document.body.innerText")
    assert GROUP in text
    assert HOSTILE[:30] in text
    assert page.value("document.querySelectorAll('script').length") == 1
    assert page.value("document.querySelectorAll('img, iframe, link, a, form, [onerror], [src]').length") == 0


def test_no_script_runs_but_its_own_and_nothing_is_fetched(page: Page, report: Path) -> None:
    page.value(
        """new Promise((done) => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'owned'";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<img src='http://csms.test/i.png' onerror='owned()'>");
            fetch("http://csms.test/").then(() => done("fetched"), () => setTimeout(() => done("refused"), 50));
        })"""
    )
    assert page.value("document.title") != "owned"
    assert page.requests == [report.as_uri()]
    assert page.barred == ["http://csms.test/i.png"]
    assert len(page.complaints) >= 3
    assert all("Content Security Policy" in complaint for complaint in page.complaints)


def test_charts_and_tables_are_there(page: Page) -> None:
    titles = page.value("[...document.querySelectorAll('h2')].map((title) => title.textContent)")
    assert titles[:3] == ["Thresholds", "Calls", "Stations"] and "The run" in titles
    drawn = page.value(
        """[...document.querySelectorAll("svg")].map((svg) => {
            const box = svg.getBoundingClientRect();
            const shapes = [...svg.querySelectorAll("[class^=line], [class^=fill]")];
            return [box.width > 300, box.height > 100, shapes.length > 0,
                    shapes.every((shape) => shape.getBBox().width > 0 || shape.getBBox().height > 0)];
        })"""
    )
    assert len(drawn) >= 5
    assert all(all(chart) for chart in drawn), drawn
    names = page.value("[...document.querySelectorAll('.scroll td:first-child')].map((cell) => cell.textContent)")
    assert {"BootNotification", "StartTransaction", "all calls", "connect", "accepted"} <= set(names)


def test_a_chart_tells_the_values_under_the_pointer(page: Page) -> None:
    box = page.value("JSON.stringify(document.querySelector('.charts svg').getBoundingClientRect())")
    chart = json.loads(box)
    page.value(f"scrollTo(0, {chart['top'] - 100})")
    page.point(chart["left"] + chart["width"] * 0.6, 100 + chart["height"] / 2)
    page.until("[...document.querySelectorAll('.tip')].some((tip) => !tip.hidden)")
    shown = page.value("[...document.querySelectorAll('.tip')].filter((tip) => !tip.hidden)[0].textContent")
    at, up, charging = shown.splitlines()
    assert at.startswith("00:0") and up.split()[0] == "up" and charging.split()[0] == "charging"
    page.point(5, 5)
    page.until("[...document.querySelectorAll('.tip')].every((tip) => tip.hidden)")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 768, 1600])
def test_it_fits_every_screen_and_can_be_read(page: Page, width: int, dark: bool) -> None:
    page.size(width, 900, dark=dark)
    assert page.value("document.documentElement.scrollWidth") <= width
    outside = page.value(
        """[...document.querySelectorAll("section, .cards div, svg, h1, .badge")].filter((each) => {
            const box = each.getBoundingClientRect();
            return box.left < 0 || box.right > innerWidth || each.scrollWidth > each.clientWidth + 1;
        }).map((each) => each.className + each.tagName)"""
    )
    assert outside == []
    # WCAG 2.1, 1.4.3: 4.5 to 1.
    assert page.value(_CONTRAST) == []


_CONTRAST = """
(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (each) => {
    for (; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const faint = new Set();
  for (const each of document.querySelectorAll("h1, h2, p, td, th, b, small, .badge, .legend span, svg text, .cause")) {
    const style = getComputedStyle(each);
    const a = light(each.closest("svg") ? style.fill : style.color), b = light(behind(each));
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) faint.add(each.tagName + each.className);
  }
  return [...faint];
})()
"""
