"""Configuration keys of prices and languages whose values are more than plain texts. Used by ``keys`` and the host.

Spec: OCA "OCPP & California Pricing Requirements" v3, 3.1.1 (DefaultPrice), 3.2 (DefaultPriceText, Language).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from station.core.catalogue import Address, DataType
from station.core.variables import Setting, Variables

Pairs = tuple[tuple[Address, str], ...]

DEFAULT_PRICE: Final = Address.parse("TariffCostCtrlr.DefaultPrice")[0]
LANGUAGE: Final = Address.parse("DisplayMessageCtrlr.Language")[0]
SUPPORTED_LANGUAGES: Final = Address.parse("DisplayMessageCtrlr.SupportedLanguages")[0]
_PRICE_TEXT: Final = "DefaultPriceText"
_PRICES: Final = ("kWhPrice", "hourPrice", "flatFee")
_MAX_LENGTH: Final = 500


def write_default_price(_variables: Variables | None, text: str) -> Pairs | None:
    """DefaultPrice: texts for display, and the prices of a session that begins offline."""
    return ((DEFAULT_PRICE, text),) if not text or _is_price(text, prices=True) else None


def write_language(variables: Variables | None, text: str) -> Pairs | None:
    """Language: one of SupportedLanguages."""
    known = variables is None or text.casefold() in {one.casefold() for one in _split(variables)}
    return ((LANGUAGE, text),) if known else None


def is_price_text(name: str) -> bool:
    """Whether a key is the default price in a language, supported or not."""
    return name.casefold().startswith(f"{_PRICE_TEXT},".casefold())


def price_text_name(address: Address) -> str | None:
    """``DefaultPriceText,de`` for the variable that holds it; None for any other."""
    if address.component != DEFAULT_PRICE.component or address.variable != _PRICE_TEXT:
        return None
    return f"{_PRICE_TEXT},{address.variable_instance or ''}"


def price_text_address(name: str) -> Address:
    """Where the default price in a language lives, by its key."""
    return Address(DEFAULT_PRICE.component, None, None, None, _PRICE_TEXT, name.partition(",")[2].strip())


def legal_price_text(text: str) -> bool:
    """Whether this may stand in DefaultPriceText: an object with ``priceText``, or nothing."""
    return not text or _is_price(text, prices=False)


def price_texts(settings: Iterable[Setting], supported: str) -> tuple[Setting, ...]:
    """One variable for the default price in each language.

    Args:
        settings: what the profile says; it may name the languages.
        supported: the languages as delivered.
    """
    for setting in settings:
        if setting.address == SUPPORTED_LANGUAGES and setting.value is not None:
            supported = setting.value
    languages = [one.strip() for one in supported.split(",") if one.strip()]
    return tuple(
        Setting(
            price_text_address(f"{_PRICE_TEXT},{language}"),
            "",
            type=DataType.STRING,
            maximum=_MAX_LENGTH,
        )
        for language in languages
    )


def _split(variables: Variables) -> list[str]:
    return [one.strip() for one in (variables.text(SUPPORTED_LANGUAGES) or "").split(",")]


def _is_price(text: str, *, prices: bool) -> bool:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(content, dict) or not isinstance(content.get("priceText"), str):
        return False
    if not isinstance(content.get("priceTextOffline", ""), str):
        return False
    return not prices or _are_prices(content.get("chargingPrice"))


def _are_prices(content: Any) -> bool:
    if content is None:
        return True
    if not isinstance(content, dict):
        return False
    amounts = (content.get(name, 0) for name in _PRICES)
    return all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in amounts)
