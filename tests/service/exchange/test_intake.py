"""What a peer sends is proven before it is taken, taken once, and answered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange import waits
from services.exchange.store import channels as heads
from services.exchange.store import entries, peers
from shared.protocol import canonical
from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.entries import EntryType, sign_entry
from shared.protocol.keys import SealKey
from shared.protocol.logproofs import parse_proof
from shared.protocol.messages import Envelope
from shared.protocol.notes import read_note
from tests.service.exchange.forger import Forger, deliver, log_size
from tests.service.exchange.node import outbox
from tests.service.exchange.pair import Country, Pair

Case = tuple[Pair, str]
SELFTEST = {"nonce": "ab" * 16}


def known(country: Country, peer: str) -> int:
    """The size of the peer's log that a country has accepted."""
    with country.database.begin() as db:
        kept = peers.kept_log(db, peer)
    return kept.checkpoint.size if kept else 0


def forged(pair: Pair, **changed: Any) -> Envelope:  # noqa: ANN401
    """An entry that QM could write to QN next."""
    forger = Forger(pair.qm, after=pair.qn)
    entry = forger.entry(EntryType.SELFTEST, SELFTEST, **changed)
    return forger.envelope(entry, known=known(pair.qn, "QM"))


def last_entry(country: Country, channel: str) -> entries.StoredEntry:
    with country.database.read() as db:
        return list(entries.walk(db, channel))[-1]


def test_what_is_proven_is_taken_and_receipted(open_case: Case) -> None:
    pair, _ = open_case
    answer = deliver(pair.qn, forged(pair))
    assert answer.status_code == 202
    assert last_entry(pair.qn, "QM>QN").hash == answer.json()["hash"]
    receipt = last_entry(pair.qn, "QN>QM")
    assert (receipt.outcome, receipt.about_hash) == ("RelayAcceptance", answer.json()["hash"])


def test_the_same_again_gets_the_same_answer(open_case: Case) -> None:
    pair, _ = open_case
    envelope = forged(pair)
    answers = [deliver(pair.qn, envelope) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 200, 200]
    assert len({answer.text for answer in answers}) == 1
    with pair.qn.database.read() as db:
        assert len(entries.receipts(db, answers[0].json()["hash"])) == 1


def test_signed_again_is_the_same_entry(open_case: Case) -> None:
    pair, _ = open_case
    forger = Forger(pair.qm, after=pair.qn)
    entry = forger.entry(EntryType.SELFTEST, SELFTEST)
    envelope = forger.envelope(entry, known=known(pair.qn, "QM"))
    again = sign_entry(entry, pair.qm.node.parts.keyring.seal).decode()
    assert again != envelope.entry
    assert deliver(pair.qn, envelope).status_code == 202
    assert deliver(pair.qn, envelope.model_copy(update={"entry": again})).status_code == 200


def _broken_signature(envelope: Envelope) -> Envelope:
    jws: Any = canonical.parse(envelope.entry.encode())
    text = jws["signatures"][1]["signature"]
    jws["signatures"][1]["signature"] = ("B" if text[0] == "A" else "A") + text[1:]
    return envelope.model_copy(update={"entry": canonical.encode(jws).decode()})


def _stripped_signature(envelope: Envelope) -> Envelope:
    jws: Any = canonical.parse(envelope.entry.encode())
    del jws["signatures"][1]
    return envelope.model_copy(update={"entry": canonical.encode(jws).decode()})


def _other_leaf(envelope: Envelope) -> Envelope:
    leaf: Any = canonical.parse(canonical.unb64u(envelope.leaf))
    leaf["seq"] += 1
    return envelope.model_copy(update={"leaf": canonical.b64u(canonical.encode(leaf))})


def _changed_proof(envelope: Envelope) -> Envelope:
    return envelope.model_copy(update={"proof": envelope.proof.replace("index ", "index 1")})


