"""`station csms check` against every kind of peer: one sentence, one advice, one exit code."""

import asyncio
import datetime
import json
import ssl
import threading
from contextlib import contextmanager

import pytest
import trustme
from typer.testing import CliRunner

from station.cli.csms import app
from station.csms import EmbeddedCsms
from tests.support.scripted_csms import SILENCE, CallError, Raw, ScriptedCsms
from tests.support.ws_peer import Behaviour, WsPeer


@contextmanager
def in_background(start):
    """Run `start()`, an async context manager that gives an object, in a loop of its own thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    manager = start()
    try:
        yield asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def check(url, *arguments):
    """The exit code and the parsed output."""
    outcome = CliRunner().invoke(app, ["check", url, "--json", "--timeout", "1", *map(str, arguments)])
    assert outcome.exit_code in (0, 3, 4), outcome.output
    return outcome.exit_code, json.loads(outcome.stdout)


def check_peer(csms=None, behaviour=None, tls=None, *arguments):
    with in_background(lambda: WsPeer(csms or ScriptedCsms("2.0.1"), behaviour, tls=tls)) as peer:
        return check(peer.url.replace("127.0.0.1", "localhost") if tls else peer.url, *arguments)


@pytest.mark.parametrize(
    ("ocpp", "subprotocol"), [([], "ocpp2.0.1"), (["--ocpp", "1.6"], "ocpp1.6"), (["--ocpp", "2.0.1"], "ocpp2.0.1")]
)
def test_a_station_that_is_accepted(ocpp, subprotocol):
    class Embedded(EmbeddedCsms):
        async def __aenter__(self):
            await self.start()
            return self

        async def __aexit__(self, *_):
            await self.stop()

    with in_background(Embedded) as csms:
        code, said = check(csms.base_url, "--id", "CP 1", *ocpp)
        assert (code, said["ok"], said["result"]) == (0, True, "boot_accepted")
        assert (said["subprotocol"], said["status"], said["interval"]) == (subprotocol, "Accepted", 300)
        assert said["try"].startswith("station run --csms ws://")
        assert "CP 1" in csms.stations


@pytest.mark.parametrize(
    ("status", "code"), [(400, 4), (401, 4), (403, 4), (404, 4), (302, 4), (426, 4), (500, 3), (503, 3)]
)
def test_http_refusals(status, code):
    elsewhere = [("Location", "ws://127.0.0.1:1/")] if status == 302 else []
    given, said = check_peer(None, Behaviour(http_status=status, http_headers=elsewhere))
    assert (given, said["result"], said["http_status"]) == (code, "http", status)
    assert f"HTTP {status}." in said["sentence"]


def test_a_password_is_asked_for_and_a_wrong_one_is_named(tmp_path):
    _, said = check_peer(None, Behaviour(http_status=401))
    assert "--password-file" in said["try"]
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2\n")
    _, said = check_peer(None, Behaviour(http_status=401), None, "--password-file", secret)
    assert "does not accept this id and password" in said["sentence"]
    assert "hunter2" not in json.dumps(said)


@pytest.mark.parametrize(
    ("behaviour", "result", "code"),
    [
        (Behaviour(subprotocol=None), "subprotocol", 4),
        (Behaviour(subprotocol="ocpp2.1"), "subprotocol", 4),
        (Behaviour(close_code=1008), "closed", 4),
        (Behaviour(close_code=1000), "closed", 4),
        (Behaviour(silent=True), "no_boot_answer", 3),
        (Behaviour(hang_upgrade=True), "timeout", 3),
    ],
)
def test_sockets_that_misbehave(behaviour, result, code):
    given, said = check_peer(None, behaviour)
    assert (given, said["result"]) == (code, result)


@pytest.mark.parametrize(
    ("answer", "result", "code"),
    [
        ({"status": "Pending", "currentTime": "2026-01-01T00:00:00Z", "interval": 5}, "boot_pending", 0),
        ({"status": "Rejected", "currentTime": "2026-01-01T00:00:00Z", "interval": 5}, "boot_rejected", 4),
        ({}, "boot_invalid", 4),
        (CallError("SecurityError", "who are you"), "boot_error", 4),
        (Raw('[3,"{id}"]'), "no_boot_answer", 3),
        (Raw('[3,"{id}",7]'), "boot_invalid", 4),
        (Raw("{"), "no_boot_answer", 3),
        (SILENCE, "no_boot_answer", 3),
    ],
)
def test_answers_to_the_boot(answer, result, code):
    csms = ScriptedCsms("2.0.1")
    csms.answer("BootNotification", answer)
    given, said = check_peer(csms)
    assert (given, said["result"]) == (code, result)


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_nothing_listens():
    code, said = check(f"ws://127.0.0.1:{free_port()}/ocpp")
    assert (code, said["result"]) == (3, "refused")


def test_a_name_that_does_not_resolve():
    code, said = check("ws://no-such-host.invalid/ocpp")
    assert (code, said["result"]) == (3, "dns")


class Authority:
    """A test authority that writes the files a user would name."""

    def __init__(self, folder):
        self.ca = trustme.CA()
        self.folder = folder
        self.file = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(self.file)

    def server(self, name="localhost", wants_clients=False, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name, **options).configure_cert(context)
        if wants_clients:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context

    def client(self):
        leaf = self.ca.issue_cert("CP-1")
        cert, key = self.folder / "cp.pem", self.folder / "cp.key"
        leaf.cert_chain_pems[0].write_to_path(cert)
        leaf.private_key_pem.write_to_path(key)
        return "--cert", cert, "--key", key


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def test_tls_that_is_in_order(authority):
    code, said = check_peer(None, None, authority.server(), "--ca", authority.file)
    assert (code, said["result"]) == (0, "boot_accepted")


def test_an_authority_that_nobody_trusts(authority):
    code, said = check_peer(None, None, authority.server())
    assert (code, said["result"]) == (3, "tls")
    assert "--ca" in said["try"]


def test_insecure_checks_neither_chain_nor_name(authority):
    code, _ = check_peer(None, None, authority.server("elsewhere.example"), "--insecure")
    assert code == 0


def test_a_certificate_for_another_name(authority):
    code, said = check_peer(None, None, authority.server("elsewhere.example"), "--ca", authority.file)
    assert (code, said["result"]) == (3, "tls")


def test_an_expired_certificate(authority):
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    context = authority.server(not_before=yesterday - datetime.timedelta(days=9), not_after=yesterday)
    code, said = check_peer(None, None, context, "--ca", authority.file)
    assert (code, said["result"]) == (3, "tls")


def test_a_client_certificate_that_is_missing_and_one_that_is_right(authority):
    context = authority.server(wants_clients=True)
    code, said = check_peer(None, None, context, "--ca", authority.file)
    assert code == 3
    assert "--cert" in said["try"]
    code, said = check_peer(None, None, context, "--ca", authority.file, *authority.client())
    assert (code, said["result"]) == (0, "boot_accepted")


def test_tls_against_a_plain_port_and_the_other_way_round(authority):
    with in_background(lambda: WsPeer(ScriptedCsms("2.0.1"))) as peer:
        code, said = check(peer.url.replace("ws://", "wss://"))
    assert (code, said["result"]) == (3, "tls")
    with in_background(lambda: WsPeer(ScriptedCsms("2.0.1"), tls=authority.server())) as peer:
        code, said = check(peer.url.replace("wss://", "ws://"))
    assert code == 3
    assert "wss" in said["try"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://x/"],
        ["ws://user:secret@x/"],
        ["http://user:secret@x/"],
        ["ws://x:99999/"],
        ["ws://x/", "--ocpp", "3"],
        ["wss://x/", "--cert", "a.pem"],
        ["wss://x/", "--ca", "/no/such/file"],
        ["ws://x/", "--password-file", "/no/such/file"],
    ],
)
def test_usage_errors(arguments):
    outcome = CliRunner().invoke(app, ["check", *arguments])
    assert outcome.exit_code == 2
    assert "try: " in outcome.stderr or "Usage: " in outcome.stderr
    assert "user:secret" not in outcome.output
    assert "Traceback" not in outcome.output


def test_people_get_a_sentence_and_an_advice():
    outcome = CliRunner().invoke(app, ["check", f"ws://127.0.0.1:{free_port()}/ocpp"])
    assert outcome.exit_code == 3
    first, second = outcome.stderr.splitlines()
    assert first.startswith(" x ws://127.0.0.1:")
    assert second.startswith("   try: ")
