import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.canonical import Json, encode
from shared.protocol.errors import FormatError
from shared.protocol.messages import (
    Envelope,
    Head,
    KeyRotationBody,
    PackageBody,
    ReceiptBody,
    ReceiptKind,
)
from tests.unit.shared.protocol.examples import (
    ABOUT,
    HASH,
    HEAD,
    IAT,
    entry,
    package_body,
    receipt,
)

ENVELOPE = Envelope(entry="{}", leaf="AA", proof="…", old_size=3, consistency=("AA==",))


def test_a_body_is_read_as_it_was_written() -> None:
    body = package_body()

    assert PackageBody.read(body.to_json()) == body


def test_an_envelope_is_read_as_it_was_written() -> None:
    assert Envelope.from_bytes(ENVELOPE.to_bytes()) == ENVELOPE


@given(st.integers(0, len(ENVELOPE.to_bytes()) - 1), st.integers(1, 255))
def test_a_changed_envelope_is_another_or_refused(place: int, change: int) -> None:
    changed = bytearray(ENVELOPE.to_bytes())
    changed[place] ^= change

    try:
        found = Envelope.from_bytes(bytes(changed))
    except FormatError:
        return
    assert found != ENVELOPE


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"size": "10"},
        {"size": -1},
        {"size": True},
        {"size": 2**53 - 1 + 1},
        {"segment_size": 2**20 - 1},
        {"segment_size": 2**28 + 1},
        {"suite": "rogatory-2"},
        {"index_sha384": HASH.upper()},
        {"index_sha384": HASH + "\n"},
        {"package_id": "00000000-0000-0000-0000-000000000000"},
        {"keys": []},
        {"measures": "m1"},
        {"measures": ["m 1"]},
        {"expires": 1.0},
        {"approvals": [{"act": "x"}]},
        {"request_entry": None},
    ],
    ids=str,
)
def test_a_body_with_a_flaw_is_refused(change: dict[str, Json]) -> None:
    with pytest.raises(FormatError):
        PackageBody.read({**package_body().to_json(), **change})


def test_a_body_without_a_member_is_refused_and_the_member_named() -> None:
    value = package_body().to_json()
    del value["tagmanifest_sha256"]

    with pytest.raises(FormatError, match=r"tagmanifest_sha256: missing") as refusal:
        PackageBody.read(value)

    assert refusal.value.facts == {"member": "tagmanifest_sha256"}


def test_a_refusal_names_the_member_and_not_its_value() -> None:
    with pytest.raises(FormatError) as refusal:
        PackageBody.read({**package_body().to_json(), "measures": ["Jane Doe"]})

    assert "Jane" not in str(refusal.value) + str(refusal.value.facts)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_what_is_no_object_is_no_body() -> None:
    with pytest.raises(FormatError, match="value"):
        Head.read([])


def test_a_body_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        HEAD.epoch = 9


def test_the_kind_of_a_receipt_is_one_of_seven() -> None:
    value = receipt(entry(), ReceiptKind.RELAY_ACCEPTANCE)
    assert ReceiptBody.read(value).kind is ReceiptKind.RELAY_ACCEPTANCE

    with pytest.raises(FormatError):
        ReceiptBody.read({**value, "kind": "Relay"})


def test_new_keys_are_named_by_their_ids() -> None:
    body = KeyRotationBody(purpose="kem", kids=("new",), effective=IAT)

    assert encode(body.to_json()) == b'{"effective":%d,"kids":["new"],"purpose":"kem"}' % IAT


def test_an_entry_is_named_by_place_and_hash() -> None:
    assert ABOUT.to_json() == {"channel": "QM>QN", "epoch": 0, "seq": 7, "hash": HASH}
