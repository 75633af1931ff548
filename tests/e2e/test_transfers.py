"""Files over real sockets: HTTP(S), FTP, FTPS and SFTP, with servers that behave and servers that do not."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Awaitable
from pathlib import Path

import asyncssh
import pytest
import trustme
from aiohttp import web

from station.net.transfer.api import TransferCause, TransferFailed
from station.net.transfer.files import FileTransfers
from station.net.transfer.limits import Limits
from tests.support.file_servers import (
    LOGIN,
    PASSWORD,
    ftp_server,
    ftps_server,
    http_server,
    server_context,
    sftp_server,
)
from tests.support.servers import LOOPS, Raw, blocking_tls_server, raw_server, run, silence

FILE = bytes(range(256)) * 4096 + b"the end"
"""Longer than a few chunks."""
QUICK = Limits(idle_s=0.3, greeting_s=0.1)

loops = pytest.mark.parametrize("loop", list(LOOPS))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority.issue_cert("localhost"))


@pytest.fixture
def root(tmp_path: Path, authority: trustme.CA) -> Path:
    path = tmp_path / "root.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "fw.bin").write_bytes(FILE)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "arrived.bin"


@pytest.fixture(scope="module")
def host_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


async def fails(transfer: Awaitable[None], words: str, *, lasting: bool) -> TransferFailed:
    """The transfer ends with these words within two seconds."""
    began = time.monotonic()
    with pytest.raises(TransferFailed) as caught:
        await transfer
    failure = caught.value
    assert words in failure.message, failure.message
    assert failure.lasting is lasting, failure.message
    assert not any(secret in failure.message for secret in (PASSWORD, LOGIN, "token")), failure.message
    assert "\n" not in failure.message
    assert time.monotonic() - began < 2
    return failure


def leftovers(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.glob("arrived.bin*"))


# HTTP


@loops
def test_http_download(loop: str, served: Path, target: Path) -> None:
    async def main() -> None:
        async with http_server(served) as server:
            await FileTransfers().download(f"http://127.0.0.1:{server.port}/fw.bin?token=abc", target)
            request = server.requests[0]
            assert request.path_qs == "/fw.bin?token=abc"
            assert request.headers["Accept-Encoding"] == "identity"
            assert "Authorization" not in request.headers

    run(loop, main())
    assert target.read_bytes() == FILE
    assert leftovers(target) == ["arrived.bin"]
    assert target.stat().st_mode & 0o777 == 0o600


@loops
def test_http_resumes_where_it_broke_off(loop: str, served: Path, target: Path) -> None:
    async def main() -> None:
        async with http_server(served, cut_after=300_000) as server:
            url = f"http://127.0.0.1:{server.port}/fw.bin"
            await fails(FileTransfers().download(url, target), "closed the connection", lasting=False)
            assert not target.exists()
            held = target.with_name("arrived.bin.part").stat().st_size
            assert 0 < held <= 300_000
            server.cut_after = None
            await FileTransfers().download(url, target)
            assert server.requests[1].headers["Range"] == f"bytes={held}-"
            assert server.requests[1].headers["If-Range"] == '"v1"'

    run(loop, main())
    assert target.read_bytes() == FILE
    assert leftovers(target) == ["arrived.bin"]


@pytest.mark.parametrize("tag", ['"v1"', "", 'W/"v1"'])
def test_http_does_not_mix_two_versions_of_a_file(served: Path, target: Path, tag: str) -> None:
    async def main() -> None:
        async with http_server(served, cut_after=300_000, tag=tag) as server:
            url = f"http://127.0.0.1:{server.port}/fw.bin"
            await fails(FileTransfers().download(url, target), "closed the connection", lasting=False)
            (served / "fw.bin").write_bytes(FILE[::-1])
            server.cut_after, server.tag = None, '"v2"'
            await FileTransfers().download(url, target)

    run("asyncio", main())
    assert target.read_bytes() == FILE[::-1]


def test_http_does_not_continue_another_url(served: Path, target: Path) -> None:
    (served / "other.bin").write_bytes(FILE[::-1])

    async def main() -> None:
        async with http_server(served, cut_after=300_000) as server:
            url = f"http://127.0.0.1:{server.port}"
            await fails(FileTransfers().download(f"{url}/fw.bin", target), "closed the connection", lasting=False)
            server.cut_after = None
            await FileTransfers().download(f"{url}/other.bin", target)
            assert "Range" not in server.requests[1].headers

    run("asyncio", main())
    assert target.read_bytes() == FILE[::-1]


def test_http_asks_no_more_where_all_is_there(served: Path, target: Path) -> None:
    """The power went between the last byte and the new name: 416 with the right length is the rest."""

    async def main() -> None:
        async with http_server(served, cut_after=300_000) as server:
            url = f"http://127.0.0.1:{server.port}/fw.bin"
            await fails(FileTransfers().download(url, target), "closed the connection", lasting=False)
            target.with_name("arrived.bin.part").write_bytes(FILE)
            await FileTransfers().download(url, target)
            assert len(server.requests) == 2

    run("asyncio", main())
    assert target.read_bytes() == FILE


@pytest.mark.parametrize(
    ("content_range", "status"),
    [
        ("bytes 0-1048582/1048583", 206),
        ("bytes 300000-300009/1048584", 206),
        ("bytes 7-1048582/1048583", 206),
        ("nonsense", 206),
        ("", 206),
        ("bytes */5", 416),
        ("", 416),
    ],
)
def test_http_ranges_that_do_not_fit_start_over(served: Path, target: Path, content_range: str, status: int) -> None:
    async def main() -> None:
        asked: list[str | None] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            asked.append(request.headers.get("Range"))
            if asked[-1] is not None:
                return web.Response(status=status, body=b"x" * 10, headers={"Content-Range": content_range})
            response = web.StreamResponse(headers={"ETag": '"v1"'})
            response.content_length = len(FILE)
            await response.prepare(request)
            if len(asked) > 1:
                await response.write(FILE)
            else:
                await response.write(FILE[:300_000])
                await asyncio.sleep(0.02)
                assert request.transport is not None
                request.transport.abort()
            return response

        async with http_server(served, answer=answer) as server:
            url = f"http://127.0.0.1:{server.port}/fw.bin"
            await fails(FileTransfers().download(url, target), "closed the connection", lasting=False)
            await FileTransfers().download(url, target)
            assert [what is None for what in asked] == [True, False, True]

    run("asyncio", main())
    assert target.read_bytes() == FILE


def test_http_a_part_of_the_rest_is_not_the_rest(target: Path) -> None:
    """A file of unknown length broke off; what the server then sends is not its end, though whole in itself."""

    async def main() -> None:
        asked: list[str | None] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            asked.append(request.headers.get("Range"))
            start = 0 if asked[-1] is None else int(asked[-1].removeprefix("bytes=").removesuffix("-"))
            if start:
                content = FILE[start : start + 300_000]
                span = f"bytes {start}-{start + len(content) - 1}/{len(FILE)}"
                return web.Response(status=206, body=content, headers={"Content-Range": span, "ETag": '"v1"'})
            response = web.StreamResponse(headers={"ETag": '"v1"'})
            response.enable_chunked_encoding()
            await response.prepare(request)
            await response.write(FILE[:300_000])
            await asyncio.sleep(0.02)
            assert request.transport is not None
            request.transport.abort()
            return response

        async with http_server(target.parent, answer=answer) as server:
            url = f"http://127.0.0.1:{server.port}/fw.bin"
            await fails(FileTransfers().download(url, target), "closed the connection", lasting=False)
            for _ in range(2):
                await fails(FileTransfers().download(url, target), "broke off after", lasting=False)
            await FileTransfers().download(url, target)
            assert len(asked) == 4

    run("asyncio", main())
    assert target.read_bytes() == FILE


@pytest.mark.parametrize(
    ("status", "words", "lasting"),
    [
        (204, "cannot be understood", False),
        (301, "redirects to http://elsewhere/x; redirects are not followed", True),
        (401, "wants a login", True),
        (404, "no such file", True),
        (408, "refuses", False),
        (410, "refuses", True),
        (425, "refuses", False),
        (429, "refuses", False),
        (500, "has a problem", False),
        (503, "has a problem", False),
    ],
)
def test_http_statuses(served: Path, target: Path, status: int, words: str, lasting: bool) -> None:
    async def main() -> None:
        paths: list[str] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            paths.append(request.path)
            return web.Response(status=status, headers={"Location": "http://u:token@elsewhere/x?token=1"})

        async with http_server(served, answer=answer) as server:
            url = f"http://{LOGIN}@127.0.0.1:{server.port}/fw.bin?token=1"
            await fails(FileTransfers().download(url, target), words, lasting=lasting)
            if status >= 300:
                await fails(FileTransfers().upload(served / "fw.bin", url), words, lasting=lasting)
            assert set(paths) == {"/fw.bin"}

    run("asyncio", main())
    assert leftovers(target) == []


@loops
def test_http_upload(loop: str, served: Path, tmp_path: Path) -> None:
    source = tmp_path / "log é 1.zip"
    source.write_bytes(FILE)

    async def main() -> None:
        async with http_server(served, guarded=True) as server:
            where = f"127.0.0.1:{server.port}"
            await FileTransfers().upload(source, f"http://{LOGIN}@{where}/")
            await FileTransfers().upload(source, f"http://{LOGIN}@{where}/as-named?token=1")
            await fails(FileTransfers().upload(source, f"http://cp:wrong@{where}/x"), "wants a login", lasting=True)
            assert [request.method for request in server.requests] == ["PUT"] * 3
            assert server.requests[0].content_length == len(FILE)

    run(loop, main())
    assert (served / "log é 1.zip").read_bytes() == FILE
    assert (served / "as-named").read_bytes() == FILE


def test_http_upload_of_an_empty_and_of_no_file(served: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()

    async def main() -> None:
        async with http_server(served) as server:
            url = f"http://127.0.0.1:{server.port}/"
            await FileTransfers().upload(tmp_path / "empty.log", url)
            await fails(FileTransfers().upload(tmp_path / "gone.log", url), "gone.log cannot be read", lasting=True)

    run("asyncio", main())
    assert (served / "empty.log").read_bytes() == b""


@loops
def test_http_upload_refused_before_it_was_read(loop: str, tmp_path: Path) -> None:
    source = tmp_path / "log.zip"
    source.write_bytes(bytes(8 * 1024**2))

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.write_eof()
        await silence(reader, writer)

    async def main() -> None:
        async with raw_server(refuse) as port:
            url = f"http://127.0.0.1:{port}/log.zip"
            await fails(FileTransfers(limits=QUICK).upload(source, url), "too long for the server", lasting=True)

    run(loop, main())


@loops
def test_https(loop: str, served: Path, target: Path, context: ssl.SSLContext, root: Path) -> None:
    async def main() -> None:
        async with http_server(served, context) as server:
            await FileTransfers(root).download(f"https://localhost:{server.port}/fw.bin", target)
            await FileTransfers(root).upload(target, f"https://localhost:{server.port}/back.bin")
            url = f"https://localhost:{server.port}/fw.bin"
            failure = await fails(FileTransfers().download(url, target), "TLS: the ", lasting=True)
            assert "CSMS" not in f"{failure.message}{failure.hint}"
            url = f"https://127.0.0.1:{server.port}/fw.bin"
            await fails(FileTransfers(root).download(url, target), "for another address", lasting=True)
            missing = root.with_name("missing.pem")
            await fails(FileTransfers(missing).download(url, target), "csms.security.ca", lasting=True)
            url = f"http://localhost:{server.port}/fw.bin"
            await fails(FileTransfers(root).download(url, target), "", lasting=False)
            assert len(server.requests) == 2

    run(loop, main())
    assert target.read_bytes() == FILE
    assert (served / "back.bin").read_bytes() == FILE


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_https_is_tls_1_2_or_newer(served: Path, target: Path, authority: trustme.CA, root: Path) -> None:
    old = server_context(authority.issue_cert("localhost"))
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1

    with blocking_tls_server(old) as port:
        url = f"https://localhost:{port}/fw.bin"
        run("asyncio", fails(FileTransfers(root).download(url, target), "only TLS older than 1.2", lasting=False))


def http_head(length: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()


def says(*parts: bytes | float, close: bool = True) -> Raw:
    """A server that waits for a request, then sends bytes and pauses."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        for part in parts:
            if isinstance(part, bytes):
                writer.write(part)
                await writer.drain()
            else:
                await asyncio.sleep(part)
        if close:
            writer.close()
        else:
            await silence(reader, writer)

    return handle


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def endless_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def endless_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"220-x\r\n" * 1000)
        await writer.drain()


