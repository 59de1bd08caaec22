"""Packages of evidence, as a national system prepares, clears and releases them."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.exchange import closing, collection, release, tracing, uploading
from services.exchange.drafts import Approved, ItemDraft, PackageDraft
from services.exchange.records import Taken
from services.exchange.routes import answers
from services.exchange.routes.answers import (
    ItemAnswer,
    ItemList,
    MissingAnswer,
    PackageAnswer,
    PackageList,
    SegmentAnswer,
)
from services.exchange.routes.parts import MAX_COUNT, Acting, Node, Number
from services.exchange.routes.repeats import FreshId, Repeatable
from services.exchange.routes.streams import pour
from services.exchange.states import Direction, PackageState
from services.exchange.vault import BLOCK
from shared.protocol.bag import MAX_CASE
from shared.protocol.canonical import b64
from shared.protocol.digests import parse_content_digest
from shared.protocol.encryption import MAX_SEGMENT
from shared.protocol.law.custodyfile import Because
from shared.runtime.strict import StrictRoute

router = APIRouter(prefix="/v1/packages", route_class=StrictRoute)
STATUS = {Taken.NEW: 201, Taken.SAME: 200}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyAnswer:
    """An account of custody (spec/custody.md, 5), and the bag seal over its canonical JSON, in base64."""

    custody: Mapping[str, Any]
    signature: str


@router.get("")
def list_packages(
    node: Node,
    direction: Direction | None = None,
    state: PackageState | None = None,
) -> PackageList:
    """List packages."""
    found = collection.listed(
        direction=direction, state=state, database=node.database, keyring=node.keyring
    )
    return PackageList(packages=tuple(answers.package(file) for file in found))


@router.post("", status_code=201)
def create(
    content: PackageDraft, package_id: FreshId, actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Open a package."""
    file = collection.create(
        package_id, content, database=node.database, keyring=node.keyring, actor=actor
    )
    return answers.package(file)


@router.get("/{package_id}")
def show(package_id: str, node: Node) -> PackageAnswer:
    """Show one package."""
    return answers.package(
        collection.view(package_id, database=node.database, keyring=node.keyring)
    )


@router.get("/{package_id}/items")
def list_items(package_id: str, node: Node) -> ItemList:
    """List what was said of each file."""
    found = collection.items(package_id, database=node.database, keyring=node.keyring)
    return ItemList(items=tuple(answers.item(one) for one in found))


@router.get("/{package_id}/custody")
def custody(package_id: str, actor: Acting, node: Node) -> CustodyAnswer:
    """Tell what was done to each file, by whom and on what authority, on both sides of the border."""
    told = tracing.tell(
        package_id,
        database=node.database,
        keyring=node.keyring,
        directory=node.directory,
        actor=actor,
    )
    return CustodyAnswer(custody=told.custody, signature=b64(told.signature))


@router.put("/{package_id}/items/{item_id}")
def declare(
    package_id: str,
    item_id: str,
    content: ItemDraft,
    response: Response,
    actor: Acting,
    node: Node,
) -> ItemAnswer:
    """Declare a file."""
    taken, listed = collection.declare(
        package_id, item_id, content, database=node.database, keyring=node.keyring, actor=actor
    )
    response.status_code = STATUS[taken]
    return answers.item(listed)


@router.delete("/{package_id}/items/{item_id}", status_code=204)
def remove(
    package_id: str, item_id: str, actor: Acting, node: Node, because: Because | None = None
) -> None:
    """Take a file out again; the receiver is told why, if you say so."""
    collection.remove(
        package_id,
        item_id,
        because=because,
        database=node.database,
        vault=node.vault,
        keyring=node.keyring,
        actor=actor,
    )


@router.get("/{package_id}/items/{item_id}/segments")
def missing(package_id: str, item_id: str, node: Node) -> MissingAnswer:
    """Say which segments are not stored yet."""
    return MissingAnswer(missing=uploading.missing(package_id, item_id, database=node.database))


def _promised(
    package_id: str,
    item_id: str,
    n: Number,
    content_length: Annotated[int, Header(ge=0, lt=MAX_COUNT)],
    content_digest: Annotated[str, Header()],
) -> uploading.Promise:
    return uploading.Promise(
        package_id=package_id,
        item_id=item_id,
        n=n,
        size=content_length,
        sha256=parse_content_digest(content_digest),
    )


@router.put("/{package_id}/items/{item_id}/segments/{n}", max_body_size=MAX_SEGMENT)
async def put_segment(
    promise: Annotated[uploading.Promise, Depends(_promised)],
    request: Request,
    response: Response,
    actor: Acting,
    node: Node,
) -> SegmentAnswer:
    """Take one segment, sealing it while it arrives."""
    begun = uploading.upload(
        promise, database=node.database, vault=node.vault, keyring=node.keyring, actor=actor
    )
    with ExitStack() as stack:
        upload = await run_in_threadpool(stack.enter_context, begun)
        await pour(request.stream(), upload.write, block=BLOCK)
        response.status_code = STATUS[await run_in_threadpool(upload.finish)]
    return SegmentAnswer(item_id=promise.item_id, segment=promise.n)


@router.put("/{package_id}/case", max_body_size=MAX_CASE)
async def describe(package_id: str, request: Request, actor: Acting, node: Node) -> PackageAnswer:
    """Take the authority's own CASE graph."""
    graph = await request.body()
    file = await run_in_threadpool(
        collection.describe,
        package_id,
        graph,
        database=node.database,
        vault=node.vault,
        keyring=node.keyring,
        actor=actor,
    )
    return answers.package(file)


@router.post("/{package_id}/close", status_code=202)
def close(package_id: str, actor: Acting, node: Repeatable) -> PackageAnswer:
    """Ask for the package to be read back and frozen."""
    file = closing.close(package_id, database=node.database, keyring=node.keyring, actor=actor)
    return answers.package(file)


@router.post("/{package_id}/prepare")
def prepare(package_id: str, content: Approved, actor: Acting, node: Repeatable) -> PackageAnswer:
    """Approve what was closed."""
    file = release.prepare(
        package_id,
        content.approval,
        database=node.database,
        keyring=node.keyring,
        officers=node.officers,
        directory=node.directory,
        actor=actor,
    )
    return answers.package(file)


@router.post("/{package_id}/clear")
def clear(package_id: str, content: Approved, actor: Acting, node: Repeatable) -> PackageAnswer:
    """Approve what was closed, as a second officer."""
    file = release.clear(package_id, content.approval, bench=node.bench, actor=actor)
    return answers.package(file)


@router.post("/{package_id}/release", status_code=202)
def release_package(
    package_id: str, content: Approved, actor: Acting, node: Repeatable
) -> PackageAnswer:
    """Release a cleared package, as the approver's officer."""
    file = release.release(
        package_id,
        content.approval,
        bench=node.bench,
        actor=actor,
    )
    return answers.package(file)
