"""From a name and parameters to an answer: what lines and HTTP have in common.

Commands take effect inside `begin`, so the order of its calls is the order of their effects; waiting comes after.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from station.control import registry
from station.control.commandable import CommandRefused, Execution

_log = logging.getLogger(__name__)

Answer = dict[str, Any]
"""`{"ok": true, "data": {…}}` or `{"ok": false, "error": "…"}`."""


def good(data: Mapping[str, Any]) -> Answer:
    """The answer of a command that came about."""
    return {"ok": True, "data": dict(data)}


def bad(message: str) -> Answer:
    """The answer of a command that did not."""
    return {"ok": False, "error": message}


@dataclass(slots=True)
class Begun:
    """A command on its way.

    Args:
        done: will have the final answer; None where `answer` is it.
        data: what was known at once.
    """

    command: str
    done: asyncio.Task[Answer] | None
    data: Mapping[str, Any]
    answer: Answer | None = None

    def now(self) -> Answer:
        """The answer for those who do not wait: the final one where it is known."""
        return self.answer if self.answer is not None else good(self.data)

    async def settled(self, limit_s: float) -> None:
        """Wait for the final answer, at most so many seconds; then `now` has it."""
        if self.done is not None:
            ended, _ = await asyncio.wait({self.done}, timeout=limit_s)
            if ended:
                self.answer = self.done.result()

    async def within(self, limit_s: float | None = None) -> Answer:
        """The final answer.

        Args:
            limit_s: after so many seconds the answer is that it did not come about yet; the command goes on.
        """
        if self.done is None:
            return self.now()
        ended, _ = await asyncio.wait({self.done}, timeout=limit_s)
        return self.done.result() if ended else bad(_too_late(self.command, limit_s or 0.0))


class Executes(Protocol):
    """What ``begin`` needs of a ``Commandable``."""

    def execute(self, command: str, params: Mapping[str, Any]) -> Execution:
        """See ``Commandable``."""
        ...


def begin(commandable: Executes, name: str, params: Mapping[str, Any]) -> Begun:
    """Check the parameters and let the command take effect now.

    Raises:
        CommandRefused: unknown command, wrong parameters. What the station refuses is an answer.
    """
    normal = registry.checked(name, params)
    try:
        execution = commandable.execute(name, normal)
    except CommandRefused as error:
        return _ended(name, bad(error.message))
    except Exception:
        return _ended(name, _fell_over(name))
    if execution.done.done():
        return _ended(name, _outcome(name, execution.done))
    task = asyncio.ensure_future(_finish(name, execution.done, float(normal["timeout"])))
    return Begun(name, task, execution.data)


async def _finish(name: str, done: asyncio.Future[dict[str, Any]], timeout_s: float) -> Answer:
    await asyncio.wait({done}, timeout=timeout_s)
    if done.done():
        return _outcome(name, done)
    done.cancel()
    return bad(_too_late(name, timeout_s))


def _ended(name: str, answer: Answer) -> Begun:
    return Begun(name, None, {}, answer)


def _outcome(name: str, done: asyncio.Future[dict[str, Any]]) -> Answer:
    try:
        return good(done.result())
    except CommandRefused as error:
        return bad(error.message)
    except TimeoutError as error:
        return bad(str(error) or f"{name} did not come about in time")
    except asyncio.CancelledError:
        return bad(f"{name} was given up: the station stops")
    except Exception:
        return _fell_over(name)


def _too_late(name: str, after_s: float) -> str:
    return f"{name} did not come about within {after_s:g} s"


def _fell_over(name: str) -> Answer:
    """One failed handler is one failed command; the station lives on."""
    _log.exception("command %s fell over", name)
    return bad(f"{name} fell over inside the station; its log says more")
