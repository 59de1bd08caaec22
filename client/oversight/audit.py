"""Audit a mirror offline, from a pinned root: is the log whole, consistent, and answered abroad?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from client.oversight.findings import Check, Findings
from client.oversight.ledger import Ledger, Place
from client.oversight.mirror import CASE_KEY, CHECKPOINT, DIRECTORY, Mirror
from client.oversight.transfers import check_channels, check_incoming, check_outgoing
from client.oversight.tree import Tree, read_entries
from shared.protocol.checkpoints import Checkpoint, read_checkpoint, verify_checkpoint
from shared.protocol.errors import ProtocolError, TrustError
from shared.protocol.identifiers import Country
from shared.protocol.logproofs import ProvenLeaf
from shared.protocol.notes import read_note
from shared.protocol.trust import Member, read_bundle


@dataclass(slots=True, kw_only=True)
class Audited:
    """What one mirror proves.

    Attributes:
        member: whose log it is.
        stated: the newest checkpoint.
        ledger: the transfers that the log tells of.
        counterparts: where the other country's leaves of received transfers stand.
        roots: of the sizes that were asked for.
    """

    member: Member
    stated: Checkpoint
    ledger: Ledger
    counterparts: dict[Place, ProvenLeaf]
    roots: dict[int, bytes]


def audit(
    mirror: Mirror, *, pinned_root: bytes, findings: Findings, sizes: Iterable[int] = ()
) -> Audited | None:
    """Make the checks 1 to 9 of a mirror.

    Args:
        mirror: what was pulled.
        pinned_root: the root of the directory, from a source that the overseer trusts.
        findings: are told of everything that does not hold.
        sizes: of earlier trees whose roots are wanted.

    Returns:
        What it proves; None if not even the directory or the newest checkpoint holds.
    """
    try:
        members, member, stated = _begin(mirror, pinned_root, findings)
    except ProtocolError as error:
        check = Check.CHECKPOINTS if Check.TRUST in findings.details else Check.TRUST
        findings.fail(check, str(error.facts.get("object", CHECKPOINT)), error.detail)
        return None
    seen = dict(_seen(mirror, member, findings))
    case_key = mirror.read(CASE_KEY) if mirror.has(CASE_KEY) else None
    ledger = Ledger(origin=stated.origin, case_key=case_key, findings=findings)
    tree = Tree({*sizes, *(each.size for each in seen.values())})
    for index, body in read_entries(mirror, stated, tree, findings):
        ledger.add(index, body)
    ledger.finish()
    _check_history(seen, stated, tree, findings)
    if Check.TREE not in findings.details:
        return None  # not all entries could be read: what is missing would be said of every one
    check_channels(mirror, ledger, findings)
    counterparts = check_incoming(mirror, ledger, members, findings)
    check_outgoing(ledger, findings)
    return Audited(
        member=member,
        stated=stated,
        ledger=ledger,
        counterparts=counterparts,
        roots=tree.roots,
    )


def _begin(
    mirror: Mirror, pinned_root: bytes, findings: Findings
) -> tuple[Mapping[Country, Member], Member, Checkpoint]:
    """Trust, then the newest checkpoint by the keys that the directory gives its log."""
    members = read_bundle(mirror.read(DIRECTORY), pinned_root)
    findings.details[Check.TRUST] = "the directory vouches for " + ", ".join(sorted(members))
    text = mirror.read(CHECKPOINT).decode("utf-8", "replace")
    origin = read_checkpoint(read_note(text).text).origin
    for member in members.values():
        if member.log_origin == origin:
            return members, member, verify_checkpoint(text, member.log_vkeys)
    raise TrustError(f"the directory knows no log {origin}")


def _seen(mirror: Mirror, member: Member, findings: Findings) -> Iterator[tuple[str, Checkpoint]]:
    """Check the signatures of every checkpoint ever seen."""
    count = 0
    for name, text in mirror.checkpoints():
        with findings.noting(Check.CHECKPOINTS, name):
            yield name, verify_checkpoint(text, member.log_vkeys)
        count += 1
    findings.details[Check.CHECKPOINTS] = f"{count} checkpoints of {member.log_origin}"


def _check_history(
    seen: Mapping[str, Checkpoint], stated: Checkpoint, tree: Tree, findings: Findings
) -> None:
    """Find each tree that was signed once among the trees that the entries now make up."""
    holds = max((each.size for each in seen.values() if _is_prefix(each, tree)), default=0)
    for name, checkpoint in seen.items():
        if checkpoint.size > stated.size:
            detail = f"the log went back from {checkpoint.size} to {stated.size} entries"
            findings.fail(Check.HISTORY, name, detail)
        elif not _is_prefix(checkpoint, tree):
            detail = f"the first {checkpoint.size} entries were others then"
            findings.fail(Check.HISTORY, name, f"{detail}; up to {holds} they are the same")
    findings.details[Check.HISTORY] = f"up to {holds} entries"


def _is_prefix(checkpoint: Checkpoint, tree: Tree) -> bool:
    return tree.roots.get(checkpoint.size) == checkpoint.root