@pytest.mark.parametrize(
    ("handle", "words", "lasting"),
    [
        (says(http_head(100), b"x" * 50), "closed the connection", False),
        (says(http_head(100), b"x" * 50, close=False), "Nothing came or went for 0.3 s", False),
        (says(b"HTTP/1.1 200 OK\r\n\r\nx"), "does not say how long", True),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nxx"), "closed the connection", False),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxx"), "", False),
        (says(http_head(5 * 1024**2)), "longer than 1 MiB", True),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "", False),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n"), "", False),
        (says(b"SSH-2.0-thing\r\n"), "", False),
        (says(b"\x00\xff" * 5000), "", False),
        (says(b""), "closed the connection", False),
        (says(b"", close=False), "Nothing came", False),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000), "", False),
        (endless, "longer than 1 MiB", True),
        (endless_line, "", False),
    ],
)
def test_http_servers_that_lie(target: Path, handle: Raw, words: str, lasting: bool) -> None:
    async def main() -> None:
        limits = Limits(idle_s=0.3, most_bytes=1024**2)
        async with raw_server(handle) as port:
            transfers = FileTransfers(limits=limits)
            await fails(transfers.download(f"http://127.0.0.1:{port}/fw.bin", target), words, lasting=lasting)

    run("asyncio", main())
    assert not target.exists()


