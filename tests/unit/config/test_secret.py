"""Secrets hide themselves."""

import pickle

from station.config.secret import Secret


def test_a_secret_shows_only_when_asked() -> None:
    secret = Secret("geheim")
    assert secret.reveal() == "geheim"
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r:>9}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "geheim" not in text


def test_secrets_compare_and_travel() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert pickle.loads(pickle.dumps(Secret("a"))) == Secret("a")
    assert not Secret("")
