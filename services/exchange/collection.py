"""Use cases: a package is opened, its files are declared, taken out again, described.

What is said of a file (name, size, SHA-256, media type) is said before its first octet is sent, and rests
sealed. Everything may be sent twice: the same again is well, something else in its place is refused.
"""

from dataclasses import dataclass, replace

from services.exchange import casework, custody, declaring, faults
from services.exchange.drafts import ItemDraft, PackageDraft
from services.exchange.gating.particular import EXECUTED
from services.exchange.keyring import Declaration, Keyring, PackageKey
from services.exchange.records import Package, PackageFile, Request, StoredItem, Taken
from services.exchange.states import Actor, Direction, PackageState
from services.exchange.store import Session, contents, packages, requests
from services.exchange.vault import Vault
from shared.protocol import encryption, identifiers
from shared.protocol.digests import sha256
from shared.protocol.law.custodyfile import Because, LeftOut
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict, Unprocessable


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A declared item in the clear, for those who may see names."""

    item_id: str
    declaration: Declaration
    segments: int


def create(
    package_id: str, content: PackageDraft, *, database: Database, keyring: Keyring, actor: Actor
) -> PackageFile:
    """Open a package under a new id for measures of a request that was accepted.

    Raises:
        NotFound: there is no such request.
        Conflict: it is the own country's, or was not accepted.
        Unprocessable: a measure is not among those accepted.
    """
    content_key = encryption.new_content_key()
    with database.begin() as db:
        request = casework.of_side(requests.find(db, content.request_id), Direction.IN)
        package = Package(
            id=package_id,
            direction=Direction.OUT,
            peer=request.peer,
            request_id=request.id,
            state=PackageState.COLLECTING,
            version=1,
            segment_size=content.segment_size,
            wrapped_key=keyring.wrap_at_rest(content_key, package_id),
            sealed_title=keyring.seal_title(content.title, package_id),
            measures=_accepted(request, content.measures),
            segments=0,
            items=0,
            size=0,
            created_by=actor.client_id,
            created_at=actor.at,
            updated_at=actor.at,
        )
        packages.add(db, package)
        casework.record(db, "package.opened", package, actor)
        return casework.package_file(db, package_id, keyring=keyring)


def declare(
    package_id: str,
    item_id: str,
    content: ItemDraft,
    *,
    database: Database,
    keyring: Keyring,
    actor: Actor,
) -> tuple[Taken, Listed]:
    """Declare a file before its first octet; what it answers may be said anew until the package is closed.

    Raises:
        NotFound, WrongStateError: there is no such package, or it is not being collected.
        FormatError, BagError: the id is none, or the path is not safe everywhere.
        Conflict: the item was declared otherwise, or its name is taken.
    """
    identifiers.parse_id(item_id)
    declaration = declaring.declaration(content)
    with database.begin() as db:
        package = packages.hold_open(db, package_id, actor.at)
        declaring.check_answers(content.answers, package)
        key = casework.package_key(package, keyring)
        mac, name_mac = key.declaration_mac(declaration), key.name_mac(declaration.path)
        count = encryption.segment_count(declaration.size, package.segment_size)
        listed = Listed(item_id=item_id, declaration=declaration, segments=count)
        known = contents.look_for_item(db, package_id, item_id)
        if known is not None:
            return Taken.SAME, _again(db, package, known, listed, key=key, actor=actor)
        if contents.name_taken(db, package_id, name_mac):
            raise Conflict(
                "name_taken",
                "Another item of this package has this name (upper and lower case count as one).",
                next_step="Give this file another path, or leave it out if it is the same file.",
            )
        item = StoredItem(
            package_id=package_id,
            item_id=item_id,
            ordinal=contents.next_ordinal(db, package_id),
            sealed_declaration=key.seal_declaration(item_id, declaration),
            declaration_mac=mac,
            name_mac=name_mac,
            size=declaration.size,
            segments=count,
        )
        contents.add_item(db, item)
        custody.take_back(db, package_id, item_id)
        packages.grow(db, package_id, items=1, segments=count, size=declaration.size)
        casework.record(db, "package.item_declared", package, actor, reason=item_id)
    return Taken.NEW, listed


def _again(
    db: Session,
    package: Package,
    known: StoredItem,
    listed: Listed,
    *,
    key: PackageKey,
    actor: Actor,
) -> Listed:
    """Take the same declaration once more: only what the file answers may have changed."""
    mac = key.declaration_mac(listed.declaration)
    if known.declaration_mac == mac:
        return listed
    before = key.open_declaration(known.item_id, known.sealed_declaration)
    declaring.check_same(before, listed.declaration)
    if listed.declaration.answers is None:  # what was said stands
        return replace(listed, declaration=before)
    sealed = key.seal_declaration(known.item_id, listed.declaration)
    contents.redeclare(db, package.id, known.item_id, sealed, mac)
    casework.record(db, "package.item_declared", package, actor, reason=known.item_id)
    return listed


def remove(  # noqa: PLR0913  what it rests on
    package_id: str,
    item_id: str,
    *,
    because: Because | None,
    database: Database,
    vault: Vault,
    keyring: Keyring,
    actor: Actor,
) -> None:
    """Take an item out again, with all that was stored of it.

    With a reason the receiver is told that something was left out, and why; never what.

    Raises:
        NotFound, WrongStateError: there is no such item, or the package is not being collected.
    """
    with database.begin() as db:
        package = packages.hold_open(db, package_id, actor.at)
        item = contents.item(db, package_id, item_id)
        stored = contents.segments(db, package_id, item_id)
        contents.delete_item(db, package_id, item_id)
        packages.grow(db, package_id, items=-1, segments=-item.segments, size=-item.size)
        if because is not None:
            left = LeftOut(item_id=item_id, why=because)
            custody.leave_out(db, package_id, left, keyring=keyring, at=actor.at)
        casework.record(db, "package.item_removed", package, actor, reason=item_id)
    # Commit point: before it the item is whole; after it no row names its blobs, and one that a
    # crash leaves behind here is ciphertext that nobody looks for.
    for segment in stored:
        vault.remove(segment.digest)


def describe(
    package_id: str,
    graph: bytes,
    *,
    database: Database,
    vault: Vault,
    keyring: Keyring,
    actor: Actor,
) -> PackageFile:
    """Take the authority's own CASE graph (at most `bag.MAX_CASE`), in place of the one before.

    Raises:
        NotFound, WrongStateError: there is no such package, or it is not being collected.
        Unprocessable: it is not JSON-LD.
    """
    faults.check_graph(graph)
    with database.read() as db:
        package = packages.find(db, package_id)
    sealed = casework.package_key(package, keyring).seal_case(graph)
    blob = sha256(sealed).hex()
    vault.put(blob, sealed)
    with database.begin() as db:
        before = packages.hold_open(db, package_id, actor.at).case_blob
        packages.set_case(db, package_id, blob)
        casework.record(db, "package.case_added", package, actor)
        file = casework.package_file(db, package_id, keyring=keyring)
    if before is not None:
        vault.remove(before)
    return file


def view(package_id: str, *, database: Database, keyring: Keyring) -> PackageFile:
    """Return one package with what was done about it.

    Raises:
        NotFound: there is none of that id.
    """
    with database.read() as db:
        return casework.package_file(db, package_id, keyring=keyring)


def listed(
    *,
    direction: Direction | None,
    state: PackageState | None,
    database: Database,
    keyring: Keyring,
) -> tuple[PackageFile, ...]:
    """Return packages with what was done about them, the newest first."""
    with database.read() as db:
        found = packages.listed(db, direction=direction, state=state)
        return tuple(casework.package_file(db, one.id, keyring=keyring) for one in found)


def items(package_id: str, *, database: Database, keyring: Keyring) -> tuple[Listed, ...]:
    """Return what was said of each file, in the order of declaration.

    Raises:
        NotFound: there is no such package.
        Conflict: its content key is destroyed, and the names with it.
    """
    with database.read() as db:
        package = packages.find(db, package_id)
        stored = contents.items(db, package_id)
    key = casework.package_key(package, keyring)
    return tuple(
        Listed(
            item_id=item.item_id,
            declaration=key.open_declaration(item.item_id, item.sealed_declaration),
            segments=item.segments,
        )
        for item in stored
    )


def _accepted(request: Request, measures: list[str]) -> tuple[str, ...]:
    if request.state not in EXECUTED:
        raise Conflict(
            "request_not_open",
            f"The request is in state {request.state}: it is not being executed.",
            rule="T21",
            next_step="Accept the request and begin its execution first.",
        )
    accepted = {m.measure_id for m in request.measures if m.state in EXECUTED}
    foreign = sorted(set(measures) - accepted)
    if foreign:
        raise Unprocessable(
            "measure_not_accepted",
            f"Of this request, {', '.join(foreign)} is not being executed.",
            rule="G03",
            next_step=f"Choose among {', '.join(sorted(accepted))}.",
        )
    return tuple(sorted(set(measures)))