def _wrong_consistency(envelope: Envelope) -> Envelope:
    hashes = tuple(canonical.b64(b"x" * 32) for _ in envelope.consistency)
    return envelope.model_copy(update={"consistency": hashes})


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (_broken_signature, 422, "bad_signature"),
        (_stripped_signature, 422, "missing_signature"),
        (_other_leaf, 422, "bad_log_proof"),
        (_changed_proof, 422, "bad_log_proof"),
        (_wrong_consistency, 409, "inconsistent_log"),
    ],
)
def test_what_is_not_proven_chains_nothing(
    open_case: Case, change: Callable[[Envelope], Envelope], status: int, code: str
) -> None:
    pair, _ = open_case
    before = last_entry(pair.qn, "QM>QN").hash
    answer = deliver(pair.qn, change(forged(pair)))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert last_entry(pair.qn, "QM>QN").hash == before
    assert deliver(pair.qn, forged(pair)).status_code == 202  # repaired, it goes through


def test_only_the_directory_says_whose_keys_count(open_case: Case) -> None:
    pair, _ = open_case
    forger = Forger(pair.qm, after=pair.qn)
    entry = forger.entry(EntryType.SELFTEST, SELFTEST)
    envelope = forger.envelope(entry, known=known(pair.qn, "QM"))
    stranger = sign_entry(entry, SealKey.generate()).decode()
    answer = deliver(pair.qn, envelope.model_copy(update={"entry": stranger}))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_key")


def test_55_a_country_writes_its_own_channel_alone(open_case: Case) -> None:
    pair, _ = open_case
    answer = deliver(pair.qn, forged(pair), sender="QX")
    assert (answer.status_code, answer.json()["code"]) == (403, "peer_not_allowed")
    assert deliver(pair.qm, forged(pair)).status_code == 403  # it is not for QM


def test_an_entry_from_the_future_is_refused(open_case: Case) -> None:
    pair, _ = open_case
    late = int(pair.clock().timestamp()) + 301
    answer = deliver(pair.qn, forged(pair, iat=late))
    assert (answer.status_code, answer.json()["code"]) == (422, "clock_ahead")


def test_a_gap_names_what_is_expected(open_case: Case) -> None:
    pair, _ = open_case
    expected = last_entry(pair.qn, "QM>QN").seq + 1
    answer = deliver(pair.qn, forged(pair, seq=expected + 3))
    assert (answer.status_code, answer.json()["code"]) == (409, "gap")
    assert answer.json()["expected"] == expected


def test_an_entry_that_follows_nothing_is_refused(open_case: Case) -> None:
    pair, _ = open_case
    answer = deliver(pair.qn, forged(pair, prev="ab" * 48))
    assert (answer.status_code, answer.json()["code"]) == (409, "broken_chain")


def test_a_fork_freezes_both_directions_and_both_entries_are_kept(accepted_case: Case) -> None:
    pair, _ = accepted_case
    held = last_entry(pair.qn, "QM>QN")
    other = forged(pair, seq=held.seq, prev=held.prev)
    answer = deliver(pair.qn, other)
    assert (answer.status_code, answer.json()["code"]) == (409, "fork")
    with pair.qn.database.read() as db:
        (kept,) = peers.contradictions(db, "QM")
        frozen = [channel.frozen for channel in heads.listed(db)]
    assert (kept.kind, kept.first, kept.second) == ("fork", held.jws, other.entry.encode())
    assert all("QM has signed a contradiction" in str(why) for why in frozen)
    answer = deliver(pair.qn, forged(pair))
    assert (answer.status_code, answer.json()["code"]) == (409, "channel_frozen")


def test_a_proof_from_another_size_is_asked_for_again(open_case: Case) -> None:
    pair, _ = open_case
    forger = Forger(pair.qm, after=pair.qn)
    envelope = forger.envelope(forger.entry(EntryType.SELFTEST, SELFTEST))
    answer = deliver(pair.qn, envelope)
    assert (answer.status_code, answer.json()["code"]) == (409, "log_size")
    assert answer.json()["known"] == known(pair.qn, "QM")


def test_an_older_checkpoint_is_checked_backwards(open_case: Case) -> None:
    """An entry that was proven before the last one taken, and sent again since."""
    pair, _ = open_case
    forger = Forger(pair.qm, after=pair.qn)
    older = forger.entry(EntryType.SELFTEST, SELFTEST)
    leaf, proof = forger.logged(older)
    newer = forger.envelope(older, known=known(pair.qn, "QM"))  # the same entry, in a larger log
    held = known(pair.qn, "QM")
    with pair.qn.database.begin() as db:
        kept = peers.KeptLog(checkpoint=checkpoint(newer.proof), note=note(newer.proof))
        peers.keep_log(db, "QM", kept)
    size = known(pair.qn, "QM")
    assert held < log_size(proof) < size
    consistency = forger.consistency(size, log_size(proof))
    envelope = newer.model_copy(
        update={"leaf": leaf, "proof": proof, "old_size": size, "consistency": consistency}
    )
    assert deliver(pair.qn, envelope).status_code == 202
    assert known(pair.qn, "QM") == size  # what is kept never shrinks


