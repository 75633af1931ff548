"""`station fleet`: many stations, and what the CSMS did. Composes plan, engine, screen, control face and reports.

Flags are `fleet_options`', lines on the screen `fleet_screen`'s; nothing here decides anything about load or figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import signal
import sys
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from station.cli.apart import apart
from station.cli.exit_codes import ExitCode, error_text, say
from station.cli.interrupts import all_is_said
from station.cli.signals import ordered_ends
from station.cli.terminal import BackgroundWriter, Terminal
from station.errors import StationError
from station.fleet import limits

if TYPE_CHECKING:
    from station.cli.fleet_flags import FleetOptions
    from station.fleet.plan import Plan

_log = logging.getLogger(__name__)
_LAST_TABLE_S: Final = 5.0
"""So long a terminal that was stopped has to show the last table."""


def main() -> int:
    """The verb as it stands in ``sys.argv``: read and checked in a process of its own, then run. The exit code."""
    asked = apart(_asked)
    code = asked if isinstance(asked, int) else run(*asked)
    all_is_said(code)
    return code


def _asked() -> int | tuple[FleetOptions, Plan]:
    """The flags and the plan; an exit code where that was all, or where something is wrong with them."""
    from station.cli.fleet_options import command, loaded_plan
    from station.cli.verbs import build

    found: list[tuple[FleetOptions, Plan]] = []

    def keep(options: FleetOptions) -> int:
        found.append((options, loaded_plan(options).plan))
        return ExitCode.OK

    try:
        build(command(keep))()
    except SystemExit as end:
        return found[0] if found else int(end.code or 0)
    return found[0] if found else ExitCode.OK


def run(options: FleetOptions, plan: Plan) -> int:
    """Run a fleet to its end, and report. Answers the exit code."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.debug else logging.ERROR,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    fleet: _Fleet | None = None
    try:
        if not options.virtual:
            options = _with_few_workers(options, plan.count)
            for warning in _unverified(plan):
                print(f"! {warning}", file=sys.stderr)
            check_limits(plan, options.workers or 1)
        fleet = _Fleet(options, plan)
        code = _in_loop(fleet.main(), virtual=options.virtual)
    except StationError as error:
        if options.debug:
            raise
        say(error.message, error.hint, as_json=options.json)
        code = ExitCode.FAILED
    finally:
        lost = fleet.close() if fleet is not None else None
    # EIO: the terminal is gone, so nobody reads any more.
    if lost is not None and (options.json or lost.errno != errno.EIO):
        say(f"the report could not be written: {lost.strerror}", "station fleet … > another file")
        return ExitCode.FAILED
    return code


def _with_few_workers(options: FleetOptions, stations: int) -> FleetOptions:
    """No more processes than there are stations; that is said."""
    if options.workers is None or options.workers <= stations:
        return options
    which = "1 station" if stations == 1 else f"{stations} stations"
    print(f"! --workers {options.workers}: for {which} no more than {stations} are started", file=sys.stderr)
    return replace(options, workers=stations)


def _unverified(plan: Plan) -> Iterator[str]:
    """What is not verified of the CSMS's certificate."""
    securities = [group.profile.csms.security for group in plan.groups]
    if not all(security.check_chain for security in securities):
        yield "the certificate of the CSMS is not verified: neither chain nor host name (--insecure)"
    if not all(security.check_host_name for security in securities if security.check_chain):
        yield "the host name in the certificate of the CSMS is not verified (host_name: any)"


