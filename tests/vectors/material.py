"""Keys and well-formed values from which the vectors are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.protocol.approvals import sign_approval
from shared.protocol.bag import sign_tag_manifest, tag_files
from shared.protocol.canonical import b64u, encode, parse, unb64u
from shared.protocol.encryption import SegmentSealer, segment_context, wrap
from shared.protocol.entries import ENTRY_TYP, EntryType, sign_entry
from shared.protocol.keys import KemKey, OfficerKey, SealKey
from tests.unit.shared.protocol.examples import (
    DIGEST,
    IAT,
    ITEMS,
    PACKAGE,
    REQUEST,
    BagSeal,
    entry,
    item,
    make_bag_seal,
)

Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector: `make` gives its members."""

    name: str
    expect: str
    comment: str
    make: Callable[[], Members]


def given(**members: Any) -> Callable[[], Members]:  # noqa: ANN401  JSON
    """Make a vector of members that are there already."""
    return lambda: dict(members)


HERE = Path(__file__).parent
KEYS = HERE / "keys.json"


def _keys() -> dict[str, Any]:
    if not KEYS.exists():
        bag = make_bag_seal()
        secrets = {
            "seal": SealKey.generate().to_bytes(),
            "other_seal": SealKey.generate().to_bytes(),
            "officer": OfficerKey.generate().to_bytes(),
            "other_officer": OfficerKey.generate().to_bytes(),
            "kem": KemKey.generate().to_bytes(),
        }
        pem = {"ca": bag.ca, "certificate": bag.certificate, "key": bag.key}
        value = {name: parse(secret) for name, secret in secrets.items()}
        texts = {name: text.decode() for name, text in pem.items()}
        KEYS.write_bytes(encode({**value, "bag_seal": texts}) + b"\n")
    read: Any = parse(KEYS.read_bytes().rstrip())
    return dict(read)


_SECRETS = _keys()
SEAL = SealKey.from_bytes(encode(_SECRETS["seal"]))
OTHER_SEAL = SealKey.from_bytes(encode(_SECRETS["other_seal"]))
OFFICER = OfficerKey.from_bytes(encode(_SECRETS["officer"]))
OTHER_OFFICER = OfficerKey.from_bytes(encode(_SECRETS["other_officer"]))
KEM = KemKey.from_bytes(encode(_SECRETS["kem"]))
BAG_SEAL = BagSeal(**{name: text.encode() for name, text in _SECRETS["bag_seal"].items()})

ENTRY = entry(EntryType.REQUEST)
CONTENT_KEY = bytes(range(32))
PLAIN = b"evidence"
PLACE: dict[str, Any] = {"package_id": PACKAGE, "item_id": ITEMS[0], "n": 0, "last": True}
TRANSFER = {"package_id": PACKAGE, "sender": "QM", "recipient_country": "QN"}
COVERS: dict[str, Any] = {
    "act": "request.prepare",
    "object_id": REQUEST,
    "version": 1,
    "digest": DIGEST,
}
TAGS = tag_files(
    [item()],
    case_jsonld=b"{}",
    custody=b"{}",
    info={"External-Identifier": PACKAGE},
    salt=bytes(32),
)


def signed_entry(change: Any = None) -> dict[str, Any]:  # noqa: ANN401  a change of JSON
    """Sign an entry and change its JWS."""
    jws: Any = parse(sign_entry(ENTRY, SEAL))
    if change:
        change(jws)
    return {"jws": encode(jws).decode(), "seals": [SEAL.public().to_json()]}


def signed_payload(**changes: object) -> Members:
    """Sign an entry's payload with changes that `sign_entry` would refuse."""
    value: Any = parse(ENTRY.payload())
    payload = encode({**value, **changes})
    rows = [
        {"protected": b64u(key.header(ENTRY_TYP)), "signature": key.sign(ENTRY_TYP, payload)}
        for key in (SEAL.es384, SEAL.mldsa87)
    ]
    jws = encode({"payload": b64u(payload), "signatures": rows}).decode()
    return {"jws": jws, "seals": [SEAL.public().to_json()]}


def header(row: Any, **members: object) -> None:  # noqa: ANN401  a JSON object
    """Change the protected header of a signature."""
    value: Any = parse(unb64u(row["protected"]))
    row["protected"] = b64u(encode({**value, **members}))


def approved(jws: str | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """Sign an approval, or take one, and say what it should cover."""
    made = sign_approval(OFFICER, **COVERS, iat=IAT, officer="QM-officer-1")
    officers = [OFFICER.public().to_json()]
    return {"jws": jws or made, "officers": officers, "covers": {**COVERS, **changes}}


def sealed_segment(change: bytes | None = None, **place: object) -> Members:
    """Seal a segment, and say where to open it."""
    sealer = SegmentSealer(CONTENT_KEY, segment_context(*PLACE.values()))
    sealed = change if change is not None else sealer.update(PLAIN) + sealer.finalize()
    return {"key": b64u(CONTENT_KEY), "place": {**PLACE, **place}, "sealed": b64u(sealed)}


def wrapped_key(**transfer: str) -> Members:
    """Wrap a content key, and say in which transfer to unwrap it."""
    wrapped = wrap(CONTENT_KEY, KEM.public(), **TRANSFER)
    return {
        "kem": parse(KEM.to_bytes()),
        "transfer": {**TRANSFER, **transfer},
        "wrap": b64u(wrapped),
    }


def signed_bag(**changes: bytes) -> Members:
    """Sign a tag manifest, and change what the check is given."""
    manifest = TAGS["tagmanifest-sha256.txt"]
    p7s = sign_tag_manifest(manifest, BAG_SEAL.certificate, BAG_SEAL.key)
    given = {"p7s": p7s, "tagmanifest": manifest, "ca": BAG_SEAL.ca, **changes}
    return {name: b64u(v) if name != "ca" else v.decode() for name, v in given.items()}