def test_an_upload_that_nobody_reads_ends(tmp_path: Path) -> None:
    source = tmp_path / "log.zip"
    source.write_bytes(bytes(8 * 1024**2))

    async def main() -> None:
        async with raw_server(silence) as port:
            for scheme in ("http", "ftp", "ftps", "https", "sftp"):
                url = f"{scheme}://u:p@127.0.0.1:{port}/log.zip"
                await fails(FileTransfers(limits=QUICK).upload(source, url), "Nothing came", lasting=False)

    run("asyncio", main())


def test_an_attempt_does_not_last_for_ever(target: Path) -> None:
    async def main() -> None:
        trickle = says(http_head(100), *[part for _ in range(100) for part in (b"x", 0.05)])
        async with raw_server(trickle) as port:
            transfers = FileTransfers(limits=Limits(idle_s=1, longest_s=0.3))
            await fails(transfers.download(f"http://127.0.0.1:{port}/x", target), "Not done within", lasting=False)

    run("asyncio", main())


def test_nobody_there(target: Path) -> None:
    async def main() -> None:
        async with raw_server(silence) as port:
            pass
        for scheme in ("http", "https", "ftp", "ftps", "sftp"):
            url = f"{scheme}://{LOGIN}@127.0.0.1:{port}/x"
            await fails(FileTransfers(limits=QUICK).download(url, target), "connection refused", lasting=False)

    run("asyncio", main())


