"""What a national system hands in: drafts and declarations, their shapes and limits."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.protocol.encryption import DEFAULT_SEGMENT, MAX_SEGMENT, MIN_SEGMENT
from shared.protocol.law.custody import Provenance
from shared.protocol.messages import Digest, Id, Label

TEXT = r"^[^\x00]*$"  # U+0000 has no place in a text: not every database keeps it
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=TEXT)
]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=TEXT)]
Note = Annotated[str, StringConstraints(max_length=5_000, pattern=TEXT)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$")]
MediaType = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$", max_length=127)
]
SIZE_LIMIT = 2**50  # bytes of one item


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Approved(_Model):
    """An officer's approval, as a compact JWS."""

    approval: Annotated[str, StringConstraints(max_length=4_096)]


class PackageDraft(_Model):
    """A package before anything is in it."""

    request_id: Id
    measures: Annotated[list[Label], Field(min_length=1, max_length=100)]
    title: Line
    segment_size: Annotated[int, Field(ge=MIN_SEGMENT, le=MAX_SEGMENT)] = DEFAULT_SEGMENT


class Answers(_Model):
    """What a file answers, as whoever packs it says: gates compare it with what was asked (G03)."""

    measure_id: Label
    category: Annotated[str, StringConstraints(pattern=r"^DC-[A-Z]{3}$")]
    identifier: Line | None = None  # that the result is about
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    third_party: bool = False  # it holds data of third persons
    treated: Note = ""  # that they are redacted, or why they go along
    readers: Annotated[tuple[Line, ...], Field(max_length=100)] = ()  # who alone may read it


class ItemDraft(_Model):
    """A file before its first octet is sent."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=900)] | None = (
        None  # in the bag; without it one is made from the original name
    )
    original_name: Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=TEXT)]
    size: Annotated[int, Field(ge=0, le=SIZE_LIMIT)]
    sha256: Digest
    media_type: MediaType = "application/octet-stream"
    custody: Provenance | None = None  # what was done with it before the node had it
    answers: Answers | None = None  # without it the item cannot leave
