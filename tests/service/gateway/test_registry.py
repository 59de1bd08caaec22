"""Who may be a client: the file is checked as a whole, and a bad one changes nothing."""

from pathlib import Path
from typing import Any

import pytest

from services.gateway.registry import Registry, RegistryError, read_clients
from shared.protocol import canonical, jose
from shared.runtime.refusals import Unavailable
from tests.federated import CLIENT_KEY, document
from tests.service.gateway.sites import Live

KEY = jose.public_part(jose.generate())


def entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "client_id": "urn:rogatory:QM:preparer",
        "role": "preparer",
        "scopes": ["requests:read"],
        "keys": [KEY],
        **changes,
    }


def write(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_bytes(canonical.encode({"clients": list(entries)}))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clients.json"


def test_a_client_is_read(file: Path) -> None:
    (client,) = read_clients(write(file, entry()), "QM").values()
    assert (client.role, client.country, client.scopes) == ("preparer", "QM", ("requests:read",))


def test_a_suspended_client_is_none(file: Path) -> None:
    assert read_clients(write(file, entry(status="suspended")), "QM") == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "emperor"},
        {"role": "peer", "scopes": ["node:deliver"]},
        {"scopes": ["requests:read", "packages:approve"]},
        {"scopes": ["ops:health"]},
        {"scopes": []},
        {"keys": [{"kty": "oct", "k": "AAAA"}]},
        {"keys": [CLIENT_KEY]},
        {"extra": 1},
        {"client_id": 7},
    ],
)
def test_61_a_client_outside_its_role_stops_the_start(file: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(RegistryError):
        read_clients(write(file, entry(**changes)), "QM")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"clients":1}'])
def test_another_file_stops_the_start(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(RegistryError):
        read_clients(file, "QM")


def registry(file: Path, live: Live) -> Registry:
    return Registry(file, country="QM", directory=live.directory, clock=live.clock)


def test_a_file_that_becomes_bad_changes_nothing(file: Path, live: Live) -> None:
    known = registry(write(file, entry()), live)
    file.write_bytes(b"half a fi")
    assert known.find("urn:rogatory:QM:preparer") is not None
    write(file, entry(client_id="urn:rogatory:QM:other"))
    assert known.find("urn:rogatory:QM:preparer") is None
    assert known.find("urn:rogatory:QM:other") is not None


def test_56_a_peer_is_found_by_its_issuer_in_the_directory(file: Path, live: Live) -> None:
    dated = {**jose.public_part(CLIENT_KEY), "nbf": 1, "exp": 2}
    live.repository.publish(document("QN", client_jwks=[jose.public_part(CLIENT_KEY), dated]))
    live.directory.refresh()
    known = registry(write(file, entry()), live)
    peer = known.find("https://qn.example")
    assert peer is not None
    assert (peer.role, peer.country, peer.scopes) == ("peer", "QN", ("node:deliver",))
    assert peer.keys == (jose.public_part(CLIENT_KEY),)
    for nobody in ("https://qm.example", "https://qx.example", "urn:x"):
        assert known.find(nobody) is None


def test_58_without_a_directory_only_peers_are_refused(file: Path, live: Live) -> None:
    known = registry(write(file, entry()), live)
    assert known.find("urn:rogatory:QM:preparer") is not None
    with pytest.raises(Unavailable):
        known.find("https://qn.example")
