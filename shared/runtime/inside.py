"""Who may call what inside a node: every address of every service, in every direction.

An address that is not here does not exist, and an app whose routes are not exactly these does not
start (`shared.runtime.guard`). A row says: method, address, who may call it, which scopes (`a|b`:
either) the client must have on whose behalf the gateway calls, and `streamed` if the body is too large
to be held: then the digest in its header Content-Digest is what is bound, and the route checks it
while it reads. Rows stand in the order of the app's routes, since the first that fits is taken.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

OPEN = frozenset({"/healthz", "/readyz"})  # tell nothing but whether a service is up

EXCHANGE = """
GET    /v1/requests                              gateway requests:read
POST   /v1/requests                              gateway requests:write
GET    /v1/requests/{id}                         gateway requests:read
PUT    /v1/requests/{id}                         gateway requests:write
GET    /v1/requests/{id}/messages                gateway requests:read
POST   /v1/requests/{id}/submit                  gateway requests:write
POST   /v1/requests/{id}/return                  gateway requests:approve
POST   /v1/requests/{id}/approve                 gateway requests:approve
POST   /v1/requests/{id}/approve-unvalidated      gateway duty:act
POST   /v1/requests/{id}/send                    gateway requests:approve
POST   /v1/requests/{id}/acknowledge             gateway requests:decide
POST   /v1/requests/{id}/forward                 gateway requests:decide
POST   /v1/requests/{id}/review                  gateway requests:decide
POST   /v1/requests/{id}/ask                     gateway requests:decide
POST   /v1/requests/{id}/answer                  gateway requests:approve
POST   /v1/requests/{id}/propose                 gateway requests:decide
POST   /v1/requests/{id}/settle                  gateway requests:approve
POST   /v1/requests/{id}/accept                  gateway requests:decide
POST   /v1/requests/{id}/refuse                  gateway requests:decide
POST   /v1/requests/{id}/postpone                gateway requests:decide
POST   /v1/requests/{id}/resume                  gateway requests:decide
POST   /v1/requests/{id}/execute                 gateway requests:execute
POST   /v1/requests/{id}/substitute              gateway requests:execute
POST   /v1/requests/{id}/fulfil                  gateway requests:decide
POST   /v1/requests/{id}/close                   gateway requests:approve
POST   /v1/requests/{id}/withdraw                gateway requests:approve
POST   /v1/requests/{id}/reopen                  gateway requests:approve
POST   /v1/requests/{id}/supplement              gateway requests:approve
GET    /v1/requests/{id}/clocks                  gateway requests:read
POST   /v1/requests/{id}/clocks/{clock}/extend   gateway requests:decide
GET    /v1/clocks                                gateway requests:read
GET    /v1/requests/{id}/challenges              gateway requests:read
POST   /v1/requests/{id}/challenges              gateway courts:record
POST   /v1/requests/{id}/challenges/{challenge}/outcome  gateway courts:record
POST   /v1/requests/{id}/appeal-waiver           gateway courts:record
GET    /v1/requests/{id}/emergency               gateway requests:read
POST   /v1/requests/{id}/call-back               gateway duty:act
POST   /v1/requests/{id}/validation              gateway courts:record
GET    /v1/requests/{id}/preservation            gateway requests:read
POST   /v1/requests/{id}/preservation            gateway requests:approve|requests:execute
POST   /v1/requests/{id}/subject-notice          gateway requests:approve
POST   /v1/requests/{id}/costs                   gateway requests:approve|requests:decide
GET    /v1/requests/{id}/findings                gateway requests:read
POST   /v1/requests/{id}/findings                gateway requests:approve|requests:decide|\
courts:record|protection:assess|gates:override
GET    /v1/requests/{id}/gates                   gateway requests:read
GET    /v1/packages/{id}/findings                gateway requests:read
POST   /v1/packages/{id}/findings                gateway packages:approve|\
courts:record|protection:assess|gates:override
POST   /v1/packages/{id}/filter                  gateway packages:filter
GET    /v1/packages/{id}/gates                   gateway requests:read
GET    /v1/packages                              gateway requests:read
POST   /v1/packages                              gateway packages:prepare
GET    /v1/packages/{id}                         gateway requests:read
GET    /v1/packages/{id}/items  gateway packages:prepare|packages:approve|packages:receive|packages:filter
GET    /v1/packages/{id}/custody  gateway packages:prepare|packages:approve|packages:receive|packages:filter
PUT    /v1/packages/{id}/items/{item}            gateway packages:prepare
DELETE /v1/packages/{id}/items/{item}            gateway packages:prepare
GET    /v1/packages/{id}/items/{item}/segments   gateway packages:prepare
PUT    /v1/packages/{id}/items/{item}/segments/{n}  gateway packages:prepare streamed
PUT    /v1/packages/{id}/case                    gateway packages:prepare
POST   /v1/packages/{id}/close                   gateway packages:prepare
POST   /v1/packages/{id}/prepare                 gateway packages:prepare
POST   /v1/packages/{id}/clear                   gateway packages:approve
POST   /v1/packages/{id}/release                 gateway packages:approve
GET    /v1/inbox                                 gateway packages:receive
GET    /v1/packages/{id}/tags                    gateway packages:receive
GET    /v1/packages/{id}/items/{item}/segments/{n}  gateway packages:receive
GET    /v1/packages/{id}/chain                   gateway packages:receive
POST   /v1/packages/{id}/handover                gateway packages:receive
GET    /v1/requests/{id}/conditions              gateway requests:read
POST   /v1/requests/{id}/use-report-request      gateway requests:decide
POST   /v1/requests/{id}/use-report              gateway requests:approve
POST   /v1/requests/{id}/breach                  gateway requests:approve|requests:decide
GET    /v1/packages/{id}/use                     gateway requests:read
POST   /v1/packages/{id}/onward                  gateway requests:approve
POST   /v1/packages/{id}/onward-consent          gateway requests:decide
POST   /v1/packages/{id}/export                  gateway requests:approve
POST   /v1/packages/{id}/legal-hold              gateway requests:approve
POST   /v1/packages/{id}/review-retention        gateway requests:approve
POST   /v1/packages/{id}/destroy                 gateway requests:approve
POST   /v1/packages/{id}/give-back               gateway requests:approve
POST   /v1/packages/{id}/deletion-request        gateway requests:decide
POST   /peer/v1/entries                          gateway node:deliver
GET    /peer/v1/heads                            gateway node:deliver
GET    /peer/v1/entries                          gateway node:deliver
GET    /peer/v1/packages/{id}/index              gateway node:deliver
GET    /peer/v1/packages/{id}/segments/{item}/{n}  gateway node:deliver
GET    /v1/audit/channels/{peer}/links           gateway audit:read
GET    /v1/audit/channels/evidence               gateway audit:read
GET    /v1/ops/channels                          gateway ops:health
POST   /v1/ops/peers/{peer}/selftest             gateway ops:health
GET    /v1/ops/peers/{peer}/selftest             gateway ops:health
GET    /ops/condition                            gateway ops:health
GET    /openapi.json                             gateway
"""

AUDIT = """
POST   /entries                                  exchange,gateway
POST   /erasures                                 gateway audit:erase
GET    /checkpoint                               exchange,gateway
GET    /status                                   exchange,gateway
GET    /proofs/published                         exchange
GET    /tile/entries/{path:path}                 gateway audit:read
GET    /tile/{path:path}                         exchange,gateway
GET    /proofs/consistency                       exchange,gateway
GET    /logs/{digest}/checkpoint                 gateway
GET    /logs/{digest}/tile/entries/{path:path}   gateway audit:read
GET    /logs/{digest}/tile/{path:path}           gateway
GET    /oversight/entries                        gateway audit:read
GET    /oversight/counterparts                   gateway audit:read
GET    /oversight/key                            gateway audit:read
GET    /oversight/proof                          gateway audit:read
GET    /oversight/find                           gateway audit:read
GET    /oversight/timestamps                     gateway audit:read
GET    /ops/stages                               gateway ops:health
POST   /ops/inspections                          gateway ops:health
GET    /ops/inspections/newest                   gateway ops:health
POST   /witness/add-checkpoint                   gateway
GET    /witness/{digest}/checkpoint              gateway
GET    /oversight/evidence                       gateway audit:read
GET    /ops/condition                            gateway ops:health
GET    /openapi.json                             gateway
"""

GATEWAY = """
GET    /egress/directory                         exchange,audit
POST   /egress/time/{name}                       audit
POST   /egress/witness/{name}/add-checkpoint     audit
GET    /egress/witness/{name}/{origin}/checkpoint  audit
POST   /egress/{country}/entries                 exchange
GET    /egress/{country}/heads                   exchange
GET    /egress/{country}/entries                 exchange
GET    /egress/{country}/packages/{id}/index     exchange
GET    /egress/{country}/packages/{id}/segments/{item}/{n}  exchange
GET    /egress/{country}/log/checkpoint          exchange,audit
GET    /egress/{country}/log/tile/{tile:path}    exchange,audit
"""


@dataclass(frozen=True)
class Door:
    """One address of one service, and who may come through."""

    method: str
    template: str
    callers: frozenset[str]
    scopes: frozenset[str]
    streamed: bool

    @cached_property
    def shape(self) -> str:
        """Return method and address without the names of parameters."""
        return shape(self.method, self.template)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return what a path at this address matches, as the framework matches it."""
        places = {"{}": "[^/]+", "{*}": ".*"}
        parts = re.split(r"(\{\*?\})", self.shape.partition(" ")[2])
        return re.compile("".join(places.get(part, re.escape(part)) for part in parts))


