"""F29: openings of a case are erased; nothing else changes, and the log says so."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import erasure
from services.audit.alarms import SignerRefusal
from services.audit.catalogue import ERASED
from services.audit.erasure import Order
from services.audit.events import Event
from services.audit.signals import Signals
from services.audit.submission import Recorded
from services.audit.tables import case_key, opening
from shared.protocol import leaves
from shared.protocol.canonical import unb64, unb64u
from shared.protocol.commitments import Opening, check_opening
from shared.protocol.errors import DigestMismatchError
from shared.protocol.logproofs import verify_log_proof
from shared.protocol.merkle import verify_consistency
from shared.runtime.principals import Principal
from shared.runtime.refusals import Conflict, Malformed, NotFound, Unavailable
from tests.service.audit.caller import Node, checkpoint, told
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    Dead,
    Logbook,
    event,
    request_id,
)

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
PROTECTION = Principal(
    service="gateway",
    client_id="urn:rogatory:QM:protection",
    country="QM",
    scopes=frozenset({"audit:erase"}),
    officer="QM-protection",
)
PERSONAL = {"officer": "Q. Example", "client": "urn:rogatory:QM:preparer"}


def of_case(number: int, case: int) -> Event:
    return event(number, case_id=request_id(case), personal=PERSONAL)


def order(number: int, case: int = 1) -> Event:
    return event(number, type=ERASED, case_id=request_id(case), reason="court-order")


def kept(logbook: Logbook) -> list[int]:
    """The entries that still have openings."""
    with logbook.database.read() as db:
        return sorted(set(db.execute(sa.select(opening.c.idx)).scalars()))


def keys(logbook: Logbook) -> set[str]:
    with logbook.database.read() as db:
        return set(db.execute(sa.select(case_key.c.owner)).scalars())


@BOTH
def test_what_a_case_told_is_erased_and_nothing_else(logbook: Logbook) -> None:
    logbook.record(of_case(1, 1), of_case(2, 2), event(3, personal=PERSONAL))
    before = [logbook.leaf(index) for index in range(4)]
    (recorded,) = logbook.record(order(4))
    leaf = leaves.parse(recorded.leaf)
    assert (leaf.type, leaf.count, leaf.reason, leaf.case_seq) == (ERASED, 2, "court-order", 1)
    assert kept(logbook) == [2, 3]
    assert CONFIDENTIAL.case_ref(request_id(1)) not in keys(logbook)
    assert [logbook.leaf(index) for index in range(4)] == before
    assert logbook.inspect() == 5
    verify_log_proof(recorded.proof, recorded.leaf, KEY.vkeys())


@BOTH
def test_the_order_of_the_inbox_says_what_is_erased(logbook: Logbook) -> None:
    logbook.take(of_case(1, 1), order(2), of_case(3, 1), of_case(4, 2))
    assert (logbook.sequence(), logbook.sequence()) == (2, 2)
    logbook.publish()
    assert (logbook.leaf(2).count, kept(logbook)) == (2, [3, 4])
    assert logbook.inspect() == 5


def test_what_was_proven_before_stays_proven_and_what_was_opened_is_no_more(node: Node) -> None:
    """An overseer's copies from before verify as they did; the openings are in his hands alone."""
    case = {"case_id": request_id(1), "personal": PERSONAL}
    (result,) = node.post(told(1, **case)).json()["results"]
    size, root = checkpoint(node)
    (before,) = node.look("entries?from=1&to=2")["entries"]
    node.send("/erasures", {"case_id": request_id(1), "ground": "court-order"}, PROTECTION)
    verify_log_proof(result["proof"], unb64u(result["leaf"]), KEY.vkeys())
    later, later_root = checkpoint(node)
    grown = node.get(f"/proofs/consistency?from={size}&to={later}").json()["hashes"]
    verify_consistency(size, later, root, later_root, [unb64(each) for each in grown])
    (after,) = node.look(f"entries?from=1&to=2&size={later}")["entries"]
    assert (after["leaf"], len(before["openings"]), after["openings"]) == (before["leaf"], 2, [])
    commit = leaves.parse(unb64u(after["leaf"])).commit
    for each in before["openings"]:
        kept = Opening(name=each["name"], value=each["value"], salt=unb64u(each["salt"]))
        check_opening(commit, kept)
        with pytest.raises(DigestMismatchError):
            check_opening(commit, replace(kept, salt=bytes(32)))  # a guess is worth nothing


def test_an_erasure_that_finds_nothing_is_an_entry_too(logbook: Logbook) -> None:
    logbook.record(of_case(1, 1), order(2))
    logbook.record(order(3))
    assert (logbook.leaf(2).count, logbook.leaf(3).count) == (2, 0)


