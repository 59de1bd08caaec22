"""After a restore, ours or the peer's, nothing is signed twice for one place and nothing is lost."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.exchange.store import channels as heads
from services.exchange.store import entries, peers
from shared.protocol.entries import read_entry, sign_entry
from tests.service.exchange.pair import Pair
from tests.service.exchange.stages import Stages, accepted
from tests.service.exchange.wires import (
    WAIT,
    Case,
    answering,
    chain,
    come_back,
    forget_after,
    write,
)


@pytest.fixture(scope="module")
def restored_case(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """QM has forgotten all entries of its own but two, and is about to send these again."""
    folder = tmp_path_factory.mktemp("restored")
    with stages.at("accepted", accepted, folder) as (pair, request_id):
        restore(pair)
        yield pair, request_id


def restore(pair: Pair) -> None:
    """Bring QM's own channel back to an early state, as a backup does, and start it."""
    forget_after(pair.qm, "QM>QN", 1)
    with pair.qm.database.begin() as db:
        db.connection().exec_driver_sql("UPDATE entry SET state='WITNESSED' WHERE channel='QM>QN'")
    pair.qm.courier.greeted.clear()


def test_a_node_restored_from_a_backup_takes_its_own_entries_back(accepted_case: Case) -> None:
    """It has forgotten what it signed; it asks, verifies its own signatures, and goes on from there."""
    pair, _ = accepted_case
    before = chain(pair.qn)
    restore(pair)
    pair.settle()
    assert chain(pair.qm) == before
    write(pair.qm, "ef")
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)
    assert len(chain(pair.qm)) > len(before)


RETURNED = {"entry": "{}", "leaf": "AA"}


def test_a_peer_that_was_restored_gets_again_what_it_lost(true_case: Case) -> None:
    pair, _ = true_case
    write(pair.qm)
    pair.settle()
    forget_after(pair.qn, "QM>QN", len(chain(pair.qn)) - 3)
    write(pair.qm)
    pair.settle()  # QN says which entry it expects, and gets it and all after it
    come_back(pair)
    assert chain(pair.qm) == chain(pair.qn)


def test_a_peer_that_was_restored_is_found_at_the_next_start(true_case: Case) -> None:
    pair, _ = true_case
    write(pair.qm)
    pair.settle()
    forget_after(pair.qn, "QM>QN", len(chain(pair.qn)) - 2)
    pair.qm.courier.greeted.clear()  # QM starts again
    write(pair.qm)
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)


def test_a_node_that_signed_again_after_a_restore_freezes_and_keeps_both(
    accepted_case: Case,
) -> None:
    pair, _ = accepted_case
    theirs = chain(pair.qn)
    forget_after(pair.qm, "QM>QN", len(theirs) - 2)
    write(pair.qm, "cd")  # another entry in the place of the last one
    pair.qm.courier.greeted.clear()
    pair.settle()
    with pair.qm.database.read() as db:
        channel = heads.find(db, "QM>QN")
        (found,) = peers.contradictions(db, "QN")
    assert channel is not None
    assert channel.frozen == f"QN holds another entry of ours at 0/{len(theirs) - 1}"
    assert found.first != found.second
    assert chain(pair.qn) == theirs
    answer = pair.qm.node.client("approver").get("/v1/ops/channels")
    assert answer.status_code == 403


def test_a_fork_that_the_peer_reports_freezes_the_channel(accepted_case: Case) -> None:
    pair, _ = accepted_case
    write(pair.qm)
    pair.qm.to_peer.plan = [None, answering(409, code="fork", held="ab" * 48)]
    pair.settle()
    with pair.qm.database.read() as db:
        channel = heads.find(db, "QM>QN")
        assert len(peers.contradictions(db, "QN")) == 1
    assert channel is not None
    assert "QN holds another entry of ours" in str(channel.frozen)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (answering(500), "The gateway of QN does not answer"),
        (answering(403, code="no"), "QN does not return our entries (403)"),
        (answering(200, entries=1), "entries are returned as a list"),
        (answering(200, entries=[RETURNED]), "an entry is returned with its leaf and its proof"),
        (answering(200, entries=[RETURNED | {"proof": "x"}]), "an entry has the members"),
    ],
    ids=["away", "refused", "no list", "no proof", "no entry"],
)
def test_nothing_is_taken_back_that_we_have_not_signed(
    restored_case: Case,
    fault: Any,  # noqa: ANN401
    told: str,
) -> None:
    pair, _ = restored_case
    before = chain(pair.qm)
    pair.qm.courier.greeted.clear()
    pair.qm.to_peer.plan = [None, fault]
    pair.clock.advance(WAIT)
    pair.qm.courier.work()
    with pair.qm.database.read() as db:
        entry = entries.next_to_send(db, "QM>QN")
    assert entry is not None
    assert str(entry.last_error).startswith(told)
    assert chain(pair.qm) == before


def test_a_peer_that_returns_entries_of_another_channel_or_none_gets_nowhere(
    restored_case: Case,
) -> None:
    pair, _ = restored_case
    before = chain(pair.qm)
    with pair.qm.database.read() as db:
        other = entries.at(db, "QN>QM", 0, 1)
    assert other is not None
    keyring = pair.qm.node.parts.keyring
    entry = read_entry(other.jws).entry
    swapped = entry.model_copy(
        update={"channel": "QM>QX", "sender": "QM", "recipient": "QX", "seq": 2}
    )
    jws = sign_entry(swapped, keyring.seal).decode()
    row = {"entry": jws, "leaf": "AA", "proof": str(other.proof)}
    for fault in (answering(200, entries=[row]), answering(200, entries=[])):
        pair.qm.courier.greeted.clear()
        pair.qm.to_peer.plan = [None, fault]
        pair.clock.advance(WAIT)
        pair.qm.courier.work()
        assert chain(pair.qm) == before
