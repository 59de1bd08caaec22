"""The federation at the gateway's door: a mirror for anybody, a refresh for operators alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tuf.api.exceptions import (
    BadVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Targets

from services.audit.events import Event, check, check_writer
from services.directory.repository import refresh
from services.gateway import store
from services.gateway.reporting import reporter
from services.gateway.troubles import REFUSED, reason_of
from services.gateway.views import ClockBehindError
from shared.protocol import ceremonies
from shared.runtime.database import migrate, open_database
from tests.founding import put
from tests.service.gateway.calling import Caller, inside
from tests.service.gateway.conftest import World
from tests.service.gateway.sockets import now

REFRESH = "/v1/ops/directory/refresh"


def test_anybody_may_mirror(world: World, preparer: Caller) -> None:
    served = preparer.http.get("/federation/metadata/timestamp.json")
    assert served.status_code == 200
    assert served.content == (world.federation.repository / "metadata/timestamp.json").read_bytes()
    (document, *_) = (world.federation.repository / "targets/members").iterdir()
    served = preparer.http.get(f"/federation/targets/members/{document.name}")
    assert served.content == document.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/federation/metadata/9.root.json",
        "/federation/metadata/view.json",
        "/federation/metadata/timestamp",
        "/federation/targets/QM.json",
        "/federation/",
        "/federation/metadata/../../keystore/store.json",
    ],
)
def test_nothing_else_is_mirrored(preparer: Caller, path: str) -> None:
    assert preparer.http.get(path).status_code == 404


def relist(world: World, targets: Metadata[Targets]) -> None:
    """Have two of the steering group sign the next list of countries, and the directory publish it."""
    federation = world.federation
    put(federation.repository, "targets", targets, federation.offline.targets[:2])
    refresh(federation.repository, online=federation.online, now=now())


def listed(world: World) -> Targets:
    found = (world.federation.repository / "metadata").glob("*.targets.json")
    newest = max(found, key=lambda path: int(path.name.split(".")[0]))
    return Metadata[Targets].from_file(str(newest)).signed


def test_an_operator_brings_a_suspension_into_force_at_once(world: World) -> None:
    ops = world.caller("ops")
    relist(world, ceremonies.suspend(listed(world), "QN", reason="a test", now=now()))
    try:
        answer = ops.call("POST", REFRESH)
        assert answer.status_code == 200
        assert answer.json()["members"]["QN"] == "suspended"
        assert inside(world.qm, "GET", "/egress/QN/heads").status_code == 403
        health = ops.call("GET", "/v1/ops/health").json()
        assert health["gateway"]["view"]["members"]["QN"] == "suspended"
    finally:
        relist(world, ceremonies.resume(listed(world), "QN", now()))
        assert ops.call("POST", REFRESH).json()["level"] == "green"
    assert inside(world.qm, "GET", "/egress/QN/heads").status_code == 200


def test_what_does_not_hold_is_told_to_the_operator(world: World) -> None:
    assert Caller(world.qn, "ops").call("POST", REFRESH).status_code == 200
    path = world.federation.repository / "metadata/timestamp.json"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"version":', b'"version":9'))
    try:
        answer = world.caller("ops").call("POST", REFRESH)
    finally:
        path.write_bytes(good)
    # QN's mirror stands in, and the directory's lie is shown.
    assert answer.status_code == 200
    assert answer.json()["level"] == "red"
    assert "directory was refused: not-signed" in answer.json()["says"]
    assert world.caller("ops").call("POST", REFRESH).json()["level"] == "green"


@pytest.mark.parametrize(
    ("spoilt", "status", "code"),
    [(b"{}", 502, "directory_refused"), (None, 503, "directory_unreachable")],
    ids=["lie", "silence"],
)
def test_a_refresh_that_nobody_answers_rightly_says_so(
    world: World, spoilt: bytes | None, status: int, code: str
) -> None:
    ops = world.caller("ops")
    relist(world, ceremonies.renewed(listed(world), now()))
    assert ops.call("POST", REFRESH).status_code == 200  # and QN's mirror is behind from now on
    path = world.federation.repository / "metadata/timestamp.json"
    good = path.read_bytes()
    path.unlink()
    if spoilt is not None:
        path.write_bytes(spoilt)
    try:
        answer = ops.call("POST", REFRESH)
    finally:
        path.write_bytes(good)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ops.call("POST", REFRESH).json()["level"] == "green"


def test_nobody_else_does(world: World) -> None:
    for role in ("preparer", "oversight"):
        assert world.caller(role).call("POST", REFRESH).status_code == 403


REASONS = [
    BadVersionNumberError(),
    ExpiredMetadataError(),
    LengthOrHashMismatchError(),
    UnsignedMetadataError(),
    RepositoryError(),
    ClockBehindError(),
]


@pytest.mark.parametrize("error", REASONS, ids=lambda error: type(error).__name__)
def test_the_log_takes_what_is_reported(tmp_path: Path, error: Exception) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'gateway.sqlite'}")
    migrate(database, "services.gateway.migrations")
    report = reporter(database, lambda: datetime(2026, 11, 22, tzinfo=UTC))
    report(REFUSED, None, reason_of(error))
    report("peer.suspended", "QN", "suspended")
    report("peer.key_changed", "QN", None)
    with database.begin() as db:
        events = [Event.model_validate_json(event) for _, event in store.denials(db, 10)]
    database.close()
    assert [event.type for event in events] == [REFUSED, "peer.suspended", "peer.key_changed"]
    for event in events:
        check(event)
        check_writer(event, "gateway")
