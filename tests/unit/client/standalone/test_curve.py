"""Ed25519 in plain Python says what OpenSSL says."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from client.standalone.curve import ORDER, PRIME, check_ed25519, decode_point
from client.standalone.forms import Flaw

RFC_8032 = [  # section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_rfc(public: str, message: str, signature: str) -> None:
    check_ed25519(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=99), st.integers(0, 64 * 8 - 1))
def test_a_signature_holds_and_no_other_bit_does(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    check_ed25519(public, message, signature)
    other = bytearray(signature)
    other[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Flaw):
        check_ed25519(public, message, bytes(other))
    with pytest.raises(Flaw):
        check_ed25519(public, message + b"x", signature)


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_what_is_made_up_is_refused_as_openssl_refuses_it(public: bytes, signature: bytes) -> None:
    with pytest.raises((InvalidSignature, ValueError)):
        Ed25519PublicKey.from_public_bytes(public).verify(signature, b"")
    with pytest.raises(Flaw):
        check_ed25519(public, b"", signature)


def test_a_second_spelling_of_a_signature_is_refused() -> None:
    public, message, signature = (bytes.fromhex(each) for each in RFC_8032[1])
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    with pytest.raises(Flaw):
        check_ed25519(public, message, signature[:32] + scalar.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [31, 33])
def test_lengths_are_demanded(size: int) -> None:
    with pytest.raises(Flaw):
        check_ed25519(bytes(size), b"", bytes(64))
    with pytest.raises(Flaw):
        check_ed25519(bytes(32), b"", bytes(2 * size))


@pytest.mark.parametrize("number", [PRIME, PRIME + 1, 2, 1 | 1 << 255, 2**255 - 1])
def test_a_point_has_one_spelling_and_lies_on_the_curve(number: int) -> None:
    with pytest.raises(Flaw):
        decode_point(number.to_bytes(32, "little"))
