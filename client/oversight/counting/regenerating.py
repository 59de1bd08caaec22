"""Prove a report: read what it says of itself, count the same logs again, and compare octet by octet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from client.errors import StateError
from client.oversight.counting.lists import lists
from client.oversight.counting.reading import read_logs
from client.oversight.counting.rendering import files
from client.oversight.counting.yearly import report
from client.oversight.mirror import Mirror
from client.sdk.records import as_list, as_object, number, text
from shared.protocol.canonical import Json, parse

NAME: Final = "report.json"
_MAX: Final = 2**23


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was compared, and what differs: a file, or a table in it."""

    year: int
    country: str
    compared: Sequence[str]
    differs: Sequence[str]


def prove_report(place: Path, mirrors: Sequence[Mirror], *, pinned_root: bytes) -> Proof:
    """Count again what a report says, and compare; its other forms beside it are compared, too.

    Args:
        place: `report.json`, or the folder it is in.
        mirrors: of the logs that it names, the oldest first.
        pinned_root: of the directory.

    Raises:
        FormatError: it is no report.
        StateError: it was made by other definitions, or a mirror is too short or another one.
        VerificationFailedError: a log has another history than the report was made from.
    """
    folder = place if place.is_dir() else place.parent
    found = (folder / NAME).read_bytes() if place.is_dir() else place.read_bytes()
    told = as_object(parse(found.removesuffix(b"\n"), max_size=_MAX))
    definitions = text(as_object(told.get("definitions")), "sha256")
    if definitions != lists().sha256:
        raise StateError(
            "the report was made by other definitions than those of this release",
            code="other_definitions",
            next_step=f"count with the release whose oversight.toml has SHA-256 {definitions}",
        )
    logs = [as_object(each) for each in as_list(told.get("logs"))]
    read = read_logs(
        mirrors,
        pinned_root=pinned_root,
        year=number(told, "year"),
        notes={text(each, "origin"): text(each, "checkpoint") for each in logs},
    )
    again = report(read, below=number(told, "suppressed_below"))
    made = files(again)
    there = {name: folder / name for name in made if name != NAME and (folder / name).is_file()}
    differs = [*_differences(told, again.to_json())] if made[NAME] != found else []
    differs += [name for name, path in there.items() if path.read_bytes() != made[name]]
    return Proof(year=read.year, country=read.country, compared=[NAME, *there], differs=differs)


def _differences(told: dict[str, Json], again: dict[str, Json]) -> Iterator[str]:
    """Name what differs: members of the report, and tables."""
    found = False
    before = {text(table, "id"): table for table in _tables(told)}
    for table in _tables(again):
        if before.get(text(table, "id")) != table:
            found = True
            yield f"{NAME}: table {text(table, 'id')}"
    for name in sorted({*told, *again} - {"metrics"}):
        if told.get(name) != again.get(name):
            found = True
            yield f"{NAME}: {name}"
    if not found:
        yield NAME


def _tables(told: dict[str, Json]) -> Iterator[dict[str, Json]]:
    for metric in as_list(told.get("metrics")):
        for table in as_list(as_object(metric).get("tables")):
            yield as_object(table)
