"""Conditions, and what becomes of evidence that was received: use, onward transfer, deletion."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.exchange import collection, disposal, keeping, onward, reporting, usage
from services.exchange.routes import answers
from services.exchange.routes.answers import PackageAnswer, RequestAnswer
from services.exchange.routes.parts import Acting, Node, Parts
from services.exchange.routes.repeats import Repeatable
from services.exchange.signed import Signed
from shared.protocol.messages import Term
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1", route_class=StrictRoute)


class TermAnswer(BaseModel):
    """One condition, and where it stands."""

    term: Term
    state: str


class ConditionSetAnswer(BaseModel):
    """Conditions that were proposed together; `digest` is what is signed when they are accepted."""

    set_id: str
    state: str
    digest: str
    measures: tuple[str, ...]
    terms: tuple[TermAnswer, ...]
    text: str
    proposed_at: datetime
    settled_at: datetime | None


class ConditionsAnswer(BaseModel):
    """The conditions of a request, the oldest set first."""

    request_id: str
    sets: tuple[ConditionSetAnswer, ...]


class OnwardAnswer(BaseModel):
    """Evidence that is to go on, or went on, to a third State; `token` is the entry that consents."""

    onward_id: str
    state: str
    recipient: str
    purpose: str
    items: tuple[str, ...]
    urgent: bool
    until: datetime | None
    token: str | None


class UseAnswer(BaseModel):
    """How a package may be used, how long it is kept, and how it ended."""

    package_id: str
    terms: tuple[Term, ...]
    retain_until: date | None
    restricted: str | None
    ordered: str | None
    hold: str | None
    reason: str | None
    destroyed_at: datetime | None
    shredded_at: datetime | None
    certificate: str | None
    countersigned: str | None
    onward: tuple[OnwardAnswer, ...]


@router.get("/requests/{request_id}/conditions")
def show_conditions(request_id: str, node: Node) -> ConditionsAnswer:
    """Show the conditions of a request, word for word."""
    found = usage.conditions_of(request_id, database=node.database)
    return ConditionsAnswer(
        request_id=request_id,
        sets=tuple(
            ConditionSetAnswer(
                set_id=each.id,
                state=each.state,
                digest=each.digest,
                measures=each.measures,
                terms=tuple(
                    TermAnswer(term=term, state=state)
                    for term, state in zip(each.terms, each.states, strict=True)
                ),
                text=each.text,
                proposed_at=each.proposed_at,
                settled_at=each.settled_at,
            )
            for each in found
        ),
    )


@router.post("/requests/{request_id}/use-report-request")
def ask_report(
    request_id: str, content: reporting.Asking, actor: Acting, node: Repeatable
) -> RequestAnswer:
    """Ask what became of the evidence (BUD 28(4))."""
    return answers.request(reporting.ask(request_id, content, bench=node.bench, actor=actor))


@router.post("/requests/{request_id}/use-report")
def report_use(
    request_id: str, content: reporting.Reporting, actor: Acting, node: Repeatable
) -> RequestAnswer:
    """Tell what became of the evidence."""
    return answers.request(reporting.report(request_id, content, bench=node.bench, actor=actor))


@router.post("/requests/{request_id}/breach")
def note_breach(
    request_id: str, content: reporting.Breaching, actor: Acting, node: Repeatable
) -> RequestAnswer:
    """Note, in both countries, that conditions were breached."""
    return answers.request(reporting.breach(request_id, content, bench=node.bench, actor=actor))


@router.get("/packages/{package_id}/use")
def show_use(package_id: str, node: Node) -> UseAnswer:
    """Show how a package may be used, until when, and how it ended."""
    use, asked = usage.use_of(package_id, database=node.database)
    fields = {name: getattr(use, name) for name in UseAnswer.model_fields if name != "onward"}
    return UseAnswer(
        **fields,
        onward=tuple(
            OnwardAnswer(
                onward_id=each.id,
                state=each.state,
                recipient=each.recipient,
                purpose=each.purpose,
                items=each.items,
                urgent=each.urgent,
                until=each.until,
                token=each.token,
            )
            for each in asked
        ),
    )


@router.post("/packages/{package_id}/onward")
def ask_onward(
    package_id: str, content: onward.Asking, actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Ask the country that sent a package whether it may go on to a third State."""
    onward.ask(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


@router.post("/packages/{package_id}/onward-consent")
def consent_onward(
    package_id: str, content: Signed[onward.Consenting], actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Consent, on an officer's signature, to evidence going on; or refuse."""
    onward.consent(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


@router.post("/packages/{package_id}/export")
def export(
    package_id: str, content: onward.Exporting, actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Hand evidence on to a third State, with its sender's consent."""
    onward.export(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


@router.post("/packages/{package_id}/legal-hold")
def hold(
    package_id: str, content: Signed[keeping.Holding], actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Keep evidence from being destroyed, on an officer's signature; or end that."""
    keeping.hold(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


@router.post("/packages/{package_id}/review-retention")
def review(
    package_id: str, content: Signed[keeping.Reviewing], actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Find, on an officer's signature, that evidence is still needed."""
    keeping.review(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


@router.post("/packages/{package_id}/destroy")
def destroy(
    package_id: str, content: Signed[disposal.Destroying], actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Destroy evidence, on an officer's signature; both countries sign for it."""
    disposal.destroy(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


@router.post("/packages/{package_id}/give-back")
def give_back(
    package_id: str, content: Signed[disposal.Returning], actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Return what was received, and keep no copy, on an officer's signature."""
    disposal.give_back(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


@router.post("/packages/{package_id}/deletion-request")
def ask_deletion(
    package_id: str, content: reporting.Deleting, actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Ask whoever received a package to delete or restrict it."""
    reporting.delete(package_id, content, bench=node.bench, actor=actor)
    return _package(package_id, node)


def _package(package_id: str, node: Parts) -> PackageAnswer:
    file = collection.view(package_id, database=node.database, keyring=node.keyring)
    return answers.package(file)
