"""Check 12: entries are dated within the times at which the log and its witnesses signed around them.

Who signs a tree of so many entries at some time says that the next entry is younger. So an entry can be
dated back at most to the checkpoint before it, and not ahead of the first one over it. For the time of its
checkpoints the log's word stands until a witness, whose clock is its own, has seen them: how long that was
at most is said. A node that was down may be witnessed late; so that alone is no failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from client.oversight.findings import Check, Findings
from client.oversight.mirror import tile_path
from client.oversight.proving import Mirrored
from client.oversight.trusting import Keys
from shared.protocol.checkpoints import Checkpoint, check_cosignature
from shared.protocol.cosignatures import read_cosignatures
from shared.protocol.errors import ProtocolError
from shared.protocol.leaves import format_time, parse_time
from shared.protocol.notes import Algorithm, NoteVerifier, read_note
from shared.protocol.scanning import scan
from shared.protocol.tiles import WIDTH, Tile, parse_bundle

SKEW: Final = timedelta(minutes=5)
"""How far clocks may be apart, and how long signing may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A checkpoint with the times in its signatures."""

    size: int
    signed: datetime
    cosigned: tuple[datetime, ...]


def check_dates(
    seen: Mapping[str, tuple[str, Checkpoint]], newest: Mirrored, keys: Keys, findings: Findings
) -> None:
    """Check the entries on both sides of every checkpoint that was seen."""
    found = sorted(_dated(seen, keys), key=lambda each: each[1].size)
    for name, dated in found:
        for detail in (*_around(dated, newest), *_between(dated)):
            findings.fail(Check.DATES, name, detail)
    if found:
        every = [dated for _, dated in found]
        shown = f"the last at {format_time(every[-1].signed)}, {_latest(every)}"
    else:
        shown = "none"
    findings.details[Check.DATES] = f"{len(seen)} checkpoints, {shown}"


def _dated(seen: Mapping[str, tuple[str, Checkpoint]], keys: Keys) -> Iterator[tuple[str, Dated]]:
    witnesses = {each.vkey for log in keys.named for each in log.witnessed_by.witnesses}
    for name, (note, checkpoint) in seen.items():
        signed = signed_at(note, checkpoint, keys.all_vkeys)
        cosigned: tuple[datetime, ...] = ()
        with suppress(ProtocolError):  # a false line is told by check 11, if it is of the newest
            cosigned = tuple(_time(each.time) for each in read_cosignatures(note, witnesses))
        yield name, Dated(size=checkpoint.size, signed=signed, cosigned=cosigned)


def signed_at(note: str, checkpoint: Checkpoint, vkeys: Sequence[str]) -> datetime:
    """Give the time in the log's own ML-DSA-44 line, which has been checked; the newest of several."""
    lines = [
        (each, line)
        for each in map(NoteVerifier.from_vkey, vkeys)
        if each.algorithm is Algorithm.MLDSA44
        for line in each.signed(read_note(note))
    ]
    return max(_time(check_cosignature(checkpoint, each, line)) for each, line in lines)


def _around(dated: Dated, newest: Mirrored) -> Iterator[str]:
    before, after = _entry_time(newest, dated.size - 1), _entry_time(newest, dated.size)
    for time in (dated.signed, *dated.cosigned):
        if before and before > time + SKEW:
            yield f"entry {dated.size - 1} is dated {_shown(before)}, after {_shown(time)} when it was signed"
    if after and after < dated.signed - SKEW:
        yield (
            f"entry {dated.size} is dated back to {_shown(after)}:"
            f" at {_shown(dated.signed)} the log had only {dated.size} entries"
        )


def _between(dated: Dated) -> Iterator[str]:
    """Nobody can have seen a checkpoint before the log signed it."""
    if dated.cosigned and min(dated.cosigned) < dated.signed - SKEW:
        first = format_time(min(dated.cosigned))
        yield f"the log dates it {format_time(dated.signed)}, and a witness saw it at {first}"


def _latest(dated: Sequence[Dated]) -> str:
    """Say for how long dates rested on the log's word alone: not wrong by itself, but to be known."""
    delays = [min(each.cosigned) - each.signed for each in dated if each.cosigned]
    longest = max([delay for delay in delays if delay > timedelta(0)], default=timedelta(0))
    return (
        f"seen by a witness at most {longest} after it was signed"
        if delays
        else "seen by no witness"
    )


def _entry_time(newest: Mirrored, index: int) -> datetime | None:
    """When an entry says that it got its index; None where there is no entry, or none that can be read."""
    if not 0 <= index < newest.checkpoint.size:
        return None
    n, place = divmod(index, WIDTH)
    tile = Tile(level=None, n=n, width=min(newest.checkpoint.size - n * WIDTH, WIDTH))
    with suppress(ProtocolError):  # checks 3 and 5 tell of it
        entries = parse_bundle(newest.mirror.read(tile_path(tile)))
        return parse_time(scan(entries[place]).seq_time.decode())
    return None


def _time(seconds: int) -> datetime:
    """A time that no calendar has is the last that it has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC) - 2 * SKEW


def _shown(time: datetime) -> str:
    return format_time(time)
