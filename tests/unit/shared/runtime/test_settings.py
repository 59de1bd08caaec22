"""Settings: everything missing is said at once; nothing secret has a default."""

from pathlib import Path

import pytest

from shared.runtime.settings import NodeSettings, load, parse_listen

COMPLETE = {
    "ROGATORY_COUNTRY": "QM",
    "ROGATORY_DATA": "/srv/rogatory",
    "ROGATORY_PASSPHRASE_FILE": "/run/secrets/passphrase",
    "ROGATORY_KEYSTORE": "/srv/keys",
    "ROGATORY_INTERNAL_KEYS": "/srv/internal",
    "ROGATORY_ROOT": "/srv/root.json",
}


def test_the_environment_becomes_frozen_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    settings = load(NodeSettings)
    assert settings.data == Path("/srv/rogatory")
    assert settings.database_url("audit") == "sqlite:////srv/rogatory/audit.sqlite"
    with pytest.raises(ValueError, match="frozen"):
        settings.country = "QN"


def test_a_configured_database_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROGATORY_DATABASE", "postgresql://db/audit")
    assert load(NodeSettings).database_url("audit") == "postgresql://db/audit"


def test_every_missing_setting_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in COMPLETE:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as stop:
        load(NodeSettings)
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert all(name in said for name in COMPLETE)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("127.0.0.1:8443", ("127.0.0.1", 8443)), ("[::1]:0", ("::1", 0)), ("node:1", ("node", 1))],
    ids=["ipv4", "ipv6", "name"],
)
def test_listen_addresses(text: str, parts: tuple[str, int]) -> None:
    assert parse_listen(text) == parts


@pytest.mark.parametrize(
    "text", ["8443", "host:", "host:x"], ids=["no host", "no port", "no number"]
)
def test_listen_addresses_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host:port|invalid literal"):
        parse_listen(text)
