"""Approvals: four eyes, each with a key (spec/approvals.md).

An approval is a compact JWS (RFC 7515, 7.1) by an officer's ES384 key over one act on one version
of one object. Two of them, by two people with two keys, let a request or a package go. What no node
does on a gateway's word alone takes one as well: to release a package, and to read one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from pydantic import StringConstraints

from shared.protocol.canonical import Json, b64u, encode, parse, unb64u
from shared.protocol.digests import sha256, sha384
from shared.protocol.errors import ApprovalError, FormatError, UnknownKeyError
from shared.protocol.keys import OfficerKey, OfficerPublic
from shared.protocol.messages import ApprovalReference, Body, Count, Id, Seconds
from shared.protocol.signatures import ES384, protected_header

APPROVAL_TYP: Final = "rogatory-approval+jws"
MAX_APPROVAL: Final = 4096  # characters

REQUEST_PREPARE: Final = "request.prepare"
REQUEST_APPROVE: Final = "request.approve"
PACKAGE_PREPARE: Final = "package.prepare"
PACKAGE_CLEAR: Final = "package.clear"
PACKAGE_RELEASE: Final = "package.release"
PACKAGE_RECEIVE: Final = "package.receive"
# Over a statement: the digest is that of `statement_digest`.
FINDING: Final = "finding"
REQUEST_DECIDE: Final = "request.decide"
CONDITIONS_SETTLE: Final = "conditions.settle"
COURT_RECORD: Final = "court.record"
DUTY_RECORD: Final = "duty.record"
PACKAGE_FILTER: Final = "package.filter"
ONWARD_CONSENT: Final = "onward.consent"
RETENTION_ACT: Final = "retention.act"

Act = Literal[
    "request.prepare",
    "request.approve",
    "package.prepare",
    "package.clear",
    "package.release",
    "package.receive",
    "finding",
    "request.decide",
    "conditions.settle",
    "court.record",
    "duty.record",
    "package.filter",
    "onward.consent",
    "retention.act",
]
ACTS: Final = frozenset(get_args(Act))
_PAIRS: Final = (
    {REQUEST_PREPARE, REQUEST_APPROVE},
    {PACKAGE_PREPARE, PACKAGE_CLEAR},
    {PACKAGE_PREPARE, PACKAGE_RELEASE},
)

GRANT_LIFE: Final = 900  # seconds for which an approval of `package.receive` lets a package be read
GRANT_SKEW: Final = 30  # seconds that the clock of whoever signed it may run ahead
STATEMENT_LIFE: Final = 86_400  # seconds within which a signed statement is handed in
Decision = Literal["approve", "reject"]


class _Payload(Body):
    v: Literal[1] = 1
    act: Act
    object: Id
    version: Count
    digest: Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{64}|[0-9a-f]{96})$")]
    decision: Decision
    iat: Seconds
    officer: Annotated[str, StringConstraints(min_length=1, max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval whose signature has been checked.

    Attributes:
        act: what was approved to happen.
        object_id: of the request or package.
        version: of the object.
        digest: of the object in that version, hex: SHA-256 of a request's document, SHA-384 of a
            package's segment index.
        decision: `approve` or `reject`.
        iat: Unix seconds.
        officer: who, in the words of the registry.
        kid: of the key that signed.
        hash: SHA-384, hex, of the compact JWS: what an entry names.
    """

    act: str
    object_id: str
    version: int
    digest: str
    decision: str
    iat: int
    officer: str
    kid: str
    hash: str

    def reference(self) -> ApprovalReference:
        """Name this approval, as an entry does."""
        return ApprovalReference(act=self.act, officer_kid=self.kid, hash=self.hash)


def sign_approval(  # noqa: PLR0913  an approval has these parts
    key: OfficerKey,
    *,
    act: Act,
    object_id: str,
    version: int,
    digest: str,
    decision: Decision = "approve",
    iat: int,
    officer: str,
) -> str:
    """Approve one act on one version of one object, or reject it.

    Returns:
        A compact JWS.

    Raises:
        FormatError: if a part is not of its shape; see `Approval`.
    """
    parts = {"act": act, "object": object_id, "version": version, "digest": digest}
    value = {"v": 1, **parts, "decision": decision, "iat": iat, "officer": officer}
    payload = encode(_Payload.read(value).to_json())
    header = b64u(key.key.header(APPROVAL_TYP))
    return f"{header}.{b64u(payload)}.{key.key.sign(APPROVAL_TYP, payload)}"


