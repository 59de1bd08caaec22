"""Check 15: a log that follows another one begins where that one ended; nothing is lost between the two.

The first entry of a log names the last published checkpoint of the log before it. The directory names the
same end, and keeps the log before it among the closed ones. With mirrors of both, `check_link` also holds the
ends against each other, and demands of the first log what the chains had before the second began.
"""

from __future__ import annotations

from client.oversight.findings import Check, Findings
from client.oversight.ledger import Ledger, Place, shown
from client.oversight.mirror import Mirror
from client.oversight.trusting import Trusted
from shared.protocol.canonical import b64
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.identifiers import Country
from shared.protocol.identities import ClosedLog


def check_succession(ledger: Ledger, country: str, trusted: Trusted, findings: Findings) -> None:
    """Hold what a log says of its beginning against what the directory says of the log before it."""
    member = trusted.members[Country(country)]
    before, place = ledger.continues, "entry 0"
    if before is None:
        follows = member.closed_logs and ledger.origin == member.log_origin
        if follows:
            names = ", ".join(each.origin for each in member.closed_logs)
            findings.fail(Check.SUCCESSION, place, f"it continues none of the closed logs: {names}")
    else:
        ended = f"{before.origin} at {before.size} entries"
        findings.details[Check.SUCCESSION] = f"it continues {ended}"
        with findings.noting(Check.SUCCESSION, place):
            told = member.log_named(before.origin)
            if told.origin != before.origin or not isinstance(told, ClosedLog):
                detail = (
                    f"it continues {before.origin}, which the directory does not name as closed"
                )
                findings.fail(Check.SUCCESSION, place, detail)
            elif (told.size, told.root) != (before.size, b64(before.root)):
                detail = (
                    f"it continues {ended}, and the directory says {told.size}, or another root"
                )
                findings.fail(Check.SUCCESSION, place, detail)


def check_link(first: Ledger, end: Checkpoint, second: Ledger, mirror: Mirror) -> Findings:
    """Check that the second log goes on where the first one ended.

    Args:
        first: what the first log says; it was audited.
        end: its newest checkpoint.
        second: what the log that follows says.
        mirror: of the log that follows, with the chains.

    Returns:
        What does not hold, of the second log.
    """
    findings, before = Findings(), second.continues
    assert before is not None
    stated = Checkpoint(origin=before.origin, size=before.size, root=before.root)
    if stated != end:
        detail = (
            f"it continues {stated.origin} at {stated.size} entries, and the mirror has {end.size}"
        )
        findings.fail(Check.SUCCESSION, "entry 0", f"{detail}, or another root")
    logged = first.sent | first.received
    for place in sorted(_before_it(mirror, second, findings)):
        if place not in logged:
            detail = "it is in the channel and in neither log"
            findings.fail(Check.SUCCESSION, shown(place), detail)
    how = "and ended there" if first.closed else "which died there"
    findings.details[Check.SUCCESSION] = f"it continues {end.origin} at {end.size} entries, {how}"
    return findings


def _before_it(mirror: Mirror, second: Ledger, findings: Findings) -> set[Place]:
    """The places of the chains that come before the first one of a log in its channel."""
    starts = second.starts()
    found: set[Place] = set()
    for name in mirror.channels():
        with findings.noting(Check.SUCCESSION, name):
            for link in mirror.links(name):
                start = starts.get(link.channel)
                if start is not None and (link.epoch, link.seq) < start:
                    found.add((link.channel, link.epoch, link.seq))
    return found
