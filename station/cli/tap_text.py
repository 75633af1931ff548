"""What a reader saw, as lines and as data; every form of a UID that a back end may hold. Pure.

Called by `station.cli.tap` and, for a card that was typed, by `station.cli.commands`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from drivers.uid import AS_READ, UidPolicy, fits, forms
from station.cli.text import clean, trace_lines

if TYPE_CHECKING:
    from station.cli.tap import Sight

VERSIONS: Final[tuple[Literal["1.6"], Literal["2.0.1"]]] = ("1.6", "2.0.1")
MAX_UID_BYTES: Final = 16


def lines(sight: Sight, to: str | None, *, explain: bool) -> Iterator[str]:
    """One presentation for people."""
    card = sight.card
    size = "text" if card.text is not None else f"{len(card.uid)} bytes"
    mark = "   random: made up anew at each presentation" if card.random else ""
    yield f" {clean(sight.reader)}   {clean(card.technology or '-')}   {clean(sight.token)}   {size}{mark}"
    if explain:
        yield from _explained(sight)
    if to is None:
        return
    if sight.answer is None:
        yield f"   x {clean(sight.error)}"
        return
    yield f"   {_outcome(sight.answer)}   {sight.took_ms:.0f} ms"
    data = sight.answer.get("data") or {}
    yield from (f"  {line}" for line in trace_lines(data.get("trace")))


def as_data(sight: Sight, to: str | None, *, explain: bool) -> dict[str, Any]:
    """One presentation for programs."""
    card = sight.card
    data: dict[str, Any] = {
        "reader": sight.reader,
        "tagId": sight.token,
        "uid": card.uid.hex().upper(),
        "technology": card.technology,
        "random": card.random,
    }
    if card.text is not None:
        data["text"] = card.text
    if explain:
        data["forms"] = forms_data(card.uid) if card.uid else [_form("text", sight.token)]
    if to is not None:
        data["to"] = to
        data["answer"] = sight.answer
        data["took_ms"] = None if sight.took_ms is None else round(sight.took_ms, 1)
        data["error"] = sight.error or None
    return data


def uid_of(text: str) -> bytes | None:
    """The UID that a typed card number may stand for: hex digits in pairs; None where it is none."""
    digits = text.replace(":", "").replace(" ", "")
    try:
        uid = bytes.fromhex(digits)
    except ValueError:
        return None
    return uid if 1 <= len(uid) <= MAX_UID_BYTES else None


def typed_lines(card: str, *, alone: bool) -> Iterator[str]:
    """The forms of a card number that was typed; of a text that is no UID only where that is `alone` the answer."""
    uid = uid_of(card)
    if uid is not None:
        yield from form_lines(uid)
    elif alone:
        yield f"   {'text':<53} {clean(card):<24} {_fits(card)}"
        yield f"   no UID, which is hex digits in pairs, {MAX_UID_BYTES} bytes at most: it has no other form"


def typed_forms(card: str) -> list[dict[str, Any]]:
    """The same for programs."""
    uid = uid_of(card)
    return [_form("text", card)] if uid is None else forms_data(uid)


def form_lines(uid: bytes) -> Iterator[str]:
    """Every usual form of a UID: its name, the token, which versions can carry it, what makes a reader send it."""
    for form in forms(uid):
        policy = _policy(form.policy)
        sends = (
            f"uid: {policy}" if policy else "" if form.policy is None else "as a reader sends it unless told otherwise"
        )
        yield f"   {form.name:<53} {form.text:<24} {_fits(form.text):<10} {sends}".rstrip()


def forms_data(uid: bytes) -> list[dict[str, Any]]:
    """The same for programs; `uid` is what a reader's line in the profile needs, None where no policy makes it."""
    return [_form(form.name, form.text) | {"uid": _policy_data(form.policy)} for form in forms(uid)]


def _policy_data(policy: UidPolicy | None) -> dict[str, Any] | None:
    if policy is None:
        return None
    values = ((field.name, getattr(policy, field.name)) for field in dataclasses.fields(policy))
    return {name: value for name, value in values if value != getattr(AS_READ, name)}


def _policy(policy: UidPolicy | None) -> str:
    changed = _policy_data(policy)
    return f"{{{', '.join(f'{name}: {value}' for name, value in changed.items())}}}" if changed else ""


def _explained(sight: Sight) -> Iterator[str]:
    if sight.card.uid:
        yield from form_lines(sight.card.uid)
    else:
        yield f"   {'text':<53} {clean(sight.token):<24} {_fits(sight.token)}"


def _form(name: str, text: str) -> dict[str, Any]:
    return {"form": name, "token": text, "fits": [version for version in VERSIONS if fits(text, version)]}


def _fits(text: str) -> str:
    return " ".join(version for version in VERSIONS if fits(text, version)) or "neither"


def _outcome(answer: Mapping[str, Any]) -> str:
    if not answer.get("ok"):
        return f"x {clean(answer.get('error'))}"
    data = answer.get("data") or {}
    reason = data.get("reason")
    return f"{clean(data.get('result', 'ok'))}" + (f"  {clean(reason)}" if reason else "")