def check_limits(plan: Plan, processes: int) -> None:
    """Have this machine carry the plan; doubts are written to the standard error.

    Raises:
        StationError: too few open files.
    """
    limits.allow_files(-(-plan.count // processes))
    for warning in limits.too_few_ports(limits.addresses(plan)):
        print(f"! {warning.message}; {warning.hint}", file=sys.stderr)


def _in_loop(main: Coroutine[Any, Any, int], *, virtual: bool) -> int:
    if virtual:
        from station.fleet.virtual_loop import run_virtual

        return run_virtual(main, alone=True)
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def _of_a_fleet(hint: str | None) -> str | None:
    """A station's hint, with this verb in it."""
    return hint and hint.replace("station run ", "station fleet ")


class _Fleet:
    """One run as the command line sees it."""

    def __init__(self, options: FleetOptions, plan: Any) -> None:
        self._options = options
        self._plan = plan
        self._screen: Any = None
        self._before: Any = None
        self._run: Any = None
        # Nobody who stops to read may stop the stations.
        self._output = BackgroundWriter(sys.stdout.fileno())
        self._last = ""
        self._notes: list[str] = []
        self._ending = False

    def close(self) -> OSError | None:
        """Print what is still to be printed; why that could not be written.

        Outside the loop, so that Ctrl-C ends the wait for who reads it.
        """
        for number in ordered_ends():
            # uvloop leaves its handlers behind.
            signal.signal(number, signal.default_int_handler)
        reads_all = self._options.json or not sys.stdout.isatty()
        try:
            self._output.close(None if reads_all else _LAST_TABLE_S, self._last)
        except KeyboardInterrupt:
            if not self._output.closed():
                raise
        if self._notes:
            errors = BackgroundWriter(sys.stderr.fileno())
            errors.close(_LAST_TABLE_S if sys.stderr.isatty() else None, "".join(f"{note}\n" for note in self._notes))
        return self._output.problem

    async def main(self) -> int:
        from station.fleet.population import Population
        from station.fleet.report_files import ReportFiles
        from station.fleet.run import FleetRun, nobody_words

        options = self._options
        files = ReportFiles(html=options.html, csv=options.csv, junit=options.junit)
        files.ready()
        population = Population(self._plan)
        engine = self._engine(population)
        self._run = run = FleetRun(population, engine, self._look, virtual=options.virtual)
        async with contextlib.AsyncExitStack() as stack:
            self._open_screen(stack)
            for number in ordered_ends():
                asyncio.get_running_loop().add_signal_handler(number, self._stop)
            await self._open_control(stack, population)
            report = await run.run()
            code = self._code(report)
            if self._screen is not None:
                self._screen.end(report, code)
        if options.json:
            self._last = self._json_line(self._as_json(report, engine))
        for path in files.write(report):
            if self._screen is not None:
                self._screen.say(f"report: {path}")
            else:
                self._notes.append(f" report: {path}")
        if report.run.end == "nobody":
            words, hint, _ = nobody_words(report)
            if engine.trouble is not None and not report.totals.call("BootNotification").count:
                self._notes.append(error_text(words, None))
                words, hint = engine.trouble.message, _of_a_fleet(engine.trouble.hint)
            self._notes.append(error_text(words, hint))
        elif report.run.end == "failed":
            self._notes.append(error_text(engine.failure, "station fleet --workers N"))
        return code

    def _code(self, report: Any) -> int:
        from station.fleet.run import nobody_words

        if report.run.end == "failed":
            return ExitCode.FAILED
        if report.run.end == "nobody":
            return ExitCode.REFUSED if nobody_words(report)[2] else ExitCode.UNREACHABLE
        return ExitCode.THRESHOLD if report.crossed else ExitCode.OK

    @staticmethod
    def _as_json(report: Any, engine: Any) -> dict[str, Any]:
        content: dict[str, Any] = report.to_json()
        double = getattr(engine, "double", None)
        if double is not None:
            content["log_sha256"] = engine.digest.hex()
            content["books"] = {"finished": double.books.finished, "wrong": double.books.check()}
        return content

    def _engine(self, population: Any) -> Any:
        options = self._options
        if options.virtual:
            from station.fleet.virtual import VirtualEngine

            return VirtualEngine(population)
        if options.workers is not None or options.scheduler is not None:
            from station.fleet.cluster import ClusterEngine

            return ClusterEngine(
                population,
                workers=options.workers or 0,
                scheduler=options.scheduler or "",
                insecure=options.insecure_scheduler,
            )
        from station.fleet.local import local_engine

        return local_engine(population)

    # What is seen of it

    def _open_screen(self, stack: contextlib.AsyncExitStack) -> None:
        if self._options.json:
            return
        from station.cli.fleet_screen import FleetScreen

        in_place = sys.stdout.isatty()
        terminal = Terminal(in_place=in_place, write=self._output.write)
        stack.callback(lambda: terminal.progress([], 0.0))
        self._screen = FleetScreen(terminal, in_place=in_place)

    async def _open_control(self, stack: contextlib.AsyncExitStack, population: Any) -> None:
        control = self._options.control
        if control is None:
            return
        from station.control.runtime_file import RuntimeFile
        from station.control.server import serve_fleet
        from station.fleet import prometheus  # noqa: F401 - now, since that takes too long while stations run

        host = f"[{control.host}]" if ":" in control.host else control.host
        server = await serve_fleet(self._run, f"{host}:{control.port}", control.token)
        stack.push_async_callback(server.stop)
        try:
            file = RuntimeFile(self._run.id, server.url, control.token, fleet=True)
        except OSError as error:
            _log.warning("no runtime file: %s", error)
        else:
            stack.callback(file.remove)
        if self._screen is not None:
            self._screen.say(f"Control  {server.url}")
        else:
            self._output.write(self._json_line({"event": "ready", "data": {"control": server.url}}))

    def _look(self, tick: Any) -> None:
        if self._screen is not None:
            self._screen.look(tick, of_s=self._run.of_s, paused=self._run.conductor.paused)
        elif not self._options.virtual:
            from station.cli.fleet_screen import progress_json

            self._output.write(self._json_line(progress_json(tick, self._before)))
            if self._before is None or tick.at_s - self._before.at_s >= 0.5:
                self._before = tick

    @staticmethod
    def _json_line(content: dict[str, Any]) -> str:
        return json.dumps(content, ensure_ascii=False) + "\n"

    def _stop(self) -> None:
        """Ctrl-C: in order; again: without waiting for what is still to be told."""
        self._run.conductor.stop()
        if self._screen is not None and not self._ending:
            self._screen.say("ending in order; Ctrl-C again: at once")
        self._ending = True