# Cancelling


@loops
@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "ftps", "sftp"])
def test_cancelling_ends_at_once_and_closes_the_socket(loop: str, scheme: str, target: Path) -> None:
    async def main() -> None:
        closed = asyncio.Event()
        came = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.set()
            try:
                while await reader.read(65536):
                    pass
            finally:
                closed.set()

        async with raw_server(handle) as port:
            url = f"{scheme}://u:p@127.0.0.1:{port}/x"
            task = asyncio.ensure_future(FileTransfers().download(url, target))
            await came.wait()
            await asyncio.sleep(0.02)
            task.cancel()
            async with asyncio.timeout(1):
                with pytest.raises(asyncio.CancelledError):
                    await task
                await closed.wait()

    run(loop, main())


def test_cancelling_in_the_middle_keeps_what_is_stored(served: Path, target: Path) -> None:
    async def main() -> None:
        half = 600_000
        head = b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: %d\r\n\r\n' % len(FILE)
        part = target.with_name("arrived.bin.part")
        async with raw_server(says(head, FILE[:half], close=False)) as port:
            task = asyncio.ensure_future(FileTransfers().download(f"http://127.0.0.1:{port}/fw.bin", target))
            async with asyncio.timeout(2):
                while not part.exists() or not part.stat().st_size:
                    await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        held = part.read_bytes()
        assert held
        assert FILE.startswith(held)

    run("asyncio", main())


