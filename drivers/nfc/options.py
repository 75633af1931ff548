"""The options that all readers driven through nfcpy have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.nfc.cards import Technology
from drivers.options import option

GAP_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class NfcOptions:
    """See INTERFACE §5."""

    technologies: tuple[Technology, ...] = option(
        ("106A",), about="106A, 106B, 212F, 424F, polled in this order; each costs 25 to 50 ms a poll"
    )
    gap_s: float = option(GAP_S, key="gap", unit="s", between=(0, 60), about="gone that long is a new presentation")
    random_uid: Literal["refuse", "accept"] = option(
        "refuse", about="whether a UID made up at each presentation (phones) may be a token"
    )

    def __post_init__(self) -> None:
        """Raises: ValueError: nothing to poll for, or something twice."""
        if not self.technologies or len(set(self.technologies)) < len(self.technologies):
            raise ValueError("technologies: name at least one, each once")
