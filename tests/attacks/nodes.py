"""Rows 43 and 52 to 64 against whole nodes: the services inside, peers, people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from deploy.case_draft import DRAFT
from shared.protocol import canonical, channels, identifiers, internal, tokens
from shared.protocol.approvals import sign_approval
from shared.protocol.canonical import Json
from shared.protocol.entries import EntryType, sign_entry
from shared.protocol.keys import SUITE, OfficerKey, SealKey
from shared.protocol.messages import Envelope, OpenBody
from tests.attacks.laboratory import Nodes
from tests.attacks.stage import PATH, ahead, said
from tests.attacks.table import Attack, rows
from tests.service.gateway.calling import Caller

INSIDE = {"exchange": "/v1/requests", "audit": "/oversight/key"}
BAD = "401 401"  # at the exchange and at the log


def _inside(headers: Callable[[Nodes, str], dict[str, str]]) -> Callable[[Nodes], str]:
    """Call both services past the gateway, as who has reached the network inside."""

    def act(nodes: Nodes) -> str:
        with httpx.Client(trust_env=False, timeout=10) as client:
            return " ".join(
                str(
                    client.get(
                        nodes.inner("QM", service) + path, headers=headers(nodes, service)
                    ).status_code
                )
                for service, path in INSIDE.items()
            )

    return act


def _assertion(**changes: Json) -> Callable[[Nodes, str], dict[str, str]]:
    """What the gateway itself would say, but for one thing, and signed by its own key."""

    def headers(nodes: Nodes, service: str) -> dict[str, str]:
        claims: dict[str, Json] = {
            "iss": "gateway",
            "aud": service,
            **internal.bound("GET", INSIDE[service], None),
            "sub": "urn:rogatory:QM:oversight",
            "cc": "QM",
            "scope": "requests:read audit:read",
            "iat": ahead(0),
            "exp": ahead(30),
            "jti": tokens.new_jti(),
            **changes,
        }
        return {"Txn-Token": internal.sign(nodes.qm.key("internal-gateway"), claims)}

    return headers


def _token(nodes: Nodes, _service: str) -> dict[str, str]:
    token = nodes.caller("QM", "preparer").token()
    return {"Txn-Token": token, "Authorization": f"DPoP {token}"}


def _envelope(sender: str, recipient: str) -> bytes:
    entry = channels.next_entry(
        None,
        type=EntryType.OPEN,
        sender=sender,
        recipient=recipient,
        peer=None,
        iat=ahead(0),
        request=None,
        body=OpenBody(suite=SUITE, log_origin="log.example/x"),
    )
    jws = sign_entry(entry, SealKey.generate()).decode()
    return Envelope(entry=jws, leaf="AAAA", proof="x", old_size=0, consistency=()).to_bytes()


def _in_the_name_of_another(nodes: Nodes) -> str:
    """QN's gateway, with QN's own keys, brings what claims to come from a third country."""
    body = _envelope("QX", "QM")
    headers = {"Content-Type": "application/json"}
    return said(nodes.peer("QN").call("POST", "/peer/v1/entries", content=body, headers=headers))


def _send(caller: Caller, method: str, path: str, value: Json) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return caller.call(method, path, content=canonical.encode(value), headers=headers)


def _prepared(nodes: Nodes) -> dict[str, Json]:
    """A request that its preparer has submitted and that waits for a second officer."""
    preparer = nodes.caller("QM", "preparer")
    made = canonical.read(_send(preparer, "POST", PATH, DRAFT).content)
    assert isinstance(made, dict)
    path = f"{PATH}/{made['request_id']}/submit"
    assert (
        said(_send(preparer, "POST", path, _signed(nodes, made, "preparer", "request.prepare")))
        == "200"
    )
    return made


def _signed(nodes: Nodes, made: dict[str, Json], role: str, act: str) -> Json:
    told = nodes.qm.described["clients"][role]
    with open(told["officer_key"], "rb") as file:  # noqa: PTH123 - a path of lab.json
        key = OfficerKey.from_bytes(file.read())
    approval = sign_approval(
        key,
        act=act,  # type: ignore[arg-type]
        object_id=str(made["request_id"]),
        version=int(str(made["version"])),
        digest=str(made["digest"]),
        iat=ahead(0),
        officer=str(told["officer"]),
    )
    return {"approval": approval}


def _approve(role: str, officer: str) -> Callable[[Nodes], str]:
    """Approve as one client with the approval of an officer of another."""

    def act(nodes: Nodes) -> str:
        made = _prepared(nodes)
        approval = _signed(nodes, made, officer, "request.approve")
        caller = nodes.caller("QM", role)
        return said(_send(caller, "POST", f"{PATH}/{made['request_id']}/approve", approval))

    return act


def _get(role: str, path: str, **headers: str) -> Callable[[Nodes], str]:
    return lambda nodes: said(nodes.caller("QM", role).call("GET", path, headers=headers))


def _own_proposal(nodes: Nodes) -> str:
    """Operators propose and then approve: the second is the authority's alone."""
    ops = nodes.caller("QM", "ops")
    act: Json = {"act": "suspend", "client_id": "urn:rogatory:QM:nobody", "reason": "a try"}
    proposed = _send(ops, "POST", "/v1/clients/proposals", act)
    path = f"/v1/clients/proposals/{identifiers.new_id(datetime.fromtimestamp(ahead(0), UTC))}"
    assert proposed.status_code in {201, 202, 404, 409, 422}, proposed.text
    return said(_send(ops, "POST", f"{path}/approve", {}))


