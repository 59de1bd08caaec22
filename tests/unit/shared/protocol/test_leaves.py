"""Leaves: every member, every grammar, and what a peer demands of one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import leaves
from shared.protocol.canonical import Json, encode, parse
from shared.protocol.errors import FormatError, LogProofError
from shared.protocol.leaves import Direction, Leaf
from tests.unit.shared.protocol.worked_leaves import ABOUT, ENTRY, ID, LEAF, ORIGIN, PLAIN, TIME


@pytest.mark.parametrize("leaf", [LEAF, PLAIN])
def test_what_is_built_is_read(leaf: Leaf) -> None:
    assert leaves.parse(leaves.build(leaf)) == leaf


def test_a_leaf_as_it_stands_for_ever() -> None:
    assert leaves.build(replace(PLAIN, nonce="00" * 16)) == (
        b'{"about":null,"case_prev":null,"case_ref":null,"case_seq":null,"channel":null,"commit":{},'
        b'"count":null,"direction":null,"entry_hash":null,"entry_type":null,"epoch":null,'
        b'"event_id":"01890a5d-ac96-774b-bcce-b302099a8057","event_time":"2026-10-01T08:30:00.250Z",'
        b'"log":"qm.example/log","nonce":"00000000000000000000000000000000","outcome":null,'
        b'"peer":null,"peer_prev":null,"peer_receipt":null,"peer_seq":null,"reason":null,"seq":null,'
        b'"seq_time":"2026-10-01T08:30:00.250Z","size":null,"transfer_id":null,"type":"log.opened",'
        b'"v":1}'
    )


def test_no_two_leaves_are_equal() -> None:
    again = Leaf(type="log.opened", log=ORIGIN, seq_time=TIME, event_id=ID, event_time=TIME)
    assert leaves.build(again) != leaves.build(PLAIN)


def _wire(leaf: Leaf = LEAF) -> dict[str, Json]:
    wire = parse(leaves.build(leaf))
    assert isinstance(wire, dict)
    return wire


@pytest.mark.parametrize("name", sorted(_wire()))
def test_every_member_is_there(name: str) -> None:
    wire = _wire()
    del wire[name]
    with pytest.raises(FormatError):
        leaves.parse(encode(wire))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2),
        ("v", True),
        ("v", "1"),
        ("extra", None),
        ("type", "transfer"),
        ("type", "Transfer.intent"),
        ("type", None),
        ("log", "a b"),
        ("seq_time", "2026-10-01T08:30:00Z"),
        ("seq_time", "2026-10-01T08:30:00.250+00:00"),
        ("seq_time", "2026-13-01T08:30:00.250Z"),
        ("event_id", "01890A5D-AC96-774B-BCCE-B302099A8057"),
        ("transfer_id", "x"),
        ("direction", "both"),
        ("direction", 1),
        ("peer", "qn"),
        ("channel", "QM>QM"),
        ("channel", "QM>QX"),
        ("epoch", -1),
        ("seq", True),
        ("entry_type", "a sentence"),
        ("entry_hash", "AB" * 48),
        ("entry_hash", "ab" * 32),
        ("about", {"channel": "QN>QM"}),
        ("about", {"channel": "QN>QM", "epoch": 0, "seq": 4, "hash": "x"}),
        ("outcome", "two words"),
        ("case_ref", "12" * 31),
        ("case_ref", None),
        ("case_prev", None),
        ("case_seq", 0),
        ("peer_seq", None),
        ("peer_prev", 0),
        ("size", 2**53),
        ("commit", []),
        ("commit", {"Officer": "34" * 32}),
        ("commit", {"officer": "34"}),
        ("peer_receipt", {"origin": "qn.example/log", "index": 4, "size": 5}),
        ("peer_receipt", {"origin": "q", "index": 5, "size": 5, "root": "A" * 43 + "="}),
        ("peer_receipt", {"origin": "q", "index": 4, "size": 5, "root": "AAAA"}),
        ("reason", "Because Ms. Q. said so"),
        ("count", "2"),
        ("nonce", "56"),
    ],
)
def test_a_member_outside_its_grammar(name: str, value: Json) -> None:
    wire = _wire()
    wire[name] = value
    with pytest.raises(FormatError):
        leaves.parse(encode(wire))


def test_what_reads_a_leaf_refuses_another_spelling() -> None:
    with pytest.raises(FormatError):
        leaves.parse(leaves.build(LEAF).replace(b'"v":1', b'"v": 1'))


def test_a_leaf_has_a_largest_size() -> None:
    commit = {f"f_{chr(97 + n // 26)}{chr(97 + n % 26)}": "00" * 32 for n in range(256)}
    with pytest.raises(FormatError):
        leaves.build(replace(LEAF, commit=commit))


def test_the_reader_of_a_channel_logs_the_other_end() -> None:
    received = replace(LEAF, type="transfer.received", direction=Direction.IN, channel="QN>QM")
    assert leaves.parse(leaves.build(received)) == received


def test_the_sender_committed_to_this_entry() -> None:
    leaves.check_transfer_leaf(LEAF, ENTRY, origin=ORIGIN)


@pytest.mark.parametrize(
    "other",
    [
        replace(LEAF, log="qn.example/log"),
        replace(LEAF, type="transfer.sent"),
        replace(LEAF, direction=Direction.IN, channel="QN>QM"),
        replace(LEAF, peer="QX", channel="QM>QX"),
        replace(LEAF, epoch=1),
        replace(LEAF, seq=4),
        replace(LEAF, entry_type="package"),
        replace(LEAF, entry_hash="ac" * 48),
        replace(LEAF, about=None),
        replace(LEAF, about=replace(ABOUT, seq=5)),
        replace(LEAF, outcome="ContentConsignmentFailure"),
    ],
)
def test_the_leaf_of_something_else(other: Leaf) -> None:
    with pytest.raises(LogProofError):
        leaves.check_transfer_leaf(other, ENTRY, origin=ORIGIN)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_written_and_read(moment: datetime) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert leaves.parse_time(leaves.format_time(moment)) == whole


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        leaves.parse(data)
