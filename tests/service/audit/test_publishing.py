"""What follows from being witnessed, or not: what is shown, what is taken, what people are told."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.audit import proofs
from services.audit.governing import PolicyWatch
from services.audit.heartbeat import Heartbeat
from services.audit.main import create
from services.audit.signals import Signals
from services.audit.store import inbox, publication, tree
from shared.protocol.canonical import unb64u
from shared.protocol.checkpoints import LogKey
from shared.protocol.errors import SignatureError
from shared.protocol.logproofs import parse_proof, verify_log_proof
from shared.protocol.policies import check_quorum
from tests.service.audit.caller import OPS, Keys, Node, settings, told
from tests.service.audit.conftest import note_policy
from tests.service.audit.gallery import Gallery, grow
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    START,
    Dead,
    Logbook,
    SetClock,
    event,
    transfer,
)
from tests.service.audit.test_worker import eventually

# --- policies and heartbeats -------------------------------------------------------------------------


@pytest.fixture
def watch(gallery: Gallery) -> PolicyWatch:
    return PolicyWatch(
        database=gallery.book.database,
        membership=gallery.membership,
        confidential=CONFIDENTIAL,
        signals=gallery.signals,
        clock=gallery.book.clock,
    )


def recorded(book: Logbook) -> list[tuple[str, int | None, dict[str, str]]]:
    """What the log holds behind its first entry."""
    book.sequence()
    with book.database.read() as db:
        head = tree.head(db)
    assert head is not None
    found = [book.leaf(index) for index in range(1, head.size)]
    return [(each.type, each.count, dict(each.commit)) for each in found]


def digest(policy: str) -> dict[str, str]:
    return {"policy": sha256(policy.encode()).hexdigest()}


def test_each_policy_is_an_entry_and_its_text_is_kept(gallery: Gallery, watch: PolicyWatch) -> None:
    first, second = gallery.policy(2), gallery.policy(1)
    watch.work()
    watch.work()
    gallery.say(second)
    watch.work()
    gallery.say(second, limit=60)
    watch.work()
    gallery.say(first)
    watch.work()
    kind = "log.policy_changed"
    assert recorded(gallery.book) == [
        (kind, 14_400, digest(first)),
        (kind, 14_400, digest(second)),
        (kind, 60, digest(second)),
        (kind, 14_400, digest(first)),
    ]
    with gallery.book.database.read() as db:
        noted = publication.noted_policy(db)
    assert noted is not None
    assert (noted.number, noted.text) == (4, first)


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_death_at_the_noting_of_a_policy(gallery: Gallery, watch: PolicyWatch, fault: str) -> None:
    gallery.book.plan(fault)
    with pytest.raises(Dead):
        watch.work()
    watch.work()
    assert [each[0] for each in recorded(gallery.book)] == ["log.policy_changed"]


def test_without_a_directory_there_is_no_policy_to_note(
    gallery: Gallery, watch: PolicyWatch
) -> None:
    gallery.directory._members = {}
    watch.work()
    assert recorded(gallery.book) == []


def test_a_heart_beats_only_while_nothing_happens(book: Logbook) -> None:
    signals = Signals()
    heart = Heartbeat(
        database=book.database,
        confidential=CONFIDENTIAL,
        signals=signals,
        every=timedelta(seconds=600),
        clock=book.clock,
    )
    heart.begin()
    heart.work()
    assert recorded(book) == []
    book.clock.now += timedelta(seconds=601)
    heart.work()
    heart.work()  # one waits already
    assert [each[0] for each in recorded(book)] == ["log.heartbeat"]
    heart.work()
    book.clock.now += timedelta(seconds=300)
    book.record(event(1))
    book.clock.now += timedelta(seconds=301)
    heart.work()
    assert [each[0] for each in recorded(book)] == ["log.heartbeat", "access.denied"]


# --- the service, with a policy whose witnesses nobody reaches -------------------------------------


@pytest.fixture
def lonely(keys: Keys, gallery: Gallery, migrated_file: Path, tmp_path: Path) -> Iterator[Node]:
    """A node whose witnesses are away."""
    gallery.say(gallery.policy(2), limit=3600)
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_file, home / "audit.sqlite")
    (home / "directory.json").write_bytes(gallery.repository.bundle())
    (home / "root.json").write_bytes(gallery.repository.root)
    note_policy(f"sqlite:///{home}/audit.sqlite", gallery.policy(2), 3600)
    chosen = settings(keys, home).model_copy(update={"root": home / "root.json"})
    clock = SetClock()
    with TestClient(create(chosen, clock)) as client:
        made = Node(client, keys, clock)
        eventually(lambda: made.get("/checkpoint?level=signed").status_code == 200)
        yield made


def test_what_is_signed_is_told_inside_and_shown_to_nobody(lonely: Node) -> None:
    answer = lonely.post(told(1)).json()["results"][0]
    assert verify_log_proof(answer["proof"], _leaf(answer), KEY.vkeys()).index == 1
    assert lonely.get("/checkpoint").status_code == 404
    assert lonely.get("/tile/0/000.p/2").status_code == 404
    assert lonely.get("/proofs/consistency?from=1&to=2").status_code == 404
    found = lonely.get("/proofs/published?index=1&index=0", service="exchange")
    assert found.json()["proofs"] == {}
    level = lonely.get("/checkpoint?level=signed").text
    assert level.split("\n")[1] == "2"


def _leaf(answer: dict[str, str]) -> bytes:
    return unb64u(answer["leaf"])


def test_status_says_since_when_nobody_has_looked(lonely: Node) -> None:
    lonely.post(told(1))
    assert lonely.client.get("/readyz").json()["parts"]["witnessed"] == "ok"
    lonely.clock.now += timedelta(seconds=400)
    status = lonely.get("/status", service="exchange").json()
    assert status["alarm"] is None
    assert 400 <= status["unwitnessed_for"] < 410
    assert (status["limit"], status["blocked"]) == (3600, False)
    assert status["sizes"] == {
        "integrated": 2,
        "signed": 2,
        "witnessed": 0,
        "published": 0,
        "indexed": 0,
        "stamped": 0,
    }
    assert "unwitnessed for 40" in lonely.client.get("/readyz").json()["parts"]["witnessed"]


def test_beyond_the_limit_no_new_transfer_is_taken_and_all_else_is(lonely: Node) -> None:
    known = told(1, **transfer())
    before = lonely.post(known).json()["results"]
    lonely.clock.now += timedelta(seconds=3700)
    refused = lonely.post(told(2, **transfer(seq=4)))
    assert (refused.status_code, refused.json()["code"]) == (503, "log_unwitnessed")
    assert "/v1/ops/log" in refused.json()["next"]
    assert lonely.post(known).json()["results"] == before
    mixed = lonely.post(told(2, **transfer(seq=4)), told(3), known).json()
    assert {each["event_id"] for each in mixed["results"]} == {
        told(3)["event_id"],
        known["event_id"],
    }
    assert mixed["refused"] == [{"event_id": told(2)["event_id"], "code": "log_unwitnessed"}]
    status = lonely.get("/status").json()
    assert status["blocked"]
    ready = lonely.client.get("/readyz")
    assert "no new transfer" in ready.json()["parts"]["witnessed"]
    assert ready.status_code == 503


def test_the_operators_see_every_stage(lonely: Node) -> None:
    lonely.post(told(1))
    eventually(
        lambda: lonely.get("/ops/stages", OPS).json()["witnesses"][0]["outcome"] == "unanswered"
    )
    found = lonely.get("/ops/stages", OPS).json()
    assert found["stages"]["signed"]["size"] == 2
    assert found["stages"]["published"] == {"size": 0, "lag": 0, "age": None}
    assert found["stages"]["witnessed"]["lag"] == 2
    assert found["inbox"] == {"depth": 0, "oldest": None}
    assert [each["name"] for each in found["witnesses"]] == ["W1-1", "W2-1"]
    assert "gateway" in found["witnesses"][0]["detail"]
    assert (found["leading"], found["alarm"], found["epoch"]) == (True, None, 1)
    assert found["quorum"] == "Q"


# --- proofs that leave -------------------------------------------------------------------------------


def test_a_published_proof_carries_its_quorum_and_never_changes(gallery: Gallery) -> None:
    first = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == first)
    found = proofs.published(gallery.book.database, [0, 1, 5, 2**62])
    assert set(found) == {0, 1}
    policy = gallery.membership.policy
    assert policy is not None
    check_quorum(policy, parse_proof(found[1]).checkpoint)
    later = grow(gallery, 2)
    gallery.until(lambda: gallery.shown() == later)
    again = proofs.published(gallery.book.database, [1, 2])
    assert again[1] == found[1]
    assert parse_proof(again[2]).index == 2


def test_f25_nobody_but_the_exchange_is_given_proofs(node: Node) -> None:
    node.post(told(1))
    assert node.get("/proofs/published?index=1").status_code == 403
    own = node.get("/proofs/published?index=1", service="exchange").json()["proofs"]["1"]
    other = LogKey.generate("qm.rogatory.example/log")
    with pytest.raises(SignatureError):
        verify_log_proof(own, b"", other.vkeys())


@pytest.mark.parametrize("query", ["", "?index=-1", "?index=x", "?" + "index=1&" * 257])
def test_what_is_asked_for_is_bounded(node: Node, query: str) -> None:
    answer = node.get(f"/proofs/published{query}", service="exchange")
    assert answer.status_code in {400, 422}


def test_a_policy_that_asks_for_nobody_publishes_before_the_answer(node: Node) -> None:
    for number in range(1, 6):
        node.post(told(number))
        assert node.get("/checkpoint").text.split("\n")[1] == str(number + 1)


def test_an_event_waits_in_the_inbox_and_is_seen_there(book: Logbook) -> None:
    book.take(event(1), event(2))
    with book.database.read() as db:
        depth = inbox.depth(db)
    assert depth.count == 2
    assert depth.oldest is not None
    assert depth.oldest > START
