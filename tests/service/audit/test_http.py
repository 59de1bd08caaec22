"""The service as its neighbours see it."""

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from services.audit.alarms import SignerRefusal
from services.audit.main import create
from services.audit.settings import AuditSettings
from shared.protocol import canonical, jose, leaves, merkle
from shared.protocol.canonical import unb64, unb64u
from shared.protocol.checkpoints import verify_checkpoint
from shared.protocol.leaves import format_time
from shared.protocol.logproofs import verify_log_proof
from shared.protocol.tiles import Tile, parse_bundle
from shared.runtime.keystore import Keystore, KeystoreError
from shared.runtime.principals import HEADER, SERVICES, Assertions, Principal
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    ORIGIN,
    SetClock,
    event,
    request_id,
    transfer,
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


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("node")
    (folder / "passphrase").write_text("correct horse")
    keystore = Keystore.create(folder / "keystore", folder / "passphrase")
    keystore.put("log", KEY.to_bytes())
    keystore.put("log-case", CONFIDENTIAL.log_case)
    internal = {service: jose.generate() for service in SERVICES}
    for service, key in internal.items():
        public = canonical.encode(jose.public_part(key))
        (folder / f"{service}.pub.jwk").write_bytes(public)
    return Keys(folder, internal)


def settings(keys: Keys, data: Path) -> AuditSettings:
    return AuditSettings(
        country="QM",
        data=data,
        passphrase_file=keys.folder / "passphrase",
        keystore=keys.folder / "keystore",
        internal_keys=keys.folder,
        root=keys.folder / "root.json",
        audit_listen="127.0.0.1:0",
        log_origin=ORIGIN,
        batch_ms=1,
    )


@dataclass(frozen=True)
class Node:
    """Callers of the service."""

    client: TestClient
    keys: Keys
    clock: SetClock

    def get(
        self, path: str, principal: Principal | None = None, *, service: str = "gateway"
    ) -> Response:
        bare = path.partition("?")[0]
        assertions = Assertions(service, self.keys.internal[service], self.clock)
        token = assertions.mint("audit", "GET", bare, principal)
        return self.client.get(path, headers={HEADER: token})

    def post(self, *events: dict[str, Any], service: str = "exchange") -> Response:
        assertions = Assertions(service, self.keys.internal[service], self.clock)
        token = assertions.mint("audit", "POST", "/entries")
        return self.client.post("/entries", json={"events": events}, headers={HEADER: token})

    def look(self, path: str) -> Any:  # noqa: ANN401 - JSON of a known shape
        answer = self.get(f"/oversight/{path}", OVERSEER)
        assert answer.status_code == 200, answer.text
        return answer.json()


def told(number: int, **members: object) -> dict[str, Any]:
    return event(number, **members).model_dump(exclude_none=True)


@pytest.fixture
def node(keys: Keys, migrated_file: Path, tmp_path: Path) -> Iterator[Node]:
    clock = SetClock()
    shutil.copy(migrated_file, tmp_path / "audit.sqlite")
    with TestClient(create(settings(keys, tmp_path), clock)) as client:
        yield Node(client, keys, clock)


def checkpoint(node: Node) -> tuple[int, bytes]:
    found = verify_checkpoint(node.get("/checkpoint").text, KEY.vkeys())
    return found.size, found.root


def test_an_event_is_answered_with_leaf_and_proof(node: Node) -> None:
    answer = node.post(told(1, **transfer(transfer_id=request_id(9), size=5)), told(2))
    assert answer.status_code == 200
    for index, result in enumerate(answer.json()["results"], start=1):
        leaf = unb64u(result["leaf"])
        assert verify_log_proof(result["proof"], leaf, KEY.vkeys()).index == index
        assert result["index"] == index
        assert leaves.parse(leaf).event_id == result["event_id"]