def test_two_roots_of_one_size_freeze_the_channel_and_both_notes_are_kept(
    accepted_case: Case,
) -> None:
    pair, _ = accepted_case
    envelope = forged(pair)
    honest = checkpoint(envelope.proof)
    other = replace(honest, root=b"\x01" * 32)
    with pair.qn.database.begin() as db:
        peers.keep_log(db, "QM", peers.KeptLog(checkpoint=other, note="the other note"))
    answer = deliver(pair.qn, envelope)
    assert (answer.status_code, answer.json()["code"]) == (409, "inconsistent_log")
    with pair.qn.database.read() as db:
        (found,) = peers.contradictions(db, "QM")
        frozen = [channel.frozen for channel in heads.listed(db)]
    assert (found.kind, found.first, found.second) == (
        "log", b"the other note", note(envelope.proof).encode(),
    )  # fmt: skip
    assert all(frozen)


def note(proof: str) -> str:
    return parse_proof(proof).checkpoint


def checkpoint(proof: str) -> Checkpoint:
    return read_checkpoint(read_note(note(proof)).text)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"entry":1}', b"\xff"])
def test_what_is_no_envelope_is_malformed(open_case: Case, content: bytes) -> None:
    pair, _ = open_case
    answer = deliver(pair.qn, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_every_refused_entry_is_on_record_and_none_can_fill_it(open_case: Case) -> None:
    pair, _ = open_case
    pair.settle()
    pair.clock.advance(timedelta(minutes=5))
    node = pair.qn.node
    broken = _broken_signature(forged(pair))
    for _ in range(13):
        assert deliver(pair.qn, broken).status_code == 422
    deliver(pair.qn, forged(pair, seq=99))  # a gap is routine
    refused = [event for event in outbox(node) if event["type"] == "transfer.refused"]
    assert [(event["peer"], event["reason"]) for event in refused] == [("QM", "bad_signature")] * 10
    node.parts.refusals.begin()
    assert not node.parts.refusals.work()  # the minute goes on
    pair.clock.advance(timedelta(minutes=1))
    assert not node.parts.refusals.work()
    (last,) = [event for event in outbox(node) if event.get("count")]
    assert (last["reason"], last["count"]) == ("bad_signature", 3)


def test_a_frozen_channel_of_ours_takes_nothing_that_wants_an_answer(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    with pair.qn.database.begin() as db:
        heads.freeze(db, "QN>QM", "two officers have to settle it")
    answer = deliver(pair.qn, forged(pair))
    assert (answer.status_code, answer.json()["code"]) == (409, "channel_frozen")
    with pair.qn.database.read() as db:
        told = waits.waiting_for(db, request_id)
    assert told == "the channel QN>QM is frozen: two officers have to settle it"


def test_what_is_ours_to_mend_is_no_fault_of_the_entry(true_case: Case) -> None:
    """A race inside is answered as such: the peer sends again, and no receipt says otherwise."""
    pair, _ = true_case
    request_id = pair.sent_request()
    pair.settle()
    sql(pair.qm, "CREATE TRIGGER race BEFORE UPDATE ON request BEGIN SELECT RAISE(IGNORE); END")
    said = {"reference": "QN-7", "note": ""}
    pair.qn.call("approver", "POST", f"/v1/requests/{request_id}/acknowledge", json=said)
    pair.settle()
    with pair.qn.database.read() as db:
        entry = entries.next_to_send(db, "QN>QM")
    assert entry is not None
    assert str(entry.last_error).startswith("QM refuses it (moved_meanwhile: ")
    sql(pair.qm, "DROP TRIGGER race")
    pair.clock.advance(timedelta(minutes=1))
    pair.settle()
    assert pair.request(pair.qm, request_id)["state"] == "S06"


def sql(country: Country, statement: str) -> None:
    with country.database.begin() as db:
        db.connection().exec_driver_sql(statement)
