import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.canonical import b64u, encode, parse, unb64u
from shared.protocol.digests import sha384
from shared.protocol.entries import (
    BODIES,
    ENTRY_TYP,
    MAX_ENTRY,
    Entry,
    EntryType,
    entry_hash,
    read_entry,
    sign_entry,
    verify_entry,
)
from shared.protocol.errors import (
    FormatError,
    NotCanonicalError,
    ProtocolError,
)
from shared.protocol.legalacts import QueryBody
from shared.protocol.messages import CheckpointBody, Head, RequestBody
from shared.protocol.signatures import protected_header
from tests.unit.shared.protocol.examples import (
    APPROVAL,
    HASH,
    REQUEST,
    byte_changes,
    entry,
    package_body,
    seal,
)

ENTRY = entry(EntryType.PACKAGE)


@functools.cache
def _jws() -> bytes:
    return sign_entry(ENTRY, seal())


def _resigned(payload: bytes, *, typ: str = ENTRY_TYP) -> bytes:
    """Sign any bytes as `sign_entry` would sign an entry."""
    rows = [
        {"protected": b64u(half.header(typ)), "signature": half.sign(typ, payload)}
        for half in (seal().es384, seal().mldsa87)
    ]
    return encode({"payload": b64u(payload), "signatures": rows})


def _payload(**changes: object) -> bytes:
    value: Any = parse(ENTRY.payload())
    return encode({**value, **changes})


def test_an_entry_is_verified_as_it_was_signed() -> None:
    assert verify_entry(_jws(), [seal(1).public(), seal().public()]) == ENTRY


def test_the_payload_has_the_members_of_the_specification() -> None:
    value: Any = parse(ENTRY.payload())

    assert list(value) == [
        "body", "channel", "epoch", "from", "iat", "peer", "prev", "request", "seq", "sigalgs",
        "to", "type", "v",
    ]  # fmt: skip
    assert (value["from"], value["to"], value["channel"]) == ("QM", "QN", "QM>QN")
    assert value["sigalgs"] == ["ES384", "ML-DSA-87"]


def test_the_hash_is_over_the_payload_and_not_over_the_signatures() -> None:
    again = sign_entry(ENTRY, seal(1))

    assert again != _jws()
    assert entry_hash(again) == entry_hash(_jws()) == entry_hash(ENTRY.payload())
    assert entry_hash(_jws()) == sha384(ENTRY.payload()).hex() == ENTRY.reference().hash


def test_reading_gives_what_is_needed_to_find_the_keys() -> None:
    unverified = read_entry(_jws())

    public = seal().public()
    assert unverified.kids == (public.es384.kid, public.mldsa87.kid)
    assert (unverified.payload, unverified.entry) == (ENTRY.payload(), ENTRY)


def test_an_approval_cannot_be_passed_off_as_an_entry() -> None:
    with pytest.raises(FormatError):
        verify_entry(_resigned(ENTRY.payload(), typ="rogatory-approval+jws"), [seal().public()])


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"type": "gift"},
        {"type": "open"},
        {"channel": "QN>QM"},
        {"from": "QO"},
        {"to": "QO"},
        {"to": "QM", "channel": "QM>QM"},
        {"epoch": -1},
        {"seq": "7"},
        {"prev": "0"},
        {"peer": {}},
        {"iat": -1},
        {"request": None},
        {"request": REQUEST[:-1] + "2"},
        {"body": {}},
        {"body": {**package_body().to_json(), "extra": 1}},
        {"sigalgs": ["ES384"]},
        {"sigalgs": ["ML-DSA-87", "ES384"]},
        {"sigalgs": ["ES384", "ML-DSA-87", "none"]},
        {"extra": None},
        {"sender": "QM"},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_a_signed_payload_with_a_flaw_is_refused_all_the_same(changes: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        verify_entry(_resigned(_payload(**changes)), [seal().public()])


def test_a_signed_payload_by_the_names_of_the_code_is_refused() -> None:
    value: Any = parse(ENTRY.payload())
    value["sender"] = value.pop("from")

    with pytest.raises(FormatError, match="written"):
        verify_entry(_resigned(encode(value)), [seal().public()])


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", _jws() + b"\n", b" " + _jws()])
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_entry(data)


def test_a_payload_that_is_not_canonical_is_refused() -> None:
    with pytest.raises(NotCanonicalError):
        read_entry(_resigned(ENTRY.payload() + b" "))


def test_any_changed_byte_is_refused() -> None:
    jws = _jws()

    for changed in byte_changes(jws, step=29):
        with pytest.raises(ProtocolError):
            verify_entry(changed, [seal().public()])


@given(st.integers(0, len(_jws()) - 1), st.integers(1, 255))
def test_any_byte_changed_in_any_way_is_refused(place: int, change: int) -> None:
    changed = bytearray(_jws())
    changed[place] ^= change

    with pytest.raises(ProtocolError):
        verify_entry(bytes(changed), [seal().public()])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(TEXT, st.integers(0, 2**40 - 1), st.none() | st.integers(0, 2**53 - 1))
def test_an_entry_is_read_as_it_was_written(text: str, iat: int, seq: int | None) -> None:
    peer = None if seq is None else Head(epoch=0, seq=seq, hash=HASH)
    written = Entry(
        type=EntryType.CHECKPOINT,
        channel="QM>QN",
        sender="QM",
        recipient="QN",
        epoch=0,
        seq=1,
        prev=HASH,
        peer=peer,
        iat=iat,
        request=None,
        body=CheckpointBody(own=text, peer=None).to_json(),
    )

    assert Entry.read(parse(written.payload())) == written


def test_an_entry_and_its_body_belong_to_one_request() -> None:
    query = entry(
        EntryType.QUERY,
        QueryBody(request_id=REQUEST, query_id=REQUEST, measures=("M01",), text="?"),
    )

    with pytest.raises(FormatError, match="one request"):
        Entry.read({**query.to_json(), "request": None})


def test_an_entry_has_a_largest_size() -> None:
    document: Any = {"facts": "x" * MAX_ENTRY}
    body = RequestBody(request_id=REQUEST, version=1, document=document, approvals=(APPROVAL,))

    with pytest.raises(FormatError, match="too large"):
        sign_entry(entry(EntryType.REQUEST, body), seal())


def test_every_type_of_entry_has_a_body() -> None:
    assert set(BODIES) == set(EntryType)


def test_the_header_of_a_signature_is_known_before_it_comes() -> None:
    value: Any = parse(_jws())

    kid = seal().public().es384.kid
    expected = protected_header("ES384", kid, "rogatory-entry+jws")
    assert unb64u(value["signatures"][0]["protected"]) == expected
