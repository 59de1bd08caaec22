"""Inside a node: an assertion is good for one service, one method, one path, thirty seconds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from fastapi.testclient import TestClient
from jwcrypto.jwk import JWK

from shared.protocol import canonical
from shared.runtime.app import create_app
from shared.runtime.keystore import Keystore
from shared.runtime.principals import (
    HEADER,
    SERVICES,
    Assertions,
    Doorman,
    InternalAuth,
    Principal,
    gateway_client,
    requires,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
router = APIRouter()


@router.get("/whoami")
def whoami(
    principal: Annotated[Principal, Depends(requires("gateway", "audit"))],
) -> dict[str, Any]:
    return {"service": principal.service, **principal.personal}


@router.get("/packages")
def packages(
    principal: Annotated[Principal, Depends(gateway_client("packages:prepare|packages:approve"))],
) -> dict[str, Any]:
    return {
        "client": principal.client_id,
        "purpose": principal.purpose,
        "country": principal.country,
    }


class Node:
    """The three services' keys, as bootstrap makes them."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        passphrase = folder / "passphrase"
        passphrase.write_text("x")
        self.store = Keystore.create(folder / "keys", passphrase)
        for name in SERVICES:
            key = JWK.generate(kty="EC", crv="P-256")
            self.store.put(f"internal-{name}", key.export_private().encode())
            (folder / f"{name}.pub.jwk").write_text(key.export_public())
        app = create_app("test", routers=[router], readiness=dict)
        app.state.doorman = Doorman.load("exchange", folder, lambda: self.now)
        self.client = TestClient(app)

    def assertions(self, service: str = "gateway") -> Assertions:
        return Assertions.load(service, self.store, lambda: self.now)

    def get(self, path: str, token: str | None) -> Any:  # noqa: ANN401 - its client is httpx2
        return self.client.get(path, headers={HEADER: token} if token else {})


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


CLIENT = Principal(
    service="gateway",
    client_id="urn:rogatory:QM:preparer",
    country="QM",
    scopes=frozenset({"packages:prepare", "requests:read"}),
    officer="QM-1",
    purpose="review",
)


def test_a_service_is_admitted_for_exactly_its_call(node: Node) -> None:
    token = node.assertions().mint("exchange", "GET", "/whoami", CLIENT)
    answer = node.get("/whoami?page=2", token)
    assert answer.json() == {"service": "gateway", "client": CLIENT.client_id, "officer": "QM-1"}


def test_the_client_behind_the_gateway_arrives_with_its_scopes(node: Node) -> None:
    answer = node.get("/packages", node.assertions().mint("exchange", "GET", "/packages", CLIENT))
    assert answer.json() == {"client": CLIENT.client_id, "purpose": "review", "country": "QM"}


@pytest.mark.parametrize(
    ("audience", "method", "path"),
    [
        ("audit", "GET", "/whoami"),
        ("exchange", "POST", "/whoami"),
        ("exchange", "GET", "/packages"),
    ],
    ids=["other service", "other method", "other path"],
)
def test_an_assertion_for_another_call_is_refused(
    node: Node, audience: str, method: str, path: str
) -> None:
    answer = node.get("/whoami", node.assertions().mint(audience, method, path))
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_assertion")


def test_an_assertion_dies_after_thirty_seconds(node: Node) -> None:
    token = node.assertions().mint("exchange", "GET", "/whoami")
    node.now += timedelta(seconds=29)
    assert node.get("/whoami", token).status_code == 200
    node.now += timedelta(seconds=60)
    assert node.get("/whoami", token).status_code == 401


def test_no_assertion_two_assertions_or_a_strangers(node: Node, tmp_path: Path) -> None:
    assert node.get("/whoami", None).json()["code"] == "no_assertion"
    token = node.assertions().mint("exchange", "GET", "/whoami")
    twice = node.client.get("/whoami", headers=[(HEADER, token), (HEADER, token)])
    assert twice.json()["code"] == "no_assertion"
    (tmp_path / "other").mkdir()
    stranger = Node(tmp_path / "other").assertions()
    assert node.get("/whoami", stranger.mint("exchange", "GET", "/whoami")).status_code == 401


def test_a_service_cannot_speak_in_anothers_name(node: Node) -> None:
    audit = node.assertions("audit")
    forged = Assertions("gateway", audit.key, audit.clock)
    assert node.get("/whoami", forged.mint("exchange", "GET", "/whoami")).status_code == 401
    assert node.get("/whoami", audit.mint("exchange", "GET", "/whoami")).status_code == 200


def test_the_wrong_service_and_the_missing_scope_are_refused(node: Node) -> None:
    token = node.assertions("exchange").mint("exchange", "GET", "/whoami")
    assert node.get("/whoami", token).json()["code"] == "wrong_service"
    reader = Principal(
        service="gateway", client_id="x", country="QM", scopes=frozenset({"requests:read"})
    )
    token = node.assertions().mint("exchange", "GET", "/packages", reader)
    answer = node.get("/packages", token)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_a_client_signs_each_of_its_requests(node: Node) -> None:
    client: Any = node.client  # made on httpx2, whose types are not httpx's
    auth = InternalAuth(node.assertions(), "exchange")
    assert client.get("/whoami?x=1", auth=auth).json() == {"service": "gateway"}


def test_keys_are_read_as_strict_json(tmp_path: Path) -> None:
    for name in SERVICES:
        (tmp_path / f"{name}.pub.jwk").write_bytes(canonical.encode({"kty": "EC"}))
    assert Doorman.load("audit", tmp_path, lambda: NOW).keys["exchange"] == {"kty": "EC"}