def test_who_had_it_done_stays_known_when_it_is_done_again(logbook: Logbook) -> None:
    by = {"personal": {"officer": "QM-protection"}}
    logbook.record(of_case(1, 1), order(2).model_copy(update=by))
    logbook.record(order(3).model_copy(update=by))
    assert kept(logbook) == [2, 3]
    assert logbook.inspect() == 4


@BOTH
@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_a_death_at_the_commit_erases_all_or_nothing(logbook: Logbook, fault: str) -> None:
    logbook.record(of_case(1, 1))
    logbook.take(order(2))
    logbook.plan(fault)
    with pytest.raises(Dead):
        logbook.sequence()
    assert (kept(logbook), bool(keys(logbook))) == (
        ([], False) if fault == "persisted" else ([1], True)
    )
    logbook.restart()
    logbook.sequence()
    logbook.publish()
    assert (kept(logbook), logbook.leaf(2).count) == ([], 2)
    assert logbook.inspect() == 3


def test_nothing_of_the_key_is_left_in_the_file(logbook: Logbook, tmp_path: Path) -> None:
    logbook.record(*(of_case(number, 1) for number in range(1, 9)))
    with logbook.database.read() as db:
        wrapped = db.execute(sa.select(case_key.c.wrapped)).scalar_one()
        sealed = list(db.execute(sa.select(opening.c.sealed)).scalars())
    logbook.record(order(9))
    logbook.database.close()  # the last connection takes the write-ahead log in
    with sqlite3.connect(tmp_path / "audit.sqlite") as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "audit.sqlite").read_bytes()
    assert not any(each in content for each in [wrapped, *sealed])


def ask(logbook: Logbook, wanted: Order, signals: Signals | None = None) -> Recorded:
    return erasure.erase(
        wanted,
        database=logbook.database,
        confidential=CONFIDENTIAL,
        clock=logbook.clock,
        signals=signals or Signals(),
    )


def test_while_the_log_is_stopped_an_order_waits(logbook: Logbook) -> None:
    logbook.record(of_case(1, 1))
    signals = Signals()
    signals.stopped(SignerRefusal("rolled back"))
    wanted = Order(case_id=request_id(1), ground="unlawful", personal={}, erasure_id=request_id(7))
    with pytest.raises(Unavailable, match="rolled back"):
        ask(logbook, wanted, signals)
    assert kept(logbook) == [1]
    logbook.sequence()
    logbook.publish()
    assert kept(logbook) == []
    again = ask(logbook, wanted)
    assert (again.event_id, again.index) == (request_id(7), 2)
    with pytest.raises(Conflict):
        ask(logbook, replace(wanted, ground="court-order"))


def test_what_cannot_be_erased(logbook: Logbook) -> None:
    wanted = Order(case_id=request_id(1), ground="unlawful", personal={})
    with pytest.raises(NotFound, match="no entry of this case"):
        ask(logbook, wanted)
    with pytest.raises(Malformed, match="no ground") as refused:
        ask(logbook, replace(wanted, ground="because he asked"))
    assert "court-order" in str(refused.value.next_step)


def test_whoever_protects_data_erases_over_http(node: Node) -> None:
    case = {"case_id": request_id(1), "personal": PERSONAL}
    node.post(told(1, **case), told(2))
    order = {"case_id": request_id(1), "ground": "retention-ended"}
    answer = node.send("/erasures", order, PROTECTION)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["index"], answer.json()["count"]) == (3, 2)
    leaf = leaves.parse(unb64u(answer.json()["leaf"]))
    assert leaf.commit.keys() == {"client", "officer"}
    entries = node.look("entries?from=1&to=4")["entries"]
    assert [len(each["openings"]) for each in entries] == [0, 0, 2]
    again = node.send("/erasures", {**order, "erasure_id": answer.json()["erasure_id"]}, PROTECTION)
    assert again.json() == answer.json()


@pytest.mark.parametrize(
    ("members", "code"), [({"ground": "x"}, 400), ({"case_id": "x"}, 400), ({"more": "x"}, 422)]
)
def test_an_order_that_is_none(node: Node, members: dict[str, str], code: int) -> None:
    order = {"case_id": request_id(1), "ground": "unlawful", **members}
    assert node.send("/erasures", order, PROTECTION).status_code == code


def test_nobody_else_erases(node: Node) -> None:
    order = {"case_id": request_id(1), "ground": "unlawful"}
    overseer = replace(PROTECTION, scopes=frozenset({"audit:read"}))
    assert node.send("/erasures", order, overseer).status_code == 403
