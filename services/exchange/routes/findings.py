"""What people found, and how the gates stand: for requests and packages alike."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from services.exchange import findings, judging
from services.exchange.gatefacts import Filtering, Found, Verdict
from services.exchange.gating.moments import Moment
from services.exchange.gating.results import NeedsHuman, Pass, Result
from services.exchange.routes.parts import Acting, Node, Parts
from services.exchange.routes.repeats import Repeatable, answers_with
from services.exchange.signed import Signed
from shared.protocol.law import gates
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1", route_class=StrictRoute)


class FindingAnswer(BaseModel):
    """A finding that counts."""

    gate: str
    role: str
    officer: str
    verdict: str
    text: str
    items: tuple[str, ...]
    case: str | None = None
    recipient: str | None = None
    purpose: str | None = None
    at: datetime


class SeenAnswer(BaseModel):
    """What the filter team said of an item last."""

    item_id: str
    verdict: Verdict
    officer: str


class FindingsAnswer(BaseModel):
    """What was found about an object, and counts today."""

    object_id: str
    findings: tuple[FindingAnswer, ...]
    filtered: tuple[SeenAnswer, ...]


class GateAnswer(BaseModel):
    """How a gate stands: open, shut, or waiting for a role."""

    gate: str
    title: str
    state: Literal["open", "shut", "waits"]
    rule: str
    note: str | None = None
    detail: str | None = None
    next: str | None = None
    role: str | None = None
    items: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


class GatesAnswer(BaseModel):
    """The gates of the next moment of an object."""

    moment: Moment
    gates: tuple[GateAnswer, ...]


@router.get("/requests/{request_id}/findings")
def list_of_request(request_id: str, node: Node) -> FindingsAnswer:
    """List what was found about a request."""
    return _findings(findings.of_request(request_id, bench=node.bench))


@router.post("/requests/{request_id}/findings", status_code=201)
def find_of_request(
    request_id: str, content: Signed[Found], actor: Acting, node: Repeatable
) -> FindingsAnswer:
    """Say what you found about a request, in your role, and sign it."""
    found = findings.about_request(request_id, content, bench=node.bench, actor=actor)
    return _findings(found)


@router.get("/requests/{request_id}/gates")
def gates_of_request(request_id: str, actor: Acting, node: Node) -> GatesAnswer:
    """Show how the gates of a request's next act stand."""
    moment, results = judging.look_at_request(request_id, bench=node.bench, actor=actor)
    return GatesAnswer(moment=moment, gates=tuple(_gate(each) for each in results))


@router.get("/packages/{package_id}/findings")
def list_of_package(package_id: str, node: Node) -> FindingsAnswer:
    """List what was found about a package."""
    return _findings(findings.of_package(package_id, bench=node.bench))


@router.post("/packages/{package_id}/findings", status_code=201)
def find_of_package(
    package_id: str, content: Signed[Found], actor: Acting, node: Repeatable
) -> FindingsAnswer:
    """Say what you found about a package, in your role, and sign it."""
    found = findings.about_package(package_id, content, bench=node.bench, actor=actor)
    return _findings(found)


@router.post("/packages/{package_id}/filter", status_code=201)
def filter_package(
    package_id: str, content: Signed[Filtering], actor: Acting, node: Repeatable
) -> FindingsAnswer:
    """Say of items whether they are privileged, as the filter team."""
    return _findings(findings.filtered(package_id, content, bench=node.bench, actor=actor))


@router.get("/packages/{package_id}/gates")
def gates_of_package(package_id: str, actor: Acting, node: Node) -> GatesAnswer:
    """Show how the gates of a package's next act stand."""
    moment, results = judging.look_at_package(package_id, bench=node.bench, actor=actor)
    return GatesAnswer(moment=moment, gates=tuple(_gate(each) for each in results))


def _of_request(node: Parts, names: Mapping[str, str]) -> FindingsAnswer:
    return list_of_request(names["request_id"], node)


def _of_package(node: Parts, names: Mapping[str, str]) -> FindingsAnswer:
    return list_of_package(names["package_id"], node)


answers_with("/v1/requests/{request_id}/findings", _of_request)
answers_with("/v1/packages/{package_id}/findings", _of_package)
answers_with("/v1/packages/{package_id}/filter", _of_package)


def _findings(found: findings.Findings) -> FindingsAnswer:
    return FindingsAnswer(
        object_id=found.object_id,
        findings=tuple(
            FindingAnswer(
                gate=each.gate,
                role=each.role,
                officer=each.officer,
                verdict=each.verdict,
                text=each.text,
                items=each.items,
                case=each.use.case,
                recipient=each.use.recipient,
                purpose=each.use.purpose,
                at=each.at,
            )
            for each in found.findings
        ),
        filtered=tuple(
            SeenAnswer(item_id=each.item_id, verdict=each.verdict, officer=each.officer)
            for each in found.filtered.values()
        ),
    )


def _gate(result: Result) -> GateAnswer:
    rule = gates.rule(result.gate)
    answer = GateAnswer(gate=result.gate, title=rule.title, state="open", rule=rule.rule)
    if isinstance(result, Pass):
        return answer.model_copy(update={"note": result.note, "by": result.by})
    told: dict[str, object] = {"detail": result.detail, "note": result.code}
    if isinstance(result, NeedsHuman):
        told |= {"state": "waits", "role": result.role}
    else:
        told |= {"state": "shut", "next": result.next, "items": result.items}
    return answer.model_copy(update=told)