def verify_approval(
    jws: str,
    keys: Mapping[str, OfficerPublic],
    *,
    act: str,
    object_id: str,
    version: int,
    digest: str,
) -> Approval:
    """Check that an officer approves exactly this act on exactly this object.

    Args:
        jws: the compact JWS.
        keys: by key id, of the officers who may do this act.
        act: one of `ACTS`.
        object_id: of the request or package.
        version: that stands now.
        digest: that the object has now, hex.

    Raises:
        ApprovalError: if it is a rejection, or for another act, object, version or digest.
        SignatureError: if the signature does not hold, or the key is not among `keys`.
        FormatError: if it is no approval.
    """
    approval = _verified(jws, keys)
    wanted = {"act": act, "object": object_id, "version": version, "digest": digest}
    for name, value in wanted.items():
        found = approval.object_id if name == "object" else getattr(approval, name)
        if found != value:
            raise ApprovalError(f"the approval is for another {name}", kid=approval.kid)
    if approval.decision != "approve":
        raise ApprovalError("the officer has not approved but rejected", kid=approval.kid)
    return approval


def _verified(jws: str, keys: Mapping[str, OfficerPublic]) -> Approval:
    header, payload, signature = _split(jws)
    read = parse(header)
    kid = read.get("kid") if isinstance(read, dict) else None
    if not isinstance(kid, str) or header != protected_header(ES384, kid, APPROVAL_TYP):
        raise FormatError(f"an approval's header has alg ES384, kid, typ {APPROVAL_TYP}, no more")
    key = keys.get(kid)
    if key is None:
        raise UnknownKeyError("no officer who may do this has this key id", kid=kid)
    key.key.check(header, payload, signature)
    said = _Payload.read(parse(payload))
    return Approval(
        act=said.act,
        object_id=said.object,
        version=said.version,
        digest=said.digest,
        decision=said.decision,
        iat=said.iat,
        officer=said.officer,
        kid=kid,
        hash=sha384(jws.encode()).hex(),
    )


def _split(jws: str) -> tuple[bytes, bytes, str]:
    parts = jws.split(".")
    if len(jws) > MAX_APPROVAL or len(parts) != 3:  # noqa: PLR2004  RFC 7515, 7.1
        raise FormatError("an approval is a compact JWS of three parts", limit=MAX_APPROVAL)
    return unb64u(parts[0]), unb64u(parts[1]), parts[2]


def statement_digest(what: str, statement: Mapping[str, Json]) -> str:
    """Digest what an officer says beside approving a document: SHA-256, hex (spec/approvals.md, 4).

    Args:
        what: is done with it: the last part of the address of the call, as `refuse` or `findings`.
        statement: the JSON object that is said.
    """
    return sha256(encode({"statement": dict(statement), "what": what})).hex()


def check_fresh(grant: Approval, now: int, life: int = GRANT_LIFE) -> None:
    """Check that an approval to read, or one over a statement, was signed just now.

    Args:
        grant: the approval.
        now: Unix seconds.
        life: seconds for which it counts.

    Raises:
        ApprovalError: it is older, or from the future.
    """
    if not now - life < grant.iat <= now + GRANT_SKEW:
        raise ApprovalError("the approval was not signed in time", kid=grant.kid)


def are_faced(a: Approval, b: Approval) -> bool:
    """Whether two acts must be done by two people: one prepares, the other approves or releases."""
    return {a.act, b.act} in _PAIRS


def check_four_eyes(a: Approval, b: Approval) -> None:
    """Check that two approvals of one object come from two people with two keys.

    Raises:
        ApprovalError: if they share an officer or a key, are not the two acts that belong
            together, or are of two objects.
    """
    if a.kid == b.kid:
        raise ApprovalError("two approvals must be signed by two keys", kid=a.kid)
    if a.officer.casefold() == b.officer.casefold():
        raise ApprovalError("two approvals must come from two officers", kid=b.kid)
    if not are_faced(a, b):
        raise ApprovalError("one prepares and the other approves", act=b.act)
    if (a.object_id, a.version, a.digest) != (b.object_id, b.version, b.digest):
        raise ApprovalError("the two approvals are not of the same object", object=a.object_id)
