"""What follows when a package was opened here: custody begins, clocks move, a person is to be told.

In the transaction in which the fetcher writes what it found.
"""

from services.exchange import casework, custody, informing, timing
from services.exchange.keyring import Keyring
from services.exchange.opening import Tags
from services.exchange.records import Package
from services.exchange.states import Actor
from services.exchange.store import Session, requests
from shared.runtime.directory import Directory


def note(  # noqa: PLR0913 - what was found, and what it rests on
    db: Session,
    package: Package,
    tags: Tags | None,
    receipt: str,
    *,
    keyring: Keyring,
    directory: Directory,
    actor: Actor,
) -> None:
    """Note that every byte of a package is as announced, or (no tags) that something is not.

    Args:
        db: the transaction of the finding.
        package: the one that was opened.
        tags: its tag files; None: it is disputed.
        receipt: the hash of our entry that says so.
        keyring: of this country.
        directory: the members, and the profiles between them.
        actor: the worker.
    """
    country = keyring.country
    if tags is not None:
        by = custody.performer(actor, directory.member(country).name)
        custody.receive(db, package, tags.custody, receipt, keyring=keyring, actor=actor, by=by)
        held = custody.state(db, package.id)
        casework.record(db, "package.verified", package, actor, custody=held)
        request = requests.find(db, package.request_id)
        informing.begin(db, request, directory=directory, country=country, actor=actor)
    else:
        casework.record(db, "package.disputed", package, actor)
    timing.of_package(
        db,
        package,
        *(("verified", "received") if tags else ("disputed",)),
        at=actor.at.replace(microsecond=0),
        directory=directory,
        country=country,
    )
