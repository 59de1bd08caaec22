"""Every address of the gateway: who serves it, which scope it takes, how large a body may be.

An address that is not in the table does not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.protocol.witnessing import MAX_SUBMISSION

NODE_DELIVER = "node:deliver"
PROPOSE, APPROVE, READ_CLIENTS = "clients:propose", "clients:approve", "clients:read"
# Whatever a national client holds, it holds one of them.
ANY_NATIONAL = (
    "requests:read|requests:write|requests:execute|requests:approve|requests:decide"
    "|packages:prepare|packages:approve|packages:receive|packages:filter"
    "|courts:record|protection:assess|duty:act|gates:override"
    "|audit:read|audit:erase|ops:health|clients:read|clients:propose|clients:approve"
)

# A system of this country, named by us: never a person's name, never a peer's address (RFC 9700, 4.15).
CLIENT_ID = r"urn:rogatory:[A-Z]{2}:[a-z0-9][a-z0-9._-]{0,62}"

JSON_BODY = 256 * 2**10  # bytes
ENTRY_BODY = 2**20  # bytes: an envelope with leaf, proof and two signatures
CASE_BODY = 16 * 2**20  # bytes
SEGMENT_BODY = 256 * 2**20 + 2**16  # bytes: the largest segment

Service = Literal["exchange", "audit", "gateway"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address: who serves it, which scope it takes (None: nobody is asked; `a|b`: either)."""

    method: str
    template: str
    service: Service
    scope: str | None
    target: str  # the template of the path inside
    body_limit: int = JSON_BODY
    purpose: bool = False

    @property
    def streams(self) -> bool:
        """Whether the body is too large to be held in memory."""
        return self.body_limit > ENTRY_BODY

    @property
    def scopes(self) -> frozenset[str]:
        """Return the alternatives of `scope`."""
        return frozenset(self.scope.split("|")) if self.scope else frozenset()


def _route(
    line: str,
    service: Service,
    scope: str | None,
    *,
    target: str | None = None,
    body_limit: int = JSON_BODY,
    purpose: bool = False,
) -> Route:
    method, template = line.split(" ")
    return Route(
        method=method,
        template=template,
        service=service,
        scope=scope,
        target=target or template,
        body_limit=body_limit,
        purpose=purpose,
    )


# An act on a request, and which scope it takes.
ACTS: Mapping[str, str] = {
    "submit": "write",
    "return": "approve",
    "approve": "approve",
    "send": "approve",
    "acknowledge": "decide",
    "forward": "decide",
    "review": "decide",
    "ask": "decide",
    "answer": "approve",
    "propose": "decide",
    "settle": "approve",
    "accept": "decide",
    "refuse": "decide",
    "postpone": "decide",
    "resume": "decide",
    "execute": "execute",
    "substitute": "execute",
    "fulfil": "decide",
    "close": "approve",
    "withdraw": "approve",
    "reopen": "approve",
    "supplement": "approve",
}


def _view(name: str) -> Route:
    """What an overseer reads of the log, and says why."""
    line, target = f"GET /v1/audit/{name}", f"/oversight/{name}"
    return _route(line, "audit", "audit:read", target=target, purpose=True)


# What follows a decision: conditions, use, onward transfer, retention (spec/conditions.md).
_AFTER = {
    "GET /v1/requests/{id}/conditions": "read",
    "POST /v1/requests/{id}/use-report-request": "decide",
    "POST /v1/requests/{id}/use-report": "approve",
    "POST /v1/requests/{id}/breach": "approve|requests:decide",
    "GET /v1/packages/{id}/use": "read",
    "POST /v1/packages/{id}/onward": "approve",
    "POST /v1/packages/{id}/onward-consent": "decide",
    "POST /v1/packages/{id}/export": "approve",
    "POST /v1/packages/{id}/legal-hold": "approve",
    "POST /v1/packages/{id}/review-retention": "approve",
    "POST /v1/packages/{id}/destroy": "approve",
    "POST /v1/packages/{id}/give-back": "approve",
    "POST /v1/packages/{id}/deletion-request": "decide",
}
_SEGMENT = "/v1/packages/{id}/items/{item}/segments/{n}"
_ITEM_READERS = "packages:prepare|packages:approve|packages:receive|packages:filter"
_REQUEST_FINDERS = "requests:approve|requests:decide|courts:record|protection:assess|gates:override"
_PACKAGE_FINDERS = "packages:approve|courts:record|protection:assess|gates:override"

