"""Clients that come and go through a gateway's own addresses, as its operators and registrar do it."""

from typing import Any

import httpx

from shared.protocol import jose
from tests.service.gateway.calling import Caller
from tests.service.gateway.federation import SCOPES, Node
from tests.service.gateway.sockets import now

PROPOSALS = "/v1/clients/proposals"
YEAR = 365 * 86_400


def public(key: jose.Jwk, *, life: int = YEAR) -> dict[str, Any]:
    return {**jose.public_part(key), "exp": int(now().timestamp()) + life}


def propose(
    node: Node,
    act: str,
    client_id: str,
    *,
    by: str = "ops",
    **members: Any,  # noqa: ANN401
) -> httpx.Response:
    body = {"act": act, "client_id": client_id, "reason": "a test", **members}
    return Caller(node, by).call("POST", PROPOSALS, json=body)


def approve(node: Node, proposal: httpx.Response) -> httpx.Response:
    assert proposal.status_code == 201, proposal.text
    name = proposal.json()["proposal_id"]
    return Caller(node, "registrar").call("POST", f"{PROPOSALS}/{name}/approve")


def done(node: Node, act: str, client_id: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    answer = approve(node, propose(node, act, client_id, **members))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def enrolled(node: Node, name: str, role: str, *, key: jose.Jwk | None = None) -> Caller:
    """Add a client of a role, by two people."""
    drawn = key or jose.generate()
    client_id = node.client_id(name)
    done(node, "add", client_id, role=role, scopes=list(SCOPES[role]), keys=[public(drawn)])
    return Caller(node, role, key=drawn, claimed=client_id)


def suspend(node: Node, client_id: str, *, by: str = "ops") -> None:
    answer = propose(node, "suspend", client_id, by=by)
    assert (answer.status_code, answer.json()["status"]) == (201, "applied"), answer.text
