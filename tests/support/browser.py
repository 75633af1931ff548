"""A headless Chromium, as tests of pages use it: opens a page, says what it loaded and complained of, and looks at it.

Speaks the DevTools protocol (chromedevtools.github.io/devtools-protocol) over the socket that Chromium opens. A name
is never resolved, so that whatever a page asks of the network fails; that it asked is in ``requests`` all the same.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_PATIENCE_S = 30.0
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-extensions",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-port=0",
)


class Page:
    """A tab.

    Attributes:
        requests: addresses of all that was asked for, the page itself first.
        barred: those that the page's policy did not let out.
        complaints: errors and warnings of the console, exceptions, and what the page's policy forbade.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._loaded = False
        self._addresses: dict[str, str] = {}
        self.requests: list[str] = []
        self.barred: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> Any:
        """Call the protocol; its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = self._next()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]

    def open(self, url: str) -> None:
        """Open a page and wait until it is there."""
        self._loaded = False
        self.requests.clear()
        self.barred.clear()
        self.complaints.clear()
        self.ask("Page.navigate", url=url)
        while not self._loaded:
            self._next()

    def value(self, expression: str) -> Any:
        """What JavaScript makes of this; promises are waited for."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until this is true."""
        end_s = time.monotonic() + _PATIENCE_S
        while not self.value(expression):
            assert time.monotonic() < end_s, f"it never came about: {expression}"
            time.sleep(0.02)

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Be a screen of so many pixels, in a light or a dark room."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def point(self, x: float, y: float) -> None:
        """Move the pointer there."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, path: Path) -> None:
        """Save all of the page as PNG."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=_PATIENCE_S))
        params = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                url = self._addresses[params["requestId"]] = params["request"]["url"]
                self.requests.append(url)
            case "Network.loadingFailed" if params.get("blockedReason") == "csp":
                url = self._addresses[params["requestId"]]
                self.requests.remove(url)
                self.barred.append(url)
            case "Network.webSocketCreated":
                self.requests.append(params["url"])
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self.complaints.append(json.dumps(params["args"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"]))
            case "Page.javascriptDialogOpening":
                self.complaints.append(f"dialog: {params['message']}")
                self._socket.send('{"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": true}}')
        return message


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """Run one, with one tab."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        command = [CHROMIUM, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
        try:
            with connect(_address(process, Path(folder)), max_size=None, compression=None, proxy=None) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            try:
                process.wait(5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Of the tab: Chromium writes down its port, and names its tabs there."""
    end_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end_s and process.poll() is None:
        with contextlib.suppress(OSError, ValueError, StopIteration):
            port = int((folder / "DevToolsActivePort").read_text().splitlines()[0])
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
                tab = next(each for each in json.load(answer) if each["type"] == "page")
                return str(tab["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("Chromium did not start")