def test_the_same_event_again(node: Node) -> None:
    once = node.post(told(1)).json()
    node.post(told(2))
    assert node.post(told(1)).json() == once
    refused = node.post(told(1, reason="other"))
    assert (refused.status_code, refused.json()["code"]) == (409, "event_conflict")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"events": []}, 422),
        ({"events": [{}]}, 422),
        ({"events": [told(1) | {"surprise": 1}]}, 422),
        ({"events": [told(1, type="no.such_event")]}, 400),
        ({"events": [told(number) for number in range(257)]}, 422),
    ],
)
def test_a_body_that_is_not_taken(node: Node, body: object, status: int) -> None:
    token = Assertions("exchange", node.keys.internal["exchange"], node.clock)
    header = {HEADER: token.mint("audit", "POST", "/entries")}
    assert node.client.post("/entries", json=body, headers=header).status_code == status


def test_who_may_what(node: Node) -> None:
    assert node.client.post("/entries", json={}).status_code == 401
    assert node.client.get("/checkpoint").status_code == 401
    assert node.post(told(1), service="audit").status_code == 403
    for path in ("/checkpoint", "/tile/0/000.p/1", "/proofs/consistency?from=0&to=1"):
        assert node.get(path, service="exchange").status_code == 200
        assert node.get(path, service="gateway").status_code == 200
    for path in ("entries", "key", "counterparts", "proof?index=0"):
        assert node.get(f"/oversight/{path}", OPS).status_code == 403
        assert node.get(f"/oversight/{path}", service="exchange").status_code == 403
    assert node.get("/tile/entries/000.p/1", OPS).status_code == 403
    assert node.get("/ops/fsck", OVERSEER).status_code == 403


def test_a_monitor_rebuilds_the_log_from_tiles(node: Node) -> None:
    for start in range(1, 600, 200):
        events = [told(number) for number in range(start, start + 200)]
        assert node.post(*events).status_code == 200
    size, root = checkpoint(node)
    assert size == 601
    found: list[bytes] = []
    hashes: list[bytes] = []
    for n, width in ((0, 256), (1, 256), (2, 89)):
        bundle = node.get(f"/tile/{Tile(level=None, n=n, width=width).path()}", OVERSEER)
        found += parse_bundle(bundle.content)
        tile = node.get(f"/tile/{Tile(level=0, n=n, width=width).path()}")
        assert tile.headers["content-type"] == "application/octet-stream"
        assert "immutable" in tile.headers["cache-control"]
        hashes += [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]
    assert hashes == [merkle.leaf_hash(each) for each in found]
    assert merkle.root(hashes) == root
    level_1 = node.get("/tile/1/000.p/2").content
    assert level_1 == merkle.root(hashes[:256]) + merkle.root(hashes[256:512])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("0/000", 404),
        ("0/000.p/3", 404),
        ("1/000.p/1", 404),
        ("63/000", 404),
        ("0/x999/x999/x999/x999/999", 404),
        ("0/0", 400),
        ("64/000", 400),
    ],
)
def test_a_tile_that_no_checkpoint_vouches_for(node: Node, path: str, status: int) -> None:
    node.post(told(1))
    assert node.get(f"/tile/{path}").status_code == status


def test_only_sizes_with_a_checkpoint_are_shown(node: Node) -> None:
    node.post(told(1), told(2), told(3))  # one batch: sizes 1 and 4
    assert node.get("/tile/0/000.p/4").status_code == 200
    assert node.get("/tile/0/000.p/1").status_code == 200
    assert node.get("/tile/0/000.p/2").status_code == 404


def test_the_log_extends_what_was_seen_before(node: Node) -> None:
    old_size, old_root = checkpoint(node)
    node.post(*(told(number) for number in range(1, 8)))
    size, root = checkpoint(node)
    answer = node.get(f"/proofs/consistency?from={old_size}&to={size}").json()
    proof = [unb64(each) for each in answer["hashes"]]
    merkle.verify_consistency(old_size, size, old_root, root, proof)
    assert node.get(f"/proofs/consistency?from=0&to={size}").json()["hashes"] == []
    assert node.get(f"/proofs/consistency?from=1&to={size + 1}").status_code == 404
    assert node.get(f"/proofs/consistency?from={size}&to=1").status_code == 422
    assert node.get("/proofs/consistency?from=x&to=1").status_code == 422