# FTP


@loops
def test_ftp(loop: str, served: Path, target: Path) -> None:
    (served / "in").mkdir()

    async def main() -> None:
        with ftp_server(served) as server:
            where = f"127.0.0.1:{server.port}"
            await FileTransfers().download(f"ftp://{LOGIN}@{where}/fw.bin", target)
            await FileTransfers().upload(target, f"ftp://{LOGIN}@{where}/in/as-named")
            await FileTransfers().upload(target, f"ftp://{LOGIN}@{where}/in/")
            (served / "in" / "arrived.bin").rename(served / "in" / "first")
            await FileTransfers().upload(target, f"ftp://{LOGIN}@{where}/in")
            await FileTransfers().upload(target, f"ftp://{LOGIN}@{where}")
            anonymous = target.with_name("anonymous.bin")
            await FileTransfers().download(f"ftp://{where}/fw.bin", anonymous)
            assert anonymous.read_bytes() == FILE
            async with asyncio.timeout(2):
                while server.open_now:
                    await asyncio.sleep(0.01)

    run(loop, main())
    assert target.read_bytes() == FILE
    assert leftovers(target) == ["arrived.bin"]
    assert {path.name for path in (served / "in").iterdir()} == {"as-named", "first", "arrived.bin"}
    for path in (*(served / "in").iterdir(), served / "arrived.bin"):
        assert path.read_bytes() == FILE, path


def test_ftp_refusals(served: Path, target: Path) -> None:
    async def main() -> None:
        with ftp_server(served) as server:
            where = f"127.0.0.1:{server.port}"
            transfers = FileTransfers()
            failure = await fails(
                transfers.download(f"ftp://cp:wrong@{where}/fw.bin", target), "this login", lasting=True
            )
            assert failure.cause is TransferCause.DENIED
            await fails(transfers.download(f"ftp://{LOGIN}@{where}/no.bin", target), "not hand the file", lasting=True)
            await fails(transfers.download(f"ftp://{LOGIN}@{where}/", target), "names a folder", lasting=True)
            await fails(transfers.upload(served / "fw.bin", f"ftp://{where}/x"), "not take the file", lasting=True)
            await fails(
                transfers.upload(served / "fw.bin", f"ftp://{LOGIN}@{where}/no/x"), "not take the file", lasting=True
            )

    run("asyncio", main())
    assert leftovers(target) == []


@loops
def test_ftp_resumes_where_it_broke_off(loop: str, served: Path, target: Path) -> None:
    async def main() -> None:
        with ftp_server(served) as server:
            url = f"ftp://{LOGIN}@127.0.0.1:{server.port}/fw.bin"
            server.cut_after = 300_000
            await fails(FileTransfers().download(url, target), "", lasting=False)
            held = target.with_name("arrived.bin.part").stat().st_size
            assert 0 < held < len(FILE)
            server.cut_after = None
            await FileTransfers().download(url, target)
            assert f"REST {held}" in server.commands

    run(loop, main())
    assert target.read_bytes() == FILE
    assert leftovers(target) == ["arrived.bin"]


