"""What vectors there are for the log: its checkpoints, proofs and leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shared.protocol import merkle
from shared.protocol.canonical import b64, b64u
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.logproofs import format_proof
from shared.protocol.notes import Note, NoteSignature, read_note
from tests.unit.shared.protocol.worked_log import HEAD, KEY, LEAVES, NOTE, TIME
from tests.vectors import leaf_catalogue
from tests.vectors.leaf_catalogue import rows_of
from tests.vectors.material import Members, Vector, given

Text = Callable[[str], str]


def _note(*signatures: NoteSignature) -> Callable[[], Members]:
    note = Note(text=HEAD.text(), signatures=signatures).encode()
    return given(note=note, vkeys=KEY.vkeys())


def _changed(change: Text) -> Callable[[], Members]:
    return lambda: {"note": change(NOTE), "vkeys": KEY.vkeys()}


def _flipped(signature: NoteSignature, place: int) -> NoteSignature:
    blob = bytearray(signature.blob)
    blob[place] ^= 1
    return NoteSignature(name=signature.name, key_id=signature.key_id, blob=bytes(blob))


def signatures() -> list[Vector]:
    ed25519, mldsa44 = read_note(NOTE).signatures
    stranger = LogKey(origin=HEAD.origin, ed25519=bytes(32), mldsa44=bytes(32))
    other = read_note(sign_checkpoint(HEAD, stranger, TIME)).signatures
    return rows_of(
        "checkpoints",
        [
            ("good", "ok", "both signatures, by the pinned keys", _changed(str)),
            ("stranger-beside", "ok", "unknown keys are ignored", _note(ed25519, mldsa44, *other)),
            ("stripped-ed25519", "missing_signature", "both are demanded", _note(mldsa44)),
            ("stripped-ml-dsa-44", "missing_signature", "both are demanded", _note(ed25519)),
            ("stranger-alone", "missing_signature", "a key is known by its id", _note(*other)),
            ("flipped-ed25519", "bad_signature", "one bit",
             _note(_flipped(ed25519, 9), mldsa44)),
            ("flipped-ml-dsa-44", "bad_signature", "one bit",
             _note(ed25519, _flipped(mldsa44, 99))),
            ("other-time", "bad_signature", "the cosignature binds its time",
             _note(ed25519, _flipped(mldsa44, 7))),
            ("good-and-bad", "bad_signature", "every line of a pinned key must hold",
             _note(ed25519, _flipped(ed25519, 9), mldsa44)),
        ],
    )  # fmt: skip


def checkpoints() -> list[Vector]:
    elsewhere = LogKey(origin="qn.example/log", ed25519=bytes(32), mldsa44=bytes(32))
    root = b64(HEAD.root)
    return rows_of(
        "checkpoints",
        [
            ("other-size", "bad_signature", "the size is signed",
             _changed(lambda note: note.replace("\n3\n", "\n4\n"))),
            ("other-root", "bad_signature", "the root is signed",
             _changed(lambda note: note.replace(root, b64(bytes(32))))),
            ("other-log", "malformed", "the origin is the name of the keys",
             lambda: {"note": NOTE, "vkeys": elsewhere.vkeys()}),
            ("extension-line", "malformed", "a checkpoint has three lines",
             _changed(lambda note: note.replace(f"{root}\n", f"{root}\nmore\n"))),
            ("leading-zero", "malformed", "a size has one spelling",
             _changed(lambda note: note.replace("\n3\n", "\n03\n"))),
            ("short-root", "malformed", "a root is 32 bytes",
             _changed(lambda note: note.replace(root, b64(bytes(31))))),
            ("empty-root", "malformed", "only the empty log has the root of nothing",
             _changed(lambda note: note.replace(root, b64(merkle.EMPTY_ROOT)))),
            ("no-signatures", "malformed", "a note ends in signature lines",
             _changed(lambda note: note.partition("\n\n")[0] + "\n")),
            ("carriage-return", "malformed", "a note has no control characters",
             _changed(lambda note: note.replace("\n", "\r\n"))),
            ("hyphen", "malformed", "a signature line begins with an em dash",
             _changed(lambda note: note.replace("\N{EM DASH}", "-"))),
            ("trailing-bits", "not_canonical", "base64 has one spelling",
             _changed(lambda note: note.replace(root, root[:-2] + "l="))),
        ],
    )  # fmt: skip


PATH = [LEAVES[0], LEAVES[2]]


def _proof(
    leaf: bytes = b"two", *, index: int = 1, path: list[bytes] = PATH
) -> Callable[[], Members]:
    proof = format_proof(index, path, NOTE)
    return given(proof=proof, leaf=b64u(leaf), vkeys=KEY.vkeys())


def _proof_changed(change: Text) -> Callable[[], Members]:
    return lambda: {**_proof()(), "proof": change(format_proof(1, PATH, NOTE))}


def log_proofs() -> list[Vector]:
    return rows_of(
        "log-proofs",
        [
            ("good", "ok", "the second of three leaves", _proof()),
            ("other-leaf", "bad_log_proof", "the path is the leaf's own", _proof(b"too")),
            ("other-index", "bad_log_proof", "the index is proven too", _proof(index=0)),
            ("outside", "bad_log_proof", "the index lies in the tree", _proof(index=3)),
            ("flipped-hash", "bad_log_proof", "one hash is another",
             _proof(path=[LEAVES[1], LEAVES[2]])),
            ("short-path", "bad_log_proof", "a step is missing", _proof(path=PATH[:1])),
            ("long-path", "bad_log_proof", "a step too many", _proof(path=[*PATH, LEAVES[0]])),
            ("other-size", "bad_signature", "the checkpoint is signed",
             _proof_changed(lambda proof: proof.replace("\n3\n", "\n2\n"))),
            ("other-version", "malformed", "the first line says which format it is",
             _proof_changed(lambda proof: proof.replace("@v1", "@v2"))),
            ("extra-line", "malformed", "nothing stands in a proof that is not proven",
             _proof_changed(lambda proof: proof.replace("index", "extra AAAA\nindex", 1))),
            ("leading-zero", "malformed", "an index has one spelling",
             _proof_changed(lambda proof: proof.replace("index 1", "index 01"))),
            ("no-index", "malformed", "the index comes first",
             _proof_changed(lambda proof: proof.replace("index 1\n", ""))),
            ("short-hash", "malformed", "a hash is 32 bytes", _proof(path=[bytes(31)])),
        ],
    )  # fmt: skip


def _head(size: int) -> Checkpoint:
    return replace(HEAD, size=size, root=merkle.root(LEAVES[:size]))


def _steps(old: int, new: int) -> list[bytes]:
    frontier = merkle.Frontier()
    nodes = {node: made for leaf in LEAVES[:new] for node, made in frontier.add(leaf)}
    return merkle.hash_ranges(merkle.consistency_ranges(old, new), nodes)


def _members(head: Checkpoint) -> Members:
    return {"origin": head.origin, "size": head.size, "root": b64(head.root)}


def _grown(old: Checkpoint, new: Checkpoint, proof: list[bytes]) -> Callable[[], Members]:
    hashes = [b64(each) for each in proof]
    return given(old=_members(old), new=_members(new), proof=hashes)


def extensions() -> list[Vector]:
    two, three = _head(2), _head(3)
    return rows_of(
        "extensions",
        [
            ("good", "ok", "two entries became three", _grown(two, three, _steps(2, 3))),
            ("same", "ok", "nothing new, nothing to prove", _grown(three, three, [])),
            ("first-contact", "ok", "any log extends the empty one", _grown(_head(0), three, [])),
            ("went-back", "inconsistent_log", "a log never shrinks", _grown(three, two, [])),
            ("other-root", "inconsistent_log", "one size has one root",
             _grown(three, replace(three, root=bytes(32)), [])),
            ("other-log", "inconsistent_log", "another log extends nothing of this one",
             _grown(replace(two, origin="qn.example/log"), three, _steps(2, 3))),
            ("rewritten", "inconsistent_log", "an old entry is another",
             _grown(replace(two, root=bytes(32)), three, _steps(2, 3))),
            ("no-proof", "inconsistent_log", "growth is shown", _grown(two, three, [])),
            ("needless-proof", "inconsistent_log", "the empty log needs no proof",
             _grown(_head(0), three, _steps(2, 3))),
        ],
    )  # fmt: skip


def tile_paths() -> list[Vector]:
    rows = [
        ("good", "ok", "groups of three digits", "0/x001/x234/067"),
        ("partial", "ok", "the width of a partial tile", "1/000.p/255"),
        ("bundle", "ok", "entries have no level", "entries/000.p/1"),
        ("leading-group", "malformed", "a number has one spelling", "0/x000/000"),
        ("width-zero", "malformed", "an empty tile is never served", "0/000.p/0"),
        ("width-full", "malformed", "a full tile is not partial", "0/000.p/256"),
        ("leading-zero", "malformed", "a level has one spelling", "00/000"),
        ("level-64", "malformed", "levels end at 63", "64/000"),
        ("dots", "malformed", "a path is not a way", "0/../000"),
    ]
    return rows_of("tile-paths", [(n, e, c, given(path=path)) for n, e, c, path in rows])


def all_of_the_log() -> list[Vector]:
    made = [signatures(), checkpoints(), log_proofs(), extensions(), tile_paths()]
    return [*(vector for each in made for vector in each), *leaf_catalogue.all_of_leaves()]
