"""Who may do what: the scopes of each role, and what holds for every request.

A scope that is not in a client's role cannot be given to it. So a client that prepares packages can
never clear them, operators never see cases, and a peer can do nothing but deliver.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.gateway.addresses import (
    APPROVE,
    NODE_DELIVER,
    OWN,
    PARAMETERS,
    PROPOSE,
    READ_CLIENTS,
    ROUTES,
    Route,
)
from shared.runtime.refusals import (
    Malformed,
    MethodNotAllowed,
    Misdirected,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)

PEER_ROLE = "peer"

ROLES: Mapping[str, frozenset[str]] = {
    "preparer": frozenset(
        {"requests:read", "requests:write", "requests:execute", "packages:prepare"}
    ),
    "approver": frozenset(
        {"requests:read", "requests:approve", "requests:decide", "packages:approve"}
    ),
    "court": frozenset({"requests:read", "courts:record"}),
    "privilege": frozenset({"requests:read", "packages:filter"}),
    "assessor": frozenset({"requests:read", "protection:assess"}),
    "duty": frozenset({"requests:read", "duty:act"}),
    "minister": frozenset({"requests:read", "gates:override"}),
    "receiver": frozenset({"requests:read", "packages:receive"}),
    "oversight": frozenset({"audit:read"}),
    "protection": frozenset({"audit:erase"}),
    "ops": frozenset({"ops:health", READ_CLIENTS, PROPOSE}),
    "registrar": frozenset({READ_CLIENTS, APPROVE}),
    PEER_ROLE: frozenset({NODE_DELIVER}),
}
ALL_SCOPES = frozenset().union(*ROLES.values())

# No role, and so no client, holds a scope of both sides: who prepares does not approve, who proposes
# clients does not admit them, and who runs or watches the node sees no case.
_DESKS = ("requests:", "packages:", "courts:", "protection:", "duty:", "gates:")
_ALONE = ("courts:record", "packages:filter", "protection:assess", "duty:act", "gates:override")
CASEWORK = frozenset(each for each in ALL_SCOPES if each.startswith(_DESKS))
APART: Sequence[tuple[frozenset[str], frozenset[str]]] = (
    (frozenset({"packages:prepare"}), frozenset({"packages:approve", "packages:receive"})),
    (
        frozenset({"requests:write", "requests:execute"}),
        frozenset({"requests:approve", "requests:decide"}),
    ),
    # A court, a filter team, a data-protection officer, the duty desk and a minister decide alone.
    *((frozenset({each}), ALL_SCOPES - {each, "requests:read"}) for each in _ALONE),
    (frozenset({PROPOSE}), frozenset({APPROVE})),
    (CASEWORK, ALL_SCOPES - CASEWORK),
    *((frozenset({each}), ALL_SCOPES - {each}) for each in ("audit:read", "audit:erase")),
    (frozenset({NODE_DELIVER}), ALL_SCOPES - {NODE_DELIVER}),
)


class UnknownRoleError(Exception):
    """A setting names a role that there is not."""


def read_roles(text: str) -> frozenset[str]:
    """Read a list of national roles, a comma between two.

    Raises:
        UnknownRoleError: one of them is none.
    """
    roles = frozenset(part.strip() for part in text.split(",")) - {""}
    unknown = sorted(roles - (ROLES.keys() - {PEER_ROLE}))
    if unknown:
        raise UnknownRoleError(f"there is no role {', '.join(unknown)}")
    return roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A route that was found, the path inside that it leads to, and the values in it."""

    route: Route
    target: str
    values: Mapping[str, str] = field(default_factory=dict)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    places = [
        f"(?P<{part}>{PARAMETERS[part]})" if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    ]
    return re.compile("".join(places))


_PATTERNS = tuple((_pattern(route.template), route) for route in ROUTES)


def find(method: str, path: str) -> Match:
    """Find the route of a request.

    Raises:
        NotFound: there is no such address.
        MethodNotAllowed: there is, for other methods (`Allow` says which).
    """
    matches = [(found, route) for pattern, route in _PATTERNS if (found := pattern.fullmatch(path))]
    if not matches and path not in OWN:
        raise NotFound("not_found", "There is nothing at this address.")
    for found, route in matches:
        if route.method == method:
            values = found.groupdict()
            return Match(route=route, target=route.target.format(**values), values=values)
    methods = {route.method for _, route in matches} or {OWN[path]}
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