ROUTES: Sequence[Route] = (
    _route("GET /log/checkpoint", "audit", None, target="/checkpoint"),
    _route("GET /log/tile/{tile}", "audit", None, target="/tile/{tile}"),
    _route(
        "GET /log/tile/entries/{tile}",
        "audit",
        "audit:read",
        target="/tile/entries/{tile}",
        purpose=True,
    ),
    _route("GET /logs/{digest}/checkpoint", "audit", None),
    _route("GET /logs/{digest}/tile/{tile}", "audit", None),
    _route("GET /logs/{digest}/tile/entries/{tile}", "audit", "audit:read", purpose=True),
    *map(_view, ("entries", "counterparts", "find", "key", "proof", "timestamps", "evidence")),
    _route("GET /v1/audit/channels/evidence", "exchange", "audit:read"),
    _route("GET /v1/audit/channels/{peer}/links", "exchange", "audit:read"),
    # C2SP tlog-witness: what is sent is signed by a log, what is answered by our witness.
    _route("POST /witness/add-checkpoint", "audit", None, body_limit=MAX_SUBMISSION),
    _route("GET /witness/{digest}/checkpoint", "audit", None),
    _route("POST /v1/audit/erasures", "audit", "audit:erase", target="/erasures"),
    _route("POST /v1/requests", "exchange", "requests:write"),
    _route("GET /v1/requests", "exchange", "requests:read"),
    _route("GET /v1/requests/{id}", "exchange", "requests:read"),
    _route("PUT /v1/requests/{id}", "exchange", "requests:write"),
    *(
        _route(f"POST /v1/requests/{{id}}/{act}", "exchange", f"requests:{scope}")
        for act, scope in ACTS.items()
    ),
    _route("GET /v1/requests/{id}/messages", "exchange", "requests:read"),
    _route("GET /v1/requests/{id}/clocks", "exchange", "requests:read"),
    _route("POST /v1/requests/{id}/clocks/{clock}/extend", "exchange", "requests:decide"),
    _route("GET /v1/clocks", "exchange", "requests:read"),
    _route("GET /v1/requests/{id}/challenges", "exchange", "requests:read"),
    _route("POST /v1/requests/{id}/challenges", "exchange", "courts:record"),
    _route("POST /v1/requests/{id}/challenges/{challenge}/outcome", "exchange", "courts:record"),
    _route("POST /v1/requests/{id}/appeal-waiver", "exchange", "courts:record"),
    _route("GET /v1/requests/{id}/emergency", "exchange", "requests:read"),
    _route("POST /v1/requests/{id}/call-back", "exchange", "duty:act"),
    _route("POST /v1/requests/{id}/validation", "exchange", "courts:record"),
    _route("GET /v1/requests/{id}/preservation", "exchange", "requests:read"),
    _route("POST /v1/requests/{id}/preservation", "exchange", "requests:approve|requests:execute"),
    _route("POST /v1/requests/{id}/subject-notice", "exchange", "requests:approve"),
    _route("POST /v1/requests/{id}/costs", "exchange", "requests:approve|requests:decide"),
    _route("POST /v1/requests/{id}/approve-unvalidated", "exchange", "duty:act"),
    _route("GET /v1/requests/{id}/findings", "exchange", "requests:read"),
    _route("POST /v1/requests/{id}/findings", "exchange", _REQUEST_FINDERS),
    _route("GET /v1/requests/{id}/gates", "exchange", "requests:read"),
    _route("GET /v1/packages/{id}/findings", "exchange", "requests:read"),
    _route("POST /v1/packages/{id}/findings", "exchange", _PACKAGE_FINDERS),
    _route("POST /v1/packages/{id}/filter", "exchange", "packages:filter"),
    _route("GET /v1/packages/{id}/gates", "exchange", "requests:read"),
    _route("POST /v1/packages", "exchange", "packages:prepare"),
    _route("GET /v1/packages", "exchange", "requests:read"),
    _route("GET /v1/packages/{id}", "exchange", "requests:read"),
    _route("GET /v1/packages/{id}/items", "exchange", _ITEM_READERS),
    _route("GET /v1/packages/{id}/custody", "exchange", _ITEM_READERS),
    _route("PUT /v1/packages/{id}/items/{item}", "exchange", "packages:prepare"),
    _route("DELETE /v1/packages/{id}/items/{item}", "exchange", "packages:prepare"),
    _route("GET /v1/packages/{id}/items/{item}/segments", "exchange", "packages:prepare"),
    _route(f"PUT {_SEGMENT}", "exchange", "packages:prepare", body_limit=SEGMENT_BODY),
    _route(f"GET {_SEGMENT}", "exchange", "packages:receive"),
    _route(
        "PUT /v1/packages/{id}/case",
        "exchange",
        "packages:prepare",
        body_limit=CASE_BODY,
    ),
    _route("POST /v1/packages/{id}/close", "exchange", "packages:prepare"),
    _route("POST /v1/packages/{id}/prepare", "exchange", "packages:prepare"),
    _route("POST /v1/packages/{id}/clear", "exchange", "packages:approve"),
    _route("POST /v1/packages/{id}/release", "exchange", "packages:approve"),
    _route("GET /v1/packages/{id}/tags", "exchange", "packages:receive"),
    _route("GET /v1/packages/{id}/chain", "exchange", "packages:receive"),
    _route("POST /v1/packages/{id}/handover", "exchange", "packages:receive"),
    *(_route(line, "exchange", f"requests:{scope}") for line, scope in _AFTER.items()),
    _route("GET /v1/inbox", "exchange", "packages:receive"),
    _route("GET /v1/ops/health", "gateway", "ops:health"),
    _route("GET /v1/ops/log", "audit", "ops:health", target="/ops/stages"),
    _route("GET /v1/ops/channels", "exchange", "ops:health"),
    _route("GET /v1/ops/condition", "gateway", "ops:health"),
    _route("GET /v1/ops/condition/exchange", "exchange", "ops:health", target="/ops/condition"),
    _route("GET /v1/ops/condition/audit", "audit", "ops:health", target="/ops/condition"),
    _route("GET /v1/ops/peers/{peer}", "gateway", "ops:health"),
    _route("POST /v1/ops/peers/{peer}/selftest", "exchange", "ops:health"),
    _route("GET /v1/ops/peers/{peer}/selftest", "exchange", "ops:health"),
    _route("POST /v1/ops/inspections", "audit", "ops:health", target="/ops/inspections"),
    _route(
        "GET /v1/ops/inspections/newest",
        "audit",
        "ops:health",
        target="/ops/inspections/newest",
    ),
    _route("POST /v1/ops/directory/refresh", "gateway", "ops:health"),
    _route("GET /v1/directory", "gateway", ANY_NATIONAL),
    # A mirror of the trust repository, for other members: every file proves itself.
    _route("GET /federation/metadata/{metadata}", "gateway", None),
    _route("GET /federation/targets/members/{document}", "gateway", None),
    _route("GET /federation/targets/pairs/{profile}", "gateway", None),
    _route("GET /v1/clients", "gateway", READ_CLIENTS),
    _route("GET /v1/clients/self", "gateway", ANY_NATIONAL),
    _route("GET /v1/clients/{client}", "gateway", READ_CLIENTS),
    _route("POST /v1/clients/self/keys", "gateway", ANY_NATIONAL),
    # Who may propose what stands with the acts themselves: to suspend, either of the two.
    _route("POST /v1/clients/proposals", "gateway", f"{PROPOSE}|{APPROVE}"),
    _route("GET /v1/clients/proposals", "gateway", READ_CLIENTS),
    _route("GET /v1/clients/proposals/{id}", "gateway", READ_CLIENTS),
    _route("POST /v1/clients/proposals/{id}/approve", "gateway", APPROVE),
    _route("POST /v1/clients/proposals/{id}/reject", "gateway", APPROVE),
    _route("POST /peer/v1/entries", "exchange", NODE_DELIVER, body_limit=ENTRY_BODY),
    _route("GET /peer/v1/heads", "exchange", NODE_DELIVER),
    _route("GET /peer/v1/entries", "exchange", NODE_DELIVER),
    _route("GET /peer/v1/packages/{id}/index", "exchange", NODE_DELIVER),
    _route("GET /peer/v1/packages/{id}/segments/{item}/{n}", "exchange", NODE_DELIVER),
)

