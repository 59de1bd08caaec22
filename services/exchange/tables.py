"""Every table of the exchange. Sizes are bytes; digests are lower-case hex unless a name says otherwise.

No row holds plaintext evidence, a file name or an unkeyed digest of content: titles, item
declarations and content keys are sealed at rest (`keyring`), and what must be compared is an HMAC.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.exchange.states import (
    Direction,
    EntryState,
    PackageState,
)
from shared.protocol.law.lifecycle import State
from shared.runtime.database import UtcDateTime


def _word(kind: type[StrEnum]) -> sa.Enum:
    """A closed set of words kept as text: a new word needs no migration."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER key counts itself


class Base(DeclarativeBase):
    """Columns by annotation: one type for each kind of thing, in every database."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: sa.BigInteger,
        str: sa.Text,
        bytes: sa.LargeBinary,
        datetime: UtcDateTime,
        list[str]: sa.JSON,
        dict[str, Any]: sa.JSON,
        Direction: _word(Direction),
        State: _word(State),
        PackageState: _word(PackageState),
        EntryState: _word(EntryState),
    }


class RequestRow(Base):
    """A request for assistance, ours (`out`) or a peer's (`in`). `turn` counts its acts."""

    __tablename__ = "request"
    __table_args__ = (
        sa.Index("request_by_state", "state", "id"),
        sa.Index("request_by_peer", "peer", "id"),
        sa.Index("request_by_reference", "own_reference"),
        sa.Index("request_by_kind", "kind", "id"),
        sa.Index("request_by_urgency", "urgency", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    direction: Mapped[Direction]
    peer: Mapped[str]
    state: Mapped[State]  # the fold of its measures
    turn: Mapped[int]
    kind: Mapped[str | None]  # these three are of the document, for searches
    urgency: Mapped[str | None]
    instrument: Mapped[str | None]
    disagreement: Mapped[str | None]  # what the peer said of its state, where it is another one
    version: Mapped[int]
    document: Mapped[bytes]  # canonical JSON
    digest: Mapped[str]  # SHA-256 of `document`
    own_reference: Mapped[str]
    entry_channel: Mapped[str | None]
    entry_epoch: Mapped[int | None]
    entry_seq: Mapped[int | None]
    entry_hash: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class MeasureRow(Base):
    """One measure a request asks for."""

    __tablename__ = "measure"

    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    measure_id: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int]
    code: Mapped[str]
    description: Mapped[str]
    state: Mapped[State]
    consulted_at: Mapped[datetime | None]  # T13: without it there is no refusal


class HistoryRow(Base):
    """One state an object entered; appended, never changed. Refusals name their rule in `by`."""

    __tablename__ = "history"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    object_id: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
    state: Mapped[str]
    by: Mapped[str]
    officer: Mapped[str | None]  # as the national system asserts it


class ApprovalRow(Base):
    """One officer's signed approval of one version of one object."""

    __tablename__ = "approval"
    __table_args__ = (sa.UniqueConstraint("object_id", "act", "version"),)

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    object_id: Mapped[str]
    act: Mapped[str]
    version: Mapped[int]
    digest: Mapped[str]
    officer: Mapped[str]
    kid: Mapped[str]
    client_id: Mapped[str]
    jws: Mapped[str]  # compact, as it came
    hash: Mapped[str]
    at: Mapped[datetime]


class PackageRow(Base):
    """A package of evidence, ours (`out`) or a peer's (`in`)."""

    __tablename__ = "package"

    id: Mapped[str] = mapped_column(primary_key=True)
    direction: Mapped[Direction]
    peer: Mapped[str]
    request_id: Mapped[str] = mapped_column(index=True)
    state: Mapped[PackageState] = mapped_column(index=True)
    version: Mapped[int]
    segment_size: Mapped[int]  # of plaintext
    wrapped_key: Mapped[bytes | None]  # content key under the storage key; null when destroyed
    sealed_title: Mapped[bytes | None]  # under a key derived from the content key
    case_blob: Mapped[str | None]  # the authority's own CASE graph, sealed, in the vault
    measures: Mapped[list[str]]
    index_sha384: Mapped[str | None]
    index_blob: Mapped[str | None]  # the segment index in the vault
    segments: Mapped[int]
    items: Mapped[int]
    size: Mapped[int]  # plaintext of all items, tag files not counted
    tagmanifest_sha256: Mapped[str | None]
    entry_channel: Mapped[str | None]
    entry_epoch: Mapped[int | None]
    entry_seq: Mapped[int | None]
    entry_hash: Mapped[str | None]
    progress_phase: Mapped[str | None]
    progress_done: Mapped[int | None]
    progress_total: Mapped[int | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))  # a Problem
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    expires: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ItemRow(Base):
    """One evidence file of a package. Name, media type and SHA-256 are in the sealed declaration."""

    __tablename__ = "item"
    __table_args__ = (sa.UniqueConstraint("package_id", "name_mac"),)

    package_id: Mapped[str] = mapped_column(sa.ForeignKey("package.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int]
    sealed_declaration: Mapped[bytes]
    declaration_mac: Mapped[bytes]  # HMAC of the declaration: is it the same again?
    name_mac: Mapped[bytes]  # HMAC of the case-folded stored path: is the name taken?
    size: Mapped[int]  # of plaintext
    segments: Mapped[int]
    checked: Mapped[bool]  # the pass over this item that is under way found it right


class SegmentRow(Base):
    """One sealed segment. `digest`, SHA-256 of the ciphertext, is also its name in the vault."""

    __tablename__ = "segment"

    package_id: Mapped[str] = mapped_column(sa.ForeignKey("package.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    size: Mapped[int]  # of ciphertext
    mac: Mapped[bytes | None]  # `encryption.segment_mac` of the plaintext; null at the receiver
    stored: Mapped[bool]


class ChannelRow(Base):
    """One direction between two countries and its head."""

    __tablename__ = "channel"

    channel: Mapped[str] = mapped_column(primary_key=True)  # "QM>QN"
    direction: Mapped[Direction]
    epoch: Mapped[int]
    head_seq: Mapped[int]  # -1: nothing yet
    head_hash: Mapped[str]
    frozen: Mapped[str | None]  # why


class EntryRow(Base):
    """One entry of a channel: the signed bytes as they are, and what was read from them."""

    __tablename__ = "entry"
    __table_args__ = (sa.Index("entry_due", "direction", "state", "due_at"),)

    channel: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)  # SHA-384 of the payload
    prev: Mapped[str]
    type: Mapped[str]
    direction: Mapped[Direction]
    request_id: Mapped[str | None] = mapped_column(index=True)
    transfer_id: Mapped[str | None] = mapped_column(index=True)
    about_hash: Mapped[str | None] = mapped_column(index=True)  # of receipts: what they are about
    outcome: Mapped[str | None]  # of receipts: their kind
    jws: Mapped[bytes]
    leaf: Mapped[bytes | None]  # of the writer's log
    log_index: Mapped[int | None]
    proof: Mapped[str | None]  # tlog-proof of the writer's log
    state: Mapped[EntryState]
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]


class EventRow(Base):
    """What happened and must reach the log: the outbox to audit."""

    __tablename__ = "event"
    __table_args__ = (sa.Index("event_due", "done", "due_at"),)

    position: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    payload: Mapped[bytes]  # canonical JSON
    entry_hash: Mapped[str | None] = mapped_column(index=True)
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    done: Mapped[bool]
    log_index: Mapped[int | None]
    created_at: Mapped[datetime]


class RepeatRow(Base):
    """A write under a key of its caller's: which bytes, and whose object came of it."""

    __tablename__ = "repeat"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    subject: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
