"""Locations that the CSMS names: taken apart, or refused for good and in words that tell no secret."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.net.transfer.api import TransferCause, TransferFailed
from station.net.transfer.files import FileTransfers, protocols
from station.net.transfer.location import Location, parse


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", Location("http", "h", 80, False, "", "", None, None)),
        ("HTTPS://A.Example:84/b%20?x=%2F&y", Location("https", "a.example", 84, True, "b%20", "x=%2F&y", None, None)),
        ("ftp://u%40x:p%3A%2F@h/f", Location("ftp", "h", 21, False, "f", "", "u@x", "p:/")),
        ("ftp://u@h:2121/f", Location("ftp", "h", 2121, True, "f", "", "u", None)),
        ("ftp://u:@h/f", Location("ftp", "h", 21, False, "f", "", "u", "")),
        ("ftps://h/f", Location("ftps", "h", 990, False, "f", "", None, None)),
        ("sftp://u:a:b@[::1]:2222/f", Location("sftp", "::1", 2222, True, "f", "", "u", "a:b")),
        ("http://h/é", Location("http", "h", 80, False, "%C3%A9", "", None, None)),
        ("http://bücher.example/", Location("http", "xn--bcher-kva.example", 80, False, "", "", None, None)),
        ("http://h/a//b/./c#part", Location("http", "h", 80, False, "a//b/./c", "", None, None)),
        ("http://h/a..b/..c", Location("http", "h", 80, False, "a..b/..c", "", None, None)),
        ("http://h/%2e%2e%2ex", Location("http", "h", 80, False, "%2e%2e%2ex", "", None, None)),
    ],
)  # fmt: skip
def test_usable(url: str, expected: Location) -> None:
    assert parse(url) == expected


BAD = [
    "",
    " ",
    "x",
    "/etc/passwd",
    "//h/f",
    "file:///etc/passwd",
    "File:///etc/passwd",
    "gopher://h/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "http:",
    "http:/f",
    "http://",
    "http:///f",
    "http://:80/f",
    "http://u:p@/f",
    "http://u:p@:80/f",
    "http:u:secret@h/f",
    "http://h:port/f",
    "http://h:0/f",
    "http://h:65536/f",
    "http://h:-1/f",
    "http://h:8 0/f",
    "http://h/a b",
    "http://h/\r\nX: y",
    "http://h/\x00",
    "http://h/%0d%0aDELE%20x",
    "http://h/%00",
    "http://h/%zz",
    "http://h/%",
    "http://h/%ff",
    "ftp://u%0d%0a:p@h/f",
    "ftp://u:p%0a@h/f",
    "ftp://u:%zz@h/f",
    "http://h/../f",
    "http://h/a/..",
    "http://h/a/%2e%2E/f",
    "http://h/..%2ff",
    "ftp://h/f?x",
    "ftp://h/f#x",
    "http://[::1/f",
    "http://[::g]/f",
    "http://[1.2.3.4]/f",
    "http://[v1.x]/f",
    "http://-o/f",
    "sftp://-oProxyCommand=x/f",
    "http://h*/f",
    "http://h,x/f",
    "http://a..b/f",
    "http://h;x/f",
    "http://$(x)/f",
    "http://" + "a" * 64 + ".example/f",
    "http://" + "ü" * 64 + "/f",
    "http://h/" + "a" * 5000,
    "http://h/\u202ef",
    "http://h/\ud800",
]


@pytest.mark.parametrize("url", BAD)
def test_refused_for_good(url: str) -> None:
    with pytest.raises(TransferFailed) as caught:
        parse(url)
    assert caught.value.lasting
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    assert "secret" not in caught.value.message


@given(st.text(max_size=60).map(lambda text: f"http://{text}") | st.text(max_size=40))
def test_any_text_is_a_location_or_refused(text: str) -> None:
    try:
        location = parse(text)
    except TransferFailed as failure:
        assert failure.lasting
    else:
        assert location.shown.isprintable()
        assert location.host


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@h:8443/a/b?token=secret", "https://h:8443/a/b"),
        ("ftp://h:21/ss@other/f", "ftp://h:21/…"),
        ("http://[::1]/f", "http://[::1]/f"),
    ],
)
def test_what_is_shown_has_no_secrets(url: str, shown: str) -> None:
    location = parse(url)
    assert location.shown == shown
    assert "secret" not in repr(location)


@pytest.mark.parametrize(
    ("url", "below"),
    [
        ("http://h", "log%201.zip"),
        ("http://h/", "log%201.zip"),
        ("http://h/in/", "in/log%201.zip"),
    ],
)
def test_a_name_below_a_location(url: str, below: str) -> None:
    assert parse(url).below("log 1.zip") == below


def test_protocols_are_those_that_work_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert protocols() == ("FTP", "FTPS", "HTTP", "HTTPS", "SFTP")
    monkeypatch.setattr("station.net.transfer.files.find_spec", lambda name: None)
    assert protocols() == ("FTP", "FTPS", "HTTP", "HTTPS")


def test_a_scheme_whose_library_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("station.net.transfer.files.find_spec", lambda name: None)
    with pytest.raises(TransferFailed, match="not installed") as caught:
        asyncio.run(FileTransfers().download("sftp://u:p@h/f", tmp_path / "f"))
    assert caught.value.lasting
    assert caught.value.cause is TransferCause.UNSUPPORTED
    assert "ocpp-station[sftp]" in (caught.value.hint or "")


def test_the_libraries_are_not_loaded_before_they_are_needed() -> None:
    program = (
        "import sys; import station.host.host; "
        "sys.exit(' '.join(name for name in ('aiohttp', 'aioftp', 'asyncssh') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