def shape(method: str, template: str) -> str:
    """Leave the names of parameters out: `GET /tile/{path:path}` has the shape `GET /tile/{*}`."""
    places = re.sub(r"\{(\w+)(:path)?\}", lambda m: "{*}" if m[2] else "{}", template)
    return f"{method} {places}"


def _doors(table: str) -> Sequence[Door]:
    return tuple(_door(*line.split()) for line in table.strip().splitlines())


def _door(method: str, template: str, callers: str, scopes: str = "", mark: str = "") -> Door:
    return Door(
        method=method,
        template=template,
        callers=frozenset(callers.split(",")),
        scopes=frozenset(scopes.split("|")) - {""},
        streamed=mark == "streamed",
    )


DOORS: Mapping[str, Sequence[Door]] = {
    "exchange": _doors(EXCHANGE),
    "audit": _doors(AUDIT),
    "gateway": _doors(GATEWAY),
}
SERVICES = tuple(sorted(DOORS))


def find(service: str, method: str, path: str) -> Door | None:
    """Find the address of a call, if there is one."""
    for door in DOORS[service]:
        if door.method == method and door.pattern.fullmatch(path):
            return door
    return None


def methods(service: str, path: str) -> Sequence[str]:
    """Return the methods that an address takes; none if there is no such address."""
    found = (door.method for door in DOORS[service] if door.pattern.fullmatch(path))
    return sorted(set(found))
