"""`station tap` without a card: reads real readers, and shows what they see. The desk tool.

Each reader has the thread that a station would give it (`drivers.pump`); a card that goes to a station has one
of its own, so that one that waits for its answer holds up no other. `station.cli.commands` calls `read`;
`station.cli.tap_text` words what is seen.
"""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import typer

from drivers import discovery
from drivers.api import Card, DriverError, OptionError, Reader
from drivers.pump import Pump, ReaderLoop, Sink
from drivers.recording import Recorder
from drivers.uid import token_of
from station.cli import connection, reader_spec, tap_text
from station.cli.bench import read_profile
from station.cli.connection import Target
from station.cli.exit_codes import ExitCode, error_text, fail
from station.cli.reader_spec import ReaderSpec
from station.cli.signals import ordered_ends
from station.config.profile import TYPED_READERS
from station.errors import StationError

Item = tuple[str, Any]
_BAUD: Final = 115_200
"""Where a PN532 is left by an ordered end."""
_MOST_WAITING: Final = 8
"""Cards on their way to the station; more are told and not sent."""
_UNKNOWN_LINE: Final = "station tap --reader pn532:{0}    or    station tap --reader serial:{0}:rdm6300"


@dataclass(frozen=True, slots=True)
class TapOptions:
    """What was asked for.

    Args:
        readers: as the command line has them; empty: those of the profile, else all that are found.
        params: of the command `tap`, without the card, for `to`.
    """

    readers: tuple[str, ...] = ()
    profile: Path | None = None
    to: str | None = None
    params: tuple[tuple[str, Any], ...] = ()
    watch: bool = False
    explain: bool = False
    accept_random: bool = False
    record: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """A card at a reader, and what became of it: `answer` is the station's, `error` why there is none."""

    reader: str
    card: Card
    token: str
    answer: dict[str, Any] | None = None
    took_ms: float | None = None
    error: str = ""


def read(options: TapOptions) -> None:
    """Read cards until one was seen (or, watching, until Ctrl-C).

    Raises:
        typer.Exit: always, with the exit code.
    """
    specs = _specs(options)
    target = None
    if options.to is not None:
        try:
            target = connection.find(options.to)
        except StationError as error:
            fail(error.message, error.hint, ExitCode.FAILED, as_json=options.as_json)
    with contextlib.ExitStack() as stack:
        recorder = None
        if options.record is not None:
            try:
                recorder = stack.enter_context(Recorder(options.record))
            except DriverError as error:
                fail(error.message, error.hint, ExitCode.FAILED, as_json=options.as_json)
        desk = Desk(options, specs, target, recorder)
        code = desk.run()
    raise typer.Exit(code)


