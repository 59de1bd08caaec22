"""What is counted, asked and warned of, in words: `shared/protocol/law/data/oversight.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from shared.protocol.digests import sha256
from shared.protocol.law import library

_FILE: Final = "oversight.toml"
_DESCRIBED: Final = "request.described"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Values that an overseer may set otherwise; see the file for the unit of each."""

    suppress_below: int
    night_from: int
    night_until: int
    bulk_reads: int
    bulk_hours: int
    leaving_hours: int
    emergency_factor: int
    emergency_least: int
    special_least: int
    overused_percent: int
    overused_least: int
    skew_seconds: int
    ages: Sequence[int]
    near_misses: Sequence[str]
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableList:
    """One table of a metric: what a row is, what is counted, from which types of entries."""

    id: str
    title: str
    rows: str
    counts: str
    events: Sequence[str]
    show: Literal["count", "days", "sum"] = "count"
    adds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricList:
    """One metric: who publishes such numbers, what a log does not tell, its tables."""

    id: str
    title: str
    source: str
    note: str
    tables: Sequence[TableList]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionList:
    """One question: what it asks, what it is answered from, and what is beyond a log.

    `people`: the answer names persons if openings are at hand.
    """

    id: str
    asks: str
    events: Sequence[str]
    beyond: str = ""
    people: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternList:
    """One pattern of misuse."""

    id: str
    title: str
    events: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The whole file, and what it can be told by."""

    revision: str
    sha256: str
    policy: Policy
    metrics: Sequence[MetricList]
    questions: Mapping[str, QuestionList]
    patterns: Mapping[str, PatternList]


@cache
def lists() -> Lists:
    """Read the file that came with this release."""
    content = (library.PACKED / _FILE).read_bytes()
    told = tomllib.loads(content.decode())
    return Lists(
        revision=told["revision"].isoformat(),
        sha256=sha256(content).hex(),
        policy=Policy(**told["policy"]),
        metrics=[_metric(name, each) for name, each in told["metric"].items()],
        questions={name: QuestionList(id=name, **each) for name, each in told["question"].items()},
        patterns={name: PatternList(id=name, **each) for name, each in told["pattern"].items()},
    )


def is_told(seen: AbstractSet[str], events: Iterable[str]) -> bool:
    """Whether logs with these types of entries tell of such events, or that there were none.

    A log that describes its requests comes from a release that records all of them: there, none is none.
    """
    return _DESCRIBED in seen or bool(seen & {*events})


def titled(code: str) -> str:
    """Write a code with what it means: `REF-05 the conduct is no offence …`; other words as they are."""
    for kind in library.codes().values():
        if code in kind:
            meant = kind[code]
            return f"{code} {meant['title'] if isinstance(meant, Mapping) else meant}"
    return code


def data_of(measure: str) -> Sequence[str]:
    """Name the categories of data that a measure may bring; `none` if it brings none."""
    known = library.codes()["measure"].get(measure)
    return (known and known["data"]) or ["none"]


def _metric(name: str, told: Mapping[str, Any]) -> MetricList:
    tables = [TableList(id=each, **table) for each, table in told["tables"].items()]
    return MetricList(
        id=name,
        title=told["title"],
        source=told["source"],
        note=told.get("note", ""),
        tables=tables,
    )
