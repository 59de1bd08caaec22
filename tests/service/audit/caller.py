"""Callers of the service: what its neighbours in the node send."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from services.audit.settings import AuditSettings
from shared.protocol.checkpoints import verify_checkpoint
from shared.runtime.principals import Assertions, Principal
from tests.asserting import Asserting
from tests.service.audit.logbook import (
    KEY,
    ORIGIN,
    SetClock,
    event,
)

OVERSEER = Principal(
    service="gateway",
    client_id="urn:rogatory:QM:oversight",
    country="QM",
    scopes=frozenset({"audit:read"}),
    purpose="yearly inspection",
)
OPS = Principal(service="gateway", scopes=frozenset({"ops:health"}))


@dataclass(frozen=True)
class Keys:
    folder: Path
    internal: dict[str, dict[str, Any]]


def settings(keys: Keys, data: Path) -> AuditSettings:
    return AuditSettings(
        country="QM",
        data=data,
        passphrase_file=keys.folder / "passphrase",
        keystore=keys.folder / "keystore",
        internal_keys=keys.folder,
        root=keys.folder / "root.json",
        audit_listen="127.0.0.1:0",
        gateway_internal_url="http://127.0.0.1:9",
        log_origin=ORIGIN,
        batch_ms=1,
        witness_start_s=0,
        witness_ms=1,
    )


@dataclass(frozen=True)
class Node:
    """Callers of the service."""

    client: TestClient
    keys: Keys
    clock: SetClock

    def asserting(self, service: str, principal: Principal | None = None) -> Asserting:
        """Speak as a service of the node."""
        made = Assertions(service, self.keys.internal[service], self.clock)
        return Asserting(made, "audit", principal)

    def get(
        self, path: str, principal: Principal | None = None, *, service: str = "gateway"
    ) -> Response:
        return self.client.get(path, auth=self.asserting(service, principal))

    def post(self, *events: dict[str, Any], service: str = "exchange") -> Response:
        body = {"events": events}
        return self.client.post("/entries", json=body, auth=self.asserting(service))

    def send(self, path: str, body: object, principal: Principal) -> Response:
        """POST through the gateway on behalf of a client."""
        return self.client.post(path, json=body, auth=self.asserting("gateway", principal))

    def look(self, path: str) -> Any:  # noqa: ANN401 - JSON of a known shape
        answer = self.get(f"/oversight/{path}", OVERSEER)
        assert answer.status_code == 200, answer.text
        return answer.json()


def told(number: int, **members: object) -> dict[str, Any]:
    return event(number, **members).model_dump(exclude_none=True)


def checkpoint(node: Node) -> tuple[int, bytes]:
    found = verify_checkpoint(node.get("/checkpoint").text, KEY.vkeys())
    return found.size, found.root


def inspected(node: Node) -> dict[str, Any]:
    """What an inspection of the whole log finds."""
    begun = node.send("/ops/inspections", {}, OPS)
    assert begun.status_code == 202, begun.text
    deadline = time.monotonic() + 30
    found: dict[str, Any] = begun.json()
    while found["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.02)
        found = node.get("/ops/inspections/newest", OPS).json()
    return found
