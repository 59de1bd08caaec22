"""Every table of the gateway: who may call, what was used once, taken back, refused."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.runtime.database import UtcDateTime

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER key counts itself


class Base(DeclarativeBase):
    """Columns by annotation."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        bytes: sa.LargeBinary,
        datetime: UtcDateTime,
        int: sa.BigInteger,
    }


class SeenRow(Base):
    """An identifier (`jti`) that was used and may not be used again before it expires."""

    __tablename__ = "seen"
    kind: Mapped[str] = mapped_column(primary_key=True)  # assertion | proof
    digest: Mapped[bytes] = mapped_column(primary_key=True)  # SHA-256 of whose and which
    expires: Mapped[int] = mapped_column(index=True)  # seconds since 1970


class RevokedRow(Base):
    """An access token that its client took back."""

    __tablename__ = "revoked"
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires: Mapped[int] = mapped_column(index=True)


class DenialRow(Base):
    """A refusal that the audit log has not yet confirmed: the event, ready to send."""

    __tablename__ = "denial"
    position: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    event: Mapped[bytes]  # canonical JSON


class WindowRow(Base):
    """A minute (or a little more) in which the refusals of one owner are counted together."""

    __tablename__ = "refusal_window"
    owner: Mapped[str] = mapped_column(primary_key=True)  # a client, or all who are nobody
    opened: Mapped[int] = mapped_column(index=True)  # milliseconds since 1970
    number: Mapped[int]  # refusals so far
    noisy: Mapped[bool]  # the window before had more than are told one by one


class TallyRow(Base):
    """How often one address was refused for one reason, beyond what was told one by one."""

    __tablename__ = "tally"
    owner: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    began: Mapped[int]  # milliseconds since 1970
    count: Mapped[int]


class ClientRow(Base):
    """A client as it stands now; `client_proposal` and `client_decision` say how it came to that."""

    __tablename__ = "client"
    client_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    scopes: Mapped[str]  # sorted, a space between two
    status: Mapped[str]  # active | suspended | retired
    version: Mapped[int]  # one more with each change: by it a change is seen, and swapped in
    tokens_not_before: Mapped[int]  # seconds since 1970; 0: all count


class ClientKeyRow(Base):
    """A public key that a client has or had. No second client ever has it."""

    __tablename__ = "client_key"
    kid: Mapped[str] = mapped_column(primary_key=True)  # thumbprint, RFC 7638
    client_id: Mapped[str] = mapped_column(index=True)
    jwk: Mapped[bytes]  # canonical JSON, public, without nbf and exp
    nbf: Mapped[int]  # seconds since 1970
    exp: Mapped[int]


class ClientProposalRow(Base):
    """What was proposed about a client. Rows are added, never changed."""

    __tablename__ = "client_proposal"
    proposal_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(index=True)
    act: Mapped[str]
    content: Mapped[bytes]  # canonical JSON: role, scopes, keys, overlap
    reason: Mapped[str]
    proposed_by: Mapped[str]  # the client; its officer beside it
    officer: Mapped[str]
    at: Mapped[datetime]
    expires: Mapped[datetime]
    # SHA-256 of client and Idempotency-Key
    repeat: Mapped[bytes | None] = mapped_column(index=True, unique=True)
    asked: Mapped[bytes | None]  # SHA-256 of the body that was sent under it


class ClientDecisionRow(Base):
    """What became of a proposal. Rows are added, never changed: a second decision finds the first."""

    __tablename__ = "client_decision"
    proposal_id: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]  # approved | rejected | applied
    decided_by: Mapped[str]
    officer: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class RingKeyRow(Base):
    """A key that comes and goes by the clock, sealed. No two of one purpose begin at once."""

    __tablename__ = "ring_key"
    purpose: Mapped[str] = mapped_column(primary_key=True)  # token | nonce
    begins: Mapped[int] = mapped_column(primary_key=True)  # seconds since 1970
    kid: Mapped[str] = mapped_column(unique=True)
    announced: Mapped[int]  # seconds since 1970
    sealed: Mapped[bytes]
