"""Two overseers compare: every transfer that one log tells of, the other tells of as well."""

from __future__ import annotations

from collections.abc import Mapping

from client.oversight.audit import Audited, audit
from client.oversight.findings import Check, Findings
from client.oversight.ledger import Place, Transfer, shown
from client.oversight.mirror import CHECKPOINT, Mirror
from client.oversight.succession import check_link
from shared.protocol.errors import ProofError


def compare(first: Mirror, second: Mirror, *, pinned_root: bytes) -> list[tuple[str, Findings]]:
    """Audit two mirrors and compare them: of one log, of two countries (10), of one country (15).

    Returns:
        The findings of each mirror under its country, and those of the comparison under both.
    """
    results, audited = [], []
    for own in (first, second):
        findings = Findings()
        found = audit(own, pinned_root=pinned_root, findings=findings)
        audited.append(found)
        results.append((found.country if found else own.folder.name, findings))
    both = Findings()
    one, two = audited
    if one and two and one.country == two.country and one.stated.origin != two.stated.origin:
        both = _follow(one, two, second) if _continues(two, one) else _follow(two, one, first)
    elif one and two and one.stated.origin == two.stated.origin:
        _check_one_history(one, two, both)
    elif one and two:
        counts = [_agree(one, two, both), _agree(two, one, both)]
        agreed, waiting = (sum(column) for column in zip(*counts, strict=True))
        more = f", {waiting} on their way or newer than the other mirror" if waiting else ""
        both.details[Check.AGREEMENT] = f"{agreed} transfers in both logs{more}"
    return [*results, ("both", both)]


def _check_one_history(one: Audited, two: Audited, findings: Findings) -> None:
    """Check that two overseers were shown one log: all that either saw is where the longer one begins."""
    longer, shorter = (one, two) if one.stated.size >= two.stated.size else (two, one)
    seen = [*longer.newest.mirror.checkpoints(), *shorter.newest.mirror.checkpoints()]
    for name, note in [*seen, (CHECKPOINT, shorter.newest.note)]:
        evidence = longer.newest.contradiction(note)
        if evidence is not None:
            place = longer.newest.mirror.folder / longer.newest.keep_evidence(evidence)
            detail = f"the log showed two histories; the evidence is in {place}"
            findings.fail(Check.AGREEMENT, name, detail)
    sizes = f"{shorter.stated.size} and {longer.stated.size} entries"
    findings.details[Check.AGREEMENT] = f"one history of {longer.stated.origin}, {sizes}"


def _continues(later: Audited, earlier: Audited) -> bool:
    before = later.ledger.continues
    return before is not None and before.origin == earlier.stated.origin


def _follow(earlier: Audited, later: Audited, mirror: Mirror) -> Findings:
    """Check that one of a country's logs goes on where the other one ended (check 15)."""
    if _continues(later, earlier):
        return check_link(earlier.ledger, earlier.stated, later.ledger, mirror)
    findings = Findings()
    detail = f"{later.stated.origin} and {earlier.stated.origin} do not follow each other"
    findings.fail(Check.SUCCESSION, "entry 0", detail)
    return findings


def _agree(sender: Audited, reader: Audited, findings: Findings) -> tuple[int, int]:
    """Compare what one sent with what the other received; give how many agree, how many may yet."""
    channel = f"{sender.country}>{reader.country}"
    sent = _of(channel, sender.ledger.sent)
    received = _of(channel, reader.ledger.received)
    waiting = 0
    for place in sorted(sent.keys() | received.keys()):
        try:
            waiting += _compare_one(sent.get(place), received.get(place), sender, reader)
        except ProofError as error:
            findings.fail(Check.AGREEMENT, shown(place), error.detail)
    return len(sent.keys() & received.keys()), waiting


def _of(channel: str, transfers: Mapping[Place, Transfer]) -> dict[Place, Transfer]:
    return {place: each for place, each in transfers.items() if place[0] == channel}


def _compare_one(
    sent: Transfer | None, received: Transfer | None, sender: Audited, reader: Audited
) -> int:
    """Compare the two records of one transfer; 1 if the missing one may yet come.

    Raises:
        ProofError: they contradict each other, or one of them was removed.
    """
    country = sender.country
    if received is None:
        assert sent is not None
        return _check_on_its_way(sent, sender, reader)
    counterpart = reader.counterparts.get(received.place)
    if counterpart and counterpart.checkpoint.origin != sender.stated.origin:
        return 1  # it stands in an earlier or a later log of its sender
    if sent is None:
        if counterpart and counterpart.index >= sender.stated.size:
            return 1
        raise ProofError(f"{country} sent it (entry {received.index} there) and has no entry of it")
    if sent.hash != received.hash:
        raise ProofError(f"it is one entry at {sent.index} and another at {received.index}")
    if counterpart:
        stated = counterpart.checkpoint
        if sender.root_of(stated.size) not in {None, stated.root}:
            raise ProofError(f"{country} showed another tree of size {stated.size} than it keeps")
    return 0


def _check_on_its_way(sent: Transfer, sender: Audited, reader: Audited) -> int:
    """Take a transfer for one on its way only if its reader has not said or logged otherwise."""
    country = reader.country
    about = sent.place, sent.hash
    if any(each.about == about for each in sender.ledger.received.values()):
        raise ProofError(f"{country} has receipted it and has no entry of it")
    later = [place for place in reader.ledger.received if place[0] == sent.place[0]]
    if later and max(later) > sent.place:
        raise ProofError(f"{country} has later entries of the channel and not this one")
    return 1
