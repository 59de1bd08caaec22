"""The keys of the services are replaced while they call each other, and no call is lost."""

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy import internal_keys
from deploy.credentials import write_services
from shared.protocol import internal
from shared.protocol.jose import TokenError
from shared.runtime.keystore import Keystore, KeystoreError
from shared.runtime.principals import SERVICES, Assertions, InternalKeys

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TARGET = "/v1/requests"


def clock() -> datetime:
    return NOW


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("QM")
    write_services(folder, {service: {} for service in SERVICES})
    return folder


def keystore(node: Path, service: str) -> Keystore:
    etc = node / service / "etc"
    return Keystore.open(etc / "keystore", etc / "passphrase")


def lost(keys: InternalKeys, assertions: Assertions, done: threading.Event) -> int:
    """Call until told to stop; count the calls that were refused."""
    refused = 0
    while not done.is_set():
        token = assertions.mint("exchange", "GET", TARGET)
        try:
            internal.verify(
                token, keys.now(), audience="exchange", method="GET", target=TARGET, now=NOW
            )
        except TokenError:
            refused += 1
    return refused


def test_no_call_is_lost_while_keys_are_replaced(node: Path) -> None:
    keys = InternalKeys(node / "exchange/etc/internal", clock)
    gateway = Assertions.load("gateway", keystore(node, "gateway"), clock)
    before, done, counted = gateway.key, threading.Event(), list[int]()
    caller = threading.Thread(target=lambda: counted.append(lost(keys, gateway, done)))
    caller.start()
    kid = [internal_keys.replace(node, ["gateway"]) for _ in range(3)][-1][0]
    done.set()
    caller.join()
    assert counted == [0]
    assert gateway.stored is not None
    assert gateway.stored.now()["kid"] == kid != before["kid"]
    assert len(keys.now()["gateway"]) == 4, "those of before count for a minute"


def test_one_key_alone(
    node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: node / name / f"etc/keystore/internal-{name}.key" for name in SERVICES}
    before = {name: path.read_bytes() for name, path in files.items()}
    monkeypatch.setattr(sys, "argv", ["internal_keys", str(node), "audit"])
    internal_keys.main()
    assert capsys.readouterr().out.startswith("audit  ")
    assert [name for name in SERVICES if files[name].read_bytes() != before[name]] == ["audit"]
    for name in SERVICES:
        assert not list((node / name).rglob("*.part"))


def test_what_is_not_there_is_not_replaced(node: Path) -> None:
    with pytest.raises(KeystoreError, match="does not exist"):
        keystore(node, "audit").replace("internal-courier", b"x")
