"""Who is given the vectors of witnesses, of the index, of evidence and of time stamps."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.protocol import leaves, misbehaviour, witnessing
from shared.protocol.canonical import unb64u
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.cosignatures import verify_cosignatures
from shared.protocol.indexes import read_index_root, verify_absent, verify_present
from shared.protocol.indexroots import IndexRoots
from shared.protocol.policies import check_quorum, format_policy, parse_policy, satisfied
from shared.protocol.timestamps import parse_stamp
from shared.protocol.tries import TrieProof
from shared.protocol.witnessing import Accepted, read_answer
from tests.plain_index import Index
from tests.unit.shared.protocol.worked_leaves import PLAIN


def _cosignatures(vector: Any) -> None:  # noqa: ANN401  JSON
    assert verify_cosignatures(vector["note"], vector["vkeys"]) == vector["times"]


def _submission(vector: Any) -> None:  # noqa: ANN401  JSON
    submission = witnessing.parse_submission(vector["body"].encode())
    last = vector["last"] and Checkpoint(
        origin=submission.origin,
        size=vector["last"]["size"],
        root=bytes.fromhex(vector["last"]["root"]),
    )
    judged = witnessing.judge(submission, vector["vkeys"], last)
    expected = vector["answer"]
    if isinstance(judged, Accepted):
        assert expected["status"] == 200
        assert judged.checkpoint.text() == submission.note.text
        return
    assert judged.status == expected["status"]
    if "body" in expected:
        assert (judged.body, judged.content_type) == (expected["body"], expected["type"])


def _answer(vector: Any) -> None:  # noqa: ANN401  JSON
    sent = witnessing.parse_submission(vector["sent"].encode())
    asked = {"sent": sent, "head": vector["head"], "vkeys": vector["vkeys"]}
    answer = read_answer(vector["status"], vector["body"].encode(), **asked)
    assert (answer.outcome.value, answer.size) == (vector["outcome"], vector["size"])


def _policy(vector: Any) -> None:  # noqa: ANN401  JSON
    policy = parse_policy(vector["policy"].encode())
    assert parse_policy(format_policy(policy)) == policy
    for each in vector["quorums"]:
        assert satisfied(policy, set(each["cosigned"])) is each["satisfied"]


def _quorum(vector: Any) -> None:  # noqa: ANN401  JSON
    policy = parse_policy(vector["policy"].encode())
    assert check_quorum(policy, vector["note"]) == vector["times"]


def _index(vector: Any) -> None:  # noqa: ANN401  JSON
    log = (replace(PLAIN, case_ref=case, peer=peer) for case, peer in vector["log"])
    assert Index.from_leaves(log).root().hex() == vector["root"]
    roots = IndexRoots()
    for case, peer in vector["log"]:
        roots.add(case, peer)
    assert roots.root(len(vector["log"])).hex() == vector["root"]


def _index_proof(vector: Any) -> None:  # noqa: ANN401  JSON
    root, key = bytes.fromhex(vector["root"]), bytes.fromhex(vector["key"])
    proof = TrieProof.from_json(vector["proof"])
    if vector["indices"] is None:
        verify_absent(root, key, proof)
    else:
        verify_present(root, key, vector["indices"], proof)


def _evidence(vector: Any) -> None:  # noqa: ANN401  JSON
    evidence = misbehaviour.parse_evidence(vector["evidence"].encode())
    misbehaviour.verify_evidence(evidence, pinned=vector["pinned"])


READERS: dict[str, Callable[[Any], object]] = {
    "cosignatures": _cosignatures,
    "submissions": _submission,
    "witness-answers": _answer,
    "policies": _policy,
    "quorums": _quorum,
    "index-roots": _index,
    "index-leaves": lambda vector: read_index_root(
        vector["index"], leaves.parse(unb64u(vector["leaf"]))
    ),
    "index-proofs": _index_proof,
    "misbehaviour": _evidence,
    "timestamps": lambda vector: parse_stamp(vector["record"].encode()),
}
