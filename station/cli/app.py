"""Composes and runs one station: store, host, embedded CSMS, faces, signals. ``station run`` calls ``main``.

Nothing here decides anything about charging: it opens what profile and flags name, in an order that closes well.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from station.cli.exit_codes import ExitCode
from station.cli.faces import Faces, header_of
from station.cli.signals import ordered_ends
from station.clock import Clock, ScaledClock, SystemClock
from station.config import Loaded
from station.host.host import Host
from station.host.notify import ServiceManager
from station.host.options import RunOptions
from station.host.parts import slots_of

_log = logging.getLogger(__name__)
_RETRY_RESET_S = 1.0


def main(loaded: Loaded, options: RunOptions) -> int:
    """Run a station until it is told to stop. Answers the exit code.

    Raises:
        StationError: the store or the control face cannot be opened.
        ConfigError: the profile's variables are wrong.
        DriverError: hardware that the profile names cannot be opened.
    """
    _log_to_stderr(options)
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_run(loaded, options))


def _log_to_stderr(options: RunOptions) -> None:
    level = logging.DEBUG if options.debug else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if not options.debug:
        # The libraries of the embedded CSMS tell every frame at INFO, and their own mishaps as warnings.
        logging.getLogger("ocpp").setLevel(logging.ERROR)
        logging.getLogger("websockets").setLevel(logging.ERROR)


def _clock(options: RunOptions) -> Clock:
    return SystemClock() if options.speed == 1.0 else ScaledClock(options.speed)


async def _run(loaded: Loaded, options: RunOptions) -> int:
    profile = loaded.profile
    stopping = asyncio.Event()
    rebooting = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ordered_ends():
        loop.add_signal_handler(number, stopping.set)
    async with contextlib.AsyncExitStack() as stack:
        url = None
        base = None
        if profile.csms.mode == "embedded":
            # Here and not above: most stations have a CSMS and never need this one.
            from station.csms import EmbeddedCsms

            csms = EmbeddedCsms(versions=profile.csms.versions)
            base = await csms.start()
            stack.push_async_callback(csms.stop)
            url = f"{base}/{quote(profile.station.id, safe='')}"
        host = Host(profile, slots_of(profile), clock=_clock(options), url=url, trace=options.trace)
        await _open_hardware(host, stopping.is_set)

        retries = 0

        def reboot() -> None:
            nonlocal retries
            retries = host.reset_retries
            rebooting.set()
            stopping.set()

        host.exits = reboot
        faces = Faces(host, options, stopping.set)
        stack.push_async_callback(faces.close)
        stack.push_async_callback(host.stop)
        await faces.open(profile.control, lambda control: header_of(profile, options, base, control))
        host.start(offline=options.offline)
        manager = ServiceManager.from_environment(loop)
        manager.sound = host.sound
        await host.hardware_read(stopping.is_set)
        manager.ready()
        await stopping.wait()
        manager.stopping()
    program = profile.reboot.program
    return await _reboot(program, retries) if rebooting.is_set() and program is not None else ExitCode.OK


async def _open_hardware(host: Host, given_up: Callable[[], bool]) -> None:
    """Open what the profile names, and say what is not there yet.

    Raises:
        DriverError: hardware that the profile names cannot be opened, and will not be by waiting.
    """
    try:
        for warning in await host.open_hardware(given_up):
            print(f"! {warning}; trying on", file=sys.stderr)
    except BaseException:
        await host.stop()
        raise


async def _reboot(program: Path, retries: int) -> int:
    """Reboot once all is stored and closed; try again where that fails (OCPP 1.6 §9.1.22, ResetRetries)."""
    code = await _run_once(program)
    while code and retries > 0:
        retries -= 1
        await asyncio.sleep(_RETRY_RESET_S)
        code = await _run_once(program)
    return code


async def _run_once(program: Path) -> int:
    """Run the profile's own way to reboot, without a shell."""
    try:
        process = await asyncio.create_subprocess_exec(program, stdin=asyncio.subprocess.DEVNULL, stdout=sys.stderr)
    except OSError as error:
        _log.error("%s cannot be run: %s", program, error.strerror)
        return ExitCode.FAILED
    code = await process.wait()
    if code:
        _log.error("%s ended with %d", program, code)
    return ExitCode.FAILED if code else ExitCode.OK
