"""All that a node can tell of the custody of a package: what a report, a graph and a check are made from."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError
from shared.protocol.law.custody import Count, Record, read_record
from shared.protocol.law.custodychain import by_item, check_chain
from shared.protocol.law.custodyfile import LeftOut
from shared.protocol.law.forms import Form
from shared.protocol.law.texts import CountryCode, Id, Instant, Line

_MANY: Any = Field(strict=False)


class Exhibit(Form):
    """An item; its names only where the node can still open what was declared of it."""

    item_id: Id
    path: str | None = None
    original_name: str | None = None


class HandOver(Form):
    """An entry of the channel about the package: signed by its writer, in the logs of both."""

    what: Line  # `package`, or the kind of a receipt
    country: CountryCode  # who wrote and signed it
    channel: Line
    epoch: Count
    seq: Count
    hash: Line
    at: Instant
    log_index: Count | None = None  # in the log of this country


class Condition(Form):
    """A condition on the use of the evidence."""

    code: Line
    text: str
    parameters: dict[str, str] = Field(default_factory=dict)
    measures: Annotated[tuple[Line, ...], _MANY] = ()


class Asked(Form):
    """What the request says that a report on its evidence has to repeat."""

    reference: str
    authority: str
    legal_basis: Annotated[tuple[str, ...], _MANY] = ()
    purpose: str = ""
    formalities: Annotated[tuple[str, ...], _MANY] = ()


class Told(Form):
    """Everything but the records."""

    v: int = 1
    package_id: Id
    request_id: Id
    sender: CountryCode
    sender_name: str
    receiver: CountryCode
    receiver_name: str
    shown_by: CountryCode
    made_at: Instant
    state: Line
    index_sha384: str | None = None
    tagmanifest_sha256: str | None = None
    asked: Asked
    exhibits: Annotated[tuple[Exhibit, ...], _MANY]
    handovers: Annotated[tuple[HandOver, ...], _MANY] = ()
    conditions: Annotated[tuple[Condition, ...], _MANY] = ()
    left_out: Annotated[tuple[LeftOut, ...], _MANY] = ()


class Trace(Told):
    """What a node tells of the custody of a package, its chains unbroken."""

    records: Mapping[str, Sequence[Record]]

    def to_json(self) -> dict[str, Json]:
        """Give it as JSON; the records in one list, item by item."""
        value: dict[str, Json] = self.model_dump(
            mode="json", exclude_none=True, exclude={"records"}
        )
        rows: list[Json] = [
            record.to_json() for records in self.records.values() for record in records
        ]
        return {**value, "records": rows}

    def of(self, item_id: str) -> Sequence[Record]:
        """Return the records of an item, in order."""
        return self.records.get(item_id, ())


def trace(told: Told, records: Mapping[str, Sequence[Record]]) -> Trace:
    """Put records to what else is told, their chains checked.

    Raises:
        ChainError: a chain is broken; says where.
    """
    for chain in records.values():
        check_chain(chain)
    fields = {name: getattr(told, name) for name in Told.model_fields}
    return Trace.model_construct(**fields, records=records)


def read_trace(value: Json) -> Trace:
    """Read what `Trace.to_json` gave, and check every chain in it.

    Raises:
        FormatError: it is something else.
        ChainError: a chain is broken; says where.
    """
    if not isinstance(value, dict) or not isinstance(rows := value.get("records"), list):
        raise FormatError("this is no account of custody")
    rest = {name: part for name, part in value.items() if name != "records"}
    try:
        told = Told.model_validate_json(canonical.encode(rest))
    except ValidationError as error:
        raise FormatError("this is no account of custody") from error
    return trace(told, by_item(read_record(row) for row in rows))
