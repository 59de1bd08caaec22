"""Use case: show an overseer what peers' logs contradicted themselves in, as files that convict them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.exchange import correspondence
from services.exchange.states import Actor
from services.exchange.store import peers
from shared.protocol.accusations import accusations
from shared.protocol.identifiers import Country
from shared.protocol.trust import Member
from shared.runtime.database import Database
from shared.runtime.directory import Directory

LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Two notes of a peer's log that cannot both be true.

    `evidence` is the file (misbehaviour.md); None where the directory no longer has the keys that
    signed: whoever kept them can make it of the notes.
    """

    peer: str
    notes: tuple[str, str]
    evidence: bytes | None
    at: datetime


def held_against_logs(*, database: Database, directory: Directory, actor: Actor) -> list[Held]:
    """Give what is kept against the logs of all peers, by country; that it was read is recorded."""
    members = directory.members
    with database.read() as db:
        kept = [each for country in sorted(members) for each in peers.contradictions(db, country)]
    found = [each for each in kept if each.kind == LOG]
    with database.begin() as db:
        for peer in sorted({each.peer for each in found}):
            correspondence.record(
                db,
                "audit.exported",
                case_id=None,
                peer=peer,
                personal=actor.personal,
                now=actor.at,
            )
    return [_held(each, members) for each in found]


def _held(found: peers.Contradiction, members: Mapping[Country, Member]) -> Held:
    first, second = found.first.decode(), found.second.decode()
    files = accusations(second, [first], vkeys=_keys(members[Country(found.peer)], second))
    evidence = files[0] if files else None
    return Held(peer=found.peer, notes=(first, second), evidence=evidence, at=found.at)


def _keys(member: Member, note: str) -> list[str]:
    origin = note.partition("\n")[0]
    logs: Iterable[tuple[str, tuple[str, ...]]] = (
        (each.origin, each.vkeys) for each in (member.log, *member.closed_logs)
    )
    return [vkey for named, vkeys in logs if named == origin for vkey in vkeys]
