"""Time stamps of a mirrored log: fetch their records, and check 13, that the time was when the log says.

    timestamps/<size>-<digest>.json    records (spec/timestamps.md); the digest is of the file

A stamped note is kept among the checkpoints that were seen: the checks 2 and 4 hold it against the log's
keys and its tree. What is left for check 13 is the authority's word, and that the log was not ahead of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from client.oversight.findings import Check, Findings
from client.oversight.mirror import Mirror, tile_path
from client.sdk.records import as_list, as_object, number, text
from client.sdk.session import Session
from shared.protocol import leaves
from shared.protocol.digests import sha256
from shared.protocol.errors import DigestMismatchError, SignatureError
from shared.protocol.tiles import WIDTH, Tile, parse_bundle
from shared.protocol.timestamps import Stamp, parse_stamp
from shared.protocol.timetokens import Anchors, stated_time, verify_token

FOLDER: Final = "timestamps"
TOLERANCE: Final = timedelta(minutes=1)  # between the authority's clock and the log's


def pull_stamps(session: Session, mirror: Mirror, *, size: int, query: Mapping[str, str]) -> int:
    """Fetch the stamps that are not here yet, of the tree of this size; give how many came."""
    came, start = 0, _newest(mirror)
    while True:
        page = session.get("/v1/audit/timestamps", **query, **{"from": start})
        for row in map(as_object, as_list(page.get("stamps"))):
            # One over a larger tree came since the checkpoint was read; the next pull gets it.
            if number(row, "size") <= size:
                came += _keep(mirror, text(row, "record"))
        if page.get("next") is None:
            return came
        start = number(page, "next")


def check_stamps(mirror: Mirror, anchors: Anchors | None, findings: Findings) -> None:
    """Check every stamp; without anchors it is said that the authorities' word was not checked.

    Args:
        mirror: what was pulled.
        anchors: certificates of authorities that the overseer trusts, from a source of their own.
        findings: are told of each stamp that does not hold, and if there is none at all.
    """
    names = _names(mirror)
    if not names:
        findings.details[Check.TIMES] = "no checkpoint is stamped"
        if anchors:
            findings.fail(Check.TIMES, FOLDER, "no checkpoint is stamped")
        return
    seen = {content for _, content in mirror.checkpoints()}
    times: list[tuple[int, datetime]] = []
    for name in names:
        with findings.noting(Check.TIMES, name):
            times.append(_check(mirror, name, seen, anchors))
    findings.details[Check.TIMES] = _told(len(names), times, checked=anchors is not None)


def _check(
    mirror: Mirror, name: str, seen: set[str], anchors: Anchors | None
) -> tuple[int, datetime]:
    """Check one stamp; give its size and its time."""
    stamp = _read(mirror, name)
    if stamp.note not in seen:
        raise DigestMismatchError("the stamped note is not among the checkpoints of this mirror")
    time = verify_token(stamp.token, stamp.note, anchors) if anchors else stated_time(stamp.token)
    last = _last_entry(mirror, stamp.checkpoint.size)
    if last > time + TOLERANCE:
        raise SignatureError(
            f"{stamp.authority} saw it at {time.isoformat()}, but the log dates the last entry in it"
            f" {last.isoformat()}: the log is dated forward, or one of the clocks is wrong"
        )
    return stamp.checkpoint.size, time


def _read(mirror: Mirror, name: str) -> Stamp:
    content = mirror.read(name)
    if name != _name(content):
        raise DigestMismatchError("the file is not what was pulled")
    return parse_stamp(content)


def _last_entry(mirror: Mirror, size: int) -> datetime:
    """When the log says that it took the last of so many entries."""
    n, at = divmod(size - 1, WIDTH)
    for width in range(WIDTH, at, -1):
        path = tile_path(Tile(level=None, n=n, width=width))
        if mirror.has(path):
            return leaves.parse(parse_bundle(mirror.read(path))[at]).seq_time
    raise DigestMismatchError(f"the mirror has no entry {size - 1}")


def _keep(mirror: Mirror, record: str) -> int:
    content = record.encode()
    name = _name(content)
    if mirror.has(name):
        return 0
    mirror.keep_checkpoint(parse_stamp(content).note)
    mirror.write(name, content)
    return 1


def _name(content: bytes) -> str:
    size = parse_stamp(content).checkpoint.size
    return f"{FOLDER}/{size}-{sha256(content).hex()[:16]}.json"


def _names(mirror: Mirror) -> list[str]:
    return sorted(f"{FOLDER}/{path.name}" for path in (mirror.folder / FOLDER).glob("*-*.json"))


def _newest(mirror: Mirror) -> int:
    sizes = (name.removeprefix(f"{FOLDER}/").partition("-")[0] for name in _names(mirror))
    return max((int(size) for size in sizes if size.isdecimal()), default=0)


def _told(count: int, times: list[tuple[int, datetime]], *, checked: bool) -> str:
    if not times:
        return f"{count} stamps"
    size, time = max(times)
    newest = f"{count} stamps, the newest over {size} entries at {time.isoformat()}"
    return newest if checked else f"{newest}; not checked here: no authority is trusted"
