"""Four eyes: whose approvals count, and how one is taken.

The registry is the exchange's own (a file that its operators keep): a captured gateway cannot approve
anything, because it holds no officer's key and cannot add one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from services.exchange.records import GivenApproval, Package, Request
from services.exchange.signed import Signed
from services.exchange.states import Actor
from services.exchange.store import Session, approvals
from shared.protocol.approvals import (
    ACTS,
    STATEMENT_LIFE,
    Approval,
    are_faced,
    check_four_eyes,
    check_fresh,
    verify_approval,
)
from shared.protocol.errors import ApprovalError, FormatError, ProtocolError, UnknownKeyError
from shared.protocol.keys import OfficerPublic
from shared.protocol.law.lifecycle import Role
from shared.runtime.refusals import NotAllowed, Unprocessable

RULE = "G19"  # four eyes
# Of the process, and who may override what a profile lets a minister override.
_ROLES = frozenset(role.value for role in Role) | {"MINISTER", "RQ-JUD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """One person who may approve, with one key."""

    name: str
    key: OfficerPublic
    acts: frozenset[str]
    roles: frozenset[str] = frozenset()  # in the process (RQ-CA, RD-JUD, …): what findings count as


@dataclass(frozen=True, slots=True)
class Officers:
    """The registry, by key id."""

    by_kid: Mapping[str, Officer]

    @classmethod
    def load(cls, path: Path) -> "Officers":
        """Read `[{kid, officer, jwk, acts}]`.

        Raises:
            FormatError: it has another shape, an act that does not exist, or a key id twice.
        """
        try:
            entries = _FILE.validate_json(path.read_bytes())
        except ValidationError as error:
            raise FormatError(f"{path}: this is not a registry of officers") from error
        by_kid = {entry.kid: entry.officer_of() for entry in entries}
        if len(by_kid) != len(entries):
            raise FormatError(f"{path}: a key id stands there twice")
        return cls(by_kid)

    def keys_for(self, act: str) -> Mapping[str, OfficerPublic]:
        """Return the keys of those who may do this act."""
        return {kid: one.key for kid, one in self.by_kid.items() if act in one.acts}

    def verify(self, jws: str, *, act: str, object_id: str, version: int, digest: str) -> Approval:
        """Check an approval of exactly this version of exactly this object.

        Raises:
            ProtocolError: the tree of shared.protocol.approvals.verify_approval.
            ApprovalError: the officer it names is not whom the registry has for the key.
        """
        checked = verify_approval(
            jws,
            self.keys_for(act),
            act=act,
            object_id=object_id,
            version=version,
            digest=digest,
        )
        if self.by_kid[checked.kid].name != checked.officer:
            raise ApprovalError("the key is another officer's", kid=checked.kid)
        return checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is approved: one act on one version of one object, known by its digest (hex)."""

    act: str
    object_id: str
    version: int
    digest: str


def take(
    db: Session, jws: str, subject: Subject, *, officers: Officers, actor: Actor
) -> GivenApproval:
    """Check an approval, hold it against those given before, and keep it.

    Raises:
        NotAllowed: the key is no officer's who may do this, or the same person or key approved before.
        Unprocessable: it is an approval of something else, a rejection, or no approval at all.
    """
    checked = check(jws, subject, officers)
    for earlier in given(db, subject, officers=officers):
        if not are_faced(earlier, checked):
            continue  # who clears a package may release it, too
        try:
            check_four_eyes(earlier, checked)
        except ApprovalError as error:
            raise NotAllowed(
                "four_eyes",
                "A second person, with a key of their own, has to approve this.",
                rule=RULE,
                next_step="Have another officer sign the approval.",
            ) from error
    kept = GivenApproval(
        act=checked.act,
        version=checked.version,
        digest=checked.digest,
        officer=checked.officer,
        kid=checked.kid,
        client_id=actor.client_id,
        jws=jws,
        hash=checked.hash,
        at=actor.at,
    )
    approvals.add(db, subject.object_id, kept)
    return kept


def given(db: Session, subject: Subject, *, officers: Officers) -> tuple[Approval, ...]:
    """Return the approvals of this version that hold today, verified once more from their bytes.

    One whose officer has left the registry, or whose digest is no longer the object's, is void and
    not among them.
    """
    held = []
    for kept in approvals.of(db, subject.object_id, subject.version):
        try:
            held.append(
                officers.verify(
                    kept.jws,
                    act=kept.act,
                    object_id=subject.object_id,
                    version=subject.version,
                    digest=subject.digest,
                )
            )
        except ProtocolError:
            continue  # void; the gate says which approval is missing
    return tuple(held)


def check_statement(
    signed: Signed[Any],
    what: str,
    act: str,
    subject: Request | Package,
    *,
    officers: Officers,
    now: datetime,
) -> Approval:
    """Check what an officer signed over a statement about a request or package; nothing is kept.

    Raises:
        NotAllowed: the key is no officer's who may do this.
        Unprocessable: it is an approval of something else, too old, or no approval at all.
    """
    digest = signed.digest(what)
    about = Subject(act=act, object_id=subject.id, version=subject.version, digest=digest)
    given = check(signed.approval, about, officers)
    try:
        check_fresh(given, int(now.timestamp()), STATEMENT_LIFE)
    except ApprovalError as error:
        raise Unprocessable(
            error.code,
            "The officer's signature is older than a day, or from the future.",
            rule=RULE,
            next_step="Have the officer sign it again.",
        ) from error
    return given


def check(jws: str, subject: Subject, officers: Officers) -> Approval:
    """Check an approval alone; nothing is kept.

    Raises:
        NotAllowed: the key is no officer's who may do this.
        Unprocessable: it is an approval of something else, a rejection, or no approval at all.
    """
    try:
        return officers.verify(
            jws,
            act=subject.act,
            object_id=subject.object_id,
            version=subject.version,
            digest=subject.digest,
        )
    except UnknownKeyError as error:
        raise NotAllowed(
            "officer_not_allowed",
            f"The key that signed this approval is not registered for {subject.act}.",
            rule=RULE,
            next_step="Have an officer sign whom the registry of the exchange allows this act.",
        ) from error
    except ProtocolError as error:
        raise Unprocessable(
            error.code,
            f"The approval is refused: {error.detail}.",
            rule=RULE,
            next_step="Sign an approval of the act, object, version and digest named here.",
            act=subject.act,
            object_id=subject.object_id,
            version=subject.version,
            digest=subject.digest,
        ) from error


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    kid: str
    officer: str
    jwk: dict[str, str]
    acts: tuple[str, ...]
    roles: tuple[str, ...] = ()

    def officer_of(self) -> Officer:
        key = OfficerPublic.from_json(dict(self.jwk))
        if key.kid != self.kid or not ACTS.issuperset(self.acts):
            raise FormatError(f"officer {self.officer}: another key id, or an unknown act")
        if not _ROLES.issuperset(self.roles):
            raise FormatError(f"officer {self.officer}: an unknown role")
        return Officer(
            name=self.officer, key=key, acts=frozenset(self.acts), roles=frozenset(self.roles)
        )


_FILE = TypeAdapter(tuple[_Entry, ...])
