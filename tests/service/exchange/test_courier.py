"""What is written arrives: once, in order, however often the wire or the process fails."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.exchange import correspondence
from services.exchange.store import channels as heads
from services.exchange.store import entries, peers
from shared.protocol import canonical
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country as Code
from tests.service.exchange.node import Clock
from tests.service.exchange.pair import Country, Pair, open_pair
from tests.simulator import LOSE_ANSWER, LOSE_REQUEST, Answered

Case = tuple[Pair, str]
WAIT = timedelta(seconds=31)  # longer than any pause


def chain(country: Country, channel: str = "QM>QN") -> list[tuple[int, str, str]]:
    """Every entry of a channel as a country has it: seq, type, hash."""
    with country.database.read() as db:
        return [(row.seq, row.type, row.hash) for row in entries.walk(db, channel)]


def begun(case: Case) -> Case:
    """A new request is signed, nothing of it has left, and QM has just been started."""
    pair, _ = case
    pair.settle()
    pair.qm.courier.greeted.clear()
    pair.qm.to_peer.calls.clear()
    pair.qm.to_peer.plan.clear()
    return pair, pair.sent_request()


def write(country: Country, nonce: str = "ab") -> None:
    """Write an entry that means nothing."""
    letter = correspondence.Letter(
        type=EntryType.SELFTEST,
        recipient=Code({"QM": "QN", "QN": "QM"}[country.name]),
        request_id=None,
        transfer_id=None,
        body={"nonce": nonce * 16},
    )
    with country.database.begin() as db:
        correspondence.append(
            db, letter, keyring=country.node.parts.keyring, now=country.node.clock()
        )


def come_back(pair: Pair) -> None:
    """Let time pass until everything is tried again."""
    for _ in range(4):
        pair.clock.advance(WAIT)
        pair.settle()


@pytest.mark.parametrize(
    "plan",
    [
        [LOSE_REQUEST],
        [LOSE_ANSWER],
        [None, LOSE_REQUEST],
        [None, LOSE_ANSWER],
        [None, LOSE_ANSWER, None, LOSE_ANSWER, LOSE_REQUEST],
    ],
    ids=["greeting", "its answer", "entry", "its answer again", "all kinds"],
)
def test_a_lost_request_or_answer_changes_nothing(true_case: Case, plan: list[Any]) -> None:
    pair, request_id = begun(true_case)
    pair.qm.to_peer.plan = plan
    pair.settle()
    come_back(pair)
    assert chain(pair.qm) == chain(pair.qn)
    assert chain(pair.qm, "QN>QM") == chain(pair.qn, "QN>QM")
    with pair.qn.database.read() as db:
        (request,) = [one for one in entries.of_request(db, request_id) if one.type == "request"]
        assert len(entries.receipts(db, request.hash)) == 1
    assert pair.request(pair.qm, request_id)["state"] == "S05"


def test_who_waits_is_told_for_whom_and_until_when(true_case: Case) -> None:
    pair, request_id = begun(true_case)
    assert waiting(pair, request_id) == "this country's log has to prove it before it may leave"
    pair.qm.recorder.work()
    assert waiting(pair, request_id) == "it is on its way to QN"
    pair.qm.to_peer.plan = [peer_away] * 20
    for _ in range(5):
        pair.qm.courier.work()
    told = str(waiting(pair, request_id))
    begin = f"{pair.clock():%Y-%m-%d %H:%M:%S} UTC"
    assert told.startswith(f"The gateway of QN does not answer since {begin}; next try at ")
    pair.qm.to_peer.plan = []
    pair.clock.advance(WAIT)
    while pair.qm.courier.work():
        pass
    assert waiting(pair, request_id) == "QN has it; its receipt is on the way"
    pair.settle()
    assert waiting(pair, request_id) is None
    assert waiting(pair, "01a1fdfa-0000-7000-8000-000000000000") is None


def waiting(pair: Pair, transfer_id: str) -> str | None:
    with pair.qm.database.read() as db:
        return correspondence.waiting_for(db, transfer_id)


def peer_away(_answer: Answered) -> Answered:
    """What our own gateway says when the peer's does not answer."""
    content = canonical.encode(
        {"code": "peer_unreachable", "detail": "The gateway of QN does not answer."}
    )
    return Answered(status=504, headers={}, content=content)


def answering(status: int, **members: Any) -> Callable[[Answered], Answered]:  # noqa: ANN401
    """Put another answer in the place of the true one."""
    content = canonical.encode(members) if members else b"<html>"
    return lambda _answer: Answered(status=status, headers={}, content=content)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (answering(422, code="bad_signature", detail="no"), "QN refuses it (bad_signature: no)"),
        (answering(413), "QN refuses it (413: )"),
        (answering(500), "The gateway of QN does not answer"),
        (LOSE_REQUEST, "this country's gateway does not answer"),
        (answering(409, code="gap", expected=99), "QN refuses it (gap: )"),
    ],
    ids=["refused", "no problem", "broken", "gateway away", "a gap ahead"],
)
def test_a_refusal_is_told_and_tried_again(true_case: Case, fault: Any, told: str) -> None:  # noqa: ANN401
    pair, request_id = begun(true_case)
    pair.qm.to_peer.plan = [None, fault]
    pair.settle()
    assert str(waiting(pair, request_id)).startswith(told)
    come_back(pair)
    assert pair.request(pair.qm, request_id)["state"] == "S05"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (answering(403, code="no"), "QN does not tell its heads (403)"),
        (answering(200, heads=[{"channel": "QM>QN", "entry": "{}"}]), "an entry has the members"),
    ],
    ids=["refused", "made up"],
)
def test_nothing_is_sent_before_the_peer_has_shown_our_head(
    true_case: Case,
    fault: Any,  # noqa: ANN401
    told: str,
) -> None:
    pair, request_id = begun(true_case)
    pair.qm.to_peer.plan = [fault]
    pair.settle()
    assert str(waiting(pair, request_id)).startswith(told)
    assert not [call for call in pair.qm.to_peer.calls if call.startswith("POST")]
    come_back(pair)