@pytest.mark.parametrize("without", ["REST", "MDTM", "SIZE", "EPSV", "CWD"])
def test_ftp_servers_that_lack_a_command(served: Path, target: Path, without: str) -> None:
    async def main() -> None:
        with ftp_server(served) as server:
            server.without = (without,)
            url = f"ftp://{LOGIN}@127.0.0.1:{server.port}/fw.bin"
            server.cut_after = 300_000
            await fails(FileTransfers().download(url, target), "", lasting=False)
            server.cut_after = None
            await FileTransfers().download(url, target)
            await FileTransfers().upload(target, url.replace("fw", "back"))

    run("asyncio", main())
    assert target.read_bytes() == FILE
    assert (served / "back.bin").read_bytes() == FILE


def test_ftp_does_not_mix_two_versions_of_a_file(served: Path, target: Path) -> None:
    async def main() -> None:
        with ftp_server(served) as server:
            url = f"ftp://{LOGIN}@127.0.0.1:{server.port}/fw.bin"
            server.cut_after = 300_000
            await fails(FileTransfers().download(url, target), "", lasting=False)
            server.cut_after = None
            (served / "fw.bin").write_bytes(FILE[::-1])
            os.utime(served / "fw.bin", (1, 1))
            await FileTransfers().download(url, target)

    run("asyncio", main())
    assert target.read_bytes() == FILE[::-1]


@loops
@pytest.mark.parametrize("implicit", [True, False])
def test_ftps(loop: str, implicit: bool, served: Path, target: Path, context: ssl.SSLContext, root: Path) -> None:
    async def main() -> None:
        async with ftps_server(served, context, implicit=implicit) as server:
            where = f"localhost:{server.port}"
            transfers = FileTransfers(root, limits=Limits(greeting_s=0.3))
            await transfers.download(f"ftps://{LOGIN}@{where}/fw.bin", target)
            await transfers.upload(target, f"ftps://{LOGIN}@{where}/back.bin")
            assert ("AUTH TLS" in server.commands) is not implicit
            assert server.commands.count("PROT P") == 2
            server.commands.clear()
            await fails(transfers.download(f"ftps://cp:no@{where}/fw.bin", target), "this login", lasting=True)
            stranger = FileTransfers(limits=Limits(greeting_s=0.3))
            server.commands.clear()
            await fails(stranger.download(f"ftps://{LOGIN}@{where}/fw.bin", target), "TLS: the ", lasting=True)
            assert not any(line.startswith(("USER", "PASS")) for line in server.commands)

    run(loop, main())
    assert target.read_bytes() == FILE
    assert (served / "back.bin").read_bytes() == FILE


def test_ftps_to_a_server_without_tls(served: Path, target: Path) -> None:
    async def main() -> None:
        with ftp_server(served) as server:
            url = f"ftps://{LOGIN}@localhost:{server.port}/fw.bin"
            await fails(FileTransfers().download(url, target), "The server refuses: 5", lasting=True)
            assert server.commands == ["AUTH TLS"]

    run("asyncio", main())


