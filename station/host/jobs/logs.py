"""Jobs of a log upload: collect what there is to tell, and send it. ``station.core.log_upload`` orders them.

Files lie in ``uploads`` below the state folder until they have arrived, or another takes their place.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from station.core.updates import Collected, CollectLog, LogKind, SendLog, Sent, TransferEnded, UploadStatus
from station.host.jobs.bench import Bench, JobRunner, Report
from station.host.log_bundle import bundle, security_lines
from station.net.transfer.api import TransferCause, TransferFailed

_FOLDER: Final = "uploads"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_OWNER_ONLY: Final = 0o600

_STATUSES: Final = {
    TransferCause.DENIED: UploadStatus.PERMISSION_DENIED,
    TransferCause.UNSUPPORTED: UploadStatus.NOT_SUPPORTED_OPERATION,
    TransferCause.GARBLED: UploadStatus.BAD_MESSAGE,
}


async def collect(task: CollectLog, bench: Bench, _report: Report) -> Collected:
    """Gather on the loop, where the station stands still; pack and write in a thread."""
    when = bench.engine.now_utc()
    name = f"{_UNSAFE.sub('_', bench.profile.station.id)}_{task.kind}_{when:%Y%m%dT%H%M%SZ}"
    if task.kind is LogKind.SECURITY:
        name, content = f"{name}.jsonl", security_lines(bench.engine.station.security, task.oldest, task.latest)
        if not content:
            return Collected("")
    else:
        lines = await bench.log_lines(task.oldest, task.latest)
        members = bundle(bench, lines, task.oldest, task.latest)
        name, content = f"{name}.tar.gz", await asyncio.to_thread(members.packed)
    folder = bench.state.path(_FOLDER)
    await asyncio.to_thread(_keep, folder / name, content)
    return Collected(name)


async def send(task: SendLog, bench: Bench, _report: Report) -> Sent | TransferEnded:
    """One attempt; the file goes once it has arrived."""
    file = bench.state.path(_FOLDER) / Path(task.file).name
    if not file.is_file():
        return TransferEnded("the file is gone", lasting=True)
    try:
        await bench.transfers.upload(file, task.location)
    except TransferFailed as failed:
        return TransferEnded(failed.message, failed.lasting, _STATUSES.get(failed.cause, UploadStatus.UPLOAD_FAILURE))
    with suppress(OSError):
        file.unlink()
    return Sent()


def _keep(file: Path, content: bytes) -> None:
    """Write the only file of its folder: what another request left there is of no use any more."""
    for other in file.parent.iterdir():
        with suppress(OSError):
            other.unlink()
    file.touch(_OWNER_ONLY)
    file.write_bytes(content)


JOBS: Final[dict[type, JobRunner]] = {CollectLog: collect, SendLog: send}
"""Task -> who carries it out."""
