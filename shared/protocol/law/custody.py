"""Custody records: what was done to an item of evidence, by whom, with what, on what authority.

One record an act and item (spec/custody.md, 1). A record names the one before it by SHA-256, so the records
of an item are a chain (`custodychain`); it carries a salt, so that its hash confirms no guess of what it
tells. Words are data (`data/custody.toml`).
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator

from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256
from shared.protocol.errors import FormatError
from shared.protocol.law.forms import Form, LegalBasis
from shared.protocol.law.library import PACKED
from shared.protocol.law.texts import CountryCode, Day, Digest, Id, Instant, Line, Text

LENGTHS: Final[Mapping[str, int]] = {
    "md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128,
    "sha3-256": 64, "sha3-512": 128, "blake2b": 128,
}  # fmt: skip
"""Hex digits of each digest that a record may name."""
MAX_RECORD: Final = 2**17  # bytes; more than every text at its longest

Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Note = Annotated[Text, StringConstraints(max_length=2_000)]
Hashes = dict[str, str]


class Act(StrEnum):
    """What can be done to an item; the words are those of `data/custody.toml`."""

    SEIZED = "SEIZED"
    RECEIVED_FROM_PROVIDER = "RECEIVED_FROM_PROVIDER"
    IMAGED = "IMAGED"
    HASHED = "HASHED"
    FILTERED = "FILTERED"
    REDACTED = "REDACTED"
    COPIED = "COPIED"
    SEALED = "SEALED"
    TRANSFERRED = "TRANSFERRED"
    RECEIVED = "RECEIVED"
    OPENED = "OPENED"
    EXAMINED = "EXAMINED"
    EXPORTED = "EXPORTED"
    RETURNED = "RETURNED"
    DESTROYED = "DESTROYED"


class Performer(Form):
    """Who did it: a person where one did, else the node on an authority's behalf."""

    person: Line | None = None
    role: Line
    authority: Line


class Tool(Form):
    """With what it was done."""

    name: Line
    version: Line | None = None
    settings: Line | None = None


class Authorisation(Form):
    """The order or warrant that allowed it."""

    type: Line
    number: Line
    court: Line
    valid_from: Day | None = None
    valid_to: Day | None = None


class TimeSource(Form):
    """Whose clock said when; `offset` is how many seconds it was ahead of true time, if that is known."""

    source: Line
    offset: Annotated[int, Field(ge=-(2**40), le=2**40)] | None = None


class Change(Form):
    """A change that could not be avoided, or was meant."""

    what: Note
    why: Note


class Source(Form):
    """The item that this one came of."""

    item_id: Id
    package_id: Id | None = None
    relation: Literal["REDACTION", "EXTRACT", "COPY", "CONVERSION", "REPLACEMENT"]
    sha256: Digest | None = None


class Statement(Form):
    """What is said of one act; who declares an item may say it of acts before the node had it."""

    act: Annotated[Act, Field(strict=False)]
    performer: Performer
    tool: Tool | None = None
    authorisation: Authorisation | None = None
    legal_basis: LegalBasis | None = None
    place: Line | None = None
    started_at: Instant
    ended_at: Instant
    clock: TimeSource | None = None
    inputs: Annotated[Hashes, Field(default_factory=dict)]
    outputs: Annotated[Hashes, Field(default_factory=dict)]
    change: Change | None = None
    storage: Line | None = None
    seal: Line | None = None
    reason: Note | None = None
    countersigned: Line | None = None

    @field_validator("inputs", "outputs")
    @classmethod
    def _known_digests(cls, given: Hashes) -> Hashes:
        for name, digest in given.items():
            if len(digest) != LENGTHS.get(name) or set(digest) - set("0123456789abcdef"):
                raise ValueError(f"{name} is no digest in lower-case hex that a record may name")
        return given


class Provenance(Form):
    """What the preparer says of an item's time before the node: what was done, and what it came of."""

    acts: Annotated[tuple[Statement, ...], Field(strict=False, max_length=50)] = ()
    derived_from: Annotated[tuple[Source, ...], Field(strict=False, max_length=100)] = ()
    root_item_id: Id | None = None

    @field_validator("acts")
    @classmethod
    def _before_the_node(cls, acts: tuple[Statement, ...]) -> tuple[Statement, ...]:
        late = [act.act for act in acts if not may_precede(act.act)]
        if late:
            raise ValueError(f"{late[0]} is recorded by the node itself")
        return acts

    @property
    def stated(self) -> Hashes:
        """The digests that the item has after the last of these acts, as far as they say."""
        digests: Hashes = {}
        for act in self.acts:
            digests = act.outputs if act.change else digests | act.outputs
        return digests

    def to_json(self) -> dict[str, Json]:
        """Give it as JSON."""
        value: dict[str, Json] = self.model_dump(
            mode="json", exclude_none=True, exclude_defaults=True
        )
        return value


class Record(Statement):
    """One act on one item, as a country wrote it down."""

    v: Literal[1] = 1
    package_id: Id
    item_id: Id
    root_item_id: Id
    derived_from: Annotated[tuple[Source, ...], Field(strict=False, max_length=100)] = ()
    country: CountryCode
    n: Count
    recorded_at: Instant
    size: Count
    media_type: Line
    salt: Salt
    prev: Digest

    def to_json(self) -> dict[str, Json]:
        """Give it as JSON; what is not said is left out."""
        value: dict[str, Json] = self.model_dump(mode="json", exclude_none=True)
        for name in ("inputs", "outputs", "derived_from"):
            if not value[name]:
                del value[name]
        return value

    def to_bytes(self) -> bytes:
        """Write it in canonical JSON: the bytes that its hash is of."""
        return canonical.encode(self.to_json())

    @property
    def digest(self) -> str:
        """SHA-256 of the record in hex: what the next one names as `prev`."""
        return sha256(self.to_bytes()).hex()

    @property
    def content(self) -> str | None:
        """The SHA-256 that the item has after this act, if the record says it."""
        return self.outputs.get("sha256") or self.inputs.get("sha256")


def read_record(value: Json) -> Record:
    """Read a record as `to_json` gives it.

    Raises:
        FormatError: it is anything else.
    """
    data = canonical.encode(value)
    if len(data) > MAX_RECORD:
        raise FormatError("a custody record is too large", limit=MAX_RECORD)
    try:
        record = Record.model_validate_json(data)
    except ValidationError as error:
        flaw = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in flaw["loc"])
        raise FormatError(f"a custody record: {place}: {flaw['msg']}", field=place) from error
    if record.to_bytes() != data:
        raise FormatError("a custody record says a thing in two ways")
    return record


@cache
def words() -> Mapping[str, Mapping[str, Any]]:
    """Return the words: list name → code → title, or a table with `title` and more."""
    return tomllib.loads((PACKED / "custody.toml").read_text(encoding="utf-8"))


def title(kind: str, code: str) -> str:
    """Return what a code means: of an act, a relation, a reason to leave out, a point."""
    meant = words()[kind][code]
    return str(meant["title"] if isinstance(meant, Mapping) else meant)


def may_precede(act: Act) -> bool:
    """Return whether an act may have been done before a node had the item."""
    return bool(words()["act"][act].get("before"))
