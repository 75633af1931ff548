"""`station fleet`: many stations, and what the CSMS did. Composes plan, engine, screen, control face and reports.

Flags are `fleet_options`', lines on the screen `fleet_screen`'s; nothing here decides anything about load or figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import shutil
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import typer

from station.cli.exit_codes import ExitCode, error_text
from station.cli.fleet_options import FleetOptions, check_limits, command, loaded_plan
from station.cli.signals import ordered_ends
from station.errors import StationError

_log = logging.getLogger(__name__)
_THRESHOLDS: Final = (10_000, 50, 100)
"""Of the garbage collector: what a run makes dies young, what it keeps is frozen."""


def run(options: FleetOptions) -> int:
    """Run a fleet to its end, and report. Answers the exit code."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.debug else logging.ERROR,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    plan = loaded_plan(options).plan
    try:
        if not options.virtual:
            check_limits(plan, options.workers or 1)
        return _in_loop(_Fleet(options, plan).main(), virtual=options.virtual)
    except StationError as error:
        if options.debug:
            raise
        typer.echo(error_text(error.message, error.hint), err=True)
        return ExitCode.FAILED


def _in_loop(main: Coroutine[Any, Any, int], *, virtual: bool) -> int:
    if virtual:
        from station.fleet.virtual_loop import run_virtual

        return run_virtual(main, alone=True)
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    gc.set_threshold(*_THRESHOLDS)
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


class _Fleet:
    """One run as the command line sees it."""

    def __init__(self, options: FleetOptions, plan: Any) -> None:
        self._options = options
        self._plan = plan
        self._screen: Any = None
        self._before: Any = None
        self._run: Any = None
        self._write: Callable[[str], None] = print

    async def main(self) -> int:
        from station.fleet.population import Population
        from station.fleet.report_files import ReportFiles
        from station.fleet.run import FleetRun, nobody_words

        options = self._options
        files = ReportFiles(html=options.html, csv=options.csv, junit=options.junit)
        files.ready()
        population = Population(self._plan)
        engine = self._engine(population)
        self._run = run = FleetRun(
            population, engine, self._look, workers=options.workers or 1, virtual=options.virtual
        )
        async with contextlib.AsyncExitStack() as stack:
            self._open_screen(stack)
            for number in ordered_ends():
                asyncio.get_running_loop().add_signal_handler(number, self._stop)
            await self._open_control(stack, population)
            report = await run.run()
            code = self._code(report)
            if self._screen is not None:
                self._screen.end(report, code)
        for path in files.write(report):
            typer.echo(f" report: {path}", err=options.json)
        if report.run.end == "nobody":
            words, hint, _ = nobody_words(report)
            trouble = getattr(engine, "trouble", None)
            if trouble is not None:
                words, hint = trouble.message, trouble.hint
            typer.echo(error_text(words, hint), err=True)
        if options.json:
            print(json.dumps(self._as_json(report, engine), ensure_ascii=False), flush=True)
        return code

    def _code(self, report: Any) -> int:
        from station.fleet.run import nobody_words

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
        from station.cli.terminal import BackgroundWriter, Terminal

        in_place = sys.stdout.isatty()
        output = BackgroundWriter(sys.stdout.fileno())
        stack.callback(output.close)
        terminal = Terminal(in_place=in_place, write=output.write)
        self._screen = FleetScreen(terminal, in_place=in_place, height=lambda: shutil.get_terminal_size().lines)

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
            print(json.dumps({"event": "ready", "data": {"control": server.url}}), flush=True)

    def _look(self, tick: Any) -> None:
        if self._screen is not None:
            self._screen.look(tick, of_s=self._run.of_s, paused=self._run.conductor.paused)
        elif not self._options.virtual:
            from station.cli.fleet_screen import progress_json

            print(json.dumps(progress_json(tick, self._before)), flush=True)
            self._before = tick

    def _stop(self) -> None:
        """Ctrl-C: in order; again: without waiting for what is still to be told."""
        self._run.conductor.stop()
        if self._screen is not None:
            self._screen.say("ending; again: at once")


fleet = command(run)
"""The verb."""
