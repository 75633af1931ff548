"""A reader that nfcpy drives: one sense() a technology and poll, cards as ``Card``, errors counted and named.

The three drivers open an nfcpy device and hand it over; they differ in nothing else. nfcpy raises anything
(``Chipset.Error``, ``IndexError``, ``OSError``, ``termios.error``): a disturbed poll is counted and shows what the one
before saw, three in a row or a device that is gone are a loss. Source of the commands: NXP UM0701-02.
"""

from __future__ import annotations

import contextlib
import errno
from typing import Any

from drivers.api import Card, DriverError, DriverLost
from drivers.nfc.cards import Technology, card_of, listed
from drivers.nfc.library import load
from drivers.nfc.line import Limit

POLL_S = 0.8
"""What a poll may take altogether."""
MOST_FAILURES = 3
"""Disturbed polls in a row that make a loss."""
LAST_WORDS_S = 0.5

_GONE = frozenset({errno.ENODEV, errno.ENXIO, errno.EBADF, errno.ENOENT})
_IN_LIST_PASSIVE_TARGET = 0x4A
_TWO_TYPE_A = b"\x02\x00"


class NfcReader:
    """See the module.

    Attributes:
        firmware: of the chip; empty where there is none.
        errors: polls that were disturbed, since the opening.
    """

    def __init__(
        self,
        name: str,
        device: Any,
        technologies: tuple[Technology, ...],
        limit: Limit,
        *,
        firmware: str = "",
        two_cards: bool = True,
    ) -> None:
        """
        Args:
            name: for messages.
            device: an open ``nfc.clf.device.Device``.
            technologies: polled in this order.
            limit: of the device's transport.
            firmware: as above.
            two_cards: the device has a PN532 that may be asked for both cards in its field.

        Raises: DriverMissing.
        """
        clf = load("nfc.clf")
        self.name = name
        self.firmware = firmware
        self.errors = 0
        self._frontend: Any = clf.ContactlessFrontend()
        self._frontend.device = device
        self._targets = tuple((technology, clf.RemoteTarget(technology)) for technology in technologies)
        self._limit = limit
        self._two_cards = two_cards
        self._failures = 0
        self._unlisted = 0
        self._seen: list[Card] = []
        self._lost: str | None = None

    def poll(self) -> list[Card]:
        """All cards that are there now; returns within a second. Raises: DriverLost."""
        if self._lost is not None:
            raise DriverLost(self._lost)
        self._limit.start(POLL_S)
        try:
            cards: list[Card] = []
            for technology, target in self._targets:
                cards += self._sense(technology, target)
        except DriverError as error:
            raise self._lose(str(error), error.hint) from error
        except Exception as error:
            self._disturbed(error)
            return list(self._seen)
        self._failures = 0
        self._seen = cards
        return list(cards)

    def release(self) -> None:
        """Field off, chip asleep at 115,200 baud, device given back."""
        device, self._frontend.device = self._frontend.device, None
        self._lost = self._lost or f"{self.name} was released"
        if device is None:
            return
        self._limit.start(LAST_WORDS_S)
        transport = getattr(getattr(device, "chipset", None), "transport", None)
        # Each for itself: after an unplug any of these may raise anything.
        for last in (device.mute, device.close, getattr(transport, "close", None)):
            if last is not None:
                with contextlib.suppress(Exception):
                    last()

    def _sense(self, technology: Technology, target: Any) -> list[Card]:
        card = self._one(target)
        if card is None:
            return []
        if technology == "106A" and self._two_cards:
            return self._with_its_neighbour(card)
        if technology == "106B" and card not in self._seen:
            return self._proven(card, target)
        return [card]

    def _one(self, target: Any) -> Card | None:
        found = self._frontend.sense(target, iterations=1)
        return None if found is None else card_of(found)

    def _with_its_neighbour(self, card: Card) -> list[Card]:
        """nfcpy activates one card; the chip itself can list two (InListPassiveTarget with MaxTg 2)."""
        device = self._frontend.device
        device.mute()  # the card that was activated answers no call for cards before it was without a field
        try:
            cards = listed(bytes(device.chipset.command(_IN_LIST_PASSIVE_TARGET, _TWO_TYPE_A, 0.5)))
        except DriverError:
            raise
        except Exception:
            # One card is better than none: a firmware that does not pass the question is not asked again.
            self.errors += 1
            self._unlisted += 1
            self._two_cards = self._unlisted < MOST_FAILURES
            return [card]
        self._unlisted = 0
        # A phone has another random UID by now, and is still one phone.
        return [card, *(other for other in cards if other != card and not (other.random and card.random))]

    def _proven(self, card: Card, target: Any) -> list[Card]:
        """A PUPI may be fixed or made up at each activation, and nothing in it says which: read it twice."""
        again = self._one(target) or self._one(target)  # at the field's edge one call goes unheard
        if again is None:
            return []
        return [card if again == card else Card(card.uid, card.technology, random=True)]

    def _disturbed(self, error: Exception) -> None:
        """Count; raises DriverLost when it is more than a disturbance."""
        self.errors += 1
        self._failures += 1
        number = getattr(error, "errno", None)
        if number in _GONE or self._failures >= MOST_FAILURES:
            silent = number in (errno.ETIMEDOUT, errno.EIO)
            what = "does not answer, or not as it should" if silent else f"{type(error).__name__}: {error}"
            raise self._lose(f"{self.name}: {what}", "is the cable in? enough power? station doctor") from error

    def _lose(self, reason: str, hint: str) -> DriverLost:
        self._lost = reason
        return DriverLost(reason, hint)
