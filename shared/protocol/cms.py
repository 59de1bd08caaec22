"""The sender's detached signature over the tag manifest (spec/package.md, 6).

CMS SignedData (RFC 5652) by one P-384 certificate with SHA-384, so that a court needs no tool of
ours: `openssl cms -verify -no_check_time -binary -inform DER -in P7S -content TAGMANIFEST -CAfile
CA`. Here the same check is made without a clock. DER is read by `cryptography`, strictly.
"""

from __future__ import annotations

from typing import Annotated, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from shared.protocol.digests import sha384
from shared.protocol.errors import DigestMismatchError, FormatError, SignatureError, TrustError

_DATA: Final = ObjectIdentifier("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = ObjectIdentifier("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = ObjectIdentifier("1.2.840.113549.1.9.4")
_SHA384: Final = ObjectIdentifier("2.16.840.1.101.3.4.2.2")
_ECDSA_SHA384: Final = ObjectIdentifier("1.2.840.10045.4.3.3")
_UNUSABLE: Final = (
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
)
"""Everything that `cryptography` raises over a certificate that is not what it should be."""


@asn1.sequence
class _Algorithm:
    name: ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _Attribute:
    name: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _SignerId:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _Signer:
    version: int
    sid: _SignerId
    digest: _Algorithm
    attributes: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    algorithm: _Algorithm
    signature: bytes


@asn1.sequence
class _Content:
    name: ObjectIdentifier


@asn1.sequence
class _SignedData:
    version: int
    digests: asn1.SetOf[_Algorithm]
    content: _Content
    certificates: Annotated[asn1.SetOf[x509.Certificate], asn1.Implicit(0)]
    signers: asn1.SetOf[_Signer]


@asn1.sequence
class _ContentInfo:
    name: ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


def sign_tag_manifest(tagmanifest: bytes, cert_pem: bytes, key_pem: bytes) -> bytes:
    """Sign a tag manifest for the court.

    The library puts the host's time into the attribute `signingTime`: a claim that nobody relies
    on; when it was signed is shown by the log and by time stamps.

    Args:
        tagmanifest: the bytes of `tagmanifest-sha256.txt`.
        cert_pem: the signer's P-384 certificate.
        key_pem: its private key, PKCS #8.

    Returns:
        Detached CMS SignedData, DER.

    Raises:
        FormatError: if it is no P-384 certificate, or the key belongs to another.
    """
    certificate = _certificate(cert_pem)
    key = load_pem_private_key(key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != _p384(certificate):
        raise FormatError("the bag seal's certificate and key do not belong together")
    builder = PKCS7SignatureBuilder().set_data(tagmanifest).add_signer(certificate, key, SHA384())
    options = (
        PKCS7Options.DetachedSignature,
        PKCS7Options.Binary,
        PKCS7Options.NoCapabilities,
    )
    return builder.sign(Encoding.DER, options)


def verify_cms(p7s: bytes, tagmanifest: bytes, ca_pem: bytes) -> str:
    """Check a sender's signature over a tag manifest. No clock: certificates do not expire here.

    Args:
        p7s: detached CMS SignedData, DER, as received.
        tagmanifest: the bytes it is over.
        ca_pem: the certificate under which the sender's bag seals stand, from the directory.

    Returns:
        The signer's subject (RFC 4514).

    Raises:
        FormatError: if it is not one CMS signature of this profile.
        DigestMismatchError: if it is over another tag manifest.
        SignatureError: if it does not hold.
        TrustError: if that CA has not issued the certificate for this use.
    """
    signer, certificate = _read(p7s)
    # The certificate first: what the CA has signed can be read without surprises.
    _check_issued(certificate, _certificate(ca_pem))
    named = (asn1.encode_der(signer.sid.issuer), signer.sid.serial)
    if named != (certificate.issuer.public_bytes(), certificate.serial_number):
        raise FormatError("the signature names another certificate than it carries")
    if _attribute(signer, _CONTENT_TYPE) != asn1.encode_der(_DATA):
        raise FormatError("the signature is not over plain data")
    if _attribute(signer, _MESSAGE_DIGEST) != asn1.encode_der(sha384(tagmanifest)):
        raise DigestMismatchError("the signature is over another tag manifest")
    # RFC 5652, 5.4: signed is the DER of the attributes as a SET OF, without the implicit tag.
    signed = asn1.encode_der(signer.attributes)
    try:
        _p384(certificate).verify(signer.signature, signed, ec.ECDSA(SHA384()))
    except InvalidSignature as error:
        raise SignatureError("the signature over the tag manifest does not hold") from error
    return certificate.subject.rfc4514_string()


def _read(p7s: bytes) -> tuple[_Signer, x509.Certificate]:
    try:
        info = asn1.decode_der(_ContentInfo, p7s)
    except (ValueError, x509.InvalidVersion) as error:
        raise FormatError("this is not a detached CMS signature in DER (RFC 5652)") from error
    data = info.content
    signers, certificates = data.signers.as_list(), data.certificates.as_list()
    if (len(signers), len(certificates)) != (1, 1):
        raise FormatError("a bag has one signature with one certificate")
    signer = signers[0]
    algorithms = [*(digest.name for digest in data.digests.as_list()), signer.digest.name]
    expected = (_SIGNED_DATA, _DATA, 1, 1, [_SHA384, _SHA384], _ECDSA_SHA384)
    found = (info.name, data.content.name, data.version, signer.version, algorithms)
    if (*found, signer.algorithm.name) != expected:
        raise FormatError("a bag is signed by ECDSA with SHA-384, CMS version 1")
    return signer, certificates[0]


def _attribute(signer: _Signer, name: ObjectIdentifier) -> bytes:
    """Give the one value of a signed attribute, DER."""
    values = [
        value
        for attribute in signer.attributes.as_list()
        if attribute.name == name
        for value in attribute.values.as_list()
    ]
    if len(values) != 1:
        raise FormatError("a signed attribute stands once, with one value")
    return asn1.encode_der(values[0])


def _check_issued(certificate: x509.Certificate, ca: x509.Certificate) -> None:
    """Check the path of one step (RFC 5280, 6.1) and the use, at no time in particular."""
    try:
        certificate.verify_directly_issued_by(ca)
        issuer = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except _UNUSABLE as error:
        raise TrustError("the bag seal's certificate does not stand under its CA") from error
    if not issuer.ca or not usage.digital_signature:
        raise TrustError("a bag seal stands under a CA, and its key is for signatures")
    if ExtendedKeyUsageOID.EMAIL_PROTECTION not in purposes:
        raise TrustError("a bag seal is for emailProtection, which is what openssl cms asks for")


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise FormatError("this is not a certificate in PEM") from error


def _p384(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise FormatError("a bag seal has a P-384 key")
    return key
