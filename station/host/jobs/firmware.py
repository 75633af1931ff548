"""Jobs of a firmware update: check the signer, download, verify, install. ``station.core.firmware`` orders them.

Files lie in ``firmware`` below the state folder, that of one update at a time.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from station.core.certificate_tasks import CertificateUse
from station.core.updates import (
    Arrived,
    CheckSigner,
    Download,
    Install,
    Installed,
    NotInstalled,
    SignatureChecked,
    SignerChecked,
    TransferEnded,
    VerifySignature,
)
from station.host import installer
from station.host.jobs.bench import Bench, JobRunner, Report
from station.net.transfer.api import TransferFailed

_FOLDER: Final = "firmware"
_NAME_LENGTH: Final = 80
_LOOK_AGAIN_S: Final = 0.25
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_ROOTS: Final = CertificateUse.MANUFACTURER_ROOT


async def check_signer(task: CheckSigner, bench: Bench, _report: Report) -> SignerChecked:
    """Against the manufacturer's roots, as they are at this moment."""
    # Late, as in ``certificates``: ``cryptography`` takes 10 MB, and most stations never need it.
    from station.host.signatures import revoked, signer_problem
    from station.host.vault.folder import VaultFolder
    from station.host.vault.trust import Trust, profile_files

    trust = Trust(bench.profile, VaultFolder(bench.state), bench.engine.station.certificates.deleted)
    roots = trust.certificates(_ROOTS)
    problem = signer_problem(task.certificate, roots, bench.engine.now_utc())
    if problem:
        return SignerChecked("InvalidCertificate", problem)
    if revoked(task.certificate, roots, profile_files(bench.profile, _ROOTS)):
        return SignerChecked("RevokedCertificate", "it is on a revocation list")
    return SignerChecked("Accepted")


async def download(task: Download, bench: Bench, _report: Report) -> Arrived | TransferEnded:
    """Fetch the file; what other updates left goes."""
    name = f"{task.name}-{_basename(task.location)}"
    target = bench.state.path(_FOLDER) / name
    await asyncio.to_thread(_remove_others, target)
    try:
        await bench.transfers.download(task.location, target)
    except TransferFailed as failed:
        return TransferEnded(failed.message, failed.lasting)
    return Arrived(name)


async def verify(task: VerifySignature, bench: Bench, _report: Report) -> SignatureChecked:
    """The signature over the whole file (L01.FR.04); a file that fails is removed."""
    from station.host.signatures import signature_problem

    file = _file(bench, task.file)
    problem = await asyncio.to_thread(signature_problem, file, task.certificate, task.signature)
    if problem:
        with suppress(OSError):
            file.unlink()
    return SignatureChecked(not problem, problem)


async def install(task: Install, bench: Bench, _report: Report) -> Installed | NotInstalled:
    """As the profile says: simulated, or by a program."""
    config, file = bench.profile.firmware, _file(bench, task.file)
    if config.installer is None:
        ended = installer.simulated(file, task.file.partition("-")[2].partition("-")[2])
        if not ended.problem:
            await _pass(config.takes_s, bench)
        file.unlink()
    else:
        ended = await installer.run(config.installer, file, lambda line: bench.note(f"installer: {line}"))
    if ended.problem:
        return NotInstalled(ended.problem, ended.unfit)
    return Installed(ended.version)


async def _pass(seconds: float, bench: Bench) -> None:
    """Let station time pass; it may run faster than the loop's."""
    now = bench.engine.port.station_now
    end_s = now() + seconds
    while (left_s := end_s - now()) > 0:  # noqa: ASYNC110 - a clock tells no one when its time has come
        await asyncio.sleep(min(left_s, _LOOK_AGAIN_S))


def _file(bench: Bench, name: str) -> Path:
    return bench.state.path(_FOLDER) / Path(name).name


def _basename(url: str) -> str:
    """The file's name in a URL, safe for a file system; it may say which version it is."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        path = ""
    return _UNSAFE.sub("_", path.rpartition("/")[2])[-_NAME_LENGTH:].lstrip(".") or "firmware"


def _remove_others(target: Path) -> None:
    for file in target.parent.iterdir():
        if not file.name.startswith(target.name):
            with suppress(OSError):
                file.unlink()


JOBS: Final[dict[type, JobRunner]] = {
    CheckSigner: check_signer,
    Download: download,
    VerifySignature: verify,
    Install: install,
}
"""Task -> who carries it out."""
