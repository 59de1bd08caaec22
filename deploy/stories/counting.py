"""What an overseer counts in a mirrored log: the numbers O01 to O24, and what fits a pattern of misuse."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from client.oversight.counting import yearly
from client.oversight.counting.docket import Docket
from client.oversight.counting.facts import facts
from client.oversight.counting.misuse import detect
from client.oversight.counting.people import People
from client.oversight.counting.reading import read_logs
from client.oversight.mirror import CHECKPOINT, Mirror, entry_bundles, tile_path
from client.sdk.records import as_list, as_object
from shared.protocol.canonical import Json
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.notes import read_note
from shared.protocol.tiles import parse_bundle

READINGS = "O18"  # of the overseers themselves, who count here
FOREVER = 2**62


def statistics(mirror: Mirror, pinned_root: bytes, year: int) -> dict[str, int]:
    """Count a year; every number but 0 by `TABLE/row/column`, without totals."""
    read = read_logs([mirror], pinned_root=pinned_root, year=year)
    report = yearly.report(read, below=0).to_json()
    return dict(_cells(as_object(report)))


def suspicions(mirror: Mirror, zone: str) -> list[str]:
    """List what fits a pattern of misuse, by the pattern's number and in words."""
    docket = Docket(until=FOREVER)
    size = read_checkpoint(read_note(mirror.read(CHECKPOINT).decode()).text).size
    bodies = (
        body for tile in entry_bundles(size) for body in parse_bundle(mirror.read(tile_path(tile)))
    )
    for index, body in enumerate(bodies):
        docket.add(index, facts(body))
    found = detect(docket, since=0, people=People(), zone=ZoneInfo(zone))
    return [f"{each.pattern} {each.says}" for each in found]


def _cells(report: dict[str, Json]) -> Iterator[tuple[str, int]]:
    for metric in map(as_object, as_list(report["metrics"])):
        for table in map(as_object, as_list(metric["tables"])):
            if metric["id"] != READINGS:
                yield from _rows(table)


def _rows(table: dict[str, Json]) -> Iterator[tuple[str, int]]:
    columns = [str(each) for each in as_list(table["columns"])]
    for row in map(as_object, as_list(table["rows"])):
        for column, cell in zip(columns, as_list(row["cells"]), strict=True):
            if row["row"] != "all" and isinstance(cell, int) and cell:
                yield f"{table['id']}/{row['row']}/{column}", cell
