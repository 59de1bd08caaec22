"""Nothing leaves before the witnesses of its log stand for it, and with a proof the peer would refuse."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange.states import EntryState
from services.exchange.store import entries
from shared.protocol import canonical
from shared.protocol.cosignatures import WitnessKey
from shared.protocol.entries import EntryType
from shared.protocol.logproofs import parse_proof
from shared.protocol.policies import check_quorum
from tests.service.exchange.forger import Forger, deliver
from tests.service.exchange.pair import Country, Pair
from tests.service.exchange.wires import Case, answering, begun, chain, come_back, waiting, write
from tests.simulator import LOSE_ANSWER, LOSE_REQUEST, Answered

WITNESSES = "the witnesses of this country's log have to cosign it before it may leave"


def newest(country: Country, channel: str = "QM>QN") -> entries.StoredEntry:
    with country.database.read() as db:
        return list(entries.walk(db, channel))[-1]


def unwitnessed(pair: Pair) -> WitnessKey | None:
    """Let QN's witness not answer; return its key."""
    key, pair.qm.witness = pair.qm.witness, None
    return key


def test_what_no_witness_has_cosigned_waits(true_case: Case) -> None:
    pair, _ = true_case
    pair.settle()
    key = unwitnessed(pair)
    write(pair.qm)
    pair.settle()
    entry = newest(pair.qm)
    assert (entry.state, entry.proof) == (EntryState.LOGGED, None)
    assert entry.leaf is not None
    assert chain(pair.qn) == chain(pair.qm)[:-1]
    pair.qm.witness = key
    pair.settle()
    entry = newest(pair.qm)
    assert entry.state is EntryState.DELIVERED
    assert check_quorum(
        pair.qm.node.parts.directory.member("QM").log.witnessed_by,
        parse_proof(str(entry.proof)).checkpoint,
    ).keys() == {"QN-1", "QN-2"}


def test_who_waits_is_told_that_it_is_for_the_witnesses(true_case: Case) -> None:
    pair, request_id = begun(true_case)
    key = unwitnessed(pair)
    pair.settle()
    assert waiting(pair, request_id) == WITNESSES
    pair.qm.witness = key
    pair.settle()


@pytest.mark.parametrize(
    "fault",
    [
        LOSE_REQUEST,
        LOSE_ANSWER,
        answering(503, code="log_stopped"),
        answering(200),
        answering(200, proofs=[]),
        answering(200, proofs={}),
        answering(200, proofs={"0": 1}),
    ],
    ids=["request lost", "answer lost", "stopped", "a page", "a list", "none", "no text"],
)
def test_a_log_that_is_away_is_asked_again(true_case: Case, fault: Any) -> None:  # noqa: ANN401
    pair, _ = true_case
    write(pair.qm)
    pair.qm.recorder.work()
    pair.qm.witnessed()
    pair.qm.to_audit.plan = [fault]
    assert pair.qm.prover.work()
    assert newest(pair.qm).state is EntryState.LOGGED
    assert pair.qm.prover.work()
    assert newest(pair.qm).state is EntryState.WITNESSED
    assert not pair.qm.prover.work()
    pair.settle()


def test_the_pauses_grow_and_begin_anew(true_case: Case) -> None:
    pair, _ = true_case
    pair.settle()
    pauses: list[float] = []
    prover = pair.qm.prover
    prover.wait, prover.fruitless = pauses.append, 0
    key = unwitnessed(pair)
    write(pair.qm)
    pair.qm.recorder.work()
    for _ in range(9):
        assert prover.work()
    assert pauses == [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0, 1.0]
    pair.qm.witness = key
    pair.qm.witnessed()
    assert prover.work()
    assert (len(pauses), prover.fruitless) == (9, 0)
    pair.settle()


def test_a_proof_that_the_peer_would_refuse_does_not_leave(true_case: Case) -> None:
    """The log gives one of a checkpoint that it signed alone."""
    pair, _ = true_case
    pair.settle()
    write(pair.qm)
    pair.qm.recorder.work()
    pair.qm.witnessed()
    pair.qm.to_audit.plan = [_without_witness]
    assert pair.qm.prover.work()
    entry = newest(pair.qm)
    assert entry.state is EntryState.LOGGED
    assert str(entry.last_error).startswith("this country's log gives no proof that holds (unwit")
    assert not pair.qm.prover.work()  # not at once
    pair.clock.advance(timedelta(seconds=5))
    pair.settle()
    assert newest(pair.qm).state is EntryState.DELIVERED


def _without_witness(answer: Answered) -> Answered:
    told: Any = canonical.read(answer.content)
    stripped = {
        index: proof[: proof.index("\u2014 qn.")] for index, proof in told["proofs"].items()
    }
    return replace(answer, content=canonical.encode({"proofs": stripped}))


def test_a_proof_that_the_peer_does_not_take_is_followed_by_a_newer_one(true_case: Case) -> None:
    """Its directory names other witnesses than ours did, or the proof was made before there were any."""
    pair, _ = true_case
    pair.settle()
    write(pair.qm)
    pair.qm.logged()
    first = newest(pair.qm)
    pair.qm.to_peer.plan = [answering(422, code="unwitnessed", detail="who is that?")]
    assert not pair.qm.courier.work()
    refused = newest(pair.qm)
    assert (refused.state, refused.proof) == (EntryState.LOGGED, first.proof)
    assert refused.last_error == "QN wants a newer proof (who is that?)"
    pair.clock.advance(timedelta(seconds=31))
    assert pair.qm.prover.look() == 0  # there is no newer one yet
    write(pair.qm)
    come_back(pair)
    with pair.qm.database.read() as db:
        again = entries.by_hash(db, first.hash)
    assert again is not None
    assert again.state is EntryState.DELIVERED
    assert parse_proof(str(again.proof)).index == first.log_index
    assert again.proof != first.proof
    assert chain(pair.qm) == chain(pair.qn)


def test_nothing_is_proven_before_the_directory_tells_of_ourselves(true_case: Case) -> None:
    pair, _ = true_case
    pair.settle()
    write(pair.qm)
    prover = pair.qm.prover
    prover.country = "QX"
    pair.qm.recorder.work()
    pair.qm.witnessed()
    assert prover.work()
    assert newest(pair.qm).state is EntryState.LOGGED
    prover.country = "QM"
    pair.settle()
    assert newest(pair.qm).state is EntryState.DELIVERED


def test_what_no_witness_stands_for_is_not_taken_in(open_case: Case) -> None:
    pair, _ = open_case
    forger = Forger(pair.qm, after=pair.qn)
    before = chain(pair.qn)
    key = unwitnessed(pair)
    entry = forger.entry(EntryType.SELFTEST, {"nonce": "cd" * 16})
    envelope = forger.envelope(entry, known=0)
    answer = deliver(pair.qn, envelope)
    assert (answer.status_code, answer.json()["code"]) == (422, "unwitnessed")
    assert chain(pair.qn) == before
    pair.qm.witness = key