def _foreign_token(nodes: Nodes) -> str:
    """A client of QM at the node of QN, with QM's token and a proof for QN."""
    own = nodes.caller("QM", "preparer")
    there = nodes.caller("QN", "preparer")
    there.proof_key = own.proof_key
    return said(there.http.get(PATH, headers=there.headers("GET", PATH, own.token())))


def _foreign_client(nodes: Nodes) -> str:
    own, there = nodes.caller("QM", "preparer"), nodes.caller("QN", "preparer")
    there.key, there.claimed = nodes.qm.clients["preparer"], own.client_id
    return said(there.ask())


NOBODYS = "01890000-0000-7000-8000-000000000000"


def _suspended(nodes: Nodes) -> str:
    """One office alone, at once: the next call of a client with a living token is refused."""
    victim, ops = nodes.caller("QM", "protection"), nodes.caller("QM", "ops")
    token = victim.token()
    act: Json = {"act": "suspend", "client_id": victim.client_id, "reason": "a drill"}
    assert said(_send(ops, "POST", "/v1/clients/proposals", act)).startswith("20")
    assert said(victim.ask()) == "401 invalid_client"
    refused = victim.http.get(
        "/v1/directory", headers=victim.headers("GET", "/v1/directory", token)
    )
    _take_up_again(nodes, victim.client_id)  # these nodes serve other tests, too
    return said(refused)


def _take_up_again(nodes: Nodes, client_id: str) -> None:
    act: Json = {"act": "resume", "client_id": client_id, "reason": "the drill is over"}
    proposed = _send(nodes.caller("QM", "ops"), "POST", "/v1/clients/proposals", act)
    path = f"/v1/clients/proposals/{proposed.json()['proposal_id']}/approve"
    assert said(_send(nodes.caller("QM", "registrar"), "POST", path, {})) == "200"


SCOPE = "403 insufficient_scope"
ROWS: list[Attack[Nodes]] = [
    *rows(43, "401 invalid_token", {"a client suspended": _suspended}),
    *rows(
        52,
        BAD,
        {
            "without": _inside(lambda _nodes, _service: {}),
            "expired": _inside(_assertion(iat=1, exp=31)),
            "other aud": _inside(_assertion(aud="gateway")),
            "other path": _inside(_assertion(path="/v1/packages")),
            "other query": _inside(_assertion(query="x" * 43)),
            "other method": _inside(_assertion(htm="POST")),
            "in another's name": _inside(_assertion(iss="exchange")),
        },
    ),
    *rows(54, BAD, {"a client's token": _inside(_token)}),
    *rows(55, "403 peer_not_allowed", {"another country's entry": _in_the_name_of_another}),
    *rows(60, SCOPE, {"the preparer approves": _approve("preparer", "approver")}),
    *rows(
        60,
        "403 officer_not_allowed",
        {"the preparing officer approves": _approve("approver", "preparer")},
    ),
    *rows(
        62,
        SCOPE,
        {
            "ops reads a package": _get("ops", f"/v1/packages/{NOBODYS}"),
            "ops reads the log": _get("ops", "/v1/audit/entries", **{"X-Purpose": "x"}),
            "ops approves its own": _own_proposal,
        },
    ),
    *rows(63, "400 purpose_required", {"no purpose": _get("oversight", "/v1/audit/entries")}),
    *rows(
        63,
        SCOPE,
        {"content": _get("oversight", f"/v1/packages/{NOBODYS}/items/a/segments/0")},
    ),
    *rows(64, "401 invalid_token", {"a token of another node": _foreign_token}),
    *rows(64, "401 invalid_client", {"a client of another node": _foreign_client}),
    *rows(
        64,
        "404 unknown_package",
        {
            "what is not theirs": lambda nodes: said(
                nodes.peer("QN").call("GET", f"/peer/v1/packages/{NOBODYS}/index")
            )
        },
    ),
]
