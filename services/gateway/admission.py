"""Who may do what: the one table of the gateway's addresses, and the scopes of each role.

An address that is not in the table does not exist; a scope that is not in a client's role cannot be
given to it. So a client that prepares packages can never clear them, operators never see cases,
and a peer can do nothing but deliver.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.protocol.witnessing import MAX_SUBMISSION
from shared.runtime.refusals import (
    Malformed,
    MethodNotAllowed,
    Misdirected,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)

NODE_DELIVER = "node:deliver"
PEER_ROLE = "peer"

ROLES: Mapping[str, frozenset[str]] = {
    "preparer": frozenset(
        {"requests:read", "requests:write", "requests:execute", "packages:prepare"}
    ),
    "approver": frozenset({"requests:read", "requests:approve", "packages:approve"}),
    "receiver": frozenset({"requests:read", "packages:receive"}),
    "oversight": frozenset({"audit:read"}),
    "protection": frozenset({"audit:erase"}),
    "ops": frozenset({"ops:health"}),
    PEER_ROLE: frozenset({NODE_DELIVER}),
}
# Each national role holds one of them.
ANY_NATIONAL = "requests:read|audit:read|audit:erase|ops:health"
ALL_SCOPES = frozenset().union(*ROLES.values())

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A route that was found, and the path inside that it leads to."""

    route: Route
    target: str


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


def _view(name: str) -> Route:
    """What an overseer reads of the log, and says why."""
    line, target = f"GET /v1/audit/{name}", f"/oversight/{name}"
    return _route(line, "audit", "audit:read", target=target, purpose=True)


_SEGMENT = "/v1/packages/{id}/items/{item}/segments/{n}"
_ITEM_READERS = "packages:prepare|packages:approve|packages:receive"

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
    _route("POST /v1/requests/{id}/submit", "exchange", "requests:write"),
    _route("POST /v1/requests/{id}/approve", "exchange", "requests:approve"),
    _route("POST /v1/requests/{id}/send", "exchange", "requests:approve"),
    _route("POST /v1/requests/{id}/acknowledge", "exchange", "requests:execute"),
    _route("POST /v1/requests/{id}/accept", "exchange", "requests:execute"),
    _route("POST /v1/requests/{id}/refuse", "exchange", "requests:execute"),
    _route("POST /v1/packages", "exchange", "packages:prepare"),
    _route("GET /v1/packages", "exchange", "requests:read"),
    _route("GET /v1/packages/{id}", "exchange", "requests:read"),
    _route("GET /v1/packages/{id}/items", "exchange", _ITEM_READERS),
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
    _route("GET /v1/inbox", "exchange", "packages:receive"),
    _route("GET /v1/ops/health", "gateway", "ops:health"),
    _route("GET /v1/ops/log", "audit", "ops:health", target="/ops/stages"),
    _route("GET /v1/ops/channels", "exchange", "ops:health"),
    _route("POST /v1/ops/inspections", "audit", "ops:health", target="/ops/inspections"),
    _route(
        "GET /v1/ops/inspections/newest",
        "audit",
        "ops:health",
        target="/ops/inspections/newest",
    ),
    _route("GET /v1/directory", "gateway", ANY_NATIONAL),
    _route("POST /peer/v1/entries", "exchange", NODE_DELIVER, body_limit=ENTRY_BODY),
    _route("GET /peer/v1/heads", "exchange", NODE_DELIVER),
    _route("GET /peer/v1/entries", "exchange", NODE_DELIVER),
    _route("GET /peer/v1/packages/{id}/index", "exchange", NODE_DELIVER),
    _route("GET /peer/v1/packages/{id}/segments/{item}/{n}", "exchange", NODE_DELIVER),
)

_PARAMETERS = {
    "id": r"[A-Za-z0-9_-]{1,64}",
    "item": r"[A-Za-z0-9_-]{1,64}",
    "n": r"[0-9]{1,10}",
    "peer": r"[A-Z]{2}",
    "digest": r"[0-9a-f]{64}",
    # C2SP tlog-tiles: level and index in groups of three digits, width of a partial tile.
    "tile": r"(?:[0-9]{1,2}/)?(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[0-9]{1,3})?",
}


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    places = [
        f"(?P<{part}>{_PARAMETERS[part]})" if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    ]
    return re.compile("".join(places))


_PATTERNS = tuple((_pattern(route.template), route) for route in ROUTES)


# Answered by the gateway itself, without a caller.
_OWN = {
    "/oauth/token": "POST",
    "/oauth/revoke": "POST",
    "/.well-known/oauth-authorization-server": "GET",
    "/.well-known/jwks.json": "GET",
    "/healthz": "GET",
    "/readyz": "GET",
}


def find(method: str, path: str) -> Match:
    """Find the route of a request.

    Raises:
        NotFound: there is no such address.
        MethodNotAllowed: there is, for other methods (`Allow` says which).
    """
    matches = [(found, route) for pattern, route in _PATTERNS if (found := pattern.fullmatch(path))]
    if not matches and path not in _OWN:
        raise NotFound("not_found", "There is nothing at this address.")
    for found, route in matches:
        if route.method == method:
            target = route.target.format(**found.groupdict())
            return Match(route=route, target=target)
    methods = {route.method for _, route in matches} or {_OWN[path]}
    allowed = ", ".join(sorted(methods))
    raise MethodNotAllowed(
        "method_not_allowed",
        "This address does not take this method.",
        headers={"Allow": allowed},
    )


Headers = Sequence[tuple[bytes, bytes]]
_SINGLE = (b"host", b"authorization", b"dpop", b"content-type", b"content-length", b"txn-token")


def check_form(headers: Headers, raw_path: str, query: bytes, *, host: str) -> None:
    """Check what holds for every request, before anyone is asked who they are.

    Args:
        headers: as they came, names in lower case.
        raw_path: the path as it came.
        query: the query string as it came.
        host: the one Host that this gateway answers to.

    Raises:
        Malformed: a header twice, an escape in the path, a token in the query.
        Misdirected: another Host.
        UnsupportedMedia: a compressed body.
    """
    names = [name for name, _ in headers]
    for name in _SINGLE:
        if names.count(name) > 1:
            raise Malformed("invalid_request", f"The header {name.decode()} stands twice.")
    _check_host([value for name, value in headers if name == b"host"], host)
    if b"content-encoding" in names:
        raise UnsupportedMedia("content_encoding", "A body is taken as it is, not compressed.")
    if any(mark in raw_path for mark in ("%", "//", ";")):
        raise Malformed("malformed_path", "The path holds an escape or a separator that none has.")
    if b"access_token=" in query:
        raise Malformed("invalid_request", "A token stands in the header Authorization only.")


def _check_host(given: Sequence[bytes], host: str) -> None:
    if not given:
        raise Malformed("invalid_request", "The header Host is missing.")
    if given[0].decode("latin-1").lower() != host:
        raise Misdirected("misdirected", "This gateway does not answer for that host.")


def check_length(headers: Mapping[str, str], limit: int) -> None:
    """Check the announced length of a body.

    Raises:
        TooLarge: over the limit of its address.
    """
    announced = headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > limit:
        raise TooLarge(
            "too_large",
            "The body is larger than this address takes.",
            next_step="Send evidence in segments; documents stay under the limit.",
            limit=limit,
        )
