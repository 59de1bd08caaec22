"""The fast reader of leaves says what the strict one says, of every leaf and of what is none."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import leaves, scanning
from shared.protocol.canonical import Json, encode, read, unb64u
from shared.protocol.errors import FormatError, ProtocolError
from shared.protocol.leaves import About, PeerReceipt
from tests.unit.shared.protocol.worked_leaves import ABOUT, LEAF, PLAIN

VECTORS = sorted((Path(__file__).parents[3] / "vectors" / "leaves").glob("*.json"))
FULL, BARE = leaves.build(LEAF), leaves.build(PLAIN)


def check_same(body: bytes) -> None:
    try:
        leaf = leaves.parse(body)
    except FormatError:
        assert scanning._fast(body) is None
        with pytest.raises(ProtocolError):
            scanning.scan(body)
    else:
        assert scanning._fast(body) in {None, scanning._of(leaf)}
        assert scanning.scan(body) == scanning._of(leaf)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_every_vector_has_the_same_end(path: Path) -> None:
    vector = read(path.read_bytes())
    assert isinstance(vector, dict)
    check_same(unb64u(str(vector["leaf"])))


@pytest.mark.parametrize("body", [FULL, BARE])
def test_leaves_of_every_day_are_read_fast(body: bytes) -> None:
    assert scanning._fast(body) == scanning._of(leaves.parse(body))


@pytest.mark.parametrize("octet", list(b'019Zaf",:{} \\'))
@pytest.mark.parametrize("body", [FULL, BARE], ids=["full", "bare"])
def test_one_other_octet_anywhere(body: bytes, octet: int) -> None:
    for at in range(0, len(body), 6):
        check_same(body[:at] + bytes([octet]) + body[at + 1 :])
        check_same(body[: at + 1] + body[at + 2 :])


RARE: list[dict[str, Any]] = [
    {"log": 'a"b\\c'},
    {"count": 2**53 - 1},
    {"count": 10**14},
    {"commit": {"a": "0" * 64, "b": "1" * 64, "b_": "2" * 64}},
    {"commit": {f"name_{chr(97 + n // 26)}{chr(97 + n % 26)}": "0" * 64 for n in range(150)}},
    {"peer_receipt": PeerReceipt(origin="x", index=0, size=2**53 - 1, root=b"\xff" * 32)},
    {"about": About(channel="QN>QM", epoch=2**53 - 1, seq=0, hash="0" * 96)},
    {"about": None, "outcome": None, "entry_type": None},
    {"direction": None, "peer": "QM", "peer_seq": 3, "peer_prev": 9},
    {"direction": leaves.Direction.IN, "peer": "QM"},
]


@pytest.mark.parametrize("members", RARE, ids=range(len(RARE)))
def test_rare_leaves_are_read_all_the_same(members: dict[str, Any]) -> None:
    body = leaves.build(replace(LEAF, **members))
    assert scanning.scan(body) == scanning._of(leaves.parse(body))


WIRE: Any = read(FULL)
VALUES: list[Json] = [
    None, 0, 1, 7, -1, 2**53 - 1, True, "", "QM", "QN", "QN>QM", "QM>QN", "QM>QM", "out", "in",
    "a.b", "x" * 101, "0" * 32, "0" * 64, "0" * 96, "2026-02-30T00:00:00.000Z",
    "2028-02-29T23:59:59.999Z", "2026-01-01T24:00:00.000Z", "0000-01-01T00:00:00.000Z", {},
    {"b": "0" * 64, "a": "0" * 64}, {"channel": "QM>QM", "epoch": 0, "hash": "0" * 96, "seq": 0},
    {"index": 5, "origin": "x", "root": "A" * 43 + "=", "size": 5},
    {"index": 4, "origin": "x", "root": "A" * 42 + "B=", "size": 5}, ABOUT.channel,
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(WIRE)), st.sampled_from(VALUES), max_size=4))
def test_members_of_any_value(members: dict[str, Json]) -> None:
    check_same(encode({**WIRE, **members}))


@given(
    st.lists(st.sampled_from(["a", "b", "officer"]), max_size=3),
    st.dates().map(lambda day: f"{day.isoformat()}T00:00:00.000Z"),
)
def test_commitments_in_any_order_and_any_day(names: list[str], time: str) -> None:
    commit = ",".join(f'"{name}":"{"0" * 64}"' for name in names)
    told = BARE.replace(b'"commit":{}', b'"commit":{%s}' % commit.encode())
    check_same(told.replace(b"2026-10-01T08:30:00.250Z", time.encode()))


def test_a_leaf_that_is_too_large_is_refused() -> None:
    commit = {f"name_{chr(97 + n // 26)}{chr(97 + n % 26)}": "0" * 64 for n in range(26 * 8)}
    wire = {**WIRE, "commit": commit}
    assert len(encode(wire)) > leaves.MAX_LEAF
    with pytest.raises(FormatError):
        scanning.scan(encode(wire))
