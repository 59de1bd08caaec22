"""The way out: only our services, only members of the directory, only what is listed."""

import pytest

from shared.protocol import trust
from shared.protocol.identifiers import Country
from tests.service.gateway.calling import inside
from tests.service.gateway.conftest import World
from tests.service.gateway.echo import BLOCK, BLOCKS


def test_an_entry_reaches_the_peer_under_our_name(world: World) -> None:
    answer = inside(world.qm, "POST", "/egress/QN/entries", content=b'{"entry":"x"}')
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["path"], seen["size"]) == ("/peer/v1/entries", 13)
    assert seen["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/egress/QN/heads", "/peer/v1/heads"),
        ("/egress/QN/entries?epoch=0&from=3", "/peer/v1/entries"),
        ("/egress/QN/log/checkpoint", "/checkpoint"),
        ("/egress/QN/log/tile/0/x001/067.p/8", "/tile/0/x001/067.p/8"),
    ],
)
def test_listed_addresses_are_reached(world: World, path: str, there: str) -> None:
    seen = inside(world.qm, "GET", path).json()
    assert seen["path"] == there
    assert seen["query"] == path.partition("?")[2]


def test_segments_stream_from_the_peer(world: World) -> None:
    for path in ("segments/b/0", "index"):
        answer = inside(world.qm, "GET", f"/egress/QN/packages/a/{path}")
        assert answer.content == BLOCK * BLOCKS
        assert answer.headers["content-digest"] == "sha-256=:x:"


def test_the_bundle_is_given_to_our_services(world: World) -> None:
    for caller in ("exchange", "audit"):
        bundle = inside(world.qm, "GET", "/egress/directory", caller=caller).content
        members = trust.read_bundle(bundle, world.federation.root)
        assert set(members) >= {Country("QM"), Country("QN")}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/egress/QN/v1/requests", 404),
        ("GET", "/egress/QN/oauth/token", 404),
        ("GET", "/egress/qn/heads", 422),
        ("GET", "/egress/QN/packages/a.b/index", 422),
        ("GET", "/egress/QN/log/tile/entries/000", 422),
        ("DELETE", "/egress/QN/entries", 405),
        ("GET", "/egress/QX/heads", 404),
    ],
)
def test_nothing_else_leaves(world: World, method: str, path: str, status: int) -> None:
    assert inside(world.qm, method, path).status_code == status


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": "exchange"}, 401),
        ({"path": "/egress/QN/entries"}, 401),
        ({"exp": 1}, 401),
        ({"iss": "audit"}, 401),
    ],
)
def test_52_only_our_own_services_may(world: World, claims: dict[str, object], status: int) -> None:
    assert inside(world.qm, "GET", "/egress/QN/heads", claims=claims).status_code == status


def test_the_log_has_no_business_with_entries(world: World) -> None:
    answer = inside(world.qm, "GET", "/egress/QN/heads", caller="audit")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_service")
