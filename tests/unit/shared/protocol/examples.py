"""Well-formed values of the protocol, for tests to start from."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.protocol.canonical import Json, b64u, encode
from shared.protocol.channels import next_entry
from shared.protocol.entries import Entry, EntryType, entry_hash
from shared.protocol.identifiers import ItemId
from shared.protocol.keys import SealKey
from shared.protocol.manifest import Item
from shared.protocol.messages import (
    ApprovalReference,
    Body,
    EntryReference,
    Head,
    KeyWrap,
    OpenBody,
    PackageBody,
    ReceiptKind,
    RequestBody,
    SelftestBody,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
IAT = int(NOW.timestamp())
REQUEST = "019a9c3e-0000-7000-8000-000000000001"
PACKAGE = "019a9c3e-0000-7000-8000-000000000002"
ITEMS = tuple(ItemId(f"019a9c3e-0000-7000-8000-00000000010{n}") for n in range(4))
HASH = "ab" * 48
DIGEST = "cd" * 32
KID = "A" * 43
HEAD = Head(epoch=0, seq=7, hash=HASH)
ABOUT = EntryReference(channel="QM>QN", epoch=0, seq=7, hash=HASH)
APPROVAL = ApprovalReference(act="request.approve", officer_kid=KID, hash=HASH)


@functools.cache
def seal(number: int = 0) -> SealKey:
    """Give a seal, the same one for the same number."""
    assert number >= 0
    return SealKey.generate()


def body_of(kind: EntryType) -> Body:
    """Give a body for an entry of a type that tests look at closely."""
    if kind is EntryType.PACKAGE:
        return package_body()
    if kind is EntryType.OPEN:
        return OpenBody(log_origin="qm.example/log")
    if kind is EntryType.REQUEST:
        document: dict[str, Json] = {"facts": "…"}
        return RequestBody(request_id=REQUEST, version=1, document=document, approvals=(APPROVAL,))
    return SelftestBody(nonce="0" * 32)


def package_body(**changes: object) -> PackageBody:
    """Give the body of a package entry."""
    wrap = KeyWrap(country="QN", kid=KID, wrap=b64u(bytes(1713)))
    body = PackageBody(
        package_id=PACKAGE,
        request_id=REQUEST,
        request_entry=HASH,
        measures=("m1",),
        segment_size=2**20,
        segments=2,
        items=1,
        size=10,
        index_sha384=HASH,
        tagmanifest_sha256=DIGEST,
        keys=(wrap,),
        approvals=(APPROVAL, APPROVAL),
        expires=IAT + 1000,
    )
    return body.model_copy(update=changes)


def entry(
    kind: EntryType = EntryType.SELFTEST,
    body: Body | None = None,
    *,
    head: Head | None = HEAD,
    sender: str = "QM",
    recipient: str = "QN",
    request: str | None = None,
) -> Entry:
    """Give an entry that follows `head`."""
    body = body or body_of(kind)
    if kind is EntryType.OPEN:
        head = None
    if getattr(body, "request_id", None):
        request = REQUEST
    return next_entry(
        head,
        type=kind,
        sender=sender,
        recipient=recipient,
        peer=Head(epoch=0, seq=0, hash="12" * 48),
        iat=IAT,
        request=request,
        body=body,
    )


def receipt(about: Entry, kind: ReceiptKind, **changes: object) -> dict[str, object]:
    """Give the members of a receipt, with changes."""
    return {
        "kind": kind,
        "about": about.reference().to_json(),
        "package_id": None,
        "tagmanifest_sha256": None,
        "reason": None,
        **changes,
    }


def item(number: int = 0, path: str = "data/a.txt", content_size: int = 10) -> Item:
    """Give an item of evidence."""
    return Item(
        item_id=ITEMS[number],
        path=path,
        size=content_size,
        sha256=bytes([number]) * 32,
        media_type="text/plain",
    )


def hash_of(payload: dict[str, Json]) -> str:
    """Give the hash of a payload that may be no entry."""
    return entry_hash(encode(payload))


def byte_changes(data: bytes, step: int = 1) -> Iterator[bytes]:
    """Give copies of some bytes, each with one of them changed."""
    for place in range(0, len(data), step):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        yield bytes(changed)


@dataclass(frozen=True)
class BagSeal:
    """A CA, and the certificate and key of a bag seal under it, PEM."""

    ca: bytes
    certificate: bytes
    key: bytes


def make_bag_seal(
    *,
    curve: ec.EllipticCurve | None = None,
    ca: bool = True,
    digital_signature: bool = True,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    usage: bool = True,
    expired: bool = False,
) -> BagSeal:
    """Draw a bag seal, or one with a flaw."""
    until = NOW - timedelta(days=1) if expired else NOW + timedelta(days=3650)
    ca_key = ec.generate_private_key(ec.SECP384R1())
    key = ec.generate_private_key(curve or ec.SECP384R1())
    issuer = (
        x509.CertificateBuilder(_name("bag-seal CA"), _name("bag-seal CA"))
        .public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=2))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(ca_key, SHA384())
    )
    signer = (
        x509.CertificateBuilder(issuer.subject, _name("bag seal"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=2))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if usage:
        signer = signer.add_extension(_key_usage(digital_signature=digital_signature), True)
        signer = signer.add_extension(x509.ExtendedKeyUsage([purpose]), False)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate = signer.sign(ca_key, SHA384())
    return BagSeal(
        issuer.public_bytes(Encoding.PEM), certificate.public_bytes(Encoding.PEM), secret
    )


def _name(common: str) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "QM")
    return x509.Name([country, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_usage(*, digital_signature: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=not digital_signature,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
