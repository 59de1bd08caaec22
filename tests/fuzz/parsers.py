"""Every parser that reads what strangers send: how it is called, and what it must write again.

A parser may refuse with a ProtocolError and nothing else. What it takes has one spelling: where there is
a writer, it writes the same octets again.
"""

import json  # our own reader is what is tested
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from shared.protocol import (
    bag,
    canonical,
    ceremonies,
    checkpoints,
    drafts,
    entries,
    jose,
    jwk,
    leaves,
    logproofs,
    misbehaviour,
    notes,
    policies,
    tiles,
    timestamps,
    tokens,
    trust,
    witnessing,
)
from shared.protocol.dpop import sign_proof, verify_proof
from shared.protocol.errors import FormatError, ProtocolError
from shared.protocol.identifiers import TAG_ITEM
from shared.protocol.law.custodyfile import read_custody
from shared.protocol.law.custodytrace import read_trace
from shared.protocol.law.instruments import read_instrument
from shared.protocol.law.library import instrument_text
from shared.protocol.law.pairreading import read_pair
from shared.protocol.manifest import SegmentIndex
from shared.protocol.messages import Envelope
from shared.protocol.tries import TrieProof
from shared.protocol.trust import Member
from tests import pacts
from tests.custodies import account, custody_file
from tests.federated import document
from tests.fuzz import papers

VECTORS = Path(__file__).parents[1] / "vectors"
ENVELOPE = b'{"consistency":[],"entry":"e","leaf":"bGVhZg","old_size":0,"proof":"p"}'
INDEX = f"{TAG_ITEM} 0 {'ab' * 32} 1040\n".encode()
TAGS = dict.fromkeys(
    (
        "bag-info.txt",
        "bagit.txt",
        "manifest-sha256.txt",
        "metadata/case.jsonld",
        "signatures/tagmanifest-sha256.txt.p7s",
        "tagmanifest-sha256.txt",
    ),
    "YQ",
)

PACT = pacts.text()
PACT_BUNDLE = trust.write_bundle(
    roots=[b"root"],
    targets=b"targets",
    roles={"country-QM": b"role"},
    members={"QM": document("QM")},
    pairs={pacts.named(PACT).path: PACT},
)
URL, NOW = "https://gateway.example", datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
SIGNER, STRANGER = jose.generate(), jose.public_part(jose.generate())
RSA = {"kty": "RSA", "e": "AQAB", "n": canonical.b64u(b"\xc1" + b"\x01" * 255)}
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
JWKS = tuple(canonical.encode(key) for key in (STRANGER, RSA, ED25519))
ROLE_KEY = CryptoSigner.generate_ed25519()
ASKED = drafts.JoinRequest(
    country="QM",
    office=ceremonies.Office(keys=(ROLE_KEY.public_key,), threshold=1),
    draft=drafts.Draft(
        role="country-QM",
        metadata=ceremonies.vouch(document("QM"), version=1, now=NOW),
        document=document("QM"),
    ),
)
ACCESS = tokens.AccessToken(
    issuer=URL,
    client_id="urn:rogatory:QM:ops",
    country="QM",
    role="ops",
    scopes=("ops:health",),
    jkt=jose.thumbprint(SIGNER),
    issued=int(NOW.timestamp()),
    expires=int(NOW.timestamp()) + 300,
    jti="0123456789abcdef",
    x5t="x" * 43,
)

HEAD, CLAIMS, _ = sign_proof(SIGNER, method="GET", url=URL, now=NOW, nonce="n").split(".")
PROOF = canonical.unb64u(HEAD) + b"\n" + canonical.unb64u(CLAIMS)


@dataclass(frozen=True)
class Parser:
    """One parser: `again` reads octets and writes what it understood, or None if nothing is written.

    `seeds` says which member of which folder of the vectors holds examples; `plain` if not base64url.
    `examples` are more of them.
    """

    again: Callable[[bytes], bytes | None]
    seeds: tuple[str, str] | None = None
    plain: bool = True
    examples: tuple[bytes, ...] = ()


def text(data: bytes) -> str:
    """Text as a route has it."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8") from error


def _note(data: bytes) -> bytes:
    return notes.read_note(text(data)).encode().encode()


def _checkpoint(data: bytes) -> bytes:
    return checkpoints.read_checkpoint(text(data)).text().encode()


def _vkey(data: bytes) -> bytes:
    return notes.NoteVerifier.from_vkey(text(data)).vkey().encode()


def _tile(data: bytes) -> bytes:
    return tiles.parse_tile(text(data)).path().encode()


def _proof(data: bytes) -> bytes:
    proof = logproofs.parse_proof(text(data))
    return logproofs.format_proof(proof.index, proof.path, proof.checkpoint).encode()


def _policy(data: bytes) -> bytes:
    """A policy has many spellings, but what is written of one is read as the same."""
    policy = policies.parse_policy(data)
    assert policies.parse_policy(policies.format_policy(policy)) == policy
    return data


def _trie_proof(data: bytes) -> bytes:
    return canonical.encode(TrieProof.from_json(canonical.parse(data)).to_json())


def _bundle(data: bytes) -> bytes:
    parts = trust.read_parts(data)
    return trust.write_bundle(**parts.model_dump())


def _nothing(read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def call(data: bytes) -> None:
        read(data)

    return call


def _key(data: bytes) -> None:
    """A key that is taken has one name, and its name is not another's."""
    key = canonical.read(data)
    if isinstance(key, dict):
        jose.public_key(key)
        assert jose.thumbprint(key) == jose.thumbprint(jose.public_part(key))