def shown(node: Node, query: str) -> list[int]:
    """The indexes of the entries that are shown, each of them proven under the page's checkpoint."""
    page = node.look(f"entries?{query}")
    stated = verify_checkpoint(page["checkpoint"], KEY.vkeys())
    assert stated.size == page["size"]
    for each in page["entries"]:
        leaf = merkle.leaf_hash(unb64u(each["leaf"]))
        path = [unb64(step) for step in each["path"]]
        merkle.verify_inclusion(each["index"], stated.size, leaf, path, stated.root)
    return [each["index"] for each in page["entries"]]


def filled(node: Node) -> list[leaves.Leaf]:
    """A log of five entries; the leaves of it."""
    personal = {"officer": "Q. Example"}
    case: dict[str, object] = {"case_id": request_id(1), "peer": "QN", "personal": personal}
    made = []
    told_of: list[dict[str, object]] = [{}, case, {"peer": "QX"}, case]
    for number, members in enumerate(told_of, start=1):
        node.clock.back(seconds=-10)
        (result,) = node.post(told(number, **members)).json()["results"]
        made.append(leaves.parse(unb64u(result["leaf"])))
    return made


def test_an_overseer_sees_ranges_cases_and_peers(node: Node) -> None:
    made = filled(node)
    assert shown(node, "from=1&to=3") == [1, 2]
    assert shown(node, "size=5") == [0, 1, 2, 3, 4]
    assert shown(node, "peer=QN") == [2, 4]
    assert shown(node, f"case={request_id(1)}") == [2, 4]
    assert shown(node, f"case={made[1].case_ref}&from=3") == [4]
    assert shown(node, "peer=QZ") == []
    assert node.get("/oversight/entries?case=x", OVERSEER).status_code == 400
    assert node.get("/oversight/entries?size=4000", OVERSEER).status_code == 404
    assert node.get(f"/oversight/entries?size={2**53 - 1}", OVERSEER).status_code == 404
    assert node.get("/oversight/entries?form=1", OVERSEER).status_code == 422


def test_a_range_of_time_shows_its_neighbours(node: Node) -> None:
    made = filled(node)
    since, until = (format_time(each.seq_time) for each in (made[1], made[3]))
    assert shown(node, f"since={since}&until={until}&size=5") == [1, 2, 3, 4]
    assert shown(node, "since=2000-01-01T00:00:00.000Z&until=2000-01-02T00:00:00.000Z&size=5") == [
        0
    ]
    assert shown(node, "since=2100-01-01T00:00:00.000Z&size=5") == [4]
    assert node.get("/oversight/entries?since=today", OVERSEER).status_code == 400


def test_pages_follow_each_other_under_one_size(node: Node) -> None:
    filled(node)
    first = node.look("entries?limit=2")
    assert (first["next"], first["size"]) == (2, 5)
    second = node.look("entries?limit=2&from=2&size=5")
    assert [each["index"] for each in second["entries"]] == [2, 3]
    last = node.look("entries?limit=2&from=4&size=5")
    assert (len(last["entries"]), last["next"]) == (1, None)
    assert [first["checkpoint"]] * 2 == [second["checkpoint"], last["checkpoint"]]


def test_openings_are_shown_to_the_overseer(node: Node) -> None:
    filled(node)
    (entry,) = node.look("entries?from=2&to=3")["entries"]
    (opening,) = entry["openings"]
    assert (opening["name"], opening["value"]) == ("officer", "Q. Example")
    assert len(unb64u(opening["salt"])) == 32


def test_each_access_is_recorded_with_its_purpose(node: Node) -> None:
    node.look("entries?peer=QN")
    node.look("key")
    events = [told(1)]
    node.post(*events)
    size, _ = checkpoint(node)
    page = node.look(f"entries?size={size}")
    queried = [
        (leaves.parse(unb64u(each["leaf"])), {o["name"]: o["value"] for o in each["openings"]})
        for each in page["entries"]
        if b"audit.queried" in unb64u(each["leaf"])
    ]
    assert [(leaf.outcome, leaf.count) for leaf, _ in queried] == [("entries", 0), ("key", 1)]
    assert queried[0][1] == {
        "client": "urn:rogatory:QM:oversight",
        "purpose": "yearly inspection",
        "query": "peer=QN",
    }


