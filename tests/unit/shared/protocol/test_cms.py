import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import ExtendedKeyUsageOID

from shared.protocol.bag import sign_tag_manifest, verify_cms
from shared.protocol.errors import (
    DigestMismatchError,
    FormatError,
    ProtocolError,
    TrustError,
)
from tests.unit.shared.protocol.examples import BagSeal, byte_changes, make_bag_seal

TAG_MANIFEST = f"{'00' * 32}  bagit.txt\n".encode()
SEAL = make_bag_seal()
DETACHED = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]


def _signed(seal: BagSeal = SEAL) -> bytes:
    return sign_tag_manifest(TAG_MANIFEST, seal.certificate, seal.key)


def test_a_signature_is_verified_and_names_its_signer() -> None:
    assert verify_cms(_signed(), TAG_MANIFEST, SEAL.ca) == "CN=bag seal,C=QM"


@pytest.mark.parametrize(
    "seal", [SEAL, make_bag_seal(expired=True)], ids=["in time", "long expired"]
)
def test_a_court_verifies_with_openssl_alone_at_any_time(tmp_path: Path, seal: BagSeal) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on this machine")
    (tmp_path / "p7s").write_bytes(_signed(seal))
    (tmp_path / "tagmanifest-sha256.txt").write_bytes(TAG_MANIFEST)
    (tmp_path / "ca.pem").write_bytes(seal.ca)
    command = (
        f"{openssl} cms -verify -no_check_time -binary -inform DER -in p7s "
        "-content tagmanifest-sha256.txt -CAfile ca.pem"
    )

    answer = subprocess.run(  # noqa: S603  nothing from outside
        command.split(), cwd=tmp_path, check=True, capture_output=True
    )

    assert answer.stdout == TAG_MANIFEST
    assert verify_cms(_signed(seal), TAG_MANIFEST, seal.ca)


def test_a_signature_by_openssl_is_verified(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on this machine")
    for name, content in {"m": TAG_MANIFEST, "c": SEAL.certificate, "k": SEAL.key}.items():
        (tmp_path / name).write_bytes(content)
    command = (
        f"{openssl} cms -sign -binary -in m -signer c -inkey k -md sha384 -outform DER -out p7s"
    )

    subprocess.run(command.split(), cwd=tmp_path, check=True)  # noqa: S603  nothing from outside

    assert verify_cms((tmp_path / "p7s").read_bytes(), TAG_MANIFEST, SEAL.ca)


def test_a_signature_over_another_tag_manifest_is_refused() -> None:
    with pytest.raises(DigestMismatchError):
        verify_cms(_signed(), TAG_MANIFEST + b"\n", SEAL.ca)


def test_a_signature_under_another_ca_is_refused() -> None:
    with pytest.raises(TrustError):
        verify_cms(_signed(), TAG_MANIFEST, make_bag_seal().ca)


@pytest.mark.parametrize(
    "seal",
    [
        make_bag_seal(ca=False),
        make_bag_seal(usage=False),
        make_bag_seal(digital_signature=False),
        make_bag_seal(purpose=ExtendedKeyUsageOID.SERVER_AUTH),
    ],
    ids=["no CA", "no usage", "not for signatures", "for servers"],
)
def test_a_certificate_for_another_use_is_refused(seal: BagSeal) -> None:
    with pytest.raises(TrustError):
        verify_cms(_signed(seal), TAG_MANIFEST, seal.ca)


def test_any_changed_byte_is_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a serial number may have become negative
        for changed in byte_changes(_signed()):
            with pytest.raises(ProtocolError):
                verify_cms(changed, TAG_MANIFEST, SEAL.ca)


def _by_library(
    *, content: bytes = TAG_MANIFEST, options: list[PKCS7Options], twice: bool = False
) -> bytes:
    certificate = x509.load_pem_x509_certificate(SEAL.certificate)
    key = load_pem_private_key(SEAL.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, SHA384())
    if twice:
        builder = builder.add_signer(certificate, key, SHA384())
    return builder.sign(Encoding.DER, options)


def _with_sha256() -> bytes:
    certificate = x509.load_pem_x509_certificate(SEAL.certificate)
    key = load_pem_private_key(SEAL.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = PKCS7SignatureBuilder().set_data(TAG_MANIFEST)
    return builder.add_signer(certificate, key, SHA256()).sign(Encoding.DER, DETACHED)


@pytest.mark.parametrize(
    "p7s",
    [
        b"",
        b"0\0",
        _signed() + b"\0",
        _signed()[:-1],
        _by_library(options=[PKCS7Options.Binary]),
        _by_library(options=[*DETACHED[:2], PKCS7Options.NoAttributes]),
        _by_library(options=[*DETACHED, PKCS7Options.NoCerts]),
        _by_library(options=DETACHED, twice=True),
        _with_sha256(),
    ],
    ids=[
        "nothing",
        "an empty sequence",
        "more",
        "less",
        "not detached",
        "no signed attributes",
        "no certificate",
        "two signatures",
        "SHA-256",
    ],
)
def test_what_is_no_signature_of_the_profile_is_refused(p7s: bytes) -> None:
    with pytest.raises(FormatError):
        verify_cms(p7s, TAG_MANIFEST, SEAL.ca)


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(FormatError):
        verify_cms(_signed(), TAG_MANIFEST, b"a CA")


def test_a_key_on_another_curve_is_refused() -> None:
    other = make_bag_seal(curve=ec.SECP256R1())

    with pytest.raises(FormatError):
        _signed(other)


def test_a_key_of_another_certificate_does_not_sign() -> None:
    with pytest.raises(FormatError):
        sign_tag_manifest(TAG_MANIFEST, SEAL.certificate, make_bag_seal().key)