def _assertion(data: bytes) -> None:
    """Whatever is said is refused: the key that signed it is no longer anyone's."""
    told = text(data)
    name = tokens.claimed_client(told)
    tokens.verify_assertion(told, [STRANGER], client_id=name, issuer=URL, now=NOW)
    raise AssertionError("an assertion by nobody's key was taken")


def _access(data: bytes) -> None:
    told = text(data)
    assert tokens.claimed_issuer(told)
    tokens.verify_access_token(told, [STRANGER], issuer=URL, now=NOW)
    raise AssertionError("a token by nobody's key was taken")


def _signed(data: bytes) -> None:
    """Header and claims, a line each, under a good signature: so that what is behind it is reached."""
    head, _, claims = data.partition(b"\n")
    signed = f"{canonical.b64u(head)}.{canonical.b64u(claims)}"
    made = f"{signed}.{canonical.b64u(jwk.sign(SIGNER, signed.encode()))}"
    proof = verify_proof(made, method="GET", url=URL, now=NOW)
    assert proof.jkt == jose.thumbprint(SIGNER)
    assert proof.issued <= NOW.timestamp() + jose.FUTURE_SKEW


PARSERS: dict[str, Parser] = {
    "note": Parser(_note, ("checkpoints", "note")),
    "checkpoint": Parser(_checkpoint, ("checkpoints", "note")),
    "vkey": Parser(_vkey, ("checkpoints", "vkeys")),
    "tile-path": Parser(_tile, ("tile-paths", "path")),
    "bundle": Parser(
        lambda data: tiles.bundle(tiles.parse_bundle(data)), examples=(b"\0\3one\0\0\0\3two",)
    ),
    "leaf": Parser(lambda data: leaves.build(leaves.parse(data)), ("leaves", "leaf"), plain=False),
    "log-proof": Parser(_proof, ("log-proofs", "proof")),
    "policy": Parser(_policy, ("policies", "policy")),
    "submission": Parser(_nothing(witnessing.parse_submission), ("submissions", "body")),
    "evidence": Parser(_nothing(misbehaviour.parse_evidence), ("misbehaviour", "evidence")),
    "time-stamp": Parser(
        lambda data: timestamps.format_stamp(timestamps.parse_stamp(data)), ("timestamps", "record")
    ),
    "trie-proof": Parser(_trie_proof, ("index-proofs", "proof")),
    "canonical": Parser(
        lambda data: canonical.encode(canonical.parse(data)), ("canonical", "data"), plain=False
    ),
    "json": Parser(_nothing(canonical.read), ("canonical", "data"), plain=False),
    "entry": Parser(_nothing(entries.read_entry), ("entries", "jws")),
    "envelope": Parser(_nothing(Envelope.from_bytes), examples=(ENVELOPE,)),
    "member": Parser(lambda data: Member.from_bytes(data).to_bytes(), examples=(document("QM"),)),
    "drafts": Parser(
        lambda data: drafts.write_drafts(drafts.read_drafts(data)),
        examples=(drafts.write_drafts([ASKED.draft]),),
    ),
    "join": Parser(lambda data: drafts.read_join(data).to_bytes(), examples=(ASKED.to_bytes(),)),
    "trust-bundle": Parser(_bundle, examples=(PACT_BUNDLE,)),
    "pair": Parser(_nothing(read_pair), examples=(PACT,)),
    "instrument": Parser(_nothing(read_instrument), examples=(instrument_text("EIO"),)),
    "request": Parser(papers.sent, examples=papers.EXAMPLES),
    "draft": Parser(papers.draft, examples=papers.EXAMPLES),
    "jwk": Parser(_key, examples=JWKS),
    "assertion": Parser(
        _assertion,
        examples=(tokens.sign_assertion(SIGNER, client_id="urn:x", issuer=URL, now=NOW).encode(),),
    ),
    "access-token": Parser(_access, examples=(tokens.sign_access_token(SIGNER, ACCESS).encode(),)),
    "dpop": Parser(_signed, examples=(PROOF,)),
    "segment-index": Parser(
        lambda data: SegmentIndex.from_bytes(data).to_bytes(), examples=(INDEX,)
    ),
    "manifest": Parser(
        lambda data: bag.write_manifest(bag.parse_manifest(data)),
        ("manifests", "manifest"),
        plain=False,
    ),
    "custody": Parser(lambda data: read_custody(data).to_bytes(), examples=(custody_file(),)),
    "custody-account": Parser(
        _nothing(lambda data: read_trace(canonical.read(data))),
        examples=(canonical.encode(account().to_json()),),
    ),
    "tag-set": Parser(
        lambda data: bag.tag_set(bag.parse_tag_set(data)),
        examples=(canonical.encode({"v": 1, "files": dict(TAGS)}),),
    ),
}


def seeds(parser: Parser) -> list[bytes]:
    """The examples of a parser, most of them from our own vectors."""
    found = [*parser.examples]
    if parser.seeds is not None:
        folder, member = parser.seeds
        for path in sorted((VECTORS / folder).glob("*.json")):
            found += _octets(json.loads(path.read_bytes()).get(member), parser)  # noqa: TID251
    assert found
    return found


def _octets(value: object, parser: Parser) -> list[bytes]:
    match value:
        case str():
            return [value.encode() if parser.plain else canonical.unb64u(value)]
        case [*values]:
            return [str(each).encode() for each in values]
        case dict():
            return [json.dumps(value, separators=(",", ":"), sort_keys=True).encode()]  # noqa: TID251
        case _:
            return []


def check(parser: Parser, data: bytes) -> None:
    """Read; what is not refused is written again as it was."""
    try:
        again = parser.again(data)
    except ProtocolError:
        return
    if again not in {None, data}:
        raise AssertionError(f"{data!r} was taken, and written again as {again!r}")
