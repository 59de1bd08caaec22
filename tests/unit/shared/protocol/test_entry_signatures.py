import functools
from collections.abc import Callable
from typing import Any

import pytest

from shared.protocol.canonical import b64u, encode, parse, unb64u
from shared.protocol.entries import EntryType, sign_entry, verify_entry
from shared.protocol.errors import (
    FormatError,
    MissingSignatureError,
    SignatureError,
    UnknownKeyError,
)
from shared.protocol.keys import SealPublic
from tests.unit.shared.protocol.examples import entry, seal

ENTRY = entry(EntryType.PACKAGE)


@functools.cache
def _jws() -> bytes:
    return sign_entry(ENTRY, seal())


def _changed(change: Callable[[Any], None]) -> bytes:
    value: Any = parse(_jws())
    change(value)
    return encode(value)


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
    "another payload, and no JSON": lambda value: value.update(payload=b64u(b"payload")),
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
