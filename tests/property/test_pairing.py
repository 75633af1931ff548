"""Any text is exactly one pairing that would be made so, or a refusal; any identity survives the way there and back."""

from __future__ import annotations

import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from station.pairing import MAX_LENGTH, Pairing, PairingError, make, parse

PIECES = st.sampled_from(
    ["ocpp", "://", ":", "/", "?", "connector", "=", "&", "#", "@", "%", "%20", "%2f", "%2F", "%C3", "%A4", "%00", "1",
     "0", "12", "CP001", "ä", " ", "\n", "..", "\\", "١", "\ud800"]
)  # fmt: skip
NEARLY = st.builds(
    lambda before, station, middle, connector, after: f"{before}{station}{middle}{connector}{after}",
    st.sampled_from(["ocpp://", "ocpp:/", "OCPP://", ""]),
    st.text(max_size=12) | st.from_regex(r"([A-Za-z0-9]|%[0-9A-Fa-f]{2}){0,12}", fullmatch=True),
    st.sampled_from(["?connector=", "?connector", "/?connector=", "?"]),
    st.integers(-1, 20000).map(str) | st.text(max_size=4),
    st.sampled_from(["", "", "#", "&x=1", " ", "&connector=1"]),
)
ANY = st.text() | st.lists(PIECES, max_size=12).map("".join) | NEARLY


@settings(max_examples=2000, deadline=None)
@given(text=ANY)
@example(text="ocpp://" + "%F0%9F%94%8C" * 48 + "?connector=9999")
def test_a_text_is_a_pairing_only_where_it_would_be_made_so(text: str) -> None:
    try:
        found = parse(text)
    except PairingError as error:
        assert error.message
        assert error.code
        return
    assert str(found) == text
    assert len(text) <= MAX_LENGTH


@settings(max_examples=1000, deadline=None)
@given(station=st.text(min_size=1, max_size=48), connector=st.integers(1, 9999))
def test_an_identity_comes_back_as_it_was(station: str, connector: int) -> None:
    with contextlib.suppress(PairingError):
        text = make(station, connector)
        assert text.isascii()
        assert parse(text, {station: connector}) == Pairing(station, connector)
