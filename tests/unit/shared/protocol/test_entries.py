import functools
from collections.abc import Callable
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
    MissingSignatureError,
    NotCanonicalError,
    ProtocolError,
    SignatureError,
    UnknownKeyError,
)
from shared.protocol.keys import SealPublic
from shared.protocol.messages import CheckpointBody, Head, QueryBody, RequestBody
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


def _changed(change: Callable[[Any], None]) -> bytes:
    value: Any = parse(_jws())
    change(value)
    return encode(value)


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


def _strip(place: int) -> Callable[[Any], None]:
    return lambda value: value["signatures"].pop(place)


def _double(place: int) -> Callable[[Any], None]:
    return lambda value: value["signatures"].__setitem__(
        1 - place, value["signatures"][place].copy()
    )


def _third(value: Any) -> None:  # noqa: ANN401
    value["signatures"].append(value["signatures"][0])


def _exchange(value: Any) -> None:  # noqa: ANN401
    one, other = value["signatures"]
    one["signature"], other["signature"] = other["signature"], one["signature"]


def _reorder(value: Any) -> None:  # noqa: ANN401
    value["signatures"].reverse()


def _set(place: int, **members: object) -> Callable[[Any], None]:
    return lambda value: value["signatures"][place].update(members)


def _header(place: int, **members: object) -> Callable[[Any], None]:
    def change(value: Any) -> None:  # noqa: ANN401
        row = value["signatures"][place]
        header: Any = parse(unb64u(row["protected"]))
        row["protected"] = b64u(encode({**header, **members}))

    return change


MISSING = {
    "the ES384 signature stripped": _strip(0),
    "the ML-DSA-87 signature stripped": _strip(1),
    "both stripped": lambda value: value.update(signatures=[]),
    "the ES384 signature doubled": _double(0),
    "the ML-DSA-87 signature doubled": _double(1),
    "a third signature": _third,
    "the signatures in another order": _reorder,
    "signatures that are no list": lambda value: value.update(signatures={}),
    "none in place of ES384": _header(0, alg="none"),
    "HS256 in place of ES384": _header(0, alg="HS256"),
    "ES256 in place of ES384": _header(0, alg="ES256"),
    "ML-DSA-65 in place of ML-DSA-87": _header(1, alg="ML-DSA-65"),
    "ML-DSA-87 named for the ES384 signature": _header(0, alg="ML-DSA-87"),
}
BAD = {
    "the two signatures exchanged": _exchange,
    "garbage for ES384": _set(0, signature=b64u(bytes(96))),
    "garbage for ML-DSA-87": _set(1, signature=b64u(bytes(4627))),
    "an empty ES384 signature": _set(0, signature=""),
    "an empty ML-DSA-87 signature": _set(1, signature=""),
    "ES384 in DER": _set(0, signature=b64u(b"\x30" + bytes(103))),
}
MALFORMED = {
    "an unprotected header": _set(0, header={"alg": "ES384"}),
    "an empty unprotected header": _set(1, header={}),
    "crit": _header(0, crit=["exp"]),
    "crit that names nothing": _header(0, crit=[]),
    "b64 false": _header(0, b64=False, crit=["b64"]),
    "a key in the header": _header(1, jwk={}),
    "an algorithm that is no text": _header(0, alg=["ES384"]),
    "a key id that is no text": _header(0, kid=None),
    "the type of an approval": _header(0, typ="rogatory-approval+jws"),
    "no type": lambda value: value["signatures"][0].update(protected=b64u(b'{"alg":"ES384"}')),
    "a header that is no object": _set(0, protected=b64u(b"[]")),
    "a header that is not canonical": _set(0, protected=b64u(b'{ "alg":"ES384"}')),
    "a header that is no text": _set(0, protected=5),
    "padding": _set(0, signature=b64u(bytes(96)) + "="),
    "a signature that is no text": _set(0, signature=None),
    "a signature that is no object": lambda value: value["signatures"].__setitem__(0, "x"),
    "an extra member": lambda value: value.update(extra=1),
    "a header beside the payload": lambda value: value.update(header={}),
    "flattened": lambda value: value.update(value.pop("signatures")[0]),
    "no payload": lambda value: value.pop("payload"),
    "a payload that is no text": lambda value: value.update(payload=None),
    "a payload that is no JSON": lambda value: value.update(payload=b64u(b"payload")),
}


@pytest.mark.parametrize("flaw", MISSING)
def test_an_entry_has_one_signature_of_each_algorithm(flaw: str) -> None:
    with pytest.raises(MissingSignatureError):
        verify_entry(_changed(MISSING[flaw]), [seal().public()])


@pytest.mark.parametrize("flaw", BAD)
def test_both_signatures_must_hold(flaw: str) -> None:
    with pytest.raises(SignatureError) as refusal:
        verify_entry(_changed(BAD[flaw]), [seal().public()])

    assert refusal.value.code == "bad_signature"


@pytest.mark.parametrize("flaw", MALFORMED)
def test_an_entry_has_no_other_shape(flaw: str) -> None:
    with pytest.raises(FormatError):
        verify_entry(_changed(MALFORMED[flaw]), [seal().public()])


@pytest.mark.parametrize("half", [0, 1])
def test_one_good_signature_does_not_carry_one_by_another_seal(half: int) -> None:
    other: Any = parse(sign_entry(ENTRY, seal(1)))
    mixed = _changed(_set(half, **other["signatures"][half]))

    with pytest.raises(UnknownKeyError) as refusal:
        verify_entry(mixed, [seal().public(), seal(1).public()])

    assert refusal.value.code == "unknown_key"


@pytest.mark.parametrize("half", [0, 1])
def test_a_signature_by_another_key_under_a_known_key_id_does_not_hold(half: int) -> None:
    other: Any = parse(sign_entry(ENTRY, seal(1)))

    with pytest.raises(SignatureError):
        verify_entry(
            _changed(_set(half, signature=other["signatures"][half]["signature"])),
            [seal().public()],
        )


@pytest.mark.parametrize("keys", [[], [seal(1).public()]], ids=["none", "another"])
def test_without_the_seal_of_the_directory_nothing_is_verified(keys: list[SealPublic]) -> None:
    with pytest.raises(UnknownKeyError):
        verify_entry(_jws(), keys)


def test_a_signature_over_another_payload_does_not_hold() -> None:
    other: Any = parse(sign_entry(entry(), seal()))

    with pytest.raises(SignatureError):
        verify_entry(_changed(lambda v: v.update(payload=other["payload"])), [seal().public()])


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
    query = entry(EntryType.QUERY, QueryBody(request_id=REQUEST, query_id=REQUEST, text="?"))

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
