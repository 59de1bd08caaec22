"""What vectors there are for the index, for evidence of misbehaviour and for time stamps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from shared.protocol import merkle, tries
from shared.protocol.canonical import b64, b64u, encode, parse
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.digests import sha256
from shared.protocol.indexes import INDEX_ROOT, INDEX_ROOT_FIELD, case_key, peer_key
from shared.protocol.leaves import build
from shared.protocol.misbehaviour import accuse
from shared.protocol.timestamps import Stamp, format_stamp
from shared.protocol.tries import TrieProof
from tests.plain_index import Index
from tests.unit.shared.protocol.worked_leaves import PLAIN
from tests.unit.shared.protocol.worked_log import KEY, NOTE, TIME
from tests.vectors.leaf_catalogue import rows_of
from tests.vectors.material import Members, Vector, given

Make = Callable[[], Members]
Facts = list[tuple[str | None, str | None]]
CASES = [f"{n:02x}" * 32 for n in range(9)]
LOG: Facts = [(None, None), *((CASES[n % 7], ("QN", "QX")[n % 2]) for n in range(20))]


def index_of(log: Facts) -> Index:
    return Index.from_leaves(replace(PLAIN, case_ref=case, peer=peer) for case, peer in log)


def index_roots() -> list[Vector]:
    logs: list[tuple[str, str, Facts]] = [
        ("empty", "a log of nothing", []),
        ("no-keys", "a leaf without case and peer stands nowhere", [(None, None)]),
        ("one-key", "the root is a leaf", [(None, "QN"), (None, "QN")]),
        ("case-and-peer", "two keys, the first bit they differ in", [(CASES[1], "QN")]),
        ("good", "a log of some cases with two peers", LOG),
    ]
    return rows_of(
        "index-roots",
        [
            (name, "ok", comment, given(log=log, root=index_of(log).root().hex()))
            for name, comment, log in logs
        ],
    )


def index_leaves() -> list[Vector]:
    said = replace(PLAIN, type=INDEX_ROOT, count=7, commit={INDEX_ROOT_FIELD: "ab" * 32})

    def leaf(**changes: Any) -> Make:  # noqa: ANN401  JSON
        return given(index=7, leaf=b64u(build(replace(said, **changes))))

    return rows_of(
        "index-leaves",
        [
            ("good", "ok", "an index covers the leaves in front of its own", leaf()),
            ("behind", "malformed", "it cannot know its own leaf", leaf(count=8)),
            ("no-root", "malformed", "the root stands under one name", leaf(commit={"root": "ab" * 32})),
            ("no-count", "malformed", "a root is of so many leaves", leaf(count=None)),
            ("other-type", "malformed", "only one type of leaf says it", leaf(type="audit.queried")),
        ],
    )  # fmt: skip


INDEX = index_of(LOG)
KEY_OF_CASE = case_key(CASES[2])
INDICES = [3, 10, 17]
PROOF = INDEX.prove(KEY_OF_CASE)


def _absent(kind: int) -> bytes:
    """A case that is not there; the way to it ends at a leaf (1) or at a branch (2)."""
    keys = (case_key(f"{n:064x}") for n in range(1, 99))
    return next(key for key in keys if INDEX.prove(key).end[0] == kind)


def _proven(
    indices: Sequence[int] | None,
    proof: TrieProof,
    key: bytes = KEY_OF_CASE,
    root: bytes = INDEX.root(),
) -> Make:
    told = None if indices is None else list(indices)
    return given(root=root.hex(), key=key.hex(), indices=told, proof=proof.to_json())


def _flipped(octets: bytes, bit: int) -> bytes:
    return (int.from_bytes(octets) ^ 1 << bit).to_bytes(len(octets))


def index_proofs() -> list[Vector]:
    (_, other), *rest = PROOF.steps
    deep = replace(PROOF, steps=((256, other), *rest))
    return rows_of(
        "index-proofs",
        [
            *((name, "ok", comment, make) for name, comment, make in _proofs_that_hold()),
            *((name, "bad_log_proof", comment, make) for name, comment, make in _other_claims()),
            *((name, "bad_log_proof", comment, make) for name, comment, make in _other_hashes()),
            ("deep", "malformed", "a key has 256 bits", _proven(INDICES, deep)),
        ],
    )


LEAF, BRANCH = _absent(1), _absent(2)
NOTHING = TrieProof(end=b"", steps=())


def _proofs_that_hold() -> list[tuple[str, str, Make]]:
    return [
        ("good", "all leaves of a case", _proven(INDICES, PROOF)),
        ("peer", "all leaves with a peer",
         _proven(range(2, 21, 2), INDEX.prove(peer_key("QX")), peer_key("QX"))),
        ("absent-leaf", "another key stands at the end", _proven(None, INDEX.prove(LEAF), LEAF)),
        ("absent-branch", "the keys at the end share other bits",
         _proven(None, INDEX.prove(BRANCH), BRANCH)),
        ("absent-empty", "there are no keys", _proven(None, NOTHING, root=tries.EMPTY)),
    ]  # fmt: skip


def _other_claims() -> list[tuple[str, str, Make]]:
    return [
        ("left-out", "one leaf of the case is missing", _proven(INDICES[:-1], PROOF)),
        ("put-in", "one leaf is another's", _proven([3, 4, 10, 17], PROOF)),
        ("unsorted", "indices ascend", _proven([3, 17, 10], PROOF)),
        ("denied", "what is there is not absent", _proven(None, PROOF)),
        ("asserted", "what is absent is not there", _proven(INDICES, INDEX.prove(LEAF), LEAF)),
        ("other-key", "the proof is another key's", _proven(None, PROOF, case_key(CASES[3]))),
        ("other-root", "the proof is under another root", _proven(INDICES, PROOF, root=bytes(32))),
        ("nothing", "an empty proof of a map that is not", _proven(None, NOTHING)),
    ]


def _other_hashes() -> list[tuple[str, str, Make]]:
    (depth, other), *rest = PROOF.steps
    elsewhere = (depth ^ 1, other), *rest
    touched = (depth, _flipped(other, 0)), *rest
    # The root's own record, shown as the end of the way.
    cut = TrieProof(end=INDEX.records[INDEX.root()], steps=())
    return [
        ("flipped-end", "one bit of the value",
         _proven(INDICES, replace(PROOF, end=_flipped(PROOF.end, 0)))),
        ("flipped-step", "one bit of a hash", _proven(INDICES, replace(PROOF, steps=touched))),
        ("other-depth", "the depth is hashed", _proven(INDICES, replace(PROOF, steps=elsewhere))),
        ("missing-step", "one step less", _proven(INDICES, replace(PROOF, steps=tuple(rest)))),
        ("cut-off", "a branch on the way is not its end", _proven(None, cut)),
    ]  # fmt: skip


def _tree(*rewritten: int) -> list[bytes]:
    return [merkle.leaf_hash(b"another" if n in rewritten else bytes([n])) for n in range(9)]


def _note(leaves: list[bytes], size: int, key: LogKey = KEY) -> str:
    told = Checkpoint(origin=key.origin, size=size, root=merkle.root(leaves[:size]))
    return sign_checkpoint(told, key, TIME)


def _path(leaves: list[bytes], old: int, new: int) -> list[bytes]:
    frontier = merkle.Frontier()
    nodes = {node: made for leaf in leaves[:new] for node, made in frontier.add(leaf)}
    return merkle.hash_ranges(merkle.path_ranges(old, new), nodes)


ONE, OTHER = _tree(), _tree(1)
SMALL, LARGE = _note(ONE, 5), _note(OTHER, 9)
PATH = _path(OTHER, 5, 9)
VKEYS = KEY.vkeys()
FOREIGN = LogKey(origin="qn.example/log", ed25519=bytes(32), mldsa44=bytes(32))
GROWN: Any = parse(accuse(SMALL, LARGE, vkeys=VKEYS, path=PATH))


def _evidence(**members: object) -> Make:
    return given(evidence=encode({**GROWN, **members}).decode(), pinned=VKEYS)


def misbehaviours() -> list[Vector]:
    other = _note(OTHER, 5)
    power = [_note(ONE, 4), LARGE]
    steps = [b64(each) for each in _path(OTHER, 4, 9)]
    foreign = {**_evidence()(), "pinned": FOREIGN.vkeys()}
    good = [
        ("same-size", "one size, two roots", _evidence(checkpoints=[SMALL, other], path=[])),
        ("rewritten", "the larger does not begin with the smaller", _evidence()),
        ("power-of-two", "the smaller tree is one node of the larger",
         _evidence(checkpoints=power, path=steps)),
    ]  # fmt: skip
    bad = [
        ("strange-keys", "untrusted", "the file's own keys are nobody's", given(**foreign)),
        ("touched", "bad_signature", "the log signed both",
         _evidence(checkpoints=[SMALL.replace("\n5\n", "\n4\n"), LARGE])),
        ("unsigned", "missing_signature", "by each of its algorithms",
         _evidence(checkpoints=[SMALL, LARGE[: LARGE.rindex("\N{EM DASH}")]])),
        ("half-signed", "missing_signature", "the file names keys for each of its algorithms",
         _evidence(vkeys=VKEYS[:1])),
        ("two-logs", "malformed", "both are of one log",
         _evidence(checkpoints=[SMALL, _note(OTHER, 9, FOREIGN)])),
        ("three", "malformed", "two checkpoints", _evidence(checkpoints=[SMALL, LARGE, LARGE])),
        ("other-version", "malformed", "v is 1", _evidence(v=2)),
    ]  # fmt: skip
    rows = [(name, "ok", comment, make) for name, comment, make in good]
    rows += [(name, "bad_log_proof", comment, make) for name, comment, make in _no_contradiction()]
    return rows_of("misbehaviour", rows + bad)


def _no_contradiction() -> list[tuple[str, str, Make]]:
    true, path = [b64(each) for each in _path(ONE, 5, 9)], GROWN["path"]
    return [
        ("honest", "the larger begins with the smaller",
         _evidence(checkpoints=[SMALL, _note(ONE, 9)], path=true)),
        ("same", "one checkpoint twice", _evidence(checkpoints=[SMALL, SMALL], path=[])),
        ("other-path", "the path is of another tree", _evidence(path=true)),
        ("short-path", "a step is missing", _evidence(path=path[1:])),
        ("no-path", "nothing is shown", _evidence(path=[])),
        ("swapped", "the smaller comes first", _evidence(checkpoints=[LARGE, SMALL])),
    ]  # fmt: skip


def timestamps() -> list[Vector]:
    record = format_stamp(
        Stamp(authority="tsa.example", note=NOTE, token=b"..." + sha256(NOTE.encode()))
    )
    value: Any = parse(record)

    def changed(**members: object) -> Make:
        return given(record=encode({**value, **members}).decode())

    return rows_of(
        "timestamps",
        [
            ("good", "ok", "a token that holds the note's digest", changed()),
            ("other-note", "digest_mismatch", "the token is of another note",
             changed(token=b64u(sha256(b"another")))),
            ("text-only", "digest_mismatch", "the signatures are stamped, too",
             changed(token=b64u(sha256(NOTE.partition("\n\n")[0].encode() + b"\n")))),
            ("no-note", "malformed", "a checkpoint is stamped", changed(note="checkpoint\n")),
            ("no-authority", "malformed", "somebody stamped it", changed(authority="")),
            ("other-version", "malformed", "v is 1", changed(v=2)),
        ],
    )  # fmt: skip


def all_of_indexes() -> list[Vector]:
    return [*index_roots(), *index_leaves(), *index_proofs(), *misbehaviours(), *timestamps()]
