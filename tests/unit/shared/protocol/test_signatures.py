import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from shared.protocol.canonical import Json, b64u, encode, unb64u
from shared.protocol.digests import sha256
from shared.protocol.errors import FormatError, SignatureError
from shared.protocol.signatures import ES384, ML_DSA_87, SigningKey, VerificationKey

KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in (ES384, ML_DSA_87)}
EACH = pytest.mark.parametrize("algorithm", [ES384, ML_DSA_87])


def _octets(jwk: dict[str, Json], name: str) -> bytes:
    return unb64u(str(jwk[name]))


def test_es384_is_ecdsa_with_sha_384_as_the_library_checks_it() -> None:
    key = KEYS[ES384]
    jwk = key.to_json()
    x, y = (int.from_bytes(_octets(jwk, name), "big") for name in "xy")

    octets = unb64u(key.sign("t", b"payload"))

    r, s = (int.from_bytes(half, "big") for half in (octets[:48], octets[48:]))
    signed = f"{b64u(key.header('t'))}.{b64u(b'payload')}".encode()
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP384R1()).public_key()
    public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA384()))


def test_ml_dsa_87_is_pure_ml_dsa_with_an_empty_context_as_the_library_checks_it() -> None:
    key = KEYS[ML_DSA_87]

    signature = unb64u(key.sign("t", b"payload"))

    signed = f"{b64u(key.header('t'))}.{b64u(b'payload')}".encode()
    public = MLDSA87PublicKey.from_public_bytes(_octets(key.to_json(), "pub"))
    public.verify(signature, signed)


@EACH
def test_a_key_is_read_as_it_was_written(algorithm: str) -> None:
    key = KEYS[algorithm]

    assert SigningKey.from_json(algorithm, key.to_json()) == key
    public = key.public()
    assert VerificationKey.from_json(algorithm, public.to_json()) == public
    assert not public.to_json().keys() & {"d", "priv"}


@EACH
def test_no_secret_stands_in_the_repr_of_a_key(algorithm: str) -> None:
    key = KEYS[algorithm]
    secret = str(key.to_json()["d" if algorithm == ES384 else "priv"])

    assert secret not in repr(key)


@EACH
@pytest.mark.parametrize("flaw", ["payload", "typ", "signature", "length", "spelling", "empty"])
def test_a_signature_holds_for_nothing_else(algorithm: str, flaw: str) -> None:
    key = KEYS[algorithm]
    header, payload = key.header("t"), b"payload"
    signature = key.sign("t", payload)
    key.public().check(header, payload, signature)
    flipped = "B" if signature[20] == "A" else "A"
    case = {
        "payload": (header, b"payloaD", signature),
        "typ": (key.header("u"), payload, signature),
        "signature": (header, payload, signature[:20] + flipped + signature[21:]),
        "length": (header, payload, signature[:-4]),
        "spelling": (header, payload, signature + "="),
        "empty": (header, payload, ""),
    }

    with pytest.raises((SignatureError, FormatError)):
        key.public().check(*case[flaw])


def test_a_key_of_one_algorithm_checks_no_signature_of_the_other() -> None:
    one, other = KEYS[ES384], KEYS[ML_DSA_87]

    with pytest.raises(SignatureError):
        one.public().check(other.header("t"), b"p", other.sign("t", b"p"))


@EACH
@pytest.mark.parametrize(
    "flaw",
    [
        {"kid": "A" * 43},
        {"kid": None},
        {"alg": "none"},
        {"alg": "ES256"},
        {"kty": "oct"},
        {"use": "sig"},
        {"x": b64u(bytes(47)), "pub": b64u(bytes(2591))},
        {"x": "!", "pub": "!"},
        {"x": 5, "pub": 5},
    ],
    ids=str,
)
def test_a_public_jwk_with_a_flaw_is_refused(algorithm: str, flaw: dict[str, Json]) -> None:
    jwk = KEYS[algorithm].public().to_json()
    own = {name: part for name, part in flaw.items() if name in jwk or name == "use"}

    with pytest.raises(FormatError):
        VerificationKey.from_json(algorithm, {**jwk, **own})


def test_a_point_off_the_curve_is_refused() -> None:
    jwk = KEYS[ES384].public().to_json()

    with pytest.raises(FormatError, match="usable"):
        VerificationKey.from_json(ES384, {**jwk, "y": jwk["x"]})


@EACH
def test_a_private_jwk_is_no_public_one_and_the_reverse(algorithm: str) -> None:
    key = KEYS[algorithm]

    with pytest.raises(FormatError):
        VerificationKey.from_json(algorithm, key.to_json())
    with pytest.raises(FormatError):
        SigningKey.from_json(algorithm, key.public().to_json())
    with pytest.raises(FormatError):
        SigningKey.from_json(algorithm, "a key")


@EACH
def test_two_halves_of_two_keys_are_refused(algorithm: str) -> None:
    secret = "d" if algorithm == ES384 else "priv"
    other = SigningKey.generate(algorithm).to_json()

    with pytest.raises(FormatError):
        SigningKey.from_json(algorithm, {**KEYS[algorithm].to_json(), secret: other[secret]})


def test_a_jwk_of_one_algorithm_is_none_of_the_other() -> None:
    with pytest.raises(FormatError):
        VerificationKey.from_json(ES384, KEYS[ML_DSA_87].public().to_json())


def test_the_key_id_is_the_thumbprint_of_rfc_9964() -> None:
    # RFC 7638, 3.2 and RFC 9964, 6: SHA-256 over the required members, alg among them for AKP.
    jwk = KEYS[ML_DSA_87].to_json()
    required = {name: jwk[name] for name in ("alg", "kty", "pub")}

    assert jwk["kid"] == b64u(sha256(encode(required)))