def ftp_script(*answers: bytes) -> Raw:
    """A server that answers each line with the next of these, whatever it was asked."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"220 hello\r\n", b"331 and?\r\n", b"230 in\r\n", b"200 I\r\n", *answers):
            writer.write(answer)
            await writer.drain()
            if not await reader.readline():
                return
        writer.close()

    return handle


@pytest.mark.parametrize(
    "handle",
    [
        says(b"nonsense\r\n" * 5000),
        says(b"\xff\xfe\x00\r\n220 \xe9\r\n", close=False),
        says(b"", close=False),
        endless_line,
        endless_lines,
        ftp_script(),
        ftp_script(b"213 99999999999999999999999999\r\n"),
        ftp_script(b"213 x\r\n", b"213 -1\r\n", b"200 ok\r\n", b"229 no port\r\n"),
        ftp_script(b"500 no\r\n", b"500 no\r\n", b"200 ok\r\n", b"229 (|||99999|)\r\n"),
        ftp_script(b"500 no\r\n", b"500 no\r\n", b"200 ok\r\n", b"500 no\r\n", b"227 (1,2,3)\r\n"),
        ftp_script(b"500 no\r\n", b"500 no\r\n", b"200 ok\r\n", b"500 no\r\n", b"227 (a)\r\n"),
        ftp_script(b"500 no\r\n", b"213 99999999999\r\n"),
        ftp_script(b"500-no\r\n600 yes\r\n"),
        ftp_script(b"421 going down\r\n", b"421 going down\r\n", b"421 going down\r\n"),
    ],
)
def test_ftp_servers_that_lie(target: Path, handle: Raw) -> None:
    async def main() -> None:
        async with raw_server(handle) as port:
            transfers = FileTransfers(limits=QUICK)
            for scheme in ("ftp", "ftps"):
                with pytest.raises(TransferFailed) as caught:
                    async with asyncio.timeout(2):
                        await transfers.download(f"{scheme}://127.0.0.1:{port}/fw.bin", target)
                assert caught.value.message.endswith(".")

    run("asyncio", main())
    assert leftovers(target) == []


@loops
def test_ftp_servers_that_hang_up_on_an_upload_and_say_why(loop: str, tmp_path: Path) -> None:
    source = tmp_path / "log.zip"
    source.write_bytes(bytes(8 * 1024**2))

    async def main() -> None:
        async def data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1000)
            writer.transport.abort()

        async with raw_server(data) as data_port:
            passive = f"229 (|||{data_port}|)\r\n".encode()
            for last, words, lasting in (
                (b"552 disk full\r\n", "not take the file: 552 disk full", True),
                (b"452 disk full\r\n", "not take the file: 452 disk full", False),
                (b"226 fine\r\n", "closed the connection", False),
            ):
                async with raw_server(ftp_script(b"250 in\r\n", b"200 I\r\n", passive, b"150 go\r\n" + last)) as port:
                    url = f"ftp://127.0.0.1:{port}/x"
                    await fails(FileTransfers(limits=QUICK).upload(source, url), words, lasting=lasting)

    run(loop, main())


def test_ftp_asks_only_the_server_itself_for_data(served: Path, target: Path) -> None:
    """A passive answer may name any address; what listens there is not the CSMS's to reach through a station."""

    async def main() -> None:
        heard = asyncio.Event()

        async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set()

        listening = await asyncio.start_server(other, "127.0.0.2", 0)
        port = listening.sockets[0].getsockname()[1]
        passive = f"227 (127,0,0,2,{port >> 8},{port & 255})\r\n".encode()
        async with raw_server(
            ftp_script(b"500 no\r\n", b"500 no\r\n", b"200 ok\r\n", b"500 no\r\n", passive)
        ) as server:
            await fails(
                FileTransfers(limits=QUICK).download(f"ftp://127.0.0.1:{server}/x", target), "refused", lasting=False
            )
        listening.close()
        assert not heard.is_set()

    run("asyncio", main())


# SFTP


@loops
def test_sftp(loop: str, served: Path, target: Path, host_key: asyncssh.SSHKey) -> None:
    (served / "in").mkdir()

    async def main() -> None:
        async with sftp_server(served, host_key) as server:
            where = f"{LOGIN}@127.0.0.1:{server.port}"
            transfers = FileTransfers()
            await transfers.download(f"sftp://{where}/fw.bin", target)
            await transfers.upload(target, f"sftp://{where}/in/as-named")
            await transfers.upload(target, f"sftp://{where}/in/")
            (served / "in" / "arrived.bin").rename(served / "in" / "first")
            await transfers.upload(target, f"sftp://{where}/in")
            await transfers.upload(target, f"sftp://{where}/~/")
            assert server.logins == [PASSWORD] * 5

    run(loop, main())
    assert target.read_bytes() == FILE
    assert leftovers(target) == ["arrived.bin"]
    assert {path.name for path in (served / "in").iterdir()} == {"as-named", "first", "arrived.bin"}
    for path in (*(served / "in").iterdir(), served / "arrived.bin"):
        assert path.read_bytes() == FILE, path


