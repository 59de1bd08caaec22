"""Keys and assertions of the services: replaced while they are at work, with no call lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jwcrypto.jwk import JWK

from shared.protocol import canonical, internal
from shared.protocol.errors import FormatError
from shared.protocol.jose import TokenError
from shared.runtime.keystore import Keystore
from shared.runtime.principals import OVERLAP, SERVICES, Assertions, InternalKeys, digest

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TARGET = "/v1/requests?state=S05"


class Node:
    """The three services' keys, as bootstrap makes them."""

    def __init__(self, folder: Path) -> None:
        self.now, self.folder = NOW, folder
        passphrase = folder / "passphrase"
        passphrase.write_text("x")
        self.store = Keystore.create(folder / "keys", passphrase)
        for name in SERVICES:
            self.write(name, JWK.generate(kty="EC", crv="P-256"))
        self.keys = InternalKeys(folder, lambda: self.now)
        self.gateway = Assertions.load("gateway", self.store, lambda: self.now)

    def write(self, name: str, key: JWK, *halves: str) -> None:
        if not halves or "public" in halves:
            path = self.folder / f"{name}.pub.jwk"
            path.unlink(missing_ok=True)
            path.write_text(key.export_public())
        if not halves or "private" in halves:
            (self.folder / f"keys/internal-{name}.key").unlink(missing_ok=True)
            self.store.put(f"internal-{name}", key.export_private().encode())

    def passes(self) -> bool:
        """Whether what the gateway signs now is taken now."""
        token = self.gateway.mint("exchange", "GET", TARGET)
        try:
            internal.verify(
                token,
                self.keys.now(),
                audience="exchange",
                method="GET",
                target=TARGET,
                now=self.now,
            )
        except TokenError:
            return False
        return True


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_a_key_is_replaced_with_no_call_lost(node: Node) -> None:
    fresh = JWK.generate(kty="EC", crv="P-256")
    node.write("gateway", fresh, "public")
    assert node.passes(), "signed with the key of before, which counts for a minute more"
    node.write("gateway", fresh, "private")
    assert node.passes()
    node.now += OVERLAP
    assert node.passes()


def test_the_key_of_before_counts_for_a_minute(node: Node) -> None:
    node.write("gateway", JWK.generate(kty="EC", crv="P-256"), "public")
    assert node.passes()
    node.now += OVERLAP - timedelta(seconds=1)
    assert node.passes()
    node.now += timedelta(seconds=1)
    assert not node.passes()


def test_a_broken_file_leaves_the_key_of_before(node: Node) -> None:
    (node.folder / "audit.pub.jwk").write_text("{")
    (node.folder / "keys/internal-gateway.key").write_text("not sealed")
    assert node.passes()
    node.now += OVERLAP * 2
    assert node.passes(), "nothing was replaced"
    with pytest.raises(FormatError):
        InternalKeys(node.folder, lambda: node.now)


def test_keys_are_read_as_strict_json(tmp_path: Path) -> None:
    for name in SERVICES:
        (tmp_path / f"{name}.pub.jwk").write_bytes(canonical.encode({"kty": "EC"}))
    assert InternalKeys(tmp_path, lambda: NOW).now()["exchange"] == [{"kty": "EC"}]


def test_an_empty_body_is_bound_as_none() -> None:
    assert digest(b"") is None
    assert digest(b"x") != digest(b"y")