PARAMETERS = {
    "id": r"[A-Za-z0-9_-]{1,64}",
    "item": r"[A-Za-z0-9_-]{1,64}",
    "challenge": r"[0-9a-f-]{36}",
    "clock": r"[A-Za-z0-9]{1,40}(?:[.-][A-Za-z0-9]{1,40}){0,12}",
    "n": r"[0-9]{1,10}",
    "peer": r"[A-Z]{2}",
    "client": CLIENT_ID,
    "digest": r"[0-9a-f]{64}",
    "metadata": r"(?:timestamp|[0-9]{1,9}\.(?:root|snapshot|targets|country-[A-Z]{2}))\.json",
    "document": r"[0-9a-f]{64}\.[A-Z]{2}\.json",
    "profile": r"[0-9a-f]{64}\.[A-Z]{2}-[A-Z]{2}\.toml",
    # C2SP tlog-tiles: level and index in groups of three digits, width of a partial tile.
    "tile": r"(?:[0-9]{1,2}/)?(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[0-9]{1,3})?",
}


# Answered by the gateway itself, without a caller.
OWN: Mapping[str, str] = {
    "/oauth/token": "POST",
    "/oauth/revoke": "POST",
    "/.well-known/oauth-authorization-server": "GET",
    "/.well-known/jwks.json": "GET",
    "/healthz": "GET",
    "/readyz": "GET",
    "/openapi.json": "GET",
    "/docs": "GET",
    "/docs/start.js": "GET",
    "/docs/swagger-ui-bundle.js": "GET",
    "/docs/swagger-ui.css": "GET",
    "/docs/favicon.png": "GET",
}
