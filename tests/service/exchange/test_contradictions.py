"""What a peer's log contradicted itself in is kept where it came, and shown as a file that convicts it."""

from dataclasses import replace
from typing import Any

from services.exchange.store import peers
from shared.protocol.canonical import unb64u
from shared.protocol.checkpoints import Checkpoint, LogKey, read_checkpoint, sign_checkpoint
from shared.protocol.logproofs import parse_proof
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from shared.protocol.notes import read_note
from tests.service.exchange.forger import deliver
from tests.service.exchange.node import outbox
from tests.service.exchange.pair import Pair
from tests.service.exchange.test_intake import forged

Case = tuple[Pair, str]
ADDRESS = "/v1/audit/channels/evidence"


def read(pair: Pair) -> list[dict[str, Any]]:
    answer = pair.qn.node.client("oversight").get(ADDRESS)
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = answer.json()["evidence"]
    return found


def keep(pair: Pair, key: LogKey) -> str:
    """QN has accepted another tree than the one that comes; it is found when an entry arrives."""
    envelope = forged(pair)
    honest: Checkpoint = read_checkpoint(read_note(parse_proof(envelope.proof).checkpoint).text)
    other = replace(honest, root=b"\x01" * 32)
    note = sign_checkpoint(other, key, pair.clock())
    with pair.qn.database.begin() as db:
        peers.keep_log(db, "QM", peers.KeptLog(checkpoint=other, note=note))
    assert deliver(pair.qn, envelope).status_code == 409
    return note


def log_key(pair: Pair) -> LogKey:
    (key,) = pair.qm.audit_app.app.state.parts.log.signer._keys  # type: ignore[attr-defined]
    assert isinstance(key, LogKey)
    return key


def test_two_roots_of_one_size_convict_offline(accepted_case: Case) -> None:
    pair, _ = accepted_case
    fork = peers.Contradiction(
        peer="QM", kind="fork", first=b"one", second=b"other", at=pair.clock()
    )
    with pair.qn.database.begin() as db:
        peers.add_contradiction(db, fork)  # of a channel, and no matter of the log
    note = keep(pair, log_key(pair))
    (found,) = read(pair)
    pinned = pair.qn.node.parts.directory.member("QM").log_vkeys
    proven = verify_evidence(parse_evidence(unb64u(found["file"])), pinned=pinned)
    assert proven.smaller.origin == "qm.rogatory.example/log"
    assert (found["peer"], found["notes"][0]) == ("QM", note)
    recorded = [each for each in outbox(pair.qn.node) if each["type"] == "audit.exported"]
    assert [each["peer"] for each in recorded] == ["QM"]
    for role in ("ops", "preparer"):
        assert pair.qn.node.client(role).get(ADDRESS).status_code == 403


def test_notes_of_keys_that_have_gone_are_shown_all_the_same(accepted_case: Case) -> None:
    pair, _ = accepted_case
    note = keep(pair, LogKey.generate("qm.rogatory.example/log"))
    (found,) = read(pair)
    assert (found["file"], found["notes"][0]) == (None, note)
