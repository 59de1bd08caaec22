"""What a gateway says about requests and packages, as values; `wire` keeps all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from client.errors import ClientError
from shared.protocol.canonical import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure that a request asks for; `state` is REQUESTED, ACCEPTED or REFUSED."""

    measure_id: str
    code: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for assistance; `digest` (SHA-256, hex) and `version` are what officers approve."""

    request_id: str
    direction: str
    peer: str
    state: str
    version: int
    digest: str
    measures: tuple[Measure, ...]
    waiting_for: str | None
    wire: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a long piece of work of the node has got, in bytes."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package; `digest` (SHA-384 of the segment index, hex) is what officers approve, once closed."""

    package_id: str
    direction: str
    peer: str
    request_id: str
    state: str
    version: int
    segment_size: int
    size: int
    digest: str | None
    progress: Progress | None
    problem: str | None
    waiting_for: str | None
    wire: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file of a package; `path` is the one in the bag, `sha256` hex."""

    item_id: str
    path: str
    original_name: str
    size: int
    sha256: str


def read_request(value: Json) -> Request:
    """Read a request as the gateway writes it.

    Raises:
        ClientError: the answer has another shape.
    """
    record = as_object(value)
    measures = [as_object(row) for row in as_list(record.get("measures"))]
    return Request(
        request_id=text(record, "request_id"),
        direction=text(record, "direction"),
        peer=text(record, "peer"),
        state=text(record, "state"),
        version=number(record, "version"),
        digest=text(record, "digest"),
        measures=tuple(
            Measure(
                measure_id=text(measure, "measure_id"),
                code=text(measure, "code"),
                state=text(measure, "state"),
            )
            for measure in measures
        ),
        waiting_for=maybe(record, "waiting_for"),
        wire=record,
    )


def read_package(value: Json) -> Package:
    """Read a package as the gateway writes it.

    Raises:
        ClientError: the answer has another shape.
    """
    record = as_object(value)
    error = record.get("error")
    return Package(
        package_id=text(record, "package_id"),
        direction=text(record, "direction"),
        peer=text(record, "peer"),
        request_id=text(record, "request_id"),
        state=text(record, "state"),
        version=number(record, "version"),
        segment_size=number(record, "segment_size"),
        size=number(record, "size"),
        digest=maybe(record, "digest"),
        progress=_progress(record.get("progress")),
        problem=maybe(error, "detail") if isinstance(error, dict) else None,
        waiting_for=maybe(record, "waiting_for"),
        wire=record,
    )


def read_item(value: Json) -> Item:
    """Read an item of a package as the gateway writes it.

    Raises:
        ClientError: the answer has another shape.
    """
    record = as_object(value)
    return Item(
        item_id=text(record, "item_id"),
        path=text(record, "path"),
        original_name=text(record, "original_name"),
        size=number(record, "size"),
        sha256=text(record, "sha256"),
    )


def as_object(value: Json) -> dict[str, Json]:
    """Take a JSON object."""
    if not isinstance(value, dict):
        raise _unexpected("an object")
    return value


def as_list(value: Json) -> list[Json]:
    """Take a JSON list."""
    if not isinstance(value, list):
        raise _unexpected("a list")
    return value


def text(record: Mapping[str, Json], name: str) -> str:
    """Take a member that is a text."""
    value = record.get(name)
    if not isinstance(value, str):
        raise _unexpected(f"a text {name}")
    return value


def maybe(record: Mapping[str, Json], name: str) -> str | None:
    """Take a member that is a text or nothing."""
    return None if record.get(name) is None else text(record, name)


def number(record: Mapping[str, Json], name: str) -> int:
    """Take a member that is a number."""
    value = record.get(name)
    if not isinstance(value, int):
        raise _unexpected(f"a number {name}")
    return value


def _progress(value: Json) -> Progress | None:
    if value is None:
        return None
    record = as_object(value)
    return Progress(
        phase=text(record, "phase"), done=number(record, "done"), total=number(record, "total")
    )


def _unexpected(wanted: str) -> ClientError:
    return ClientError(f"the gateway's answer has no {wanted}", code="bad_answer")
