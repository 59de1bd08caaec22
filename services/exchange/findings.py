"""Use cases: what a person in a role found is taken, kept with their signature, and shown.

A finding answers a gate that needs a human, or opens a shut one where the table of gates lets that role
(`law/data/gates.toml`). The filter team's word on each item of a package is one, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.exchange import approving, casework, custody, gatefacts
from services.exchange.approving import Officers
from services.exchange.bench import Bench
from services.exchange.gatefacts import Filtering, Found
from services.exchange.gating.matter import Finding
from services.exchange.records import Package, Request, SignedStatement
from services.exchange.signed import Signed
from services.exchange.states import Actor, Direction, PackageState
from services.exchange.store import Session, contents, packages, requests
from services.exchange.store import findings as kept
from shared.protocol import approvals, canonical
from shared.protocol.law import gates
from shared.protocol.law.custody import Act
from shared.runtime.refusals import Conflict, NotAllowed, Unprocessable

FILTERS = "RD-PRIV"
_OPEN_TO_FILTER = frozenset({PackageState.COLLECTED, PackageState.FILTERED})
_EVENTS = {
    "pass": "gate.found",
    "concern": "gate.found",  # the log tells nobody what was known
    "fail": "gate.failed",
    "override": "gate.overridden",
}
_POLITICAL = "G06"
# What an override names at these gates, and no other finding does: the one use that it opens evidence for.
_USES = {"G17": {"recipient", "purpose"}, "G18": {"case"}}
_UNSAID = {"G17": "export_unsaid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found about an object, and counts."""

    object_id: str
    findings: Sequence[Finding]
    filtered: Mapping[str, gatefacts.Seen]


def about_request(
    request_id: str, signed: Signed[Found], *, bench: Bench, actor: Actor
) -> Findings:
    """Take a finding about a request; its items are measures.

    Raises:
        NotFound: there is no such request.
        NotAllowed, Unprocessable: see `about_package`.
    """
    with bench.database.begin() as db:
        request = requests.find(db, request_id)
        known = {each.measure_id for each in request.measures}
        _take(db, request, signed, known, bench=bench, actor=actor)
        return _shown(db, request, bench.officers)


def about_package(
    package_id: str, signed: Signed[Found], *, bench: Bench, actor: Actor
) -> Findings:
    """Take a finding about a package that was closed.

    Raises:
        NotFound: there is no such package.
        Conflict: it can still be changed.
        NotAllowed: the officer has no such key, or does not hold the role.
        Unprocessable: that role finds nothing, or overrides nothing, at this gate.
    """
    with bench.database.begin() as db:
        package = _closed(packages.find(db, package_id))
        known = {each.item_id for each in contents.items(db, package_id)}
        _take(db, package, signed, known, bench=bench, actor=actor)
        return _shown(db, package, bench.officers)


def filtered(package_id: str, signed: Signed[Filtering], *, bench: Bench, actor: Actor) -> Findings:
    """Take what the filter team says of items: clean, privileged, or waived by who is privileged.

    Raises:
        NotFound: there is no such package.
        Conflict: it can still be changed, or was cleared already.
        NotAllowed: the officer is not of the filter team.
        Unprocessable: an item is not of this package, or named twice.
    """
    with bench.database.begin() as db:
        package = _closed(packages.find(db, package_id))
        if package.state not in _OPEN_TO_FILTER:
            raise Conflict(
                "already_cleared",
                f"The package is {package.state.lower()}: it was looked through before that.",
                rule="G11",
                next_step="Make a new package without the items that you doubt.",
            )
        known = {each.item_id for each in contents.items(db, package_id)}
        named = [each.item_id for each in signed.statement.items]
        _check_items(named, known)
        given = _checked(
            signed, "filter", approvals.PACKAGE_FILTER, package, bench=bench, actor=actor
        )
        _check_role(FILTERS, given.kid, bench.officers)
        _keep(db, package, signed, given, actor)
        _note(db, package, signed.statement, given, bench=bench, actor=actor)
        held = sum(each.verdict != "clean" for each in signed.statement.items)
        by = given.officer
        casework.record(db, "package.filtered", package, actor, count=held, approved_by=by)
        # Commit point: before it nobody has looked; after it the word and its event stand together.
        return _shown(db, package, bench.officers)


def _note(
    db: Session,
    package: Package,
    said: Filtering,
    given: approvals.Approval,
    *,
    bench: Bench,
    actor: Actor,
) -> None:
    """Put into the custody of each item what the filter team found of it."""
    own = bench.directory.member(bench.keyring.country).name
    by = custody.performer(actor, own, officer=given.officer)
    for verdict in sorted({each.verdict for each in said.items}):
        custody.note(
            db,
            package,
            Act.FILTERED,
            keyring=bench.keyring,
            actor=actor,
            by=by,
            items=[each.item_id for each in said.items if each.verdict == verdict],
            reason=f"looked through for privilege: {verdict}",
        )


