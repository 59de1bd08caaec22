"""The table of addresses is complete, closed, and gives no role what it must not have."""

import itertools

import pytest

from services.gateway import admission
from services.gateway.addresses import ANY_NATIONAL, ROUTES
from services.gateway.admission import ALL_SCOPES, PEER_ROLE, ROLES
from shared.runtime.refusals import MethodNotAllowed, NotFound

PLACES = {
    "id": "a-b_C9",
    "item": "i",
    "n": "7",
    "clock": "D02.M01.1",
    "challenge": "0192f0c1-0000-7000-8000-000000000000",
    "peer": "QN",
    "tile": "3/x012/345.p/6",
    "digest": "ab" * 32,
    "client": "urn:rogatory:QM:preparer",
    "metadata": "3.targets.json",
    "document": "ab" * 32 + ".QN.json",
    "profile": "ab" * 32 + ".QM-QN.toml",
}

OPERATING = {"ops:health", "clients:propose", "clients:read"}

# gateway.md, section 7, and architecture.md, section 7: who prepares never clears, who runs the
# node sees no case, who oversees does nothing else, who delivers does nothing else.
FORBIDDEN = [
    ("packages:prepare", "packages:approve"),
    ("requests:write", "requests:approve"),
    ("requests:execute", "requests:approve"),
    ("packages:prepare", "packages:receive"),
    ("requests:write", "requests:decide"),
    ("requests:execute", "requests:decide"),
    *(
        (desk, other)
        for desk in (
            "courts:record",
            "packages:filter",
            "protection:assess",
            "duty:act",
            "gates:override",
        )
        for other in sorted(ALL_SCOPES - {desk, "requests:read"})
    ),
    ("clients:propose", "clients:approve"),
    *(("ops:health", other) for other in sorted(ALL_SCOPES - OPERATING)),
    *(
        ("clients:approve", other)
        for other in sorted(ALL_SCOPES - {"clients:approve", "clients:read"})
    ),
    *(("audit:read", other) for other in sorted(ALL_SCOPES - {"audit:read"})),
    *(("audit:erase", other) for other in sorted(ALL_SCOPES - {"audit:erase"})),
    *(("node:deliver", other) for other in sorted(ALL_SCOPES - {"node:deliver"})),
]


@pytest.mark.parametrize("pair", FORBIDDEN, ids="/".join)
def test_no_role_holds_two_scopes_that_exclude_each_other(pair: tuple[str, str]) -> None:
    assert not any(set(pair) <= scopes for scopes in ROLES.values())


@pytest.mark.parametrize("role", sorted(ROLES.keys() - {PEER_ROLE}))
def test_whatever_a_national_client_holds_it_may_read_the_directory(role: str) -> None:
    assert ROLES[role] <= set(ANY_NATIONAL.split("|"))


def test_every_scope_of_the_table_belongs_to_a_role() -> None:
    wanted = set(itertools.chain.from_iterable(route.scopes for route in ROUTES))
    assert wanted == ALL_SCOPES


def test_only_hashes_and_what_is_signed_are_open_to_all() -> None:
    assert {route.template for route in ROUTES if route.scope is None} == {
        "/log/checkpoint",
        "/log/tile/{tile}",
        "/logs/{digest}/checkpoint",
        "/logs/{digest}/tile/{tile}",
        "/witness/add-checkpoint",
        "/witness/{digest}/checkpoint",
        "/federation/metadata/{metadata}",
        "/federation/targets/members/{document}",
        "/federation/targets/pairs/{profile}",
    }


def test_every_oversight_address_takes_a_purpose() -> None:
    for route in ROUTES:
        assert route.purpose == (route.service == "audit" and route.scope == "audit:read")


def test_a_peer_reaches_the_peer_addresses_alone() -> None:
    for route in ROUTES:
        allowed = bool(route.scopes & ROLES[PEER_ROLE])
        assert allowed == route.template.startswith("/peer/")


def test_every_route_is_found_and_nothing_in_two_places() -> None:
    for route in ROUTES:
        path = route.template.format(**PLACES)
        match = admission.find(route.method, path)
        assert match.route == route
        assert match.target == route.target.format(**PLACES)


def test_only_segments_and_graphs_are_larger_than_memory() -> None:
    assert {route.template for route in ROUTES if route.streams} == {
        "/v1/packages/{id}/items/{item}/segments/{n}",
        "/v1/packages/{id}/case",
    }


def test_an_unknown_address_does_not_exist() -> None:
    with pytest.raises(NotFound):
        admission.find("GET", "/v1/unknown")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/requests", "GET, POST"),
        ("/v1/packages/a/items/b", "DELETE, PUT"),
        ("/oauth/token", "POST"),
    ],
)
def test_another_method_is_told_which_there_are(path: str, allowed: str) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        admission.find("PATCH", path)
    assert caught.value.headers == {"Allow": allowed}