def test_sftp_refusals(served: Path, target: Path, host_key: asyncssh.SSHKey) -> None:
    async def main() -> None:
        async with sftp_server(served, host_key) as server:
            where = f"127.0.0.1:{server.port}"
            transfers = FileTransfers()
            failure = await fails(
                transfers.download(f"sftp://cp:wrong@{where}/fw.bin", target), "this login", lasting=True
            )
            assert failure.cause is TransferCause.DENIED
            await fails(transfers.download(f"sftp://{LOGIN}@{where}/no.bin", target), "not hand the file", lasting=True)
            await fails(transfers.download(f"sftp://{LOGIN}@{where}/", target), "names a folder", lasting=True)
            await fails(transfers.download(f"sftp://{where}/fw.bin", target), "a user and a password", lasting=True)
            await fails(
                transfers.upload(served / "fw.bin", f"sftp://{LOGIN}@{where}/no/x"), "not take the file", lasting=True
            )

    run("asyncio", main())
    assert leftovers(target) == []


@loops
def test_sftp_resumes_where_it_broke_off(loop: str, served: Path, target: Path, host_key: asyncssh.SSHKey) -> None:
    async def main() -> None:
        async with sftp_server(served, host_key) as server:
            url = f"sftp://{LOGIN}@127.0.0.1:{server.port}/fw.bin"
            server.cut_after = 600_000
            await fails(FileTransfers().download(url, target), "closed the connection", lasting=False)
            held = target.with_name("arrived.bin.part").stat().st_size
            assert 0 < held < len(FILE)
            server.cut_after = None
            server.reads.clear()
            await FileTransfers().download(url, target)
            assert min(server.reads) == held

    run(loop, main())
    assert target.read_bytes() == FILE


def test_sftp_trusts_the_host_key_of_the_first_login(
    served: Path, target: Path, tmp_path: Path, host_key: asyncssh.SSHKey
) -> None:
    known_hosts = tmp_path / "known_hosts"

    async def main() -> None:
        async with sftp_server(served, host_key) as server:
            port, where = server.port, f"127.0.0.1:{server.port}/fw.bin"
            await fails(
                FileTransfers(None, lambda: known_hosts).download(f"sftp://cp:no@{where}", target),
                "login",
                lasting=True,
            )
            assert not known_hosts.exists()
            for _ in range(2):
                await FileTransfers(None, lambda: known_hosts).download(f"sftp://{LOGIN}@{where}", target)
            public = host_key.export_public_key("openssh").decode().split()
            assert known_hosts.read_text() == f"[127.0.0.1]:{port} {public[0]} {public[1]}\n"
            assert known_hosts.stat().st_mode & 0o777 == 0o600
        stranger = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        for key in (stranger, asyncssh.generate_private_key("ssh-ed25519")):
            async with sftp_server(served, key, port) as server:
                failure = await fails(
                    FileTransfers(None, lambda: known_hosts).download(f"sftp://{LOGIN}@{where}", target),
                    "host key is not the one",
                    lasting=True,
                )
                assert "known_hosts" in (failure.hint or "")
                assert server.logins == []
        known_hosts.write_text(f"[127.0.0.1]:{port} ssh-ed25519 broken\n")
        await fails(
            FileTransfers(None, lambda: known_hosts).download(f"sftp://{LOGIN}@{where}", target),
            "is damaged",
            lasting=True,
        )

    run("asyncio", main())


@pytest.mark.parametrize(
    "handle", [says(b"nonsense\r\n" * 50), says(b"SSH-2.0-x\r\n\xff\xff\xff\xff\x00"), endless_line]
)
def test_sftp_servers_that_lie(target: Path, handle: Raw) -> None:
    async def main() -> None:
        async with raw_server(handle) as port:
            url = f"sftp://u:p@127.0.0.1:{port}/fw.bin"
            await fails(FileTransfers(limits=QUICK).download(url, target), "", lasting=False)

    run("asyncio", main())