class Desk:
    """The readers of one call, and a queue on which all that happens arrives."""

    def __init__(
        self, options: TapOptions, specs: Sequence[ReaderSpec], target: Target | None, recorder: Recorder | None
    ) -> None:
        self._options = options
        self._specs = specs
        self._target = target
        self._recorder = recorder
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._opened: set[int] = set()
        self._lost: dict[int, DriverError] = {}
        self._sending = 0
        self._cards = 0
        self._code = ExitCode.OK

    def run(self) -> ExitCode:
        """Until the end; all readers are given back. The exit code."""
        pumps = [self._pump(index, spec) for index, spec in enumerate(self._specs)]
        with _signals(lambda: self._queue.put(("stop", None))):
            for pump in pumps:
                pump.start()
            try:
                while self._handle(self._queue.get()):
                    pass
            finally:
                # The chip of a PN532 goes back to 115,200 baud and to sleep here.
                for pump in pumps:
                    pump.ask_to_stop()
                hanging = [spec.name for pump, spec in zip(pumps, self._specs, strict=True) if not pump.stop()]
        if hanging:
            self._note(f"{', '.join(hanging)} does not answer, and was not given back")
        return self._code

    def _pump(self, index: int, spec: ReaderSpec) -> Pump:
        def opened() -> Reader:
            reader = spec.open()
            self._queue.put(("opened", (index, getattr(reader, "found_at_baud", _BAUD))))
            return reader if self._recorder is None else self._recorder.around(reader, spec.gap_s)

        put = self._queue.put
        sink = Sink(
            card=lambda card: put(("card", (index, card))),
            lost=lambda error: put(("lost", (index, error))),
            back=lambda: put(("back", index)),
        )
        return Pump(ReaderLoop(opened, sink, gap_s=spec.gap_s), spec.driver.name)

    def _handle(self, item: Item) -> bool:
        """Take in what happened; False ends it."""
        kind, data = item
        if kind == "stop":
            if not self._options.watch:
                self._note("the answer did not come" if self._cards else "no card was seen")
                self._code = ExitCode.FAILED
            return False
        if kind == "lost":
            return self._reader_lost(*data)
        if kind == "opened":
            self._reader_opened(*data)
        elif kind == "back":
            self._lost.pop(data, None)
            self._note(f"{self._specs[data].name} is back")
        elif kind == "card":
            index, card = data
            return self._card(index, card)
        elif kind == "answer":
            self._sending -= 1
            return self._show(data)
        return True

    def _reader_opened(self, index: int, found_at_baud: int) -> None:
        if index not in self._opened:
            self._opened.add(index)
            self._note(f"hold a card at: {self._specs[index].name}")
        if found_at_baud != _BAUD:
            self._note(f"{self._specs[index].name}: the chip was left at {found_at_baud} baud, and was set back")

    def _reader_lost(self, index: int, error: DriverError) -> bool:
        """A reader cannot be opened or is gone. Watching waits for one that was there; else the last one ends it."""
        self._lost[index] = error
        typer.echo(error_text(f"{self._specs[index].name}: {error.message}", error.hint or "station doctor"), err=True)
        if len(self._lost) < len(self._specs) or (self._options.watch and self._opened):
            return True
        self._code = ExitCode.HARDWARE
        return False

    def _card(self, index: int, card: Card) -> bool:
        spec = self._specs[index]
        self._cards += 1
        sight = Sight(spec.name, card, token_of(card, spec.uid))
        if self._target is None:
            return self._show(sight)
        if card.random and not self._options.accept_random:
            return self._show(_with_error(sight, "not sent: a random UID is no identity (--accept-random sends it)"))
        if self._sending >= _MOST_WAITING:
            return self._show(_with_error(sight, "not sent: too many cards wait for their answers"))
        self._sending += 1
        # A daemon: whoever says Ctrl-C does not wait for an answer.
        threading.Thread(target=self._send, args=(self._target, sight), name="tap", daemon=True).start()
        return True

    def _send(self, target: Target, sight: Sight) -> None:
        """In a sender's thread."""
        began_s = time.monotonic()
        try:
            answer = dict(connection.command(target, "tap", {"tagId": sight.token, **dict(self._options.params)}))
        except StationError as error:
            self._queue.put(("answer", _with_error(sight, error.message)))
            return
        took_ms = (time.monotonic() - began_s) * 1000
        self._queue.put(("answer", Sight(sight.reader, sight.card, sight.token, answer, took_ms)))

    def _show(self, sight: Sight) -> bool:
        """Tell what was seen; whether to go on."""
        options = self._options
        if options.as_json:
            typer.echo(json.dumps(tap_text.as_data(sight, options.to, explain=options.explain), ensure_ascii=False))
        else:
            for line in tap_text.lines(sight, options.to, explain=options.explain):
                typer.echo(line)
        if options.watch:
            return True
        self._code = _exit_code(sight)
        return False

    def _note(self, text: str) -> None:
        typer.echo(f" {text}", err=True)


def _with_error(sight: Sight, error: str) -> Sight:
    return Sight(sight.reader, sight.card, sight.token, error=error)


def _exit_code(sight: Sight) -> ExitCode:
    from station.cli.commands import exit_code

    if sight.answer is not None:
        return exit_code("tap", sight.answer)
    return ExitCode.FAILED if sight.error else ExitCode.OK


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a lost terminal are an ordered end: a reader not given back hangs at the next start."""
    before = {number: signal.getsignal(number) for number in ordered_ends()}
    try:
        for number in before:
            signal.signal(number, lambda *_: stop())
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- which readers ------------------------------------------------------------------------------------------------


def _specs(options: TapOptions) -> list[ReaderSpec]:
    try:
        if options.readers:
            return [_real(reader_spec.parse(text)) for text in options.readers]
        if options.profile is not None:
            return _of_profile(options.profile, options.as_json)
    except DriverError as error:
        code = ExitCode.USAGE if isinstance(error, OptionError) else ExitCode.HARDWARE
        fail(error.message, error.hint or "station readers", code, as_json=options.as_json)
    return _found(options.as_json)


def _real(spec: ReaderSpec) -> ReaderSpec:
    if spec.driver.name in TYPED_READERS:
        raise OptionError("--reader", f"{spec.driver.name} reads no cards", "station tap 04A1B2C3D4E5F6")
    return spec


def _of_profile(path: Path, as_json: bool) -> list[ReaderSpec]:
    profile = read_profile(path, as_json=as_json)
    configs = [config for config in profile.auth.readers if config.part.driver not in TYPED_READERS]
    if not configs:
        fail(f"{path} names no reader that could be read", "auth: {readers: [...]}", ExitCode.USAGE, as_json=as_json)
    return [reader_spec.from_config(config) for config in configs]


def _found(as_json: bool) -> list[ReaderSpec]:
    """Every reader that is found here and whose driver is known. A bare line may carry anything: it is not tried."""
    devices = discovery.find()
    specs: list[ReaderSpec] = []
    for device in devices:
        if device.driver and (device.kind != "usb" or device.driver != "pcsc"):
            with contextlib.suppress(DriverError):
                specs.append(reader_spec.from_mapping(device.settings))
    if not specs:
        line = next((device.where for device in devices if device.kind == "serial" and not device.driver), None)
        message = "no card reader was found" if line is None else f"no card reader was found; {line} may carry one"
        hint = "station doctor    or type the number: station tap 04A1B2C3D4E5F6"
        fail(message, _UNKNOWN_LINE.format(line) if line else hint, ExitCode.HARDWARE, as_json=as_json)
    return specs
