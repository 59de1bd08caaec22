"""What is written arrives: once, in order, however often the wire or the process fails."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.exchange.store import entries, peers
from shared.protocol import canonical
from tests.service.exchange.node import Clock
from tests.service.exchange.pair import open_pair
from tests.service.exchange.wires import (
    WAIT,
    Case,
    answering,
    begun,
    chain,
    come_back,
    waiting,
    write,
)
from tests.simulator import LOSE_ANSWER, LOSE_REQUEST, Answered


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
    assert waiting(pair, request_id) == "this country's log has to take it before it may leave"
    pair.qm.recorder.work()
    told = "the witnesses of this country's log have to cosign it before it may leave"
    assert waiting(pair, request_id) == told
    pair.qm.logged()
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


def peer_away(_answer: Answered) -> Answered:
    """What our own gateway says when the peer's does not answer."""
    content = canonical.encode(
        {"code": "peer_unreachable", "detail": "The gateway of QN does not answer."}
    )
    return Answered(status=504, headers={}, content=content)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("plan", [[], [None]], ids=["at the greeting", "at the entry"])
def test_who_is_told_to_wait_has_not_failed(true_case: Case, status: int, plan: list[Any]) -> None:
    pair, request_id = begun(true_case)
    content = canonical.encode({"code": "peer_in_maintenance", "detail": "QN is being mended."})
    headers = {"retry-after": "600"}
    pair.qm.to_peer.plan = [
        *plan,
        lambda _answer: Answered(status=status, headers=headers, content=content),
    ]
    pair.settle()
    told = str(waiting(pair, request_id))
    assert told.startswith("QN is being mended; next try at ")
    with pair.qm.database.read() as db:
        entry = entries.next_to_send(db, "QM>QN")
    assert entry is not None
    assert (entry.attempts, entry.failing_since) == (len(plan), None)
    come_back(pair)
    assert str(waiting(pair, request_id)) == told  # nothing is asked before
    pair.clock.advance(timedelta(seconds=660))
    pair.settle()
    assert pair.request(pair.qm, request_id)["state"] == "S05"


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


def test_a_peer_that_knows_another_size_of_our_log_is_proven_it_from_there(
    true_case: Case,
) -> None:
    pair, _ = true_case
    with pair.qm.database.begin() as db:
        peers.set_delivered_size(db, "QN", 2)
    write(pair.qm)
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)


def test_a_size_that_our_log_never_had_is_asked_for_again(accepted_case: Case) -> None:
    """It may be of the log before this one."""
    pair, _ = accepted_case
    write(pair.qm)
    pair.qm.to_peer.plan = [None, answering(409, code="log_size", known=10_000)]
    pair.settle()
    assert chain(pair.qm) == chain(pair.qn)


def test_a_log_that_cannot_show_that_it_grew_is_told(accepted_case: Case) -> None:
    pair, _ = accepted_case
    write(pair.qm)
    with pair.qm.database.begin() as db:
        peers.set_delivered_size(db, "QN", 2)
    pair.qm.logged()
    pair.qm.to_audit.plan = [answering(503, code="log_stopped")]
    for _ in range(3):  # it greets first
        pair.qm.courier.work()
    with pair.qm.database.read() as db:
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
    pair.qm.logged()
    assert pair.qm.courier.work()  # the greeting
    pair.qm.to_audit.plan = [LOSE_REQUEST]
    assert not pair.qm.courier.work()
    with pair.qm.database.read() as db:
        entry = entries.next_to_send(db, "QM>QN")
    assert entry is not None
    assert entry.last_error == "this country's audit does not answer"
    come_back(pair)
    assert chain(pair.qm) == chain(pair.qn)


@pytest.mark.parametrize("killed", ["recorder", "prover", "courier"])
def test_a_process_that_dies_before_it_notes_the_answer_does_it_again(
    sent_case: Case, killed: str, tmp_path: Path
) -> None:
    """The answer came, the note of it was not committed: the next process finds the old state."""
    pair, request_id = sent_case
    if killed != "recorder":
        pair.qm.recorder.work()
        pair.qm.witnessed()
    if killed == "courier":
        pair.qm.prover.work()
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


def test_two_couriers_do_not_get_in_each_others_way(true_case: Case) -> None:
    """What one has claimed the other leaves alone, until the claim ends by itself."""
    pair, _ = begun(true_case)
    pair.qm.logged()
    now = pair.clock()
    with pair.qm.database.begin() as db:
        entry = entries.next_to_send(db, "QM>QN")
        assert entry is not None
        assert entries.claim(db, entry, now, now + timedelta(seconds=10))
        assert not entries.claim(db, entry, now, now + timedelta(seconds=10))
    assert not pair.qm.courier.work()
    assert pair.qm.courier._claim("QM>QN") is None
    pair.clock.advance(timedelta(seconds=10))
    assert pair.qm.courier.work()
    pair.settle()
    assert pair.qm.courier._claim("QM>QN") is None
    assert chain(pair.qm) == chain(pair.qn)
