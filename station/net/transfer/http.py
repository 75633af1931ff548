"""HTTP and HTTPS: a download by GET with ranges, an upload by one PUT. Redirects and proxies are not used.

Source: RFC 9110 §13.1.5 (If-Range), §14 (ranges), §15.3.7 (206), §15.5.17 (416).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
from yarl import URL

from station.net.transfer import words
from station.net.transfer.api import TransferFailed
from station.net.transfer.limits import CHUNK_BYTES
from station.net.transfer.location import Location
from station.net.transfer.means import Means, Source
from station.net.transfer.part import Mark, Part

_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(\d{1,19})")
_NO_CODING = {"Accept-Encoding": "identity"}


async def download(location: Location, part: Part, means: Means) -> None:
    """See ``Transfers.download``."""
    async with _session(location, means) as session:
        if part.held and await _continued(session, location, part, means):
            return
        async with session.get(_url(location, location.path), headers=_NO_CODING, allow_redirects=False) as response:
            _check(location, response)
            await _whole(location, response, part, means)


async def upload(location: Location, source: Source, means: Means) -> None:
    """See ``Transfers.upload``."""
    path = location.below(source.name) if location.folder else location.path
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(source.size)}
    async with _session(location, means) as session:
        content = source.chunks(means.pulse)
        async with session.put(_url(location, path), data=content, headers=headers, allow_redirects=False) as response:
            if not 200 <= response.status < 300:
                raise _refused(location, response)


@asynccontextmanager
async def _session(location: Location, means: Means) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"User-Agent": "ocpp-station"}
    if location.user is not None or location.password is not None:
        login = f"{location.user or ''}:{location.password or ''}"
        headers["Authorization"] = "Basic " + b64encode(login.encode()).decode()
    connector = aiohttp.TCPConnector(
        ssl=means.tls() if location.scheme == "https" else True, limit=1, force_close=True, use_dns_cache=False
    )
    session = aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        auto_decompress=False,  # what is signed is the file as it lies on the server
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # the pulse watches
    )
    try:
        async with session:
            yield session
    except aiohttp.ClientSSLError as problem:
        raise _tls_failed(location, problem) from problem
    except aiohttp.ClientConnectorError as problem:
        raise words.network(location.shown, problem.os_error) from problem
    except aiohttp.ServerDisconnectedError as problem:
        # Its message may be the answer's head that could not be parsed.
        raise words.broke_off(location.shown) from problem
    except (aiohttp.ClientOSError, aiohttp.ClientPayloadError) as problem:
        raise words.broke_off(location.shown) from problem
    except aiohttp.ClientError as problem:
        raise words.garbled(location.shown) from problem


def _tls_failed(location: Location, problem: aiohttp.ClientSSLError) -> TransferFailed:
    inner = problem.certificate_error if isinstance(problem, aiohttp.ClientConnectorCertificateError) else None
    return words.tls(location.shown, inner or problem.os_error)


def _url(location: Location, path: str) -> URL:
    query = f"?{location.query}" if location.query else ""
    # Encoded as the CSMS wrote it: signed URLs are compared to the letter.
    return URL(f"{location.scheme}://{location.authority}/{path}{query}", encoded=True)


def _refused(location: Location, response: aiohttp.ClientResponse) -> TransferFailed:
    return words.http_status(location.shown, response.status, response.headers.get("Location"))


def _check(location: Location, response: aiohttp.ClientResponse) -> None:
    if response.status == 200:
        return
    if 200 <= response.status < 300:
        raise words.garbled(location.shown)
    raise _refused(location, response)


async def _whole(location: Location, response: aiohttp.ClientResponse, part: Part, means: Means) -> None:
    """The file from its beginning."""
    size = response.content_length
    if size is None and response.headers.get("Transfer-Encoding", "").lower() != "chunked":
        # The end of the connection would be the end of the file, and a broken one would look the same.
        raise TransferFailed(f"{location.shown}: The server does not say how long the file is.", lasting=True)
    await part.begin(Mark(_validator(response), size))
    await _receive(response, part, means)
    await part.finish()


async def _receive(response: aiohttp.ClientResponse, part: Part, means: Means) -> None:
    means.pulse.beat()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        await part.append(chunk)
        means.pulse.beat()


async def _continued(session: aiohttp.ClientSession, location: Location, part: Part, means: Means) -> bool:
    """Go on from what is held; False: that is gone, and the file has to be fetched from its beginning."""
    headers = {**_NO_CODING, "Range": f"bytes={part.held}-", "If-Range": part.mark.validator or ""}
    async with session.get(_url(location, location.path), headers=headers, allow_redirects=False) as response:
        if response.status == 206 and _fits(response, part):
            await _receive(response, part, means)
            await part.finish()
            return True
        if response.status == 416 and _complete(response, part):
            await part.finish()
            return True
        if response.status in (206, 416):
            await part.discard()
            return False
        _check(location, response)
        await _whole(location, response, part, means)
        return True


def _fits(response: aiohttp.ClientResponse, part: Part) -> bool:
    """Whether a 206 continues these very bytes; how long the whole is, is known afterwards."""
    found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) != part.held or _validator(response) not in (None, part.mark.validator):
        return False
    total = part.mark.size if found[3] == "*" else int(found[3])
    if total is None or part.mark.size not in (None, total):
        return False
    part.mark = replace(part.mark, size=total)
    return True


def _complete(response: aiohttp.ClientResponse, part: Part) -> bool:
    """Whether a 416 says that nothing is missing."""
    found = _UNSATISFIED.fullmatch(response.headers.get("Content-Range", "").strip())
    return found is not None and int(found[1]) == part.held == part.mark.size


def _validator(response: aiohttp.ClientResponse) -> str | None:
    """What If-Range may name: a strong entity tag, else the time of the last change."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified")
