"""Evidence convicts a log that showed two histories, and no other."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import merkle
from shared.protocol.canonical import b64, encode, parse
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.errors import (
    FormatError,
    LogProofError,
    MissingSignatureError,
    SignatureError,
    TrustError,
)
from shared.protocol.misbehaviour import Evidence, accuse, parse_evidence, verify_evidence
from shared.protocol.notes import read_note
from tests.unit.shared.protocol.worked_log import KEY, ORIGIN, TIME

LARGEST = 20
VKEYS = KEY.vkeys()


def tree(*rewritten: int) -> list[bytes]:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(LARGEST)]
    for n in rewritten:
        leaves[n] = merkle.leaf_hash(b"another")
    return leaves


def note(leaves: list[bytes], size: int, key: LogKey = KEY) -> str:
    told = Checkpoint(origin=key.origin, size=size, root=merkle.root(leaves[:size]))
    return sign_checkpoint(told, key, TIME)


def path(leaves: list[bytes], old: int, new: int) -> list[bytes]:
    frontier = merkle.Frontier()
    nodes = {node: made for leaf in leaves[:new] for node, made in frontier.add(leaf)}
    return merkle.hash_ranges(merkle.path_ranges(old, new), nodes)


ONE, OTHER = tree(), tree(1)
SAME_SIZE = accuse(note(ONE, 5), note(OTHER, 5), vkeys=VKEYS)
REWRITTEN = accuse(note(ONE, 5), note(OTHER, 9), vkeys=VKEYS, path=path(OTHER, 5, 9))


def test_one_size_with_two_roots() -> None:
    proven = verify_evidence(parse_evidence(SAME_SIZE), pinned=VKEYS)
    assert (proven.smaller.size, proven.larger.size) == (5, 5)
    assert proven.smaller.root != proven.larger.root == proven.shown


def test_a_history_that_was_rewritten() -> None:
    proven = verify_evidence(parse_evidence(REWRITTEN), pinned=VKEYS)
    assert proven.smaller.root == merkle.root(ONE[:5])
    assert proven.shown == merkle.root(OTHER[:5])
    assert proven.larger.root == merkle.root(OTHER[:9])


def test_in_either_order() -> None:
    again = accuse(note(OTHER, 9), note(ONE, 5), vkeys=VKEYS, path=path(OTHER, 5, 9))
    assert parse_evidence(again).smaller.startswith(f"{ORIGIN}\n5\n")


def test_every_pair_of_sizes() -> None:
    notes = {size: note(ONE, size) for size in range(1, LARGEST)}
    rewritten = tree(0)
    for new in range(2, LARGEST + 1):
        larger = note(rewritten, new)
        for old in range(1, new):
            accuse(notes[old], larger, vkeys=VKEYS, path=path(rewritten, old, new))


def test_an_honest_log_is_never_convicted() -> None:
    for new in (2, 3, 7, 8, 9, LARGEST):
        for old in range(1, new):
            with pytest.raises(LogProofError):
                accuse(note(ONE, old), note(ONE, new), vkeys=VKEYS, path=path(ONE, old, new))
    with pytest.raises(LogProofError):
        accuse(note(ONE, 5), note(ONE, 5), vkeys=VKEYS)


@given(st.integers(1, LARGEST - 1), st.data())
def test_no_path_convicts_an_honest_log(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old + 1, LARGEST))
    right = path(ONE, old, new)
    at = data.draw(st.integers(0, len(right) - 1))
    flipped = (int.from_bytes(right[at]) ^ 1 << data.draw(st.integers(0, 255))).to_bytes(32)
    evidence = Evidence(vkeys=tuple(VKEYS), smaller=note(ONE, old), larger=note(ONE, new))
    for wrong in (
        [*right[:at], flipped, *right[at + 1 :]],
        right[:at],
        right[at + 1 :],
        [*right, right[at]],
        [*right[:at], right[at][:31], *right[at + 1 :]],
        path(OTHER, old, new),
    ):
        if wrong != right:
            with pytest.raises(LogProofError):
                verify_evidence(replace(evidence, path=tuple(wrong)), pinned=VKEYS)


def test_what_is_left_of_evidence_when_something_is_taken() -> None:
    evidence = parse_evidence(REWRITTEN)
    with pytest.raises(LogProofError):
        verify_evidence(replace(evidence, path=()), pinned=VKEYS)
    same = parse_evidence(SAME_SIZE)
    with pytest.raises(LogProofError):
        verify_evidence(replace(same, path=evidence.path), pinned=VKEYS)
    swapped = replace(evidence, smaller=evidence.larger, larger=evidence.smaller)
    with pytest.raises(LogProofError):
        verify_evidence(swapped, pinned=VKEYS)
    empty = replace(evidence, smaller=note(ONE, 0))
    with pytest.raises(LogProofError):
        verify_evidence(empty, pinned=VKEYS)


def test_the_keys_in_the_file_are_trusted_by_nobody() -> None:
    evidence = parse_evidence(SAME_SIZE)
    for pinned in ([], VKEYS[:1]):
        with pytest.raises(TrustError):
            verify_evidence(evidence, pinned=pinned)
    forged = LogKey(origin=ORIGIN, ed25519=bytes(32), mldsa44=bytes(32))
    made = accuse(note(ONE, 5, forged), note(OTHER, 5, forged), vkeys=forged.vkeys())
    with pytest.raises(TrustError):
        verify_evidence(parse_evidence(made), pinned=VKEYS)
    with pytest.raises(MissingSignatureError):
        verify_evidence(replace(parse_evidence(made), vkeys=tuple(VKEYS)), pinned=VKEYS)
    with pytest.raises(MissingSignatureError):
        verify_evidence(replace(evidence, vkeys=()), pinned=VKEYS)


def test_old_keys_convict_too() -> None:
    newer = LogKey(origin=ORIGIN, ed25519=bytes(32), mldsa44=bytes(32))
    keys = [*VKEYS, *newer.vkeys()]
    made = accuse(note(ONE, 5), note(OTHER, 5, newer), vkeys=keys)
    verify_evidence(
        parse_evidence(made), pinned=[*keys, *LogKey.generate("other.example/log").vkeys()[:1]]
    )


def test_two_logs_do_not_contradict_each_other() -> None:
    other = LogKey(origin="qn.example/log", ed25519=bytes(32), mldsa44=bytes(32))
    with pytest.raises(FormatError):
        accuse(note(ONE, 5), note(OTHER, 5, other), vkeys=[*VKEYS, *other.vkeys()])


def test_a_touched_checkpoint_convicts_nobody() -> None:
    evidence = parse_evidence(SAME_SIZE)
    touched = evidence.smaller.replace("\n5\n", "\n4\n")
    with pytest.raises(SignatureError):
        verify_evidence(replace(evidence, smaller=touched), pinned=VKEYS)


def test_a_cosigned_note_is_as_good() -> None:
    cosigned = note(ONE, 5) + "".join(each.line() for each in read_note(note(ONE, 5)).signatures)
    accuse(cosigned, note(OTHER, 5), vkeys=VKEYS)


def _members(**changes: object) -> bytes:
    value: Any = parse(REWRITTEN)
    return encode({**value, **changes})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        REWRITTEN + b"\n",
        _members(v=2),
        _members(type="rogatory-entry"),
        _members(more=1),
        _members(vkeys=""),
        _members(vkeys=[1]),
        _members(checkpoints=[]),
        _members(checkpoints=[note(ONE, 5)] * 3),
        _members(path=[b64(bytes(31))]),
        _members(path=["AA"]),
        _members(path=[b64(bytes(32))] * 65),
    ],
)
def test_what_is_no_evidence(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_evidence(data)