@pytest.mark.parametrize("purpose", [None, "  ", "x" * 501])
def test_nobody_looks_without_a_purpose(node: Node, purpose: str | None) -> None:
    answer = node.get("/oversight/entries", replace(OVERSEER, purpose=purpose))
    assert (answer.status_code, answer.json()["code"]) == (400, "purpose_missing")


def test_the_case_key_is_the_one_the_log_began_with(node: Node) -> None:
    answer = node.look("key")
    (first,) = node.look("entries?from=0&to=1")["entries"]
    commit = leaves.parse(unb64u(first["leaf"])).commit
    assert commit == {answer["field"]: answer["digest"]}
    assert unb64u(answer["key"]) == CONFIDENTIAL.log_case


def test_one_entry_is_proven_under_any_checkpoint(node: Node) -> None:
    node.post(told(1))
    node.post(told(2))
    for size in (2, 3):
        answer = node.look(f"proof?index=1&size={size}")
        proven = verify_log_proof(answer["proof"], unb64u(answer["leaf"]), KEY.vkeys())
        assert (proven.index, proven.checkpoint.size) == (1, size)
    assert node.look("proof?index=1")["index"] == 1
    assert node.get("/oversight/proof?index=7&size=3", OVERSEER).status_code == 422


def test_counterparts_are_shown_as_they_came(node: Node) -> None:
    (theirs,) = node.post(told(1)).json()["results"]
    members = transfer(type="transfer.received", direction="in", channel="QN>QM")
    members["counterpart"] = {"leaf": theirs["leaf"], "proof": theirs["proof"]}
    node.post(told(2, **members), told(3))
    answer = node.look("counterparts")
    assert answer["counterparts"] == [
        {"index": 2, "leaf": theirs["leaf"], "proof": theirs["proof"]}
    ]
    assert answer["next"] is None
    assert node.look("counterparts?from=3")["counterparts"] == []


def test_the_operators_can_check_what_is_stored(node: Node) -> None:
    node.post(told(1), told(2, personal={"officer": "Q. Example"}))
    answer = node.get("/ops/fsck", OPS)
    assert answer.json() == {"ok": True, "size": 3, "bad": None, "detail": None}


def test_readiness_is_the_sequencers(node: Node) -> None:
    assert node.client.get("/readyz").json() == {"status": "ok", "parts": {"sequencer": "ok"}}
    node.post(told(1))
    node.clock.back(minutes=1)
    node.post(told(2))
    assert node.client.get("/readyz").status_code == 503
    assert node.post(told(2)).json()["code"] == "log_stopped"
    node.clock.back(minutes=-5)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restart_goes_on_where_it_was(
    keys: Keys, tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    clock, told_folder = SetClock(), settings(keys, tmp_path)
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_database")
        told_folder = told_folder.model_copy(update={"database": url})
    for number in (1, 2):
        with TestClient(create(told_folder, clock)) as client:
            node = Node(client, keys, clock)
            assert node.post(told(number)).json()["results"][0]["index"] == number
            clock.now += timedelta(hours=1)


def test_a_key_of_another_log(keys: Keys, tmp_path: Path) -> None:
    other = settings(keys, tmp_path).model_copy(update={"log_origin": "qn.rogatory.example/log"})
    with pytest.raises(KeystoreError, match="not of qn"):
        create(other)


def test_a_second_process_on_the_same_folder(node: Node, keys: Keys, tmp_path: Path) -> None:
    assert node.client.get("/readyz").status_code == 200
    with pytest.raises(SignerRefusal):
        create(settings(keys, tmp_path))


def test_the_storage_key_is_made_once(keys: Keys, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    keystore = Keystore.create(fresh, keys.folder / "passphrase")
    keystore.put("log", KEY.to_bytes())
    keystore.put("log-case", secrets.token_bytes(32))
    told_folder = settings(keys, tmp_path).model_copy(update={"keystore": fresh})
    with TestClient(create(told_folder)):
        made = keystore.get("storage")
    with TestClient(create(told_folder)):
        assert keystore.get("storage") == made
