"""The custody records that travel with a package: `metadata/custody.json` (spec/custody.md, 3).

The sender's records of every item up to its seal. The tag manifest binds the file, so the sender's signature
and the package entry in both logs stand for it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from shared.protocol import canonical
from shared.protocol.bag import MAX_CUSTODY
from shared.protocol.canonical import Json
from shared.protocol.errors import ChainError, DigestMismatchError, FormatError
from shared.protocol.law.custody import (
    Act,
    Hashes,
    Note,
    Performer,
    Record,
    Statement,
    TimeSource,
    Tool,
    read_record,
)
from shared.protocol.law.custodychain import Subject, by_item, check_chain, follow
from shared.protocol.law.forms import Form
from shared.protocol.law.texts import Id

Because = Literal["PRIVILEGED", "SCOPE", "THIRD_PARTY", "DISPUTED", "DUPLICATE", "MISTAKE"]


class LeftOut(Form):
    """Something that was declared and is not in the package, without its name or digest."""

    item_id: Id
    why: Because
    reason: Note | None = None

    def to_json(self) -> dict[str, Json]:
        """Give it as JSON."""
        value: dict[str, Json] = self.model_dump(mode="json", exclude_none=True)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """What a custody file says; nothing of it is proven by reading it.

    Attributes:
        package_id: the package.
        country: whose records they are.
        items: the records of each item, in order.
        left_out: what is not in the package, and why.
    """

    package_id: str
    country: str
    items: Mapping[str, Sequence[Record]]
    left_out: Sequence[LeftOut] = ()

    @property
    def size(self) -> int:
        """How many records there are."""
        return sum(map(len, self.items.values()))

    def sealed(self, item_id: str) -> str | None:
        """The SHA-256 under which an item was sealed, in hex; None if nothing is told of it."""
        records = self.items.get(item_id)
        return records[-1].content if records else None

    def to_bytes(self) -> bytes:
        """Write the file: canonical JSON, item by item."""
        rows = [record.to_json() for records in self.items.values() for record in records]
        return canonical.encode(
            {
                "v": 1,
                "package_id": self.package_id,
                "country": self.country,
                "records": rows,
                "left_out": [one.to_json() for one in self.left_out],
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An item of a package that is being closed.

    Attributes:
        subject: which item.
        before: what its preparer says was done before it came to the node, oldest first.
        declared: the digests that were declared of it.
        computed: those that were computed from what is stored; the declared ones among them.
    """

    subject: Subject
    before: Sequence[Statement]
    declared: Hashes
    computed: Hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Who closes a package, with what, by whose clock, from when to when (instants)."""

    country: str
    performer: Performer
    tool: Tool
    clock: TimeSource
    begun: str
    ended: str


def close_custody(
    package_id: str, items: Sequence[Held], closing: Closing, *, left_out: Sequence[LeftOut] = ()
) -> Custody:
    """Begin the chain of every item: what was done before, then hashed and sealed by the node."""
    return Custody(
        package_id=package_id,
        country=closing.country,
        items={held.subject.item_id: _begin(held, closing) for held in items},
        left_out=left_out,
    )


def _begin(held: Held, closing: Closing) -> tuple[Record, ...]:
    chain: list[Record] = []
    sealed = held.computed | held.declared
    acts = (
        *held.before,
        _node(Act.HASHED, closing, inputs=held.declared, outputs=held.computed),
        _node(Act.SEALED, closing, inputs=sealed, outputs=sealed, seal=held.subject.package_id),
    )
    for statement in acts:
        last = chain[-1] if chain else None
        chain.append(
            follow(last, statement, held.subject, country=closing.country, at=closing.ended)
        )
    return tuple(chain)


def _node(
    act: Act, closing: Closing, *, inputs: Hashes, outputs: Hashes, seal: str | None = None
) -> Statement:
    return Statement(
        act=act,
        performer=closing.performer,
        tool=closing.tool,
        started_at=closing.begun,
        ended_at=closing.ended,
        clock=closing.clock,
        inputs=inputs,
        outputs=outputs,
        seal=seal,
    )


def read_custody(data: bytes) -> Custody:
    """Read what `Custody.to_bytes` wrote.

    Raises:
        FormatError: it is anything else.
    """
    value = canonical.parse(data, max_size=MAX_CUSTODY)
    members = len(value) if isinstance(value, dict) else 0
    match value:
        case {
            "v": 1,
            "package_id": str(package_id),
            "country": str(country),
            "records": list(rows),
            "left_out": list(left_out),
        } if members == 5:  # noqa: PLR2004  these members and no other
            found = Custody(
                package_id=package_id,
                country=country,
                items=by_item(read_record(row) for row in rows),
                left_out=tuple(_left_out(row) for row in left_out),
            )
        case _:
            raise FormatError("this is no custody file")
    order = [record.item_id for records in found.items.values() for record in records]
    if order != [row["item_id"] for row in rows if isinstance(row, dict)]:
        raise FormatError("a custody file has the records of an item together")
    return found


def check_custody(
    data: bytes, *, listed: Mapping[str, bytes], package_id: str, country: str
) -> Custody:
    """Check that every file of a package has an unbroken chain of custody up to its seal, and no other.

    Args:
        data: the content of metadata/custody.json.
        listed: the payload manifest, SHA-256 (32 bytes) by path.
        package_id: of the package.
        country: that sent it.

    Raises:
        FormatError: it is no custody file.
        ChainError: a chain is broken, does not end in a seal, or is of another package.
        DigestMismatchError: what was sealed is not what the manifest lists.
    """
    custody = read_custody(data)
    if (custody.package_id, custody.country) != (package_id, country):
        raise ChainError("the custody file is of another package")
    for item_id, records in custody.items.items():
        last = check_chain(records)
        foreign = last.keys() - {country} or {r.package_id for r in records} - {package_id}
        if foreign or last[country].act is not Act.SEALED:
            raise ChainError(f"the records of item {item_id} do not end in its seal", item=item_id)
    sealed = Counter(records[-1].content for records in custody.items.values())
    if sealed != Counter(digest.hex() for digest in listed.values()):
        raise DigestMismatchError("the items whose custody is told are not those of the manifest")
    return custody


def _left_out(value: Json) -> LeftOut:
    try:
        found = LeftOut.model_validate(value)
    except ValidationError as error:
        raise FormatError("what was left out is told with an item, and why") from error
    if found.to_json() != value:
        raise FormatError("what was left out is told in one way")
    return found