def of_request(request_id: str, *, bench: Bench) -> Findings:
    """Return what was found about a request.

    Raises:
        NotFound: there is no such request.
    """
    with bench.database.read() as db:
        return _shown(db, requests.find(db, request_id), bench.officers)


def of_package(package_id: str, *, bench: Bench) -> Findings:
    """Return what was found about a package.

    Raises:
        NotFound: there is no such package.
    """
    with bench.database.read() as db:
        return _shown(db, packages.find(db, package_id), bench.officers)


def _take(
    db: Session,
    subject: Request | Package,
    signed: Signed[Found],
    known: set[str],
    *,
    bench: Bench,
    actor: Actor,
) -> None:
    said = signed.statement
    _check_gate(said)
    _check_items(said.items, known)
    given = _checked(signed, "findings", approvals.FINDING, subject, bench=bench, actor=actor)
    _check_role(said.role, given.kid, bench.officers)
    _keep(db, subject, signed, given, actor)
    event, by = _EVENTS[said.verdict], given.officer
    casework.record(db, event, subject, actor, reason=said.gate, approved_by=by)
    # Commit point: before it nothing was found; after it the finding and its event stand together.


def _checked(
    signed: Signed[Found] | Signed[Filtering],
    what: str,
    act: str,
    subject: Request | Package,
    *,
    bench: Bench,
    actor: Actor,
) -> approvals.Approval:
    return approving.check_statement(
        signed, what, act, subject, officers=bench.officers, now=actor.at
    )


def _keep(
    db: Session,
    subject: Request | Package,
    signed: Signed[Found] | Signed[Filtering],
    given: approvals.Approval,
    actor: Actor,
) -> None:
    said = signed.statement.model_dump(mode="json", by_alias=True, exclude_unset=True)
    kept.add(
        db,
        SignedStatement(
            object_id=subject.id,
            act=given.act,
            version=subject.version,
            statement=canonical.encode(said),
            approval=signed.approval,
            officer=given.officer,
            client_id=actor.client_id,
            at=actor.at,
        ),
    )


def _check_gate(said: Found) -> None:
    rule = gates.table().gate.get(said.gate)
    finders = rule.finders if rule is not None else ()
    openers = rule.override.roles if rule is not None and rule.override is not None else ()
    able = openers if said.verdict == "override" else finders
    if said.role not in able:
        verb = "overrides" if said.verdict == "override" else "finds"
        raise Unprocessable(
            "not_for_this_role",
            f"At {said.gate} {', '.join(able) or 'nobody'} {verb}, and not {said.role}.",
            rule=said.gate,
            next_step="See the table of gates for who may say what.",
        )
    if said.verdict == "concern" and said.gate != _POLITICAL:
        raise Unprocessable(
            "no_concern_here",
            f"At {said.gate} there is nothing for two to look at.",
            rule=said.gate,
            next_step="Say pass or fail; a concern is for G06, political offence and persecution.",
        )
    _check_use(said)
    least = gates.policy().reasons_least
    if said.verdict != "pass" and len(said.text.strip()) < least:
        raise Unprocessable(
            "reasons_missing",
            f"Reasons of {least} characters or more are needed.",
            rule=said.gate,
            next_step="Say why, in words that an overseer understands.",
        )


def _check_use(said: Found) -> None:
    named = {name for name in ("case", "recipient", "purpose") if getattr(said, name) is not None}
    if named != _USES.get(said.gate, set()):
        raise Unprocessable(
            _UNSAID.get(said.gate, "case_unsaid"),
            "What alone it opens evidence for is named by an override of G18 (the case) and of G17 "
            "(recipient and purpose), and by no other finding.",
            rule=said.gate,
            next_step="Name it as the file or the transfer has it, or leave it out.",
        )


def _check_items(named: Sequence[str], known: set[str]) -> None:
    unknown = sorted(set(named) - known)
    if unknown or len(set(named)) != len(named):
        raise Unprocessable(
            "unknown_item",
            f"Not of this object, or named twice: {', '.join(unknown or sorted(set(named)))}.",
            next_step="Name measures of a request, or items of a package, each once.",
        )


def _check_role(role: str, kid: str, officers: Officers) -> None:
    if role not in officers.by_kid[kid].roles:
        raise NotAllowed(
            "role_not_held",
            f"The officer who signed does not hold the role {role} here.",
            rule="process 2.1",
            next_step="Have somebody sign who holds it in the registry of the exchange.",
        )


def _closed(package: Package) -> Package:
    if package.direction is Direction.OUT and package.index_sha384 is None:
        raise Conflict(
            "not_closed",
            "The package can still be changed: what was found of it would not last.",
            next_step="Close it first.",
        )
    return package


def _shown(db: Session, subject: Request | Package, officers: Officers) -> Findings:
    standing = gatefacts.standing(db, subject, officers)
    return Findings(
        object_id=subject.id,
        findings=[each for each in standing if isinstance(each, Finding)],
        filtered=gatefacts.seen(standing),
    )
