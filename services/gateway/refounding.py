"""When nobody is left who could propose or approve: both are set anew, on the machine itself.

`python -m services.gateway.refounding FILE OFFICER OFFICER`, with the gateway's environment, takes the
clients of a file like the founding one. It takes clients of the roles `ops` and `registrar` alone, so it
reaches no case; their keys before end at once, with all of their tokens. The log is told, with the names of
the two officers who stand for it. Who may write the database could do as much without being told of.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from services.gateway import clients, founding, persons
from services.gateway.clients import Office
from services.gateway.founding import FoundingError
from services.gateway.records import (
    Act,
    Decision,
    Draft,
    Enrolled,
    Person,
    Proposal,
    Status,
    Verdict,
)
from services.gateway.settings import GatewaySettings
from services.gateway.store import clients as stored
from shared.protocol.identifiers import new_id
from shared.runtime.clock import utc_now
from shared.runtime.database import migrate, open_database
from shared.runtime.settings import load

ROLES: Final = frozenset({"ops", "registrar"})
MACHINE: Final = "on-the-machine"
USAGE: Final = "usage: python -m services.gateway.refounding FILE OFFICER OFFICER\n"
EXIT_USAGE: Final = 2


def refound(content: bytes, officers: Sequence[str], office: Office) -> list[Enrolled]:
    """Set the clients of a file anew.

    Returns:
        Them, as they are now.

    Raises:
        FoundingError: the officers are not two, or a client is none that this may set.
    """
    if not persons.are_two(*officers):
        raise FoundingError("two different officers stand for this")
    now = office.clock()
    wanted = founding.read_file(content, office.country, now)
    if not wanted or not {client.role for client in wanted} <= ROLES:
        raise FoundingError(f"only clients of the roles {', '.join(sorted(ROLES))} are set here")
    with office.database.begin() as db:
        return [_set(db, client, officers, now) for client in wanted]
        # Commit point: all of them are as the file has them, with their events, or none is.


def _set(db: stored.Session, client: Enrolled, officers: Sequence[str], now: datetime) -> Enrolled:
    at = int(now.timestamp())
    before = stored.find(db, client.client_id)
    if before is not None:
        if before.role != client.role:
            raise FoundingError(f"{client.client_id} has the role {before.role}")
        old = tuple(replace(key, exp=max(key.nbf, min(key.exp, at))) for key in before.keys)
        version = before.version + 1
        client = replace(
            client, version=version, tokens_not_before=at + 1, keys=(*old, *client.keys)
        )
    client = replace(client, status=Status.ACTIVE)
    if not (stored.add if before is None else stored.swap)(db, client):
        raise FoundingError(f"{client.client_id}: one of its keys is, or was, another client's")
    _tell(db, client, officers, now)
    return client


def _tell(db: stored.Session, client: Enrolled, officers: Sequence[str], now: datetime) -> None:
    first, second = (Person(client_id=MACHINE, officer=name) for name in officers)
    live = tuple(key for key in client.keys if key.live(int(now.timestamp())))
    draft = Draft(
        act=Act.IMPORT,
        client_id=client.client_id,
        role=client.role,
        scopes=client.scopes,
        keys=live,
        reason="refounding",
    )
    proposal = Proposal(proposal_id=new_id(now), draft=draft, by=first, at=now, expires=now)
    stored.propose(db, proposal)
    stored.decide(
        db,
        proposal.proposal_id,
        Decision(verdict=Verdict.APPLIED, by=second, reason=clients.NO_REASON, at=now),
    )
    told = {"officer": first.officer, "approved_by": second.officer}
    keys = " ".join(key.kid for key in live)
    clients.record(db, "client.imported", client.client_id, Act.IMPORT, now, keys=keys, **told)


def main(arguments: Sequence[str]) -> int:
    """Read the file that is named, and set what it holds.

    Returns:
        The exit code.
    """
    if len(arguments) != 3:  # noqa: PLR2004 - see usage
        sys.stderr.write(USAGE)
        return EXIT_USAGE
    settings = load(GatewaySettings)
    database = open_database(settings.database_url("gateway"))
    migrate(database, "services.gateway.migrations")
    office = Office(database=database, country=settings.country, clock=utc_now)
    try:
        for client in refound(Path(arguments[0]).read_bytes(), arguments[1:], office):
            sys.stdout.write(f"{client.client_id} is set anew\n")
    except (FoundingError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
