"""What vectors there are for leaves and what they commit to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.protocol import leaves
from shared.protocol.canonical import b64, b64u, encode, parse
from shared.protocol.commitments import Opening
from shared.protocol.leaves import Leaf
from tests.unit.shared.protocol.worked_leaves import ABOUT, ENTRY, LEAF, ORIGIN, PLAIN
from tests.vectors.material import Members, Vector, given


def rows_of(folder: str, rows: list[tuple[str, str, str, Callable[[], Members]]]) -> list[Vector]:
    return [
        Vector(f"{folder}/{name}", expect, comment, make) for name, expect, comment, make in rows
    ]


def _leaf(**members: Any) -> Callable[[], Members]:  # noqa: ANN401  JSON
    wire = parse(leaves.build(LEAF))
    assert isinstance(wire, dict)
    return given(leaf=b64u(encode({**wire, **members})))


def _without(name: str) -> Callable[[], Members]:
    wire = parse(leaves.build(LEAF))
    assert isinstance(wire, dict)
    del wire[name]
    return given(leaf=b64u(encode(wire)))


def leaf_formats() -> list[Vector]:
    commit = {f"f_{chr(97 + n // 26)}{chr(97 + n % 26)}": "00" * 32 for n in range(256)}
    spaced = leaves.build(LEAF).replace(b'"v":1', b'"v": 1')
    beyond = {"origin": "qn.example/log", "index": 5, "size": 5, "root": b64(bytes(32))}
    return rows_of(
        "leaves",
        [
            ("good", "ok", "every member has a value", _leaf()),
            ("plain", "ok", "absent is null",
             given(leaf=b64u(leaves.build(replace(PLAIN, nonce="00" * 16))))),
            ("not-canonical", "not_canonical", "a leaf has one spelling", given(leaf=b64u(spaced))),
            ("missing-member", "malformed", "every member is there", _without("size")),
            ("extra-member", "malformed", "and no other", _leaf(extra=None)),
            ("other-version", "malformed", "v is 1", _leaf(v=2)),
            ("true-as-version", "malformed", "true is not 1", _leaf(v=True)),
            ("no-milliseconds", "malformed", "a time has one spelling",
             _leaf(seq_time="2026-10-01T08:30:00Z")),
            ("no-such-day", "malformed", "a time exists",
             _leaf(event_time="2026-02-30T08:30:00.250Z")),
            ("upper-case-hash", "malformed", "hex is lower case", _leaf(entry_hash="AB" * 48)),
            ("sentence", "malformed", "a reason is a code: no names get into a leaf",
             _leaf(reason="Ms. Q. said so")),
            ("other-end", "malformed", "the channel leads to the peer", _leaf(peer="QX")),
            ("case-without-seq", "malformed", "an entry of a case is counted", _leaf(case_seq=None)),
            ("first-with-prev", "malformed", "nothing stands before the first",
             _leaf(peer_seq=0, peer_prev=0)),
            ("negative", "malformed", "counts begin at 0", _leaf(seq=-1)),
            ("beyond-size", "malformed", "an index lies in its tree", _leaf(peer_receipt=beyond)),
            ("too-large", "malformed", "a leaf has at most 16 KiB", _leaf(commit=commit)),
        ],
    )  # fmt: skip


FACTS = {
    "channel": ENTRY.channel,
    "epoch": ENTRY.epoch,
    "seq": ENTRY.seq,
    "entry_type": ENTRY.entry_type,
    "entry_hash": ENTRY.entry_hash,
    "about": {"channel": ABOUT.channel, "epoch": 0, "seq": ABOUT.seq, "hash": ABOUT.hash},
    "outcome": ENTRY.outcome,
}


def _intent(leaf: Leaf = LEAF, origin: str = ORIGIN) -> Callable[[], Members]:
    return given(leaf=b64u(leaves.build(leaf)), entry=FACTS, origin=origin)


def transfer_leaves() -> list[Vector]:
    received = replace(
        LEAF, type="transfer.received", channel="QN>QM", direction=leaves.Direction.IN
    )
    about = replace(ABOUT, seq=5)
    rows = [
        ("good", "ok", "the sender committed to this very entry", _intent()),
        ("other-log", "bad_log_proof", "the sender's own log", _intent(origin="qn.example/log")),
        ("received", "bad_log_proof", "an intent, not a receipt of one", _intent(received)),
    ]
    others = {
        "other-channel": replace(LEAF, channel="QM>QX", peer="QX"),
        "other-epoch": replace(LEAF, epoch=1),
        "other-seq": replace(LEAF, seq=4),
        "other-type": replace(LEAF, entry_type="package"),
        "other-hash": replace(LEAF, entry_hash="ac" * 48),
        "other-about": replace(LEAF, about=about),
        "other-outcome": replace(LEAF, outcome="ContentHandover"),
    }
    rows += [
        (name, "bad_log_proof", "the leaf is of another entry", _intent(leaf))
        for name, leaf in others.items()
    ]
    return rows_of("transfer-leaves", rows)


def _opened(
    name: str = "officer", value: str = "Q. Example", salt: int = 0
) -> Callable[[], Members]:
    commit = {"officer": Opening(name="officer", value="Q. Example", salt=bytes(32)).commitment()}
    opening = {"name": name, "value": value, "salt": b64u(bytes([salt] * 32))}
    return given(commit=commit, opening=opening)


def commitments() -> list[Vector]:
    return rows_of(
        "commitments",
        [
            ("good", "ok", "salt, name and value are bound", _opened()),
            ("other-value", "digest_mismatch", "another person", _opened(value="R. Example")),
            ("other-name", "digest_mismatch", "another field", _opened(name="client")),
            ("other-salt", "digest_mismatch", "another salt", _opened(salt=1)),
        ],
    )


def all_of_leaves() -> list[Vector]:
    return [*leaf_formats(), *transfer_leaves(), *commitments()]
