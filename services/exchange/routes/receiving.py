"""What the receiving authority's system takes: the inbox, tag files, segments, proofs, the hand-over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from services.exchange import assistance, collection, reading
from services.exchange.access import Purpose
from services.exchange.reading import Wanted
from services.exchange.records import RequestsWanted
from services.exchange.routes import answers
from services.exchange.routes.answers import PackageAnswer, RequestAnswer
from services.exchange.routes.parts import Acting, Node, Number
from services.exchange.routes.repeats import Repeatable
from services.exchange.states import Direction
from shared.protocol.approvals import MAX_APPROVAL
from shared.protocol.canonical import b64u
from shared.protocol.digests import content_digest
from shared.protocol.messages import Digest
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1", route_class=StrictRoute)
OCTETS, JSON = "application/octet-stream", "application/json"


def _grant(
    officer_grant: Annotated[str | None, Header(max_length=MAX_APPROVAL)] = None,
) -> str | None:
    """An officer's leave to read the package (spec/approvals.md); who sends none is told how."""
    return officer_grant


def _purpose(
    case_reference: Annotated[str, Header(max_length=2_000)] = "",
    exculpatory: Annotated[Literal["true", "false"], Header()] = "false",
) -> Purpose:
    """The case for which evidence is opened, in percent-encoded UTF-8 (spec/conditions.md)."""
    return Purpose(case=unquote(case_reference).strip(), exculpatory=exculpatory == "true")


Grant = Annotated[str | None, Depends(_grant)]
Stated = Annotated[Purpose, Depends(_purpose)]


class Confirmation(BaseModel):
    """The SHA-256 of the tag manifest, as the authority's own system computed it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    tagmanifest_sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxAnswer:
    """What other countries sent."""

    packages: tuple[PackageAnswer, ...]
    requests: tuple[RequestAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainAnswer:
    """The files of the bag's `chain/`, in base64url by path."""

    files: Mapping[str, str]


@router.get("/inbox")
def inbox(node: Node) -> InboxAnswer:
    """List what other countries sent."""
    packages = collection.listed(
        direction=Direction.IN, state=None, database=node.database, keyring=node.keyring
    )
    requests = assistance.listed(RequestsWanted(direction=Direction.IN), database=node.database)
    return InboxAnswer(
        packages=tuple(answers.package(file) for file in packages),
        requests=tuple(answers.request(file) for file in requests),
    )


@router.get("/packages/{package_id}/tags")
def tags(package_id: str, actor: Acting, grant: Grant, purpose: Stated, node: Node) -> Response:
    """Give the tag set of a verified package to an officer who may read it."""
    octets = reading.tags(
        package_id,
        grant,
        purpose,
        bench=node.bench,
        refusals=node.refusals,
        actor=actor,
    )
    return Response(octets, media_type=JSON)


@router.get("/packages/{package_id}/items/{item_id}/segments/{n}")
def segment(  # noqa: PLR0913, PLR0917 - what reading takes
    package_id: str,
    item_id: str,
    n: Number,
    actor: Acting,
    grant: Grant,
    purpose: Stated,
    node: Node,
) -> Response:
    """Give one segment of a verified package in the clear to an officer who may read it."""
    plain = reading.plain_segment(
        Wanted(package_id=package_id, item_id=item_id, n=n),
        grant,
        purpose,
        bench=node.bench,
        refusals=node.refusals,
        actor=actor,
    )
    headers = {
        "Content-Length": str(plain.size),
        "Content-Digest": content_digest(plain.sha256),
    }
    return StreamingResponse(plain.pieces, headers=headers, media_type=OCTETS)


@router.get("/packages/{package_id}/chain")
def chain(package_id: str, node: Node) -> ChainAnswer:
    """Give all that proves a verified package, offline."""
    files = reading.chain(package_id, database=node.database, directory=node.directory)
    return ChainAnswer(files={path: b64u(content) for path, content in files.items()})


@router.post("/packages/{package_id}/handover", status_code=202)
def hand_over(
    package_id: str, content: Confirmation, actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Take the authority's confirmation that it has exactly what was sealed."""
    file = reading.hand_over(
        package_id,
        content.tagmanifest_sha256,
        database=node.database,
        keyring=node.keyring,
        directory=node.directory,
        actor=actor,
    )
    return answers.package(file)
