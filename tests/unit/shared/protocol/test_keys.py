import pytest

from shared.protocol.canonical import Json, b64u, encode, parse, unb64u
from shared.protocol.errors import FormatError
from shared.protocol.keys import (
    KEM_SUITE,
    KemKey,
    KemPublic,
    OfficerKey,
    OfficerPublic,
    SealKey,
    SealPublic,
)
from tests.unit.shared.protocol.examples import seal

OFFICER = OfficerKey.generate()
KEM = KemKey.generate()


def _without(value: Json, name: str) -> Json:
    assert isinstance(value, dict)
    return {key: part for key, part in value.items() if key != name}


def _with(data: bytes, **changes: Json) -> bytes:
    value = parse(data)
    assert isinstance(value, dict)
    return encode({**value, **changes})


def test_a_seal_is_read_as_it_was_written() -> None:
    key = seal()

    assert SealKey.from_bytes(key.to_bytes()) == key
    assert SealPublic.from_json(key.public().to_json()) == key.public()


def test_an_officers_key_is_read_as_it_was_written() -> None:
    assert OfficerKey.from_bytes(OFFICER.to_bytes()) == OFFICER
    assert OfficerPublic.from_json(OFFICER.public().to_json()) == OFFICER.public()
    assert OFFICER.kid == OFFICER.public().kid


def test_a_kem_key_is_read_as_it_was_written() -> None:
    assert KemKey.from_bytes(KEM.to_bytes()) == KEM
    assert KemPublic.from_json(KEM.public().to_json()) == KEM.public()
    assert KEM.kid == KEM.public().kid


def test_no_secret_stands_in_the_repr_of_a_kem_key() -> None:
    assert repr(KEM) == "KemKey()"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        encode({"v": 1, "kind": "seal"}),
        OFFICER.to_bytes(),
        KEM.to_bytes(),
        _with(seal().to_bytes(), v=2),
        _with(seal().to_bytes(), kind="kem"),
        _with(seal().to_bytes(), extra=1),
        _with(seal().to_bytes(), es384=seal().public().es384.to_json()),
        _with(seal().to_bytes(), es384=seal().mldsa87.to_json()),
        seal().to_bytes() + b"\n",
    ],
    ids=range(11),
)
def test_the_file_of_another_key_is_no_seal(data: bytes) -> None:
    with pytest.raises(FormatError):
        SealKey.from_bytes(data)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        _without(seal().public().to_json(), "mldsa87"),
        {**seal().public().to_json(), "ed25519": {}},
        {"es384": seal().public().mldsa87.to_json(), "mldsa87": seal().public().es384.to_json()},
    ],
    ids=range(5),
)
def test_a_public_seal_has_one_key_for_each_algorithm(value: Json) -> None:
    with pytest.raises(FormatError):
        SealPublic.from_json(value)


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": b64u(bytes(32))},
        {"suite": "0x0041-0x0002-0x0002"},
        {"p384": b64u(b"\x04" + bytes(96))},
        {"p384": b64u(bytes(49))},
        {"p384": None},
        {"mlkem1024": b64u(bytes(1567))},
        {"mlkem1024": b64u(b"\xff" * 1568)},
        {"extra": 1},
    ],
    ids=lambda changes: " ".join(changes) + str(changes)[:50],
)
@pytest.mark.parametrize("named", ["own id", "as it came"])
def test_a_public_kem_key_with_a_flaw_is_refused(changes: dict[str, Json], named: str) -> None:
    value: dict[str, Json] = {**KEM.public().to_json(), **changes}
    if named == "own id" and "kid" not in changes:
        value = _renamed(value)

    with pytest.raises(FormatError):
        KemPublic.from_json(value)


def _renamed(value: dict[str, Json]) -> dict[str, Json]:
    """Give a changed key the id that it would have, so that the id is not its flaw."""
    if isinstance(value["p384"], str):
        key = KemPublic(unb64u(value["p384"]), unb64u(str(value["mlkem1024"])))
        value = {**value, "kid": key.kid}
    return value


def test_a_public_kem_key_is_an_object() -> None:
    with pytest.raises(FormatError):
        KemPublic.from_json([])


@pytest.mark.parametrize(
    "changes",
    [
        {"suite": "0x0041-0x0002-0x0002"},
        {"p384": b64u(bytes(48))},
        {"p384": b64u(b"\xff" * 48)},
        {"p384": b64u(bytes(47) + b"\x05" + b"\x05")},
        {"mlkem1024": b64u(bytes(63))},
        {"kind": "seal"},
    ],
    ids=str,
)
def test_a_private_kem_key_with_a_flaw_is_refused(changes: dict[str, Json]) -> None:
    with pytest.raises(FormatError):
        KemKey.from_bytes(_with(KEM.to_bytes(), **changes))


def test_the_suite_is_named_by_its_hpke_ids() -> None:
    assert KEM.public().to_json()["suite"] == KEM_SUITE == "0x0051-0x0002-0x0002"