def test_a_peer_that_was_restored_gets_again_what_it_lost(true_case: Case) -> None:
    pair, _ = true_case
    write(pair.qm)
    pair.settle()
    forget_after(pair.qn, "QM>QN", len(chain(pair.qn)) - 3)
    write(pair.qm)
    pair.settle()  # QN says which entry it expects, and gets it and all after it
    come_back(pair)
    assert chain(pair.qm) == chain(pair.qn)


def forget_after(country: Country, channel: str, seq: int) -> None:
    """Bring a country's copy of a channel back to an earlier state, as a backup does."""
    with country.database.begin() as db:
        kept = entries.at(db, channel, 0, seq)
        assert kept is not None
        connection = db.connection()
        connection.exec_driver_sql(f"DELETE FROM entry WHERE channel='{channel}' AND seq>{seq}")  # noqa: S608
        connection.exec_driver_sql(
            f"UPDATE channel SET head_seq={seq}, head_hash='{kept.hash}' "  # noqa: S608
            f"WHERE channel='{channel}'"
        )


def test_a_peer_that_was_restored_is_found_at_the_next_start(true_case: Case) -> None:
    pair, _ = true_case
    write(pair.qm)
    pair.settle()
    forget_after(pair.qn, "QM>QN", len(chain(pair.qn)) - 2)
    pair.qm.courier.greeted.clear()  # QM starts again
    write(pair.qm)
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)


def test_a_node_restored_from_a_backup_takes_its_own_entries_back(
    accepted_case: Case,
    tmp_path: Path,  # noqa: ARG001
) -> None:
    """It has forgotten what it signed; it asks, verifies its own signatures, and goes on from there."""
    pair, _ = accepted_case
    forget_after(pair.qm, "QM>QN", 1)
    write(pair.qm, "cd")
    before = chain(pair.qn)
    with pair.qm.database.begin() as db:  # what it has signed since is not to be sent
        db.connection().exec_driver_sql("DELETE FROM entry WHERE channel='QM>QN' AND seq>1")
        kept = entries.at(db, "QM>QN", 0, 1)
        assert kept is not None
        db.connection().exec_driver_sql(
            f"UPDATE channel SET head_seq=1, head_hash='{kept.hash}' WHERE channel='QM>QN'"  # noqa: S608
        )
        db.connection().exec_driver_sql("UPDATE entry SET state='LOGGED' WHERE channel='QM>QN'")
    pair.qm.courier.greeted.clear()
    pair.settle()
    assert chain(pair.qm) == before
    write(pair.qm, "ef")
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)
    assert len(chain(pair.qm)) > len(before)


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


def test_a_peer_that_knows_another_size_of_our_log_is_proven_it_from_there(
    true_case: Case,
) -> None:
    pair, _ = true_case
    with pair.qm.database.begin() as db:
        peers.set_delivered_size(db, "QN", 2)
    write(pair.qm)
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)


def test_a_size_that_our_log_never_had_is_told(accepted_case: Case) -> None:
    pair, _ = accepted_case
    write(pair.qm)
    pair.qm.to_peer.plan = [None, answering(409, code="log_size", known=10_000)]
    pair.settle()
    first = pair.qm.courier
    with first.database.read() as db:
        entry = entries.next_to_send(db, "QM>QN")
    assert entry is not None
    assert "gives no proof that the log grew" in str(entry.last_error)


def test_audit_away_delays_and_loses_nothing(true_case: Case) -> None:
    pair, request_id = begun(true_case)
    pair.qm.to_audit.plan = [LOSE_REQUEST, LOSE_ANSWER, answering(503, code="log_stopped")]
    pair.settle()
    assert pair.request(pair.qm, request_id)["state"] == "S04"
    come_back(pair)
    assert pair.request(pair.qm, request_id)["state"] == "S05"
    assert chain(pair.qm) == chain(pair.qn)


def test_audit_away_while_a_proof_is_needed(true_case: Case) -> None:
    pair, _ = begun(true_case)
    pair.qm.recorder.work()
    assert pair.qm.courier.work()  # the greeting
    pair.qm.to_audit.plan = [LOSE_REQUEST]
    assert not pair.qm.courier.work()
    with pair.qm.database.read() as db:
        entry = entries.next_to_send(db, "QM>QN")
    assert entry is not None
    assert entry.last_error == "this country's audit does not answer"
    come_back(pair)
    assert chain(pair.qm) == chain(pair.qn)


@pytest.mark.parametrize("killed", ["recorder", "courier"])
def test_a_process_that_dies_before_it_notes_the_answer_does_it_again(
    sent_case: Case, killed: str, tmp_path: Path
) -> None:
    """The answer came, the note of it was not committed: the next process finds the old state."""
    pair, request_id = sent_case
    if killed == "courier":
        pair.qm.recorder.work()
        pair.qm.courier.work()
    folder = tmp_path / "sent" / "QM"
    saved = tmp_path / "saved"
    shutil.copytree(folder, saved)
    job = getattr(pair.qm, killed)
    assert job.work()
    pair.stack.close()
    shutil.rmtree(folder)
    shutil.copytree(saved, folder)
    with open_pair(pair.qm.node.federation, tmp_path / "sent", Clock()) as again:
        again.settle()
        assert again.request(again.qm, request_id)["state"] == "S05"
        assert chain(again.qm) == chain(again.qn)
        assert len(chain(again.qn, "QN>QM")) == 3
